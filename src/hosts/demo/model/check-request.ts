/** The rules of a Messages request that its shape alone does not show. Each gives the 400 or 404 that the API gives. */
import type { ModelPrice } from "../../../shared/models.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { blocksOf, type MessagesRequest, type RequestBlock } from "./request-schema.ts";
import type { Thinking } from "./thinking.ts";

/** An error body of the API: `type` and `message`. */
export interface ApiError {
  readonly status: number;
  readonly type: string;
  readonly message: string;
}

export const MAX_BREAKPOINTS = 4;

export interface CheckContext {
  readonly model: ModelPrice;
  readonly thinking: Thinking;
  /** The server ended its last answer with `pause_turn`, so that may be sent back as the last message. */
  readonly isPaused: boolean;
}

export const invalidRequest = (message: string): ApiError => ({ status: 400, type: "invalid_request_error", message });

/** Models that always think refuse a forced tool choice and switched-off thinking. */
export const alwaysThinks = (model: string): boolean => /^claude-[a-z]+-5(?:-|$)/.test(model);

/** Checks a request of the right shape; the first broken rule is the answer. */
export function checkRequest(request: MessagesRequest, context: CheckContext): Result<void, ApiError> {
  const broken =
    checkParameters(request, context.model) ??
    checkBreakpoints(request) ??
    checkRoles(request, context) ??
    checkToolUse(request) ??
    checkThinking(request, context);
  return broken === null ? ok(undefined) : err(invalidRequest(broken));
}

function checkParameters(request: MessagesRequest, model: ModelPrice): string | null {
  const { max_tokens: maxTokens, tools = [], tool_choice: choice, thinking } = request;
  if (maxTokens > model.maxOutputTokens) return `max_tokens: ${maxTokens} > ${model.maxOutputTokens}, which is the maximum allowed number of output tokens for ${model.model}`;
  const names = tools.map((tool) => tool.name);
  if (new Set(names).size !== names.length) return "tools: Tool names must be unique.";
  if (!alwaysThinks(request.model)) return null;
  if (choice?.type === "any" || choice?.type === "tool") return "tool_choice: Thinking may not be enabled when tool_choice forces tool use.";
  return thinking?.type === "disabled" ? `thinking: ${request.model} always thinks.` : null;
}

function checkBreakpoints(request: MessagesRequest): string | null {
  const system = Array.isArray(request.system) ? request.system : [];
  const marked = [...(request.tools ?? []), ...system, ...request.messages.flatMap(blocksOf)].filter((block) => "cache_control" in block && block.cache_control);
  return marked.length > MAX_BREAKPOINTS ? `A maximum of ${MAX_BREAKPOINTS} blocks with cache_control may be provided. Found ${marked.length}.` : null;
}

function checkRoles({ messages }: MessagesRequest, context: CheckContext): string | null {
  const wrong = messages.findIndex((message, index) => message.role !== (index % 2 === 0 ? "user" : "assistant"));
  if (wrong !== -1) return `messages.${wrong}: roles must alternate between "user" and "assistant", beginning with "user"`;
  const last = messages.at(-1);
  if (last?.role !== "assistant" || context.isPaused) return null;
  return "This model does not support assistant message prefill. The conversation must end with a user message.";
}

function checkToolUse({ messages }: MessagesRequest): string | null {
  const seen = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const used = message.role === "assistant" ? idsOf(blocksOf(message)) : [];
    for (const id of used) {
      if (seen.has(id)) return `messages.${index}: \`tool_use\` ids must be unique: ${id}`;
      seen.add(id);
    }
    const answers = messages[index + 1];
    if (message.role === "assistant" && (used.length > 0 || answers !== undefined)) {
      const wrong = checkAnswers(index, used, answers === undefined ? [] : blocksOf(answers));
      if (wrong !== null) return wrong;
    }
  }
  const first = messages[0];
  return first !== undefined && blocksOf(first).some((block) => block.type === "tool_result") ? "messages.0: unexpected `tool_result`: no `tool_use` came before it" : null;
}

const idsOf = (blocks: readonly RequestBlock[]): readonly string[] => blocks.flatMap((block) => (block.type === "tool_use" ? [block.id] : []));

function checkAnswers(index: number, used: readonly string[], answers: readonly RequestBlock[]): string | null {
  const given = answers.flatMap((block) => (block.type === "tool_result" ? [block.tool_use_id] : []));
  const missing = used.filter((id) => !given.includes(id));
  if (missing.length > 0) return `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(", ")}`;
  const foreign = given.filter((id) => !used.includes(id));
  if (foreign.length > 0) return `messages.${index + 1}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${foreign.join(", ")}`;
  if (new Set(given).size !== given.length) return `messages.${index + 1}: each \`tool_use\` must have a single result`;
  const firstOther = answers.findIndex((block) => block.type !== "tool_result");
  const late = firstOther !== -1 && answers.slice(firstOther).some((block) => block.type === "tool_result");
  return late ? `messages.${index + 1}: \`tool_result\` blocks must come before other content` : null;
}

function checkThinking({ model, messages }: MessagesRequest, { thinking }: CheckContext): string | null {
  for (const [index, message] of messages.entries()) {
    const blocks = blocksOf(message);
    for (const [at, block] of blocks.entries()) {
      if (block.type === "thinking" && !thinking.verify(block.thinking, block.signature)) return `messages.${index}.content.${at}: Invalid \`signature\` in \`thinking\` block`;
    }
    if (alwaysThinks(model) && idsOf(blocks).length > 0 && blocks[0]?.type !== "thinking") {
      return `messages.${index}.content.0: Expected \`thinking\`, but found \`${blocks[0]?.type}\`: a turn that used tools must keep its thinking blocks`;
    }
  }
  return null;
}
