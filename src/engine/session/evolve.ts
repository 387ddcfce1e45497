/**
 * I3. State is this fold over the engine events and nothing else. Total: an event that does not fit the state changes nothing,
 * since only our own verified log is folded.
 */
import type { EngineEvent } from "../../record/index.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { contextAfter, type SessionNode, type SessionState } from "./state.ts";

export function evolve(state: SessionState, event: EngineEvent): SessionState {
  if (event.kind === "session_started") {
    return state.kind === "new" ? { kind: "moving", facts: { start: event.data, nodeCount: 0, gaps: [] }, node: null } : state;
  }
  if (state.kind === "new" || state.kind === "ended") return state;
  if (event.kind === "session_ended") return { kind: "ended", facts: state.facts, node: state.node, outcome: event.data.outcome, reason: event.data.reason };
  if (event.kind === "step_offered") return offered(state, event.data);
  if (state.node === null || event.data.nodeId !== state.node.id) {
    if (event.kind !== "gap_recorded" || event.data.nodeId !== null) return state;
    return { ...state, facts: { ...state.facts, gaps: [...state.facts.gaps, { code: event.data.code, message: event.data.message }] } };
  }
  const { facts, node } = state;
  switch (event.kind) {
    case "step_submitted":
      return { kind: "judging", facts, node: { ...node, attempts: event.data.attempt, output: event.data.output }, verified: null, gate: null };
    case "attempt_blocked":
      return { kind: "step", facts, node: { ...node, blockers: event.data.blockers } };
    case "verification_requested":
      return { kind: "waiting", facts, node, request: { requestId: event.data.requestId, command: event.data.command } };
    case "verification_finished":
      return { kind: "judging", facts, node, verified: event.data, gate: null };
    case "gate_opened":
      return { kind: "gate", facts, node, gate: event.data.gate, question: event.data.question };
    case "gate_resolved":
      return { kind: "judging", facts, node, verified: null, gate: { verdict: event.data.verdict, reason: event.data.reason, by: event.data.by } };
    case "step_completed":
      return { kind: "moving", facts, node: { ...node, completed: true, blockers: [] } };
    case "gap_recorded":
      return { ...state, node: { ...node, gaps: [...node.gaps, { code: event.data.code, message: event.data.message }] } };
    default:
      return unreachable(event);
  }
}

type Running = Exclude<SessionState, { kind: "new" | "ended" }>;

function offered(state: Running, data: Extract<EngineEvent, { kind: "step_offered" }>["data"]): SessionState {
  const parent = state.node;
  const node: SessionNode = {
    id: data.nodeId,
    parent,
    stepId: data.stepId,
    context: parent === null ? state.facts.start.context : contextAfter(parent),
    attempts: 0,
    output: null,
    blockers: [],
    gaps: [],
    completed: false,
  };
  return { kind: "step", facts: { ...state.facts, nodeCount: state.facts.nodeCount + 1 }, node };
}
