import type { JsonObject } from "../../shared/json.ts";
import { evaluateCondition, type Plan, renderCommand, type RenderedCommand, renderLine, renderPrompt, type StandardStep } from "../../workflow/index.ts";
import { placeOf, producedKeys } from "./outline.ts";
import type { SessionNode, SessionStart } from "./state.ts";

/** The author's text of one step with its values in place. */
export interface RenderedStep {
  readonly title: string;
  readonly prompt: string;
  readonly guidance: readonly string[];
  readonly agentRole: string | null;
  readonly systemPrompt: string | null;
  readonly verificationPrompt: string | null;
  /** One entry for each placeholder without a value. */
  readonly unset: readonly string[];
}

const fixed = new WeakMap<StandardStep, RenderedStep | null>();

/** The text of a step that is the same whatever the values are, made once; null when values have a say. */
export function fixedText(step: StandardStep): RenderedStep | null {
  let text = fixed.get(step);
  if (text === undefined) {
    const templates = [step.title, step.prompt, ...step.fragments.map((fragment) => fragment.text), ...step.guidance, step.agentRole, step.systemPrompt, step.verification.prompt];
    const varies = step.fragments.some((fragment) => fragment.when !== null) || templates.some((template) => template !== null && template.includes("{{"));
    text = varies ? null : render(step, {});
    fixed.set(step, text);
  }
  return text;
}

export const renderStep = (step: StandardStep, values: JsonObject): RenderedStep => fixedText(step) ?? render(step, values);

function render(step: StandardStep, values: JsonObject): RenderedStep {
  const unset = new Set<string>();
  const fill = (template: string, as = renderPrompt): string => {
    const rendered = as(template, values);
    for (const entry of rendered.unset) unset.add(entry);
    return rendered.text;
  };
  const fragments = step.fragments.filter((fragment) => fragment.when === null || evaluateCondition(fragment.when, values).holds);
  return {
    title: fill(step.title, renderLine),
    prompt: [step.prompt, ...fragments.map((fragment) => fragment.text)].map((text) => fill(text.trimEnd())).join("\n\n"),
    guidance: [...step.guidance.map((text) => fill(text)), ...step.hints],
    agentRole: step.agentRole === null ? null : fill(step.agentRole),
    systemPrompt: step.systemPrompt === null ? null : fill(step.systemPrompt),
    verificationPrompt: step.verification.prompt === null ? null : fill(step.verification.prompt),
    unset: [...unset],
  };
}

/** What templates and conditions of a step see: loop variables over the context. `goal` is always the session's. */
export const valuesFor = (start: SessionStart, context: JsonObject, scope: JsonObject): JsonObject => ({ ...context, ...scope, goal: start.goal });

export const valuesAt = (start: SessionStart, node: SessionNode): JsonObject => valuesFor(start, { ...node.context, ...node.output?.context }, node.scope);

/**
 * The step's verification command as it can be run now; null when it has none. It sees what the session was started with and the
 * keys that steps declare under `produces`, so what an agent adds to the context on its own cannot change what is run.
 */
export function verificationCommand(plan: Plan, step: StandardStep, start: SessionStart, node: SessionNode): RenderedCommand | null {
  if (step.verification.command === null) return null;
  const context = { ...node.context, ...node.output?.context };
  const declared = producedKeys(plan);
  const produced = Object.entries(context).filter(([key]) => declared.has(key));
  const trusted = { ...start.context, ...Object.fromEntries(produced) };
  return renderCommand(step.verification.command, { configured: start.context["commands"], values: valuesFor(start, trusted, trustedScope(plan, node, trusted)) });
}

/** Loop variables that count, and items of lists that themselves may be seen. */
function trustedScope(plan: Plan, node: SessionNode, trusted: JsonObject): JsonObject {
  const hidden = new Set<string>();
  for (const { loop } of placeOf(plan, node.stepId)?.loops ?? []) {
    if (loop.type === "forEach" && !Object.hasOwn(trusted, (loop.items ?? "").split(".")[0] ?? "")) hidden.add(loop.itemVar);
  }
  return Object.fromEntries(Object.entries(node.scope).filter(([key]) => !hidden.has(key)));
}
