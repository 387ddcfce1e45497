/**
 * One Claude conversation with tools and budget, until it ends.
 *
 * A3. Every step is read off the fold of the log, so a resumed run asks only for what is missing.
 * A4. `turn_requested` is in the log before the request leaves; `turn_completed` only after the message came whole; a tool runs
 *     only for a turn that is in the log.
 * I5. See budget.ts.
 */
import type { AgentEndCode, AgentEvent, Recorded, Usage } from "../record/index.ts";
import { TerminalError } from "../shared/errors.ts";
import { modelPrice } from "../shared/models.ts";
import type { Clock, Random } from "../shared/ports.ts";
import { unreachable } from "../shared/unreachable.ts";
import { ask, refusal, type AskContext } from "./ask.ts";
import { workedMs, type AgentBudget } from "./budget.ts";
import type { ToolCall } from "./content.ts";
import { next, steersOf, type Conversation, type End, type Next, type Turn } from "./conversation.ts";
import { openLedger, type Ledger } from "./ledger.ts";
import { toolDefinitions, type Frame } from "./request.ts";
import { resumeOrStart } from "./resume.ts";
import { answerCalls, isMalformed, ToolsAborted } from "./tool-calls.ts";
import type { Tool } from "./tool.ts";
import { openClient, type AgentEndpoint } from "./turn.ts";

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
  /** Of the session so far. */
  readonly tokens: number;
  readonly costMicroUsd: number;
}

export interface AgentOptions {
  readonly endpoint: AgentEndpoint;
  /** Exact API id; one that shared/models.ts knows. */
  readonly model: string;
  /** The same bytes for the whole session, or a resume starts a new conversation. */
  readonly system: string;
  /** Opens a new conversation; one that is resumed keeps the message it was opened with. */
  readonly firstMessage: string;
  /** The same list for the whole session. */
  readonly tools: readonly Tool[];
  /** Why the current step does not allow a tool, in words for the model; null if it does. Must not throw. */
  mayUse(name: string): string | null;
  readonly budget: AgentBudget;
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
  /** For display; what it throws is dropped, and it is not called again. */
  onProgress?(progress: AgentProgress): void;
  /** For the jitter of waits; without it they have none. */
  readonly random?: Random;
  /** How long the API may stay overloaded or unreachable without one answer. Default 10 minutes. */
  readonly overloadPatienceMs?: number;
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

const MAX_MALFORMED_TURNS = 3;
const OVERLOAD_PATIENCE_MS = 10 * 60_000;

/**
 * Runs or resumes the session's conversation until it ends, and journals the end.
 * @throws what `log`, `afterTools` or a tool's TerminalError or RetryableError threw: nothing more is journaled then
 */
export async function runAgent(options: AgentOptions): Promise<AgentEnd> {
  const ledger = openLedger(options.history, (event) => options.log.record(event));
  const end = await converse(options, ledger);
  await ledger.record({ kind: "agent_ended", data: { conversation: ledger.conversation()?.number ?? 0, ...end } });
  const { completedTurns: turns, usage, costMicroUsd } = ledger.spent();
  return { ...end, turns, usage, costMicroUsd };
}

async function converse(options: AgentOptions, ledger: Ledger): Promise<End> {
  const price = modelPrice(options.model);
  if (!price.ok) return { code: "model_rejected", message: `${price.error.message} ${price.error.fix}` };
  const { firstMessage, history, log, clock, budget } = options;
  const frame: Frame = { model: options.model, system: options.system.toWellFormed(), tools: toolDefinitions(options.tools) };
  const deadline = startDeadline(clock, budget.maxMs - workedMs(history));
  const signal = options.signal === undefined ? deadline.signal : AbortSignal.any([options.signal, deadline.signal]);
  try {
    await resumeOrStart(ledger, history, { frame, firstMessage, putBlob: (bytes) => log.putBlob(bytes) });
    const asking: AskContext = {
      client: openClient(options.endpoint),
      frame,
      price: price.value,
      budget,
      ledger,
      clock,
      random: options.random ?? null,
      patienceMs: options.overloadPatienceMs ?? OVERLOAD_PATIENCE_MS,
      signal,
    };
    return await untilTheEnd({ options, ledger, asking, signal, show: progressGuard(options, ledger) });
  } finally {
    deadline.stop();
  }
}

interface Run {
  readonly options: AgentOptions;
  readonly ledger: Ledger;
  readonly asking: AskContext;
  readonly signal: AbortSignal;
  readonly show: (tool?: string) => void;
}

async function untilTheEnd(run: Run): Promise<End> {
  for (;;) {
    if (run.signal.aborted) return aborted(run);
    const conversation = run.ledger.conversation();
    if (conversation === null) throw new TerminalError("The conversation did not start.", "This is a bug in WorkTrain; please report it.");
    const end = await advance(run, conversation, next(conversation));
    if (end !== null) return end;
  }
}

async function advance(run: Run, conversation: Conversation, todo: Next): Promise<End | null> {
  if (todo.kind === "run-tools") return runTools(run, todo.turn, todo.calls);
  if (malformedInARow(conversation, run.options.tools) >= MAX_MALFORMED_TURNS) {
    return { code: "malformed_turns", message: `${MAX_MALFORMED_TURNS} turns in a row held nothing that could be run as called.` };
  }
  switch (todo.kind) {
    case "ask": {
      const end = await ask(run.asking, conversation);
      run.show();
      return end;
    }
    case "answer-cut-off":
      await steer(run, todo.turn, CUT_OFF);
      return null;
    case "turn-ended":
      return remind(run, conversation, todo.turn);
    case "over":
      return todo.code === "refused" ? { code: "refused", message: refusal(null) } : { code: "context_full", message: "The conversation fills the model's context." };
    default:
      return unreachable(todo);
  }
}

/** Said when the output limit cut an answer before it called a tool. */
const CUT_OFF = "Your answer was cut off at the output limit. Go on from there, in smaller pieces.";

/** Once for each text of the reminder; when the model ends its turn again after it, the run is over. */
async function remind(run: Run, conversation: Conversation, turn: Turn): Promise<End | null> {
  const text = run.options.reminder().toWellFormed();
  if (steersOf(conversation).includes(text)) {
    return { code: "stopped_without_completing", message: "The model ended its turn twice without completing its work, once after a reminder." };
  }
  await steer(run, turn, text);
  return null;
}

const steer = (run: Run, turn: Turn, text: string): Promise<void> => run.ledger.record({ kind: "steered", data: { turn: turn.turn, source: "reminder", text } });

async function runTools(run: Run, turn: Turn, calls: readonly ToolCall[]): Promise<End | null> {
  const { options, ledger, signal } = run;
  const { tools, clock } = options;
  try {
    const desk = { tools, mayUse: (name: string) => options.mayUse(name), record: (event: AgentEvent) => ledger.record(event), onTool: run.show, clock, signal };
    const { ran, ends } = await answerCalls(desk, turn, calls);
    if (ran) await options.afterTools?.();
    if (ends === false) return null;
    return ends === true ? { code: "completed", message: "The work was completed." } : { code: ends, message: "The session is over." };
  } catch (error) {
    if (error instanceof ToolsAborted) return aborted(run);
    throw error;
  }
}

function malformedInARow(conversation: Conversation, tools: readonly Tool[]): number {
  const wellFormed = conversation.turns.findLastIndex((turn) => !isMalformed(turn, tools));
  return conversation.turns.length - 1 - wellFormed;
}

const aborted = ({ options }: Run): End =>
  options.signal?.aborted === true
    ? { code: "cancelled", message: "The run was cancelled." }
    : { code: "budget_time", message: `The time of the budget is used up: ${Math.round(options.budget.maxMs / 1000)} seconds of work.` };

/** Node's timers take at most 31 bits of milliseconds and fire at once above. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Aborts its signal once the time is up. */
function startDeadline(clock: Clock, ms: number): { readonly signal: AbortSignal; stop(): void } {
  const time = new AbortController();
  const stopped = new AbortController();
  if (ms <= 0) time.abort();
  else {
    clock.sleep(Math.min(ms, LONGEST_TIMER_MS), stopped.signal).then(
      () => time.abort(),
      (reason: unknown) => {
        // A clock that fails must not leave the run without a limit.
        if (!stopped.signal.aborted) time.abort(reason);
      },
    );
  }
  return { signal: time.signal, stop: () => stopped.abort() };
}

/** Shows progress until showing it throws: a broken display is no reason to stop the work. */
function progressGuard(options: AgentOptions, ledger: Ledger): (tool?: string) => void {
  let broken = false;
  return (tool) => {
    if (broken || options.onProgress === undefined) return;
    const { tokens, costMicroUsd } = ledger.spent();
    try {
      options.onProgress({ turn: ledger.lastTurn(), ...(tool === undefined ? {} : { tool }), tokens, costMicroUsd });
    } catch {
      broken = true;
    }
  };
}
