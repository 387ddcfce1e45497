/** Puts the events of one streamed message together. Nothing of it counts before `message_stop`. */
import { z } from "zod";
import { EVENT_LIMIT_BYTES, type Usage } from "../record/index.ts";
import type { JsonObject } from "../shared/json.ts";
import { unreachable } from "../shared/unreachable.ts";
import type { ContentBlock, ReceivedBlock } from "./content.ts";

const tokens = z.int().min(0);
const startUsage = z.object({
  input_tokens: tokens,
  output_tokens: tokens,
  cache_creation_input_tokens: tokens.nullish(),
  cache_read_input_tokens: tokens.nullish(),
});
const block = z.looseObject({ type: z.string() }).catchall(z.json());
const toolUse = z.looseObject({ type: z.literal("tool_use"), id: z.string(), name: z.string() }).catchall(z.json());
const index = z.int().min(0);

const delta = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text_delta"), text: z.string() }),
  z.object({ type: z.literal("thinking_delta"), thinking: z.string() }),
  z.object({ type: z.literal("signature_delta"), signature: z.string() }),
  z.object({ type: z.literal("input_json_delta"), partial_json: z.string() }),
  z.object({ type: z.literal("citations_delta"), citation: z.json() }),
]);

const streamEventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("message_start"), message: z.object({ usage: startUsage }) }),
  z.object({ type: z.literal("content_block_start"), index, content_block: z.union([toolUse, block]) }),
  z.object({ type: z.literal("content_block_delta"), index, delta }),
  z.object({ type: z.literal("content_block_stop"), index }),
  z.object({
    type: z.literal("message_delta"),
    delta: z.object({
      stop_reason: z.string().nullish(),
      stop_details: z.object({ category: z.string().nullish(), explanation: z.string().nullish() }).nullish(),
    }),
    usage: startUsage.partial(),
  }),
  z.object({ type: z.literal("message_stop") }),
]);

const KNOWN_EVENTS: ReadonlySet<unknown> = new Set(streamEventSchema.options.map((option) => option.shape.type.value));
/** The API may add types of events; one that it did not have yet is passed over, as its streaming page asks for. */
const isUnknownEvent = (raw: unknown): boolean =>
  typeof raw === "object" && raw !== null && "type" in raw && typeof raw.type === "string" && !KNOWN_EVENTS.has(raw.type);

/** A message that arrived whole. */
export interface ReceivedMessage {
  readonly blocks: readonly ReceivedBlock[];
  readonly stopReason: string;
  /** For a refusal: its category and explanation, if the API names them. */
  readonly stopDetails: string | null;
  readonly usage: Usage;
}

/** The stream broke its own rules; the turn did not happen. */
export class StreamProtocolError extends Error {
  override readonly name = "StreamProtocolError";
}

/** Says more than the log can hold, or never ends; the rest is not read. */
export class AnswerTooLarge extends Error {
  override readonly name = "AnswerTooLarge";
}

/** Room for the other fields of `turn_completed` beside its content. */
const EVENT_MARGIN_BYTES = 64 * 1024;
/** The largest content, as canonical JSON, that a turn can be journaled with. */
export const ANSWER_LIMIT_BYTES = EVENT_LIMIT_BYTES - EVENT_MARGIN_BYTES;

interface OpenBlock {
  readonly block: ContentBlock;
  readonly argumentText: string | null;
}

export interface MessageAssembler {
  /** @throws StreamProtocolError on an event that does not fit, AnswerTooLarge when the answer passes what the log can hold */
  add(event: unknown): void;
  /** The message, or null when `message_stop` has not come. */
  message(): ReceivedMessage | null;
}

export function assembleMessage(): MessageAssembler {
  const blocks: OpenBlock[] = [];
  let usage: Usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
  let stopReason: string | null = null;
  let stopDetails: string | null = null;
  let stopped = false;
  let chars = 0;

  return {
    add(raw) {
      if (isUnknownEvent(raw)) return;
      const parsed = streamEventSchema.safeParse(raw);
      if (!parsed.success) throw new StreamProtocolError(`The model's stream held an event that does not fit: ${z.prettifyError(parsed.error)}`);
      const event = parsed.data;
      switch (event.type) {
        case "message_start":
          usage = updateUsage(usage, event.message.usage);
          break;
        case "content_block_start":
          if (event.index !== blocks.length) throw new StreamProtocolError(`The model's stream started block ${event.index} where ${blocks.length} was expected.`);
          chars = bounded(chars, event.content_block);
          blocks.push(openBlock(event.content_block));
          break;
        case "content_block_delta": {
          const open = blocks[event.index];
          if (open === undefined) throw new StreamProtocolError(`The model's stream held a delta for block ${event.index}, which has not started.`);
          chars = bounded(chars, event.delta);
          blocks[event.index] = extend(open, event.delta);
          break;
        }
        case "content_block_stop":
          break;
        case "message_delta":
          usage = updateUsage(usage, event.usage);
          stopReason = event.delta.stop_reason ?? stopReason;
          stopDetails = describe(event.delta.stop_details) ?? stopDetails;
          break;
        case "message_stop":
          stopped = true;
          break;
        default:
          unreachable(event);
      }
    },
    message: () => (stopped && stopReason !== null ? { blocks, stopReason, stopDetails, usage } : null),
  };
}

/** A character is at least a byte, so an answer that passes by characters passes by bytes too; the exact size is taken when it is whole. */
function bounded(chars: number, piece: object): number {
  const sum = chars + Object.values(piece).reduce<number>((size, value) => size + (typeof value === "string" ? value.length : 16), 0);
  if (sum > ANSWER_LIMIT_BYTES) throw new AnswerTooLarge(`The model's answer is larger than the log takes (${ANSWER_LIMIT_BYTES} bytes); the rest was not read.`);
  return sum;
}

/** Counters of later events are totals, left out when they do not apply. */
function updateUsage(usage: Usage, update: Partial<z.infer<typeof startUsage>>): Usage {
  return {
    inputTokens: update.input_tokens ?? usage.inputTokens,
    outputTokens: update.output_tokens ?? usage.outputTokens,
    cacheReadTokens: update.cache_read_input_tokens ?? usage.cacheReadTokens,
    cacheWriteTokens: update.cache_creation_input_tokens ?? usage.cacheWriteTokens,
  };
}

function openBlock(start: z.infer<typeof block>): OpenBlock {
  const content: JsonObject = { ...start };
  return { block: content, argumentText: content["type"] === "tool_use" ? "" : null };
}

function extend(open: OpenBlock, change: z.infer<typeof delta>): OpenBlock {
  const { block: content } = open;
  switch (change.type) {
    case "text_delta":
      return { ...open, block: { ...content, text: textOf(content["text"]) + change.text } };
    case "thinking_delta":
      return { ...open, block: { ...content, thinking: textOf(content["thinking"]) + change.thinking } };
    case "signature_delta":
      return { ...open, block: { ...content, signature: change.signature } };
    case "input_json_delta":
      return { ...open, argumentText: (open.argumentText ?? "") + change.partial_json };
    case "citations_delta": {
      const { citations } = content;
      return { ...open, block: { ...content, citations: [...(Array.isArray(citations) ? citations : []), change.citation] } };
    }
    default:
      return unreachable(change);
  }
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

const describe = (details: { category?: string | null | undefined; explanation?: string | null | undefined } | null | undefined): string | null =>
  [details?.category, details?.explanation].filter((part) => typeof part === "string" && part !== "").join(": ") || null;
