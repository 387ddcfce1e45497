/**
 * The part of a Messages API request that this server takes, as an own zod schema written from the API's reference
 * (platform.claude.com, version 2026-10-21). Anything it does not name is refused, as the API refuses extra inputs.
 */
import { z } from "zod";

const cacheControl = z.strictObject({ type: z.literal("ephemeral"), ttl: z.enum(["5m", "1h"]).optional() });
const cached = { cache_control: cacheControl.nullish() };
const apiName = z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/);

const textBlock = z.strictObject({ type: z.literal("text"), text: z.string().regex(/\S/, "text content blocks must contain non-whitespace text"), ...cached });
const toolResultBlock = z
  .strictObject({
    type: z.literal("tool_result"),
    tool_use_id: apiName,
    content: z.union([z.string(), z.array(textBlock)]).optional(),
    is_error: z.boolean().optional(),
    ...cached,
  })
  .refine((block) => block.is_error !== true || (block.content?.length ?? 0) > 0, "content cannot be empty if is_error is true");
const toolUseBlock = z.strictObject({
  type: z.literal("tool_use"),
  id: apiName,
  name: apiName,
  input: z.record(z.string(), z.json()),
  caller: z.strictObject({ type: z.literal("direct") }).optional(),
  ...cached,
});
const thinkingBlock = z.strictObject({ type: z.literal("thinking"), thinking: z.string(), signature: z.string() });

const userMessage = z.strictObject({
  role: z.literal("user"),
  content: z.union([z.string().min(1), z.array(z.discriminatedUnion("type", [textBlock, toolResultBlock])).min(1)]),
});
const assistantMessage = z.strictObject({
  role: z.literal("assistant"),
  content: z.union([z.string().min(1), z.array(z.discriminatedUnion("type", [textBlock, thinkingBlock, toolUseBlock])).min(1)]),
});

const toolSchema = z.strictObject({
  name: apiName,
  description: z.string().optional(),
  input_schema: z.looseObject({ type: z.literal("object") }),
  ...cached,
});

export const messagesRequestSchema = z.strictObject({
  model: z.string(),
  max_tokens: z.int().min(1),
  stream: z.literal(true, "this server only streams: set stream to true"),
  system: z.union([z.string(), z.array(textBlock)]).optional(),
  tools: z.array(toolSchema).optional(),
  tool_choice: z
    .discriminatedUnion("type", [
      z.strictObject({ type: z.literal("auto"), disable_parallel_tool_use: z.boolean().optional() }),
      z.strictObject({ type: z.literal("none") }),
      z.strictObject({ type: z.literal("any"), disable_parallel_tool_use: z.boolean().optional() }),
      z.strictObject({ type: z.literal("tool"), name: z.string(), disable_parallel_tool_use: z.boolean().optional() }),
    ])
    .optional(),
  thinking: z
    .discriminatedUnion("type", [
      z.strictObject({ type: z.literal("adaptive"), display: z.enum(["summarized", "omitted"]).nullish() }),
      z.strictObject({ type: z.literal("enabled"), budget_tokens: z.int().min(1024), display: z.enum(["summarized", "omitted"]).nullish() }),
      z.strictObject({ type: z.literal("disabled") }),
    ])
    .optional(),
  stop_sequences: z.array(z.string()).optional(),
  metadata: z.strictObject({ user_id: z.string().nullish() }).optional(),
  messages: z.array(z.discriminatedUnion("role", [userMessage, assistantMessage])).min(1).max(100_000),
});

export type MessagesRequest = z.infer<typeof messagesRequestSchema>;
export type RequestMessage = MessagesRequest["messages"][number];
export type RequestBlock = Exclude<RequestMessage["content"], string>[number];

/** A message's content as blocks; a string stands for one text block. */
export const blocksOf = (message: RequestMessage): readonly RequestBlock[] =>
  typeof message.content === "string" ? [{ type: "text", text: message.content }] : message.content;

/** The system prompt as one text. */
export const systemText = ({ system = "" }: MessagesRequest): string => (typeof system === "string" ? system : system.map((block) => block.text).join("\n"));

/** A tool result's content as one text. */
export const resultText = ({ content = "" }: Extract<RequestBlock, { type: "tool_result" }>): string =>
  typeof content === "string" ? content : content.map((block) => block.text).join("\n");
