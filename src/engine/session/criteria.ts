/** Validation criteria on the notes. */
import type { Blocker } from "../../record/index.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { compileRule, type Criteria, evaluateCondition, type JsonSchema, type Rule, zodOf } from "../../workflow/index.ts";

/** What the notes lack; empty when they satisfy the criteria. A rule whose condition does not hold counts as satisfied. */
export function criteriaBlockers(criteria: Criteria, notes: string, values: JsonObject): readonly Blocker[] {
  if ("and" in criteria) return criteria.and.flatMap((part) => criteriaBlockers(part, notes, values));
  if ("or" in criteria) {
    const results = criteria.or.map((part) => criteriaBlockers(part, notes, values));
    if (results.some((result) => result.length === 0)) return [];
    return [{ code: "notes-invalid", message: `The notes satisfy none of these: ${results.flat().map((blocker) => blocker.message).join(" ")}`, fix: "Mend the notes so that one of them holds." }];
  }
  if ("not" in criteria) {
    if (criteriaBlockers(criteria.not, notes, values).length > 0) return [];
    return [{ code: "notes-invalid", message: `The notes must not be so: ${messagesOf(criteria.not, values).join(" ")}`, fix: "Change the notes." }];
  }
  if (criteria.condition !== undefined && !evaluateCondition(criteria.condition, values).holds) return [];
  const problem = ruleProblem(criteria, notes);
  return problem === null ? [] : [{ code: "notes-invalid", message: criteria.message, fix: problem }];
}

/** What the author says of the notes as things stand, for the agent to read before it writes them. */
export function messagesOf(criteria: Criteria, values: JsonObject): readonly string[] {
  if ("and" in criteria) return criteria.and.flatMap((part) => messagesOf(part, values));
  if ("or" in criteria) {
    const parts = criteria.or.map((part) => messagesOf(part, values));
    return parts.some((part) => part.length === 0) ? [] : [`One of: ${parts.flat().join(" / ")}`];
  }
  if ("not" in criteria) return [`Not: ${messagesOf(criteria.not, values).join(" / ")}`];
  if (criteria.condition !== undefined && !evaluateCondition(criteria.condition, values).holds) return [];
  return [`${criteria.message} (${wish(criteria)})`];
}

function wish(rule: Rule): string {
  switch (rule.type) {
    case "contains":
      return `contains ${JSON.stringify(rule.value)}`;
    case "regex":
      return `matches /${rule.pattern}/${rule.flags ?? ""}`;
    case "length":
      return `${rule.min === undefined ? "" : `at least ${rule.min} `}${rule.max === undefined ? "" : `at most ${rule.max} `}characters`;
    case "schema":
      return `JSON that fits ${JSON.stringify(rule.schema)}`;
  }
}

/** How to mend the notes, or null when the rule holds. */
function ruleProblem(rule: Rule, notes: string): string | null {
  switch (rule.type) {
    case "contains":
      return notes.includes(rule.value) ? null : `The notes must contain ${JSON.stringify(rule.value)}.`;
    case "length":
      // As JSON Schema counts: code points.
      if (rule.min !== undefined && [...notes].length < rule.min) return `The notes have ${[...notes].length} characters; write at least ${rule.min}.`;
      return rule.max !== undefined && [...notes].length > rule.max ? `The notes have ${[...notes].length} characters; keep them to ${rule.max}.` : null;
    case "regex": {
      const pattern = compileRule(rule.pattern, rule.flags ?? "");
      if (!pattern.ok) return `The workflow's expression cannot be run here (${pattern.error}); its author has to change it.`;
      return pattern.value.test(notes) ? null : `The notes must match /${rule.pattern}/${rule.flags ?? ""}.`;
    }
    case "schema": {
      const value = jsonIn(notes);
      if (value === undefined) return "Write JSON as the notes, or in one fenced block of them.";
      const parsed = zodOf(rule.schema).safeParse(value);
      return parsed.success ? null : `The JSON does not fit: ${parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ")}.`;
    }
  }
}

/** The notes as JSON, or the first fenced block of them that is JSON. */
function jsonIn(notes: string): Json | undefined {
  for (const text of [notes, ...notes.split("```").filter((_, index) => index % 2 === 1).map((block) => block.replace(/^\w*\n/, ""))]) {
    try {
      const value: Json = JSON.parse(text);
      return value;
    } catch {
      continue;
    }
  }
  return undefined;
}

/**
 * The notes' part of what a client must send: a JSON Schema that says what of the criteria JSON Schema can say, and never more than
 * is enforced.
 */
export function notesSchema(criteria: Criteria | null, required: boolean, values: JsonObject): JsonSchema {
  if (criteria === null) return { type: "string", minLength: 1 };
  const all = "and" in criteria ? criteria.and : [criteria];
  const rules = all.flatMap((each): Rule[] => ("type" in each && each.condition === undefined ? [each] : []));
  const patterns = rules.flatMap((rule) => patternOf(rule) ?? []);
  const lengths = rules.filter((rule) => rule.type === "length");
  const max = Math.min(...lengths.map((rule) => rule.max ?? Number.POSITIVE_INFINITY));
  const min = Math.ceil(Math.max(required ? 1 : 0, ...lengths.map((rule) => rule.min ?? 0)));
  return {
    type: "string",
    ...(min > 0 ? { minLength: min } : {}),
    ...(Number.isFinite(max) ? { maxLength: Math.floor(max) } : {}),
    ...(patterns.length === 0 ? {} : { allOf: patterns.map((pattern) => ({ pattern })) }),
    description: messagesOf(criteria, values).join(" "),
  };
}

/** The rule as an expression that means the same in JSON Schema (ECMA-262, without flags); null when none does. */
function patternOf(rule: Rule): string | null {
  if (rule.type === "contains") return rule.value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return rule.type === "regex" && (rule.flags ?? "") === "" ? portable(rule.pattern) : null;
}

/** Escapes that RE2 and ECMA-262 read alike. */
const ALIKE = /^\\[dDwWbBnrt.\\^$*+?()[\]{}|/-]/;

function portable(pattern: string): string | null {
  let text = "";
  let inClass = false;
  for (let index = 0; index < pattern.length; index += 1) {
    const rest = pattern.slice(index);
    if (rest.startsWith("\\")) {
      if (!ALIKE.test(rest)) return null;
      text += rest.slice(0, 2);
      index += 1;
      continue;
    }
    if ((rest.startsWith("(?") && !rest.startsWith("(?:")) || (inClass && rest.startsWith("["))) return null;
    if (rest.startsWith("[")) inClass = true;
    else if (rest.startsWith("]")) inClass = false;
    // A dot leaves out more ends of lines in ECMA-262 than in RE2.
    text += rest.startsWith(".") && !inClass ? "[^\\n]" : (pattern[index] ?? "");
  }
  return text;
}
