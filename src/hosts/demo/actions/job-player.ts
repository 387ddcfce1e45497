/**
 * Plays one job: a directory of its own, its token, its steps, their post steps in reverse order, its outputs.
 * J1. Nothing a job started outlives it.
 * J2. The job's tokens die with it.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { TerminalError } from "../../../shared/errors.ts";
import type { JsonObject } from "../../../shared/json.ts";
import type { QueuedRun } from "../github/actions-port.ts";
import type { JobResult } from "./events.ts";
import { evaluateTemplate, type LookUp } from "./expressions.ts";
import { startJobControl } from "./job-control.ts";
import { createJobDirectory } from "./job-directory.ts";
import { identityClaims } from "./identity/identity-claims.ts";
import { createJobLog, type JobLog } from "./job-log.ts";
import { jobScope, stepScope, type JobState } from "./job-state.ts";
import { playSteps } from "./job-steps.ts";
import { createLineWriter } from "./line-writer.ts";
import type { LocalActionsOptions } from "./local-actions-options.ts";
import type { JobServices, Machine, PreparedJob } from "./prepared-job.ts";
import { killOrphans } from "./process-tree.ts";
import { resolveActions } from "./step-work.ts";
import type { PlannedJob } from "./workflow-file.ts";

/** All outputs of a job together (docs: "Passing information between jobs"). */
const MAX_OUTPUT_BYTES = 1024 * 1024;

export interface JobRequest {
  readonly run: QueuedRun;
  readonly workflowName: string;
  readonly job: PlannedJob;
  readonly needs: JsonObject;
  readonly environment: string | undefined;
  readonly cancel: AbortSignal;
}

export interface JobEnd {
  readonly result: JobResult;
  readonly outputs: Readonly<Record<string, string>>;
}

export async function playJob(request: JobRequest, services: JobServices): Promise<JobEnd> {
  const { run, job, environment } = request;
  const { options, artifacts, emit } = services;
  const { port, clock } = options;
  const directory = createJobDirectory(join(options.directory, "jobs", `${run.id}-${run.attempt}-${job.key}`), run);
  const { jobId, token } = port.createJob(run.id, {
    name: job.name ?? job.key,
    permissions: job.tokenPermissions,
    ...(environment === undefined ? {} : { environment }),
  });
  port.updateJob(jobId, { status: "in_progress" });
  emit({ kind: "job-started", runId: run.id, jobId, job: job.key, directory: directory.root });
  const runtime = artifacts.openJob(run.id);
  const identity = job.tokenPermissions["id-token"] === "write" && run.pull?.fork !== true ? services.identities.openJob(identityClaims({ run, workflowName: request.workflowName, jobId, environment, apiUrl: options.apiUrl, directory })) : null;
  const processes: number[] = [];
  const machine: Machine = { runId: run.id, processes, lost: new AbortController() };
  services.machines.add(machine);
  const control = startJobControl({ clock, timeoutMs: job["timeout-minutes"] * 60_000, cancel: request.cancel, kill: AbortSignal.any([services.kill, machine.lost.signal]) });
  const logFile = join(options.directory, "logs", `${run.id}-${run.attempt}-${job.key}.log`);
  const lines = createLineWriter(logFile, (step, { level, text }) => emit({ kind: "log", runId: run.id, job: job.key, step, level, text }));
  const log = createJobLog(lines.write);
  log.addMask(token);
  log.addMask(runtime.token);
  if (identity !== null) log.addMask(identity.token);
  const secret = secretLookUp({ port, environment, token, log, isFork: run.pull?.fork === true });
  const trackingId = `github_${randomUUID()}`;
  const facts = { run, workflowName: request.workflowName, jobKey: job.key, token, directory, trackingId, identity, options };
  const state: JobState = { facts, log, needs: request.needs, secret, env: {}, pathAdditions: [], steps: {}, failed: false, processes };
  let end: JobEnd = { result: "failure", outputs: {} };
  try {
    const actionVariables = { ACTIONS_RUNTIME_TOKEN: runtime.token, ACTIONS_RESULTS_URL: `${artifacts.url}/` };
    end = await playPrepared({ job, state, control, actionVariables, lines, services });
    // As on GitHub when a runner is not heard of any more: the job failed, and has no outputs.
    if (machine.lost.signal.aborted) end = { result: "failure", outputs: {} };
  } finally {
    services.machines.delete(machine);
    await control.stop();
    // J1
    killOrphans({ variable: `RUNNER_TRACKING_ID=${trackingId}`, directory: directory.root }, state.processes);
    // J2
    runtime.revoke();
    identity?.revoke();
    port.updateJob(jobId, { status: "completed", conclusion: end.result });
    emit({ kind: "job-finished", runId: run.id, jobId, job: job.key, conclusion: end.result });
  }
  return end;
}

async function playPrepared(prepared: PreparedJob): Promise<JobEnd> {
  const { job, state, control, services } = prepared;
  try {
    const env = Object.entries(job.env).map(([name, value]) => [name, evaluateTemplate(value, jobScope(state))] as const);
    state.env = Object.fromEntries(env);
    const actions = resolveActions(job.steps, state.facts.directory, services.options.actions);
    await playSteps(prepared, actions);
    if (control.timedOut()) state.log.say("error", `The job has exceeded the maximum execution time of ${job["timeout-minutes"]} minutes.`);
    const outputs = jobOutputs(job, state);
    return { result: control.cancel.aborted ? "cancelled" : state.failed ? "failure" : "success", outputs };
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    state.log.say("error", `${error.message} ${error.fix}`);
    return { result: "failure", outputs: {} };
  }
}

function jobOutputs(job: PlannedJob, state: JobState): Readonly<Record<string, string>> {
  const outputs: Record<string, string> = {};
  for (const [name, text] of Object.entries(job.outputs)) {
    const value = evaluateTemplate(text, stepScope(state));
    // As on GitHub, where an output that could be a secret never reaches the next job.
    if (state.log.holdsMasked(value)) state.log.say("warning", `Skip output '${name}' since it may contain secret.`);
    else outputs[name] = value;
  }
  const bytes = Object.values(outputs).reduce((sum, value) => sum + Buffer.byteLength(value), 0);
  if (bytes > MAX_OUTPUT_BYTES) throw new TerminalError(`The outputs of the job ${job.key} have ${bytes} bytes; the limit is ${MAX_OUTPUT_BYTES}.`, "Pass large data as an artifact.");
  return outputs;
}

/** Secrets are masked from the moment they are given out. */
function secretLookUp({ port, environment, token, log, isFork }: Pick<LocalActionsOptions, "port"> & { environment: string | undefined; token: string; log: JobLog; isFork: boolean }): LookUp {
  return (name) => {
    const value = name.toUpperCase() === "GITHUB_TOKEN" ? token : isFork ? undefined : port.getSecret(environment, name);
    if (value !== undefined) log.addMask(value);
    return value;
  };
}
