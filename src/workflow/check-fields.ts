import type { z } from "zod";
import type { Json } from "../shared/json.ts";
import { type Issue, type Path, suggestion } from "./issue.ts";

type Fields = Readonly<Record<string, z.ZodType>>;
type Values<F extends Fields> = { readonly [Key in keyof F]?: z.infer<F[Key]> };

export interface CheckedFields<F extends Fields> {
  /** The fields that are right; a wrong or missing one is not here. */
  readonly values: Values<F>;
  readonly issues: readonly Issue[];
  /** Fields neither known nor part of the language. */
  readonly unknown: readonly Issue[];
}

/** Unknown fields of one object that are told: each costs a search for what was meant. */
const UNKNOWN_LIMIT = 200;

/** Rounds in which nested unknown fields are taken out; each level of nesting may need one. */
const STRIP_ROUNDS = 8;

/**
 * Checks each field by its own schema, so that every fault of an object is found at once. Unknown fields, nested ones too, are
 * left out of the values: whether they are faults or warnings is the caller's to say.
 */
export function checkFields<const F extends Fields>(fields: F, value: { readonly [key: string]: Json }, path: Path): CheckedFields<F> {
  const values: Record<string, unknown> = {};
  const issues: Issue[] = [];
  const unknown: Issue[] = [];
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(fields, key) || unknown.length >= UNKNOWN_LIMIT) continue;
    unknown.push({ path: [...path, key], at: "key", message: `Unknown field "${key}".`, fix: `Remove it.${suggestion(key, Object.keys(fields))}` });
  }
  for (const [key, schema] of Object.entries(fields)) {
    const field = value[key];
    if (field === undefined) {
      if (!schema.safeParse(undefined).success) issues.push({ path: [...path, key], message: `The field "${key}" is missing.`, fix: `Add \`${key}\`.` });
      continue;
    }
    const checked = checkField(schema, field, [...path, key]);
    if (checked.value !== undefined) values[key] = checked.value;
    issues.push(...checked.issues);
    unknown.push(...checked.unknown);
  }
  return { values: values as Values<F>, issues, unknown };
}

interface CheckedField {
  readonly value: unknown;
  readonly issues: readonly Issue[];
  readonly unknown: readonly Issue[];
}

function checkField(schema: z.ZodType, given: Json, path: Path): CheckedField {
  const unknown: Issue[] = [];
  let value = given;
  for (let round = 0; ; round += 1) {
    const parsed = schema.safeParse(value);
    if (parsed.success) return { value: parsed.data, issues: [], unknown };
    const found = parsed.error.issues.flatMap((issue) => fromZod(issue, path));
    const extra = found.filter((issue) => issue.unknown);
    if (extra.length === 0 || round === STRIP_ROUNDS) return { value: undefined, issues: found, unknown };
    unknown.push(...extra);
    value = extra.reduce((rest, issue) => without(rest, issue.path.slice(path.length)), value);
  }
}

/** A copy without the member at the path. */
function without(value: Json, path: Path): Json {
  const [part, ...rest] = path;
  if (part === undefined || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item, index) => (index === part ? without(item, rest) : item));
  const members = Object.entries(value).flatMap(([key, member]): [string, Json][] => (key !== part ? [[key, member]] : rest.length === 0 ? [] : [[key, without(member, rest)]]));
  return Object.fromEntries(members);
}

interface FoundIssue extends Issue {
  /** A field nobody knows, as opposed to a value that is wrong. */
  readonly unknown?: boolean;
}

/** Zod's issue as ours. Of a union's branches the one that fits best speaks. */
function fromZod(issue: z.core.$ZodIssue, base: Path): readonly FoundIssue[] {
  const path: Path = [...base, ...issue.path.filter((part) => typeof part !== "symbol")];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key], at: "key" as const, unknown: true, message: `"${key}" is not known here.`, fix: "Remove it." }));
  }
  if (issue.code === "invalid_union") {
    const branches = issue.errors.filter((errors) => errors.length > 0 && !errors.some(isOtherType));
    const [best, second] = branches.toSorted((a, b) => distance(a) - distance(b));
    if (best !== undefined && (second === undefined || distance(best) < distance(second))) return best.flatMap((error) => fromZod(error, path));
  }
  if (issue.code === "invalid_key") return [{ path, at: "key", message: `"${String(issue.path.at(-1))}" cannot be a name here: ${sentence(issue.issues[0]?.message ?? issue.message)}`, fix: "Rename it." }];
  return [{ path, message: sentence(issue.message), fix: fixOf(issue) }];
}

/** The value as a whole is of another type than the branch wants. */
const isOtherType = (issue: z.core.$ZodIssue): boolean => issue.path.length === 0 && (issue.code === "invalid_type" || (issue.code === "invalid_union" && issue.errors.length > 0 && issue.errors.every((errors) => errors.some(isOtherType))));

/** How far a value is from a branch: a key the branch does not know weighs more than a wrong value. */
const distance = (issues: readonly z.core.$ZodIssue[]): number => issues.reduce((sum, issue) => sum + (issue.code === "unrecognized_keys" ? 2 * issue.keys.length : 1), 0);

const sentence = (text: string): string => (text.endsWith(".") ? text : `${text}.`);

function fixOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected === "undefined" ? "Leave it out." : `Write a value of type ${issue.expected}.`;
    case "invalid_value":
      return `Use one of: ${issue.values.map(String).join(", ")}.`;
    case "too_big":
      return `Keep it to at most ${issue.maximum}.`;
    case "too_small":
      return `Give at least ${issue.minimum}.`;
    default:
      return "Change the value to what is expected here.";
  }
}
