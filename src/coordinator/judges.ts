/**
 * Work judged by somebody who did not do it: audits, and gates that no typed result decides. Each is a session of its own with a
 * fresh conversation and tools that only read, so the author's words are nothing to it but a claim.
 *
 * I9. No verdict counts as none: the audit is uncertain, the gate stays shut.
 */
import { artifactsOf, type SessionState } from "../engine/session/index.ts";
import type { StepOutput } from "../record/index.ts";
import { childSessionId, type Session, type SessionInit } from "../session/index.ts";
import { canonicalJson, type JsonObject } from "../shared/json.ts";
import { ok } from "../shared/result.ts";
import { bothAllow, BUILT_IN_CONTRACTS, type Plan, type PlanStep, type StandardStep } from "../workflow/index.ts";
import { runHelper } from "./children.ts";
import { decideGate, type GateEvidence } from "./gate-rule.ts";
import { revealHidden } from "../shared/hidden.ts";
import { changeOf } from "./seat.ts";
import { READ_ONLY_TOOLS } from "./tool-bounds.ts";
import type { Left, Seat } from "./tree.ts";

const GATE_VERDICT = "wr.contracts.gate_verdict";
/** The workflow that looks where a gate's evidence decides nothing. */
const GATE_WORKFLOW = "wr.gate-evaluation";
/** Its former name, which WorkRail gives it: a team's own workflow of that name is used as it was. */
const FORMER_GATE_WORKFLOW = "wr.gate-eval-generic";

interface Verdict {
  readonly value: StepOutput["artifacts"][number]["value"];
  readonly notes: string;
}

/** Has the audit step that is out answered by a reviewer, and hands the verdict in. Null, or why the session has to be left. */
export async function audit(seat: Seat): Promise<Left | null> {
  const { session } = seat;
  const state = session.state();
  const step = state.kind === "step" ? findStep(session.plan.steps, state.node.stepId) : null;
  if (state.kind !== "step" || step === null) return null;
  const { node } = state;
  const plan = auditPlan(session.plan, step);
  const context: JsonObject = { ...node.context, ...node.scope, handedOver: outputText(node.parent?.output ?? null), change: await changeOf(seat) };
  const verdict = await judge(seat, { name: `audit-${node.id}`, role: "audit", plan, context, goal: state.facts.start.goal });
  if ("left" in verdict) return verdict.left;
  await session.submit({ notes: verdict.notes, artifacts: [{ contractRef: GATE_VERDICT, value: verdict.value }], context: {} }, { nodeId: node.id, signal: seat.signal });
  return null;
}

/** Answers the gate that the session is at: by rule, or by the rule over what an evaluator says. Null, or why it has to be left. */
export async function answerGate(seat: Seat): Promise<Left | null> {
  const { session, tree } = seat;
  const state = session.state();
  if (state.kind !== "gate") return null;
  const evidence = evidenceAt(session, state);
  let decision = decideGate(evidence);
  if (decision.verdict === null) {
    const own = tree.deps.findPlan(FORMER_GATE_WORKFLOW);
    const plan = own.ok ? own : tree.deps.findPlan(GATE_WORKFLOW);
    if (!plan.ok) decision = { verdict: "rejected", reason: `${decision.reason} ${plan.error.message}` };
    else {
      const context: JsonObject = { question: state.question, handedOver: outputText(state.node.output ?? state.node.parent?.output ?? null), change: await changeOf(seat) };
      const verdict = await judge(seat, { name: `gate-${state.node.id}-${state.node.attempts}`, role: "gate-evaluation", plan: plan.value, context, goal: state.facts.start.goal });
      if ("left" in verdict) return verdict.left;
      decision = decideGate({ ...evidence, artifacts: [{ contractRef: GATE_VERDICT, value: verdict.value }] });
    }
  }
  await session.resolveGate({ verdict: decision.verdict ?? "rejected", reason: decision.reason, by: "coordinator" });
  return null;
}

function evidenceAt({ plan }: Session, state: Extract<SessionState, { kind: "gate" }>): GateEvidence {
  const step = findStep(plan.steps, state.node.stepId);
  const asks = step?.kind !== "loop" && step?.kind !== "gather" && step?.confirmation?.gate === "coordinator_eval" ? "judgement" : "any";
  if (step?.kind !== "standard") {
    // The gate of a loop or a parallel step: what the work before it came to last.
    const last = new Map(artifactsOf(state).map((artifact) => [artifact.contractRef, artifact]));
    return { asks, artifacts: [...(state.node.output?.artifacts ?? []), ...last.values()], verified: false, assessed: false };
  }
  return { asks, artifacts: state.node.output?.artifacts ?? [], verified: step.verification.command !== null && !state.node.gaps.some((gap) => gap.code === "no-verification-command"), assessed: step.assessments.length > 0 };
}

interface Judging {
  readonly name: string;
  readonly role: string;
  readonly plan: Plan;
  readonly goal: string;
  readonly context: JsonObject;
}

async function judge(seat: Seat, { name, role, plan, goal, context }: Judging): Promise<Verdict | { readonly left: Left }> {
  const { session, depth, tree } = seat;
  const state = session.state();
  if (state.kind === "new") return { value: { verdict: "uncertain", rationale: "The session has not started." }, notes: "" };
  const { itemId, phase, autonomy, riskPolicy, allowedTools = null } = state.facts.start;
  // What the author left running, or put into the scratch directories, must not stand by the judge (attack 15). Where others are at work it stays.
  if (depth === 0) await tree.deps.sandbox.renew();
  const sessionId = childSessionId(session.id, name);
  const init: SessionInit = {
    sessionId,
    itemId,
    parentSessionId: session.id,
    phase,
    plan,
    goal,
    context,
    autonomy,
    ...(riskPolicy === undefined ? {} : { riskPolicy }),
    allowedTools: bothAllow(READ_ONLY_TOOLS, allowedTools) ?? READ_ONLY_TOOLS,
    role,
  };
  const ran = await runHelper(seat, { sessionId, init: () => ok(init), role, workflowId: plan.id, goal, toolUseId: null, keepsFiles: false });
  if (ran.kind === "left") return { left: ran.left };
  if (ran.kind === "refused") return noVerdict(`${ran.refusal.message} ${ran.refusal.fix}`);
  const end = ran.session.state();
  const value = artifactsOf(end).findLast((artifact) => artifact.contractRef === GATE_VERDICT)?.value;
  if (end.kind === "ended" && end.outcome === "completed" && value !== undefined) return { value, notes: `${wordsOf(value)} Judged in session ${sessionId}.` };
  return noVerdict(`Session ${sessionId} ended without a verdict${end.kind === "ended" && end.reason !== null ? `: ${end.reason.message}` : "."}`);
}

function wordsOf(value: Verdict["value"]): string {
  const parsed = BUILT_IN_CONTRACTS[GATE_VERDICT].safeParse(value);
  return parsed.success ? `${parsed.data.verdict ?? "uncertain"}: ${parsed.data.rationale ?? "no reason was given"}` : "The verdict cannot be read.";
}

const noVerdict = (rationale: string): Verdict => ({ value: { verdict: "uncertain", rationale }, notes: rationale });

/** The workflow with the audit alone, for a session that has done nothing else. */
function auditPlan(plan: Plan, step: PlanStep): Plan {
  if (step.kind !== "standard") return plan;
  const alone: StandardStep = {
    ...step,
    audits: null,
    confirmation: null,
    prompt: `${step.prompt}\n\n## What was handed over\n{{handedOver}}\n\n## What was changed\n{{change}}`,
    allowedTools: bothAllow(READ_ONLY_TOOLS, step.allowedTools) ?? READ_ONLY_TOOLS,
  };
  return { ...plan, steps: [alone], extensionPoints: [], definitions: [] };
}

function findStep(steps: readonly PlanStep[], id: string): PlanStep | null {
  for (const step of steps) {
    if (step.id === id) return step;
    const inner = step.kind === "loop" ? findStep(step.body, id) : null;
    if (inner !== null) return inner;
  }
  return null;
}

/** Two lines at least, so that the template fences it: a model wrote it (I8). */
function outputText(output: StepOutput | null): string {
  if (output === null) return "Nothing was handed over.";
  const artifacts = output.artifacts.map(({ contractRef, value }) => `${contractRef}: ${canonicalJson(value)}`);
  const context = Object.keys(output.context).length === 0 ? [] : [`context: ${canonicalJson(output.context)}`];
  return revealHidden(["Notes:", output.notes.trim() === "" ? "(none)" : output.notes, ...artifacts, ...context].join("\n"));
}
