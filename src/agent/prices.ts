/** What a turn costs, counted with the prices of `shared/models.ts`. */
import type { Usage } from "../record/index.ts";
import type { ModelPrice, Rates } from "../shared/models.ts";

/** All input tokens of a usage, cached or not. */
export const inputTokensOf = (usage: Usage): number => usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;

/** All tokens of a usage, in and out: what a token budget counts. */
export const tokensOf = (usage: Usage): number => inputTokensOf(usage) + usage.outputTokens;

/** What a completed turn costs, in millionths of a US dollar, rounded up. */
export function costMicroUsd(price: ModelPrice, usage: Usage): number {
  const rate = ratesFor(price, inputTokensOf(usage));
  return Math.ceil(
    usage.inputTokens * rate.input +
      usage.outputTokens * rate.output +
      usage.cacheReadTokens * rate.cacheRead +
      usage.cacheWriteTokens * rate.cacheWrite,
  );
}

/** The rates of a request with so many input tokens. */
export const ratesFor = (price: ModelPrice, inputTokens: number): Rates =>
  price.longPrompt !== null && inputTokens > price.longPrompt.aboveTokens ? price.longPrompt.rates : price;
