import type { ItemEvent, Phase } from "../../record/index.ts";
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

type Retried = Extract<ItemEvent, { kind: "item_retried" }>["data"];

/**
 * The session that a retry has to name in the record. A run that is turned away before any work opens the item only to end it again, and
 * sets nothing aside.
 *
 * @param after the event behind it; undefined where it is the last
 */
export function retriedFrom(state: ItemState, { sessionId, phase }: Retried, after: ItemEvent | undefined): string | null {
  if (sessionId === null && after?.kind === "item_ended" && after.data.outcome === "stopped") return null;
  return retryFrom(state, phase ?? undefined)?.sessionId ?? null;
}

/**
 * Whether a run of this dispatch has opened the item again: one dispatch does so once, however many runs came of it (fault 32).
 * @param key of the dispatch; null for a local run, each of which somebody starts
 */
export function hasReopened(events: readonly ItemEvent[], key: string | null): boolean {
  let open: string | null = null;
  for (const event of events) {
    if (event.kind === "run_opened") open = event.data.key;
    if (key !== null && open === key && (event.kind === "item_retried" || event.kind === "item_followed_up")) return true;
  }
  return false;
}
