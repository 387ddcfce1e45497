/**
 * I3. State is this fold over the engine events and nothing else. Total: an event that does not fit the state changes nothing,
 * since only our own verified log is folded.
 */
import type { EngineEvent, LoopTurn } from "../../record/index.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { awaitsWordOnChildren, type ChildResult, contextAfter, findNode, type SessionNode, type SessionState } from "./state.ts";

type Running = Exclude<SessionState, { kind: "new" | "ended" }>;
type AtNode = Running & { readonly node: SessionNode };
type DataOf<Kind extends EngineEvent["kind"]> = Extract<EngineEvent, { kind: Kind }>["data"];

export function evolve(state: SessionState, event: EngineEvent): SessionState {
  if (event.kind === "session_started") {
    return state.kind === "new" ? { kind: "moving", facts: { start: event.data, nodeCount: 0, gaps: [], branches: [], checkpoints: [] }, node: null } : state;
  }
  if (state.kind === "new") return state;
  if (event.kind === "rewound") return rewound(state, event.data.nodeId);
  if (event.kind === "checkpoint_made") {
    const { checkpointId, nodeId } = event.data;
    return { ...state, facts: { ...state.facts, checkpoints: [...state.facts.checkpoints, { checkpointId, nodeId }] } };
  }
  if (state.kind === "ended") return state;
  if (event.kind === "session_ended") return { kind: "ended", facts: state.facts, node: state.node, outcome: event.data.outcome, reason: event.data.reason };
  if (event.kind === "step_offered") return offered(state, event.data);
  if (event.kind === "gap_recorded" && event.data.nodeId === null) {
    return { ...state, facts: { ...state.facts, gaps: [...state.facts.gaps, { code: event.data.code, message: event.data.message }] } };
  }
  return hasNode(state) && event.data.nodeId === state.node.id ? atNode(state, event) : state;
}

const hasNode = (state: Running): state is AtNode => state.node !== null;

function atNode(state: AtNode, event: Exclude<EngineEvent, { kind: "session_started" | "session_ended" | "step_offered" | "rewound" | "checkpoint_made" }>): SessionState {
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
    case "gate_resolved": {
      const { verdict, reason, by } = event.data;
      if (verdict === "approved" && awaitsWordOnChildren(node)) return { kind: "step", facts, node: { ...node, withoutMissing: true } };
      return { kind: "judging", facts, node, verified: null, gate: { verdict, reason, by } };
    }
    case "step_completed":
      return { kind: "moving", facts, node: { ...node, completed: true, blockers: [] } };
    case "step_reopened":
      return reopened(state, event.data);
    case "children_requested": {
      const { requestId, children, maxParallel } = event.data;
      return { kind: "delegating", facts, node, request: { requestId, children, maxParallel }, results: [] };
    }
    case "child_finished":
      return childFinished(state, event.data);
    case "context_requested":
      return { kind: "gathering", facts, node, request: { requestId: event.data.requestId, sources: event.data.sources } };
    case "context_gathered": {
      const { key, source, value } = event.data;
      const output = source === null ? node.output : { notes: "", artifacts: [], context: { [key]: value } };
      return { kind: "step", facts, node: { ...node, gathered: { source }, output } };
    }
    case "gap_recorded":
      return { ...state, node: { ...node, gaps: [...node.gaps, { code: event.data.code, message: event.data.message }] } };
    default:
      return unreachable(event);
  }
}

function offered(state: Running, data: DataOf<"step_offered">): SessionState {
  const parent = state.node;
  const jumps = parent?.jumps ?? {};
  const node: SessionNode = {
    id: data.nodeId,
    parent,
    stepId: data.stepId,
    context: parent === null ? state.facts.start.context : contextAfter(parent),
    attempts: 0,
    output: null,
    blockers: data.blockers ?? [],
    gaps: [],
    completed: false,
    loops: (data.loops ?? []).map((turn) => turnWithItems(turn, parent)),
    scope: data.scope ?? {},
    jumps: data.jumpedFrom === undefined ? jumps : { ...jumps, [data.jumpedFrom]: (jumps[data.jumpedFrom] ?? 0) + 1 },
    children: null,
    gathered: null,
  };
  return { kind: "step", facts: { ...state.facts, nodeCount: state.facts.nodeCount + 1 }, node };
}

/** The list a forEach runs over is recorded when it is pinned; later turns have it from the node before. */
export function turnWithItems(turn: LoopTurn, parent: SessionNode | null): LoopTurn {
  const items = turn.items ?? parent?.loops.find((each) => each.loopId === turn.loopId)?.items;
  return items === undefined ? turn : { ...turn, items };
}

function reopened(state: AtNode, data: DataOf<"step_reopened">): SessionState {
  for (let node = state.node.parent; node !== null; node = node.parent) {
    if (node.id !== data.reopenedNodeId) continue;
    // The judgement's node is no ancestor of what follows, but can be gone back to.
    const branches = [...state.facts.branches, state.node];
    return { kind: "step", facts: { ...state.facts, branches }, node: { ...node, completed: false, blockers: data.blockers } };
  }
  return state;
}

function childFinished(state: AtNode, data: DataOf<"child_finished">): SessionState {
  if (state.kind !== "delegating" || data.requestId !== state.request.requestId) return state;
  const { childId, sessionId, outcome, summary, artifacts } = data;
  if (!state.request.children.some((child) => child.childId === childId) || state.results.some((result) => result.childId === childId)) return state;
  const results: readonly ChildResult[] = [...state.results, { childId, sessionId, outcome, summary, artifacts }];
  if (results.length < state.request.children.length) return { ...state, results };
  const inOrder = state.request.children.flatMap((child) => results.filter((result) => result.childId === child.childId));
  return { kind: "step", facts: state.facts, node: { ...state.node, children: inOrder } };
}

/** Before the node was offered: what follows is decided again from there, on a branch of its own. */
function rewound(state: Exclude<SessionState, { kind: "new" }>, nodeId: string): SessionState {
  const target = findNode(state, nodeId);
  if (target === null) return state;
  const { facts, node } = state;
  const branches = node === null || facts.branches.includes(node) ? facts.branches : [...facts.branches, node];
  return { kind: "moving", facts: { ...facts, branches }, node: target.parent };
}
