/**
 * The conversation as a fold over the session's agent events, and the messages it stands for. Pure.
 *
 * A1. Messages are built from the fold alone, live and after a resume, so both send the same bytes.
 * A3. What happens next is read off the fold: a turn or a tool call that the log holds is never repeated.
 */
import type { AgentEndCode, AgentEvent } from "../record/index.ts";
import { unreachable } from "../shared/unreachable.ts";
import { toolCalls, type ContentBlock, type ToolCall } from "./content.ts";

export interface CallResult {
  readonly content: string;
  readonly isError: boolean;
}

export interface Turn {
  readonly turn: number;
  readonly content: readonly ContentBlock[];
  readonly stopReason: string;
  readonly calls: readonly ToolCall[];
  /** Ids of calls that were started. */
  readonly started: ReadonlySet<string>;
  readonly results: ReadonlyMap<string, CallResult>;
  /** Texts put in after this turn. */
  readonly steers: readonly string[];
}

/** A request as the log holds it, with how many turns were complete when it was sent. */
export interface LoggedRequest {
  readonly turn: number;
  readonly model: string;
  readonly promptSha256: string;
  readonly maxTokens: number;
}

export interface Conversation {
  readonly number: number;
  readonly model: string;
  /** Hashes of the system prompt's bytes and of the tool list's canonical JSON. */
  readonly system: string;
  readonly tools: string;
  readonly firstMessage: string;
  /** Texts put in before the first turn. */
  readonly steers: readonly string[];
  readonly turns: readonly Turn[];
  /** Redaction changed a turn: it cannot be replayed. */
  readonly redacted: boolean;
  /** How the last `runAgent` on it ended; null while one is at work or after a crash. */
  readonly ended: AgentEndCode | null;
}

/** Folds one event; null until a conversation has started. */
export function evolve(conversation: Conversation | null, event: AgentEvent): Conversation | null {
  if (event.kind === "conversation_started") {
    const { conversation: number, model, system, tools, firstMessage } = event.data;
    return { number, model, system, tools, firstMessage, steers: [], turns: [], redacted: false, ended: null };
  }
  return conversation === null ? null : evolveStarted(conversation, event);
}

type StartedEvent = Exclude<AgentEvent, { kind: "conversation_started" }>;

function evolveStarted(conversation: Conversation, event: StartedEvent): Conversation {
  switch (event.kind) {
    case "turn_requested":
      return { ...conversation, ended: null };
    case "turn_completed": {
      const { turn, content, stopReason, redacted } = event.data;
      const calls = toolCalls(content, stopReason);
      const completed: Turn = { turn, content, stopReason, calls, started: new Set(), results: new Map(), steers: [] };
      return { ...conversation, turns: [...conversation.turns, completed], redacted: conversation.redacted || redacted === true };
    }
    case "tool_started":
      return updateLast(conversation, (turn) => ({ ...turn, started: new Set([...turn.started, event.data.toolUseId]) }));
    case "tool_completed": {
      const { toolUseId, content, isError } = event.data;
      return updateLast(conversation, (turn) => ({ ...turn, results: new Map([...turn.results, [toolUseId, { content, isError }]]) }));
    }
    case "steered": {
      const { text } = event.data;
      if (conversation.turns.length === 0) return { ...conversation, steers: [...conversation.steers, text] };
      return updateLast(conversation, (turn) => ({ ...turn, steers: [...turn.steers, text] }));
    }
    case "agent_ended":
      return { ...conversation, ended: event.data.code };
    case "turn_failed":
    case "issue_reported":
    case "workflow_problem_reported":
    case "fact_remembered":
    case "coordinator_signalled":
    case "child_started":
    case "workspace_saved":
    case "network_reached":
      return conversation;
    default:
      return unreachable(event);
  }
}

function updateLast(conversation: Conversation, update: (turn: Turn) => Turn): Conversation {
  const last = conversation.turns.at(-1);
  return last === undefined ? conversation : { ...conversation, turns: [...conversation.turns.slice(0, -1), update(last)] };
}

/** Why work on a conversation stops; `agent_ended` is made of it. */
export interface End {
  readonly code: AgentEndCode;
  readonly message: string;
}

/** What the conversation needs next. */
export type Next =
  | { readonly kind: "ask" }
  | { readonly kind: "run-tools"; readonly turn: Turn; readonly calls: readonly ToolCall[] }
  /** The output limit cut an answer that called nothing. */
  | { readonly kind: "answer-cut-off"; readonly turn: Turn }
  /** The model ended its turn without calling anything. */
  | { readonly kind: "turn-ended"; readonly turn: Turn }
  | { readonly kind: "over"; readonly code: "refused" | "context_full" };

/** Reads off the fold what has to be done next (A3). */
export function next(conversation: Conversation): Next {
  const turn = conversation.turns.at(-1);
  if (turn === undefined) return { kind: "ask" };
  if (turn.stopReason === "refusal") return { kind: "over", code: "refused" };
  if (turn.stopReason === "model_context_window_exceeded") return { kind: "over", code: "context_full" };
  const open = turn.calls.filter((call) => !turn.results.has(call.id));
  if (open.length > 0) return { kind: "run-tools", turn, calls: open };
  if (turn.calls.length > 0 || turn.steers.length > 0 || turn.stopReason === "pause_turn") return { kind: "ask" };
  return { kind: turn.stopReason === "max_tokens" ? "answer-cut-off" : "turn-ended", turn };
}

/** A message of the request; content is always a list of blocks. */
export interface Message {
  readonly role: "user" | "assistant";
  readonly content: readonly ContentBlock[];
}

/**
 * The messages to send: roles alternate, every tool call is answered in the next user message, results before texts.
 * Empty text blocks and empty turns are left out, since the API refuses them; a paused turn and its continuation are one message.
 */
export function messagesOf(conversation: Conversation): readonly Message[] {
  const messages: { role: Message["role"]; content: ContentBlock[] }[] = [];
  const add = (role: Message["role"], blocks: readonly ContentBlock[]): void => {
    if (blocks.length === 0) return;
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else messages.push({ role, content: [...blocks] });
  };
  add("user", [conversation.firstMessage, ...conversation.steers].map(textBlock));
  for (const turn of conversation.turns) {
    add("assistant", turn.content.filter((block) => !isEmptyText(block)));
    add("user", answerBlocks(turn));
  }
  return messages;
}

/** What the user side says after a turn: the results in order of the calls, then the texts. */
export function answerBlocks(turn: Turn): readonly ContentBlock[] {
  const results = turn.calls.flatMap((call) => {
    const result = turn.results.get(call.id);
    return result === undefined ? [] : [resultBlock(call.id, result)];
  });
  return [...results, ...turn.steers.map(textBlock)];
}

const textBlock = (text: string): ContentBlock => ({ type: "text", text });

const resultBlock = (id: string, result: CallResult): ContentBlock => ({
  type: "tool_result",
  tool_use_id: id,
  content: result.content,
  ...(result.isError ? { is_error: true } : {}),
});

const isEmptyText = (block: ContentBlock): boolean => block["type"] === "text" && typeof block["text"] === "string" && block["text"].trim() === "";

/** Tool-use ids of all turns, which no later call may carry. */
export const seenToolUseIds = (conversation: Conversation): ReadonlySet<string> =>
  new Set(conversation.turns.flatMap((turn) => turn.calls.map((call) => call.id)));

/** Every text put into the conversation that is no tool result. */
export const steersOf = (conversation: Conversation): readonly string[] => [...conversation.steers, ...conversation.turns.flatMap((turn) => turn.steers)];
