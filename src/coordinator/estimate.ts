/** What an item will take, before it runs: a range, with what it is based on in words. Pure. */
import { TYPICAL_TURN, typicalCostMicroUsd } from "../agent/index.ts";
import { possibleRuns, type RunCount } from "../engine/pipeline/index.ts";
import { modelPrice } from "../shared/models.ts";
import { unreachable } from "../shared/unreachable.ts";
import type { Plan, PlanStep } from "../workflow/index.ts";
import type { CoordinatorDeps, Estimate, ModelTier } from "./deps.ts";

/** Turns that a step takes: one that only hands over, and to search, change, test and mend. Assumed, not measured in the field. */
const STEP_TURNS = { low: 1, high: 12 };
/** Rounds of a loop that nobody knows the length of. */
const LOOP_ROUNDS = 3;
/** Sessions inside sessions that are followed. */
const MOST_DEPTH = 2;

type Source = Pick<CoordinatorDeps, "findPlan" | "budget"> & { readonly model: Pick<CoordinatorDeps["model"], "name" | "tiers"> };

/** @returns null when a workflow is not found or a model has no price: then nothing can be run either */
export function estimateItem(source: Source, item: Parameters<typeof possibleRuns>[0]): Estimate | null {
  const costs: Costs[] = [];
  for (const course of possibleRuns(item)) {
    const cost = costsOf(source, course);
    if (cost === null) return null;
    costs.push(cost);
  }
  const [first, ...others] = costs;
  if (first === undefined) return null;
  const cheapest = others.reduce((least, each) => (each.low < least.low ? each : least), first);
  const dearest = others.reduce((worst, each) => (each.high > worst.high ? each : worst), first);
  const sum = { low: cheapest.low, high: dearest.high };
  const most = source.budget.costMicroUsd;
  const capped = sum.high > most ? `; never more than the budget of ${usd(most)}` : "";
  const parts = cheapest === dearest ? cheapest.words : `at the least ${cheapest.words}; at the most ${dearest.words}`;
  const basis = `${parts}, at ${STEP_TURNS.low} to ${STEP_TURNS.high} turns a step; ${TYPICAL_TURN}; list prices of ${source.model.name}${capped}`;
  return { lowMicroUsd: Math.min(sum.low, most), highMicroUsd: Math.min(sum.high, most), basis };
}

interface Costs extends Range {
  readonly words: string;
}

function costsOf(source: Source, course: readonly RunCount[]): Costs | null {
  let [lowest, highest] = [0, 0];
  const parts: string[] = [];
  for (const { workflowId, low, high } of course) {
    const plan = source.findPlan(workflowId);
    if (!plan.ok) return null;
    const turns = turnsOf(source, plan.value);
    const cost = costOf(turns);
    if (cost === null) return null;
    lowest += low * cost.low;
    highest += high * cost.high;
    const all = total(turns);
    parts.push(`${workflowId} ${low === 1 && high === 1 ? "once" : `${low} to ${high} times`} (${all.low} to ${all.high} turns)`);
  }
  return { low: lowest, high: highest, words: parts.join(", ") };
}

interface Range {
  readonly low: number;
  readonly high: number;
}

/** Turns by the model that does them: a step of another tier is a conversation of its own. */
type TurnsByModel = ReadonlyMap<string, Range>;

const total = (turns: TurnsByModel): Range => [...turns.values()].reduce((sum, { low, high }) => ({ low: sum.low + low, high: sum.high + high }), { low: 0, high: 0 });

function turnsOf(source: Source, plan: Plan): TurnsByModel {
  const turns = new Map<string, Range>();
  const add = (tier: ModelTier | null, times: Range): void => {
    const model = tier === null ? source.model.name : source.model.tiers[tier];
    const before = turns.get(model) ?? { low: 0, high: 0 };
    turns.set(model, { low: before.low + times.low * STEP_TURNS.low, high: before.high + times.high * STEP_TURNS.high });
  };
  const visit = (steps: readonly PlanStep[], times: Range, depth: number): void => {
    for (const step of steps) {
      const here = step.runCondition === null ? times : { ...times, low: 0 };
      switch (step.kind) {
        case "standard":
          add(step.modelTier, here);
          break;
        case "loop": {
          const rounds = Math.min(step.loop.maxIterations, LOOP_ROUNDS);
          visit(step.body, { low: here.low, high: here.high * rounds }, depth);
          break;
        }
        case "parallel":
          add(step.modelTier, here);
          for (const { workflowId } of depth < MOST_DEPTH ? step.delegations : []) {
            const child = source.findPlan(workflowId);
            if (child.ok) visit(child.value.steps, here, depth + 1);
          }
          break;
        case "gather":
        case "confirm":
          break;
        default:
          unreachable(step);
      }
    }
  };
  visit(plan.steps, { low: 1, high: 1 }, 0);
  return turns;
}

function costOf(turns: TurnsByModel): Range | null {
  let [low, high] = [0, 0];
  for (const [model, range] of turns) {
    const price = modelPrice(model);
    if (!price.ok) return null;
    low += typicalCostMicroUsd(price.value, range.low);
    high += typicalCostMicroUsd(price.value, range.high);
  }
  return { low, high };
}

const usd = (microUsd: number): string => `$${(microUsd / 1_000_000).toFixed(microUsd >= 1_000_000 ? 2 : 4)}`;

/** The range alone, such as "$0.0312 to $1.25". */
export const estimateWords = ({ lowMicroUsd, highMicroUsd }: Estimate): string => `${usd(lowMicroUsd)} to ${usd(highMicroUsd)}`;
