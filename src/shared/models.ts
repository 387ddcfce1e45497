/**
 * The models WorkTrain may use and their prices, as data: what the config may name and what every budget counts with.
 * Source: the models and pricing pages of platform.claude.com as of November 2026 (P-model-prices,
 * P-model-size). A five-minute cache write costs 1.25 times the input price; a read 0.1 times unless the model says otherwise.
 */
import type { Refusal } from "./errors.ts";
import { err, ok, type Result } from "./result.ts";

/** US dollars per million tokens, which is the same number of micro-dollars per token. */
export interface Rates {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

export interface ModelPrice extends Rates {
  readonly model: string;
  /** Input and output of one request together. */
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  /** Other rates for a whole request whose input, cached parts included, is larger than this. */
  readonly longPrompt: { readonly aboveTokens: number; readonly rates: Rates } | null;
}

const CACHE_WRITE_FACTOR = 1.25;
const CACHE_READ_FACTOR = 0.1;

const rates = (input: number, output: number, cacheReadFactor: number = CACHE_READ_FACTOR): Rates => ({
  input,
  output,
  cacheRead: input * cacheReadFactor,
  cacheWrite: input * CACHE_WRITE_FACTOR,
});

/** Context and output of the 5.x family. */
const FIVE = { contextTokens: 1_000_000, maxOutputTokens: 128_000 };

export const MODEL_PRICES: readonly ModelPrice[] = [
  { model: "claude-fable-5-1", ...FIVE, ...rates(10, 50, 0.025), longPrompt: null },
  { model: "claude-opus-5-5", ...FIVE, ...rates(4, 20, 0.05), longPrompt: null },
  { model: "claude-opus-5", ...FIVE, ...rates(5, 25), longPrompt: null },
  { model: "claude-sonnet-5-5", ...FIVE, ...rates(2, 10, 0.05), longPrompt: null },
  { model: "claude-haiku-5-5", ...FIVE, ...rates(0.1, 0.5), longPrompt: { aboveTokens: 100_000, rates: rates(0.5, 2.5) } },
];

/** The price of a model by its exact API id. Without a price no budget can hold, so an unknown model is refused. */
export function modelPrice(model: string): Result<ModelPrice, Refusal<"unknown-model">> {
  const price = MODEL_PRICES.find((entry) => entry.model === model);
  if (price !== undefined) return ok(price);
  const known = MODEL_PRICES.map((entry) => entry.model).join(", ");
  return err({ kind: "unknown-model", message: `The model "${model}" has no known price, so no budget could hold.`, fix: `Use one of: ${known}.` });
}
