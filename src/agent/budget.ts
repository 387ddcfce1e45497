/**
 * Turns, tokens, money and time of one session, counted from its log.
 *
 * I5. The worst case of a turn is reserved before it is sent, `max_tokens` is lowered until it fits, and a turn that could pass a
 *     limit is not sent. A request whose fate is unknown counts with its whole reservation.
 */
import type { AgentEvent, Recorded, Usage } from "../record/index.ts";
import type { ModelPrice } from "../shared/models.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { answerBlocks, type Conversation } from "./conversation.ts";
import { UNBILLED_FAILURES } from "./failure.ts";
import { ratesFor, tokensOf } from "./prices.ts";
import type { Frame } from "./request.ts";

export interface AgentBudget {
  /** Requests that were or may have been answered. */
  readonly maxTurns: number;
  /** All tokens, in and out, cached ones included. */
  readonly maxTokens: number;
  /** Millionths of a US dollar. */
  readonly maxCostMicroUsd: number;
  /** Time at work, over all runs of the session. */
  readonly maxMs: number;
}

interface Reservation {
  readonly tokens: number;
  readonly costMicroUsd: number;
}

export interface Spent {
  readonly turns: number;
  readonly tokens: number;
  readonly costMicroUsd: number;
  readonly completedTurns: number;
  /** Sum over completed turns. */
  readonly usage: Usage;
  /** Of a request that is neither completed nor failed: it counts as spent until it is. */
  readonly open: Reservation | null;
  /** What the last completed turn proved: the size of the conversation up to and including it. */
  readonly lastTurnTokens: number | null;
}

export const NOTHING_SPENT: Spent = {
  turns: 0,
  tokens: 0,
  costMicroUsd: 0,
  completedTurns: 0,
  usage: { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 },
  open: null,
  lastTurnTokens: null,
};

export function evolveSpent(spent: Spent, event: AgentEvent): Spent {
  switch (event.kind) {
    case "conversation_started":
      return { ...spent, lastTurnTokens: null };
    case "turn_requested": {
      const { reservedMicroUsd, reservedTokens = 0 } = event.data;
      return { ...settleOpen(spent), open: { tokens: reservedTokens, costMicroUsd: reservedMicroUsd } };
    }
    case "turn_failed":
      return UNBILLED_FAILURES.has(event.data.code) ? { ...spent, open: null } : settleOpen(spent);
    case "turn_completed": {
      const { usage, costMicroUsd } = event.data;
      return {
        turns: spent.turns + 1,
        tokens: spent.tokens + tokensOf(usage),
        costMicroUsd: spent.costMicroUsd + costMicroUsd,
        completedTurns: spent.completedTurns + 1,
        usage: addUsage(spent.usage, usage),
        open: null,
        lastTurnTokens: tokensOf(usage),
      };
    }
    default:
      return spent;
  }
}

/** A request without a known end may have been answered and billed. */
function settleOpen(spent: Spent): Spent {
  if (spent.open === null) return spent;
  const { tokens, costMicroUsd } = spent.open;
  return { ...spent, turns: spent.turns + 1, tokens: spent.tokens + tokens, costMicroUsd: spent.costMicroUsd + costMicroUsd, open: null };
}

const addUsage = (a: Usage, b: Usage): Usage => ({
  inputTokens: a.inputTokens + b.inputTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
  cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
});

/** Time at work in earlier runs: within each epoch, which is one writer, the time between events. A clock set back adds nothing. */
export function workedMs(history: readonly Recorded<AgentEvent>[]): number {
  let sum = 0;
  history.forEach((event, index) => {
    const before = history[index - 1];
    if (before !== undefined && before.epoch === event.epoch) sum += Math.max(0, Date.parse(event.at) - Date.parse(before.at));
  });
  return sum;
}

/** What a session's log says it spent so far, in all its runs; a request without a known end counts as spent. */
export interface SessionSpend {
  readonly turns: number;
  readonly tokens: number;
  readonly costMicroUsd: number;
  /** Of completed turns, as the API counted. */
  readonly usage: Usage;
  readonly workedMs: number;
}

export function spentBy(history: readonly Recorded<AgentEvent>[]): SessionSpend {
  const { turns, tokens, costMicroUsd, usage } = settleOpen(history.reduce(evolveSpent, NOTHING_SPENT));
  return { turns, tokens, costMicroUsd, usage, workedMs: workedMs(history) };
}

/** Output asked for in one turn when the budget does not limit it. */
const OUTPUT_TOKENS_PER_TURN = 32_000;
/** With less room than this a turn is not worth sending: thinking alone would fill it. */
const MIN_OUTPUT_TOKENS = 2_048;
/** The API's own system prompt for tool use, at most 700 tokens (P-model-tools), rounded up. */
const TOOL_PROMPT_TOKENS = 1_000;
/** Framing of a message or block: role, type, ids. */
const FRAMING_TOKENS_PER_BLOCK = 32;

/** The most input tokens the next request can have. A token is at least one byte, so bytes bound what was never counted. */
export function mostInputTokens(frame: Frame, conversation: Conversation, lastTurnTokens: number | null): number {
  const last = conversation.turns.at(-1);
  if (lastTurnTokens !== null && last !== undefined) {
    const added = answerBlocks(last);
    return lastTurnTokens + bytesOf(added) + added.length * FRAMING_TOKENS_PER_BLOCK;
  }
  const opening = [conversation.firstMessage, ...conversation.steers];
  return TOOL_PROMPT_TOKENS + bytesOf([frame.system, frame.tools, opening]) + FRAMING_TOKENS_PER_BLOCK * opening.length;
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

export interface TurnReservation {
  readonly maxTokens: number;
  readonly reservedMicroUsd: number;
  readonly reservedTokens: number;
}

export interface BudgetEnd {
  readonly code: "budget_turns" | "budget_tokens" | "budget_cost" | "budget_time" | "context_full";
  readonly message: string;
}

/** Reserves the worst case of the next turn, or says which limit it could pass. */
export function reserveTurn(budget: AgentBudget, spent: Spent, price: ModelPrice, inputTokens: number): Result<TurnReservation, BudgetEnd> {
  const used = settleOpen(spent);
  if (used.turns >= budget.maxTurns) return end("budget_turns", `All ${budget.maxTurns} turns of the budget are used.`);
  if ((spent.lastTurnTokens ?? 0) >= price.contextTokens) {
    return end("context_full", `The conversation fills the context of ${price.contextTokens} tokens.`);
  }
  const tokensLeft = budget.maxTokens - used.tokens - inputTokens;
  if (tokensLeft < MIN_OUTPUT_TOKENS) {
    return end("budget_tokens", `The next turn could pass the budget of ${budget.maxTokens} tokens: ${used.tokens} are used and it may read ${inputTokens}.`);
  }
  const rates = ratesFor(price, inputTokens);
  const inputMicroUsd = inputTokens * Math.max(rates.input, rates.cacheWrite);
  const affordable = Math.floor((budget.maxCostMicroUsd - used.costMicroUsd - inputMicroUsd) / rates.output);
  if (affordable < MIN_OUTPUT_TOKENS) {
    return end("budget_cost", `The next turn could pass the budget of ${usd(budget.maxCostMicroUsd)}: ${usd(used.costMicroUsd)} are spent and reading alone may cost ${usd(inputMicroUsd)}.`);
  }
  const maxTokens = Math.min(OUTPUT_TOKENS_PER_TURN, price.maxOutputTokens, tokensLeft, affordable);
  return ok({ maxTokens, reservedMicroUsd: Math.ceil(inputMicroUsd + maxTokens * rates.output), reservedTokens: inputTokens + maxTokens });
}

const end = (code: BudgetEnd["code"], message: string) => err({ code, message });

const usd = (microUsd: number): string => `$${(microUsd / 1_000_000).toFixed(4)}`;
