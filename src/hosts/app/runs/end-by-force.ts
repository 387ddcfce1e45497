import { cancelEffect } from "../../../github/write/index.ts";
import type { StatusMarker } from "../../../report/status-marker.ts";
import type { AppTools, Workplace } from "../workplace.ts";

/** GitHub ends by itself what does not obey within five minutes (P-cancel); what runs in spite of a cancellation has as long again. */
const FORCE_AFTER_MS = 10 * 60_000;

/** A run that was asked to end long ago, and has not, is ended by force. */
export async function endByForce(place: Workplace, tools: AppTools, { cancel }: Pick<StatusMarker, "cancel">, runId: number): Promise<void> {
  if (cancel === undefined || tools.clock.nowMs() - Date.parse(cancel) < FORCE_AFTER_MS) return;
  await tools.effects.apply(cancelEffect(place.github, place.repository, { runId, force: true }));
}
