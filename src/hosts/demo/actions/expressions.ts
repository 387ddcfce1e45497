/**
 * Evaluates expressions as GitHub does: its truthiness, its loose equality, case-insensitive strings and property names.
 * Source of the rules: GitHub docs "Evaluate expressions in workflows and actions" and the coercions of actions/runner.
 */
import type { Json, JsonObject } from "../../../shared/json.ts";
import { unreachable } from "../../../shared/unreachable.ts";
import {
  callsStatusFunction,
  expressionError,
  parseExpression,
  parseTemplate,
  type BinaryOperator,
  type ContextName,
  type Expression,
  type FunctionName,
} from "./expression-syntax.ts";

/** What happened so far, as the status functions tell it. */
export interface Status {
  readonly success: boolean;
  readonly failure: boolean;
  readonly cancelled: boolean;
}

/** Secrets are asked for one by one, so that whoever gives them out can mask exactly those. */
export type LookUp = (name: string) => Json | undefined;

/** What an expression may see in its place; a context that is not here is not available there, and using it is an error. */
export interface Scope {
  readonly contexts: Readonly<Partial<Record<ContextName, JsonObject | LookUp>>>;
  /** Only conditions have one. */
  readonly status?: Status;
}

interface Evaluation {
  readonly text: string;
  readonly scope: Scope;
}

/**
 * Fills in every `${{ }}` of a text.
 * @throws TerminalError naming the expression that is outside the subset or uses a context not available here
 */
export function evaluateTemplate(text: string, scope: Scope): string {
  return parseTemplate(text)
    .map((piece) => (typeof piece === "string" ? piece : asString(evaluate(piece, { text, scope }))))
    .join("");
}

/**
 * Decides an `if:`, with or without `${{ }}` around it; `success()` is implied unless a status function is called.
 * @throws TerminalError as `evaluateTemplate`
 */
export function evaluateCondition(condition: string | undefined, scope: Scope & { readonly status: Status }): boolean {
  const expression = parseCondition(condition);
  if (!callsStatusFunction(expression) && !scope.status.success) return false;
  return isTruthy(evaluate(expression, { text: condition ?? "success()", scope }));
}

/** Parses an `if:`; undefined is `success()`. */
export function parseCondition(condition: string | undefined): Expression {
  if (condition === undefined) return { kind: "call", name: "success", arguments: [] };
  if (!condition.includes("${{")) return parseExpression(condition);
  const [only, ...more] = parseTemplate(condition.trim());
  // GitHub would take mixed text for a non-empty string, which is always true: never what was meant.
  if (only === undefined || typeof only === "string" || more.length > 0) throw expressionError(condition, "a condition is one expression, without text around it");
  return only;
}

function evaluate(expression: Expression, evaluation: Evaluation): Json {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "context":
      return wholeContext(expression.name, evaluation);
    case "property":
      return property(expression.of, expression.name, evaluation);
    case "call":
      return call(expression.name, expression.arguments, evaluation);
    case "not":
      return !isTruthy(evaluate(expression.of, evaluation));
    case "binary":
      return binary(expression.operator, expression.left, expression.right, evaluation);
    default:
      return unreachable(expression);
  }
}

function contextOf(name: ContextName, { text, scope }: Evaluation): JsonObject | LookUp {
  const context = scope.contexts[name];
  if (context === undefined) throw expressionError(text, `the context \`${name}\` is not available in this place`);
  return context;
}

function wholeContext(name: ContextName, evaluation: Evaluation): Json {
  const context = contextOf(name, evaluation);
  if (typeof context === "function") throw expressionError(evaluation.text, `\`${name}\` as a whole is not given out, only single names`);
  return context;
}

function property(of: Expression, name: string, evaluation: Evaluation): Json {
  if (of.kind === "context") {
    const context = contextOf(of.name, evaluation);
    if (typeof context === "function") return context(name) ?? null;
  }
  const holder = evaluate(of, evaluation);
  if (!isObject(holder)) return null;
  const key = Object.hasOwn(holder, name) ? name : Object.keys(holder).find((candidate) => candidate.toUpperCase() === name.toUpperCase());
  return key === undefined ? null : (holder[key] ?? null);
}

function binary(operator: BinaryOperator, left: Expression, right: Expression, evaluation: Evaluation): Json {
  const first = evaluate(left, evaluation);
  switch (operator) {
    case "&&":
      return isTruthy(first) ? evaluate(right, evaluation) : first;
    case "||":
      return isTruthy(first) ? first : evaluate(right, evaluation);
    case "==":
      return looselyEqual(first, evaluate(right, evaluation));
    case "!=":
      return !looselyEqual(first, evaluate(right, evaluation));
    default:
      return unreachable(operator);
  }
}

const ARGUMENT_COUNTS: Readonly<Record<FunctionName, readonly [number, number]>> = {
  always: [0, 0],
  success: [0, 0],
  failure: [0, 0],
  cancelled: [0, 0],
  contains: [2, 2],
  format: [1, 256],
  fromJSON: [1, 1],
  toJSON: [1, 1],
};

function call(name: FunctionName, given: readonly Expression[], evaluation: Evaluation): Json {
  const [least, most] = ARGUMENT_COUNTS[name];
  if (given.length < least || given.length > most) throw expressionError(evaluation.text, `\`${name}\` does not take ${given.length} arguments`);
  const [first = null, ...rest] = given.map((argument) => evaluate(argument, evaluation));
  switch (name) {
    case "always":
      return statusOf(name, evaluation) !== null;
    case "success":
    case "failure":
    case "cancelled":
      return statusOf(name, evaluation)[name];
    case "contains":
      return contains(first, rest[0] ?? null);
    case "format":
      return format(asString(first), rest, evaluation.text);
    case "fromJSON":
      return fromJson(asString(first), evaluation.text);
    case "toJSON":
      return JSON.stringify(first, null, 2);
    default:
      return unreachable(name);
  }
}

function statusOf(name: FunctionName, { text, scope }: Evaluation): Status {
  if (scope.status === undefined) throw expressionError(text, `\`${name}()\` is only available in \`if:\``);
  return scope.status;
}

function contains(search: Json, item: Json): boolean {
  if (isArray(search)) return search.some((member) => looselyEqual(member, item));
  if (isObject(search) || isObject(item) || isArray(item)) return false;
  return asString(search).toUpperCase().includes(asString(item).toUpperCase());
}

function format(pattern: string, values: readonly Json[], text: string): string {
  return pattern.replaceAll(/\{\{|\}\}|\{(\d+)\}|[{}]/g, (match, index?: string) => {
    if (match === "{{" || match === "}}") return match.charAt(0);
    const value = index === undefined ? undefined : values[Number(index)];
    if (value === undefined) throw expressionError(text, `\`format\` has no argument for \`${match}\``);
    return asString(value);
  });
}

function fromJson(json: string, text: string): Json {
  try {
    const value: Json = JSON.parse(json);
    return value;
  } catch (cause) {
    throw expressionError(text, `\`fromJSON\` was given text that is not JSON (${String(cause)})`);
  }
}

const isArray = (value: Json): value is Extract<Json, readonly Json[]> => Array.isArray(value);
const isObject = (value: Json): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);

/** False are `false`, `0`, `NaN`, `''` and `null`; everything else is true, empty arrays and objects too. */
export function isTruthy(value: Json): boolean {
  return !(value === false || value === null || value === "" || value === 0 || Number.isNaN(value));
}

/** As GitHub prints a value into text: null is nothing, numbers have at most 15 digits, collections their kind's name. */
function asString(value: Json): string {
  if (value === null) return "";
  if (typeof value === "number") return String(Number(value.toPrecision(15)));
  if (isArray(value)) return "Array";
  return isObject(value) ? "Object" : String(value);
}

function asNumber(value: Json): number {
  if (value === null) return 0;
  return typeof value === "object" ? Number.NaN : Number(value);
}

/** Equal after coercion to numbers when the kinds differ; strings without regard to case; collections only if they are the same one. */
export function looselyEqual(left: Json, right: Json): boolean {
  if (typeof left === "string" && typeof right === "string") return left.toUpperCase() === right.toUpperCase();
  if (typeof left === typeof right && left !== null && right !== null) return left === right;
  if (left === null && right === null) return true;
  return asNumber(left) === asNumber(right);
}
