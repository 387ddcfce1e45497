/** Plays one run: every job when the jobs it needs are over and its condition holds. */
import type { JsonObject } from "../../../shared/json.ts";
import type { Conclusion, QueuedRun } from "../github/actions-port.ts";
import type { JobResult } from "./events.ts";
import { evaluateCondition, evaluateTemplate, type Scope, type Status } from "./expressions.ts";
import { eventPayload } from "./job-directory.ts";
import { runValues } from "./job-environment.ts";
import { playJob, type JobEnd } from "./job-player.ts";
import type { LocalActionsOptions } from "./local-actions-options.ts";
import type { JobServices } from "./prepared-job.ts";
import type { PlannedJob, WorkflowFile } from "./workflow-file.ts";

export interface RunRequest {
  readonly run: QueuedRun;
  readonly workflow: WorkflowFile;
  readonly cancel: AbortSignal;
}

/** What `run-name`, `concurrency` and a job's `if` and `environment` may see; the token is not among it. */
export function runScope(run: QueuedRun, workflowName: string, { apiUrl, variables = {} }: Pick<LocalActionsOptions, "apiUrl" | "variables">): Scope {
  return { contexts: { github: { ...runValues(run, workflowName, apiUrl), event: eventPayload(run) }, inputs: run.inputs, vars: variables } };
}

/** Plays all jobs of a run. @throws whatever a job throws that is not its own failure, after all jobs are over */
export async function playRun(request: RunRequest, services: JobServices): Promise<Conclusion> {
  const ends = new Map<string, Promise<JobEnd>>();
  for (const job of request.workflow.jobs) ends.set(job.key, playWhenReady(job, ends, { ...request, services }));
  const settled = await Promise.allSettled(ends.values());
  const broken = settled.find((end) => end.status === "rejected");
  if (broken !== undefined) throw broken.reason;
  const results = settled.flatMap((end) => (end.status === "fulfilled" ? [end.value.result] : []));
  return conclusionOf(results, request.cancel.aborted);
}

function conclusionOf(results: readonly JobResult[], cancelled: boolean): Conclusion {
  if (cancelled) return "cancelled";
  if (results.includes("failure")) return "failure";
  if (results.includes("cancelled")) return "cancelled";
  return results.every((result) => result === "skipped") ? "skipped" : "success";
}

interface RunContext extends RunRequest {
  readonly services: JobServices;
}

async function playWhenReady(job: PlannedJob, ends: ReadonlyMap<string, Promise<JobEnd>>, context: RunContext): Promise<JobEnd> {
  const before = new Map<string, JobEnd>();
  for (const key of ancestorsOf(job, context.workflow)) {
    const end = await ends.get(key);
    if (end !== undefined) before.set(key, end);
  }
  const { run, workflow, cancel, services } = context;
  const needs: JsonObject = Object.fromEntries(job.needs.map((key) => [key, { result: before.get(key)?.result ?? "skipped", outputs: before.get(key)?.outputs ?? {} }]));
  const scope: Scope = { contexts: { ...runScope(run, workflow.name, services.options).contexts, needs } };
  const holds = (cancelled: boolean): boolean => evaluateCondition(job.if, { ...scope, status: statusBefore(job, before, cancelled) });
  if (services.kill.aborted) return { result: "cancelled", outputs: {} };
  if (!holds(cancel.aborted)) return leaveOut(job, cancel.aborted ? "cancelled" : "skipped", context);
  // A running job goes on when its condition holds for a cancelled run too (docs: "Workflow cancellation").
  const endsOnCancel = !cancel.aborted && !holds(true);
  return playJob(
    {
      run,
      workflowName: workflow.name,
      job,
      needs,
      environment: job.environment === undefined ? undefined : evaluateTemplate(job.environment, scope),
      cancel: endsOnCancel ? cancel : new AbortController().signal,
    },
    services,
  );
}

/** The jobs a job waits for, directly or through others. */
function ancestorsOf(job: PlannedJob, workflow: WorkflowFile): ReadonlySet<string> {
  const found = new Set(job.needs);
  // A set is walked in order of insertion, what is added on the way included.
  for (const key of found) for (const need of workflow.jobs.find((candidate) => candidate.key === key)?.needs ?? []) found.add(need);
  return found;
}

/** `success()` looks at the jobs needed directly, `failure()` at all before them. */
function statusBefore(job: PlannedJob, before: ReadonlyMap<string, JobEnd>, cancelled: boolean): Status {
  return {
    success: !cancelled && job.needs.every((key) => before.get(key)?.result === "success"),
    failure: !cancelled && [...before.values()].some((end) => end.result === "failure"),
    cancelled,
  };
}

function leaveOut(job: PlannedJob, result: "skipped" | "cancelled", { run, services }: RunContext): JobEnd {
  const { port } = services.options;
  const { jobId } = port.createJob(run.id, { name: job.name ?? job.key, permissions: {} });
  port.updateJob(jobId, { status: "completed", conclusion: result });
  services.emit({ kind: "job-finished", runId: run.id, jobId, job: job.key, conclusion: result });
  return { result, outputs: {} };
}
