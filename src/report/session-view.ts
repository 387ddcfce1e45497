import type { SlicePlace } from "../engine/pipeline/index.ts";
import type { Phase, Recorded, SessionEvent, SessionOutcome, SnapshotRef, StepOutput, Usage } from "../record/index.ts";
import type { Json } from "../shared/json.ts";
import { unreachable } from "../shared/unreachable.ts";
import type { ContextView } from "./context-words.ts";
import { addUsage, NO_USAGE } from "./money.ts";

/** A command the host ran to verify a step, and what came of it. */
export interface VerificationView {
  readonly nodeId: string;
  readonly command: string;
  /** Null when a signal or the time-out ended it. */
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  readonly durationMs: number;
  readonly sandbox: "bubblewrap" | "weak" | "none";
  /** Names of the tests that failed; absent where they are not known. */
  readonly failing?: readonly string[] | undefined;
  /** The session went on after it and changed files: it speaks of other files than the session left. */
  readonly outdated: boolean;
}

type DataOf<Kind extends SessionEvent["kind"]> = Extract<SessionEvent, { kind: Kind }>["data"];

/** A gate that was answered. */
export type GateView = Pick<DataOf<"gate_opened">, "gate" | "question"> & Pick<DataOf<"gate_resolved">, "verdict" | "reason" | "by">;

/** A session as its stream tells it. */
export interface SessionView {
  readonly sessionId: string;
  readonly itemId: string | null;
  /** The session that this one is a child of. */
  readonly parentSessionId: string | null;
  /** What a child is for, beside its workflow: `audit`, `gate-evaluation`, or the role it was spawned in. */
  readonly role: string | null;
  readonly phase: string | null;
  readonly workflow: { readonly id: string; readonly version: string } | null;
  /** SHA-256 of the compiled plan it stayed on. */
  readonly plan: string | null;
  readonly models: readonly string[];
  /** What each of its conversations was told when it began; empty in logs of early versions. */
  readonly contexts: readonly ContextView[];
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** Null while it runs, or when its run was lost. */
  readonly outcome: SessionOutcome | null;
  readonly reason: { readonly code: string; readonly message: string } | null;
  readonly stepsCompleted: readonly string[];
  readonly attemptsBlocked: number;
  /** What completed steps handed over, in order. */
  readonly artifacts: StepOutput["artifacts"];
  readonly verifications: readonly VerificationView[];
  readonly gaps: readonly { readonly code: string; readonly message: string }[];
  readonly issues: readonly { readonly severity: "info" | "warn" | "error"; readonly summary: string; readonly detail: string }[];
  /** What the agent said is wrong with the workflow itself. */
  readonly workflowProblems: readonly DataOf<"workflow_problem_reported">[];
  /** What it keeps for later sessions of the item. */
  readonly facts: readonly DataOf<"fact_remembered">[];
  /** What it said to the coordinator, and what that made of it. */
  readonly signals: readonly DataOf<"coordinator_signalled">[];
  readonly gates: readonly GateView[];
  /** Sessions that worked for it: children of its parallel steps, auditors, agents it spawned. */
  readonly children: readonly string[];
  readonly turns: number;
  readonly toolCalls: number;
  readonly usage: Usage;
  readonly costMicroUsd: number;
  /** The files as last saved; null if it saved none. */
  readonly snapshot: SnapshotRef | null;
}

/** A session in its slot of the pipeline. */
export interface ItemSessionView extends SessionView {
  /** Why the pipeline ran it; null where that was not recorded. */
  readonly why: string | null;
  readonly phase: Phase;
  readonly round: number;
  /** Of a change that was cut into slices: which one it is for. */
  readonly slice: SlicePlace | null;
  /** True once the item's stream holds its conclusion. */
  readonly concluded: boolean;
}

interface Fold extends SessionView {
  /** Commands asked for and not yet answered, by request. */
  readonly asked: ReadonlyMap<string, string>;
  /** The newest submission of each node that is not completed. */
  readonly submitted: ReadonlyMap<string, StepOutput>;
  readonly openGate: DataOf<"gate_opened"> | null;
  /** A tool was started since the last command was run. */
  readonly wentOn: boolean;
}

const nothing = (sessionId: string): Fold => ({
  sessionId,
  itemId: null,
  parentSessionId: null,
  role: null,
  phase: null,
  workflow: null,
  plan: null,
  models: [],
  contexts: [],
  startedAt: null,
  endedAt: null,
  outcome: null,
  reason: null,
  stepsCompleted: [],
  attemptsBlocked: 0,
  artifacts: [],
  verifications: [],
  gaps: [],
  issues: [],
  workflowProblems: [],
  facts: [],
  signals: [],
  gates: [],
  children: [],
  turns: 0,
  toolCalls: 0,
  usage: NO_USAGE,
  costMicroUsd: 0,
  snapshot: null,
  asked: new Map(),
  submitted: new Map(),
  openGate: null,
  wentOn: false,
});

/** Folds one session's stream. Turns, tokens and cost are counted from its completed turns, not from what anyone claims. */
export function sessionView(sessionId: string, events: readonly Recorded<SessionEvent>[]): SessionView {
  const { asked: _asked, submitted: _submitted, openGate: _openGate, wentOn: _wentOn, ...view } = events.reduce(fold, nothing(sessionId));
  return view;
}

function fold(view: Fold, event: Recorded<SessionEvent>): Fold {
  switch (event.kind) {
    case "session_started": {
      const { itemId, parentSessionId, role = null, phase, workflow, plan } = event.data;
      return { ...view, itemId, parentSessionId, role, phase, workflow, plan, startedAt: event.at };
    }
    case "step_submitted":
      return { ...view, submitted: new Map(view.submitted).set(event.data.nodeId, event.data.output) };
    case "attempt_blocked":
      return { ...view, attemptsBlocked: view.attemptsBlocked + 1 };
    case "verification_requested":
      return { ...view, asked: new Map(view.asked).set(event.data.requestId, event.data.command) };
    case "verification_finished":
      return verified(view, event.data);
    case "step_completed": {
      const output = view.submitted.get(event.data.nodeId);
      return { ...view, stepsCompleted: [...view.stepsCompleted, event.data.stepId], artifacts: [...view.artifacts, ...(output?.artifacts ?? [])] };
    }
    case "step_reopened": {
      const sentBack = view.submitted.get(event.data.reopenedNodeId)?.artifacts ?? [];
      return { ...view, attemptsBlocked: view.attemptsBlocked + 1, artifacts: view.artifacts.filter((artifact) => !sentBack.includes(artifact)) };
    }
    case "rewound":
      return { ...view, outcome: null, reason: null, endedAt: null };
    case "gap_recorded":
      return { ...view, gaps: [...view.gaps, { code: event.data.code, message: event.data.message }] };
    case "session_ended":
      return { ...view, outcome: event.data.outcome, reason: event.data.reason, endedAt: event.at };
    case "conversation_started": {
      const { conversation, model, context } = event.data;
      const models = view.models.includes(model) ? view.models : [...view.models, model];
      return { ...view, models, contexts: context === undefined ? view.contexts : [...view.contexts, { conversation, ...context }] };
    }
    case "turn_completed": {
      const { usage, costMicroUsd } = event.data;
      return { ...view, turns: view.turns + 1, usage: addUsage(view.usage, usage), costMicroUsd: view.costMicroUsd + costMicroUsd };
    }
    case "tool_completed":
      return { ...view, toolCalls: view.toolCalls + 1 };
    case "issue_reported":
      return { ...view, issues: [...view.issues, event.data] };
    case "workflow_problem_reported":
      return { ...view, workflowProblems: [...view.workflowProblems, event.data] };
    case "fact_remembered":
      return { ...view, facts: [...view.facts, event.data] };
    case "coordinator_signalled":
      return { ...view, signals: [...view.signals, event.data] };
    case "child_started":
      return view.children.includes(event.data.sessionId) ? view : { ...view, children: [...view.children, event.data.sessionId] };
    case "gate_opened":
      return { ...view, openGate: event.data };
    case "gate_resolved":
      return answered(view, event.data);
    case "workspace_saved": {
      const verifications = view.wentOn ? view.verifications.map((each) => ({ ...each, outdated: true })) : view.verifications;
      return { ...view, snapshot: event.data, verifications };
    }
    case "tool_started":
      return { ...view, wentOn: true };
    case "step_offered":
    case "children_requested":
    case "child_finished":
    case "context_requested":
    case "context_gathered":
    case "checkpoint_made":
    case "turn_requested":
    case "turn_failed":
    case "steered":
    case "network_reached":
    case "agent_ended":
      return view;
    default:
      return unreachable(event);
  }
}

function answered(view: Fold, { verdict, reason, by }: DataOf<"gate_resolved">): Fold {
  if (view.openGate === null) return view;
  const { gate, question } = view.openGate;
  return { ...view, gates: [...view.gates, { gate, question, verdict, reason, by }], openGate: null };
}

function verified(view: Fold, data: Extract<SessionEvent, { kind: "verification_finished" }>["data"]): Fold {
  const { nodeId, requestId, exitCode, timedOut, durationMs, sandbox, failing } = data;
  const command = view.asked.get(requestId) ?? "";
  return { ...view, verifications: [...view.verifications, { nodeId, command, exitCode, timedOut, durationMs, sandbox, ...(failing === undefined ? {} : { failing }), outdated: false }], wentOn: false };
}

/** The newest artifact of a contract among what completed steps handed over; undefined if there is none. */
export const lastArtifact = (view: Pick<SessionView, "artifacts">, contractRef: string): Json | undefined =>
  view.artifacts.findLast((artifact) => artifact.contractRef === contractRef)?.value;

/** The last verification of each node: earlier red ones were mended before the step counted as done. */
export function lastVerifications(view: Pick<SessionView, "verifications">): readonly VerificationView[] {
  return [...new Map(view.verifications.map((verification) => [verification.nodeId, verification])).values()];
}

export const passed = (verification: VerificationView): boolean => verification.exitCode === 0 && !verification.timedOut;
