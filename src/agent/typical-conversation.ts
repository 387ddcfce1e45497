/**
 * What a conversation of so many turns costs when its turns are typical: a formula over the price table, for estimates.
 *
 * The sizes are assumed, not measured in the field; `bench/agent-conversation.ts` generates conversations of about these sizes, and
 * a test holds the formula to what the cache's rules make of one.
 */
import type { ModelPrice } from "../shared/models.ts";
import { costMicroUsd } from "./prices.ts";

/** System prompt, tool list and the step's message. */
const OPENING_TOKENS = 6_000;
/** Results of a turn's calls: 1.4 calls of 3,100 bytes on average, at 4 bytes a token. */
const RESULT_TOKENS = 1_100;
/** Thinking, text and arguments of a turn. */
const OUTPUT_TOKENS = 400;

/** In words, for whoever reads an estimate. */
export const TYPICAL_TURN = `a turn adds ${RESULT_TOKENS} tokens of results and writes ${OUTPUT_TOKENS}, and what was sent before is read from the cache`;

/** Millionths of a US dollar for one conversation. */
export function typicalCostMicroUsd(price: ModelPrice, turns: number): number {
  let sum = 0;
  let sentTokens = 0;
  for (let turn = 1; turn <= turns; turn += 1) {
    const newTokens = turn === 1 ? OPENING_TOKENS : RESULT_TOKENS + OUTPUT_TOKENS;
    sum += costMicroUsd(price, { inputTokens: 0, cacheReadTokens: sentTokens, cacheWriteTokens: newTokens, outputTokens: OUTPUT_TOKENS });
    sentTokens += newTokens;
  }
  return sum;
}
