/** Looks back on an item whose end is in the journal already: nothing that happens here can change or lose it. */
import type { ItemSession, ItemState } from "../engine/pipeline/index.ts";
import type { CoordinatorDeps } from "./deps.ts";
import type { SessionLeft } from "./run-session.ts";

/** What it may use up at the most: delivery waits for it. */
const MOST = { turns: 12, ms: 5 * 60_000 };

/** With a session's limits narrowed to those. */
export function briefly(deps: CoordinatorDeps): CoordinatorDeps {
  const { session = {} } = deps.budget;
  return { ...deps, budget: { ...deps.budget, session: { ...session, turns: Math.min(session.turns ?? MOST.turns, MOST.turns), ms: Math.min(session.ms ?? MOST.ms, MOST.ms) } } };
}

/** It is over with the run: a later one would look back on nothing new. */
export async function settleLookBack(left: SessionLeft): Promise<SessionLeft> {
  if (left.parked === null) return left;
  const { code, message } = left.parked;
  await left.session.stop("stopped", { code, message });
  return { ...left, parked: null };
}

/** Of those that were scheduled, the one that looks back. */
export const scheduledLookBack = ({ sessions }: ItemState): ItemSession | undefined => sessions.findLast(({ phase, result }) => phase === "retrospect" && result === null);
