import { bothAllow, type Plan } from "../../workflow/index.ts";
import { totalOf } from "./loops.ts";
import { stepOf } from "./outline.ts";
import { promptOf } from "./prompt.ts";
import { renderStep, valuesFor, verificationCommand } from "./rendered-step.ts";
import { type Requirement, requirementsOf } from "./requirements.ts";
import { isFirstWork, type SessionState } from "./state.ts";
import { workOf } from "./work.ts";

/** The step an agent is to work on now, ready to be put before it. */
export interface StepOffer {
  readonly nodeId: string;
  readonly stepId: string;
  readonly title: string;
  /** An audit is for somebody other than the author of the work; a synthesis brings the results of children together. */
  readonly role: "work" | "audit" | "synthesis";
  /** The author's text with its values, the verification that will be run, and what blocked the last attempt; not what `requires` says. */
  readonly prompt: string;
  readonly agentRole: string | null;
  /** The step's own; the workflow's is `plan.systemPrompt`. */
  readonly systemPrompt: string | null;
  readonly modelTier: "lightweight" | "mid" | "heavy" | null;
  /** Null when the step allows every tool. */
  readonly allowedTools: readonly string[] | null;
  /** From 1. */
  readonly attempt: number;
  /** The innermost loop around the step; `total` where it is known. */
  readonly loop: { readonly id: string; readonly iteration: number; readonly total: number | null } | null;
  readonly requires: readonly Requirement[];
}

/**
 * The offer of a session that has a step out; null in any other state.
 * @param options `introduce` repeats what holds for the whole session (meta guidance, preconditions, references), for an agent
 *   that comes to it anew; the first step always has it
 */
export function offer(plan: Plan, state: SessionState, options: { readonly introduce?: boolean } = {}): StepOffer | null {
  if (state.kind !== "step") return null;
  const { node, facts } = state;
  const planStep = stepOf(plan, node);
  if (planStep === null) return null;
  const step = workOf(planStep);
  const { start } = facts;
  const values = valuesFor(start, node.context, node.scope);
  const rendered = renderStep(step, values);
  const introduce = options.introduce === true || isFirstWork(node);
  const turn = node.loops.at(-1);
  const around = turn === undefined ? null : stepOf(plan, { stepId: turn.loopId });
  const command = verificationCommand(plan, step, start, node);
  return {
    nodeId: node.id,
    stepId: step.id,
    title: rendered.title,
    role: step.audits !== null ? "audit" : planStep.kind === "parallel" ? "synthesis" : "work",
    prompt: promptOf({ plan, step, node, start, autonomy: start.autonomy, riskPolicy: start.riskPolicy ?? null, rendered, introduce, command: command?.kind === "command" ? command.text : command?.kind === "unset" ? step.verification.command : null }),
    agentRole: rendered.agentRole,
    systemPrompt: rendered.systemPrompt,
    modelTier: start.modelTier ?? step.modelTier,
    allowedTools: bothAllow(step.allowedTools, start.allowedTools ?? null),
    attempt: node.attempts + 1,
    loop: turn === undefined ? null : { id: turn.loopId, iteration: turn.iteration, total: around?.kind === "loop" ? totalOf(around, turn, values) : null },
    requires: requirementsOf(plan, planStep, node, start),
  };
}
