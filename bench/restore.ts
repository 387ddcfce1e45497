/** What a run takes to go on from the segments of a session of 2,000 events, beyond getting their bytes. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assembleSegments, createMemorySegmentStore, createSegmentSaver, openDirectoryJournal, seedDirectory } from "../src/journal/index.ts";
import { openSession } from "../src/session/index.ts";
import { sha256Hex } from "../src/shared/hash.ts";
import { nodeClock, nodeFileSystem } from "../src/shared/node-ports.ts";
import { median, type BenchRow } from "./row.ts";
import { loopOfSteps, startSession } from "./sessions.ts";

const EVENTS = 2_000;
/** A step of an agent makes some ten events; a segment is saved at each step's end. */
const STEPS_IN_A_SEGMENT = 4;
const RUNS = 9;
const GOAL_MS = 300;

/** Row: assembled, verified, seeded into a directory, opened and folded, against reading the same bytes and hashing them. */
export async function run(): Promise<readonly BenchRow[]> {
  const scratch = mkdtempSync(join(tmpdir(), "worktrain-bench-restore-"));
  try {
    const segments = join(scratch, "segments");
    const events = await saveSession(join(scratch, "session"), segments);
    const files = readdirSync(segments).sort();
    const beyond: number[] = [];
    const floors: number[] = [];
    for (let nth = 0; nth <= RUNS; nth += 1) {
      const floor = timed(() => read(segments, files));
      const started = performance.now();
      await restore(read(segments, files), join(scratch, `restored-${nth}`));
      const took = performance.now() - started;
      if (nth === 0) continue;
      floors.push(floor);
      beyond.push(took - floor);
    }
    const value = median(beyond);
    const bytes = files.reduce((sum, file) => sum + readFileSync(join(segments, file)).byteLength, 0);
    const name = `restore: a session of ${events} events from ${files.length} segments, beyond reading their ${Math.round(bytes / 1_000)} KB in ${median(floors).toFixed(1)} ms`;
    return [{ name, value, unit: "ms", floor: null, ratio: null, goal: GOAL_MS, ok: value <= GOAL_MS }];
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function timed(task: () => unknown): number {
  const started = performance.now();
  task();
  return performance.now() - started;
}

const read = (segments: string, files: readonly string[]) =>
  files.map((file) => {
    const bytes = readFileSync(join(segments, file));
    return { bytes, digest: sha256Hex(bytes) };
  });

async function restore(parts: ReturnType<typeof read>, directory: string): Promise<void> {
  const assembled = assembleSegments(parts);
  if (!assembled.ok) throw new Error(assembled.error.message);
  await seedDirectory({ directory, fs: nodeFileSystem, assembled: assembled.value });
  const journal = await openDirectoryJournal({ directory, fs: nodeFileSystem, clock: nodeClock });
  const session = await openSession({ journal, clock: nodeClock, verify: () => Promise.reject(new Error("This workflow verifies nothing.")) }, "bench");
  if (session.offer() === null) throw new Error("The restored session has no step to go on with.");
  await journal.close();
}

/** Works a session and keeps its segments as files. @returns how many events it has */
async function saveSession(directory: string, segments: string): Promise<number> {
  const session = await startSession(directory, loopOfSteps(1));
  const store = createMemorySegmentStore({ runId: 1 });
  const saver = createSegmentSaver({ journal: session.journal, store, item: { repositoryId: 7, subject: "issue-1", attempt: 1 }, runId: 1, runAttempt: 1, previous: null });
  const save = () => saver.save({ phase: "code", step: "turn", costMilliUsd: 0, ending: null });
  let events = 0;
  while (events < EVENTS) {
    for (let step = 0; step < STEPS_IN_A_SEGMENT; step += 1) await session.advance();
    events = (await session.journal.head("session/bench"))?.seq ?? 0;
    await save();
  }
  await session.close();
  mkdirSync(segments);
  for (const { name, bytes } of store.stored()) writeFileSync(join(segments, name), bytes);
  return events;
}
