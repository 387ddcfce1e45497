import { decide, evolve, initialState, type SessionState } from "../../engine/session/index.ts";
import { engineEventSchema, type EngineEvent, type Recorded } from "../../record/index.ts";
import type { Plan } from "../../workflow/index.ts";
import type { Place } from "./tokens.ts";

/** What came of the command that was sent with a token: the state it left, and the `seq` of its last event. */
export interface RecordedStanding {
  readonly state: SessionState;
  readonly seq: number;
}

type Engine = Recorded<EngineEvent>;
const ENGINE_KINDS: ReadonlySet<string> = new Set(engineEventSchema.options.map((option) => option.shape.kind.value));
const isEngine = (event: Recorded): event is Engine => ENGINE_KINDS.has(event.kind);
/** Events by which a client's command begins. */
const ANSWERING: ReadonlySet<string> = new Set<EngineEvent["kind"]>(["step_submitted", "gate_resolved", "verification_finished", "child_finished"]);
/** What the host did because a command asked for it belongs to what came of the command. */
const FOLLOWING: ReadonlySet<string> = new Set<EngineEvent["kind"]>(["gap_recorded", "verification_finished", "child_finished", "context_gathered"]);

/**
 * Finds what a session answered to the command sent at `seq`, from its log alone (T2); null when none was sent there yet. A
 * verification or children that followed are part of it: while they run the state is `waiting`, later it is what came of them.
 */
export function recordedStanding(plan: Plan, log: readonly Recorded[], seq: number): RecordedStanding | null {
  const events = log.filter(isEngine);
  const first = events.findIndex((event) => event.seq > seq && (ANSWERING.has(event.kind) || event.kind === "rewound"));
  // What follows a rewinding answers another branch.
  if (first === -1 || events[first]?.kind === "rewound") return null;
  let state = events.slice(0, first).reduce<SessionState>(evolve, initialState);
  for (let index = first; index < events.length; index += 1) {
    const event = events[index];
    if (event === undefined) break;
    state = evolve(state, event);
    const next = events[index + 1];
    if (next === undefined || (!FOLLOWING.has(next.kind) && atRest(plan, state))) return { state, seq: event.seq };
  }
  return null;
}

/** The first checkpoint that was made of a place since it was named, if one was: where the session stood then. */
export function recordedCheckpoint(log: readonly Recorded[], { nodeId, seq }: Place): RecordedStanding | null {
  const events = log.filter(isEngine);
  const next = events.findIndex((event) => event.seq > seq && event.kind === "checkpoint_made" && (event.data.nodeId ?? "-") === nodeId);
  const event = events[next];
  if (event === undefined) return null;
  return { state: events.slice(0, next + 1).reduce<SessionState>(evolve, initialState), seq: event.seq };
}

/** Whether a session was rewound to a node last and nothing was sent on the new branch since. */
export function isRewoundTo(log: readonly Recorded[], nodeId: string): boolean {
  const last = log.findLast((event) => isEngine(event) && (event.kind === "rewound" || ANSWERING.has(event.kind)));
  return last?.kind === "rewound" && last.data.nodeId === nodeId;
}

/** Whether a session counts a child as done: what the child said stands in its parent's log. */
export const hasCounted = (log: readonly Recorded[], sessionId: string): boolean => log.some((event) => event.kind === "child_finished" && event.data.sessionId === sessionId);

/** Whether nothing follows from a state by itself. */
function atRest(plan: Plan, state: SessionState): boolean {
  const decision = decide(plan, state, { kind: "resume" });
  return decision.ok && decision.value.length === 0;
}
