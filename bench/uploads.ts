/** Whether storing segments holds up the model's turns: a work item through the coordinator, with a store that takes its time. */
import { runItem, type CoordinatorDeps } from "../src/coordinator/index.ts";
import { playScenario, startModelServer } from "../src/hosts/demo/model/index.ts";
import { createMemorySegmentStore, createSegmentSaver, openMemoryJournal, startAutosave, type Autosave, type SegmentStore } from "../src/journal/index.ts";
import { sha256Hex } from "../src/shared/hash.ts";
import { nodeClock, nodeRandom } from "../src/shared/node-ports.ts";
import type { Sandbox } from "../src/workspace/index.ts";
import { completeStep, MapWorkspace, workflow } from "../test/coordinator/item-world.ts";
import { median, type BenchRow } from "./row.ts";

/** Each step ends with a save and takes one turn. */
const STEPS = 4;
const ROUNDS = 3;
/** What one put takes. */
const SLOW_MS = 500;
const GOAL_MS = 100;
const KEY = "bench-key";
const PLAN = workflow("bench-steps", Array.from({ length: STEPS }, (_, step) => `  - { id: step-${step}, title: Step, prompt: Go on. }`).join("\n"));

/** Row: the longest time between two turns with a slow store, beyond that with a store that takes none. */
export async function run(): Promise<readonly BenchRow[]> {
  const beyond: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const fast = await longestGapMs(0);
    beyond.push((await longestGapMs(SLOW_MS)) - fast);
  }
  const value = median(beyond);
  return [{ name: `uploads: the longest wait between two turns with a store that takes ${SLOW_MS} ms a put, beyond one that takes none`, value, unit: "ms", floor: null, ratio: null, goal: GOAL_MS, ok: value <= GOAL_MS }];
}

async function longestGapMs(putMs: number): Promise<number> {
  const asked: number[] = [];
  const play = playScenario({ turns: { "bench-steps": () => completeStep() } });
  const model = await startModelServer({
    apiKey: KEY,
    answer: (request) => {
      asked.push(performance.now());
      return play(request);
    },
  });
  let autosave: Autosave | null = null;
  try {
    const journal = openMemoryJournal({ clock: nodeClock });
    const memory = createMemorySegmentStore({ runId: 1 });
    const store: SegmentStore = {
      async put(name, bytes) {
        await nodeClock.sleep(putMs);
        return memory.put(name, bytes);
      },
    };
    const saver = createSegmentSaver({ journal, store, item: { repositoryId: 7, subject: "issue-1", attempt: 1 }, runId: 1, runAttempt: 1, previous: null });
    autosave = startAutosave({ saver, clock: nodeClock, place: { phase: "code", step: "start", costMilliUsd: 0, ending: null }, tell: () => undefined });
    const deps: CoordinatorDeps = {
      journal,
      redact: (text) => text,
      clock: nodeClock,
      random: nodeRandom,
      findPlan: () => ({ ok: true, value: PLAN }),
      repository: null,
      workspace: new MapWorkspace(),
      sandbox: idleSandbox,
      model: { endpoint: { apiKey: KEY, baseUrl: model.url }, name: "claude-sonnet-5-5", tiers: { lightweight: "claude-haiku-5-5", mid: "claude-sonnet-5-5", heavy: "claude-opus-5-5" } },
      rules: [],
      budget: { turns: 50, tokens: 10_000_000, costMicroUsd: 100_000_000, ms: 600_000 },
      commands: { test: null },
      // As the agent job wires it.
      saving: autosave,
      onProgress: () => undefined,
      signal: new AbortController().signal,
    };
    const task = { title: "Go", body: "", sha256: sha256Hex("Go") };
    await runItem(
      deps,
      { itemId: "7/issue-1/1", task, base: { ref: "main", sha: "a".repeat(40) }, maxReviewRounds: 1, workflowId: "bench-steps" },
      { host: "local", runId: 0, runAttempt: 1, key: null, ticket: null, sandbox: "bubblewrap", restored: null, segments: [] },
    );
    if (asked.length !== STEPS || memory.stored().length === 0) throw new Error(`The item took ${asked.length} turns for ${STEPS} steps and stored ${memory.stored().length} segments.`);
    return Math.max(...asked.slice(1).map((at, index) => at - (asked[index] ?? at)));
  } finally {
    await autosave?.stop();
    await model.close();
  }
}

/** No tool is used. */
const idleSandbox: Sandbox = {
  mode: "bubblewrap",
  hosts: [],
  takeReached: () => [],
  call: (tool) => Promise.reject(new Error(`${tool} was called.`)),
  runCommand: () => Promise.reject(new Error("A command was run.")),
  renew: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
