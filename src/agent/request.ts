/**
 * The body of a request: byte-stable system prompt and tool list, then the conversation, with cache breakpoints.
 *
 * Breakpoints (at most 4, P-model-cache): the last tool, the system prompt, the end of the conversation, and the end of what the
 * previous request sent. The last one is where that request wrote its cache entry: naming it makes the hit certain however many
 * blocks a turn adds, while a hit by look-back ends after 20 blocks.
 */
import type Anthropic from "@anthropic-ai/sdk";
import { z } from "zod";
import { TerminalError } from "../shared/errors.ts";
import { sha256Hex } from "../shared/hash.ts";
import { canonicalJson, type JsonObject } from "../shared/json.ts";
import type { ContentBlock } from "./content.ts";
import { messagesOf, type Conversation, type Message } from "./conversation.ts";
import type { Tool } from "./tool.ts";

/** What stays the same in every request of a conversation. */
export interface Frame {
  readonly model: string;
  readonly system: string;
  readonly tools: readonly ToolDefinition[];
}

export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  readonly input_schema: JsonObject;
}

export interface RequestBody {
  readonly model: string;
  readonly max_tokens: number;
  readonly system: readonly ContentBlock[];
  readonly tools: readonly JsonObject[];
  readonly messages: readonly Message[];
  readonly stream: true;
}

const EPHEMERAL = { type: "ephemeral" };

/** The tool list as sent: JSON Schema from zod, in the given order. @throws TerminalError when two tools have one name */
export function toolDefinitions(tools: readonly Tool[]): readonly ToolDefinition[] {
  const names = new Set<string>();
  return tools.map((tool) => {
    if (names.has(tool.name)) throw new TerminalError(`Two tools are named ${tool.name}.`, "Give each tool its own name.");
    names.add(tool.name);
    return { name: tool.name, description: tool.description, input_schema: inputSchemaOf(tool.schema) };
  });
}

/** Schemas are made once and shared by every conversation; writing one as JSON Schema costs more than a turn's other work. */
const inputSchemas = new WeakMap<Tool["schema"], JsonObject>();

function inputSchemaOf(schema: Tool["schema"]): JsonObject {
  const known = inputSchemas.get(schema);
  if (known !== undefined) return known;
  const { $schema: _, ...written } = z.toJSONSchema(schema, { io: "input" });
  const made = jsonObject(written);
  inputSchemas.set(schema, made);
  return made;
}

const jsonObject = (value: unknown): JsonObject => z.record(z.string(), z.json()).parse(JSON.parse(canonicalJson(value)));

/** The bytes of a tool list that its blob holds and its hash covers. */
export const toolListText = (tools: readonly ToolDefinition[]): string => canonicalJson(tools);

/** Builds the request for the conversation as it stands. */
export function requestBody(frame: Frame, conversation: Conversation, maxTokens: number): RequestBody {
  return {
    model: frame.model,
    max_tokens: maxTokens,
    system: [{ type: "text", text: frame.system, cache_control: EPHEMERAL }],
    tools: frame.tools.map((tool, index) => ({ ...tool, ...(index === frame.tools.length - 1 ? { cache_control: EPHEMERAL } : {}) })),
    messages: withBreakpoints(messagesOf(conversation)),
    stream: true,
  };
}

/** Marks the last block of the last two user messages: where this request ends and where the previous one did. */
function withBreakpoints(messages: readonly Message[]): readonly Message[] {
  const users = messages.flatMap((message, index) => (message.role === "user" ? [index] : []));
  const marked = new Set(users.slice(-2));
  return messages.map((message, index) => (marked.has(index) ? { role: message.role, content: markLast(message.content) } : message));
}

/** How many of the messages, from the first, stand as they will in every later request: those before the marked ones. */
export function settledMessages(messages: readonly Message[]): number {
  const users = messages.flatMap((message, index) => (message.role === "user" ? [index] : []));
  return users.at(-2) ?? 0;
}

const markLast = (content: readonly ContentBlock[]): readonly ContentBlock[] =>
  content.map((block, index) => (index === content.length - 1 ? { ...block, cache_control: EPHEMERAL } : block));

/** Hash of the request as journaled in `turn_requested`. */
export const promptSha256 = (body: RequestBody): string => sha256Hex(canonicalJson(body));

/**
 * The body in the SDK's type. Our content is typed as the JSON that the journal keeps, which is wider than the SDK's closed unions
 * (a block type it does not know yet is replayed as well), so this is the one place where the type is asserted.
 */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
export const asSdkParams = (body: RequestBody): Anthropic.MessageCreateParamsStreaming => body as unknown as Anthropic.MessageCreateParamsStreaming;
