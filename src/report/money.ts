import type { Usage } from "../record/index.ts";

/** Millionths of a US dollar as text: cents from a dollar up, else as many digits as say something. */
export function formatUsd(microUsd: number): string {
  const usd = microUsd / 1_000_000;
  if (usd === 0) return "$0";
  return usd >= 1 ? `$${usd.toFixed(2)}` : `$${usd.toFixed(4)}`;
}

/** A cost beside what was expected, such as "$0.3120 (expected: $0.05 to $2.00)". */
export const formatCost = ({ costMicroUsd, estimate }: { readonly costMicroUsd: number; readonly estimate: { readonly lowMicroUsd: number; readonly highMicroUsd: number } | null }): string =>
  `${formatUsd(costMicroUsd)}${estimate === null ? "" : ` (expected: ${formatUsd(estimate.lowMicroUsd)} to ${formatUsd(estimate.highMicroUsd)})`}`;

/** All tokens the API counted for a turn or a session. */
export const totalTokens = (usage: Usage): number => usage.inputTokens + usage.outputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;

export const addUsage = (a: Usage, b: Usage): Usage => ({
  inputTokens: a.inputTokens + b.inputTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
  cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
});

export const NO_USAGE: Usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };

/** A count with thousands separated, e.g. `12,345`. */
export const formatCount = (count: number): string => count.toLocaleString("en-US");
