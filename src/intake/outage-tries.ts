/**
 * When work whose model could not be reached is tried again (fault 63). A run has waited ten minutes for the model by itself then, so the
 * first wait is longer; the last ones let a try a few hours apart see the end of an outage of most of a day.
 */
const WAIT_MINUTES: readonly number[] = [15, 30, 60, 120, 240, 240, 240, 240];

/** Tries in a row that nobody asked for; some 20 hours. */
export const MOST_TRIES = WAIT_MINUTES.length;

export interface NextTry {
  /** ISO time. */
  readonly at: string;
  readonly nth: number;
  readonly of: number;
}

/** @param tries made in a row so far. Null when it has been tried often enough */
export function nextTry(tries: number, nowMs: number): NextTry | null {
  const waitMinutes = WAIT_MINUTES[tries];
  return waitMinutes === undefined ? null : { at: new Date(nowMs + waitMinutes * 60_000).toISOString(), nth: tries + 1, of: MOST_TRIES };
}
