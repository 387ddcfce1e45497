/**
 * One Claude conversation with tools and budget, until it ends.
 *
 * A3. Every step is read off the fold of the log, so a resumed run asks only for what is missing.
 * A4. `turn_requested` is in the log before the request leaves; `turn_completed` only after the message came whole; a tool runs
 *     only for a turn that is in the log.
 * I5. See budget.ts.
 */
import type { AgentEndCode, Usage } from "../record/index.ts";
import { modelPrice } from "../shared/models.ts";
import type { AskContext } from "./ask.ts";
import type { Conversation, End } from "./conversation.ts";
import { startDeadline } from "./deadline.ts";
import { openLedger, type Ledger } from "./ledger.ts";
import type { AgentOptions } from "./options.ts";
import { PROGRESS_LIMITS, watchProgress } from "./progress.ts";
import { openPromptHasher } from "./prompt-hash.ts";
import { toolDefinitions, type Frame } from "./request.ts";
import { resumeOrStart } from "./resume.ts";
import { STALL_MS, watchSilence } from "./silence.ts";
import { workedMs } from "./spent.ts";
import { openToolMeter } from "./tool-meter.ts";
import { openClient } from "./provider.ts";
import { untilTheEnd, type Run, type Show } from "./until-the-end.ts";

export interface AgentEnd {
  readonly code: AgentEndCode;
  /** What happened, and for what a person can mend, how. */
  readonly message: string;
  /** Completed turns, their usage and cost: of the whole session, earlier runs included. */
  readonly turns: number;
  readonly usage: Usage;
  readonly costMicroUsd: number;
}

const OVERLOAD_PATIENCE_MS = 10 * 60_000;

/**
 * Runs or resumes the session's conversation until it ends, and journals the end.
 * @throws what `log`, `steers`, `afterTools` or a tool's TerminalError or RetryableError threw: nothing more is journaled then
 */
export async function runAgent(options: AgentOptions): Promise<AgentEnd> {
  const progress = watchProgress(options.progressLimits ?? PROGRESS_LIMITS);
  const ledger = openLedger(options.history, (event) => options.log.record(event), progress.fold);
  const earlierToolMs = ledger.spent().toolMs;
  const meter = openToolMeter(options.clock, (options.budget.maxToolMs ?? Infinity) - earlierToolMs);
  const end = await converse(options, { ledger, progress, meter });
  const conversation = ledger.conversation();
  // Calls that were aborted have no result to carry their time.
  const interruptedToolMs = conversation !== null && hasAbortedCalls(conversation) ? Math.max(0, meter.usedMs() - (ledger.spent().toolMs - earlierToolMs)) : 0;
  await ledger.record({ kind: "agent_ended", data: { conversation: conversation?.number ?? 0, ...end, ...(interruptedToolMs > 0 ? { interruptedToolMs } : {}) } });
  const { completedTurns: turns, usage, amounts } = ledger.spent();
  return { ...end, turns, usage, costMicroUsd: amounts.costMicroUsd };
}

function hasAbortedCalls({ turns }: Conversation): boolean {
  const last = turns.at(-1);
  return last !== undefined && last.calls.some(({ id }) => last.started.has(id) && !last.results.has(id));
}

async function converse(options: AgentOptions, state: Pick<Run, "ledger" | "progress" | "meter">): Promise<End> {
  const price = modelPrice(options.model);
  if (!price.ok) return { code: "model_rejected", message: `${price.error.message} ${price.error.fix}` };
  const { ledger } = state;
  const { firstMessage, history, log, clock, budget, endpoint } = options;
  const frame: Frame = { model: options.model, system: options.system.toWellFormed(), tools: toolDefinitions(options.tools) };
  const deadline = startDeadline(clock, budget.maxMs - workedMs(history));
  const signal = options.signal === undefined ? deadline.signal : AbortSignal.any([options.signal, deadline.signal]);
  const show = progressGuard(options, ledger);
  const silence = watchSilence(clock, options.stallMs ?? STALL_MS);
  try {
    await resumeOrStart(ledger, history, { frame, firstMessage, putBlob: (bytes) => log.putBlob(bytes) });
    const asking: AskContext = {
      client: await openClient({ ...endpoint, fetch: silence.listen(endpoint.fetch ?? fetch) }),
      frame,
      hasher: openPromptHasher(),
      price: price.value,
      budget,
      pool: options.pool ?? null,
      ledger,
      clock,
      random: options.random ?? null,
      patienceMs: options.overloadPatienceMs ?? OVERLOAD_PATIENCE_MS,
      silence,
      signal,
      onWait: (wait) => show({ wait }),
    };
    return await untilTheEnd({ options, ...state, asking, signal, show });
  } finally {
    deadline.stop();
  }
}

/** Shows progress until showing it throws: a broken display is no reason to stop the work. */
function progressGuard(options: AgentOptions, ledger: Ledger): Show {
  let broken = false;
  return (what) => {
    if (broken || options.onProgress === undefined) return;
    const { inputTokens, outputTokens, costMicroUsd } = ledger.spent().amounts;
    try {
      options.onProgress({ turn: ledger.lastTurn(), ...what, tokens: inputTokens + outputTokens, costMicroUsd });
    } catch {
      broken = true;
    }
  };
}
