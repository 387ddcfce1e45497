/** What one durable step of a session costs against appending and syncing the same bytes. */
import { closeSync, fstatSync, fsyncSync, mkdtempSync, openSync, readdirSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectoryJournal } from "../src/journal/index.ts";
import { createSession } from "../src/session/index.ts";
import { nodeClock, nodeFileSystem } from "../src/shared/node-ports.ts";
import { compileWorkflow } from "../src/workflow/index.ts";
import { measure, type BenchRow } from "./row.ts";

/** The first steps are compiled as they run; what a long session pays is measured after them. */
const WARM_UP = 500;
const STEPS = 500;
const GOAL = 2;

/** Row: decide, validate, canonical form, hash, append and fsync of one submitted step, against the floor. */
export async function run(): Promise<readonly BenchRow[]> {
  const directory = mkdtempSync(join(tmpdir(), "worktrain-bench-"));
  try {
    const journal = await openDirectoryJournal({ directory, fs: nodeFileSystem, clock: nodeClock });
    const session = await createSession({ journal, clock: nodeClock, verify: () => Promise.reject(new Error("This workflow verifies nothing.")) }, init());
    const notes = "Read the module and its tests; changed the rounding; the tests pass. ".repeat(8);
    const [epoch = ""] = readdirSync(join(directory, "epochs"));
    const written = openSync(join(directory, "epochs", epoch), "r");
    const floorFile = openSync(join(directory, "floor"), "a");
    let step = 0;
    let end = fstatSync(written).size;
    let last: Uint8Array = new Uint8Array(0);
    const advance = async (): Promise<number> => {
      const started = performance.now();
      await session.submit({ notes, artifacts: [], context: { step: step++ } });
      const took = performance.now() - started;
      const grown = fstatSync(written).size;
      last = Buffer.alloc(grown - end);
      readSync(written, last, 0, last.length, end);
      end = grown;
      return took;
    };
    // The floor follows its advance, so that it writes the very bytes the session wrote, under the same load.
    const floor = (): number => {
      const started = performance.now();
      writeSync(floorFile, last);
      fsyncSync(floorFile);
      return performance.now() - started;
    };
    for (let warm = 0; warm < WARM_UP; warm += 1) await advance();
    const pair = await measure(advance, floor, STEPS);
    await journal.close();
    closeSync(written);
    closeSync(floorFile);
    const micro = { value: pair.value * 1000, floor: pair.floor * 1000 };
    const advanceRow: BenchRow = { name: "durable step advance", ...micro, unit: "µs", ratio: pair.ratio, goal: GOAL, ok: pair.ratio <= GOAL };
    return [advanceRow, await flat(join(directory, "flat"))];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function init() {
  const steps = Array.from({ length: WARM_UP + STEPS + 2 }, (_, index) => `  - { id: step-${index}, title: Step ${index}, prompt: Do part ${index} of the work. }`);
  const compiled = compileWorkflow({ text: `schemaVersion: 2\nid: bench\nname: Bench\nversion: 1.0.0\ndescription: One step after the other.\nsteps:\n${steps.join("\n")}\n`, file: "bench.yaml" });
  if (!compiled.ok) throw new Error(`The bench workflow does not compile: ${compiled.error[0]?.message}`);
  const { plan } = compiled.value;
  return { sessionId: "bench", itemId: null, parentSessionId: null, phase: null, plan, goal: "Measure.", context: {}, autonomy: "full_auto_never_stop" as const };
}

/** Advances of one session; what the last tenth of them takes is set against what the first tenth took. */
const FLAT_ADVANCES = 1_000;
const FLAT_GOAL = 1.1;

/** Row: a step costs the step, never the history, in a loop of a thousand turns. */
async function flat(directory: string): Promise<BenchRow> {
  const loop = "{ type: for, count: 1000, maxIterations: 1000 }";
  const text = `schemaVersion: 2\nid: flat\nname: Flat\nversion: 1.0.0\ndescription: One loop.\nsteps:\n  - { id: turns, type: loop, title: Turns, loop: ${loop}, body: [{ id: turn, title: Turn, prompt: "Turn {{currentIteration}}." }, { id: again, title: Again, prompt: Again. }] }\n`;
  const compiled = compileWorkflow({ text, file: "flat.yaml" });
  if (!compiled.ok) throw new Error(`The bench workflow does not compile: ${compiled.error[0]?.message}`);
  const journal = await openDirectoryJournal({ directory, fs: nodeFileSystem, clock: nodeClock });
  const start = async (sessionId: string) => {
    const session = await createSession({ journal, clock: nodeClock, verify: () => Promise.reject(new Error("This workflow verifies nothing.")) }, { ...init(), sessionId, plan: compiled.value.plan });
    return async (): Promise<number> => {
      const started = performance.now();
      await session.submit({ notes: "Turned.", artifacts: [], context: { turn: 1 } });
      return (performance.now() - started) * 1000;
    };
  };
  const old = await start("old");
  const tenth = FLAT_ADVANCES / 10;
  for (let index = tenth; index < FLAT_ADVANCES; index += 1) await old();
  // The last tenth of one session takes turns with the first tenth of another: load that comes and goes hits both alike.
  const pair = await measure(old, await start("new"), tenth);
  await journal.close();
  return { name: "durable step advance: the last 100 of 1,000 to the first", ...pair, unit: "µs", goal: FLAT_GOAL, ok: pair.ratio <= FLAT_GOAL };
}
