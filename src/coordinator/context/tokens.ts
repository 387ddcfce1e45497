/** How large texts are for the model, without asking it. */
import { modelPrice } from "../../shared/models.ts";

/**
 * Claude's tokens of English and code have 3 to 4 characters (see hosts/cli/run/token-counts.ts); other scripts have 0.7 to 2.
 * The smaller figures are taken, so that what is said to fit does.
 */
const ASCII_CHARS_PER_TOKEN = 3;
const TOKENS_PER_OTHER_CHAR = 1.5;

/** An estimate that is rather too high. */
export function estimateTokens(text: string): number {
  let ascii = 0;
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) < 0x80) ascii += 1;
  return Math.ceil(ascii / ASCII_CHARS_PER_TOKEN + (text.length - ascii) * TOKENS_PER_OTHER_CHAR);
}

/** A fifth of the model's window, and no more than this: every turn reads it again. */
const WINDOW_SHARE = 0.2;
const MOST_TOKENS = 48_000;

/** @param configured `context.tokens` of the config */
export function contextBudget(configured: number | null, model: string): number {
  if (configured !== null) return configured;
  const price = modelPrice(model);
  return price.ok ? Math.min(MOST_TOKENS, Math.floor(price.value.contextTokens * WINDOW_SHARE)) : MOST_TOKENS;
}
