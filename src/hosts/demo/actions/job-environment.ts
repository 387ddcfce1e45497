/**
 * What a step finds in its environment: the variables GitHub documents, and nothing of the process that plays the job.
 * Source: GitHub docs "Variables reference"; actions/runner for what only actions get.
 */
import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { TerminalError } from "../../../shared/errors.ts";
import type { JsonObject } from "../../../shared/json.ts";
import type { QueuedRun } from "../github/actions-port.ts";
import { eventPayload, type JobDirectory } from "./job-directory.ts";
import type { LocalActionsOptions } from "./local-actions-options.ts";

/** Everything about a job that its environment and its expressions are made of. */
export interface JobFacts {
  readonly run: QueuedRun;
  readonly workflowName: string;
  readonly jobKey: string;
  /** The job's token for the API; in no variable, only in expressions. */
  readonly token: string;
  readonly directory: JobDirectory;
  readonly trackingId: string;
  /** Where the job's steps ask for identity tokens; null without `id-token: write`. */
  readonly identity: { readonly url: string; readonly token: string } | null;
  readonly options: Pick<LocalActionsOptions, "apiUrl" | "nodePath" | "extraEnvironment" | "variables">;
}

const SYSTEM_PATH = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const RUNNER_NAME = "GitHub Actions 1";
const RESERVED = /^(?:GITHUB_|RUNNER_|ACTIONS_|INPUT_|STATE_)/;

/** @throws TerminalError when an extra variable has a name that only GitHub gives out */
export function checkExtraEnvironment(extra: Readonly<Record<string, string>>): void {
  const reserved = Object.keys(extra).find((name) => RESERVED.test(name));
  if (reserved !== undefined) throw new TerminalError(`extraEnvironment may not set ${reserved}.`, "Names that begin with GITHUB_, RUNNER_, ACTIONS_, INPUT_ or STATE_ are set by the runner.");
}

/** Variables a job starts with and its steps may override. */
export function baseVariables({ directory, options }: JobFacts): Readonly<Record<string, string>> {
  return {
    CI: "true",
    HOME: directory.home,
    LANG: "C.UTF-8",
    PATH: [dirname(realpathSync(options.nodePath)), ...SYSTEM_PATH].join(":"),
    ...options.extraEnvironment,
  };
}

/** `GITHUB_*` and `RUNNER_*`: no step can override these. */
export function fixedVariables(facts: JobFacts): Readonly<Record<string, string>> {
  const context = githubValues(facts);
  const github = Object.entries(context).map(([name, value]) => [`GITHUB_${name.toUpperCase()}`, value]);
  const runner = Object.entries(runnerContext(facts)).map(([name, value]) => [`RUNNER_${name.toUpperCase()}`, value]);
  const { identity } = facts;
  const idToken = identity === null ? {} : { ACTIONS_ID_TOKEN_REQUEST_URL: identity.url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: identity.token };
  return { ...Object.fromEntries(github), ...Object.fromEntries(runner), ...idToken, GITHUB_ACTIONS: "true", RUNNER_TRACKING_ID: facts.trackingId };
}

/** The `github` context: what is in the variables, and the token and the event. */
export function githubContext(facts: JobFacts): JsonObject {
  return { ...githubValues(facts), token: facts.token, event: eventPayload(facts.run) };
}

function githubValues({ run, directory, options, jobKey, workflowName }: JobFacts): Readonly<Record<string, string>> {
  return {
    ...runValues(run, workflowName, options.apiUrl),
    event_path: directory.eventPath,
    job: jobKey,
    workspace: directory.workspace,
  };
}

/** The part of the `github` context that is known before any job. */
export function runValues(run: QueuedRun, workflowName: string, apiUrl: string): Readonly<Record<string, string>> {
  const { repository } = run;
  const fullName = `${repository.owner}/${repository.name}`;
  const ref = run.pull === undefined ? `refs/heads/${run.headBranch}` : `refs/pull/${run.pull.number}/merge`;
  return {
    actor: run.actor,
    actor_id: String(run.actorId),
    api_url: apiUrl,
    base_ref: run.pull?.baseRef ?? "",
    event_name: run.event,
    graphql_url: `${apiUrl}/graphql`,
    head_ref: run.pull === undefined ? "" : run.headBranch,
    ref,
    ref_name: run.pull === undefined ? run.headBranch : `${run.pull.number}/merge`,
    ref_protected: "false",
    ref_type: "branch",
    repository: fullName,
    repository_id: String(repository.id),
    repository_owner: repository.owner,
    repository_owner_id: String(repository.ownerId),
    retention_days: "90",
    run_attempt: String(run.attempt),
    run_id: String(run.id),
    server_url: "https://github.com",
    sha: run.headSha,
    triggering_actor: run.actor,
    workflow: workflowName,
    workflow_ref: `${fullName}/${run.workflowPath}@${ref}`,
    workflow_sha: run.headSha,
  };
}

/** The `runner` context. Not called hosted: the Action changes such a machine, and this one is somebody's. */
export function runnerContext({ directory }: Pick<JobFacts, "directory">): Readonly<Record<string, string>> {
  return {
    arch: process.arch === "arm64" ? "ARM64" : "X64",
    environment: "self-hosted",
    name: RUNNER_NAME,
    os: process.platform === "darwin" ? "macOS" : "Linux",
    temp: directory.temp,
    tool_cache: directory.toolCache,
  };
}
