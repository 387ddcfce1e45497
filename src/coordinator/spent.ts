import type { AgentEvent, Usage } from "../record/index.ts";
import type { ItemBudget } from "./deps.ts";

/** What model turns cost, counted from the log (I5). */
export interface Spent {
  readonly turns: number;
  readonly usage: Usage;
  readonly costMicroUsd: number;
}

export const nothingSpent: Spent = { turns: 0, usage: { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 }, costMicroUsd: 0 };

/** Sums the completed turns of one session. */
export const spentIn = (history: readonly AgentEvent[]): Spent =>
  history.reduce((sum, event) => (event.kind === "turn_completed" ? add(sum, { turns: 1, usage: event.data.usage, costMicroUsd: event.data.costMicroUsd }) : sum), nothingSpent);

export const add = (a: Spent, b: Spent): Spent => ({
  turns: a.turns + b.turns,
  usage: {
    inputTokens: a.usage.inputTokens + b.usage.inputTokens,
    outputTokens: a.usage.outputTokens + b.usage.outputTokens,
    cacheReadTokens: a.usage.cacheReadTokens + b.usage.cacheReadTokens,
    cacheWriteTokens: a.usage.cacheWriteTokens + b.usage.cacheWriteTokens,
  },
  costMicroUsd: a.costMicroUsd + b.costMicroUsd,
});

/** All tokens of a usage: what the token budget counts. */
export const tokensOf = (usage: Usage): number => usage.inputTokens + usage.outputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;

/** What the item may still spend after `spent`, with `elapsedMs` of this run gone. Never below zero. */
export const remaining = (budget: ItemBudget, spent: Spent, elapsedMs: number): ItemBudget => ({
  turns: Math.max(0, budget.turns - spent.turns),
  tokens: Math.max(0, budget.tokens - tokensOf(spent.usage)),
  costMicroUsd: Math.max(0, budget.costMicroUsd - spent.costMicroUsd),
  ms: Math.max(0, budget.ms - elapsedMs),
});
