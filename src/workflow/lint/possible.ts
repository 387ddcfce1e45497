/** Whether any values make a formula true. "No" is certain; "yes" is also said where it cannot be known. */
import type { Json } from "../../shared/json.ts";
import { evaluateCondition } from "../condition.ts";
import { type Formula, type Test, testKey, testsOf } from "./formula.ts";

/** What a value can be: one of these; or null and anything of these JSON types; or, being null, anything at all. */
export type Domain = { readonly values: readonly Json[] } | { readonly types: readonly string[] } | null;

/** Evaluations that are tried; beyond them the formula counts as possible. */
const TRIES = 5_000;

/** Whether each test holds, by its key. */
type Truths = ReadonlyMap<string, boolean>;

/** False only if no values that the domains allow make the formula true. */
export function possible(formula: Formula, domain: (path: string) => Domain): boolean {
  return separate(formula).every((part) => search(part, choicesOf(part, domain)));
}

/** Parts that must all be true and have no value in common, so that each can be looked at by itself. */
function separate(formula: Formula): readonly Formula[] {
  if (formula.kind !== "and" || formula.parts.length === 0) return [formula];
  let groups: { readonly paths: ReadonlySet<string>; readonly parts: readonly Formula[] }[] = [];
  for (const part of formula.parts) {
    const paths = new Set(testsOf(part).map((test) => test.var));
    const touching = groups.filter((group) => [...group.paths].some((path) => paths.has(path)));
    const merged = { paths: new Set([...touching.flatMap((group) => [...group.paths]), ...paths]), parts: [...touching.flatMap((group) => group.parts), part] };
    groups = [...groups.filter((group) => !touching.includes(group)), merged];
  }
  return groups.map(({ parts }) => ({ kind: "and", parts }));
}

/** For each value looked at, the ways its tests can come out together. */
function choicesOf(formula: Formula, domain: (path: string) => Domain): readonly (readonly Truths[])[] {
  const byPath = Map.groupBy(testsOf(formula), (test) => test.var);
  return [...byPath].flatMap(([path, tests]): readonly (readonly Truths[])[] => {
    const known = domain(path);
    if (known !== null && "values" in known) return [outcomes(tests, known.values)];
    // What a text holds is anything: each such test may come out either way.
    const open = tests.filter(isOpen);
    const closed = tests.filter((test) => !isOpen(test));
    const values = samples(closed).filter((value) => known === null || value === null || known.types.some((type) => isOfType(value, type)));
    return [...(closed.length === 0 ? [] : [outcomes(closed, values)]), ...open.map((test) => [new Map([[testKey(test), true]]), new Map([[testKey(test), false]])])];
  });
}

function outcomes(tests: readonly Test[], values: readonly Json[]): readonly Truths[] {
  const found = values.map((value) => tests.map((test) => [testKey(test), holdsFor(test, value)] as const));
  return [...new Map(found.map((truths) => [truths.map(([, holds]) => (holds ? "1" : "0")).join(""), new Map(truths)])).values()];
}

const holdsFor = ({ types, ...test }: Test, value: Json): boolean => (types === undefined ? evaluateCondition(test, { [test.var]: value }).holds : types.some((type) => isOfType(value, type)));

const isOpen = ({ contains, startsWith, endsWith, matches }: Test): boolean => [contains, startsWith, endsWith, matches].some((each) => each !== undefined);

/** Equal to no text that an author writes. */
const OTHER_TEXT = "\u0000 other";

/** Values of every kind that the tests can tell apart. */
function samples(tests: readonly Test[]): readonly Json[] {
  const constants = tests.flatMap(({ equals, not_equals: unequal, gt, gte, lt, lte, in: several = [] }) => [equals, unequal, gt, gte, lt, lte, ...several].filter((each) => each !== undefined));
  const numbers = [...new Set([0, 1, ...constants.flatMap((each) => (typeof each === "boolean" || each === null || Array.isArray(each) || Number.isNaN(Number(each)) ? [] : [Number(each)]))])].toSorted((a, b) => a - b);
  const between = numbers.flatMap((number, index) => [number, (number + (numbers[index + 1] ?? number + 2)) / 2]);
  const asTexts = numbers.flatMap((number) => [`${number}`, `${number}${Number.isInteger(number) ? "." : ""}0`, `${number < 0 ? "-" : "+"}0${Math.abs(number)}`]);
  return [null, true, false, "", "true", "yes", "false", "no", OTHER_TEXT, [], [OTHER_TEXT], {}, { [OTHER_TEXT]: 1 }, ...constants, ...constants.map((each) => (typeof each === "string" ? each : JSON.stringify(each))), (numbers[0] ?? 0) - 1, ...between, ...asTexts];
}

function isOfType(value: Json, type: string): boolean {
  if (type === "integer") return Number.isInteger(value);
  return type === (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);
}

function search(formula: Formula, choices: readonly (readonly Truths[])[]): boolean {
  let tries = 0;
  const chosen = new Map<string, boolean>();
  const choose = (index: number): boolean => {
    tries += 1;
    const truth = truthOf(formula, chosen);
    if (truth !== null || tries > TRIES) return truth !== false;
    const options = choices[index];
    if (options === undefined) return true;
    const found = options.some((truths) => {
      for (const [key, holds] of truths) chosen.set(key, holds);
      return choose(index + 1);
    });
    if (!found) for (const key of options[0]?.keys() ?? []) chosen.delete(key);
    return found;
  };
  return choose(0);
}

/** Null: it depends on a value that is not chosen yet. */
function truthOf(formula: Formula, chosen: Truths): boolean | null {
  if (formula.kind === "test") {
    const truth = chosen.get(testKey(formula.test));
    return truth === undefined ? null : truth === formula.holds;
  }
  const decisive = formula.kind === "or";
  let open = false;
  for (const part of formula.parts) {
    const truth = truthOf(part, chosen);
    if (truth === decisive) return decisive;
    open ||= truth === null;
  }
  return open ? null : !decisive;
}
