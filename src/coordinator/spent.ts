import type { SessionSpend } from "../agent/index.ts";
import type { ItemState } from "../engine/pipeline/index.ts";
import type { Usage } from "../record/index.ts";
import type { ItemBudget } from "./deps.ts";

/** What an item's sessions spent, counted from the log (I5). */
export type Spent = Pick<SessionSpend, "turns" | "tokens" | "costMicroUsd" | "workedMs">;

const nothingSpent: Spent = { turns: 0, tokens: 0, costMicroUsd: 0, workedMs: 0 };

export const add = (a: Spent, b: Spent): Spent => ({
  turns: a.turns + b.turns,
  tokens: a.tokens + b.tokens,
  costMicroUsd: a.costMicroUsd + b.costMicroUsd,
  workedMs: a.workedMs + b.workedMs,
});

const tokensOf = (usage: Usage): number => usage.inputTokens + usage.outputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;

/** Everything the item's concluded sessions spent, in every run. */
export const spentByItem = (state: ItemState): Spent =>
  state.sessions.reduce((sum, { result }) => {
    if (result === null) return sum;
    const { turns, costMicroUsd, usage, tokens = tokensOf(usage), workedMs = 0 } = result;
    return add(sum, { turns, tokens, costMicroUsd, workedMs });
  }, nothingSpent);

/** What the item may still spend. Never below zero. */
export const remaining = (budget: ItemBudget, spent: Spent): ItemBudget => ({
  turns: Math.max(0, budget.turns - spent.turns),
  tokens: Math.max(0, budget.tokens - spent.tokens),
  costMicroUsd: Math.max(0, budget.costMicroUsd - spent.costMicroUsd),
  ms: Math.max(0, budget.ms - spent.workedMs),
});
