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
  /** Steps behind which nothing else may have work: what is reported at the end is asked for there. */
  readonly closing: ReadonlySet<string>;
  /** Steps and turns of loops that one decision looks at, at most. */
  readonly looks: number;
}

/**
 * Looks of one decision beyond which a plan counts as one without an end: loops in loops may multiply to a number nobody waits
 * for. These take about a second.
 */
const MOST_LOOKS = 300_000;

/** What a list of steps takes when every loop in it runs to its limit and no condition holds. */
const looksOf = (steps: readonly PlanStep[]): number => steps.reduce((sum, step) => sum + 1 + (step.kind === "loop" ? step.loop.maxIterations * (looksOf(step.body) + 1) : 0), 1);

/** From the back up to the first step that is sure to have work; audits and gates are none of their own. `sure`: one of them will have. */
function closingOf(steps: readonly PlanStep[]): { readonly ids: readonly string[]; readonly sure: boolean } {
  const ids: string[] = [];
  for (const step of steps.toReversed()) {
    if (step.kind === "confirm" || step.kind === "gather" || (step.kind === "standard" && step.audits !== null)) continue;
    const within = step.kind === "loop" ? closingOf(step.body) : { ids: [step.id], sure: step.kind === "standard" };
    ids.push(...within.ids);
    const begins = step.kind !== "loop" || step.loop.decidedBy === "artifact" || (step.loop.type === "for" && Number(step.loop.count) >= 1);
    if (step.runCondition === null && within.sure && begins) return { ids, sure: true };
  }
  return { ids, sure: false };
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
  const outline = { places, produced, closing: new Set(closingOf(plan.steps).ids), looks: Math.min(MOST_LOOKS, 2 * looksOf(plan.steps)) };
  outlines.set(plan, outline);
  return outline;
}

export const placeOf = (plan: Plan, stepId: string): Place | null => outlineOf(plan).places.get(stepId) ?? null;
export const stepOf = (plan: Plan, node: { readonly stepId: string }): PlanStep | null => placeOf(plan, node.stepId)?.step ?? null;
export const producedKeys = (plan: Plan): ReadonlySet<string> => outlineOf(plan).produced;
export const mayBeLast = (plan: Plan, stepId: string): boolean => outlineOf(plan).closing.has(stepId);
/** Twice the whole plan: a jump may lead back to its beginning. */
export const lookLimit = (plan: Plan): number => outlineOf(plan).looks;
