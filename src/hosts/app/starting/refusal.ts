/** Why nothing is started, in the status comment. */
import type { LabeledEvent, StartDecision } from "../../../intake/index.ts";
import type { StatusMarker } from "../../../report/status-marker.ts";
import type { Status, StatusBoard } from "../runs/status-board.ts";

/** What the comment goes on to know of an attempt that was interrupted: that it is not gone on with now takes nothing of it away. */
export function stillWaits(status: Status | null, { attempt, continuation, key }: Pick<Extract<StartDecision, { kind: "refuse" }>, "attempt" | "continuation" | "key">): Partial<StatusMarker> {
  if (continuation === 0 || status?.marker.attempt !== attempt) return {};
  const { at, followed, followUp, since, word } = status.marker;
  return { continuation, key, at, followed, followUp, since, word };
}

export const firstMarker = (event: LabeledEvent): StatusMarker => ({
  issueNumber: event.issueNumber,
  attempt: 1,
  continuation: 0,
  key: null,
  state: "refused",
  runId: null,
  labelledAt: event.labelledAt,
  at: null,
  recreated: false,
  by: event.sender,
});

export interface Refused {
  readonly message: string;
  readonly fix: string;
  readonly details: readonly string[];
}

export async function refuse(board: StatusBoard, status: Status | null, marker: StatusMarker, refusal: Refused): Promise<void> {
  const { message, fix, details } = refusal;
  await board.write(status, marker, { kind: "refused", message, fix, details });
}
