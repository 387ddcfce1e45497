/** Sessions as the benches drive them: a durable journal of their own, nothing verified, notes of half a kilobyte. */
import { openDirectoryJournal, type Journal, type JournalCursor } from "../src/journal/index.ts";
import { createSession } from "../src/session/index.ts";
import { nodeClock, nodeFileSystem } from "../src/shared/node-ports.ts";
import { compileWorkflow, type Plan } from "../src/workflow/index.ts";

const NOTES = "Read the module and its tests; changed the rounding; the tests pass. ".repeat(8);

export interface BenchSession {
  /** Its own, as `directory` holds it. */
  readonly journal: Journal;
  /** Hands in the current step: decided, validated, written in canonical form, hashed, appended and synced. Microseconds it took. */
  advance(): Promise<number>;
  /** The bytes that were appended since the last call. */
  written(): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Starts a session in `directory`, which becomes its journal. */
export async function startSession(directory: string, plan: Plan): Promise<BenchSession> {
  const journal = await openDirectoryJournal({ directory, fs: nodeFileSystem, clock: nodeClock });
  const deps = { journal, clock: nodeClock, verify: () => Promise.reject(new Error("This workflow verifies nothing.")) };
  const session = await createSession(deps, { sessionId: "bench", itemId: null, parentSessionId: null, phase: null, plan, goal: "Measure.", context: {}, autonomy: "full_auto_never_stop" });
  let step = 0;
  let cursor: JournalCursor | null = null;
  return {
    journal,
    async advance() {
      const output = { notes: NOTES, artifacts: [], context: { step: step++ } };
      const started = performance.now();
      const result = await session.submit(output);
      const took = (performance.now() - started) * 1000;
      if (result.kind !== "step") throw new Error(`The bench session ended early (${result.kind}).`);
      return took;
    },
    async written() {
      const slice = await journal.since(cursor);
      cursor = slice.cursor;
      return Buffer.from(slice.lines.map((line) => `${line}\n`).join(""));
    },
    close: () => journal.close(),
  };
}

/** A loop of 1,000 turns of `body` steps each. */
export function loopOfSteps(body: number): Plan {
  const steps = Array.from({ length: body }, (_, index) => `{ id: turn-${index}, title: Turn, prompt: "Turn {{currentIteration}}." }`);
  const loop = `  - { id: turns, type: loop, title: Turns, loop: { type: for, count: 1000, maxIterations: 1000 }, body: [${steps.join(", ")}] }`;
  const text = `schemaVersion: 2\nid: bench\nname: Bench\nversion: 1.0.0\ndescription: A loop.\nsteps:\n${loop}\n`;
  const workflow = compileWorkflow({ text, file: "bench.yaml" });
  if (!workflow.ok) throw new Error(`The bench workflow does not compile: ${workflow.error[0]?.message}`);
  return workflow.value.plan;
}
