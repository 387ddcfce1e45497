import type { Autonomy, Blocker, ChildRequest, ContextSource, EngineEvent, LoopTurn, SessionOutcome, StepOutput } from "../../record/index.ts";
import type { JsonObject } from "../../shared/json.ts";

type DataOf<Kind extends EngineEvent["kind"]> = Extract<EngineEvent, { kind: Kind }>["data"];
export type SessionStart = DataOf<"session_started">;
export type VerificationReport = DataOf<"verification_finished">;
/** What came of a child of a parallel step. */
export type ChildResult = Omit<DataOf<"child_finished">, "nodeId" | "requestId">;
export type GateKind = DataOf<"gate_opened">["gate"];
export interface Gap {
  readonly code: string;
  readonly message: string;
}

/**
 * A point in a session's history that a step was offered at. Nodes hang on their parents, so a new one costs nothing of
 * the history and a rewound branch never sees another branch's context.
 */
export interface SessionNode {
  readonly id: string;
  readonly parent: SessionNode | null;
  readonly stepId: string;
  /** What the node's step sees: the start's context and what the completed steps before it added. */
  readonly context: JsonObject;
  /** Submissions made at this node so far. */
  readonly attempts: number;
  /** What was sent so far: kept when an attempt is blocked, handed over when the step completes. */
  readonly output: StepOutput | null;
  /** Why the last attempt was blocked; empty before the first and once completed. */
  readonly blockers: readonly Blocker[];
  readonly gaps: readonly Gap[];
  readonly completed: boolean;
  /** The loops the node stands in, outermost first. */
  readonly loops: readonly LoopTurn[];
  /** Values of the loop variables; they go over the context. */
  readonly scope: JsonObject;
  /** Jumps taken on this branch so far, by the step that jumped. */
  readonly jumps: Readonly<Record<string, number>>;
  /** Of a parallel step, once every child has answered. */
  readonly children: readonly ChildResult[] | null;
  /** Somebody let the step go on without the children that did not complete. */
  readonly withoutMissing?: true;
  /** Of a context-gather step, once its sources were looked at: where it was found. */
  readonly gathered: { readonly source: string | null } | null;
}

/** What stays the same or only grows, whatever the session is doing. */
export interface SessionFacts {
  readonly start: SessionStart;
  /** Nodes made so far, on all branches: the next one's number less one. */
  readonly nodeCount: number;
  /** Gaps that belong to no node. */
  readonly gaps: readonly Gap[];
  /** Last nodes of the branches that rewinding left behind. */
  readonly branches: readonly SessionNode[];
  readonly checkpoints: readonly { readonly checkpointId: string; readonly nodeId: string | null }[];
}

interface At {
  readonly facts: SessionFacts;
  readonly node: SessionNode;
}

/** A fold over the session's engine events. `moving` and `judging` are left within the same decision; only a torn log ends there. */
export type SessionState =
  | { readonly kind: "new" }
  /** Between two steps: `node` is the completed one, null at the start. */
  | { readonly kind: "moving"; readonly facts: SessionFacts; readonly node: SessionNode | null }
  /** The agent has the step. */
  | ({ readonly kind: "step" } & At)
  /** A submission is being judged; what is known about it so far. */
  | ({ readonly kind: "judging"; readonly verified: VerificationReport | null; readonly gate: GateVerdict | null } & At)
  /** The host runs a verification. */
  | ({ readonly kind: "waiting"; readonly request: { readonly requestId: string; readonly command: string } } & At)
  /** The host runs the children of a parallel step. */
  | ({ readonly kind: "delegating"; readonly request: { readonly requestId: string; readonly children: readonly ChildRequest[]; readonly maxParallel: number | null }; readonly results: readonly ChildResult[] } & At)
  /** The host looks for the context of a context-gather step. */
  | ({ readonly kind: "gathering"; readonly request: { readonly requestId: string; readonly sources: readonly ContextSource[] } } & At)
  /** Parked until someone approves or rejects. */
  | ({ readonly kind: "gate"; readonly gate: GateKind; readonly question: string } & At)
  | { readonly kind: "ended"; readonly facts: SessionFacts; readonly node: SessionNode | null; readonly outcome: SessionOutcome; readonly reason: Gap | null };

export interface GateVerdict {
  readonly verdict: "approved" | "rejected";
  readonly reason: string;
  readonly by: string;
}

export const initialState: SessionState = { kind: "new" };

/** Attempts a visit of a step has before the session ends blocked (workflow-language, "How a step runs"). */
export const attemptLimit = (autonomy: Autonomy): number => (autonomy === "guided" ? 10 : 3);

/** The nodes from the first to the current one. */
export function nodesOf(state: SessionState): readonly SessionNode[] {
  if (state.kind === "new") return [];
  const nodes: SessionNode[] = [];
  for (let node = state.node; node !== null; node = node.parent) nodes.push(node);
  return nodes.toReversed();
}

/** A node of any branch by its id, or null. */
export function findNode(state: SessionState, nodeId: string): SessionNode | null {
  if (state.kind === "new") return null;
  for (const tip of [state.node, ...state.facts.branches]) {
    for (let node = tip; node !== null; node = node.parent) if (node.id === nodeId) return node;
  }
  return null;
}

/** Artifacts of the completed steps of the current branch, oldest first. */
export const artifactsOf = (state: SessionState): StepOutput["artifacts"] => nodesOf(state).flatMap((node) => (node.completed ? (node.output?.artifacts ?? []) : []));

/** Everything that was passed over and recorded, oldest first. */
export const gapsOf = (state: SessionState): readonly Gap[] => (state.kind === "new" ? [] : [...state.facts.gaps, ...nodesOf(state).flatMap((node) => node.gaps)]);

/** The context as the current node sees it, completed work included. */
export function contextOf(state: SessionState): JsonObject {
  if (state.kind === "new") return {};
  return state.node === null ? state.facts.start.context : contextAfter(state.node);
}

/** A parallel step whose children are in, one of them without having completed, before anybody decided what that means. */
export const awaitsWordOnChildren = (node: SessionNode): boolean => node.children?.some((child) => child.outcome !== "completed") === true && node.withoutMissing !== true && node.attempts === 0;

/** Whether nobody has worked in the session before this node: steps that were done by themselves do not count. */
export function isFirstWork(node: SessionNode): boolean {
  for (let before = node.parent; before !== null; before = before.parent) if (before.attempts > 0) return false;
  return true;
}

/** What the node after this one sees. */
export function contextAfter(node: SessionNode): JsonObject {
  const added = node.completed ? (node.output?.context ?? {}) : {};
  return Object.keys(added).length === 0 ? node.context : { ...node.context, ...added };
}
