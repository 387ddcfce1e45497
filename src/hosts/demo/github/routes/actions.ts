import { parse } from "yaml";
import { z } from "zod";
import type { RepositoryRecord, Run } from "../records.ts";
import { failure, json, noContent, notFound, pageOf, redirect, unprocessable } from "../reply.ts";
import { answer, numberParam, repositoryRoute, type InRepository, type RepositoryExchange, type Route, type Transition } from "../route.ts";
import { summaryOf } from "../git/git.ts";
import { happen, select, type State } from "../state.ts";
import { artifactsOf, dispatchRun } from "../transitions/runs.ts";
import { artifactJson, jobJson, runJson } from "../views/actions.ts";
import { apiUrl, pageUrl } from "../views/repository.ts";
import { readInputs, workflowSchema } from "./workflow-inputs.ts";

const READ = { permission: "actions", level: "read", role: "read" } as const;
const WRITE = { permission: "actions", level: "write", role: "write" } as const;
const RUN = "/repos/{owner}/{repo}/actions/runs/{run_id}";
const ARTIFACT = "/repos/{owner}/{repo}/actions/artifacts/{artifact_id}";

const dispatchBody = z.object({
  ref: z.string(),
  inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  return_run_details: z.boolean().optional(),
});

const dispatch = repositoryRoute({
  method: "POST",
  template: "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
  access: WRITE,
  body: dispatchBody,
  async handle(exchange) {
    const { act, base, body, git, repository, state } = exchange;
    const path = workflowPath(state, repository, exchange.params["workflow_id"] ?? "");
    const known = await readWorkflow(exchange, repository.defaultBranch, path);
    if (known === null) return answer(notFound());
    const branch = body.ref.replace(/^refs\/(heads|tags)\//, "");
    const commitId = await git.commitOf(body.ref);
    const commit = commitId === null ? null : await git.readCommit(commitId);
    if (commit === null) return answer(unprocessable(`No ref found for: ${body.ref}`));
    const text = await readWorkflow(exchange, commit.id, path);
    const file = readWorkflowFile(text);
    if (!file.success || file.data.on.workflow_dispatch === undefined)
      return answer(unprocessable("Workflow does not have 'workflow_dispatch' trigger"));
    const inputs = readInputs(file.data.on.workflow_dispatch, body.inputs ?? {});
    if (!inputs.ok) return answer(unprocessable(inputs.error));
    const workflowName = file.data.name ?? path;
    return (current) => {
      const { state: next, run } = dispatchRun(current, act, {
        path,
        workflowName,
        headBranch: branch,
        headCommit: summaryOf(commit),
        workflowText: text ?? "",
        inputs: inputs.value,
      });
      const details = {
        workflow_run_id: run.id,
        run_url: `${apiUrl({ state: next, base }, repository)}/actions/runs/${run.id}`,
        html_url: `${pageUrl({ state: next, base }, repository)}/actions/runs/${run.id}`,
      };
      return { state: next, reply: body.return_run_details === true ? json(details) : noContent() };
    };
  },
});

let lastFile: { readonly text: string | null; readonly file: ReturnType<typeof workflowSchema.safeParse> } | null = null;

/** Whoever dispatches a workflow dispatches it again and again. */
function readWorkflowFile(text: string | null): ReturnType<typeof workflowSchema.safeParse> {
  if (lastFile?.text !== text) lastFile = { text, file: workflowSchema.safeParse(text === null ? null : parse(text, { schema: "core", version: "1.2" })) };
  return lastFile.file;
}

/** A workflow is named by its file name or its id. */
function workflowPath(state: State, repository: RepositoryRecord, name: string): string {
  const workflow = state.workflows.get(/^[0-9]+$/.test(name) ? Number(name) : -1);
  return workflow?.repositoryId === repository.id ? workflow.path : `.github/workflows/${name.replace(/^\.github\/workflows\//, "")}`;
}

async function readWorkflow({ git }: Pick<RepositoryExchange<unknown>, "git">, ref: string, path: string): Promise<string | null> {
  const commit = await git.commitOf(ref);
  const entry = commit === null ? null : await git.entryAt(commit, path);
  const bytes = entry?.type === "blob" ? await git.readBlob(entry.id) : null;
  return bytes === null ? null : Buffer.from(bytes).toString("utf8");
}

const DAY_MS = 86_400_000;
/** The last millisecond that a date or time covers. */
const dayEnd = (text: string): number => Date.parse(text) + (/^\d{4}-\d{2}-\d{2}$/.test(text) ? DAY_MS - 1 : 0);

/** GitHub's date filter: `X`, `>=X`, `<=X`, `>X`, `<X`, `X..Y`; a date alone is that whole day. */
function createdWithin(filter: string | null, at: string): boolean {
  if (filter === null) return true;
  const time = Date.parse(at);
  const [from, to] = filter.split("..");
  if (from !== undefined && to !== undefined) return (from === "*" || time >= Date.parse(from)) && (to === "*" || time <= dayEnd(to));
  const [, operator = "", text = ""] = /^(>=|<=|>|<)?(.*)$/.exec(filter) ?? [];
  if (operator === ">=") return time >= Date.parse(text);
  if (operator === ">") return time > dayEnd(text);
  if (operator === "<=") return time <= dayEnd(text);
  if (operator === "<") return time < Date.parse(text);
  return time >= Date.parse(text) && time <= dayEnd(text);
}

function runList({ repository, url, base }: RepositoryExchange<undefined>, keep: (state: State, run: Run) => boolean): Transition {
  return answer((state) => {
    const { searchParams: query } = url;
    const is = (name: string, ...values: readonly (string | null)[]): boolean => !query.has(name) || values.includes(query.get(name));
    const runs = select(state.runs, (run) => run.repositoryId === repository.id && keep(state, run))
      .filter(
        (run) =>
          is("event", run.event) &&
          is("status", run.status, run.conclusion) &&
          is("branch", run.headBranch) &&
          is("head_sha", run.headSha) &&
          is("actor", run.actor),
      )
      .filter((run) => createdWithin(query.get("created"), run.createdAt))
      .toReversed();
    const page = pageOf(url, runs);
    return json({ total_count: runs.length, workflow_runs: page.items.map((run) => runJson({ state, base }, run)) }, 200, page.headers);
  });
}

const listRuns = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/actions/runs",
  access: READ,
  handle: (exchange) => runList(exchange, () => true),
});

const listWorkflowRuns = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
  access: READ,
  async handle(exchange) {
    const path = workflowPath(exchange.state, exchange.repository, exchange.params["workflow_id"] ?? "");
    const heard =
      select(exchange.state.workflows, (workflow) => workflow.path === path && workflow.repositoryId === exchange.repository.id).length > 0;
    if (!heard && (await readWorkflow(exchange, exchange.repository.defaultBranch, path)) === null) return answer(notFound());
    return runList(exchange, (state, run) => state.workflows.get(run.workflowId)?.path === path);
  },
});

/** Runs on the workflow run of the path, or answers 404. */
function onRun(exchange: InRepository, then: (state: State, run: Run) => ReturnType<Transition>): Transition {
  return (state) => {
    const run = state.runs.get(numberParam(exchange.params, "run_id") ?? -1);
    return run === undefined || run.repositoryId !== exchange.repository.id ? { state, reply: notFound() } : then(state, run);
  };
}

const getRun = repositoryRoute({
  method: "GET",
  template: RUN,
  access: READ,
  handle: (exchange) => onRun(exchange, (state, run) => ({ state, reply: json(runJson({ state, base: exchange.base }, run)) })),
});

const getRunAttempt = repositoryRoute({
  method: "GET",
  template: `${RUN}/attempts/{attempt_number}`,
  access: READ,
  handle: (exchange) =>
    onRun(exchange, (state, run) => ({
      state,
      reply: run.attempt === numberParam(exchange.params, "attempt_number") ? json(runJson({ state, base: exchange.base }, run)) : notFound(),
    })),
});

/** The cancelling itself is the Actions part's; the server tells it. */
const cancelRun = repositoryRoute({
  method: "POST",
  template: `${RUN}/cancel`,
  access: WRITE,
  handle: (exchange) =>
    onRun(exchange, (state, run) => {
      if (run.status === "completed") return { state, reply: failure(409, "Cannot cancel a workflow run that is completed.") };
      return { state: happen(state, exchange.act, { kind: "cancel_requested", runId: run.id }), reply: json({}, 202) };
    }),
});

/** Ends also what its conditions would let run on. Here both are one: the Actions part ends what does not obey. */
const forceCancelRun: Route = { ...cancelRun, template: `${RUN}/force-cancel` };

const listJobs = repositoryRoute({
  method: "GET",
  template: `${RUN}/jobs`,
  access: READ,
  handle: (exchange) =>
    onRun(exchange, (state, run) => {
      const jobs = select(state.jobs, (job) => job.runId === run.id);
      const page = pageOf(exchange.url, jobs);
      return {
        state,
        reply: json({ total_count: jobs.length, jobs: page.items.map((job) => jobJson({ state, base: exchange.base }, job)) }, 200, page.headers),
      };
    }),
});

const getJob = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/actions/jobs/{job_id}",
  access: READ,
  handle: ({ params, repository, base }) =>
    answer((state) => {
      const job = state.jobs.get(numberParam(params, "job_id") ?? -1);
      return job === undefined || job.repositoryId !== repository.id ? notFound() : json(jobJson({ state, base }, job));
    }),
});

/** A job that is not over has an address as well, behind which there is nothing yet (observed: `BlobNotFound`). */
const getJobLog = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/actions/jobs/{job_id}/logs",
  access: READ,
  handle: ({ params, repository, signLogUrl }) =>
    answer((state) => {
      const job = state.jobs.get(numberParam(params, "job_id") ?? -1);
      if (job === undefined || job.repositoryId !== repository.id) return notFound();
      return state.jobLogs.get(job.id) === null ? failure(410, "Gone") : redirect(signLogUrl(job.id));
    }),
});

const listRunArtifacts = repositoryRoute({
  method: "GET",
  template: `${RUN}/artifacts`,
  access: READ,
  handle: (exchange) =>
    onRun(exchange, (state, run) => {
      const name = exchange.url.searchParams.get("name");
      const found = artifactsOf(state, run.id).filter((artifact) => name === null || artifact.name === name);
      const ordered = exchange.url.searchParams.get("direction") === "asc" ? found : found.toReversed();
      const page = pageOf(exchange.url, ordered);
      return {
        state,
        reply: json(
          { total_count: found.length, artifacts: page.items.map((artifact) => artifactJson({ state, base: exchange.base }, artifact)) },
          200,
          page.headers,
        ),
      };
    }),
});

const listArtifacts = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/actions/artifacts",
  access: READ,
  handle: ({ repository, url, base }) =>
    answer((state) => {
      const name = url.searchParams.get("name");
      const found = select(
        state.artifacts,
        (artifact) => artifact.repositoryId === repository.id && (name === null || artifact.name === name),
      ).toReversed();
      const page = pageOf(url, found);
      return json({ total_count: found.length, artifacts: page.items.map((artifact) => artifactJson({ state, base }, artifact)) }, 200, page.headers);
    }),
});

const getArtifact = repositoryRoute({
  method: "GET",
  template: ARTIFACT,
  access: READ,
  handle: ({ params, repository, base }) =>
    answer((state) => {
      const artifact = state.artifacts.get(numberParam(params, "artifact_id") ?? -1);
      return artifact === undefined || artifact.repositoryId !== repository.id ? notFound() : json(artifactJson({ state, base }, artifact));
    }),
});

const downloadArtifact = repositoryRoute({
  method: "GET",
  template: `${ARTIFACT}/{archive_format}`,
  access: READ,
  handle: (exchange) =>
    answer((state) => {
      const artifact = state.artifacts.get(numberParam(exchange.params, "artifact_id") ?? -1);
      if (artifact === undefined || artifact.repositoryId !== exchange.repository.id || exchange.params["archive_format"] !== "zip")
        return notFound();
      return artifact.expired ? failure(410, "Artifact has expired") : redirect(exchange.signArtifactUrl(artifact.id));
    }),
});

export const actionsRoutes: readonly Route[] = [
  dispatch,
  listRuns,
  listWorkflowRuns,
  getRun,
  getRunAttempt,
  cancelRun,
  forceCancelRun,
  listJobs,
  getJob,
  getJobLog,
  listRunArtifacts,
  listArtifacts,
  getArtifact,
  downloadArtifact,
];
