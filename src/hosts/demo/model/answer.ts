/** What the server is told to answer, and the server-sent events that become of it. */
import type { Json, JsonObject } from "../../../shared/json.ts";
import { unreachable } from "../../../shared/unreachable.ts";
import type { Thinking } from "./thinking.ts";
import { estimateTokens, type InputUsage } from "./prompt-cache.ts";

export type AnswerBlock =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "thinking"; readonly thinking: string }
  | {
      readonly type: "tool_use";
      readonly name: string;
      readonly input: Json;
      /** Default: a fresh one. */
      readonly id?: string;
      /** Streamed instead of the input's JSON: what a model writes that is none. */
      readonly inputText?: string;
    };

export type StopReason = "end_turn" | "max_tokens" | "stop_sequence" | "tool_use" | "pause_turn" | "refusal" | "model_context_window_exceeded";

export interface MessageAnswer {
  readonly kind: "message";
  readonly content: readonly AnswerBlock[];
  /** Default: `tool_use` when a tool is called, else `end_turn`; `max_tokens` when the answer is longer than the request allows. */
  readonly stopReason?: StopReason;
  /** What the answer costs, however long it is. Default: estimated from its bytes. */
  readonly outputTokens?: number;
  /** With `refusal`. */
  readonly stopDetails?: { readonly category: string | null; readonly explanation: string | null };
}

export type ModelAnswer =
  | MessageAnswer
  /** An HTTP error instead of a stream. */
  | {
      readonly kind: "error";
      readonly status: number;
      readonly type: string;
      readonly message?: string;
      /** Seconds, sent as the `retry-after` header. */
      readonly retryAfter?: number;
      readonly details?: JsonObject;
    }
  /** The socket is dropped after so many events of the message, or, `cleanly`, the response just ends there. */
  | { readonly kind: "cut"; readonly afterEvents: number; readonly cleanly?: boolean; readonly content?: readonly AnswerBlock[] }
  /** The stream stops there without an end, and the socket stays open. */
  | { readonly kind: "stall"; readonly afterEvents: number; readonly content?: readonly AnswerBlock[] }
  /** An `error` event comes after so many events of the message, as when the API is overloaded in mid-answer. */
  | { readonly kind: "stream-error"; readonly type: string; readonly afterEvents: number; readonly content?: readonly AnswerBlock[] }
  | { readonly kind: "delay"; readonly ms: number; readonly answer: ModelAnswer };

/** One server-sent event; its `type` is also the event's name. */
export type SseEvent = JsonObject & { readonly type: string };

export interface MessageContext {
  readonly messageId: string;
  readonly model: string;
  readonly maxTokens: number;
  readonly usage: InputUsage;
  readonly thinking: Thinking;
  /** Models that always think begin every message with a thinking block. */
  readonly alwaysThinks: boolean;
  nextToolUseId(): string;
}

export interface RenderedMessage {
  readonly events: readonly SseEvent[];
  readonly stopReason: StopReason;
  readonly outputTokens: number;
}

/** The whole stream of a message: start, ping, blocks in pieces, stop reason with usage, stop. */
export function renderMessage(answer: MessageAnswer, context: MessageContext): RenderedMessage {
  const thinks = answer.content[0]?.type === "thinking";
  const content: readonly AnswerBlock[] = context.alwaysThinks && !thinks ? [{ type: "thinking", thinking: "" }, ...answer.content] : answer.content;
  const limitTokens = answer.outputTokens === undefined ? context.maxTokens : Infinity;
  const { events, bytes, cut } = renderBlocks(content, context, limitTokens);
  const outputTokens = answer.outputTokens ?? (cut ? context.maxTokens : Math.max(1, estimateTokens(bytes)));
  const called = content.some((block) => block.type === "tool_use");
  const stopReason = cut ? "max_tokens" : (answer.stopReason ?? (called ? "tool_use" : "end_turn"));
  const { model, messageId: id } = context;
  const usage = { ...context.usage, server_tool_use: null, service_tier: "standard" };
  return {
    outputTokens,
    stopReason,
    events: [
      {
        type: "message_start",
        message: { id, type: "message", role: "assistant", model, content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 } },
      },
      { type: "ping" },
      ...events,
      {
        type: "message_delta",
        delta: { stop_reason: stopReason, stop_sequence: null, stop_details: answer.stopDetails === undefined ? null : { type: "refusal", ...answer.stopDetails } },
        usage: { output_tokens: outputTokens },
      },
      { type: "message_stop" },
    ],
  };
}

/** The blocks' events, ended where the output would pass the limit. */
function renderBlocks(content: readonly AnswerBlock[], context: MessageContext, limitTokens: number): { events: SseEvent[]; bytes: number; cut: boolean } {
  const events: SseEvent[] = [];
  let bytes = 0;
  for (const [index, block] of content.entries()) {
    const { start, deltas } = renderBlock(block, context);
    events.push({ type: "content_block_start", index, content_block: start });
    for (const delta of deltas) {
      bytes += Buffer.byteLength(Object.values(delta).join(""));
      if (estimateTokens(bytes) > limitTokens) {
        events.push({ type: "content_block_stop", index });
        return { events, bytes, cut: true };
      }
      events.push({ type: "content_block_delta", index, delta });
    }
    events.push({ type: "content_block_stop", index });
  }
  return { events, bytes, cut: false };
}

function renderBlock(block: AnswerBlock, context: MessageContext): { start: JsonObject; deltas: readonly Record<string, string>[] } {
  switch (block.type) {
    case "text":
      return { start: { type: "text", text: "" }, deltas: pieces(block.text).map((text) => ({ type: "text_delta", text })) };
    case "thinking": {
      const thought = pieces(block.thinking).map((thinking) => ({ type: "thinking_delta", thinking }));
      const signature = context.thinking.sign(block.thinking);
      return { start: { type: "thinking", thinking: "", signature: "" }, deltas: [...thought, { type: "signature_delta", signature }] };
    }
    case "tool_use": {
      const text = block.inputText ?? JSON.stringify(block.input);
      const id = block.id ?? context.nextToolUseId();
      return {
        start: { type: "tool_use", id, name: block.name, input: {}, caller: { type: "direct" } },
        deltas: ["", ...pieces(text)].map((partial) => ({ type: "input_json_delta", partial_json: partial })),
      };
    }
    default:
      return unreachable(block);
  }
}

const PIECE_CHARS = 24;
const MOST_PIECES = 200;

/** Text in pieces of a size as models stream them; long text in larger ones. */
function pieces(text: string): readonly string[] {
  const size = Math.max(PIECE_CHARS, Math.ceil(text.length / MOST_PIECES));
  const parts: string[] = [];
  for (let start = 0; start < text.length; start += size) parts.push(text.slice(start, start + size));
  return parts;
}

/** One event in the wire format of server-sent events. */
export const formatEvent = (event: SseEvent): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
