/**
 * Conditions over a context, in WorkRail's compatible evaluation: text compares trimmed and without case, "5" equals 5 (decimal
 * numbers only), "yes", "1" and "true" equal true, null equals unset; orders need numbers. Several operators beside one `var` must all hold.
 */
import { z } from "zod";
import { canonicalJson, type Json, type JsonObject } from "../shared/json.ts";
import type { Issue, Path } from "./issue.ts";
import { compilePattern, patternFinds } from "./regular-expression.ts";
import { lookUp, parsePath } from "./template.ts";

const operators = {
  equals: z.json(),
  not_equals: z.json(),
  gt: z.number(),
  gte: z.number(),
  lt: z.number(),
  lte: z.number(),
  in: z.array(z.json()),
  contains: z.union([z.string(), z.number(), z.boolean()], { error: "Expected text, a number or true/false" }),
  startsWith: z.string(),
  endsWith: z.string(),
  matches: z.string(),
};
type Operator = keyof typeof operators;
const OPERATORS = Object.keys(operators).filter((key): key is Operator => key in operators);

export interface Condition {
  readonly var?: string | undefined;
  readonly equals?: Json | undefined;
  readonly not_equals?: Json | undefined;
  readonly gt?: number | undefined;
  readonly gte?: number | undefined;
  readonly lt?: number | undefined;
  readonly lte?: number | undefined;
  readonly in?: readonly Json[] | undefined;
  readonly contains?: string | number | boolean | undefined;
  readonly startsWith?: string | undefined;
  readonly endsWith?: string | undefined;
  readonly matches?: string | undefined;
  readonly and?: readonly Condition[] | undefined;
  readonly or?: readonly Condition[] | undefined;
  readonly not?: Condition | undefined;
}

export const conditionSchema: z.ZodType<Condition> = z.lazy(() =>
  z.strictObject({
    var: z.string().min(1).optional(),
    and: z.array(conditionSchema).optional(),
    or: z.array(conditionSchema).optional(),
    not: conditionSchema.optional(),
    ...z.object(operators).partial().shape,
  }),
);

/** What the schema cannot say. Faults from schemaVersion 2 on, warnings in 1. */
export function conditionIssues(condition: Condition, path: Path): readonly Issue[] {
  const issues: Issue[] = [];
  const joints = (["and", "or", "not"] as const).filter((joint) => condition[joint] !== undefined);
  const used = OPERATORS.filter((operator) => condition[operator] !== undefined);
  if (condition.var === undefined && joints.length === 0) {
    issues.push({ path, message: "The condition names no `var` and joins nothing, so it is always true.", fix: "Name a `var`, or remove the condition." });
  }
  if (condition.var === undefined && used.length > 0) {
    issues.push({ path: [...path, used[0] ?? ""], at: "key", message: `\`${used[0]}\` has no \`var\` to look at.`, fix: "Add `var`." });
  }
  if (joints.length + (condition.var === undefined ? 0 : 1) > 1) {
    issues.push({ path, message: "A `var`, `and`, `or` or `not` beside another one is ambiguous.", fix: "Join them with one `and` or `or`." });
  }
  for (const joint of ["and", "or"] as const) {
    if (condition[joint]?.length === 0) issues.push({ path: [...path, joint], message: `\`${joint}\` joins nothing.`, fix: "List at least one condition." });
  }
  if (condition.var !== undefined && parsePath(condition.var) === null) {
    issues.push({ path: [...path, "var"], message: `"${condition.var}" is not a path of names joined by dots.`, fix: "Write it like `a.b`." });
  }
  if (condition.matches !== undefined) {
    const pattern = compilePattern(condition.matches);
    if (!pattern.ok) {
      issues.push({ path: [...path, "matches"], message: `The regular expression does not run on the linear-time engine: ${pattern.error}.`, fix: "Write it without look-around and back-references (RE2 syntax)." });
    }
  }
  for (const [index, part] of (condition.and ?? []).entries()) issues.push(...conditionIssues(part, [...path, "and", index]));
  for (const [index, part] of (condition.or ?? []).entries()) issues.push(...conditionIssues(part, [...path, "or", index]));
  if (condition.not !== undefined) issues.push(...conditionIssues(condition.not, [...path, "not"]));
  return issues;
}

export interface Evaluation {
  readonly holds: boolean;
  /** The values the condition looked at, by path; an unset one is null. */
  readonly values: JsonObject;
}

export function evaluateCondition(condition: Condition, context: JsonObject): Evaluation {
  const values: Record<string, Json> = {};
  const holds = evaluate(condition, context, values);
  return { holds, values };
}

function evaluate(condition: Condition, context: JsonObject, values: Record<string, Json>): boolean {
  if (condition.var !== undefined) {
    const value = variable(condition.var, context);
    values[condition.var] = value ?? null;
    const used = OPERATORS.filter((operator) => condition[operator] !== undefined);
    if (used.length === 0) return truthy(value);
    return used.every((operator) => applies(operator, condition, value));
  }
  if (condition.and !== undefined) return condition.and.every((part) => evaluate(part, context, values));
  if (condition.or !== undefined) return condition.or.some((part) => evaluate(part, context, values));
  if (condition.not !== undefined) return !evaluate(condition.not, context, values);
  return true;
}

function variable(path: string, context: JsonObject): Json | undefined {
  if (Object.hasOwn(context, path)) return context[path];
  const found = lookUp(parsePath(path) ?? [path], context);
  return found.found ? found.value : undefined;
}

function applies(operator: Operator, condition: Condition, value: Json | undefined): boolean {
  const against = (test: (text: string, expected: string) => boolean, expected: string): boolean => {
    const text = asText(value);
    return text !== null && test(fold(text), fold(expected));
  };
  switch (operator) {
    case "equals":
      return looselyEqual(value, condition.equals);
    case "not_equals":
      return !looselyEqual(value, condition.not_equals);
    case "gt":
      return typeof value === "number" && value > (condition.gt ?? 0);
    case "gte":
      return typeof value === "number" && value >= (condition.gte ?? 0);
    case "lt":
      return typeof value === "number" && value < (condition.lt ?? 0);
    case "lte":
      return typeof value === "number" && value <= (condition.lte ?? 0);
    case "in":
      return (condition.in ?? []).some((candidate) => looselyEqual(value, candidate));
    case "contains":
      if (Array.isArray(value)) return value.some((item) => looselyEqual(item, condition.contains));
      return against((text, expected) => text.includes(expected), String(condition.contains));
    case "startsWith":
      return against((text, expected) => text.startsWith(expected), condition.startsWith ?? "");
    case "endsWith":
      return against((text, expected) => text.endsWith(expected), condition.endsWith ?? "");
    case "matches": {
      const text = asText(value);
      return text !== null && patternFinds(condition.matches ?? "", text);
    }
  }
}

const truthy = (value: Json | undefined): boolean => Boolean(value);
const fold = (text: string): string => text.trim().toLowerCase();

function asText(value: Json | undefined): string | null {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

function looselyEqual(left: Json | undefined, right: Json | undefined): boolean {
  if (left === null || left === undefined || right === null || right === undefined) return (left ?? null) === (right ?? null);
  if (typeof left === "boolean" || typeof right === "boolean") return asBoolean(left) !== null && asBoolean(left) === asBoolean(right);
  if (typeof left === "string" && typeof right === "string") return fold(left) === fold(right);
  if (typeof left === "number" || typeof right === "number") return asNumber(left) !== null && asNumber(left) === asNumber(right);
  if (typeof left === "string" || typeof right === "string") return false;
  return canonicalJson(left) === canonicalJson(right);
}

function asBoolean(value: Json): boolean | null {
  if (typeof value === "boolean") return value;
  const text = asText(value);
  if (text === null) return null;
  if (["true", "yes", "1"].includes(fold(text))) return true;
  return ["false", "no", "0"].includes(fold(text)) ? false : null;
}

/** What a person writes for a number: no "0x10", "1e3" or "Infinity". */
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)$/;

function asNumber(value: Json): number | null {
  if (typeof value === "number") return value;
  return typeof value === "string" && DECIMAL.test(value.trim()) ? Number(value) : null;
}
