/** Carries a session on by itself until it needs someone: the agent, the host, a person, or nobody because it ended. */
import { z } from "zod";
import { type Blocker, contextSchema, type EngineEvent, type TraceEntry } from "../../record/index.ts";
import { canonicalJson, type Json, type JsonObject } from "../../shared/json.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { evaluateCondition, type Evaluation, type Plan, type PlanStep } from "../../workflow/index.ts";
import { evolve } from "./evolve.ts";
import { renderStep, valuesFor, verificationCommand } from "./rendered-step.ts";
import { blockersOf } from "./requirements.ts";
import { attemptLimit, contextOf, type GateKind, type SessionNode, type SessionState } from "./state.ts";
import { EMPTY_OUTPUT } from "./submission.ts";

/** The events that follow from a state by itself; none when it is at rest. */
export function settle(plan: Plan, from: SessionState): readonly EngineEvent[] {
  const events: EngineEvent[] = [];
  let state = from;
  for (let next = follow(plan, state); next.length > 0; next = follow(plan, state)) {
    events.push(...next);
    state = next.reduce(evolve, state);
  }
  return events;
}

function follow(plan: Plan, state: SessionState): readonly EngineEvent[] {
  switch (state.kind) {
    case "new":
    case "waiting":
    case "gate":
    case "ended":
      return [];
    case "step":
      return state.node.attempts >= attemptLimit(state.facts.start.autonomy) ? [endBlocked(state.node)] : [];
    case "moving":
      return advance(plan, state);
    case "judging":
      return judge(plan, state);
    default:
      return unreachable(state);
  }
}

const indexes = new WeakMap<Plan, ReadonlyMap<string, number>>();

/** Position of each step by its id; made once for each plan, so that a step does not cost the length of the plan. */
function indexOf(plan: Plan, stepId: string): number | null {
  const known = indexes.get(plan) ?? new Map(plan.steps.map((step, index) => [step.id, index]));
  indexes.set(plan, known);
  return known.get(stepId) ?? null;
}

export function stepOf(plan: Plan, node: SessionNode): PlanStep | null {
  const index = indexOf(plan, node.stepId);
  return index === null ? null : (plan.steps[index] ?? null);
}

/** Offers the next step whose condition holds, or ends the session. */
function advance(plan: Plan, state: Extract<SessionState, { kind: "moving" }>): readonly EngineEvent[] {
  const { facts, node } = state;
  const values = valuesFor(facts.start, contextOf(state));
  const index = node === null ? -1 : indexOf(plan, node.stepId);
  if (index === null) return [ended("failed", "step-not-in-plan", `The plan has no step "${node?.stepId}".`, [])];
  const trace: TraceEntry[] = [];
  for (let next = index + 1; next < plan.steps.length; next += 1) {
    const step = plan.steps[next];
    if (step === undefined) break;
    const evaluation = step.runCondition === null ? null : evaluateCondition(step.runCondition, values);
    const offered = evaluation === null || evaluation.holds;
    trace.push(traceEntry(step, offered, evaluation));
    if (!offered) continue;
    const nodeId = `n${facts.nodeCount + 1}`;
    const gaps = renderStep(step, values).unset.map((entry) => gap(nodeId, "unset-value", `The step "${step.id}" refers to a value that is not set: ${entry}.`));
    return [{ kind: "step_offered", data: { nodeId, parentNodeId: node?.id ?? null, stepId: step.id, trace } }, ...gaps];
  }
  if (node === null) return [ended("failed", "no-step-ran", "The conditions of all steps were false, so nothing was done.", trace)];
  return [{ kind: "session_ended", data: { outcome: "completed", reason: null, ...(trace.length === 0 ? {} : { trace }) } }];
}

/** Characters of one value in a trace; a longer one is described by its size. */
const TRACE_VALUE_CHARS = 1000;

function traceEntry(step: PlanStep, offered: boolean, evaluation: Evaluation | null): TraceEntry {
  const decision = offered ? "offered" : "skipped";
  if (evaluation === null) return { stepId: step.id, decision };
  const values = Object.fromEntries(Object.entries(evaluation.values).map(([key, value]) => [key, shortened(value)]));
  return { stepId: step.id, decision, condition: z.json().parse(JSON.parse(canonicalJson(step.runCondition))), values: contextSchema.parse(values) };
}

function shortened(value: Json): Json {
  const chars = canonicalJson(value).length;
  return chars <= TRACE_VALUE_CHARS ? value : `(${Array.isArray(value) ? "array" : typeof value} of ${chars} characters)`;
}

function judge(plan: Plan, state: Extract<SessionState, { kind: "judging" }>): readonly EngineEvent[] {
  const { node, facts } = state;
  const step = stepOf(plan, node);
  if (step === null) return [ended("failed", "step-not-in-plan", `The plan has no step "${node.stepId}".`, [])];
  if (state.gate !== null) {
    if (state.gate.verdict === "approved") return [completed(node)];
    return [blocked(node, [{ code: "gate-rejected", message: `${state.gate.by} rejected it: ${state.gate.reason}`, fix: "Do what the reason asks for and submit again." }])];
  }
  if (state.verified !== null) {
    const { exitCode, timedOut, outputTail, durationMs } = state.verified;
    if (exitCode === 0 && !timedOut) return passed(step, state);
    const how = timedOut ? "ran into its time-out" : exitCode === null ? "was ended by a signal" : `ended with exit code ${exitCode}`;
    const message = `The verification ${how} after ${(durationMs / 1000).toFixed(1)} s. The end of its output:\n${outputTail}`;
    return [blocked(node, [{ code: "verification-failed", message, fix: "Mend what fails, then submit again: the command is run again." }])];
  }
  const blockers = blockersOf(plan, step, node, node.output ?? EMPTY_OUTPUT);
  if (blockers.length > 0) return [blocked(node, blockers)];
  if (step.verification.command === null) return passed(step, state);
  const command = verificationCommand(plan, step, facts.start, node);
  if (command !== null) return [{ kind: "verification_requested", data: { nodeId: node.id, requestId: `${node.id}.${node.attempts}`, command } }];
  const message = `The step "${step.id}" wants \`${step.verification.command}\` to pass, but the command has no value: nothing was run.`;
  return [...gapOnce(node, "no-verification-command", message), ...passed(step, state)];
}

/** The work is good; the gate, if there is one, is all that is left. */
function passed(step: PlanStep, state: Extract<SessionState, { kind: "judging" }>): readonly EngineEvent[] {
  const { node, facts } = state;
  const values: JsonObject = valuesFor(facts.start, { ...node.context, ...node.output?.context });
  const { confirmation } = step;
  if (confirmation === null || (confirmation.condition !== null && !evaluateCondition(confirmation.condition, values).holds)) return [completed(node)];
  const { autonomy } = facts.start;
  if (confirmation.gate === "any" && autonomy === "full_auto_never_stop") {
    return [...gapOnce(node, "confirmation-passed-over", `The step "${step.id}" asks for confirmation; the session runs without stopping.`), completed(node)];
  }
  const gate: GateKind = confirmation.gate !== "any" ? confirmation.gate : autonomy === "guided" ? "human_approval" : "coordinator_eval";
  return [{ kind: "gate_opened", data: { nodeId: node.id, gate, question: `May the session go on from "${step.title}"?` } }];
}

const completed = (node: SessionNode): EngineEvent => ({ kind: "step_completed", data: { nodeId: node.id, stepId: node.stepId } });
const blocked = (node: SessionNode, blockers: readonly Blocker[]): EngineEvent => ({ kind: "attempt_blocked", data: { nodeId: node.id, attempt: node.attempts, blockers: [...blockers] } });
const gap = (nodeId: string, code: string, message: string): EngineEvent => ({ kind: "gap_recorded", data: { nodeId, code, message } });
const gapOnce = (node: SessionNode, code: string, message: string): readonly EngineEvent[] => (node.gaps.some((each) => each.code === code) ? [] : [gap(node.id, code, message)]);

function ended(outcome: "failed", code: string, message: string, trace: readonly TraceEntry[]): EngineEvent {
  return { kind: "session_ended", data: { outcome, reason: { code, message }, ...(trace.length === 0 ? {} : { trace: [...trace] }) } };
}

function endBlocked(node: SessionNode): EngineEvent {
  const [first, second] = node.blockers;
  const code = first !== undefined && second === undefined ? first.code : "attempts-exhausted";
  const why = node.blockers.map((blocker) => blocker.message).join(" ");
  return { kind: "session_ended", data: { outcome: "blocked", reason: { code, message: `The step "${node.stepId}" was not done after ${node.attempts} attempts: ${why}` } } };
}
