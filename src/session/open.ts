import { decide, evolve, initialState, type SessionState, valueProblem } from "../engine/session/index.ts";
import type { JournalReader } from "../journal/journal.ts";
import { type AgentEvent, agentEventSchema, type EngineEvent, type Recorded, sessionStream } from "../record/index.ts";
import { TerminalError } from "../shared/errors.ts";
import type { SessionInit } from "./init.ts";
import { asRecorded } from "./as-recorded.ts";
import { pinnedBytes, pinnedPlan } from "./pinned-plan.ts";
import { LiveSession, type LiveState, type Session, type SessionDeps } from "./session.ts";

/**
 * Starts a session: keeps its plan and those of its children as blobs (J2), then appends its start and first offer.
 * @throws TerminalError when the stream exists already or the start is refused (a context over its limit, say)
 */
export async function createSession(deps: SessionDeps, init: SessionInit): Promise<Session> {
  const { plan, sessionId } = init;
  const stream = sessionStream(sessionId);
  const problem = valueProblem({ goal: init.goal, context: init.context });
  if (problem !== null) throw new TerminalError(`The session ${sessionId} cannot start: its goal or context holds ${problem}.`, "Give plain JSON with ordinary keys.");
  const { goal, context } = asRecorded({ goal: init.goal, context: init.context }, deps.redact);
  const pinned = await deps.journal.putBlob(pinnedBytes(plan));
  const children: Record<string, string> = {};
  for (const [workflowId, childPlan] of init.childPlans ?? []) children[workflowId] = await deps.journal.putBlob(pinnedBytes(childPlan));
  const childPlans = Object.keys(children).length === 0 ? {} : { childPlans: children };
  const { id, version } = plan;
  const { riskPolicy, modelTier, allowedTools, role } = init;
  const bounds = { ...(riskPolicy === undefined ? {} : { riskPolicy }), ...(modelTier === undefined ? {} : { modelTier }), ...(allowedTools === undefined ? {} : { allowedTools: [...allowedTools] }), ...(role === undefined ? {} : { role }) };
  const start = { sessionId, itemId: init.itemId, parentSessionId: init.parentSessionId, phase: init.phase, workflow: { id, version }, plan: pinned, ...childPlans, goal, context: { ...context }, autonomy: init.autonomy, ...bounds };
  const decision = decide(plan, initialState, { kind: "start", start: start });
  if (!decision.ok) throw new TerminalError(`The session ${sessionId} cannot start. ${decision.error.message}`, decision.error.fix);
  const appended = await deps.journal.append(stream, null, decision.value);
  if (!appended.ok) throw new TerminalError(`The session ${sessionId} cannot start. ${appended.error.message}`, appended.error.fix);
  return new LiveSession(deps, { id: sessionId, plan, state: decision.value.reduce(evolve, initialState), head: appended.value, history: [] });
}

/**
 * Opens a session of the journal as it stands: folds its log and goes on where a torn one left off. Runs nothing: a session
 * found waiting for a verification goes on with `resume`.
 * @throws TerminalError when there is no such session or its plan cannot be read
 */
export async function openSession(deps: SessionDeps, sessionId: string): Promise<Session> {
  const stored = await readSession(deps.journal, sessionId);
  const { plan, state } = stored;
  const decision = decide(plan, state, { kind: "resume" });
  if (!decision.ok) throw new TerminalError(decision.error.message, decision.error.fix);
  if (decision.value.length === 0) return new LiveSession(deps, stored);
  const appended = await deps.journal.append(sessionStream(sessionId), stored.head, decision.value);
  if (!appended.ok) throw new TerminalError(appended.error.message, appended.error.fix);
  return new LiveSession(deps, { ...stored, state: decision.value.reduce(evolve, state), head: appended.value });
}

/**
 * A session as the log tells it, for reading only.
 * @throws TerminalError when there is no such session or its plan cannot be read
 */
export async function readSession(reader: JournalReader, sessionId: string): Promise<LiveState> {
  const stream = sessionStream(sessionId);
  const [events, head] = [await reader.read(stream), await reader.head(stream)];
  let state: SessionState = initialState;
  const history: Recorded<AgentEvent>[] = [];
  for (const event of events) {
    if (isAgentEvent(event)) history.push(event);
    else if (isEngineEvent(event)) state = evolve(state, event);
  }
  if (state.kind === "new") throw new TerminalError(`There is no session ${sessionId} in this journal.`, "Check the id, or start the session.");
  const blob = await reader.getBlob(state.facts.start.plan);
  if (blob === null) throw new TerminalError(`The plan of the session ${sessionId} is not in the journal.`, "Restore the journal's blobs, or start the session again.");
  return { id: sessionId, plan: pinnedPlan(blob), state, head, history };
}

const AGENT_KINDS: ReadonlySet<string> = new Set(agentEventSchema.options.map((option) => option.shape.kind.value));
const isAgentEvent = (event: Recorded): event is Recorded<AgentEvent> => event.stream.startsWith("session/") && AGENT_KINDS.has(event.kind);
const isEngineEvent = (event: Recorded): event is Recorded<EngineEvent> => event.stream.startsWith("session/") && !AGENT_KINDS.has(event.kind);
