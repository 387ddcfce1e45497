/**
 * Decides a session's log again. What was handed in stands in the log (a submission, a verification's result, a child's end, a
 * verdict, a rewind), so each decision is made anew from the state before it and compared event by event.
 */
import { decide, evolve, initialState, type GatherAnswer, type SessionCommand, type SessionState } from "../engine/session/index.ts";
import { engineEventSchema, type AgentEvent, type EngineEvent, type Recorded, type SessionEvent } from "../record/index.ts";
import { unreachable } from "../shared/unreachable.ts";
import type { Plan } from "../workflow/index.ts";
import { counted, difference, type Difference, type Replayed } from "./replay.ts";

const ENGINE_KINDS: ReadonlySet<string> = new Set(engineEventSchema.options.map((option) => option.shape.kind.value));
export const isEngineEvent = (event: Recorded<SessionEvent>): event is Recorded<EngineEvent> => ENGINE_KINDS.has(event.kind);

const MODEL = "what the model answered comes from outside";
const TOOLS = "what a tool did and left in the files comes from outside";
const AGENT = "the agent loop decides it on clock, budget and answers";
const REASONS: ReadonlyMap<AgentEvent["kind"], string> = new Map([
  ["conversation_started", AGENT],
  ["turn_requested", AGENT],
  ["turn_completed", MODEL],
  ["turn_failed", MODEL],
  ["tool_started", MODEL],
  ["tool_completed", TOOLS],
  ["steered", AGENT],
  ["network_reached", TOOLS],
  ["issue_reported", MODEL],
  ["workflow_problem_reported", MODEL],
  ["fact_remembered", MODEL],
  ["coordinator_signalled", MODEL],
  ["child_started", AGENT],
  ["workspace_saved", TOOLS],
  ["agent_ended", AGENT],
]);

/** @param plan the one the session is pinned to; null when it cannot be read: then nothing of the session can be decided again */
export function replaySession(plan: Plan | null, events: readonly Recorded<SessionEvent>[]): Replayed {
  const engine = events.filter(isEngineEvent);
  const outside = counted(events, REASONS);
  if (plan === null) return { recomputed: 0, differences: [], notRecomputable: [...outside, { what: "decisions of the engine", count: engine.length, reason: "the plan the session is pinned to is not in the journal or cannot be read" }] };
  const differences: Difference[] = [];
  let state: SessionState = initialState;
  /** What the last decision came to and the log has not shown yet. */
  let due: readonly EngineEvent[] = [];
  for (const [index, event] of engine.entries()) {
    const decided = due.length > 0 ? due : decideAgain(plan, state, engine, index);
    const expected = "refused" in decided ? decided : decided[0];
    const differs = expected === undefined ? null : difference(event, expected);
    if (differs !== null) differences.push(differs);
    // What follows is decided on what the log holds: one difference is told once.
    due = "refused" in decided || (differs !== null && !differs.wordsOnly) ? [] : decided.slice(1);
    state = evolve(state, event);
  }
  return { recomputed: engine.length, differences, notRecomputable: outside };
}

/** What follows from the state by itself (a decision that a crash tore), else what the command comes to that the next event records. */
function decideAgain(plan: Plan, state: SessionState, events: readonly EngineEvent[], index: number): readonly EngineEvent[] | { readonly refused: string } {
  const unfinished = state.kind === "new" ? null : decide(plan, state, { kind: "resume" });
  if (unfinished?.ok === true && unfinished.value.length > 0) return unfinished.value;
  const command = commandAt(state, events, index);
  if (command === null) return { refused: `Nothing that is in the log leads to "${events[index]?.kind ?? ""}" here.` };
  const decision = decide(plan, state, command);
  return decision.ok ? decision.value : { refused: decision.error.message };
}

/** The command that an event records, or the gaps before it; null when no command begins with such an event. */
function commandAt(state: SessionState, events: readonly EngineEvent[], index: number): SessionCommand | null {
  const gaps: string[] = [];
  for (const event of events.slice(index)) {
    switch (event.kind) {
      case "gap_recorded":
        gaps.push(event.data.message);
        continue;
      case "session_started":
        return { kind: "start", start: event.data };
      case "step_submitted":
        // The event holds what was sent over what was kept; sent whole, it comes to the same.
        return { kind: "submit", output: event.data.output, nodeId: event.data.nodeId };
      case "verification_finished": {
        const { nodeId: _, ...report } = event.data;
        return { kind: "finish-verification", report };
      }
      case "child_finished": {
        const { nodeId: _, requestId: __, ...result } = event.data;
        return { kind: "finish-child", result };
      }
      case "context_gathered":
        return state.kind === "gathering" ? { kind: "finish-gather", requestId: state.request.requestId, ...answerOf(state, event.data, gaps) } : null;
      case "rewound":
        return { kind: "rewind", nodeId: event.data.nodeId };
      case "checkpoint_made":
        return { kind: "checkpoint", note: event.data.note };
      case "gate_resolved": {
        const { nodeId, verdict, reason, by } = event.data;
        return { kind: "resolve-gate", nodeId, verdict, reason, by };
      }
      case "session_ended": {
        const { outcome, reason } = event.data;
        return reason !== null && (outcome === "failed" || outcome === "stopped") ? { kind: "stop", outcome, reason } : null;
      }
      case "step_offered":
      case "attempt_blocked":
      case "verification_requested":
      case "step_completed":
      case "step_reopened":
      case "children_requested":
      case "context_requested":
      case "gate_opened":
        return null;
      default:
        return unreachable(event);
    }
  }
  return null;
}

type Gathering = Extract<SessionState, { kind: "gathering" }>;
type Gathered = Extract<EngineEvent, { kind: "context_gathered" }>["data"];

/** What the host answered: the source if it was one that it was asked for, and the reasons that stand in the gaps before. */
function answerOf({ request }: Gathering, { source, value }: Gathered, gaps: readonly string[]): GatherAnswer {
  const asked = request.sources.map((each) => (each.kind === "local_path" ? each.path : each.url));
  const missed = gaps.flatMap((message) => {
    const of = asked.find((each) => message.startsWith(`${each} was not read: `));
    return of === undefined ? [] : [{ source: of, reason: message.slice(`${of} was not read: `.length, -1) }];
  });
  return { found: source !== null && asked.includes(source) ? { source, value } : null, missed };
}
