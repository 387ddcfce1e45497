/**
 * Generated conversations: what the model says and what its tools give back, from a seed alone, the same in every process.
 *
 * The distribution is assumed, not measured in the field; it is meant to be on the heavy side of a coding session:
 * - calls a turn: 1 (70 %), 2 (20 %), 3 (10 %);
 * - a tool's result: log-normal bytes, median 1,500, sigma 1.2, between 20 and 60,000 (5 % above 10.8 KB): parts of files, lists of
 *   matches, the end of a test's output;
 * - text beside the calls: 40 to 600 bytes; arguments of a call: log-normal, median 120 bytes, sigma 1, at most 8,000 (edits);
 * - the system prompt 6,000 bytes, the first message 4,000.
 */
import type { AnswerBlock } from "../src/hosts/demo/model/index.ts";

export const SEED = 20261120;

/** mulberry32: 32 bits of state, good enough for sizes. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Box-Muller. */
const logNormal = (random: () => number, median: number, sigma: number): number =>
  median * Math.exp(sigma * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));

const WORDS = "const value = await journal.append(stream, head, events); return value.ok ? next(value) : refuse('not-head', { fix: `reload` });\n// the caller decides again\n";

/** Text like source code, different for every number. */
export function textOf(bytes: number, number: number): string {
  const line = `${number}: ${WORDS}`;
  return line.repeat(Math.ceil(bytes / line.length)).slice(0, Math.max(1, bytes));
}

export const SYSTEM = textOf(6_000, 0);
export const FIRST_MESSAGE = textOf(4_000, 1);

const NAMES = ["read", "grep", "edit", "bash"] as const;

/** What the model says in a turn, from 0. The last one of a conversation calls `done`. */
export function answerOf(turn: number, turns: number): readonly AnswerBlock[] {
  const random = randomFrom(SEED + turn);
  if (turn === turns - 1) return [{ type: "tool_use", name: "done", input: {} }];
  const share = random();
  const calls = share < 0.7 ? 1 : share < 0.9 ? 2 : 3;
  const text = { type: "text" as const, text: textOf(40 + Math.floor(random() * 560), turn) };
  const blocks = Array.from({ length: calls }, (_, index) => {
    const bytes = Math.min(8_000, Math.ceil(logNormal(random, 120, 1)));
    return { type: "tool_use" as const, name: NAMES[Math.floor(random() * NAMES.length)] ?? "read", input: { path: `src/${turn}/${index}.ts`, text: textOf(bytes, turn) } };
  });
  return [text, ...blocks];
}

export const resultBytes = (random: () => number): number => Math.min(60_000, Math.max(20, Math.ceil(logNormal(random, 1_500, 1.2))));

/** What the n-th tool call of a conversation gives back. */
export const resultOf = (number: number): string => textOf(resultBytes(randomFrom(SEED * 3 + number)), number);

/** The sizes that the generator gives, for the name of a row. */
export function sizesInWords(): string {
  const sizes = Array.from({ length: 2_000 }, (_, number) => resultBytes(randomFrom(SEED * 3 + number))).toSorted((a, b) => a - b);
  const at = (share: number): string => ((sizes[Math.floor(share * sizes.length)] ?? 0) / 1_000).toFixed(1);
  return `results ${at(0.05)}/${at(0.5)}/${at(0.95)} KB at p5/p50/p95`;
}
