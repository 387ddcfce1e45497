/** The local GitHub Actions: takes dispatched runs from the local GitHub and plays them on this machine. */
import { mkdirSync } from "node:fs";
import { TerminalError } from "../../../shared/errors.ts";
import type { Conclusion, QueuedRun } from "../github/actions-port.ts";
import type { ArtifactFault } from "./artifacts/artifact-faults.ts";
import { startArtifactService } from "./artifacts/artifact-service.ts";
import type { LocalActionsEvent } from "./events.ts";
import { evaluateTemplate } from "./expressions.ts";
import { checkExtraEnvironment } from "./job-environment.ts";
import { startIdentityService } from "./identity/identity-service.ts";
import type { LocalActionsOptions } from "./local-actions-options.ts";
import type { JobServices, Machine } from "./prepared-job.ts";
import { killTree } from "./process-tree.ts";
import { playRun, runScope } from "./run-player.ts";
import { createRunQueue, type GroupMembership, type RunQueue } from "./run-queue.ts";
import { parseWorkflowFile, type WorkflowFile } from "./workflow-file.ts";

export interface LocalActions {
  /** Where artifacts are uploaded to (`ACTIONS_RESULTS_URL`). */
  readonly resultsUrl: string;
  /** Who signs the identity tokens of jobs. */
  readonly issuer: string;
  /** Cancels a run as the button on GitHub does; one that is over or not known stays as it is. */
  cancel(runId: number): void;
  /** Loses the machines that jobs of a run are on: every process is gone at once, and no post step runs (fault 38). */
  lose(runId: number): void;
  /** Kills the process of the step that a run is at (SIGKILL), as a kernel out of memory does; its post step still runs (fault 41). */
  killStep(runId: number): void;
  /** Lets the next artifact call of a kind fail. */
  failNext(fault: ArtifactFault): void;
  /**
   * Resolves when no run is queued or running.
   * @throws what broke while playing one, if anything did that was not the run's own failure
   */
  idle(): Promise<void>;
  /** Ends every process at once, waits for the runs to be over, stops the artifact service. */
  close(): Promise<void>;
}

/** Starts taking runs. @throws TerminalError when an extra variable has a reserved name */
export async function startLocalActions(options: LocalActionsOptions): Promise<LocalActions> {
  checkExtraEnvironment(options.extraEnvironment);
  mkdirSync(options.directory, { recursive: true });
  const artifacts = await startArtifactService({ records: options.port, directory: options.directory, clock: options.clock });
  const identities = await startIdentityService({ clock: options.clock });
  const player = new RunPlayer(options, { artifacts, identities });
  options.port.onDispatch((run) => player.accept(run));
  options.port.onCancel((runId) => player.cancel(runId));
  return {
    resultsUrl: artifacts.url,
    issuer: identities.issuer,
    cancel: (runId) => player.cancel(runId),
    lose: (runId) => player.machines(runId).forEach(({ lost }) => lost.abort()),
    killStep: (runId) => player.machines(runId).flatMap(({ processes }) => processes.slice(-1)).forEach(killTree),
    failNext: (fault) => artifacts.failNext(fault),
    idle: () => player.idle(),
    async close() {
      await player.close();
      await artifacts.close();
      await identities.close();
    },
  };
}

interface AcceptedRun {
  readonly run: QueuedRun;
  readonly workflow: WorkflowFile;
  readonly name: string;
  readonly cancel: AbortController;
  readonly over: PromiseWithResolvers<void>;
}

class RunPlayer {
  readonly #options: LocalActionsOptions;
  readonly #services: JobServices;
  readonly #queue: RunQueue;
  readonly #kill = new AbortController();
  /** Queued or running. */
  readonly #runs = new Map<number, AcceptedRun>();
  readonly #broken: unknown[] = [];

  constructor(options: LocalActionsOptions, { artifacts, identities }: Pick<JobServices, "artifacts" | "identities">) {
    this.#options = options;
    this.#services = { options, artifacts, identities, emit: (event) => this.#emit(event), kill: this.#kill.signal, machines: new Set() };
    this.#queue = createRunQueue({
      start: (runId) => void setImmediate(() => void this.#play(runId)),
      dropPending: (runId) => void setImmediate(() => this.#finish(runId, "cancelled", "There was no place left for it in its concurrency group.")),
      cancelRunning: (runId) => this.cancel(runId),
    });
  }

  /** Called while the dispatch is being recorded: the run is named now and started later. */
  accept(run: QueuedRun): void {
    const parsed = parseWorkflowFile(run.workflowText, run.workflowPath);
    const opened = parsed.ok ? this.#open(run, parsed.value) : `${parsed.error.message}\n${parsed.error.fix}`;
    if (typeof opened === "string" || this.#kill.signal.aborted) {
      const problem = typeof opened === "string" ? opened : "The local GitHub Actions is closing.";
      setImmediate(() => {
        this.#options.port.updateRun(run.id, { status: "completed", conclusion: "startup_failure" });
        this.#emit({ kind: "run-finished", runId: run.id, conclusion: "startup_failure", problem });
      });
      return;
    }
    this.#runs.set(run.id, opened.accepted);
    this.#options.port.setRunName(run.id, opened.accepted.name);
    this.#emit({ kind: "run-queued", runId: run.id, name: opened.accepted.name });
    this.#queue.enter(run.id, opened.membership);
  }

  /** The run with its name and group, or why it cannot start. */
  #open(run: QueuedRun, workflow: WorkflowFile): { readonly accepted: AcceptedRun; readonly membership: GroupMembership } | string {
    try {
      const scope = runScope(run, workflow.name, this.#options);
      const name = workflow.runName === undefined ? workflow.name : evaluateTemplate(workflow.runName, scope);
      const { concurrency } = workflow;
      const membership =
        concurrency === undefined ? { group: null, queue: "single" as const, cancelInProgress: false } : { ...concurrency, group: evaluateTemplate(concurrency.group, scope) };
      return { accepted: { run, workflow, name, cancel: new AbortController(), over: Promise.withResolvers() }, membership };
    } catch (error) {
      if (error instanceof TerminalError) return `${error.message} ${error.fix}`;
      throw error;
    }
  }

  async #play(runId: number): Promise<void> {
    const accepted = this.#runs.get(runId);
    if (accepted === undefined) return;
    const { run, workflow, name, cancel } = accepted;
    try {
      this.#options.port.updateRun(runId, { status: "in_progress" });
      this.#emit({ kind: "run-started", runId, name });
      const conclusion = await playRun({ run, workflow, cancel: cancel.signal }, this.#services);
      this.#finish(runId, this.#kill.signal.aborted ? "cancelled" : conclusion, null);
    } catch (error) {
      this.#broken.push(error);
      this.#finish(runId, "failure", String(error));
    } finally {
      this.#queue.leave(runId);
    }
  }

  #finish(runId: number, conclusion: Conclusion, problem: string | null): void {
    const accepted = this.#runs.get(runId);
    if (accepted === undefined) return;
    this.#runs.delete(runId);
    try {
      this.#options.port.updateRun(runId, { status: "completed", conclusion });
    } catch (error) {
      this.#broken.push(error);
    }
    this.#emit({ kind: "run-finished", runId, conclusion, problem });
    accepted.over.resolve();
  }

  cancel(runId: number): void {
    const accepted = this.#runs.get(runId);
    if (accepted === undefined) return;
    accepted.cancel.abort();
    if (this.#queue.withdraw(runId)) this.#finish(runId, "cancelled", null);
  }

  machines(runId: number): readonly Machine[] {
    return [...this.#services.machines].filter((machine) => machine.runId === runId);
  }

  async idle(): Promise<void> {
    // Runs that could not start are told of in the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#runs.size > 0) await Promise.all([...this.#runs.values()].map((accepted) => accepted.over.promise));
    const [first] = this.#broken.splice(0);
    if (first !== undefined) throw first;
  }

  async close(): Promise<void> {
    for (const runId of this.#runs.keys()) if (this.#queue.withdraw(runId)) this.#finish(runId, "cancelled", null);
    this.#kill.abort();
    await Promise.all([...this.#runs.values()].map((accepted) => accepted.over.promise));
  }

  /** The listener must not throw; when it does, whoever waits for `idle` hears of it. */
  #emit(event: LocalActionsEvent): void {
    try {
      this.#options.onEvent(event);
    } catch (error) {
      this.#broken.push(error);
    }
  }
}
