/** GitHub Actions of a simulated world: runs wait for others of their item, each job is a process on a machine of its own. */
import { memoryDisk, type MemoryDisk } from "../test/fakes/file-system.ts";
import { parseWorkflowFile, type WorkflowFile } from "../src/hosts/demo/actions/workflow-file.ts";
import type { Conclusion, JobPermissions, QueuedRun } from "../src/hosts/demo/github/actions-port.ts";
import { put } from "../src/hosts/demo/github/state.ts";
import type { Place } from "../src/hosts/runner/agent/ports.ts";
import { runAgentJob } from "../src/hosts/runner/agent/agent.ts";
import { runDeliver } from "../src/hosts/runner/deliver/deliver.ts";
import { saveWhatIsLeft } from "../src/hosts/runner/post/post.ts";
import type { JobSettings } from "../src/hosts/runner/settings.ts";
import { compileLibrary, libraryTexts } from "../src/coordinator/index.ts";
import { sha256Hex } from "../src/shared/hash.ts";
import type { FileSystem } from "../src/shared/ports.ts";
import { ok } from "../src/shared/result.ts";
import { diceOf } from "./dice.ts";
import { memoized } from "./memoized.ts";
import { addressOf, API, GRAPHQL, OWNER, REPOSITORY, type SimGitHub } from "./github.ts";
import type { SimArtifacts } from "./artifacts.ts";
import { MODEL_API, WORKFLOWS, type SimModel } from "./model.ts";
import type { SimProcess } from "./process.ts";
import type { Schedule } from "./schedule.ts";
import type { Trouble } from "./trouble.ts";
import { simSandbox, SimWorkspace } from "./workspace.ts";

const WORKFLOW_PATH = ".github/workflows/worktrain.yml";
const TEMP = "/temp";
/** Between SIGINT and SIGKILL a cancelled step has 7.5 s (P-cancel). */
const CANCEL_GRACE_MS = 7_500;

export interface RunnerOptions {
  readonly seed: number;
  readonly schedule: Schedule;
  readonly github: SimGitHub;
  readonly artifacts: SimArtifacts;
  readonly model: SimModel;
  readonly troubles: readonly Trouble[];
  readonly modelKey: string;
  readonly publicKey: string;
  readonly startProcess: (who: "agent" | "deliver" | "post") => SimProcess;
  readonly trace: (line: string) => void;
  /** An error that no part of the job expects: a bug. */
  readonly onBug: (where: string, error: unknown) => void;
}

/** Read by every process, compiled once: every world has the same workflows. */
const libraryOf = memoized(compileLibrary);
const workflowFileOf = memoized(({ text }: { readonly text: string }) => parseWorkflowFile(text, WORKFLOW_PATH));

/** A tool that ran, and on which content of the workspace. */
export interface RanTool {
  readonly process: string;
  readonly tool: string;
  readonly input: string;
  /** Of the workspace's files before it. */
  readonly tree: string;
}

/** What a job left for those who look at it. */
export interface JobEnd {
  readonly runId: number;
  readonly job: "agent" | "deliver";
  readonly exitCode: number | null;
  readonly summary: string;
}

export class SimRunner {
  readonly ends: JobEnd[] = [];
  readonly tools: RanTool[] = [];
  /** Every tree a genuine workspace saved. */
  readonly savedTrees = new Set<string>();
  /** Every token a job was given. */
  readonly tokens: string[] = [];
  /** What each process worked on. */
  readonly runOf = new Map<string, { readonly id: number; readonly item: string; readonly key: string }>();
  readonly #options: RunnerOptions;
  readonly #workflow: WorkflowFile;
  readonly #dice;
  /** The end of the last run of each concurrency group. */
  readonly #groups = new Map<string, Promise<void>>();
  readonly #cancels = new Map<number, AbortController>();
  /** As they were dispatched. */
  readonly #played = new Map<number, QueuedRun>();
  readonly #spans: { readonly fromMs: number; toMs: number }[] = [];
  #syncs = 0;
  #going = 0;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#dice = diceOf(options.seed, "runner");
    const text = new TextDecoder().decode(this.#fileOnMain(WORKFLOW_PATH));
    const parsed = workflowFileOf({ text });
    if (!parsed.ok) throw new Error(parsed.error.message);
    this.#workflow = parsed.value;
    // A run without our workflow file's text is somebody else's.
    options.github.actions.onDispatch((run) => (run.workflowText === "" ? undefined : this.#take(run)));
  }

  /** Runs that are queued or going. */
  get busy(): boolean {
    return this.#going > 0;
  }

  /** Whether a run was queued or going at a time, in milliseconds since the world began. */
  wentAt(ms: number): boolean {
    return this.#spans.some(({ fromMs, toMs }) => fromMs <= ms && ms <= toMs);
  }

  cancelAll(): void {
    for (const cancel of this.#cancels.values()) cancel.abort(new Error("The run was cancelled."));
  }

  /** Somebody clicks "Re-run all jobs" on the newest run that is over: same inputs, next attempt. */
  reRunLast(): void {
    const { github } = this.#options;
    const run = [...github.state.runs.values()].findLast(({ status, workflowText }) => status === "completed" && workflowText !== "");
    const queued = run === undefined ? undefined : this.#played.get(run.id);
    if (run === undefined || queued === undefined) return;
    const again: QueuedRun = { ...queued, attempt: run.attempt + 1 };
    github.machine.commit({ ...github.state, runs: put(github.state.runs, run.id, { ...run, attempt: again.attempt, status: "queued", conclusion: null }) });
    this.#take(again);
  }

  #fileOnMain(path: string): Uint8Array {
    const { git } = this.#options.github;
    const file = git.files(git.ref("refs/heads/main") ?? "")?.get(path);
    return git.bytes(file?.id ?? "") ?? new Uint8Array();
  }

  #take(run: QueuedRun): void {
    const { github, trace } = this.#options;
    const { key = "", item = "" } = run.inputs;
    github.actions.setRunName(run.id, `WorkTrain ${item} ${key}`);
    trace(`run ${run.id} is queued for ${item} with key ${key.slice(0, 8)}`);
    this.#going += 1;
    const span = { fromMs: this.#options.schedule.nowMs(), toMs: Infinity };
    this.#spans.push(span);
    this.#played.set(run.id, run);
    const before = this.#groups.get(item) ?? Promise.resolve();
    const done = before.then(() => this.#play(run)).catch((error: unknown) => this.#options.onBug(`run ${run.id}`, error));
    this.#groups.set(item, done.then(() => {
      this.#going -= 1;
      span.toMs = this.#options.schedule.nowMs();
    }));
  }

  async #play(run: QueuedRun): Promise<void> {
    const { github, schedule, trace } = this.#options;
    const cancel = new AbortController();
    this.#cancels.set(run.id, cancel);
    await this.#wait(500 + this.#dice.below(4_000));
    github.actions.updateRun(run.id, { status: "in_progress" });
    const agent = await this.#job(run, "agent", "", cancel.signal);
    const deliver = agent.segments === "" ? null : await this.#job(run, "deliver", agent.segments, new AbortController().signal);
    this.#cancels.delete(run.id);
    const conclusion: Conclusion = cancel.signal.aborted ? "cancelled" : agent.ok && deliver?.ok !== false ? "success" : "failure";
    github.actions.updateRun(run.id, { status: "completed", conclusion });
    trace(`run ${run.id} is over at ${Math.round(schedule.nowMs())} ms: ${conclusion}`);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.schedule.after(ms, resolve));
  }

  async #job(run: QueuedRun, job: "agent" | "deliver", segments: string, cancel: AbortSignal): Promise<{ readonly ok: boolean; readonly segments: string }> {
    const { github, trace } = this.#options;
    const { jobId, token } = github.actions.createJob(run.id, { name: job, permissions: this.#permissionsOf(job) });
    await this.#wait(500 + this.#dice.below(3_000));
    const process = this.#options.startProcess(job);
    this.tokens.push(token);
    this.runOf.set(process.name, { id: run.id, item: run.inputs["item"] ?? "", key: run.inputs["key"] ?? "" });
    trace(`${process.name} starts as job ${job} of run ${run.id}`);
    const timeoutMs = (this.#workflow.jobs.find(({ key }) => key === job)?.["timeout-minutes"] ?? 360) * 60_000;
    const takeBackTimeout = this.#options.schedule.after(timeoutMs, () => process.kill());
    const stop = (): void => void this.#options.schedule.after(CANCEL_GRACE_MS, () => process.kill());
    cancel.addEventListener("abort", stop, { once: true });
    const settings = this.#settings(run, { job, segments, token });
    const disk = this.#disk();
    const work = job === "agent" ? this.#agent(process, disk, settings, cancel) : this.#deliver(process, disk, settings);
    const end = await Promise.race([work, process.ended.then(() => null), process.frozen.then(() => "lost" as const)]);
    takeBackTimeout();
    cancel.removeEventListener("abort", stop);
    if (end === "lost") return this.#lose(jobId, token, process);
    // The job's main step is over, so nothing of it may act any more.
    process.kill();
    if (job === "agent" && !this.#isMachineLost(process)) await this.#post(run, disk);
    trace(`${process.name} ends${end === null ? " by a kill" : `: ${end.summary}`}`);
    this.ends.push({ runId: run.id, job, exitCode: end?.exitCode ?? null, summary: end?.summary ?? "" });
    github.actions.updateJob(jobId, { status: "completed", conclusion: end?.exitCode === 0 ? "success" : "failure" });
    return { ok: end?.exitCode === 0, segments: end?.segments ?? "" };
  }

  /** GitHub hears nothing of the machine any more. The job's token is good as long as it was; what stands still may go on with it. */
  #lose(jobId: number, token: string, process: SimProcess): { readonly ok: false; readonly segments: "" } {
    const { github, trace } = this.#options;
    trace(`${process.name} is taken for lost`);
    const record = github.state.tokens.get(sha256Hex(token));
    github.actions.updateJob(jobId, { status: "completed", conclusion: "failure" });
    if (record !== undefined) github.machine.commit({ ...github.state, tokens: put(github.state.tokens, sha256Hex(token), record) });
    return { ok: false, segments: "" };
  }

  #isMachineLost({ name, calls, alive }: SimProcess): boolean {
    const kill = this.#options.troubles.find((trouble) => trouble.kind === "kill" && `${trouble.who}-${trouble.nth}` === name);
    return !alive && kill?.kind === "kill" && kill.what === "machine" && calls >= kill.atCall;
  }

  /** The Action's post step, on the same machine. */
  async #post(run: QueuedRun, disk: MemoryDisk): Promise<void> {
    const { artifacts, trace } = this.#options;
    const process = this.#options.startProcess("post");
    disk.powerOn();
    try {
      const saved = saveWhatIsLeft({ runId: run.id, runAttempt: run.attempt, runnerTemp: TEMP }, { clock: process.clock, fs: this.#fileSystem(disk, process), segments: artifacts.storeOf(process, run.id) });
      trace(`${process.name}: ${await Promise.race([saved, process.ended.then(() => "killed")])}`);
    } catch (error) {
      trace(`${process.name}: ${this.#broke(process, error).summary}`);
    }
    process.kill();
  }

  #permissionsOf(job: string): JobPermissions {
    return this.#workflow.jobs.find(({ key }) => key === job)?.tokenPermissions ?? {};
  }

  #settings(run: QueuedRun, { job, segments, token }: { readonly job: "agent" | "deliver"; readonly segments: string; readonly token: string }): JobSettings {
    const { key = "", item = "", ticket = "", task = "" } = run.inputs;
    return {
      owner: OWNER,
      repo: REPOSITORY,
      repositoryId: this.#options.github.repositoryId,
      runId: run.id,
      runAttempt: run.attempt,
      apiUrl: API,
      graphqlUrl: GRAPHQL,
      serverUrl: "https://github.com",
      workflowRef: `${OWNER}/${REPOSITORY}/${WORKFLOW_PATH}@refs/heads/main`,
      workspace: "/work",
      runnerTemp: TEMP,
      toolCache: null,
      path: "",
      modelUrl: null,
      job,
      key,
      item,
      ticket,
      task,
      segments,
      verifyResult: "",
      verified: "",
      publicKey: this.#options.publicKey,
      token,
      anthropicApiKey: job === "agent" ? this.#options.modelKey : "",
      sandbox: "bubblewrap",
      runner: "hosted",
      exchange: null, staged: false,
    };
  }

  async #agent(process: SimProcess, disk: MemoryDisk, settings: JobSettings, signal: AbortSignal) {
    const { github, model, artifacts, trace } = this.#options;
    const toGitHub = github.fetchFor(process);
    const toModel = model.fetchFor(process);
    try {
      const { exitCode, segments, summary } = await runAgentJob(settings, {
        clock: process.clock,
        random: diceOf(this.#options.seed, process.name),
        fs: this.#fileSystem(disk, process),
        fetch: (input, init) => (addressOf(input).origin === MODEL_API ? toModel(input, init) : toGitHub(input, init)),
        segments: artifacts.storeOf(process, settings.runId),
        place: async () => this.#place(process, disk),
        log: (line) => trace(`${process.name}: ${line}`),
        signal,
      });
      return { exitCode, summary, segments: segments.length === 0 ? "" : JSON.stringify(segments) };
    } catch (error) {
      return this.#broke(process, error);
    }
  }

  async #deliver(process: SimProcess, disk: MemoryDisk, settings: JobSettings) {
    const { github, artifacts, trace } = this.#options;
    try {
      const { exitCode, summary } = await runDeliver(settings, {
        clock: process.clock,
        fs: this.#fileSystem(disk, process),
        fetch: github.fetchFor(process),
        segments: artifacts.storeOf(process, settings.runId),
        log: (line) => trace(`${process.name}: ${line}`),
        mask: () => undefined,
      });
      return { exitCode, summary, segments: "" };
    } catch (error) {
      return this.#broke(process, error);
    }
  }

  /** As the Action's entry does: whatever comes out of a job makes it red, with one line. */
  #broke(process: SimProcess, error: unknown) {
    const isSystemError = error instanceof Error && "code" in error;
    if (process.alive && !isSystemError && error instanceof Error && error.name !== "TerminalError" && error.name !== "RetryableError") this.#options.onBug(process.name, error);
    return { exitCode: 1, summary: `WorkTrain failed: ${error instanceof Error ? error.message : String(error)}`, segments: "" };
  }

  /** A fresh machine's disk. */
  #disk(): MemoryDisk {
    const disk = memoryDisk();
    for (const [name, text] of Object.entries(WORKFLOWS)) disk.plant(`/dist/workflows/${name}`, new TextEncoder().encode(text));
    return disk;
  }

  /** The disk as a process reaches it; what the world's list says of syncs happens to whichever file is synced. */
  #fileSystem(disk: MemoryDisk, process: SimProcess): FileSystem {
    const { fileSystem } = disk;
    const counted = <T>(work: () => T): T => {
      process.pass();
      return work();
    };
    const looked = <T>(work: () => T): T => {
      process.pass({ changes: false });
      return work();
    };
    const sync = (): void => {
      this.#syncs += 1;
      const trouble = this.#options.troubles.find((each) => each.kind === "disk" && each.nth === this.#syncs);
      if (trouble?.kind === "disk") {
        this.#options.trace(`sync ${this.#syncs} of a disk fails: ${trouble.what}`);
        disk.failNextSync(trouble.what);
      }
    };
    return {
      read: (path) => looked(() => fileSystem.read(path)),
      size: (path) => looked(() => fileSystem.size(path)),
      list: (directory) => looked(() => fileSystem.list(directory)),
      makeDirectory: (path) => counted(() => fileSystem.makeDirectory(path)),
      createExclusive: (path) =>
        counted(() => {
          const file = fileSystem.createExclusive(path);
          if (file === null) return null;
          return {
            append: (bytes) => counted(() => file.append(bytes)),
            sync: () =>
              counted(() => {
                sync();
                file.sync();
              }),
            close: () => file.close(),
          };
        }),
      sync: (path) => counted(() => fileSystem.sync(path)),
      writeDurably: (path, bytes) => counted(() => fileSystem.writeDurably(path, bytes)),
      remove: (path) => counted(() => fileSystem.remove(path)),
    };
  }

  #place(process: SimProcess, disk: MemoryDisk): Place {
    const { github } = this.#options;
    const clone = github.git.clone();
    let workspace: SimWorkspace | null = null;
    const options = {
      process,
      clone,
      latencyMs: () => 50 + this.#dice.below(3_000),
      onTool: (tool: string, input: unknown, tree: string) => void this.tools.push({ process: process.name, tool, input: JSON.stringify(input), tree }),
    };
    const opened = (): SimWorkspace => {
      if (workspace === null) throw new Error("No workspace is open.");
      return workspace;
    };
    return {
      openSandbox: async () => ok(simSandbox(options, opened)),
      openWorkspace: async (_settings, { base }) => (workspace = new SimWorkspace(clone, base, (tree) => void this.savedTrees.add(tree))),
      loadLibrary: async (baseFiles) => libraryOf(await libraryTexts(this.#fileSystem(disk, process), "/dist/workflows", baseFiles)),
    };
  }
}
