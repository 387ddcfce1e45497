import { readFileSync } from "node:fs";
import { systemErrorCode } from "../../shared/durable-files.ts";
import { TerminalError } from "../../shared/errors.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { valueProblem } from "../../shared/value-problem.ts";

/** The text of an option's value: of the file when it begins with `@`. @throws TerminalError when the file cannot be read */
export function textOrFile(value: string, option: string): string {
  if (!value.startsWith("@")) return value;
  try {
    return readFileSync(value.slice(1), "utf8");
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === null) throw error;
    throw new TerminalError(`${option}: ${value.slice(1)} cannot be read (${code}).`, "Check the path.", { cause: error });
  }
}

/** @throws TerminalError when the text is not JSON that can be looked at without harm */
export function parseJson(text: string, option: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TerminalError(`${option} is not JSON.`, "Write JSON, or @FILE with JSON in it.", { cause });
  }
  const problem = valueProblem(value);
  if (problem !== null) throw new TerminalError(`${option} holds ${problem}.`, "Give plain JSON with ordinary keys.");
  return value;
}

/** @throws TerminalError when it is no object */
export function parseJsonObject(text: string | undefined, option: string): JsonObject {
  if (text === undefined) return {};
  const value = parseJson(textOrFile(text, option), option);
  if (value !== null && typeof value === "object" && !Array.isArray(value)) return value;
  throw new TerminalError(`${option} is no JSON object.`, 'Write it like {"key": "value"}.');
}
