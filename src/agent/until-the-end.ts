/** What is done next, read off the fold of the log (A3), until there is an end. */
import type { AgentEvent } from "../record/index.ts";
import { TerminalError } from "../shared/errors.ts";
import { unreachable } from "../shared/unreachable.ts";
import { ask, refusal, type AskContext } from "./ask.ts";
import { isWorthClosing, reopeningMessage, windowState } from "./compaction.ts";
import type { ToolCall } from "./content.ts";
import { next, steersOf, type Conversation, type End, type Next, type Turn } from "./conversation.ts";
import type { Ledger } from "./ledger.ts";
import type { ProgressWatch } from "./progress.ts";
import { messageOf, startConversation } from "./resume.ts";
import type { AgentOptions, AgentProgress } from "./options.ts";
import { answerCalls, isMalformed, ToolsAborted } from "./tool-calls.ts";
import { CallLeftOpen, type Tool } from "./tool.ts";
import type { ToolMeter } from "./tool-meter.ts";

export type Show = (what: Pick<AgentProgress, "tool" | "wait">) => void;

export interface Run {
  readonly options: AgentOptions;
  readonly ledger: Ledger;
  readonly progress: ProgressWatch;
  readonly asking: AskContext;
  /** Of the session; the pool has its own. */
  readonly meter: ToolMeter;
  readonly signal: AbortSignal;
  readonly show: Show;
}

const MAX_MALFORMED_TURNS = 3;

export async function untilTheEnd(run: Run): Promise<End> {
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
  if (todo.kind !== "over" && (await takeSteers(run))) return null;
  switch (todo.kind) {
    case "ask":
      return watchedAsk(run, conversation);
    case "answer-cut-off":
      await steer(run, "reminder", CUT_OFF);
      return null;
    case "turn-ended":
      return remind(run, conversation);
    case "over":
      return todo.code === "refused" ? { code: "refused", message: refusal(null) } : reopen(run, conversation, "The conversation fills the model's context.");
    default:
      return unreachable(todo);
  }
}

/** Puts what people said into the conversation. @returns whether they said anything */
async function takeSteers({ options, ledger }: Run): Promise<boolean> {
  const steers = (await options.steers?.()) ?? [];
  for (const { source, text, delivered } of steers) {
    await ledger.record({ kind: "steered", data: { turn: Math.max(1, ledger.lastTurn()), source, text: text.toWellFormed() } });
    await delivered?.();
  }
  return steers.length > 0;
}

/** Asks for the next turn, unless the work goes nowhere or the conversation is full. */
async function watchedAsk(run: Run, conversation: Conversation): Promise<End | null> {
  const { ledger, progress, asking, options } = run;
  const verdict = progress.verdict();
  if (verdict.kind === "end") return { code: verdict.code, message: verdict.message };
  if (verdict.kind === "nudge") {
    await steer(run, "nudge", verdict.text);
    return null;
  }
  const window = windowState(conversation, ledger.spent().lastTurnTokens, options.contextTokens ?? asking.price.contextTokens);
  if (window.kind === "close") return reopen(run, conversation, "");
  if (window.kind === "notice") {
    await steer(run, "reminder", window.text);
    return null;
  }
  const before = ledger.spent().completedTurns;
  const end = await ask(asking, conversation);
  if (ledger.spent().completedTurns > before) run.show({});
  else if (end === null && !run.signal.aborted && progress.verdict().kind !== "end") run.show({ wait: { reason: "The model sent nothing for too long; the request was cut off.", ms: 0 } });
  return end?.code === "context_full" ? reopen(run, conversation, end.message) : end;
}

/** Goes on in a new conversation; ends when that would be as full. */
async function reopen({ options, ledger, asking }: Run, conversation: Conversation, full: string): Promise<End | null> {
  if (!isWorthClosing(conversation)) return { code: "context_full", message: `${full} A new conversation would be as full: its opening and first turn alone fill it. Make the task and the rule files shorter, or ask for less at once.` };
  const opening = messageOf(options.reopening?.() ?? options.firstMessage);
  const firstMessage = { ...opening, text: reopeningMessage(opening.text) };
  await startConversation(ledger, { frame: asking.frame, firstMessage, putBlob: (bytes) => options.log.putBlob(bytes) }, "compacted");
  return null;
}

/** Said when the output limit cut an answer before it called a tool. */
const CUT_OFF = "Your answer was cut off at the output limit. Go on from there, in smaller pieces.";

/** Once for each text of the reminder; when the model ends its turn again after it, the run is over. */
async function remind(run: Run, conversation: Conversation): Promise<End | null> {
  const text = run.options.reminder().toWellFormed();
  if (steersOf(conversation).includes(text)) {
    return { code: "stopped_without_completing", message: "The model ended its turn twice without completing its work, once after a reminder." };
  }
  await steer(run, "reminder", text);
  return null;
}

const steer = ({ ledger }: Run, source: "reminder" | "nudge", text: string): Promise<void> =>
  ledger.record({ kind: "steered", data: { turn: Math.max(1, ledger.lastTurn()), source, text } });

async function runTools(run: Run, turn: Turn, calls: readonly ToolCall[]): Promise<End | null> {
  const { options, ledger, asking, meter, progress } = run;
  const meters = asking.pool === null ? [meter] : [meter, asking.pool.tools];
  const desk = {
    tools: options.tools,
    mayUse: (name: string) => options.mayUse(name),
    record: (event: AgentEvent) => ledger.record(event),
    onTool: (tool: string) => run.show({ tool }),
    meters,
    clock: options.clock,
    signal: run.signal,
    changed: async () => options.beforeResult?.(),
  };
  try {
    const { ran, ends } = await answerCalls(desk, turn, calls);
    if (ran) await options.afterTools?.();
    const tree = options.workspaceTree?.() ?? null;
    if (tree !== null) progress.files(tree);
    if (ends === false) return null;
    return ends === true ? { code: "completed", message: "The work was completed." } : { code: ends, message: "The session is over." };
  } catch (error) {
    if (error instanceof ToolsAborted) return aborted(run);
    if (error instanceof CallLeftOpen) return { code: "session_over", message: error.message };
    throw error;
  }
}

function malformedInARow(conversation: Conversation, tools: readonly Tool[]): number {
  const wellFormed = conversation.turns.findLastIndex((turn) => !isMalformed(turn, tools));
  return conversation.turns.length - 1 - wellFormed;
}

function aborted({ options, signal, asking }: Run): End {
  if (options.signal?.aborted === true) return { code: "cancelled", message: "The run was cancelled." };
  if (signal.aborted) return { code: "budget_time", message: `The time of the budget is used up: ${seconds(options.budget.maxMs)} of work.` };
  const limits = asking.pool?.tools.signal.aborted === true ? { ...asking.pool.account(), which: " of the run" } : { limits: options.budget, which: "" };
  return { code: "budget_tool_time", message: `The tool time of the budget${limits.which} is used up: ${seconds(limits.limits.maxToolMs ?? 0)}.` };
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} seconds`;
