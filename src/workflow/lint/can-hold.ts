/** Whether a condition can hold at all, given what is known of its values. */
import type { Json } from "../../shared/json.ts";
import { evaluateCondition, type Condition } from "../condition.ts";
import { variablesOf } from "./flow.ts";

/** The values a path may have; null when anything is possible. */
export type Domain = (path: string) => readonly Json[] | null;

/** Combinations that are tried; beyond them the condition counts as possible. */
const COMBINATIONS = 1_024;

/** False only if no combination of values makes the condition true. */
export function canHold(condition: Condition, domain: Domain): boolean {
  const known = [...new Set(variablesOf(condition))].flatMap((path) => {
    const values = domain(path);
    return values === null ? [] : [{ path, values }];
  });
  if (known.reduce((count, { values }) => count * values.length, 1) > COMBINATIONS) return true;
  const combine = (rest: readonly (typeof known)[number][], chosen: ReadonlyMap<string, Json>): boolean => {
    const [first, ...others] = rest;
    return first === undefined ? truthOf(condition, chosen) !== false : first.values.some((value) => combine(others, new Map([...chosen, [first.path, value]])));
  };
  return combine(known, new Map());
}

/** Null: it depends on a value nobody knows. */
function truthOf(condition: Condition, chosen: ReadonlyMap<string, Json>): boolean | null {
  if (condition.var !== undefined) {
    const value = chosen.get(condition.var);
    return value === undefined ? null : evaluateCondition(condition, { [condition.var]: value }).holds;
  }
  if (condition.and !== undefined) return all(condition.and.map((part) => truthOf(part, chosen)));
  if (condition.or !== undefined) return negated(all(condition.or.map((part) => negated(truthOf(part, chosen)))));
  return condition.not === undefined ? true : negated(truthOf(condition.not, chosen));
}

const negated = (truth: boolean | null): boolean | null => (truth === null ? null : !truth);
const all = (truths: readonly (boolean | null)[]): boolean | null => (truths.includes(false) ? false : truths.includes(null) ? null : true);
