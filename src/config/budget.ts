import type { Config } from "./schema.ts";

/** One set of limits; what is not there does not limit. */
export interface BudgetLimits {
  readonly turns?: number;
  readonly tokens?: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly costMicroUsd?: number;
  readonly ms?: number;
  readonly toolMs?: number;
}

export interface Budget extends BudgetLimits {
  readonly turns: number;
  readonly tokens: number;
  readonly costMicroUsd: number;
  readonly ms: number;
  /** Of each session by itself. */
  readonly session: BudgetLimits;
  /** Of all sessions of a phase together. */
  readonly phases: Readonly<Partial<Record<keyof Config["budget"]["phases"], BudgetLimits>>>;
}

const MINUTE_MS = 60_000;
const MICRO = 1_000_000;

/** The config's limits in the units they are counted in. */
export function budgetOf({ budget }: Pick<Config, "budget">): Budget {
  const { turns, tokens, costUsd, minutes } = budget;
  return { ...limitsOf(budget), turns, tokens, costMicroUsd: Math.round(costUsd * MICRO), ms: minutes * MINUTE_MS, session: limitsOf(budget.session), phases: Object.fromEntries(Object.entries(budget.phases).map(([phase, limits]) => [phase, limitsOf(limits)])) };
}

function limitsOf({ turns, tokens, inputTokens, outputTokens, costUsd, minutes, toolMinutes }: Config["budget"]["session"]): BudgetLimits {
  return {
    ...(turns === null ? {} : { turns }),
    ...(tokens === null ? {} : { tokens }),
    ...(inputTokens === null ? {} : { inputTokens }),
    ...(outputTokens === null ? {} : { outputTokens }),
    ...(costUsd === null ? {} : { costMicroUsd: Math.round(costUsd * MICRO) }),
    ...(minutes === null ? {} : { ms: minutes * MINUTE_MS }),
    ...(toolMinutes === null ? {} : { toolMs: toolMinutes * MINUTE_MS }),
  };
}
