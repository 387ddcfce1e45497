/** Children of a parallel step, when a client drives them: each is a session of the parent's journal with a token of its own. */
import type { Refusal } from "../../shared/errors.ts";
import type { Result } from "../../shared/result.ts";
import type { Plan } from "../../workflow/index.ts";
import { type ChildHost, couldNotStart, openChild } from "../delegation.ts";
import { childResult } from "../pending.ts";
import type { Session } from "../session.ts";
import type { PendingChild } from "./answer-of.ts";
import type { OpenTree } from "./open-trees.ts";
import type { SessionPlaces } from "./session-files.ts";

/** Finds the plan of a workflow that a parallel step names, as seen from a session. */
export type FindPlan = (workflowId: string, places: SessionPlaces) => Result<Plan, Refusal>;

/**
 * Starts the children that a session waits for, hands in those that are over, and says which are still out. At most as many run
 * side by side as the step allows. Called whenever the parent is asked for, so nothing is lost with a process.
 */
export async function tendChildren(tree: OpenTree, session: Session, findPlan: FindPlan): Promise<readonly PendingChild[]> {
  const host: ChildHost = { find: (id) => tree.find(id), create: (init) => tree.create(init), findPlan: (id) => findPlan(id, tree.places) };
  for (;;) {
    const state = session.state();
    if (state.kind !== "delegating") return [];
    const out: PendingChild[] = [];
    let handedIn = false;
    for (const child of session.pending()) {
      if (child.kind !== "child") continue;
      const limit = state.request.maxParallel ?? Number.POSITIVE_INFINITY;
      if (out.length >= limit) break;
      const started = await openChild(host, session, child);
      const answer = started.ok ? childResult(started.value.state(), child.id) : couldNotStart(child.id, started.error);
      if (answer === null && started.ok) out.push({ id: child.id, place: placeOf(started.value) });
      if (answer === null) continue;
      handedIn = (await session.finishChild(answer)).kind !== "refused" || handedIn;
    }
    if (!handedIn) return out;
  }
}

export function placeOf(session: Session): PendingChild["place"] {
  const state = session.state();
  return { sessionId: session.id, nodeId: state.kind === "new" || state.node === null ? "-" : state.node.id, seq: session.head().seq };
}
