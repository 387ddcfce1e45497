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

/**
 * Checks each field by its own schema, so that every fault of an object is found at once.
 * @param notRun fields of the language that this version does not run; each is an issue
 */
export function checkFields<const F extends Fields>(fields: F, notRun: readonly string[], value: { readonly [key: string]: Json }, path: Path): CheckedFields<F> {
  const values: Record<string, unknown> = {};
  const issues: Issue[] = [];
  const unknown: Issue[] = [];
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(fields, key)) continue;
    if (notRun.includes(key)) {
      issues.push(notRunIssue(key, value[key], [...path, key]));
    } else {
      unknown.push({ path: [...path, key], at: "key", message: `Unknown field "${key}".`, fix: `Remove it.${suggestion(key, [...Object.keys(fields), ...notRun])}` });
    }
  }
  for (const [key, schema] of Object.entries(fields)) {
    const parsed = schema.safeParse(value[key]);
    if (parsed.success) {
      if (parsed.data !== undefined) values[key] = parsed.data;
    } else if (!Object.hasOwn(value, key)) {
      issues.push({ path: [...path, key], message: `The field "${key}" is missing.`, fix: `Add \`${key}\`.` });
    } else {
      for (const issue of parsed.error.issues) issues.push(...fromZod(issue, [...path, key]));
    }
  }
  return { values: values as Values<F>, issues, unknown };
}

function notRunIssue(key: string, value: Json | undefined, path: Path): Issue {
  const what = key === "type" ? `steps of \`type: ${JSON.stringify(value)}\`` : `\`${key}\``;
  return {
    path,
    at: "key",
    message: `The language has ${what}, but this version of WorkTrain does not run it.`,
    fix: "Leave it out, or use a version of WorkTrain that runs it.",
  };
}

/** Zod's issue as ours. Of a union's branches the one that fits best speaks. */
function fromZod(issue: z.core.$ZodIssue, base: Path): readonly Issue[] {
  const path: Path = [...base, ...issue.path.filter((part) => typeof part !== "symbol")];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key], at: "key", message: `"${key}" is not known here.`, fix: "Remove it." }));
  }
  if (issue.code === "invalid_union") {
    const branches = issue.errors.filter((errors) => errors.length > 0 && !errors.some((error) => error.path.length === 0 && error.code === "invalid_type"));
    const [best, second] = branches.toSorted((a, b) => distance(a) - distance(b));
    if (best !== undefined && (second === undefined || distance(best) < distance(second))) return best.flatMap((error) => fromZod(error, path));
  }
  if (issue.code === "invalid_key") return [{ path, at: "key", message: `"${String(issue.path.at(-1))}" cannot be a name here: ${sentence(issue.issues[0]?.message ?? issue.message)}`, fix: "Rename it." }];
  return [{ path, message: sentence(issue.message), fix: fixOf(issue) }];
}

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
