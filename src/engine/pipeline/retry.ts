import type { Phase } from "../../record/index.ts";
import { onTheWay, type ItemSession, type ItemState } from "./state.ts";

/**
 * The session before which the item goes on: the first of the phase's last stretch; null where there is none of it. What was delivered
 * stands: for a phase of before a follow-up it is the first session of its answer.
 *
 * @param phase absent: the latest
 */
export function retryFrom({ sessions: all, ended, followUps }: ItemState, phase: Phase | undefined): ItemSession | null {
  if (ended?.outcome === "deliver") return null;
  const sessions = onTheWay(all);
  const last = sessions.findLastIndex((session) => phase === undefined || session.phase === phase);
  if (last === -1) return null;
  // Slices stand side by side: all of them are done again, or none.
  const before = sessions.slice(0, last).findLastIndex((session) => session.phase !== sessions[last]?.phase);
  return sessions[Math.max(before + 1, followUps.at(-1)?.sessions ?? 0)] ?? null;
}
