import { RE2JS } from "re2js";
import { err, ok, type Result } from "../shared/result.ts";

/** Characters of one pattern; keeps the compiled program small. */
const PATTERN_LIMIT_CHARS = 1000;

/**
 * Instructions of one compiled pattern. Time is their number times the length of the text: this many over notes at their limit take
 * under two seconds. A repetition counts each time it is written out, so `.{50,500}` has about a thousand.
 */
const PROGRAM_LIMIT = 1000;

const compiled = new Map<string, Result<RE2JS, string>>();
/** Patterns come from workflow files, so there are few; the bound only guards a long-lived server. */
const CACHE_LIMIT = 1000;

/** Compiles for the linear-time engine; the error says what it cannot express. */
export const compilePattern = (pattern: string): Result<RE2JS, string> => compileRule(pattern, "");

/** Flags of JavaScript that mean something here; `g`, `u`, `v` and `y` change nothing about whether a match is found. */
const FLAGS: Readonly<Record<string, number>> = { i: RE2JS.CASE_INSENSITIVE, m: RE2JS.MULTILINE, s: RE2JS.DOTALL, g: 0, u: 0, v: 0, y: 0 };

/** The same with the flags of a JavaScript expression. */
export function compileRule(pattern: string, flags: string): Result<RE2JS, string> {
  const key = `${flags}/${pattern}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const result = compile(pattern, flags);
  if (compiled.size >= CACHE_LIMIT) compiled.clear();
  compiled.set(key, result);
  return result;
}

function compile(pattern: string, flags: string): Result<RE2JS, string> {
  const unknown = [...flags].find((flag) => !Object.hasOwn(FLAGS, flag));
  if (unknown !== undefined) return err(`there is no flag "${unknown}"`);
  const bits = [...flags].reduce((sum, flag) => sum | (FLAGS[flag] ?? 0), 0);
  if (pattern.length > PATTERN_LIMIT_CHARS) return err(`it has ${pattern.length} characters, the limit is ${PATTERN_LIMIT_CHARS}`);
  try {
    const regex = RE2JS.compile(pattern, bits);
    const size = regex.programSize();
    return size > PROGRAM_LIMIT ? err(`written out it has ${size} instructions, the limit is ${PROGRAM_LIMIT}`) : ok(regex);
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

/** Whether the pattern is found anywhere in the text, in time linear to the text; false for a pattern that does not compile. */
export function patternFinds(pattern: string, text: string): boolean {
  const regex = compilePattern(pattern);
  return regex.ok && regex.value.test(text);
}
