import type { JsonObject } from "../../../shared/json.ts";

/** What a job token may do, by permission name as in a workflow file (`contents`, `pull-requests`, ...). */
export type JobPermissions = Readonly<Record<string, "read" | "write" | "none">>;

export type RunStatus = "queued" | "in_progress" | "completed";
export type Conclusion = "success" | "failure" | "cancelled" | "skipped" | "timed_out" | "neutral" | "action_required" | "startup_failure";

/** What starts a run here. */
export type RunEvent = "workflow_dispatch" | "issues" | "issue_comment" | "pull_request" | "schedule";

/** A workflow run as it was asked for: everything that starting it needs. */
export interface QueuedRun {
  readonly id: number;
  /** Counts from 1; a re-run raises it. */
  readonly attempt: number;
  readonly workflowPath: string;
  /** Of a run for a pull request: `headSha` is what it merges to. */
  readonly pull?: { readonly number: number; readonly baseRef: string; /** Of a fork: it is given no secret, and a token that only reads (docs: events that trigger workflows, `pull_request`). */ readonly fork: boolean };
  /** The workflow file's text at `headSha`. */
  readonly workflowText: string;
  readonly headSha: string;
  readonly headBranch: string;
  readonly event: RunEvent;
  /** Of the event, as in `GITHUB_EVENT_PATH`; absent for a dispatch, whose payload its inputs make. */
  readonly payload?: JsonObject | undefined;
  /** Defaults filled in. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Login of who dispatched, e.g. `worktrain[bot]`. */
  readonly actor: string;
  readonly actorId: number;
  /** ISO 8601, whole seconds. */
  readonly createdAt: string;
  readonly repository: {
    readonly id: number;
    readonly owner: string;
    readonly ownerId: number;
    readonly name: string;
    readonly defaultBranch: string;
    readonly private: boolean;
  };
}

export interface RunProgress {
  readonly status: RunStatus;
  /** Required when `status` is `completed`. */
  readonly conclusion?: Conclusion;
}

export interface NewJob {
  /** The job's key in the workflow file, or its `name:`. */
  readonly name: string;
  readonly permissions: JobPermissions;
  readonly environment?: string;
  /** The commit that the job's check run stands on, which has the job's number. GitHub makes one for every job; here it is made where a commit is named, since nobody looks at the others. */
  readonly checks?: string;
}

export interface NewArtifact {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** Absolute path of a file that holds the bytes; it must stay. */
  readonly bytesPath: string;
  /** Content type that the download is served with; the client tells a plain file from an archive by it. Default `application/zip`. */
  readonly contentType?: string;
}

export interface ArtifactListing {
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly digest: string;
  readonly createdAt: string;
  readonly bytesPath: string;
  readonly contentType: string;
}

/**
 * The door between the repository server, which owns the records of runs, jobs, artifacts and secrets,
 * and the part that plays GitHub Actions, which drives them.
 * Every function throws on an unknown run or job: that is a bug of the caller.
 */
export interface ActionsPort {
  /** Called once per run, synchronously when it is recorded and before the sender has its answer: name it here, start it later. */
  onDispatch(listener: (run: QueuedRun) => void): void;
  /** Called when somebody asks to cancel a run that is not completed. */
  onCancel(listener: (runId: number) => void): void;
  /** Sets `display_title`. */
  setRunName(runId: number, name: string): void;
  /** Moves a run on and sends the signed `workflow_run` webhook; running jobs of a completed run end with it. */
  updateRun(runId: number, progress: RunProgress): void;
  /** Starts a job; its token is limited to these permissions and dies when the job is completed. */
  createJob(runId: number, job: NewJob): { readonly jobId: number; readonly token: string };
  updateJob(jobId: number, progress: RunProgress): void;
  /** What a completed job wrote; null deletes it. */
  setJobLog(jobId: number, text: string | null): void;
  /**
   * Records an uploaded artifact, which REST shows at once.
   * @throws Error when the run has one of that name already: artifacts are immutable
   */
  addArtifact(runId: number, artifact: NewArtifact): { readonly id: number };
  /** Artifacts of a run in the order they were added. */
  listArtifacts(runId: number): readonly ArtifactListing[];
  /** Removes an artifact by name (the client's `overwrite`); null if there is none. */
  deleteArtifact(runId: number, name: string): { readonly id: number } | null;
  /** An environment's secret, else the repository's of that name. */
  getSecret(environment: string | undefined, name: string): string | undefined;
}
