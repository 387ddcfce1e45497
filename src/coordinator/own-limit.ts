import { spentBy } from "../agent/index.ts";
import type { Session } from "../session/index.ts";
import type { ItemBudget } from "./deps.ts";
import type { Left, SessionTree } from "./tree.ts";

type Amount = Exclude<keyof ItemBudget, "session" | "phases">;

/** What each end may have run out of. */
const AMOUNTS: Readonly<Partial<Record<Left["code"], readonly Amount[]>>> = {
  budget_turns: ["turns"],
  budget_tokens: ["tokens"],
  budget_input_tokens: ["inputTokens"],
  budget_output_tokens: ["outputTokens"],
  budget_cost: ["costMicroUsd"],
  budget_time: ["ms"],
  budget_tool_time: ["toolMs"],
};

/** Whether a session of the tree was stopped by a limit of every single session, and not by what the run or the item has left. */
export function isOwnLimit(tree: SessionTree, session: Session, code: Left["code"]): boolean {
  const limits = tree.deps.budget.session;
  const amounts = AMOUNTS[code];
  if (limits === undefined || amounts === undefined) return false;
  const { workedMs, ...spent } = spentBy(session.history());
  const own = { ...spent, ms: workedMs };
  const roomOf = (amount: Amount): number => (limits[amount] ?? Infinity) - own[amount];
  const room = Math.min(...amounts.map(roomOf));
  return room < Infinity && room <= Math.min(...amounts.map((amount) => sharedRoom(tree, amount)));
}

function sharedRoom({ pool, msLeft }: SessionTree, amount: Amount): number {
  const { limits, used } = pool.account();
  switch (amount) {
    case "ms":
      return msLeft();
    case "toolMs":
      return (limits.maxToolMs ?? Infinity) - pool.tools.usedMs();
    case "turns":
      return limits.maxTurns - used.turns;
    case "tokens":
      return limits.maxTokens - used.inputTokens - used.outputTokens;
    case "inputTokens":
      return (limits.maxInputTokens ?? Infinity) - used.inputTokens;
    case "outputTokens":
      return (limits.maxOutputTokens ?? Infinity) - used.outputTokens;
    case "costMicroUsd":
      return limits.maxCostMicroUsd - used.costMicroUsd;
  }
}
