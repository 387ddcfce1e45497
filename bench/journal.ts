/** How much the journal adds to what the disk and the CPU must do anyway. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectoryJournal, openDirectoryReader, type JournalCursor } from "../src/journal/index.ts";
import type { Head, RecordEvent } from "../src/record/index.ts";
import { sha256Hex } from "../src/shared/hash.ts";
import { nodeClock, nodeFileSystem } from "../src/shared/node-ports.ts";
import { createRedactor } from "../src/shared/redact.ts";
import { openRawAppend, TURN } from "./raw-append.ts";
import { measure, median, type BenchRow } from "./row.ts";

const WARM_UP = 500;
const APPENDS = 3000;
const LOG_EVENTS = 100_000;

/** A line of about 1 KB, as most tool results and short turns make. */
const event = (index: number): RecordEvent => ({
  kind: "tool_completed",
  data: { turn: index + 1, toolUseId: `toolu_${index}`, name: "read", isError: false, content: `${index} ${"const x = f(1);\n".repeat(41)}`, durationMs: 12 },
});

const SECRETS = ["ghs_0123456789abcdefghij0123456789abcdefghij", "sk-ant-api03-0123456789abcdefghij"];

/** Rows: durable append against a raw append and fsync of the same bytes; opening a log of 100,000 events; redaction. */
export async function run(): Promise<readonly BenchRow[]> {
  const directory = mkdtempSync(join(tmpdir(), "worktrain-bench-journal-"));
  try {
    return [await durableAppend(directory), await openAndVerify(directory), redaction()];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function durableAppend(directory: string): Promise<BenchRow> {
  const journal = await openDirectoryJournal({ directory: join(directory, "append"), fs: nodeFileSystem, clock: nodeClock, redact: createRedactor(SECRETS) });
  const raw = openRawAppend(join(directory, "raw"));
  let head: Head | null = null;
  let cursor: JournalCursor | null = null;
  let index = 0;
  let parts: readonly Uint8Array[] = [];
  const append = async (): Promise<number> => {
    let took = 0;
    for (let turn = 0; turn < TURN; turn += 1) {
      const next = event(index++);
      const started = performance.now();
      const result = await journal.append("session/bench", head, [next]);
      took += performance.now() - started;
      if (!result.ok) throw new Error(result.error.message);
      head = result.value;
    }
    const slice = await journal.since(cursor);
    cursor = slice.cursor;
    parts = slice.lines.map((line) => Buffer.from(`${line}\n`));
    return (took * 1000) / TURN;
  };
  for (let turn = 0; turn < WARM_UP / TURN; turn += 1) await append();
  const pair = await measure(append, () => raw.turn(parts), APPENDS / TURN);
  raw.close();
  await journal.close();
  return { name: "journal: durable append of a 1 KB event", ...pair, unit: "µs", goal: 1.3, ok: pair.ratio <= 1.3 };
}

async function openAndVerify(directory: string): Promise<BenchRow> {
  const path = join(directory, "open");
  const journal = await openDirectoryJournal({ directory: path, fs: nodeFileSystem, clock: nodeClock });
  let head: Head | null = null;
  for (let written = 0; written < LOG_EVENTS; written += 1000) {
    const result = await journal.append("session/bench", head, Array.from({ length: 1000 }, (_, index) => event(written + index)));
    if (!result.ok) throw new Error(result.error.message);
    head = result.value;
  }
  await journal.close();
  const timed = async (task: () => unknown): Promise<number> => {
    const started = performance.now();
    await task();
    return performance.now() - started;
  };
  const floor = (): Promise<number> => timed(() => parseAndHash(readFileSync(join(path, "epochs", "000001.jsonl"))));
  const pair = await measure(() => timed(() => openDirectoryReader({ directory: path, fs: nodeFileSystem })), floor, 5);
  return { name: "journal: open and verify 100,000 events", value: pair.value, unit: "ms", floor: pair.floor, ratio: pair.ratio, goal: 2, ok: pair.ratio <= 2 };
}

/** The least a reader must do: every line parsed and hashed. */
function parseAndHash(log: Buffer): number {
  let parsed = 0;
  for (let start = 0; start < log.length; ) {
    const end = log.indexOf(10, start) + 1;
    sha256Hex(log.subarray(start, end));
    parsed += JSON.parse(log.toString("utf8", start, end)) === null ? 0 : 1;
    start = end;
  }
  return parsed;
}

function redaction(): BenchRow {
  const redact = createRedactor(SECRETS);
  const texts = Array.from({ length: 64 }, () => readFileSync(import.meta.filename, "utf8").repeat(8));
  const megabytes = texts.reduce((sum, text) => sum + text.length, 0) / 1e6;
  const rates = Array.from({ length: 7 }, () => {
    const started = performance.now();
    for (const text of texts) redact(text);
    return megabytes / ((performance.now() - started) / 1000);
  });
  const value = median(rates);
  return { name: "redaction of ordinary text", value, unit: "MB/s", floor: null, ratio: null, goal: 50, ok: value >= 50 };
}
