/** What a session used up, folded from its log (I5). A request whose fate is unknown counts with its whole reservation. */
import type { AgentEvent, Recorded, Usage } from "../record/index.ts";
import { UNBILLED_FAILURES } from "./failure.ts";
import { inputTokensOf, tokensOf } from "./prices.ts";

/** What turns use up; also the most that one turn can. */
export interface Amounts {
  readonly turns: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costMicroUsd: number;
}

export const NO_AMOUNTS: Amounts = { turns: 0, inputTokens: 0, outputTokens: 0, costMicroUsd: 0 };

export const addAmounts = (a: Amounts, b: Amounts): Amounts => ({
  turns: a.turns + b.turns,
  inputTokens: a.inputTokens + b.inputTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  costMicroUsd: a.costMicroUsd + b.costMicroUsd,
});

export interface Spent {
  /** Completed turns, and requests that were or may have been billed. */
  readonly amounts: Amounts;
  readonly completedTurns: number;
  /** Sum over completed turns. */
  readonly usage: Usage;
  /** Of a request that is neither completed nor failed: it counts as spent until it is. */
  readonly open: Amounts | null;
  /** What the last completed turn proved: the size of the conversation up to and including it. */
  readonly lastTurnTokens: number | null;
  /** Time that tools ran, side by side ones each counted. */
  readonly toolMs: number;
  /** Of the amounts' cost: worst cases of requests that were not answered and may have been billed. */
  readonly unansweredMicroUsd: number;
}

export const NOTHING_SPENT: Spent = {
  amounts: NO_AMOUNTS,
  completedTurns: 0,
  usage: { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 },
  open: null,
  lastTurnTokens: null,
  toolMs: 0,
  unansweredMicroUsd: 0,
};

export function evolveSpent(spent: Spent, event: AgentEvent): Spent {
  switch (event.kind) {
    case "conversation_started":
      return { ...spent, lastTurnTokens: null };
    case "turn_requested":
      return { ...withUnanswered(spent), open: reservedBy(event.data) };
    case "turn_failed":
      return UNBILLED_FAILURES.has(event.data.code) ? { ...spent, open: null } : withUnanswered(spent);
    case "turn_completed": {
      const { usage, costMicroUsd } = event.data;
      return {
        ...spent,
        amounts: addAmounts(spent.amounts, usedBy(usage, costMicroUsd)),
        completedTurns: spent.completedTurns + 1,
        usage: addUsage(spent.usage, usage),
        open: null,
        lastTurnTokens: tokensOf(usage),
      };
    }
    case "tool_completed":
      return event.data.untimed === true ? spent : { ...spent, toolMs: spent.toolMs + event.data.durationMs };
    case "agent_ended":
      return { ...spent, toolMs: spent.toolMs + (event.data.interruptedToolMs ?? 0) };
    default:
      return spent;
  }
}

/** Counts an open request as spent for good: its answer will not come any more. */
const withUnanswered = (spent: Spent): Spent => ({ ...spent, amounts: settled(spent), unansweredMicroUsd: spent.unansweredMicroUsd + (spent.open?.costMicroUsd ?? 0), open: null });

type Requested = Extract<AgentEvent, { kind: "turn_requested" }>["data"];

function reservedBy({ maxTokens, reservedMicroUsd: costMicroUsd, reservedTokens }: Requested): Amounts {
  // Logs of the first version reserved money alone.
  if (reservedTokens === undefined) return { turns: 1, inputTokens: 0, outputTokens: 0, costMicroUsd };
  return { turns: 1, inputTokens: Math.max(0, reservedTokens - maxTokens), outputTokens: maxTokens, costMicroUsd };
}

/** What a completed turn used. */
export const usedBy = (usage: Usage, costMicroUsd: number): Amounts => ({ turns: 1, inputTokens: inputTokensOf(usage), outputTokens: usage.outputTokens, costMicroUsd });

/** Everything that is or may be spent: a request without a known end may have been answered and billed. */
export const settled = ({ amounts, open }: Spent): Amounts => (open === null ? amounts : addAmounts(amounts, open));

const addUsage = (a: Usage, b: Usage): Usage => ({
  inputTokens: a.inputTokens + b.inputTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
  cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
});

/** Time at work in earlier runs: within each epoch, which is one writer, the time between events. A clock set back adds nothing. */
export function workedMs(history: readonly Recorded<AgentEvent>[]): number {
  let sum = 0;
  history.forEach((event, index) => {
    const before = history[index - 1];
    if (before !== undefined && before.epoch === event.epoch) sum += Math.max(0, Date.parse(event.at) - Date.parse(before.at));
  });
  return sum;
}

/** What a session's log says it spent so far, in all its runs; a request without a known end counts as spent. */
export interface SessionSpend {
  readonly turns: number;
  /** In and out. */
  readonly tokens: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costMicroUsd: number;
  /** Of it the worst cases of requests that were not answered: so much of it may not have been billed. */
  readonly unansweredMicroUsd: number;
  /** Of completed turns, as the API counted. */
  readonly usage: Usage;
  readonly workedMs: number;
  readonly toolMs: number;
}

export function spentBy(history: readonly Recorded<AgentEvent>[]): SessionSpend {
  const { amounts, unansweredMicroUsd, usage, toolMs } = withUnanswered(history.reduce(evolveSpent, NOTHING_SPENT));
  return { ...amounts, tokens: amounts.inputTokens + amounts.outputTokens, unansweredMicroUsd, usage, workedMs: workedMs(history), toolMs };
}
