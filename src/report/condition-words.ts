/** Why a step was offered or passed over, in words a person reads at a glance; `session show` and the log have it letter by letter. */
import type { TraceEntry } from "../record/index.ts";
import { canonicalJson, type Json, type JsonObject } from "../shared/json.ts";

/** Characters of a value that a condition was compared with. */
const VALUE_CHARS = 60;

const COMPARISONS = { equals: "is", not_equals: "is not", gt: ">", gte: "≥", lt: "<", lte: "≤", in: "is one of", contains: "contains", startsWith: "starts with", endsWith: "ends with", matches: "matches" } as const;

/** `findings is set`, `risk is "high" and rounds < 3`. What is no condition of the language is shown as it is. */
export function conditionWords(condition: Json): string {
  if (!isObject(condition)) return brief(condition);
  const { var: name, and, or, not } = condition;
  const joined = [...(and === undefined ? [] : [joint(and, " and ")]), ...(or === undefined ? [] : [joint(or, " or ")]), ...(not === undefined ? [] : [negated(not)])];
  if (typeof name !== "string") return joined.length === 0 ? brief(condition) : joined.join(" and ");
  const compared = Object.entries(COMPARISONS).flatMap(([operator, words]) => (condition[operator] === undefined ? [] : [`${name} ${words} ${brief(condition[operator])}`]));
  return [...(compared.length === 0 ? [`${name} is set`] : compared), ...joined].join(" and ");
}

function negated(condition: Json): string {
  return isObject(condition) && Object.keys(condition).length === 1 && typeof condition["var"] === "string" ? `${condition["var"]} is not set` : `not (${conditionWords(condition)})`;
}

const joint = (conditions: Json, word: string): string => (Array.isArray(conditions) ? `(${conditions.map(conditionWords).join(word)})` : brief(conditions));

/**
 * What decided on a step: the condition with what it came to, the values that it saw, and what decided beside it. Empty when nothing
 * but its place did.
 */
export function decidedBy({ condition, values, holds, reason }: TraceEntry): string {
  const looked = condition === undefined ? [] : [`“${conditionWords(condition)}”${holds === undefined ? "" : ` is ${holds}`}${valueWords(condition, values ?? {})}`];
  return [...looked, ...(reason === undefined ? [] : [reason])].join("; ");
}

/** Where the condition asks no more than whether a value is set, that it is not need not be said twice. */
function valueWords(condition: Json, values: JsonObject): string {
  const words = Object.entries(values).flatMap(([name, value]) => (value !== null ? [`${name} = ${brief(value)}`] : asksIfSet(condition) ? [] : [`${name} is not set`]));
  return words.length === 0 ? "" : ` (${words.join(", ")})`;
}

const asksIfSet = (condition: Json): boolean => isObject(condition) && Object.keys(condition).length === 1 && (typeof condition["var"] === "string" || (condition["not"] !== undefined && asksIfSet(condition["not"])));

function brief(value: Json): string {
  if (Array.isArray(value) && value.some(isObject)) return `a list of ${value.length}`;
  const text = canonicalJson(value);
  return text.length <= VALUE_CHARS ? text : isObject(value) ? `{${Object.keys(value).slice(0, 5).join(", ")}, …}` : `${text.slice(0, VALUE_CHARS).toWellFormed()}…`;
}

const isObject = (value: Json): value is JsonObject => value !== null && typeof value === "object" && !Array.isArray(value);
