/**
 * What a command comes to: events to append, or a refusal that changes nothing. Pure and total: any command in any state.
 * Every decision runs until the session is at rest, so the next step is offered in the decision that completed the last one.
 */
import type { EngineEvent, SessionOutcome, StepOutput } from "../../record/index.ts";
import type { Refusal } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { valueProblem } from "../../shared/value-problem.ts";
import type { Plan } from "../../workflow/index.ts";
import { gap, gapOnce } from "./events.ts";
import { evolve } from "./evolve.ts";
import { foundContext, type GatherAnswer } from "./gather.ts";
import { stepOf } from "./outline.ts";
import { settle } from "./settle.ts";
import { type ChildResult, findNode, type SessionStart, type SessionState, type VerificationReport } from "./state.ts";
import { workOf } from "./work.ts";
import { mergeOutput, outputRefusal, resultSizeRefusal, shapeRefusal, startSizeRefusal, type SubmissionRefusal } from "./submission.ts";

export type SessionCommand =
  | { readonly kind: "start"; readonly start: SessionStart }
  /** `nodeId` is the offer this answers; when given, an answer to an older offer is refused. */
  | { readonly kind: "submit"; readonly output: StepOutput; readonly nodeId?: string }
  | { readonly kind: "finish-verification"; readonly report: Omit<VerificationReport, "nodeId"> }
  | { readonly kind: "finish-child"; readonly result: ChildResult }
  /** What came of looking for the context of a context-gather step. */
  | ({ readonly kind: "finish-gather"; readonly requestId: string } & GatherAnswer)
  /** Goes back to where a node was offered; going on from there makes a branch of its own. */
  | { readonly kind: "rewind"; readonly nodeId: string }
  | { readonly kind: "checkpoint"; readonly note: string | null }
  /** `nodeId` is the node whose gate this answers; when given, an answer to another one is refused. */
  | { readonly kind: "resolve-gate"; readonly verdict: "approved" | "rejected"; readonly reason: string; readonly by: string; readonly nodeId?: string }
  | { readonly kind: "stop"; readonly outcome: Extract<SessionOutcome, "failed" | "stopped">; readonly reason: { readonly code: string; readonly message: string } }
  /** Goes on where a torn log left off; no events when the session is at rest. */
  | { readonly kind: "resume" };

export type StandingRefusal = Refusal<"not-started" | "already-started" | "session-over" | "step-over" | "waiting-for-verification" | "at-gate" | "no-gate" | "no-such-request" | "no-such-node" | "waiting-for-children" | "waiting-for-context">;
export type SessionRefusal = StandingRefusal | SubmissionRefusal;
export type Decision = Result<readonly EngineEvent[], SessionRefusal>;

export function decide(plan: Plan, state: SessionState, command: SessionCommand): Decision {
  switch (command.kind) {
    case "start":
      return start(plan, state, command.start);
    case "submit":
      return submit(plan, state, command);
    case "finish-verification": {
      if (state.kind !== "waiting" || state.request.requestId !== command.report.requestId) {
        return refuse("no-such-request", `The session does not wait for the verification "${command.report.requestId}".`, "Ask for the session's state and answer what it waits for.");
      }
      return accepted(plan, state, { kind: "verification_finished", data: { ...command.report, nodeId: state.node.id } });
    }
    case "finish-child":
      return finishChild(plan, state, command.result);
    case "finish-gather": {
      const step = state.kind === "gathering" ? stepOf(plan, state.node) : null;
      if (state.kind !== "gathering" || step?.kind !== "gather" || state.request.requestId !== command.requestId) {
        return refuse("no-such-request", `The session does not look for the context "${command.requestId}".`, "Ask for the session's state and answer what it waits for.");
      }
      return accepted(plan, state, ...foundContext(step, state.facts.start, state.node, command));
    }
    case "rewind": {
      if (state.kind === "new") return notStarted();
      if (findNode(state, command.nodeId) === null) return refuse("no-such-node", `The session has no node "${command.nodeId}".`, "Name a node or a checkpoint that `worktrain session show` lists.");
      return accepted(plan, state, { kind: "rewound", data: { nodeId: command.nodeId } });
    }
    case "checkpoint": {
      if (state.kind === "new") return notStarted();
      const checkpointId = `c${state.facts.checkpoints.length + 1}`;
      return ok([{ kind: "checkpoint_made", data: { checkpointId, nodeId: state.node?.id ?? null, note: command.note } }]);
    }
    case "resolve-gate": {
      if (state.kind !== "gate") return refuse("no-gate", "The session is not at a gate.", "Ask for the session's state; there is nothing to approve or reject now.");
      const { verdict, reason, by, nodeId = state.node.id } = command;
      if (nodeId !== state.node.id) return refuse("step-over", `The answer is for "${nodeId}", but the gate that is open belongs to "${state.node.id}" (step "${state.node.stepId}"): ${state.question}`, "Ask for the current gate and answer that one.");
      return accepted(plan, state, { kind: "gate_resolved", data: { nodeId: state.node.id, verdict, reason, by } });
    }
    case "stop": {
      if (state.kind === "new") return notStarted();
      if (state.kind === "ended") return sessionOver(state);
      return ok([{ kind: "session_ended", data: { outcome: command.outcome, reason: { ...command.reason } } }]);
    }
    case "resume":
      return state.kind === "new" ? notStarted() : ok(settle(plan, state));
    default:
      return unreachable(command);
  }
}

function start(plan: Plan, state: SessionState, data: SessionStart): Decision {
  if (state.kind !== "new") return refuse("already-started", `The session ${state.facts.start.sessionId} has already started.`, "Open it instead.");
  const problem = valueProblem(data.context);
  if (problem !== null) return err({ kind: problem === "__proto__" ? "reserved-key" : "malformed-output", message: `The context holds ${problem}.`, fix: "Give plain JSON with ordinary keys." });
  const tooLarge = startSizeRefusal(data.context, data.goal);
  if (tooLarge !== null) return err(tooLarge);
  const started: EngineEvent = { kind: "session_started", data };
  const gaps: EngineEvent[] = [];
  const { recommendedAutonomy: autonomy, recommendedRiskPolicy: risk } = plan;
  if (autonomy !== null && AUTONOMY_RANK[data.autonomy] > AUTONOMY_RANK[autonomy]) {
    gaps.push(gap(null, "autonomy-above-recommended", `The workflow recommends at most ${autonomy}; the session runs as ${data.autonomy}.`));
  }
  if (risk !== null && data.riskPolicy !== undefined && RISK_RANK[data.riskPolicy] > RISK_RANK[risk]) {
    gaps.push(gap(null, "risk-above-recommended", `The workflow recommends at most a ${risk} risk policy; the session runs with ${data.riskPolicy}.`));
  }
  return accepted(plan, state, started, ...gaps);
}

const RISK_RANK = { conservative: 0, balanced: 1, aggressive: 2 } as const;
const AUTONOMY_RANK = { guided: 0, full_auto_stop_on_user_deps: 1, full_auto_never_stop: 2 } as const;

function submit(plan: Plan, state: SessionState, command: Extract<SessionCommand, { kind: "submit" }>): Decision {
  switch (state.kind) {
    case "new":
      return notStarted();
    case "ended":
      return sessionOver(state);
    case "waiting":
      return refuse("waiting-for-verification", `The session waits for the verification "${state.request.requestId}" of the step "${state.node.stepId}".`, "Wait for its result.");
    case "delegating":
      return refuse("waiting-for-children", `The session waits for ${state.request.children.length - state.results.length} children of the step "${state.node.stepId}".`, "Finish the children first.");
    case "gathering":
      return refuse("waiting-for-context", `The session looks for the context of the step "${state.node.stepId}".`, "Wait for it.");
    case "gate":
      return refuse("at-gate", `The session waits for an answer: ${state.question}`, "Approve or reject it first.");
    case "moving":
    case "judging":
      return refuse("step-over", "The session is between two steps.", "Open the session again; it goes on from here.");
    case "step": {
      const { node } = state;
      if (command.nodeId !== undefined && command.nodeId !== node.id) {
        return refuse("step-over", `The output is for "${command.nodeId}", but the session is at "${node.id}" (step "${node.stepId}").`, "Ask for the current step and answer that one.");
      }
      const step = stepOf(plan, node);
      if (step === null) return refuse("step-over", `The plan has no step "${node.stepId}".`, "Start the session again with the plan it was made for.");
      const misshapen = shapeRefusal(command.output, plan);
      if (misshapen !== null) return err(misshapen);
      const output = mergeOutput(node.output, command.output);
      const refusal = outputRefusal(plan, workOf(step), node, output);
      if (refusal !== null) return err(refusal);
      return accepted(plan, state, { kind: "step_submitted", data: { nodeId: node.id, attempt: node.attempts + 1, output } });
    }
    default:
      return unreachable(state);
  }
}

function finishChild(plan: Plan, state: SessionState, result: ChildResult): Decision {
  const known = state.kind === "delegating" && state.request.children.some((child) => child.childId === result.childId) && !state.results.some((each) => each.childId === result.childId);
  if (state.kind !== "delegating" || !known) {
    return refuse("no-such-request", `The session does not wait for the child "${result.childId}".`, "Ask for the session's state and answer what it waits for.");
  }
  const { node, request } = state;
  const misshapen = shapeRefusal({ notes: result.summary, artifacts: result.artifacts, context: {} }, plan);
  if (misshapen !== null) return err(misshapen);
  const tooLarge = resultSizeRefusal(result);
  if (tooLarge !== null) return err(tooLarge);
  const gaps = result.outcome === "completed" ? [] : gapOnce(node, "child-not-completed", `The child ${result.childId} of "${node.stepId}" ended as ${result.outcome}: ${result.summary}`);
  return accepted(plan, state, ...gaps, { kind: "child_finished", data: { nodeId: node.id, requestId: request.requestId, ...result } });
}

/** The events, and everything that follows from them until the session is at rest. */
function accepted(plan: Plan, state: SessionState, ...events: readonly EngineEvent[]): Decision {
  return ok([...events, ...settle(plan, events.reduce(evolve, state))]);
}

const refuse = (kind: StandingRefusal["kind"], message: string, fix: string): Decision => err({ kind, message, fix });
const notStarted = (): Decision => refuse("not-started", "The session has not started.", "Start it first.");
const sessionOver = (state: Extract<SessionState, { kind: "ended" }>): Decision =>
  refuse("session-over", `The session is over (${state.outcome}).`, "Start a new session.");
