/** Whether the agent knows where its session stands: a run may have been lost, or a person may have answered, since it last heard. */
import { sessionStream, type RecordEvent } from "../record/index.ts";
import type { Session } from "../session/index.ts";
import type { CoordinatorDeps } from "./deps.ts";

/** Events of the engine after which the step, or what is wanted for it, is another. */
const MOVES: ReadonlySet<RecordEvent["kind"]> = new Set(["step_offered", "step_completed", "attempt_blocked", "step_reopened", "verification_finished", "child_finished", "context_gathered", "gate_resolved", "rewound"]);

const tells = (event: RecordEvent): boolean =>
  event.kind === "conversation_started" || (event.kind === "steered" && event.data.source === "step") || (event.kind === "tool_completed" && event.data.name === "complete_step");

/** An earlier run left its `complete_step` open: the call itself is answered with where the session stands. */
export function hasOpenHandover(session: Session): boolean {
  const last = session.history().findLast((event) => event.kind === "conversation_started" || ((event.kind === "tool_started" || event.kind === "tool_completed") && event.data.name === "complete_step"));
  return last?.kind === "tool_started";
}

/** True when the session moved since its conversation last heard of it; false while there is no conversation. */
export async function isBehind({ journal }: CoordinatorDeps, session: Session): Promise<boolean> {
  const events = await journal.read(sessionStream(session.id));
  const heard = events.findLastIndex(tells);
  return heard !== -1 && events.slice(heard + 1).some((event) => MOVES.has(event.kind));
}
