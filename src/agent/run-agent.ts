/**
 * One Claude conversation with tools and budget, until it ends.
 *
 * A3. Every step is read off the fold of the log, so a resumed run asks only for what is missing.
 * A4. `turn_requested` is in the log before the request leaves; `turn_completed` only after the message came whole; a tool runs
 *     only for a turn that is in the log.
 * I5. See budget.ts.
 */
import type { AgentEndCode, AgentEvent, Recorded, Usage } from "../record/index.ts";
import { modelPrice } from "../shared/models.ts";
import type { Clock, Random } from "../shared/ports.ts";
import type { AskContext } from "./ask.ts";
import type { AgentBudget } from "./budget.ts";
import type { End } from "./conversation.ts";
import { startDeadline } from "./deadline.ts";
import { openLedger, type Ledger } from "./ledger.ts";
import type { BudgetPool } from "./pool.ts";
import { PROGRESS_LIMITS, watchProgress, type ProgressLimits } from "./progress.ts";
import { openPromptHasher } from "./prompt-hash.ts";
import { toolDefinitions, type Frame } from "./request.ts";
import { resumeOrStart } from "./resume.ts";
import { STALL_MS, watchSilence } from "./silence.ts";
import { workedMs } from "./spent.ts";
import type { Tool } from "./tool.ts";
import { openToolMeter } from "./tool-meter.ts";
import { openClient, type AgentEndpoint } from "./provider.ts";
import { untilTheEnd, type Run, type Show } from "./until-the-end.ts";

export interface AgentLog {
  /** Durable when it resolves; a throw ends the run at once. */
  record(event: AgentEvent): Promise<void>;
  /** Keeps bytes and returns their SHA-256, hex. */
  putBlob(bytes: Uint8Array): Promise<string>;
}

export interface AgentProgress {
  readonly turn: number;
  /** The tool that starts now; absent when a turn was completed. */
  readonly tool?: string;
  /** The model could not be asked and is asked again after so long. */
  readonly wait?: { readonly reason: string; readonly ms: number };
  /** Of the session so far. */
  readonly tokens: number;
  readonly costMicroUsd: number;
}

/** Words of a person for the model. */
export interface Steer {
  readonly source: "person";
  readonly text: string;
  /** Called once they are in the log; until then a run that is lost did not take them. */
  delivered?(): Promise<void>;
}

export interface AgentOptions {
  readonly endpoint: AgentEndpoint;
  /** Exact API id; one that shared/models.ts knows. */
  readonly model: string;
  /** The same bytes for the whole session, or a resume starts a new conversation. */
  readonly system: string;
  /** Opens a new conversation; one that is resumed keeps the message it was opened with. */
  readonly firstMessage: string;
  /** Opens the next conversation when this one is full: the step as it now is, what it must hand over, facts that were remembered. Default: `firstMessage`. */
  reopening?(): string;
  /** The same list for the whole session. */
  readonly tools: readonly Tool[];
  /** Why the current step does not allow a tool, in words for the model; null if it does. Must not throw. */
  mayUse(name: string): string | null;
  readonly budget: AgentBudget;
  /** The run's budget, where sessions run side by side. */
  readonly pool?: BudgetPool;
  readonly log: AgentLog;
  /** The session's recorded agent events, in order. */
  readonly history: readonly Recorded<AgentEvent>[];
  readonly clock: Clock;
  /** Aborting it ends the run as `cancelled`; the session can be resumed. */
  readonly signal?: AbortSignal;
  /** What to say when the model ends its turn without completing. The same text is said once in a conversation. */
  reminder(): string;
  /** Called after each turn in which a tool ran. What it throws ends the run. */
  afterTools?(): Promise<void>;
  /** The state of the files, a git tree, as last saved; null while none was. Asked after `afterTools`; must not throw. */
  workspaceTree?(): string | null;
  /** What people want to say to the model now. Asked before each request; what it throws ends the run. */
  steers?(): Promise<readonly Steer[]>;
  /** For display; what it throws is dropped, and it is not called again. */
  onProgress?(progress: AgentProgress): void;
  /** For the jitter of waits; without it they have none. */
  readonly random?: Random;
  /** How long the API may stay overloaded or unreachable without one answer. Default 10 minutes. */
  readonly overloadPatienceMs?: number;
  /** How long a request may stay without a byte from the API; see silence.ts. Infinity: for ever. */
  readonly stallMs?: number;
  /** When the work counts as stuck or as getting nowhere; see progress.ts. */
  readonly progressLimits?: ProgressLimits;
  /** The context that a conversation may fill. Default: the model's. */
  readonly contextTokens?: number;
}

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
  // Calls that were aborted have no result to carry their time.
  const interruptedToolMs = Math.max(0, meter.usedMs() - (ledger.spent().toolMs - earlierToolMs));
  const conversation = ledger.conversation()?.number ?? 0;
  await ledger.record({ kind: "agent_ended", data: { conversation, ...end, ...(interruptedToolMs > 0 ? { interruptedToolMs } : {}) } });
  const { completedTurns: turns, usage, amounts } = ledger.spent();
  return { ...end, turns, usage, costMicroUsd: amounts.costMicroUsd };
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
