/** What replaying a log found: every decision made again, and where it came out otherwise. */
import type { Recorded, RecordEvent } from "../record/index.ts";
import { canonicalJson } from "../shared/json.ts";

/** A place of a stream at which something else stands than is decided there now. */
export interface Difference {
  readonly stream: string;
  readonly seq: number;
  /** What is decided there now, or why nothing is. */
  readonly expected: Pick<RecordEvent, "kind" | "data"> | { readonly refused: string };
  readonly found: Pick<RecordEvent, "kind" | "data">;
  /** Only what explains the decision to people differs, as another version of WorkTrain words it; what was decided is the same. */
  readonly wordsOnly: boolean;
}

/** Events that come from outside the decisions, and so cannot be made again. */
export interface NotRecomputable {
  readonly what: string;
  readonly count: number;
  readonly reason: string;
}

export interface Replayed {
  /** Events that were decided again. */
  readonly recomputed: number;
  readonly differences: readonly Difference[];
  readonly notRecomputable: readonly NotRecomputable[];
}

/** What the event should be, against what it is; null when they say the same. */
export function difference({ stream, seq, kind, data }: Recorded, expected: Difference["expected"]): Difference | null {
  const found = { kind, data } as Difference["found"];
  if ("kind" in expected && canonicalJson({ kind: expected.kind, data: expected.data }) === canonicalJson(found)) return null;
  return { stream, seq, expected, found, wordsOnly: "kind" in expected && canonicalJson(withoutWords(expected)) === canonicalJson(withoutWords(found)) };
}

/** Texts that only people read, and the trace of what was looked at: nothing branches on them. */
const WORDS: ReadonlySet<string> = new Set(["message", "fix", "question", "reason"]);
const EXPLAINS = "trace";

function withoutWords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutWords);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, member]) => (key === EXPLAINS || (typeof member === "string" && WORDS.has(key)) ? [] : [[key, withoutWords(member)]])));
}

/** Events counted by why they cannot be made again. */
export function counted(events: readonly Recorded[], reasons: ReadonlyMap<string, string>): readonly NotRecomputable[] {
  const counts = new Map<string, number>();
  for (const { kind } of events) if (reasons.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([what, count]) => ({ what, count, reason: reasons.get(what) ?? "" }));
}

/** Several streams' results as one. */
export const together = (all: readonly Replayed[]): Replayed => ({
  recomputed: all.reduce((sum, { recomputed }) => sum + recomputed, 0),
  differences: all.flatMap(({ differences }) => differences),
  notRecomputable: [...Map.groupBy(all.flatMap(({ notRecomputable }) => notRecomputable), ({ what, reason }) => `${what}\n${reason}`).values()].flatMap(([first, ...more]) =>
    first === undefined ? [] : [{ ...first, count: more.reduce((sum, { count }) => sum + count, first.count) }],
  ),
});
