import type { JsonObject } from "../../shared/json.ts";
import { unreachable } from "../../shared/unreachable.ts";
import type { PlanStep, StandardStep } from "../../workflow/index.ts";

const works = new WeakMap<PlanStep, StandardStep>();

/** What an agent has to do at a step, whatever its kind; made once for each step. */
export function workOf(step: PlanStep): StandardStep {
  if (step.kind === "standard") return step;
  const known = works.get(step);
  if (known !== undefined) return known;
  const work = { ...blank(step), ...ownOf(step) };
  works.set(step, work);
  return work;
}

const blank = ({ id, title, runCondition, origin }: PlanStep): StandardStep => ({
  kind: "standard",
  id,
  title,
  runCondition,
  origin,
  prompt: "",
  agentRole: null,
  systemPrompt: null,
  modelTier: null,
  guidance: [],
  hints: [],
  confirmation: null,
  contract: null,
  notesRequired: false,
  requires: {},
  produces: {},
  allowedTools: null,
  verification: { command: null, prompt: null },
  audits: null,
  closes: null,
  fragments: [],
  definitions: [],
  criteria: null,
  assessments: [],
  consequences: [],
  jump: null,
});

function ownOf(step: Exclude<PlanStep, StandardStep>): Partial<StandardStep> {
  switch (step.kind) {
    case "parallel":
      return {
        prompt: step.synthesis?.prompt ?? `Bring together what the delegated work under "${step.title}" came to: what holds, where results disagree, and what is missing.`,
        contract: step.synthesis?.contract ?? null,
        notesRequired: step.notesRequired,
        confirmation: step.confirmation,
        modelTier: step.modelTier,
        allowedTools: step.allowedTools,
      };
    case "gather":
      return {
        prompt: `The ${step.contextType} for this work was not found. Find it or ask for it, and hand it over as the context value "${step.outputVar}".`,
        produces: { [step.outputVar]: { type: ["string", "number", "boolean", "array", "object"] } satisfies JsonObject },
      };
    case "confirm":
      return { confirmation: step.confirmation };
    case "loop":
      return { prompt: `The loop "${step.title}" cannot go on by itself.` };
    default:
      return unreachable(step);
  }
}
