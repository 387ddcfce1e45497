/**
 * One budget that sessions running side by side draw from (I5).
 *
 * Each turn's worst case is held before its request leaves and settled with what it used, so that together they never pass a
 * limit, whatever comes of the requests on their way. Only one process draws from a pool: what earlier runs spent is counted
 * from their logs and taken off the limits when it is opened.
 *
 * Wall clock is no part of it: sessions side by side use up the same minutes. Whoever opens the pool bounds them by `maxMs`.
 */
import type { Clock } from "../shared/ports.ts";
import type { Account, Limits } from "./budget.ts";
import { addAmounts, NO_AMOUNTS, type Amounts } from "./spent.ts";
import { openToolMeter, type ToolMeter } from "./tool-meter.ts";

export interface Hold {
  /** What the held turn used in fact; nothing when it was not billed. Only the first call counts. */
  settle(used: Amounts): void;
}

export interface BudgetPool {
  /** The limits, and what is spent or held. */
  account(): Account;
  /** Counts the worst case of a turn as used until it is settled. The caller checked in the same tick that `account` has the room. */
  hold(most: Amounts): Hold;
  /** Resolves when a held turn is settled; null when none is held, so that waiting gives no more room. */
  nextSettled(): Promise<void> | null;
  readonly tools: ToolMeter;
}

/** @param limits what may still be spent, by all who draw from the pool together */
export function openBudgetPool(limits: Limits, clock: Clock): BudgetPool {
  let spent = NO_AMOUNTS;
  const held = new Set<Amounts>();
  let settling = Promise.withResolvers<void>();
  return {
    account: () => ({ limits, used: [...held].reduce(addAmounts, spent), name: " that this run had left" }),
    hold(most) {
      // A copy, since two turns may hold the same amounts.
      const mine = { ...most };
      held.add(mine);
      return {
        settle(used) {
          if (!held.delete(mine)) return;
          spent = addAmounts(spent, used);
          settling.resolve();
          settling = Promise.withResolvers();
        },
      };
    },
    nextSettled: () => (held.size === 0 ? null : settling.promise),
    tools: openToolMeter(clock, limits.maxToolMs ?? Infinity),
  };
}
