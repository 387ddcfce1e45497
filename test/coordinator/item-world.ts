import { loadLibrary, runItem, type Boundary, type CoordinatorDeps, type ItemProgress, type ItemResult, type OpenItem, type OpenRun } from "../../src/coordinator/index.ts";
import { playScenario, startModelServer, type MessagesRequest, type ModelServer, type Scenario, type Turn } from "../../src/hosts/demo/model/index.ts";
import { openMemoryJournal, type Journal } from "../../src/journal/index.ts";
import { readManifest } from "../../src/record/manifest.ts";
import { itemStream, sessionStream, type ItemEvent, type RecordEvent } from "../../src/record/index.ts";
import { readItemJournal, replayItem, replaySession, together } from "../../src/report/index.ts";
import { readSession } from "../../src/session/index.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { nodeFileSystem, nodeRandom } from "../../src/shared/node-ports.ts";
import { compileWorkflow, type Plan, routinesOf, type WorkflowSource } from "../../src/workflow/index.ts";
import type { BaseFiles, CommandResult, PastCommit, Sandbox, SavedWorkspace, Workspace } from "../../src/workspace/index.ts";
import { fakeClock, type FakeClock } from "../fakes/clock.ts";
import { searchIn } from "../fakes/base-search.ts";

export const ITEM = "7/issue-1/1";
const BASE = "a".repeat(40);
export const MODEL_KEY = "sk-ant-test-0123456789";

export const workflowFile = (id: string, steps: string): WorkflowSource => ({ file: `${id}.yaml`, text: `schemaVersion: 2\nid: ${id}\nname: ${id}\nversion: 1.0.0\ndescription: For tests.\nsteps:\n${steps}` });

export const workflow = (id: string, steps: string, routines: readonly WorkflowSource[] = []): Plan => {
  const compiled = compileWorkflow(workflowFile(id, steps), { routines: routinesOf(routines) });
  if (!compiled.ok) throw new Error(compiled.error.map((fault) => `${fault.line}: ${fault.message}`).join("\n"));
  return compiled.value.plan;
};

/** The three workflows of the pipeline, each as short as it can be. */
const PLANS = [
  workflow("wr.classify-task", `  - { id: classify, title: Classify, prompt: "Classify {{goal}}", allowedTools: [read], outputContract: { contractRef: wr.contracts.classification } }\n`),
  workflow(
    "wr.coding-task",
    `  - { id: change, title: Change, prompt: "Do {{goal}}" }\n  - { id: verify, title: Verify, prompt: Verify., verification: { command: "{{commands.test}}" } }\n  - { id: hand-over, title: Hand over, prompt: Hand over., outputContract: { contractRef: wr.contracts.coding_handoff } }\n`,
  ),
  workflow("wr.mr-review", `  - { id: review, title: Review, prompt: "Review {{change}}", outputContract: { contractRef: wr.contracts.review_verdict } }\n`),
];

/** Files as a map, with the snapshot interface of a workspace: what `write` puts in, `save` finds. */
export class MapWorkspace implements Workspace {
  readonly base = BASE;
  readonly repository = "";
  readonly begunAtBase = true;
  readonly notes = [];
  readonly baseFiles: BaseFiles;
  files: Record<string, string> = {};
  #saved = "{}";

  /** @param base files of the base commit @param commits of its history, newest first */
  constructor(base: Readonly<Record<string, string>> = {}, commits: readonly PastCommit[] = []) {
    this.baseFiles = {
      ...searchIn(() => Object.entries(base), commits),
      commit: BASE,
      find: (paths) => Promise.resolve(Object.entries(base).flatMap(([path, text]) => (paths.some((each) => path === each || path.startsWith(`${each}/`)) ? [{ path, kind: "file" as const, oid: sha256Hex(text), sizeBytes: Buffer.byteLength(text) }] : []))),
      list: () => this.baseFiles.find(Object.keys(base)),
      read: ({ path }) => Promise.resolve(base[path] ?? null),
    };
  }

  async save(putBlob: (bytes: Uint8Array) => Promise<string>): Promise<SavedWorkspace | null> {
    const text = JSON.stringify(this.files);
    if (text === this.#saved) return null;
    this.#saved = text;
    const entries = await Promise.all(
      Object.entries(this.files)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(async ([path, content]) => ({ path, mode: "100644", oid: sha256Hex(content).slice(0, 40), size: Buffer.byteLength(content), sha256: await putBlob(Buffer.from(content)) })),
    );
    const tree = sha256Hex(text).slice(0, 40);
    const manifest = await putBlob(Buffer.from(JSON.stringify({ v: 1, base: BASE, tree, entries, unsupported: [] })));
    return { base: BASE, tree, manifest, changedFiles: entries.length };
  }

  async restore(snapshot: Parameters<Workspace["restore"]>[0], getBlob: Parameters<Workspace["restore"]>[1]) {
    const bytes = snapshot === null ? null : await getBlob(snapshot.manifest);
    const manifest = bytes === null ? null : readManifest(bytes);
    const entries = manifest?.ok === true ? manifest.value.entries : [];
    this.files = {};
    for (const entry of entries) if (!("deleted" in entry)) this.files[entry.path] = Buffer.from((await getBlob(entry.sha256)) ?? []).toString();
    this.#saved = JSON.stringify(this.files);
    return { ok: true as const, value: undefined };
  }

  describe = (): Promise<string> => Promise.resolve(Object.keys(this.files).join("\n"));
  close = (): Promise<void> => Promise.resolve();
}

export interface ItemWorld {
  readonly journal: Journal;
  readonly workspace: MapWorkspace;
  readonly model: ModelServer;
  readonly saves: Boundary[];
  readonly progress: ItemProgress[];
  /** The phase at each renewal of the sandbox. */
  readonly renewed: readonly unknown[];
  /** Commands the host ran as verification. */
  readonly verified: string[];
  /** The time-out that each of them had. */
  readonly timeouts: readonly number[];
  /** Runs (or goes on with) the item; every call is a new run on the same journal. */
  /** Every event of a session's stream. */
  session(id: string): Promise<readonly RecordEvent[]>;
  run(options?: { readonly signal?: AbortSignal; readonly apiKey?: string; readonly budget?: Partial<CoordinatorDeps["budget"]>; readonly answer?: CoordinatorDeps["answer"]; readonly retry?: CoordinatorDeps["retry"]; readonly followUp?: CoordinatorDeps["followUp"]; readonly key?: string; readonly earlierWork?: NonNullable<CoordinatorDeps["earlierWork"]>; readonly contextTokens?: number }): Promise<ItemResult>;
  item(): Promise<readonly ItemEvent[]>;
  /** Every event of every stream. */
  everything(): Promise<readonly RecordEvent[]>;
}

export interface ItemWorldOptions {
  /** Go before the pipeline's own of the same id. */
  readonly workflows?: readonly Plan[];
  readonly turns: Scenario["turns"];
  /** Exit code of the nth verification, from 0. */
  readonly exitCode?: (nth: number) => number;
  /** What the test command does to the files. */
  readonly onVerify?: (files: Record<string, string>) => void;
  /** Called before each answer of the model. */
  readonly onTurn?: (clock: FakeClock) => Promise<void>;
  /** Called with each request before it is answered. */
  readonly onRequest?: (request: MessagesRequest) => Promise<void>;
  readonly task?: { readonly title: string; readonly body: string };
  /** Of the base commit, by path. */
  readonly baseFiles?: Readonly<Record<string, string>>;
  /** Of the base's history, newest first. */
  readonly commits?: readonly PastCommit[];
  /** Called with each tool that the sandbox ran, before it answers. */
  readonly onTool?: (tool: string) => Promise<void>;
  /** What commands reached since it was last asked. */
  readonly reached?: Sandbox["takeReached"];
  /** The one workflow to run instead of the pipeline. */
  readonly workflowId?: string;
  /** Without it the item is one that was opened before there were modes. */
  readonly pipeline?: OpenItem["pipeline"];
  readonly pastVerifications?: CoordinatorDeps["pastVerifications"];
  /** The host runs the tests before the work, and findings' commands. */
  readonly hostChecks?: true;
  readonly maxReviewRounds?: number;
  /** The repository's test command; null for none. */
  readonly testCommand?: string | null;
  /** What a command comes to, beside exit code 0. */
  readonly onCommand?: (command: string, files: Record<string, string>, signal: AbortSignal | undefined) => Partial<CommandResult> | Promise<Partial<CommandResult>>;
  /** A clone on the disk with its sandbox, instead of files in memory. */
  readonly place?: Pick<CoordinatorDeps, "workspace" | "sandbox" | "openSlice">;
  /** Instead of one in memory. */
  readonly journal?: Journal;
  /** Tokens of a session's context package. */
  readonly contextTokens?: number;
  readonly surroundings?: NonNullable<CoordinatorDeps["surroundings"]>;
}

export async function itemWorld(options: ItemWorldOptions): Promise<ItemWorld> {
  const library = await loadLibrary(nodeFileSystem, "workflows", null);
  if (!library.ok) throw new Error(library.error.message);
  const shipped = library.value;
  const clock = fakeClock();
  const journal = options.journal ?? openMemoryJournal({ clock });
  const workspace = new MapWorkspace(options.baseFiles, options.commits);
  const play = playScenario({ turns: options.turns });
  const answer: Parameters<typeof startModelServer>[0]["answer"] = async (request) => {
    await options.onTurn?.(clock);
    await options.onRequest?.(request);
    return play(request);
  };
  const model = await startModelServer({ answer, apiKey: MODEL_KEY });
  const saves: Boundary[] = [];
  const progress: ItemProgress[] = [];
  const verified: string[] = [];
  const timeouts: number[] = [];
  const renewed: unknown[] = [];
  const sandbox: Sandbox = {
    mode: "bubblewrap",
    hosts: [],
    takeReached: () => options.reached?.() ?? [],
    call: async (tool, input) => {
      if (tool === "write") Object.assign(workspace.files, { [(input as { path: string }).path]: (input as { content: string }).content });
      const made = tool === "bash" ? /^> (\S+)$/.exec((input as { command: string }).command)?.[1] : undefined;
      if (made !== undefined) Object.assign(workspace.files, { [made]: "" });
      await options.onTool?.(tool);
      return { content: `${tool} done`, isError: false };
    },
    runCommand: async ({ command, timeoutMs }, commandSignal) => {
      verified.push(command);
      timeouts.push(timeoutMs);
      options.onVerify?.(workspace.files);
      return { exitCode: options.exitCode?.(verified.length - 1) ?? 0, timedOut: false, outputTail: "1 failing", durationMs: 5, ...(await options.onCommand?.(command, workspace.files, commandSignal)) };
    },
    renew: () => {
      renewed.push(progress.findLast(({ kind }) => kind === "phase"));
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  const task = options.task ?? { title: "Mend it", body: "It is broken." };
  const open: OpenItem = { itemId: ITEM, task: { ...task, sha256: sha256Hex(JSON.stringify(task)) }, base: { ref: "main", sha: options.place?.workspace.base ?? BASE }, maxReviewRounds: options.maxReviewRounds ?? 2, ...(options.hostChecks === undefined ? {} : { hostChecks: options.hostChecks }), ...(options.workflowId === undefined ? {} : { workflowId: options.workflowId }), ...(options.pipeline === undefined ? {} : { pipeline: options.pipeline }) };
  const run: OpenRun = { host: "local", runId: 0, runAttempt: 1, key: null, ticket: null, sandbox: "bubblewrap", restored: null, segments: [] };
  const read = async (stream: string) => (await journal.read(stream)) as readonly RecordEvent[];
  return {
    journal,
    workspace,
    model,
    saves,
    progress,
    verified,
    timeouts,
    renewed,
    run: ({ signal, budget, answer: personsAnswer, retry, followUp, key = null, earlierWork, contextTokens = options.contextTokens, apiKey = MODEL_KEY } = {}) =>
      runItem(
        {
          journal,
          redact: (text) => text,
          clock,
          random: nodeRandom,
          findPlan: (id) => {
            const plan = [...(options.workflows ?? []), ...PLANS].find((each) => each.id === id);
            return plan === undefined ? shipped(id) : { ok: true, value: plan };
          },
          repository: "acme/shop",
          workspace,
          sandbox,
          ...options.place,
          model: { endpoint: { apiKey, baseUrl: model.url }, name: "claude-sonnet-5-5", tiers: { lightweight: "claude-haiku-5-5", mid: "claude-sonnet-5-5", heavy: "claude-opus-5-5" } },
          rules: [],
          budget: { turns: 50, tokens: 1_000_000, costMicroUsd: 10_000_000, ms: 600_000, ...budget },
          commands: { test: options.testCommand === undefined ? "npm test" : options.testCommand },
          ...(options.surroundings === undefined ? {} : { surroundings: options.surroundings }),
          ...(options.pastVerifications === undefined ? {} : { pastVerifications: options.pastVerifications }),
          ...(earlierWork === undefined ? {} : { earlierWork }),
          ...(contextTokens === undefined ? {} : { contextTokens }),
          ...(personsAnswer === undefined ? {} : { answer: personsAnswer }),
          ...(retry === undefined ? {} : { retry }),
          ...(followUp === undefined ? {} : { followUp }),
          saving: {
            at: () => undefined,
            soon: (boundary) => void saves.push(boundary),
            now: (boundary) => Promise.resolve(saves.push(boundary)),
          },
          onProgress: (event) => progress.push(event),
          signal: signal ?? new AbortController().signal,
        },
        open,
        { ...run, key },
      ),
    session: (id) => read(sessionStream(id)),
    item: async () => (await read(itemStream(ITEM))) as readonly ItemEvent[],
    everything: async () => (await Promise.all((await journal.streams()).map(read))).flat(),
  };
}

/** I3: every decision of the item and of its sessions, made again from the log, is the one that is recorded. */
export async function decidedOtherwise({ journal }: Pick<ItemWorld, "journal">): Promise<readonly unknown[]> {
  const item = await readItemJournal(journal, ITEM);
  const sessions = await Promise.all([...item.sessions].filter(([, events]) => events.length > 0).map(async ([id, events]) => replaySession((await readSession(journal, id)).plan, events)));
  return together([replayItem(item), ...sessions]).differences;
}

export const completeStep = (contractRef?: string, value?: unknown): Turn => [
  { type: "tool_use", name: "complete_step", input: { notes: "Done and seen.", artifacts: contractRef === undefined ? [] : [{ contractRef, value: JSON.parse(JSON.stringify(value)) }], context: {} } },
];
export const write = (path: string, content: string): Turn => [{ type: "tool_use", name: "write", input: { path, content } }];

export const classification = completeStep("wr.contracts.classification", { taskComplexity: "small", interpretation: "Mend it.", ambiguities: [] });
export const handoff = completeStep("wr.contracts.coding_handoff", { prTitle: "Mend it" });
export const cleanReview = completeStep("wr.contracts.review_verdict", { verdict: "clean", confidence: "high", findings: [], summary: "Read it all." });
export const majorFinding = completeStep("wr.contracts.review_verdict", {
  verdict: "blocking",
  confidence: "high",
  findings: [{ severity: "major", summary: "Off by one", evidence: "ran it", remediation: "mend" }],
  summary: "One finding.",
});
