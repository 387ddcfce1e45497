/** What is known of values at a place of a workflow: conditions joined, with a "not" only in front of a single test. */
import { canonicalJson } from "../../shared/json.ts";
import type { Condition } from "../condition.ts";

/** One `var` with one operator or with none; or the JSON types that its value may have. */
export type Test = Condition & { readonly var: string; readonly types?: readonly string[] };

export type Formula = { readonly kind: "and" | "or"; readonly parts: readonly Formula[] } | { readonly kind: "test"; readonly test: Test; readonly holds: boolean };

/** Nothing is known. */
export const TRUE: Formula = { kind: "and", parts: [] };
/** Nobody comes here. */
export const FALSE: Formula = { kind: "or", parts: [] };

export const isTrue = (formula: Formula): boolean => formula.kind === "and" && formula.parts.length === 0;
export const isFalse = (formula: Formula): boolean => formula.kind === "or" && formula.parts.length === 0;

/** That a condition holds, or does not. Of a `var` beside `and`, `or` or `not` the `var` counts, as when it is evaluated. */
export function formulaOf(condition: Condition, holds = true): Formula {
  const { var: path, and, or, not, ...operators } = condition;
  if (path !== undefined) {
    const used = Object.entries(operators).filter(([, value]) => value !== undefined);
    const tests = used.length === 0 ? [{ var: path }] : used.map(([operator, value]) => ({ var: path, [operator]: value }));
    return joined(holds ? "and" : "or", tests.map((test) => ({ kind: "test", test, holds })));
  }
  if (and !== undefined) return joined(holds ? "and" : "or", and.map((part) => formulaOf(part, holds)));
  if (or !== undefined) return joined(holds ? "or" : "and", or.map((part) => formulaOf(part, holds)));
  if (not !== undefined) return formulaOf(not, !holds);
  return holds ? TRUE : FALSE;
}

export const hasType = (path: string, types: readonly string[]): Formula => ({ kind: "test", test: { var: path, types }, holds: true });

export const all = (...parts: readonly Formula[]): Formula => joined("and", parts);
export const either = (...parts: readonly Formula[]): Formula => joined("or", parts);

function joined(kind: "and" | "or", parts: readonly Formula[]): Formula {
  const flat = parts.flatMap((part) => (part.kind === kind ? part.parts : [part]));
  if (flat.some(kind === "and" ? isFalse : isTrue)) return kind === "and" ? FALSE : TRUE;
  const found = new Map(flat.map((part) => [keyOfFormula(part), part]));
  const [only] = found.values();
  return found.size === 1 && only !== undefined ? only : { kind, parts: [...found.values()] };
}

const keys = new WeakMap<Formula, string>();

/** The same for formulas that say the same in the same words. */
function keyOfFormula(formula: Formula): string {
  const known = keys.get(formula) ?? (formula.kind === "test" ? `${formula.holds}${testKey(formula.test)}` : `${formula.kind}(${formula.parts.map(keyOfFormula).join(",")})`);
  keys.set(formula, known);
  return known;
}

const testKeys = new WeakMap<Test, string>();

export function testKey(test: Test): string {
  const known = testKeys.get(test) ?? canonicalJson(JSON.parse(JSON.stringify(test)));
  testKeys.set(test, known);
  return known;
}

/** What is left of it once some values may have changed; itself if it says nothing of them. */
export function forgetting(formula: Formula, changed: (path: string) => boolean): Formula {
  if (formula.kind === "test") return changed(formula.test.var) ? TRUE : formula;
  const parts = formula.parts.map((part) => forgetting(part, changed));
  return parts.every((part, index) => part === formula.parts[index]) ? formula : joined(formula.kind, parts);
}

/** Every test in it, those that say the same once. */
export function testsOf(formula: Formula): readonly Test[] {
  const found = new Map<string, Test>();
  const walk = (at: Formula): void => (at.kind === "test" ? void found.set(testKey(at.test), at.test) : at.parts.forEach(walk));
  walk(formula);
  return [...found.values()];
}

export const sizeOf = (formula: Formula): number => (formula.kind === "test" ? 1 : formula.parts.reduce((sum, part) => sum + sizeOf(part), 1));
