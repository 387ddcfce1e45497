/** Why nothing is started, in the status comment. */
import type { LabeledEvent, StartDecision } from "../../../intake/index.ts";
import type { StatusMarker } from "../../../report/status-marker.ts";
import type { Status, StatusBoard } from "../runs/status-board.ts";

export interface Refused {
  readonly message: string;
  readonly fix: string;
  readonly details: readonly string[];
}

export async function refuse(board: StatusBoard, status: Status | null, marker: StatusMarker, refusal: Refused): Promise<void> {
  const { message, fix, details } = refusal;
  await board.write(status, marker, { kind: "refused", message, fix, details });
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

/** Whether an attempt was interrupted, and was not gone on with yet. */
const waits = ({ state, continuation }: StatusMarker): boolean => state === "interrupted" || (state === "refused" && continuation > 0);

/**
 * What the comment goes on to know where an attempt waits to be gone on with: all of it, so that a refusal takes nothing of it away, neither the
 * gate and the check run that tells of it nor the time at which it is tried again. Null where none waits, or another attempt would have been begun.
 * @param at when what was refused was asked for
 */
export function stillWaits(status: Status | null, { attempt, continuation, key }: Pick<Extract<StartDecision, { kind: "refuse" }>, "attempt" | "continuation" | "key">, at: string): StatusMarker | null {
  if (continuation === 0 || status?.marker.attempt !== attempt) return null;
  const { marker } = status;
  // Of any other the App came to its end before it had dispatched it.
  return { ...marker, ...(marker.state === "interrupted" ? {} : { state: "refused", runId: null, continuation, key }), labelledAt: at };
}

/** The same of a review where it is refused before it is known what would be begun: one that waits can be gone on with at its own commit alone. */
export const reviewStillWaits = (status: Status | null, headSha: string, at: string): StatusMarker | null => (status !== null && waits(status.marker) && status.marker.head === headSha ? { ...status.marker, labelledAt: at } : null);
