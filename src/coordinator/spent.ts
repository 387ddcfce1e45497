import type { AgentBudget, Limits, SessionSpend } from "../agent/index.ts";
import type { ItemState, SessionResult, SlicePlace } from "../engine/pipeline/index.ts";
import type { Phase } from "../record/index.ts";
import type { ItemBudget } from "./deps.ts";

/** What an item's sessions spent, counted from the log (I5). */
export type Spent = Pick<SessionSpend, "turns" | "tokens" | "inputTokens" | "outputTokens" | "costMicroUsd" | "unansweredMicroUsd" | "workedMs" | "toolMs">;

export const nothingSpent: Spent = { turns: 0, tokens: 0, inputTokens: 0, outputTokens: 0, costMicroUsd: 0, unansweredMicroUsd: 0, workedMs: 0, toolMs: 0 };

export const add = (a: Spent, b: Spent): Spent => ({
  turns: a.turns + b.turns,
  tokens: a.tokens + b.tokens,
  inputTokens: a.inputTokens + b.inputTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  costMicroUsd: a.costMicroUsd + b.costMicroUsd,
  unansweredMicroUsd: a.unansweredMicroUsd + b.unansweredMicroUsd,
  workedMs: a.workedMs + b.workedMs,
  toolMs: a.toolMs + b.toolMs,
});

/** Everything the item's concluded sessions spent, with all that worked for them, in every run, and the time of what the host ran for it. */
export function spentByItem(state: ItemState): Spent {
  return add(spentBySessions([...state.setAside, ...state.sessions]), { ...nothingSpent, workedMs: hostMs(state) });
}

/** The same of some sessions alone. */
export const spentBySessions = (sessions: ItemState["sessions"]): Spent => spentTogether(sessions.flatMap(({ slice, result }) => (result === null ? [] : [{ slice, spent: spentIn(result) }])));

const hostMs = ({ baseTested, checked }: ItemState): number => [baseTested, ...checked].reduce((sum, ran) => sum + (ran?.result?.durationMs ?? 0), 0);

function spentIn({ turns, costMicroUsd, unansweredMicroUsd = 0, usage, workedMs = 0, toolMs = 0, ...counted }: SessionResult): Spent {
  const { inputTokens = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens, outputTokens = usage.outputTokens } = counted;
  const { tokens = inputTokens + outputTokens } = counted;
  return { turns, tokens, inputTokens, outputTokens, costMicroUsd, unansweredMicroUsd, workedMs, toolMs };
}

/** What several sessions spent. The time of slices side by side is that of the one that took longest: they use up the same minutes. */
export function spentTogether(parts: readonly { readonly slice: SlicePlace | undefined; readonly spent: Spent }[]): Spent {
  const waves = new Map<number, number>();
  let sum = nothingSpent;
  for (const { slice, spent } of parts) {
    const besides = slice?.part === "work";
    sum = add(sum, besides ? { ...spent, workedMs: 0 } : spent);
    if (besides) waves.set(slice.wave, Math.max(waves.get(slice.wave) ?? 0, spent.workedMs));
  }
  return { ...sum, workedMs: [...waves.values()].reduce((all, ms) => all + ms, sum.workedMs) };
}

const less = (limit: number, spent: number): number => Math.max(0, limit - spent);
const lessIfSet = <Key extends string>(key: Key, limit: number | undefined, spent: number): Partial<Record<Key, number>> =>
  limit === undefined ? {} : ({ [key]: less(limit, spent) } as Partial<Record<Key, number>>);

/** What the item may still spend. Never below zero. */
export const remaining = (budget: ItemBudget, spent: Spent): ItemBudget => ({
  turns: less(budget.turns, spent.turns),
  tokens: less(budget.tokens, spent.tokens),
  costMicroUsd: less(budget.costMicroUsd, spent.costMicroUsd),
  ms: less(budget.ms, spent.workedMs),
  ...lessIfSet("inputTokens", budget.inputTokens, spent.inputTokens),
  ...lessIfSet("outputTokens", budget.outputTokens, spent.outputTokens),
  ...lessIfSet("toolMs", budget.toolMs, spent.toolMs),
  ...(budget.session === undefined ? {} : { session: budget.session }),
});

const AMOUNTS = { turns: "turns", tokens: "tokens", inputTokens: "inputTokens", outputTokens: "outputTokens", costMicroUsd: "costMicroUsd", ms: "workedMs", toolMs: "toolMs" } as const satisfies Partial<Record<keyof ItemBudget, keyof Spent>>;

/** The item's budget as a session of the phase may use it: what the item may, and no more than what is left of the phase's own limits. */
export function budgetInPhase(budget: ItemBudget, state: ItemState, phase: Phase): ItemBudget {
  const limits = budget.phases?.[phase];
  if (limits === undefined) return budget;
  const ofItem = spentByItem(state);
  const inPhase = (sessions: ItemState["sessions"]): ItemState["sessions"] => sessions.filter((session) => session.phase === phase);
  const ofPhase = spentByItem({ ...state, baseTested: null, checked: [], sessions: inPhase(state.sessions), setAside: inPhase(state.setAside) });
  const narrowed: Partial<Record<keyof typeof AMOUNTS, number>> = {};
  for (const [amount, spent] of Object.entries(AMOUNTS) as [keyof typeof AMOUNTS, keyof Spent][]) {
    const limit = limits[amount];
    // Counted against the whole item: what its other phases spent is added to what this one may.
    if (limit !== undefined) narrowed[amount] = Math.min(budget[amount] ?? Number.POSITIVE_INFINITY, ofItem[spent] + less(limit, ofPhase[spent]));
  }
  return { ...budget, ...narrowed };
}

/** An item's limits as its sessions' agents take them together. */
export const limitsOf = ({ turns, tokens, costMicroUsd, inputTokens, outputTokens, toolMs }: ItemBudget): Limits => ({
  maxTurns: turns,
  maxTokens: tokens,
  maxCostMicroUsd: costMicroUsd,
  ...(inputTokens === undefined ? {} : { maxInputTokens: inputTokens }),
  ...(outputTokens === undefined ? {} : { maxOutputTokens: outputTokens }),
  ...(toolMs === undefined ? {} : { maxToolMs: toolMs }),
});

/** One session's limits: the item's, and the narrower ones of a session where there are such. @param begun others of the item have spent of them before */
export function sessionLimits(item: ItemBudget, maxMs: number, begun = false): AgentBudget {
  const { session = {} } = item;
  const narrower = <Key extends Exclude<keyof ItemBudget, "session" | "phases">>(key: Key): Partial<Record<Key, number>> => {
    const [own, shared] = [session[key], item[key]];
    const limit = own === undefined ? shared : shared === undefined ? own : Math.min(own, shared);
    return limit === undefined ? {} : ({ [key]: limit } as Partial<Record<Key, number>>);
  };
  const limits = limitsOf({ ...item, ...narrower("turns"), ...narrower("tokens"), ...narrower("costMicroUsd"), ...narrower("inputTokens"), ...narrower("outputTokens"), ...narrower("toolMs") });
  // Else a person reads a number that no configuration has.
  return { ...limits, ...(begun && Object.keys(session).length === 0 ? { name: " that this session had left" } : {}), maxMs: Math.min(maxMs, session.ms ?? Number.POSITIVE_INFINITY) };
}
