/**
 * Answers the tool calls of a turn. Whatever goes wrong with a call is a result that the model can read; only an abort, a broken
 * journal (TerminalError), an outage behind a tool (RetryableError) and work left for a later run (CallLeftOpen) end the conversation.
 */
import { z } from "zod";
import { TOOL_OUTPUT_LIMIT_BYTES, type AgentEvent } from "../record/index.ts";
import { RetryableError, TerminalError } from "../shared/errors.ts";
import type { Clock } from "../shared/ports.ts";
import { unreachable } from "../shared/unreachable.ts";
import type { CallFault, ToolCall } from "./content.ts";
import type { Turn } from "./conversation.ts";
import { boundOutput } from "./tool-output.ts";
import { CallLeftOpen, type Tool, type ToolResult } from "./tool.ts";
import type { ToolMeter } from "./tool-meter.ts";

/** Read-only calls of one turn that run at the same time. */
const MAX_SIDE_BY_SIDE = 8;
/** How long an aborted tool may take to stop before it is left behind. The runner gives a cancelled job 7.5 s in all. */
const ABORT_GRACE_MS = 2_000;

export interface ToolDesk {
  readonly tools: readonly Tool[];
  /** Why the current step does not allow a tool; null if it does. */
  mayUse(name: string): string | null;
  record(event: AgentEvent): Promise<void>;
  onTool(name: string): void;
  /** Count the time of tools that are not untimed, and abort them when it is used up. */
  readonly meters: readonly ToolMeter[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface Answered {
  /** At least one tool really ran. */
  readonly ran: boolean;
  readonly ends: NonNullable<ToolResult["ends"]>;
}

/** The calls were aborted; those without a result have none in the log. */
export class ToolsAborted extends Error {
  override readonly name = "ToolsAborted";
}

type Prepared =
  | { readonly kind: "run"; readonly call: ToolCall; readonly tool: Tool; readonly input: unknown }
  | { readonly kind: "error"; readonly call: ToolCall; readonly message: string }
  | { readonly kind: "answered"; readonly result: ToolResult };

/**
 * Answers the open calls of a turn in order; neighbouring read-only ones run side by side. A call that ends the conversation is
 * the last to be answered. @throws ToolsAborted when the signal aborts
 */
export async function answerCalls(desk: ToolDesk, turn: Turn, calls: readonly ToolCall[]): Promise<Answered> {
  let ran = false;
  for (const group of inGroups(desk, calls)) {
    const results = await allDone(group.map((call) => answer(desk, turn, call)));
    ran ||= results.some((result) => result.ran);
    const ends = results.find((result) => result.ends)?.ends;
    if (ends) return { ran, ends };
  }
  return { ran, ends: false };
}

/** Waits for every one, so that nothing is at work or journaled later, then throws the first error. */
async function allDone(answers: readonly Promise<Answered>[]): Promise<readonly Answered[]> {
  await Promise.allSettled(answers);
  return Promise.all(answers);
}

function inGroups(desk: ToolDesk, calls: readonly ToolCall[]): readonly (readonly ToolCall[])[] {
  const groups: ToolCall[][] = [];
  let sideBySide = false;
  for (const call of calls) {
    const readOnly = desk.tools.find((tool) => tool.name === call.name)?.readOnly ?? false;
    const group = groups.at(-1);
    if (readOnly && sideBySide && group !== undefined && group.length < MAX_SIDE_BY_SIDE) group.push(call);
    else groups.push([call]);
    sideBySide = readOnly;
  }
  return groups;
}

async function answer(desk: ToolDesk, turn: Turn, call: ToolCall): Promise<Answered> {
  const untimed = desk.tools.find((tool) => tool.name === call.name)?.untimed === true;
  const meters = untimed ? [] : desk.meters;
  const signal = AbortSignal.any([desk.signal, ...meters.map((meter) => meter.signal)]);
  if (signal.aborted) throw new ToolsAborted();
  const prepared = prepare(desk, turn, call);
  if (prepared.kind !== "run") {
    const result = prepared.kind === "answered" ? prepared.result : { content: prepared.message, isError: true };
    await complete(desk, turn, call, result, { durationMs: 0, untimed: false });
    return { ran: false, ends: result.ends ?? false };
  }
  desk.onTool(call.name);
  await desk.record({ kind: "tool_started", data: { turn: turn.turn, toolUseId: call.id, name: call.name } });
  const startedMs = desk.clock.monotonicMs();
  const stops = meters.map((meter) => meter.start());
  const result = await runAborting(prepared, { signal, clock: desk.clock }).finally(() => stops.forEach((stop) => stop()));
  await complete(desk, turn, call, result, { durationMs: desk.clock.monotonicMs() - startedMs, untimed });
  return { ran: true, ends: result.ends ?? false };
}

interface Took {
  readonly durationMs: number;
  readonly untimed: boolean;
}

async function complete(desk: ToolDesk, turn: Turn, call: ToolCall, result: ToolResult, { durationMs, untimed }: Took): Promise<void> {
  // The API refuses an error result without content (P-model-tools).
  const content = result.content.trim() === "" ? "(no output)" : boundOutput(result.content, TOOL_OUTPUT_LIMIT_BYTES);
  await desk.record({
    kind: "tool_completed",
    data: { turn: turn.turn, toolUseId: call.id, name: call.name, isError: result.isError, content, durationMs: Math.max(0, durationMs), ...(untimed ? { untimed } : {}) },
  });
}

function prepare(desk: ToolDesk, turn: Turn, call: ToolCall): Prepared {
  const error = (message: string): Prepared => ({ kind: "error", call, message });
  const checked = checkCall(desk.tools, call);
  if (checked.kind !== "run") return checked;
  if (turn.started.has(call.id) && !checked.tool.readOnly) {
    if (checked.tool.interrupted !== undefined) return { kind: "answered", result: checked.tool.interrupted() };
    return error("This call was interrupted: it may have happened, in part or as a whole, or not at all. Look at the state of things before you repeat it.");
  }
  const refusal = desk.mayUse(call.name);
  return refusal === null ? checked : error(refusal);
}

/** Whether a call is well formed: known tool, arguments that fit. */
function checkCall(tools: readonly Tool[], call: ToolCall): Prepared {
  if (call.fault !== null) return { kind: "error", call, message: faultMessage(call.fault) };
  const tool = tools.find((candidate) => candidate.name === call.name);
  if (tool === undefined) {
    return { kind: "error", call, message: `There is no tool "${shown(call.name)}". The tools are: ${tools.map((candidate) => candidate.name).join(", ")}.` };
  }
  const input = tool.schema.safeParse(call.input);
  if (input.success) return { kind: "run", call, tool, input: input.data };
  const reason = boundOutput(z.prettifyError(input.error), MAX_REASON_BYTES);
  return { kind: "error", call, message: `The arguments of ${tool.name} do not fit, so it was not run:\n${reason}\nCall it again with arguments that match its schema.` };
}

/** A reason quotes the arguments' keys, which may be a megabyte. */
const MAX_REASON_BYTES = 4 * 1024;

const shown = (name: string): string => boundOutput(name, 100);

function faultMessage(fault: CallFault): string {
  switch (fault) {
    case "undecodable-arguments":
      return "The arguments were no valid JSON object, so the tool was not run. Call it again with valid, complete JSON.";
    case "rejected-id":
      return "The id of this call was invalid or had been used before, so it was not run. Make the call again, on its own.";
    case "cut-off":
      return "Your answer was cut off in this call, most often by the output limit, so it was not run. Make the call again in smaller pieces.";
    default:
      return unreachable(fault);
  }
}

/**
 * A malformed turn: nothing in it could be run as called, or the output limit cut it before it called anything.
 * An answer without calls that the model itself ended is not malformed.
 */
export const isMalformed = (turn: Turn, tools: readonly Tool[]): boolean =>
  turn.calls.length === 0 ? turn.stopReason === "max_tokens" : turn.calls.every((call) => checkCall(tools, call).kind === "error");

/** Runs a tool until it returns or the signal aborts; an aborted one gets a moment to stop. */
async function runAborting(prepared: Extract<Prepared, { kind: "run" }>, { signal, clock }: Pick<ToolDesk, "signal" | "clock">): Promise<ToolResult> {
  const aborted = Promise.withResolvers<"aborted">();
  const onAbort = (): void => aborted.resolve("aborted");
  // Before the tool's own listener: a result it gives because it was aborted must not be taken for its work.
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const running = runGuarded(prepared, signal);
    const first = await Promise.race([running, aborted.promise]);
    if (first !== "aborted") return first;
    await Promise.race([running, clock.sleep(ABORT_GRACE_MS)]);
    throw new ToolsAborted();
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function runGuarded({ tool, input, call }: Extract<Prepared, { kind: "run" }>, signal: AbortSignal): Promise<ToolResult> {
  try {
    return await tool.run(input, { signal, toolUseId: call.id });
  } catch (error) {
    if (error instanceof TerminalError || error instanceof RetryableError || error instanceof CallLeftOpen) throw error;
    return { content: `${tool.name} failed: ${error instanceof Error ? error.message : String(error)}`, isError: true };
  }
}
