import type { Clock } from "../../../shared/ports.ts";

/** Edits that only show progress, an hour and owner: GitHub slows an App down that writes more, and ends and answers come first (P-rate-limits). */
export const MOST_EDITS = 250;
const HOUR_MS = 60 * 60_000;

/** Edits of this App, counted by itself: another replica has its own. An App that was restarted counts anew. */
export interface EditBudget {
  /** Whether one more may be made for the owner now; then it is counted. */
  take(owner: string): boolean;
  /** Of how many owners edits are remembered. */
  owners(): number;
}

export function createEditBudget(clock: Clock): EditBudget {
  const made = new Map<string, number[]>();
  return {
    take(owner) {
      const nowMs = clock.nowMs();
      for (const [other, times] of made) if (nowMs - (times.at(-1) ?? 0) >= HOUR_MS) made.delete(other);
      const recent = (made.get(owner) ?? []).filter((at) => nowMs - at < HOUR_MS);
      const mayEdit = recent.length < MOST_EDITS;
      made.set(owner, mayEdit ? [...recent, nowMs] : recent);
      return mayEdit;
    },
    owners: () => made.size,
  };
}
