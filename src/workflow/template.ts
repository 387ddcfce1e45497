/**
 * `{{a.b}}` in author text. A value that is not there renders as `[unset: a.b -- why]`, never as nothing.
 *
 * I8: values come from issues, code and models. In a prompt a value of several lines stands in a fence longer than any run of
 * backticks inside it, so no value can end its own block and speak as the author.
 */
import type { Json, JsonObject } from "../shared/json.ts";

const PLACEHOLDER = /\{\{\s*([A-Za-z_$][\w$-]*(?:\.[\w$-]+)*)\s*\}\}/g;
/** A placeholder at the beginning of a text. */
export const PLACEHOLDER_AT = /^\{\{\s*([A-Za-z_$][\w$-]*(?:\.[\w$-]+)*)\s*\}\}/;
/** All that a reader takes for the end of a line: a lone CR and Unicode's separators as well (I8). */
const LINE_END = /[\n\r\u0085\u2028\u2029]/;
const PATH = /^[A-Za-z_$][\w$-]*(?:\.[\w$-]+)*$/;
const PREVIEW_CHARS = 40;

/** The parts of a dotted path, or null when it is none. */
export const parsePath = (text: string): readonly string[] | null => (PATH.test(text) ? text.split(".") : null);

/** Every `{{path}}` in a text, in order. */
export const placeholders = (text: string): readonly string[] => [...text.matchAll(PLACEHOLDER)].map((match) => match[1] ?? "");

export type LookUp = { readonly found: true; readonly value: Json } | { readonly found: false; readonly why: string };

/** Follows own members only, so `constructor` and the like are never found. `null` counts as unset. */
export function lookUp(path: readonly string[], context: JsonObject): LookUp {
  let value: Json = context;
  let walked = "";
  for (const part of path) {
    if (value === null || typeof value !== "object") return { found: false, why: `'${walked}' is ${describe(value)}, not object` };
    const next: Json | undefined = Object.hasOwn(value, part) ? (value as { readonly [key: string]: Json })[part] : undefined;
    walked = walked === "" ? part : `${walked}.${part}`;
    if (next === undefined || next === null) return { found: false, why: `'${walked}' is ${next === null ? "null" : "not set"}` };
    value = next;
  }
  return { found: true, value };
}

export function describe(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `array (${value.length} items)`;
  if (typeof value === "object") return `object (${Object.keys(value).slice(0, 5).join(", ")})`;
  if (typeof value !== "string") return `${typeof value} (${value})`;
  const preview = value.length > PREVIEW_CHARS ? `${value.slice(0, PREVIEW_CHARS).toWellFormed()}...` : value;
  return `string (${JSON.stringify(preview)})`;
}

export interface Rendered {
  readonly text: string;
  /** One `path -- why` for each placeholder without a value. */
  readonly unset: readonly string[];
}

/** For text a model reads: unset values are marked, values of several lines are fenced. */
export const renderPrompt = (template: string, context: JsonObject): Rendered =>
  fillIn(template, context, (value, before) => (LINE_END.test(value) ? fenced(value, before) : value));

/** Characters of one value in a line. */
const LINE_VALUE_CHARS = 120;

/** For a title: unset values are marked, and a value cannot begin a line of its own. */
export const renderLine = (template: string, context: JsonObject): Rendered =>
  fillIn(template, context, (value) => {
    const line = value.replace(/\s+/g, " ").trim();
    return line.length > LINE_VALUE_CHARS ? `${line.slice(0, LINE_VALUE_CHARS).toWellFormed()}...` : line;
  });

function fillIn(template: string, context: JsonObject, shown: (value: string, before: string) => string): Rendered {
  if (!template.includes("{{")) return { text: template, unset: [] };
  const unset: string[] = [];
  const text = template.replace(PLACEHOLDER, (_, path: string, offset: number) => {
    const found = lookUp(path.split("."), context);
    if (!found.found) {
      unset.push(`${path} -- ${found.why}`);
      return `[unset: ${path} -- ${found.why}]`;
    }
    return shown(asText(found.value), template.slice(0, offset));
  });
  return { text, unset };
}

export const asText = (value: Json): string => (typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value, null, 2) : String(value));

/** A fenced block on lines of its own. */
function fenced(value: string, before: string): string {
  return `${before === "" || before.endsWith("\n") ? "" : "\n"}${fence(value)}\n`;
}

/** The text between fences longer than any run of backticks inside it. */
export function fence(text: string, language = ""): string {
  let longest = 2;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  const marks = "`".repeat(longest + 1);
  return `${marks}${language}\n${text}${text.endsWith("\n") ? "" : "\n"}${marks}`;
}
