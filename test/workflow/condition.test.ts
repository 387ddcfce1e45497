import { describe, expect, test } from "vitest";
import { type Condition, evaluateCondition } from "../../src/workflow/index.ts";

const context = { s: " Small ", n: 5, t: true, yes: "yes", list: ["a", 2], zero: 0, nothing: null, deep: { er: { v: "x" } }, "flat.key": 1, big: "a".repeat(50_000) };
const holds = (condition: Condition): boolean => evaluateCondition(condition, context).holds;

describe("conditions evaluate as WorkRail's do", () => {
  const table: readonly (readonly [Condition, boolean])[] = [
    [{ var: "s", equals: "small" }, true],
    [{ var: "s", not_equals: "SMALL" }, false],
    [{ var: "n", equals: "5" }, true],
    [{ var: "n", equals: " 5 " }, true],
    [{ var: "n", equals: "" }, false],
    [{ var: "n", equals: "+5.0" }, true],
    [{ var: "n", equals: "0x5" }, false],
    [{ var: "n", equals: "5e0" }, false],
    [{ var: "yes", equals: true }, true],
    [{ var: "t", equals: "1" }, true],
    [{ var: "t", equals: "maybe" }, false],
    [{ var: "nothing", equals: null }, true],
    [{ var: "missing", equals: null }, true],
    [{ var: "missing", not_equals: "x" }, true],
    [{ var: "n", gt: 4, lte: 5 }, true],
    [{ var: "n", gte: 6 }, false],
    [{ var: "s", gt: 0 }, false],
    [{ var: "s", in: ["LARGE", "small"] }, true],
    [{ var: "missing", in: ["a"] }, false],
    [{ var: "list", contains: "A" }, true],
    [{ var: "list", contains: "2" }, true],
    [{ var: "s", contains: "mal" }, true],
    [{ var: "s", startsWith: "SM" }, true],
    [{ var: "s", endsWith: "ll" }, true],
    [{ var: "deep.er.v", equals: "x" }, true],
    [{ var: "deep.er.v.w" }, false],
    [{ var: "flat.key", equals: 1 }, true],
    [{ var: "t" }, true],
    [{ var: "zero" }, false],
    [{ var: "constructor" }, false],
    [{ var: "s.length" }, false],
    [{ not: { var: "t" } }, false],
    [{ and: [{ var: "t" }, { or: [{ var: "missing" }, { var: "n", lt: 9 }] }] }, true],
    [{ var: "s", matches: "^ Sm" }, true],
    [{ var: "s", matches: "^x" }, false],
    [{ var: "deep", equals: { er: { v: "x" } } }, true],
  ];
  test.each(table)("%j is %s", (condition, expected) => {
    expect(holds(condition)).toBe(expected);
  });

  test("a pattern that would hang a backtracking engine answers at once", () => {
    expect(holds({ var: "big", matches: "^(a+)+$" })).toBe(true);
    expect(holds({ var: "big", matches: "^(a+)+b$" })).toBe(false);
  });

  test("the values it saw are told, unset ones as null", () => {
    expect(evaluateCondition({ and: [{ var: "n", gt: 1 }, { var: "missing" }] }, context).values).toEqual({ n: 5, missing: null });
  });
});
