/** Steps that are never come to, and conditions that can never hold where they are looked at. */
import type { Condition } from "../condition.ts";
import type { LoopStep } from "../plan.ts";
import { domainOf } from "./domain.ts";
import { conditionsOf, keyOf } from "./flow.ts";
import { all, forgetting, type Formula, formulaOf, TRUE } from "./formula.ts";
import type { PlacedStep } from "./placed-steps.ts";
import { possible } from "./possible.ts";
import type { LintSubject } from "./subject.ts";

type Seen = Pick<LintSubject, "flow" | "known">;

/** Whether it can be so at the step. @param after looked at when the work is done */
export const canBe = (formula: Formula, { by, after }: { readonly by: PlacedStep; readonly after: boolean }, { flow }: Seen): boolean => possible(formula, (path) => domainOf({ path, by, after }, flow));

/** Whether the step is ever come to, its own condition aside. */
export const isReached = (by: PlacedStep, seen: Seen): boolean => canBe(seen.known(by.step).before, { by, after: false }, seen);

/** The conditions of a step that cannot hold. Nothing can in a step that never runs; then only its own is told. */
export function impossibleAt(by: PlacedStep, seen: Seen): readonly Condition[] {
  const { step } = by;
  const { within, after } = seen.known(step);
  if (step.runCondition !== null && !canBe(all(within, formulaOf(step.runCondition)), { by, after: false }, seen)) return [step.runCondition];
  return conditionsOf(step).flatMap(({ condition, after: isAfter }) => {
    if (condition === step.runCondition || (step.kind === "loop" && condition === step.loop.condition)) return [];
    const known = isAfter ? after : forgettingItems(within, by);
    return canBe(all(known, formulaOf(condition)), { by, after: isAfter }, seen) ? [] : [condition];
  });
}

/** A delegation's condition sees the item that its child is for. */
function forgettingItems(formula: Formula, { step }: PlacedStep): Formula {
  const items = step.kind === "parallel" ? step.forEach : null;
  return items === null ? formula : forgetting(formula, (path) => [items.itemVar, items.indexVar, items.iterationVar].includes(keyOf(path)));
}

/** Whether the condition of a `while` or `until` lets a first turn begin; of other loops it is not known. */
export function canBegin(by: PlacedStep, step: LoopStep, seen: Seen): boolean {
  const { condition, type, decidedBy } = step.loop;
  if (condition === null || decidedBy !== "condition") return true;
  const { within } = seen.known(step);
  return !canBe(within, { by, after: false }, seen) || canBe(all(within, formulaOf(condition, type === "while")), { by, after: false }, seen);
}

/** Whether a condition holds, or fails, whatever its values are. */
export const isConstant = (condition: Condition, holds: boolean): boolean => !possible(all(TRUE, formulaOf(condition, !holds)), () => null);
