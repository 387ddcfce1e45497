import type { Plan } from "../../workflow/index.ts";
import { promptOf } from "./prompt.ts";
import { renderStep, valuesFor, verificationCommand } from "./rendered-step.ts";
import { type Requirement, requirementsOf } from "./requirements.ts";
import { stepOf } from "./settle.ts";
import type { SessionState } from "./state.ts";

/** The step an agent is to work on now, ready to be put before it. */
export interface StepOffer {
  readonly nodeId: string;
  readonly stepId: string;
  readonly title: string;
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
  const step = stepOf(plan, node);
  if (step === null) return null;
  const rendered = renderStep(step, valuesFor(facts.start, node.context));
  const requires = requirementsOf(plan, step, node);
  const introduce = options.introduce === true || node.parent === null;
  return {
    nodeId: node.id,
    stepId: step.id,
    title: step.title,
    prompt: promptOf({ plan, node, autonomy: facts.start.autonomy, rendered, introduce, command: verificationCommand(plan, step, facts.start, node) }),
    agentRole: rendered.agentRole,
    systemPrompt: rendered.systemPrompt,
    modelTier: step.modelTier,
    allowedTools: step.allowedTools,
    attempt: node.attempts + 1,
    requires,
  };
}
