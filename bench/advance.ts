/** What one durable step of a session costs against appending and syncing the same bytes. */
import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectoryJournal } from "../src/journal/index.ts";
import { createSession } from "../src/session/index.ts";
import { nodeClock, nodeFileSystem } from "../src/shared/node-ports.ts";
import { compileWorkflow } from "../src/workflow/index.ts";
import { median, type BenchRow } from "./row.ts";

const STEPS = 200;
const GOAL = 2;

/** Row: decide, validate, canonical form, hash, append and fsync of one submitted step, against the floor. */
export async function run(): Promise<readonly BenchRow[]> {
  const directory = mkdtempSync(join(tmpdir(), "worktrain-bench-"));
  try {
    const journal = await openDirectoryJournal({ directory, fs: nodeFileSystem, clock: nodeClock });
    const session = await createSession({ journal, clock: nodeClock, verify: () => Promise.reject(new Error("This workflow verifies nothing.")) }, init());
    const notes = "Read the module and its tests; changed the rounding; the tests pass. ".repeat(8);
    const advances: number[] = [];
    for (let step = 0; step < STEPS; step += 1) {
      const started = performance.now();
      await session.submit({ notes, artifacts: [], context: { step } });
      advances.push(performance.now() - started);
    }
    await journal.close();
    const floors = rawAppends(directory);
    const value = median(advances) * 1000;
    const floor = median(floors) * 1000;
    return [{ name: "durable step advance", value, unit: "µs", floor, ratio: value / floor, goal: GOAL, ok: value / floor <= GOAL }];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function init() {
  const steps = Array.from({ length: STEPS + 1 }, (_, index) => `  - { id: step-${index}, title: Step ${index}, prompt: Do part ${index} of the work. }`);
  const compiled = compileWorkflow({ text: `schemaVersion: 2\nid: bench\nname: Bench\nversion: 1.0.0\ndescription: One step after the other.\nsteps:\n${steps.join("\n")}\n`, file: "bench.yaml" });
  if (!compiled.ok) throw new Error(`The bench workflow does not compile: ${compiled.error[0]?.message}`);
  const { plan } = compiled.value;
  return { sessionId: "bench", itemId: null, parentSessionId: null, phase: null, plan, goal: "Measure.", context: {}, autonomy: "full_auto_never_stop" as const };
}

/** Appends and syncs, group by group, the very bytes the session wrote. */
function rawAppends(directory: string): readonly number[] {
  const [epoch = ""] = readdirSync(join(directory, "epochs"));
  const lines = readFileSync(join(directory, "epochs", epoch), "utf8").split("\n").slice(0, -1);
  const groups: string[] = [];
  for (const line of lines) {
    if (groups.length === 0 || line.includes('"kind":"step_submitted"')) groups.push("");
    groups.push(`${groups.pop() ?? ""}${line}\n`);
  }
  const file = openSync(join(directory, "floor"), "a");
  const times = groups.slice(1).map((group) => {
    const started = performance.now();
    writeSync(file, group);
    fsyncSync(file);
    return performance.now() - started;
  });
  closeSync(file);
  return times;
}

