/**
 * The assistant's content blocks: put into the form that is journaled and replayed, and read for tool calls.
 *
 * A1. What is replayed is what was journaled, byte for byte: the same keys in the same order, live and after a resume.
 * A2. What the API would refuse on replay (arguments that are no JSON object, a tool-use id seen before, a name with a space) is put into a form it
 *     takes, once, before it is journaled; `toolCalls` reads that form back as a call that must not run.
 */
import { z } from "zod";
import { canonicalJson, type Json, type JsonObject } from "../shared/json.ts";

/** A content block as journaled. */
export type ContentBlock = JsonObject;

/** A content block as it came: a tool call's arguments still as text. */
export interface ReceivedBlock {
  readonly block: ContentBlock;
  /** The argument text of a tool call as streamed; null for other blocks. */
  readonly argumentText: string | null;
}

/** Why a call is answered with an error instead of being run. */
export type CallFault = "undecodable-arguments" | "rejected-id" | "cut-off";

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly input: JsonObject;
  readonly fault: CallFault | null;
}

/** The key that Anthropic's guide to fine-grained tool streaming names for arguments that are no valid JSON. */
const INVALID_JSON_KEY = "INVALID_JSON";
/** Deeper arguments are refused: no tool needs them, and the recursive readers behind us have a stack. */
const MAX_ARGUMENT_DEPTH = 128;
/** What the API accepts as a tool-use id and as a tool's name. */
const API_NAME = /^[a-zA-Z0-9_-]{1,128}$/;
const NOT_API_CHARACTERS = /[^a-zA-Z0-9_-]/g;
/** Stop reasons after which the last block is whole. Of one that is not known yet it is not taken for granted. */
const WHOLE: ReadonlySet<string> = new Set(["tool_use", "end_turn", "stop_sequence", "pause_turn", "refusal"]);
const REJECTED_ID = /__rejected_\d+$/;

/**
 * Brings received blocks into the journaled form (A1, A2).
 * @param seenIds tool-use ids of earlier turns of the conversation
 */
export function settleContent(received: readonly ReceivedBlock[], seenIds: ReadonlySet<string>): ContentBlock[] {
  const seen = new Set(seenIds);
  return received.map(({ block, argumentText }) => {
    const settled = block["type"] === "tool_use" ? settleCall(block, argumentText ?? "", seen) : block;
    return inCanonicalOrder(settled);
  });
}

function settleCall(block: ContentBlock, argumentText: string, seen: Set<string>): ContentBlock {
  const id = uniqueId(typeof block["id"] === "string" ? block["id"] : "", seen);
  seen.add(id);
  const name = settleName(typeof block["name"] === "string" ? block["name"] : "");
  return { ...block, id, name, input: parseArguments(argumentText) ?? { [INVALID_JSON_KEY]: argumentText } };
}

/** A name that the API would not take back becomes one that it takes and that no tool has. */
const settleName = (name: string): string => (API_NAME.test(name) ? name : `${name.replaceAll(NOT_API_CHARACTERS, "").slice(0, 64)}__invalid_name`);

function uniqueId(id: string, seen: ReadonlySet<string>): string {
  if (API_NAME.test(id) && !seen.has(id)) return id;
  const base = id.replaceAll(NOT_API_CHARACTERS, "").replace(REJECTED_ID, "").slice(0, 64);
  for (let count = 1; ; count += 1) {
    const renamed = `${base}__rejected_${count}`;
    if (!seen.has(renamed)) return renamed;
  }
}

/** The arguments as an object; null when they are cut off, no JSON, no object, or nested beyond any use. No text means none. */
function parseArguments(text: string): JsonObject | null {
  if (text.trim() === "") return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (!isPlainObject(parsed) || depthExceeds(parsed, MAX_ARGUMENT_DEPTH)) return null;
    return parsed;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

const isPlainObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);

/** Level by level, not recursive: half a megabyte of `[` must not exhaust the stack. */
function depthExceeds(value: Json, limit: number): boolean {
  let level: Json[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? Object.values(item) : []));
  }
  return false;
}

const jsonObjectSchema: z.ZodType<JsonObject> = z.record(z.string(), z.json());

/** The value as the journal gives it back: keys sorted, lone surrogates replaced. */
const inCanonicalOrder = (block: ContentBlock): ContentBlock => jsonObjectSchema.parse(JSON.parse(canonicalJson(block)));

/** The tool calls of a journaled turn, each with the reason why it must not run, if there is one. */
export function toolCalls(content: readonly ContentBlock[], stopReason: string): readonly ToolCall[] {
  const calls: ToolCall[] = [];
  content.forEach((block, index) => {
    if (block["type"] !== "tool_use") return;
    const { id, name, input } = block;
    if (typeof id !== "string" || typeof name !== "string" || !isPlainObject(input)) return;
    // The last block is the one that was cut; its arguments may parse and still be incomplete.
    const cutOff = index === content.length - 1 && !WHOLE.has(stopReason);
    calls.push({ id, name, input, fault: cutOff ? "cut-off" : faultOf(id, input) });
  });
  return calls;
}

function faultOf(id: string, input: JsonObject): CallFault | null {
  if (REJECTED_ID.test(id)) return "rejected-id";
  return Object.keys(input).length === 1 && typeof input[INVALID_JSON_KEY] === "string" ? "undecodable-arguments" : null;
}
