import type { LoopStep, Plan, PlanStep } from "../../workflow/index.ts";

/** Where a step stands in its plan. */
export interface Place {
  readonly step: PlanStep;
  readonly siblings: readonly PlanStep[];
  readonly index: number;
  /** The loops around it, outermost first. */
  readonly loops: readonly LoopStep[];
}

interface Outline {
  readonly places: ReadonlyMap<string, Place>;
  /** Context keys that some step declares under `produces`. */
  readonly produced: ReadonlySet<string>;
  /** The last step at the top: what is reported once at the end is asked for there. */
  readonly last: string;
}

const outlines = new WeakMap<Plan, Outline>();

/** Made once for each plan, so that a step does not cost the length of the plan. */
function outlineOf(plan: Plan): Outline {
  const known = outlines.get(plan);
  if (known !== undefined) return known;
  const places = new Map<string, Place>();
  const produced = new Set<string>();
  const walk = (siblings: readonly PlanStep[], loops: readonly LoopStep[]) => {
    for (const [index, step] of siblings.entries()) {
      places.set(step.id, { step, siblings, index, loops });
      if (step.kind === "standard") for (const key of Object.keys(step.produces)) produced.add(key);
      if (step.kind === "loop") walk(step.body, [...loops, step]);
    }
  };
  walk(plan.steps, []);
  const outline = { places, produced, last: plan.steps.at(-1)?.id ?? "" };
  outlines.set(plan, outline);
  return outline;
}

export const placeOf = (plan: Plan, stepId: string): Place | null => outlineOf(plan).places.get(stepId) ?? null;
export const stepOf = (plan: Plan, node: { readonly stepId: string }): PlanStep | null => placeOf(plan, node.stepId)?.step ?? null;
export const producedKeys = (plan: Plan): ReadonlySet<string> => outlineOf(plan).produced;
export const isLastStep = (plan: Plan, stepId: string): boolean => outlineOf(plan).last === stepId;
