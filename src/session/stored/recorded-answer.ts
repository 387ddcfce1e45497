import { decide, evolve, initialState, type SessionState } from "../../engine/session/index.ts";
import { engineEventSchema, type EngineEvent, type Recorded } from "../../record/index.ts";
import type { Plan } from "../../workflow/index.ts";

/** What came of the command that was sent with a token: the state it left, and the `seq` of its last event. */
export interface RecordedStanding {
  readonly state: SessionState;
  readonly seq: number;
}

type Engine = Recorded<EngineEvent>;
const ENGINE_KINDS: ReadonlySet<string> = new Set(engineEventSchema.options.map((option) => option.shape.kind.value));
const isEngine = (event: Recorded): event is Engine => ENGINE_KINDS.has(event.kind);
/** Events by which a client's command begins. */
const ANSWERING: ReadonlySet<string> = new Set<EngineEvent["kind"]>(["step_submitted", "gate_resolved", "verification_finished"]);

/**
 * Finds what a session answered to the command sent at `seq`, from its log alone (T2); null when none was sent there yet. A
 * verification that followed is part of it: while it runs the state is `waiting`, later it is what came of it.
 */
export function recordedStanding(plan: Plan, log: readonly Recorded[], seq: number): RecordedStanding | null {
  const events = log.filter(isEngine);
  const first = events.findIndex((event) => event.seq > seq && ANSWERING.has(event.kind));
  if (first === -1) return null;
  let state = events.slice(0, first).reduce<SessionState>(evolve, initialState);
  for (let index = first; index < events.length; index += 1) {
    const event = events[index];
    if (event === undefined) break;
    state = evolve(state, event);
    const next = events[index + 1];
    const goesOn = next?.kind === "gap_recorded" || next?.kind === "verification_finished" || !atRest(plan, state);
    if (!goesOn || next === undefined) return { state, seq: event.seq };
  }
  return null;
}

/** Whether nothing follows from a state by itself. */
function atRest(plan: Plan, state: SessionState): boolean {
  const decision = decide(plan, state, { kind: "resume" });
  return decision.ok && decision.value.length === 0;
}
