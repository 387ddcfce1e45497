import type { JsonObject } from "../../../../shared/json.ts";
import type { NewArtifact, NewJob, RunEvent, RunProgress } from "../actions-port.ts";
import { createCheckRun, updateCheckRun } from "./checks.ts";
import type { Artifact, CommitSummary, Job, Level, Permissions, Run } from "../records.ts";
import { happen, known, put, select, takeId, without, type Act, type State } from "../state.ts";

export interface NewRun {
  readonly path: string;
  readonly workflowName: string;
  readonly headBranch: string;
  readonly headCommit: CommitSummary;
  readonly workflowText: string;
  readonly inputs: Readonly<Record<string, string>>;
  /** What started it where that is no dispatch. */
  readonly pull?: Run["pull"];
  readonly trigger?: { readonly event: Exclude<RunEvent, "workflow_dispatch">; readonly payload: JsonObject };
}

/** Records a run that was asked for; its title is the workflow's name until a `run-name` is evaluated. */
export function dispatchRun(state: State, act: Act, wish: NewRun): { readonly state: State; readonly run: Run } {
  const workflow = ensureWorkflow(state, act, wish.path, wish.workflowName);
  const taken = takeId(workflow.state);
  const run: Run = {
    id: taken.id,
    repositoryId: act.repositoryId,
    workflowId: workflow.id,
    runNumber: select(state.runs, (other) => other.workflowId === workflow.id).length + 1,
    attempt: 1,
    displayTitle: wish.workflowName,
    event: wish.trigger?.event ?? "workflow_dispatch",
    payload: wish.trigger?.payload,
    ...(wish.pull === undefined ? {} : { pull: wish.pull }),
    headBranch: wish.headBranch,
    headSha: wish.headCommit.id,
    headCommit: wish.headCommit,
    workflowText: wish.workflowText,
    inputs: wish.inputs,
    actor: act.actor,
    status: "queued",
    conclusion: null,
    createdAt: act.at,
    startedAt: act.at,
    updatedAt: act.at,
  };
  const next: State = { ...taken.state, runs: put(taken.state.runs, run.id, run) };
  return { state: happen(next, act, { kind: "workflow_run", action: "requested", runId: run.id }), run };
}

/** A workflow file's record, by its path; made when it is first heard of. */
export function ensureWorkflow(state: State, act: Act, path: string, name: string): { readonly state: State; readonly id: number } {
  const there = select(state.workflows, (workflow) => workflow.repositoryId === act.repositoryId && workflow.path === path)[0];
  const taken = there === undefined ? takeId(state) : { state, id: there.id };
  const workflow = { id: taken.id, repositoryId: act.repositoryId, path, name, createdAt: there?.createdAt ?? act.at };
  return { state: { ...taken.state, workflows: put(taken.state.workflows, taken.id, workflow) }, id: taken.id };
}

export function nameRun(state: State, runId: number, displayTitle: string): State {
  return { ...state, runs: put(state.runs, runId, { ...known(state.runs, runId, "run"), displayTitle }) };
}

/** Moves a run on; a repeated status changes nothing. A completed run ends its jobs and their tokens. */
export function progressRun(state: State, at: string, runId: number, progress: RunProgress): State {
  const run = known(state.runs, runId, "run");
  if (run.status === progress.status || run.status === "completed") return state;
  const moved: Run = {
    ...run,
    status: progress.status,
    conclusion: conclusionOf(progress, `run ${runId}`),
    updatedAt: at,
    startedAt: progress.status === "in_progress" ? at : run.startedAt,
  };
  let next: State = { ...state, runs: put(state.runs, runId, moved) };
  if (progress.status === "completed") {
    for (const job of select(next.jobs, (candidate) => candidate.runId === runId && candidate.status !== "completed")) {
      next = progressJob(next, at, job.id, { status: "completed", conclusion: "cancelled" });
    }
  }
  if (progress.status === "queued") return next;
  return happen(next, { repositoryId: run.repositoryId, actor: run.actor, at }, { kind: "workflow_run", action: progress.status, runId });
}

function conclusionOf(progress: RunProgress, what: string) {
  if (progress.status !== "completed") return null;
  if (progress.conclusion === undefined) throw new Error(`The ${what} was completed without a conclusion; pass one.`);
  return progress.conclusion;
}

/** `pull-requests: write` in a workflow file is the permission `pull_requests`; every job token reads metadata. */
function tokenPermissions(job: NewJob, readsOnly: boolean): Permissions {
  const granted = Object.entries(job.permissions).flatMap(([name, level]): [string, Level][] =>
    // `id-token` is no right at the API.
    level === "none" || name === "id-token" ? [] : [[name.replaceAll("-", "_"), readsOnly ? "read" : level]],
  );
  return { ...Object.fromEntries(granted), metadata: "read" };
}

/** Starts a job with its token. */
export function createJob(
  state: State,
  at: string,
  runId: number,
  wish: NewJob & { readonly tokenSha256: string },
): { readonly state: State; readonly job: Job } {
  const run = known(state.runs, runId, "run");
  if (run.status === "completed") throw new Error(`Run ${runId} is completed; it starts no job.`);
  const taken = takeId(state);
  const job: Job = {
    id: taken.id,
    runId,
    repositoryId: run.repositoryId,
    name: wish.name,
    permissions: wish.permissions,
    environment: wish.environment ?? null,
    status: "in_progress",
    conclusion: null,
    createdAt: at,
    startedAt: at,
    completedAt: null,
  };
  const token = { kind: "job" as const, jobId: job.id, repositoryId: run.repositoryId, permissions: tokenPermissions(wish, run.pull?.forkId !== undefined) };
  const made: State = { ...taken.state, jobs: put(state.jobs, job.id, job), tokens: put(state.tokens, wish.tokenSha256, token) };
  const act = { repositoryId: run.repositoryId, actor: run.actor, at };
  return { state: wish.checks === undefined ? made : createCheckRun(made, act, { id: job.id, name: wish.name, headSha: wish.checks, appSlug: "github-actions", status: "in_progress" }).state, job };
}

/** Moves a job on; a completed one's token is dead. */
export function progressJob(state: State, at: string, jobId: number, progress: RunProgress): State {
  const job = known(state.jobs, jobId, "job");
  if (job.status === "completed") return state;
  const conclusion = conclusionOf(progress, `job ${jobId}`);
  const moved: Job = { ...job, status: progress.status, conclusion, completedAt: conclusion === null ? null : at };
  const tokens = new Map([...state.tokens].filter(([, token]) => conclusion === null || token.kind !== "job" || token.jobId !== jobId));
  const next: State = { ...state, jobs: put(state.jobs, jobId, moved), tokens };
  if (conclusion === null || !state.checkRuns.has(jobId)) return next;
  return updateCheckRun(next, { repositoryId: job.repositoryId, actor: known(state.runs, job.runId, "run").actor, at }, jobId, { conclusion });
}

export const artifactsOf = (state: State, runId: number): readonly Artifact[] => select(state.artifacts, (artifact) => artifact.runId === runId);

/** @throws Error when the run has one of that name: artifacts are immutable */
export function addArtifact(state: State, at: string, runId: number, wish: NewArtifact): { readonly state: State; readonly artifact: Artifact } {
  const run = known(state.runs, runId, "run");
  if (artifactsOf(state, runId).some((artifact) => artifact.name === wish.name))
    throw new Error(`Run ${runId} has an artifact ${wish.name} already.`);
  const taken = takeId(state);
  const artifact: Artifact = {
    ...wish,
    contentType: wish.contentType ?? "application/zip",
    id: taken.id,
    repositoryId: run.repositoryId,
    runId,
    createdAt: at,
    expired: false,
  };
  return { state: { ...taken.state, artifacts: put(state.artifacts, artifact.id, artifact) }, artifact };
}

export function deleteArtifact(state: State, runId: number, name: string): { readonly state: State; readonly id: number } | null {
  const artifact = artifactsOf(state, runId).find((candidate) => candidate.name === name);
  return artifact === undefined ? null : { state: { ...state, artifacts: without(state.artifacts, artifact.id) }, id: artifact.id };
}
