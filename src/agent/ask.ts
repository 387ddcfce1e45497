/**
 * Gets the next turn: reserves its worst case, journals, sends, and repeats with patience what may work later.
 *
 * A4. `turn_requested` is in the log before the request leaves; `turn_completed` only after the message came whole.
 */
import type { Messages } from "@anthropic-ai/sdk/resources/messages/messages";
import { EVENT_LIMIT_BYTES } from "../record/index.ts";
import type { Clock, Random } from "../shared/ports.ts";
import { canonicalJson } from "../shared/json.ts";
import type { ModelPrice } from "../shared/models.ts";
import { unreachable } from "../shared/unreachable.ts";
import { mostInputTokens, reserveTurn, type AgentBudget, type TurnReservation } from "./budget.ts";
import { settleContent } from "./content.ts";
import { seenToolUseIds, type Conversation, type End } from "./conversation.ts";
import type { TurnFailure } from "./failure.ts";
import type { Ledger } from "./ledger.ts";
import { costMicroUsd } from "./prices.ts";
import { promptSha256, requestBody, type Frame } from "./request.ts";
import { askModel, type TurnOutcome } from "./turn.ts";

export interface AskContext {
  readonly client: Messages;
  readonly frame: Frame;
  readonly price: ModelPrice;
  readonly budget: AgentBudget;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: Random | null;
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/** Room for the other fields of `turn_completed` beside its content. */
const EVENT_MARGIN_BYTES = 64 * 1024;

/** Asks until a turn is completed (null), the run has to end, or the signal aborts (null: the caller looks at it). */
export async function ask(context: AskContext, conversation: Conversation): Promise<End | null> {
  const { ledger, clock, signal } = context;
  const startedMs = clock.monotonicMs();
  for (let failures = 0; ; failures += 1) {
    const reserved = reserve(context, conversation);
    if (!reserved.ok) return reserved.error;
    const turn = ledger.lastTurn() + 1;
    const turnKey = `${turn}-${ledger.attempts() + 1}`;
    const outcome = await request(context, conversation, { turn, turnKey, reservation: reserved.value });
    if (outcome.kind === "completed") return complete(context, conversation, { turn, turnKey, ...outcome });
    const waitMs = outcome.kind === "retry" ? retryWaitMs(outcome, failures, context.random) : null;
    const patient = waitMs !== null && clock.monotonicMs() - startedMs + waitMs <= context.patienceMs;
    const { code, message } = outcome;
    await ledger.record({ kind: "turn_failed", data: { turn, turnKey, code, message, retryInMs: patient ? waitMs : null } });
    const end = endOf(outcome, patient, context.patienceMs);
    if (end !== null || !patient) return end;
    await sleepUnlessAborted(clock, waitMs, signal);
    if (signal.aborted) return null;
  }
}

function reserve({ budget, ledger, price, frame }: AskContext, conversation: Conversation) {
  const spent = ledger.spent();
  return reserveTurn(budget, spent, price, mostInputTokens(frame, conversation, spent.lastTurnTokens));
}

async function request(
  { client, frame, ledger, signal }: AskContext,
  conversation: Conversation,
  { turn, turnKey, reservation }: { turn: number; turnKey: string; reservation: TurnReservation },
): Promise<TurnOutcome> {
  const body = requestBody(frame, conversation, reservation.maxTokens);
  await ledger.record({
    kind: "turn_requested",
    data: { conversation: conversation.number, turn, turnKey, model: frame.model, promptSha256: promptSha256(body), ...reservation },
  });
  return askModel(client, body, signal);
}

type Completed = Extract<TurnOutcome, { kind: "completed" }> & { readonly turn: number; readonly turnKey: string };

async function complete({ ledger, price }: AskContext, conversation: Conversation, completed: Completed): Promise<End | null> {
  const { turn, turnKey, message, requestId } = completed;
  const { usage, stopReason, stopDetails } = message;
  const content = settleContent(message.blocks, seenToolUseIds(conversation));
  if (Buffer.byteLength(canonicalJson(content)) > EVENT_LIMIT_BYTES - EVENT_MARGIN_BYTES) {
    const tooLarge = `The model's answer is larger than the log takes (${EVENT_LIMIT_BYTES} bytes).`;
    await ledger.record({ kind: "turn_failed", data: { turn, turnKey, code: "answer_too_large", message: tooLarge, retryInMs: null } });
    return { code: "malformed_turns", message: tooLarge };
  }
  await ledger.record({
    kind: "turn_completed",
    data: { turn, turnKey, content, stopReason, usage, requestId, costMicroUsd: costMicroUsd(price, usage) },
  });
  return stopReason === "refusal" ? { code: "refused", message: refusal(stopDetails) } : null;
}

/** What to say of a refusal; the API names a category for some. */
export const refusal = (details: string | null): string =>
  `The model refused to go on${details === null ? "" : ` (${details})`}. Reword the task, or use another model.`;

function endOf(outcome: TurnFailure, patient: boolean, patienceMs: number): End | null {
  switch (outcome.kind) {
    case "cancelled":
      return null;
    case "end":
      return { code: outcome.code, message: outcome.message };
    case "retry": {
      if (patient) return null;
      const minutes = Math.round(patienceMs / 60_000);
      return { code: "model_unavailable", message: `The model gave no answer within ${minutes} minutes of trying, the last time: ${outcome.message} Start again later: the work goes on where it stopped.` };
    }
    default:
      return unreachable(outcome);
  }
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** Waits are shortened by up to this share, so that parallel runs do not come back together (as the SDK does). */
const JITTER = 0.25;

/** The wait before the next try: what the server asked for, at least the backoff. */
function retryWaitMs(failure: Extract<TurnFailure, { kind: "retry" }>, failures: number, random: Random | null): number {
  const backoffMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 16));
  const share = random === null ? 0 : (random.bytes(1)[0] ?? 0) / 256;
  return Math.max(failure.retryAfterMs ?? 0, Math.round(backoffMs * (1 - JITTER * share)));
}

async function sleepUnlessAborted(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
