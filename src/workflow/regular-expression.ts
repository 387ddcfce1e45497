import { RE2JS } from "re2js";
import { err, ok, type Result } from "../shared/result.ts";

/** Characters of one pattern; keeps the compiled program small. */
const PATTERN_LIMIT_CHARS = 1000;

const compiled = new Map<string, Result<RE2JS, string>>();
/** Patterns come from workflow files, so there are few; the bound only guards a long-lived server. */
const CACHE_LIMIT = 1000;

/** Compiles for the linear-time engine; the error says what it cannot express. */
export function compilePattern(pattern: string): Result<RE2JS, string> {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const result = compile(pattern);
  if (compiled.size >= CACHE_LIMIT) compiled.clear();
  compiled.set(pattern, result);
  return result;
}

function compile(pattern: string): Result<RE2JS, string> {
  if (pattern.length > PATTERN_LIMIT_CHARS) return err(`it has ${pattern.length} characters, the limit is ${PATTERN_LIMIT_CHARS}`);
  try {
    return ok(RE2JS.compile(pattern));
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

/** Whether the pattern is found anywhere in the text, in time linear to the text; false for a pattern that does not compile. */
export function patternFinds(pattern: string, text: string): boolean {
  const regex = compilePattern(pattern);
  return regex.ok && regex.value.matcher(text).find();
}
