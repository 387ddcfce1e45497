import type { JsonObject } from "../../shared/json.ts";
import { type Plan, type PlanStep, renderCommand, renderPrompt } from "../../workflow/index.ts";
import type { SessionNode, SessionStart } from "./state.ts";

/** The author's text of one step with its values in place. */
export interface RenderedStep {
  readonly prompt: string;
  readonly guidance: readonly string[];
  readonly agentRole: string | null;
  readonly systemPrompt: string | null;
  readonly verificationPrompt: string | null;
  /** One entry for each placeholder without a value. */
  readonly unset: readonly string[];
}

export function renderStep(step: PlanStep, values: JsonObject): RenderedStep {
  const unset = new Set<string>();
  const render = (template: string): string => {
    const rendered = renderPrompt(template, values);
    for (const entry of rendered.unset) unset.add(entry);
    return rendered.text;
  };
  return {
    prompt: render(step.prompt),
    guidance: [...step.guidance.map(render), ...step.hints],
    agentRole: step.agentRole === null ? null : render(step.agentRole),
    systemPrompt: step.systemPrompt === null ? null : render(step.systemPrompt),
    verificationPrompt: step.verification.prompt === null ? null : render(step.verification.prompt),
    unset: [...unset],
  };
}

/** What templates and conditions of a step see. `goal` is always the session's. */
export const valuesFor = (start: SessionStart, context: JsonObject): JsonObject => ({ ...context, goal: start.goal });

/**
 * The step's verification command, or null when it has none or a value is unset. It sees what the session was started with and
 * the keys that steps declare under `produces`, so what an agent adds to the context on its own cannot change what is run.
 */
export function verificationCommand(plan: Plan, step: PlanStep, start: SessionStart, node: SessionNode): string | null {
  if (step.verification.command === null) return null;
  const context = { ...node.context, ...node.output?.context };
  const declared = new Set(plan.steps.flatMap((each) => Object.keys(each.produces)));
  const produced = Object.entries(context).filter(([key]) => declared.has(key));
  return renderCommand(step.verification.command, valuesFor(start, { ...start.context, ...Object.fromEntries(produced) }));
}
