/** Ways back that nobody wrote: a judgement or a gate that says no sends work back. */
import type { PlanStep } from "../plan.ts";
import type { PlacedStep } from "./placed-steps.ts";

/** A way back, by the places of its steps. */
export interface Way {
  readonly from: number;
  readonly to: number;
}

/** From each gate and audit to the earliest work that it may send back. */
export function rejections(placed: readonly PlacedStep[]): readonly Way[] {
  return placed.flatMap((judge): readonly Way[] => {
    const { step, index } = judge;
    const judges = step.kind === "confirm" || (step.kind === "standard" && step.audits !== null);
    if (!judges) return (step.kind === "standard" || step.kind === "parallel") && step.confirmation !== null ? [{ from: index, to: isWork(step) ? index : earliest(judge, placed) }] : [];
    return [{ from: index, to: earliest(judge, placed) }];
  });
}

/** The nearest work before it that is surely done, or the first step. */
function earliest({ index, around }: PlacedStep, placed: readonly PlacedStep[]): number {
  const sure = placed.findLast((each) => each.index < index && isWork(each.step) && each.step.runCondition === null && each.around.every((loop) => around.includes(loop)));
  return sure?.index ?? 0;
}

/** Somebody does something here that can be done again. */
const isWork = (step: PlanStep): boolean => (step.kind === "standard" ? step.audits === null : step.kind === "parallel" && (step.synthesis !== null || step.notesRequired));
