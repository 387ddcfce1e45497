/** What a job knows while it runs, and what its expressions and steps may see of it. */
import type { JsonObject } from "../../../shared/json.ts";
import type { JobResult } from "./events.ts";
import type { LookUp, Scope, Status } from "./expressions.ts";
import { baseVariables, fixedVariables, githubContext, runnerContext, type JobFacts } from "./job-environment.ts";
import type { JobLog } from "./job-log.ts";

interface StepRecord {
  readonly outputs: Readonly<Record<string, string>>;
  readonly outcome: JobResult;
  readonly conclusion: JobResult;
}

export interface JobState {
  readonly facts: JobFacts;
  readonly log: JobLog;
  readonly needs: JsonObject;
  readonly secret: LookUp;
  /** `env:` of the job and what steps wrote to `GITHUB_ENV`. */
  env: Readonly<Record<string, string>>;
  /** What steps wrote to `GITHUB_PATH`, the last first. */
  pathAdditions: readonly string[];
  /** Steps with an id that are over. */
  steps: Readonly<Record<string, StepRecord>>;
  /** Of the steps so far; cancelling shows in the job's control. */
  failed: boolean;
  /** Process ids of every step started. */
  readonly processes: number[];
}

export function jobStatus(state: JobState, cancelled: boolean): Status {
  return { success: !state.failed && !cancelled, failure: state.failed && !cancelled, cancelled };
}

/** What `jobs.<id>.env` and its like may see (docs: "Contexts reference", context availability). */
export function jobScope(state: Pick<JobState, "facts" | "needs" | "secret">): Scope {
  const { facts } = state;
  return { contexts: { github: githubContext(facts), inputs: facts.run.inputs, needs: state.needs, vars: facts.options.variables ?? {}, secrets: state.secret } };
}

/** What a step's `with`, `env` and `name` and a job's outputs may see. */
export function stepScope(state: JobState): Scope {
  return { contexts: { ...jobScope(state).contexts, env: state.env, runner: runnerContext(state.facts), steps: stepsContext(state) } };
}

/** What a step's `if` may see: no secrets. */
export function conditionScope(state: JobState, env: Readonly<Record<string, string>>, status: Status): Scope & { readonly status: Status } {
  const { secrets: _unavailable, ...contexts } = stepScope(state).contexts;
  return { contexts: { ...contexts, env: { ...state.env, ...env } }, status };
}

const stepsContext = (state: JobState): JsonObject =>
  Object.fromEntries(Object.entries(state.steps).map(([id, { outputs, outcome, conclusion }]) => [id, { outputs, outcome, conclusion }]));

/** The whole environment of one step. @param own `env:` of the step and what only this step gets */
export function stepEnvironment(state: JobState, own: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const variables: Record<string, string> = { ...baseVariables(state.facts), ...state.env, ...own, ...fixedVariables(state.facts) };
  variables["PATH"] = [...state.pathAdditions, variables["PATH"] ?? ""].join(":");
  return variables;
}
