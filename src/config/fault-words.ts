/** What zod found wrong with a value of the config, in words for the person who wrote the file. */
import type { z } from "zod";
import { closestName } from "../shared/closest-name.ts";

export interface FaultWords {
  readonly message: string;
  readonly fix: string;
}

/** How a value is shown in a message: enough to find it, never the whole of a long one. */
const SHOWN_CHARS = 60;

/**
 * @param where dotted path of the key; empty for the file as a whole
 * @param value what stands there; undefined when nothing does
 */
export function faultWords(issue: z.core.$ZodIssue, where: string, value: unknown): FaultWords {
  if (where === "") return { message: `The file holds ${shown(value)} where keys and values are expected.`, fix: "Write it as a YAML map of keys and values." };
  const key = `\`${where}\``;
  const see = `See \`${where.replace(/\.\d+$/, "")}\` in docs/configuration.md.`;
  switch (issue.code) {
    case "invalid_type": {
      const wanted = KIND_WORDS[issue.expected] ?? issue.expected;
      return { message: `${key} is ${shown(value)}, but must be ${wanted}.`, fix: `Write ${wanted}. ${see}` };
    }
    case "too_small":
      return { message: `${key} ${amount(issue.origin, value)}, but ${least(issue.origin, Number(issue.minimum))}.`, fix: `${typeof value === "number" ? "Raise it" : "Fill it in, or take the key away"}. ${see}` };
    case "too_big":
      return { message: `${key} ${amount(issue.origin, value)}, but ${most(issue.origin, Number(issue.maximum))}.`, fix: `${typeof value === "number" ? "Lower it" : "Shorten it"}. ${see}` };
    case "invalid_value": {
      const known = issue.values.map(String);
      const near = typeof value === "string" ? closestName(value, known) : null;
      return { message: `${key} is ${shown(value)}, ${unknownWords(where)}.`, fix: near === null ? `Use one of: ${known.join(", ")}.` : `Did you mean ${near}? Known are: ${known.join(", ")}.` };
    }
    default:
      return { message: `${key} is ${shown(value)}: ${issue.message}.`, fix: see };
  }
}

const KIND_WORDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map of keys and values",
};

/** A model without a known price is refused here, where the file is read, and not when money is about to be spent. */
const unknownWords = (where: string): string => (/^models?(\.|$)/.test(where) ? "which has no known price, so no budget could hold" : "which is not known");

function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  if (typeof value === "number" && !Number.isFinite(value)) return "no finite number";
  if (typeof value !== "string") return JSON.stringify(value);
  return `the text ${JSON.stringify(value.length > SHOWN_CHARS ? `${value.slice(0, SHOWN_CHARS).toWellFormed()}...` : value)}`;
}

function amount(origin: string, value: unknown): string {
  if (origin === "string" && typeof value === "string") return value.trim() === "" ? "is empty" : `has ${value.trim().length} characters`;
  if (origin === "array" && Array.isArray(value)) return `has ${value.length} entries`;
  return `is ${shown(value)}`;
}

const least = (origin: string, minimum: number): string =>
  origin === "string" ? "must hold something" : origin === "array" ? `needs at least ${minimum}` : `must be at least ${minimum}`;

const most = (origin: string, maximum: number): string =>
  origin === "string" ? `may have at most ${maximum}` : origin === "array" ? `may have at most ${maximum}` : `must be at most ${maximum}`;
