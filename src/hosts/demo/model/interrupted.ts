/**
 * Calls that a lost run left without a result, as a model takes them: it makes them again, then goes on as if nothing had been.
 * The files are as they were before such a call, since a run goes on from what was saved.
 */
import type { AnswerBlock } from "./answer.ts";
import { blocksOf, resultText, type MessagesRequest, type RequestBlock, type RequestMessage } from "./request-schema.ts";

export interface Result {
  readonly name: string;
  readonly text: string;
  readonly isError: boolean;
}

/** An answer of the model and what came back for its calls; `again` are the calls that have to be made again. */
interface Exchange {
  readonly results: readonly Result[];
  readonly again: readonly number[];
  readonly calls: readonly Extract<RequestBlock, { type: "tool_use" }>[];
}

/** What a played model sees when interrupted calls and their repetition are one. */
export interface Smoothed {
  readonly turnIndex: number;
  readonly lastToolResults: readonly Result[];
  /** What is to be called again before the script goes on; null for nothing. */
  readonly again: readonly AnswerBlock[] | null;
}

export function smoothed({ messages }: MessagesRequest): Smoothed {
  const turns: Exchange[] = [];
  for (const exchange of exchangesOf(messages)) {
    const open = turns.at(-1);
    if (open === undefined || open.again.length === 0) turns.push(exchange);
    else turns[turns.length - 1] = joined(open, exchange);
  }
  const last = turns.at(-1);
  const again = last === undefined || last.again.length === 0 ? null : last.again.flatMap((at) => last.calls[at] ?? []).map(({ name, input }): AnswerBlock => ({ type: "tool_use", name, input }));
  return { turnIndex: turns.length, lastToolResults: last?.results ?? [], again };
}

/** The results of calls that were made again stand in the place of the interrupted ones. */
function joined(open: Exchange, repeated: Exchange): Exchange {
  const results = open.results.map((result, at) => repeated.results[open.again.indexOf(at)] ?? result);
  return { ...open, results, again: repeated.again.flatMap((at) => open.again[at] ?? []) };
}

function exchangesOf(messages: readonly RequestMessage[]): readonly Exchange[] {
  let step = stepIn(messages[0]);
  return messages.flatMap((message, at) => {
    if (message.role !== "assistant") return [];
    const answer = messages[at + 1];
    const calls = blocksOf(message).flatMap((block) => (block.type === "tool_use" ? [block] : []));
    const results = (answer === undefined ? [] : blocksOf(answer)).flatMap((block) => (block.type === "tool_result" ? [block] : []));
    const seen = calls.map(({ id, name }): Result => {
      const result = results.find((each) => each.tool_use_id === id);
      return { name, text: result === undefined ? "" : resultText(result), isError: result?.is_error ?? false };
    });
    const before = step;
    step = stepIn(answer) ?? step;
    const isRead = (edit: number): boolean => calls.some((call) => call.name === "read" && pathOf(call) === pathOf(calls[edit]));
    // An edit needs its file read by the process that makes it: those that came first on the new machine were refused.
    const open = new Set(seen.flatMap(({ name, text }, index) => (isOpen(text, before) || (name === "edit" && UNREAD.test(text) && isRead(index)) ? [index] : [])));
    const edited = new Set([...open].flatMap((index) => (calls[index]?.name === "edit" ? [pathOf(calls[index])] : [])));
    return [{ calls, results: seen, again: calls.flatMap((call, index) => (open.has(index) || (call.name === "read" && edited.has(pathOf(call))) ? [index] : [])) }];
  });
}

/** How an edit is refused whose file nobody read in this process. */
const UNREAD = /^Read .+ before you edit it\./;

const pathOf = (call: Extract<RequestBlock, { type: "tool_use" }> | undefined): string => String((call?.input as { readonly path?: unknown } | undefined)?.path);

/** Whether a result says that its call was interrupted and did not come to its end: a step that was handed over is out no more. */
function isOpen(text: string, step: string | null): boolean {
  if (text.startsWith("This call was interrupted")) return true;
  return text.startsWith("The call was interrupted") && (stepOf(text) ?? step) === step;
}

const stepOf = (text: string): string | null => [...text.matchAll(/^# Step: .* \(([^()]+)\)$/gm)].at(-1)?.[1] ?? null;

/** The step that a message says is out. */
function stepIn(message: RequestMessage | undefined): string | null {
  const texts = message === undefined ? [] : blocksOf(message).map((block) => (block.type === "text" ? block.text : block.type === "tool_result" ? resultText(block) : ""));
  return stepOf(texts.join("\n"));
}
