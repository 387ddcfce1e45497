/** The session's agent events, folded: what was recorded before this run and what this run records. */
import type { AgentEvent } from "../record/index.ts";
import { evolve, type Conversation } from "./conversation.ts";
import { evolveSpent, NOTHING_SPENT, type Spent } from "./spent.ts";

export interface Ledger {
  /** Appends one event durably, then folds it. Calls are taken one after the other, however many are made at once. */
  record(event: AgentEvent): Promise<void>;
  /** The current conversation; null before the first. */
  conversation(): Conversation | null;
  spent(): Spent;
  /** Number of the last completed turn of the session; 0 before the first. */
  lastTurn(): number;
  /** Requests made for the turn after it. */
  attempts(): number;
}

/** @param watch sees every event of the history and of this run as well, in order */
export function openLedger(history: readonly AgentEvent[], append: (event: AgentEvent) => Promise<void>, watch: (event: AgentEvent) => void): Ledger {
  let conversation: Conversation | null = null;
  let spent = NOTHING_SPENT;
  let lastTurn = 0;
  let attempts = 0;
  let queue: Promise<void> = Promise.resolve();

  const fold = (event: AgentEvent): void => {
    conversation = evolve(conversation, event);
    spent = evolveSpent(spent, event);
    watch(event);
    if (event.kind === "turn_requested") attempts += 1;
    if (event.kind === "turn_completed") {
      lastTurn = Math.max(lastTurn, event.data.turn);
      attempts = 0;
    }
  };
  for (const event of history) fold(event);

  return {
    record(event) {
      // After a failed append the rejected queue refuses every later one: nothing is recorded past a hole.
      queue = queue.then(async () => {
        await append(event);
        fold(event);
      });
      return queue;
    },
    conversation: () => conversation,
    spent: () => spent,
    lastTurn: () => lastTurn,
    attempts: () => attempts,
  };
}
