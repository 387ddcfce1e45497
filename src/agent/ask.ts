/**
 * Gets the next turn: reserves its worst case, journals, sends, and repeats with patience what may work later.
 *
 * A4. `turn_requested` is in the log before the request leaves; `turn_completed` only after the message came whole.
 */
import type { Clock, Random } from "../shared/ports.ts";
import { canonicalJson } from "../shared/json.ts";
import type { ModelPrice } from "../shared/models.ts";
import { ok, type Result } from "../shared/result.ts";
import { unreachable } from "../shared/unreachable.ts";
import { mostInputTokens, reserveTurn, type Account, type AgentBudget, type BudgetEnd, type Reserved } from "./budget.ts";
import { settleContent } from "./content.ts";
import { seenToolUseIds, type Conversation, type End } from "./conversation.ts";
import { UNBILLED_FAILURES, type TurnFailure } from "./failure.ts";
import type { Ledger } from "./ledger.ts";
import type { BudgetPool, Hold } from "./pool.ts";
import { costMicroUsd } from "./prices.ts";
import type { ModelClient } from "./provider.ts";
import type { PromptHasher } from "./prompt-hash.ts";
import { requestBody, type Frame } from "./request.ts";
import type { Silence } from "./silence.ts";
import { NO_AMOUNTS, settled, usedBy } from "./spent.ts";
import { ANSWER_LIMIT_BYTES } from "./stream.ts";
import { askModel, type TurnOutcome } from "./turn.ts";

export interface AskContext {
  readonly client: ModelClient;
  readonly frame: Frame;
  readonly hasher: PromptHasher;
  readonly price: ModelPrice;
  readonly budget: AgentBudget;
  /** What sessions side by side share; null for a session on its own. */
  readonly pool: BudgetPool | null;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: Random | null;
  readonly patienceMs: number;
  readonly silence: Silence;
  readonly signal: AbortSignal;
  onWait(wait: Wait): void;
}

/** The model could not be asked just now. */
export interface Wait {
  readonly reason: string;
  readonly ms: number;
}

/**
 * Asks until a turn is completed, the request stalled, or the signal aborts (null: the caller looks at the log), or the run has to
 * end.
 */
export async function ask(context: AskContext, conversation: Conversation): Promise<End | null> {
  const { ledger, clock, signal } = context;
  let failingSinceMs: number | null = null;
  let broken = 0;
  for (let failures = 0; ; failures += 1) {
    const reserved = await reserve(context, conversation);
    if (reserved === null) return null;
    if (!reserved.ok) return reserved.error;
    const asked: Asked = { turn: ledger.lastTurn() + 1, turnKey: `${ledger.lastTurn() + 1}-${ledger.attempts() + 1}` };
    const outcome = await requestHeld(context, conversation, asked, reserved.value);
    if (outcome.kind === "completed") return complete(context, conversation, { ...asked, ...outcome });
    failingSinceMs ??= clock.monotonicMs();
    const { code, message } = outcome;
    if (code === "stream_stalled") {
      await ledger.record({ kind: "turn_failed", data: { ...asked, code, message, retryInMs: 0 } });
      return null;
    }
    if (!UNBILLED_FAILURES.has(code)) broken += 1;
    const waitMs = outcome.kind === "retry" ? retryWaitMs(outcome, failures, context.random) : null;
    const patient = waitMs !== null && broken < MOST_BROKEN && clock.monotonicMs() - failingSinceMs + waitMs <= context.patienceMs;
    await ledger.record({ kind: "turn_failed", data: { ...asked, code, message, retryInMs: patient ? waitMs : null } });
    const tried = broken >= MOST_BROKEN ? `${broken} answers in a row broke off` : impatience(context.patienceMs, waitMs ?? 0);
    const end = endOf(outcome, patient, tried);
    if (end !== null || !patient) return end;
    context.onWait({ reason: message, ms: waitMs });
    await sleepUnlessAborted(clock, waitMs, signal);
    if (signal.aborted) return null;
  }
}

const inMinutes = (ms: number): string => `${Math.ceil(ms / 60_000)} minutes`;

const impatience = (patienceMs: number, waitMs: number): string =>
  waitMs > patienceMs ? `The model asks to be left alone for ${inMinutes(waitMs)}, and a run waits ${inMinutes(patienceMs)} at most` : `The model gave no answer within ${inMinutes(patienceMs)} of trying`;

interface Asked {
  readonly turn: number;
  readonly turnKey: string;
}

type Held = Reserved & { readonly hold: Hold | null };

/**
 * Reserves the turn in the session's budget and in the pool, in one tick. Where others hold what it lacks it waits for them to
 * settle: most of a worst case comes back. Null when the signal aborts.
 */
async function reserve({ budget, pool, ledger, price, frame, signal }: AskContext, conversation: Conversation): Promise<Result<Held, BudgetEnd> | null> {
  const spent = ledger.spent();
  const inputTokens = mostInputTokens(frame, conversation, spent.lastTurnTokens);
  const account: Account = { limits: budget, used: settled(spent), name: budget.name ?? "" };
  const own = reserveTurn([account], price, inputTokens);
  if (!own.ok || pool === null) return own.ok ? ok({ ...own.value, hold: null }) : own;
  for (;;) {
    const shared = reserveTurn([account, pool.account()], price, inputTokens);
    const others = pool.nextSettled();
    if (others === null || (shared.ok && shared.value.maxTokens === own.value.maxTokens)) {
      return shared.ok ? ok({ ...shared.value, hold: pool.hold(shared.value.most) }) : shared;
    }
    await untilAborted(others, signal);
    if (signal.aborted) return null;
  }
}

/** The hold is settled with what came of the request, whatever that is: who waits for it must not wait for ever. */
async function requestHeld(context: AskContext, conversation: Conversation, asked: Asked, { maxTokens, most, hold }: Held): Promise<TurnOutcome> {
  let used = most;
  try {
    const outcome = await request(context, conversation, asked, { maxTokens, most });
    if (outcome.kind === "completed") used = usedBy(outcome.message.usage, costMicroUsd(context.price, outcome.message.usage));
    else if (UNBILLED_FAILURES.has(outcome.code)) used = NO_AMOUNTS;
    return outcome;
  } finally {
    hold?.settle(used);
  }
}

async function request({ client, frame, hasher, ledger, signal, silence }: AskContext, conversation: Conversation, asked: Asked, { maxTokens, most }: Reserved): Promise<TurnOutcome> {
  const body = requestBody(frame, conversation, maxTokens);
  const reserved = { maxTokens, reservedMicroUsd: most.costMicroUsd, reservedTokens: most.inputTokens + most.outputTokens };
  await ledger.record({ kind: "turn_requested", data: { conversation: conversation.number, ...asked, model: frame.model, promptSha256: hasher.sha256(body, conversation), ...reserved } });
  return askModel(client, body, { signal, silence });
}

type Completed = Extract<TurnOutcome, { kind: "completed" }> & Asked;

async function complete({ ledger, price }: AskContext, conversation: Conversation, completed: Completed): Promise<End | null> {
  const { turn, turnKey, message, requestId } = completed;
  const { usage, stopReason, stopDetails } = message;
  const content = settleContent(message.blocks, seenToolUseIds(conversation));
  if (Buffer.byteLength(canonicalJson(content)) > ANSWER_LIMIT_BYTES) {
    const tooLarge = `The model's answer is larger than the log takes (${ANSWER_LIMIT_BYTES} bytes).`;
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
  `The model refused to go on${details === null ? "" : ` (${details})`}.`;

function endOf(outcome: TurnFailure, patient: boolean, tried: string): End | null {
  switch (outcome.kind) {
    case "cancelled":
      return null;
    case "end":
      return { code: outcome.code === "answer_too_large" ? "malformed_turns" : outcome.code, message: outcome.message };
    case "retry":
      return patient ? null : { code: "model_unavailable", message: `${tried}, the last time: ${outcome.message}` };
    default:
      return unreachable(outcome);
  }
}

/** Answers in a row that may break off: each may be billed, and a connection that cuts every one will cut the next. */
const MOST_BROKEN = 5;
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

/** Resolves with the promise or when the signal aborts. */
async function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>();
  const onAbort = (): void => aborted.resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  await Promise.race([promise, aborted.promise]);
  signal.removeEventListener("abort", onAbort);
}
