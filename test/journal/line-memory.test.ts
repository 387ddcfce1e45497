/** Lines that were read before are not read again: whatever was read before, a log reads as by a reader that remembers nothing. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decide } from "../../src/engine/session/index.ts";
import { openDirectoryReader } from "../../src/journal/index.ts";
import { readLine } from "../../src/journal/line.ts";
import { envelopeSchema, GENESIS_HASH, parseRecordEvent, type Recorded } from "../../src/record/index.ts";
import { readSession } from "../../src/session/index.ts";
import { TerminalError } from "../../src/shared/errors.ts";
import { canonicalJson, type JsonObject } from "../../src/shared/json.ts";
import { nodeFileSystem } from "../../src/shared/node-ports.ts";
import { memoryDisk } from "../fakes/file-system.ts";
import { DIRECTORY, linesOf, realLogs } from "../hostile/real-logs.ts";

const [log] = realLogs;
const [file] = log?.files ?? [];
if (file === undefined) throw new Error("There is no real log.");
const LINES = linesOf(file).map(({ start, end }) => file.bytes.subarray(start, end));

interface Read {
  /** The line that is refused, counted from 1; null when all are good. */
  readonly refused: number | null;
  readonly torn: boolean;
  readonly events: Readonly<Record<string, readonly Recorded[]>>;
}

const hashOf = (line: Uint8Array): string => createHash("sha256").update(line).digest("hex");

/** What the log says, by the schemas alone: each line by itself, in the chain of its stream. */
function plainly(bytes: Buffer): Read {
  const events: Record<string, Recorded[]> = {};
  const heads = new Map<string, string>();
  const whole = bytes.subarray(0, bytes.lastIndexOf("\n") + 1);
  const torn = whole.length < bytes.length;
  for (let start = 0, line = 1; start < whole.length; line += 1) {
    const end = whole.indexOf("\n", start) + 1;
    const recorded = plainLine(whole.subarray(start, end), heads, events);
    if (recorded === null) return { refused: line, torn, events: {} };
    (events[recorded.stream] ??= []).push(recorded);
    heads.set(recorded.stream, hashOf(whole.subarray(start, end)));
    start = end;
  }
  return { refused: null, torn, events };
}

function plainLine(line: Uint8Array, heads: ReadonlyMap<string, string>, events: Readonly<Record<string, readonly Recorded[]>>): Recorded | null {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line));
  } catch {
    return null;
  }
  const envelope = envelopeSchema.safeParse(value);
  if (!envelope.success) return null;
  const event = parseRecordEvent(envelope.data);
  const { stream, seq, epoch, at, prev } = envelope.data;
  const before = events[stream] ?? [];
  const fits = seq === before.length + 1 && prev === (heads.get(stream) ?? GENESIS_HASH) && epoch === 1;
  return event.success && fits ? { ...event.data, stream, seq, epoch, at } : null;
}

async function asTheProductReads(bytes: Buffer): Promise<Read> {
  const disk = memoryDisk();
  disk.plant(`${DIRECTORY}/epochs/000001.jsonl`, bytes);
  try {
    const reader = await openDirectoryReader({ directory: DIRECTORY, fs: disk.fileSystem });
    const events: Record<string, readonly Recorded[]> = {};
    for (const stream of await reader.streams()) events[stream] = await reader.read(stream);
    return { refused: null, torn: reader.notes.length > 0, events };
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    return { refused: Number(/line (\d+) is refused/.exec(error.message)?.[1]), torn: bytes.at(-1) !== 10, events: {} };
  }
}

type Change = (lines: readonly Buffer[]) => readonly Buffer[];
const at = fc.nat(10_000);
const place = (lines: readonly Buffer[], nth: number): number => nth % Math.max(1, lines.length);
/** With the first `"at"` another time, and every line of the stream behind it linked anew: a whole log that says something else. */
const rehashed = (nth: number, ms: number): Change => (lines) => {
  const heads = new Map<string, string>();
  return lines.map((line, index) => {
    let value: JsonObject;
    try {
      value = JSON.parse(line.toString("utf8")) as JsonObject;
    } catch {
      return line;
    }
    const stream = typeof value["stream"] === "string" ? value["stream"] : "";
    const made = Buffer.from(`${canonicalJson({ ...value, prev: heads.get(stream) ?? GENESIS_HASH, ...(index === place(lines, nth) ? { at: new Date(ms).toISOString() } : {}) })}\n`);
    heads.set(stream, hashOf(made));
    return made;
  });
};
const change: fc.Arbitrary<Change> = fc.oneof(
  at.map((nth): Change => (lines) => lines.filter((_, index) => index !== place(lines, nth))),
  at.map((nth): Change => (lines) => lines.flatMap((line, index) => (index === place(lines, nth) ? [line, line] : [line]))),
  fc.tuple(at, at).map(([one, other]): Change => (lines) => lines.map((line, index) => (index === place(lines, one) ? (lines[place(lines, other)] ?? line) : index === place(lines, other) ? (lines[place(lines, one)] ?? line) : line))),
  fc.tuple(at, at, fc.nat(7)).map(([nth, byte, bit]): Change => (lines) => lines.map((line, index) => (index === place(lines, nth) ? Buffer.from(line.map((each, position) => (position === byte % line.length ? each ^ (1 << bit) : each))) : line))),
  fc.tuple(at, at).map(([nth, byte]): Change => (lines) => lines.slice(0, place(lines, nth) + 1).map((line, index, all) => (index === all.length - 1 ? line.subarray(0, byte % (line.length + 1)) : line))),
  fc.tuple(at, fc.nat(2_000_000_000_000)).map(([nth, ms]) => rehashed(nth, ms)),
);

test("a log that is torn, reordered, doubled, flipped or hashed anew reads as it does without a memory, the second time as well", async () => {
  await asTheProductReads(Buffer.concat(LINES));
  const seen = { read: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const bytes = Buffer.concat(changes.reduce<readonly Buffer[]>((lines, each) => each(lines), LINES));
      const expected = plainly(bytes);
      seen[expected.refused === null ? "read" : "refused"] += 1;
      expect(await asTheProductReads(bytes)).toEqual(expected);
      expect(await asTheProductReads(bytes)).toEqual(expected);
    }),
    { numRuns: 200 },
  );
  expect(Math.min(seen.read, seen.refused)).toBeGreaterThan(10);
});

test("a line that was forgotten is read again, and none is mistaken for another", () => {
  const [line] = LINES;
  const value = JSON.parse(line?.toString("utf8") ?? "") as { readonly data: JsonObject };
  // Together more than the memory holds.
  const long = Array.from({ length: 20 }, (_, nth) => ({ ...value, data: { ...value.data, goal: `${nth} ${"x".repeat(700_000)}` } }));
  for (const round of [1, 2]) {
    for (const each of long) {
      const text = canonicalJson(each);
      const read = readLine(Buffer.from(`${text}\n`), text);
      expect(read.ok && read.value.recorded.kind === "session_started" && read.value.recorded.data.goal, `round ${round}`).toBe(each.data.goal);
    }
  }
});

test("I3: what is remembered nobody changes: sessions folded from frozen events are the same, and go on the same", async () => {
  const reader = await openDirectoryReader({ directory: join(import.meta.dirname, "..", "golden", "0.1", "journal"), fs: nodeFileSystem });
  const sessions = (await reader.streams()).filter((stream) => stream.startsWith("session/"));
  for (const stream of sessions) for (const event of await reader.read(stream)) freeze(event);
  for (const stream of sessions) {
    const { plan, state } = await readSession(reader, stream.replace("session/", ""));
    expect(decide(plan, state, { kind: "resume" })).toEqual({ ok: true, value: [] });
  }
});

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const each of Object.values(value)) freeze(each);
}
