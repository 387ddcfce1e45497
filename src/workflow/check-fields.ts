import type { z } from "zod";
import type { Json, JsonObject } from "../shared/json.ts";
import { type Issue, type Path, suggestion } from "./issue.ts";

type Fields = Readonly<Record<string, z.ZodType>>;
type Values<F extends Fields> = { readonly [Key in keyof F]?: z.infer<F[Key]> };

export interface CheckedFields<F extends Fields> {
  /**
   * The fields as far as they can be used. In one with a fault something that fits stands in for what is wrong, so that the rest of
   * it can be checked too: only for finding more faults, never for a plan. A field that is missing or nothing of use is not here.
   */
  readonly values: Values<F>;
  readonly issues: readonly Issue[];
  /** Fields neither known nor part of the language. */
  readonly unknown: readonly Issue[];
}

/** Unknown fields of one object for which it is looked what was meant. */
const SUGGESTION_LIMIT = 200;

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
    if (Object.hasOwn(fields, key)) continue;
    const meant = unknown.length < SUGGESTION_LIMIT ? suggestion(key, Object.keys(fields)) : "";
    unknown.push({ path: [...path, key], at: "key", message: `Unknown field "${key}".`, fix: `Remove it.${meant}` });
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
    const found = parsed.error.issues.flatMap((issue) => fromZod(issue, path)).map((issue) => asMissing(issue, value, path.length));
    const extra = found.filter((issue) => issue.unknown);
    if (extra.length === 0 || round === STRIP_ROUNDS) return { value: mended(schema, value), issues: found, unknown };
    unknown.push(...extra);
    value = replaced(value, extra.map((issue) => ({ path: issue.path.slice(path.length), value: undefined }))) ?? null;
  }
}

/** An issue about a member that is not there says so. */
function asMissing(issue: FoundIssue, field: Json, fieldAt: number): FoundIssue {
  const name = issue.path.at(-1);
  const holder = valueAt(field, issue.path.slice(fieldAt, -1));
  if (issue.path.length <= fieldAt || typeof name !== "string" || !isMapping(holder) || Object.hasOwn(holder, name)) return issue;
  return { ...issue, message: `The field "${name}" is missing.`, fix: `Add \`${name}\`. ${issue.fix}` };
}

const isMapping = (value: Json | undefined): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
const valueAt = (value: Json, path: Path): Json | undefined => path.reduce<Json | undefined>((at, part) => (Array.isArray(at) ? at[Number(part)] : isMapping(at) && Object.hasOwn(at, part) ? at[part] : undefined), value);

/** What is tried in the place of a wrong value: left out, then what fits one kind of field or another. */
const STAND_INS: readonly (Json | undefined)[] = [undefined, "none", "none()", 1, true, {}, ["none"], { var: "none" }];

/** The value with something that fits in the place of what is wrong; undefined when nothing does, or the field may be left out. */
function mended(schema: z.ZodType, given: Json): unknown {
  let value: Json | undefined = given;
  for (const standIn of STAND_INS) {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const wrong = parsed.error.issues.flatMap((issue) => fromZod(issue, []));
    value = replaced(value, wrong.map((issue) => ({ path: issue.path, value: issue.oneOf ?? standIn })));
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

interface Edit {
  readonly path: Path;
  /** Undefined leaves the member out; of a list nothing is left out, so that the others keep their places. */
  readonly value: Json | undefined;
}

/** A copy with other values at the paths. */
function replaced(value: Json | undefined, edits: readonly Edit[]): Json | undefined {
  const whole = edits.find(({ path }) => path.length === 0);
  if (whole !== undefined) return whole.value;
  if (value === null || typeof value !== "object" || edits.length === 0) return value;
  const below = new Map<string, Edit[]>();
  for (const { path, value: by } of edits) {
    const [part, ...rest] = path;
    const edit = { path: rest, value: by };
    const known = below.get(String(part));
    if (known === undefined) below.set(String(part), [edit]);
    else known.push(edit);
  }
  if (Array.isArray(value)) return value.map((item, index) => replaced(item, below.get(String(index)) ?? []) ?? null);
  const members = [...Object.entries(value), ...[...below.keys()].filter((key) => !Object.hasOwn(value, key)).map((key): [string, undefined] => [key, undefined])];
  return Object.fromEntries(members.flatMap(([key, member]): [string, Json][] => {
    const changed = replaced(member, below.get(key) ?? []);
    return changed === undefined ? [] : [[key, changed]];
  }));
}

/** Of further issues those that speak of a place where nothing is wrong yet: neither of one with a fault, nor of what is in or around it. */
export const beyondFaults = (issues: readonly Issue[], faults: readonly Issue[]): readonly Issue[] => issues.filter(({ path }) => !faults.some((fault) => overlap(fault.path, path)));
/** Whether one of two places is in the other, or they are the same. */
export const overlap = (a: Path, b: Path): boolean => (a.length < b.length ? a : b).every((_, index) => a[index] === b[index]);

interface FoundIssue extends Issue {
  /** A field nobody knows, as opposed to a value that is wrong. */
  readonly unknown?: boolean;
  /** One of the values there are to choose from. */
  readonly oneOf?: Json;
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
  if (issue.code === "invalid_key") return [{ path, at: "key", message: `"${String(issue.path.at(-1))}" cannot be a name here: ${sentence(wordsOf(issue.issues[0]?.message ?? issue.message).message)}`, fix: "Rename it." }];
  const { message, fix } = wordsOf(issue.message);
  const [first] = issue.code === "invalid_value" ? issue.values : [];
  return [{ path, message: sentence(message), fix: fix ?? fixOf(issue), ...(typeof first === "string" || typeof first === "number" || typeof first === "boolean" ? { oneOf: first } : {}) }];
}

/** A message of ours may say the fix too, behind a semicolon: `Expected digits; write it like 12`. */
function wordsOf(text: string): { readonly message: string; readonly fix: string | null } {
  const at = text.indexOf("; ");
  if (at === -1) return { message: text, fix: null };
  const fix = text.slice(at + 2);
  return { message: text.slice(0, at), fix: sentence(`${fix.charAt(0).toUpperCase()}${fix.slice(1)}`) };
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
      return `Keep it to at most ${counted(issue.maximum, issue.origin)}.`;
    case "too_small":
      return `Write at least ${counted(issue.minimum, issue.origin)}.`;
    case "invalid_union":
      return "Write one of these.";
    default:
      return "Write what is expected here.";
  }
}

/** `10 characters`; a bare number where nothing is counted. */
function counted(limit: number | bigint, origin: string): string {
  const units = origin === "string" ? ["character", "characters"] : origin === "array" ? ["entry", "entries"] : null;
  return units === null ? `${limit}` : `${limit} ${Number(limit) === 1 ? units[0] : units[1]}`;
}
