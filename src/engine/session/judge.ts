/** What becomes of a submission: blocked, sent back, verified, put before a gate, or done. */
import type { Blocker, EngineEvent } from "../../record/index.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { evaluateCondition, type LoopStep, MEND_COMMAND, type Plan, renderLine, type StandardStep } from "../../workflow/index.ts";
import { askForChildren, needsSynthesis, parallelBlocker } from "./children.ts";
import { blocked, completed, ended, gapOnce } from "./events.ts";
import { lookAtJump } from "./jumps.ts";
import { enterLoop, nextTurn, scopeOf, turnsAfter } from "./loops.ts";
import { placeOf, stepOf } from "./outline.ts";
import { valuesAt, valuesFor, verificationCommand } from "./rendered-step.ts";
import { blockersOf } from "./requirements.ts";
import type { GateKind, SessionFacts, SessionNode, SessionState } from "./state.ts";
import { EMPTY_OUTPUT } from "./submission.ts";
import { workOf } from "./work.ts";

type Judging = Extract<SessionState, { kind: "judging" }>;

export function judge(plan: Plan, state: Judging): readonly EngineEvent[] {
  const { node, facts } = state;
  const step = stepOf(plan, node);
  if (step === null) return [ended("failed", "step-not-in-plan", `The plan has no step "${node.stepId}".`)];
  if (state.gate !== null) return answered(plan, state, state.gate);
  const work = workOf(step);
  if (state.verified !== null) return verified(work, state, state.verified);
  const output = node.output ?? EMPTY_OUTPUT;
  switch (step.kind) {
    case "loop": {
      const blocker = loopBlocker(plan, step, node, facts);
      return [blocker === null ? completed(node) : blocked(node, [blocker])];
    }
    case "parallel":
      if (node.children === null) {
        const blocker = parallelBlocker(step, facts.start, valuesAt(facts.start, node));
        return blocker === null ? askForChildren(step, facts.start, node) : [blocked(node, [blocker])];
      }
      break;
    case "standard":
    case "gather":
    case "confirm":
      break;
    default:
      return unreachable(step);
  }
  const blockers = blockersOf(plan, work, node, output, facts.start);
  if (blockers.length > 0) return [blocked(node, blockers)];
  if (work.audits !== null) {
    const rejection = auditRejection(node);
    if (rejection !== null) return sentBack(plan, node, rejection);
  }
  return verify(plan, work, state);
}

function verify(plan: Plan, work: StandardStep, { node, facts }: Judging): readonly EngineEvent[] {
  const rendered = verificationCommand(plan, work, facts.start, node);
  switch (rendered?.kind) {
    case undefined:
      return passed(work, node, facts);
    case "command":
      return [{ kind: "verification_requested", data: { nodeId: node.id, requestId: `${node.id}.${node.attempts}`, command: rendered.text } }];
    case "not-configured": {
      const message = `The step "${work.id}" wants \`${work.verification.command}\` to pass, but the repository has no such command: nothing was run.`;
      return [...gapOnce(node, "no-verification-command", message), ...passed(work, node, facts)];
    }
    case "unset":
      return [blocked(node, [verificationBlocker(work, `has no value for ${rendered.unset.join("; ")}.`, "Send the value in the context if a step declares it under `produces`. Else the workflow has to: a command sees only those keys and what the session was started with.")])];
    case "unsafe":
      return [blocked(node, [verificationBlocker(work, `cannot be run with the values it has. ${rendered.problems.join(" ")}`, `Send another value, or change the workflow. ${MEND_COMMAND}`)])];
  }
}

const verificationBlocker = ({ verification }: StandardStep, why: string, fix: string): Blocker => ({ code: "verification-not-run", message: `The verification \`${verification.command}\` ${why} Nothing was run.`, fix });

function verified(work: StandardStep, { node, facts }: Judging, { exitCode, timedOut, outputTail, durationMs, sandbox, failing = [], redBefore }: NonNullable<Judging["verified"]>): readonly EngineEvent[] {
  if (sandbox === "none" && exitCode !== 0) return [blocked(node, [{ code: "verification-not-run", message: outputTail, fix: "Make it possible to run the command, then submit again." }])];
  if (exitCode === 0 && !timedOut) return passed(work, node, facts);
  // Not this work's doing: it is told wherever the result is shown, and is green nowhere.
  if (redBefore?.same === true && !timedOut) return [...gapOnce(node, "tests-red-before", `The tests were red before the work and are red after it; nothing fails that did not fail before: ${failing.join("; ")}.`), ...passed(work, node, facts)];
  const how = timedOut ? "ran into its time-out" : exitCode === null ? "was ended by a signal" : `ended with exit code ${exitCode}`;
  const message = `The verification ${how} after ${(durationMs / 1000).toFixed(1)} s.${beside(redBefore)} The end of its output:\n${outputTail}`;
  return [blocked(node, [{ code: "verification-failed", message, fix: "Mend what fails, then submit again: the command is run again." }])];
}

function beside(redBefore: NonNullable<Judging["verified"]>["redBefore"]): string {
  if (redBefore === undefined) return "";
  return redBefore.same === null ? " It was red before the work as well; which tests failed is not known, so none of them is excused." : ` It was red before the work as well, but these did not fail then: ${redBefore.fresh.join("; ")}.`;
}

/** Why a loop still cannot go on with what was handed over; null when it can. */
function loopBlocker(plan: Plan, step: LoopStep, node: SessionNode, facts: SessionFacts): Blocker | null {
  const around = [...(placeOf(plan, step.id)?.loops ?? []), step];
  const turns = turnsAfter(node.loops, around, node.output);
  const own = turns.at(-1);
  const values = valuesFor(facts.start, { ...node.context, ...node.output?.context }, scopeOf(around, turns));
  const decision = own?.loopId === step.id ? nextTurn(step, own, values) : enterLoop(step, values);
  return decision.kind === "misshapen" || decision.kind === "limit" ? decision.blocker : null;
}

/** The auditor's rejection as a blocker of the audited step; null when it approved. */
function auditRejection(node: SessionNode): Blocker | null {
  const value = node.output?.artifacts.find((artifact) => artifact.contractRef === "wr.contracts.gate_verdict")?.value;
  const { verdict = null, rationale = null } = typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
  if (verdict === "approved") return null;
  const said = typeof rationale === "string" ? rationale : "no reason was given";
  return verdict === "rejected"
    ? { code: "audit-rejected", message: `The audit rejected the work: ${said}`, fix: "Do what the audit asks for and hand over again." }
    : { code: "audit-uncertain", message: `The audit could not find the work good: ${said}`, fix: "Show what the audit could not see, or mend it, and hand over again." };
}

function answered(plan: Plan, { node }: Judging, { verdict, reason, by }: NonNullable<Judging["gate"]>): readonly EngineEvent[] {
  if (verdict === "approved") return [completed(node)];
  const blocker = { code: "gate-rejected", message: `${by} rejected it: ${reason}`, fix: "Do what the reason asks for and submit again." };
  const step = stepOf(plan, node);
  const isWork = step !== null && step.kind !== "confirm" && workOf(step).audits === null && node.attempts > 0;
  return isWork ? [blocked(node, [blocker])] : sentBack(plan, node, blocker);
}

/** The nearest work before a judgement gets it back; without any there is nobody to mend it. */
function sentBack(plan: Plan, node: SessionNode, blocker: Blocker): readonly EngineEvent[] {
  for (let earlier = node.parent; earlier !== null; earlier = earlier.parent) {
    const step = stepOf(plan, earlier);
    const mendable = step?.kind === "standard" ? step.audits === null : step?.kind === "parallel" && needsSynthesis(step);
    if (!mendable) continue;
    return [{ kind: "step_reopened", data: { nodeId: node.id, reopenedNodeId: earlier.id, blockers: [blocker] } }];
  }
  return [ended("blocked", blocker.code, blocker.message)];
}

/**
 * The work is good; what is left is the gate its author asks for, and a person's word where a jump's limit is reached: what the
 * author wanted done again is not done, and only a session that never stops passes that over (the gap is recorded on the way on).
 */
export function passed(work: StandardStep, node: SessionNode, facts: SessionFacts): readonly EngineEvent[] {
  const { confirmation } = work;
  const { autonomy } = facts.start;
  const values = valuesAt(facts.start, node);
  const neverStops = autonomy === "full_auto_never_stop";
  const asked = confirmation !== null && (confirmation.condition === null || evaluateCondition(confirmation.condition, values).holds);
  const title = renderLine(work.title, values).text;
  const limit = neverStops ? null : (lookAtJump(work, node, values)?.limit ?? null);
  if (limit !== null) return [gateOpened(node, "human_approval", `${limit} May the session go on from "${title}" without it?`)];
  if (!asked) return [completed(node)];
  if (confirmation.gate === "any" && neverStops) {
    return [...gapOnce(node, "confirmation-passed-over", `The step "${work.id}" asks for confirmation; the session runs without stopping.`), completed(node)];
  }
  const gate: GateKind = confirmation.gate !== "any" ? confirmation.gate : autonomy === "guided" ? "human_approval" : "coordinator_eval";
  return [gateOpened(node, gate, `May the session go on from "${title}"?`)];
}

const gateOpened = (node: SessionNode, gate: GateKind, question: string): EngineEvent => ({ kind: "gate_opened", data: { nodeId: node.id, gate, question } });
