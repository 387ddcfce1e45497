/**
 * The limits of one session and of the run it is part of, and what of them a turn may take.
 *
 * I5. The worst case of a turn is reserved before it is sent, `max_tokens` is lowered until it fits, and a turn that could pass a
 *     limit is not sent. A request whose fate is unknown counts with its whole reservation.
 */
import type { ModelPrice } from "../shared/models.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { answerBlocks, type Conversation } from "./conversation.ts";
import { ratesFor } from "./prices.ts";
import type { Frame } from "./request.ts";
import { addAmounts, type Amounts } from "./spent.ts";

/** Whichever limit is reached first ends the work. */
export interface Limits {
  /** Requests that were or may have been answered. */
  readonly maxTurns: number;
  /** All tokens, in and out, cached ones included. */
  readonly maxTokens: number;
  /** Cached ones included. */
  readonly maxInputTokens?: number;
  readonly maxOutputTokens?: number;
  /** Millionths of a US dollar. */
  readonly maxCostMicroUsd: number;
  /** Time that tools run; calls side by side each count. */
  readonly maxToolMs?: number;
}

export interface AgentBudget extends Limits {
  /** Time at work, over all runs of the session. */
  readonly maxMs: number;
  /** How the limits are called in a message, with a space before it: such as are what others have left of larger ones. */
  readonly name?: string;
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

/** Limits and what counts against them. */
export interface Account {
  readonly limits: Limits;
  /** Spent, and reserved for requests on their way. */
  readonly used: Amounts;
  /** How the limits are called in a message. */
  readonly name: string;
}

export interface BudgetEnd {
  readonly code: "budget_turns" | "budget_tokens" | "budget_input_tokens" | "budget_output_tokens" | "budget_cost";
  readonly message: string;
}

export interface Reserved {
  readonly maxTokens: number;
  /** The most this turn can use up. */
  readonly most: Amounts;
}

/** Reserves the worst case of the next turn within every account, or says which limit it could pass. */
export function reserveTurn(accounts: readonly Account[], price: ModelPrice, inputTokens: number): Result<Reserved, BudgetEnd> {
  const rates = ratesFor(price, inputTokens);
  const input: Amounts = { turns: 1, inputTokens, outputTokens: 0, costMicroUsd: Math.ceil(inputTokens * Math.max(rates.input, rates.cacheWrite)) };
  let maxTokens = Math.min(OUTPUT_TOKENS_PER_TURN, price.maxOutputTokens);
  for (const account of accounts) {
    const room = roomForOutput(account, input, rates.output);
    if (!room.ok) return room;
    maxTokens = Math.min(maxTokens, room.value);
  }
  const costMicroUsd = input.costMicroUsd + Math.ceil(maxTokens * rates.output);
  return ok({ maxTokens, most: { ...input, outputTokens: maxTokens, costMicroUsd } });
}

/** The output tokens that the account has room for beside the input. @param microUsdPerToken the rate of output */
function roomForOutput({ limits, used, name }: Account, input: Amounts, microUsdPerToken: number): Result<number, BudgetEnd> {
  const { turns, inputTokens, outputTokens, costMicroUsd } = addAmounts(used, input);
  const pass = (code: BudgetEnd["code"], limit: string, detail: string) => err({ code, message: `The next turn could pass the budget of ${limit}${name}: ${detail}` });
  if (turns > limits.maxTurns) return err({ code: "budget_turns", message: limits.maxTurns === 1 ? `The one turn of the budget${name} is used.` : `All ${limits.maxTurns} turns of the budget${name} are used.` });
  if (limits.maxInputTokens !== undefined && inputTokens > limits.maxInputTokens) {
    return pass("budget_input_tokens", `${limits.maxInputTokens} input tokens`, `${used.inputTokens} are used and it may read ${input.inputTokens}.`);
  }
  const outputLeft = (limits.maxOutputTokens ?? Infinity) - outputTokens;
  if (outputLeft < MIN_OUTPUT_TOKENS) {
    return pass("budget_output_tokens", `${limits.maxOutputTokens} output tokens`, `${used.outputTokens} are used and a turn needs ${MIN_OUTPUT_TOKENS} to be worth sending.`);
  }
  const tokensLeft = limits.maxTokens - inputTokens - outputTokens;
  if (tokensLeft < MIN_OUTPUT_TOKENS) {
    return pass("budget_tokens", `${limits.maxTokens} tokens`, `${used.inputTokens + used.outputTokens} are used and it may read ${input.inputTokens}.`);
  }
  const affordable = Math.floor((limits.maxCostMicroUsd - costMicroUsd) / microUsdPerToken);
  if (affordable < MIN_OUTPUT_TOKENS) {
    return pass("budget_cost", usd(limits.maxCostMicroUsd), `${usd(used.costMicroUsd)} are spent and reading alone may cost ${usd(input.costMicroUsd)}.`);
  }
  return ok(Math.min(outputLeft, tokensLeft, affordable));
}

const usd = (microUsd: number): string => `$${(microUsd / 1_000_000).toFixed(4)}`;
