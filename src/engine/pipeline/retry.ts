import type { Phase } from "../../record/index.ts";
import type { ItemSession, ItemState } from "./state.ts";

/** The session before which the item goes on: the first of the phase's last stretch; null where there is none of it. @param phase absent: the latest */
export function retryFrom({ sessions: all, ended }: ItemState, phase: Phase | undefined): ItemSession | null {
  if (ended?.outcome === "deliver") return null;
  const sessions = all.filter((session) => session.phase !== "retrospect");
  const last = sessions.findLastIndex((session) => phase === undefined || session.phase === phase);
  if (last === -1) return null;
  // Slices stand side by side: all of them are done again, or none.
  const before = sessions.slice(0, last).findLastIndex((session) => session.phase !== sessions[last]?.phase);
  return sessions[before + 1] ?? null;
}
