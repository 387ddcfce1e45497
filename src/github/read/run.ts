import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { hasStatus } from "../request-error.ts";
import { allPages } from "./pages.ts";

const repositoryIdSchema = z.object({ id: z.int() });
const runSchema = z.object({
  id: z.int(),
  run_attempt: z.int().default(1),
  display_title: z.string(),
  /** Path of the workflow file, on some servers with `@ref` behind it. */
  path: z.string(),
  event: z.string(),
  head_sha: z.string(),
  head_branch: z.string().nullable(),
  status: z.string().nullable(),
  conclusion: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string().optional(),
  html_url: z.string(),
  repository: repositoryIdSchema,
  /** Null when the fork it came from is gone. */
  head_repository: repositoryIdSchema.nullable(),
  actor: z.object({ id: z.int(), login: z.string() }).nullish(),
});

export interface RunFacts {
  readonly id: number;
  readonly attempt: number;
  /** What `run-name:` gave. */
  readonly displayTitle: string;
  /** Path of the workflow file, e.g. `.github/workflows/worktrain.yml`. */
  readonly path: string;
  readonly event: string;
  readonly headSha: string;
  readonly headBranch: string | null;
  /** `queued`, `in_progress`, `completed`, ... */
  readonly status: string | null;
  readonly conclusion: string | null;
  /** ISO time, GitHub's clock. */
  readonly createdAt: string;
  /** ISO time of its last change, for one that is over at the earliest that of its end. */
  readonly updatedAt?: string | undefined;
  readonly htmlUrl: string;
  readonly repositoryId: number;
  readonly headRepositoryId: number | null;
  readonly actor: { readonly id: number; readonly login: string } | null;
}

/** Reads a workflow run out of an API answer; throws a TerminalError on anything else. */
function parseRun(data: unknown): RunFacts {
  const run = parseAnswer(runSchema, data, "a request for workflow runs");
  return {
    id: run.id,
    attempt: run.run_attempt,
    displayTitle: run.display_title,
    path: run.path.split("@")[0] ?? run.path,
    event: run.event,
    headSha: run.head_sha,
    headBranch: run.head_branch,
    status: run.status,
    conclusion: run.conclusion,
    createdAt: run.created_at,
    updatedAt: run.updated_at,
    htmlUrl: run.html_url,
    repositoryId: run.repository.id,
    headRepositoryId: run.head_repository?.id ?? null,
    actor: run.actor === null || run.actor === undefined ? null : { id: run.actor.id, login: run.actor.login },
  };
}

/** A workflow run (its latest attempt); null when there is none. */
export async function readRun(github: GitHub, repository: Repository, runId: number): Promise<RunFacts | null> {
  try {
    const { data } = await github.request("GET /repos/{owner}/{repo}/actions/runs/{run_id}", { ...repository, run_id: runId });
    return parseRun(data);
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

export interface DispatchedRunsQuery {
  /** File name of the workflow, e.g. `worktrain.yml`. */
  readonly workflow: string;
  /** ISO time: only runs created since. */
  readonly createdSince?: string;
}

export interface ItemRunsQuery extends DispatchedRunsQuery {
  /** Text the run's name must hold as a word of its own: the item id or the dispatch key. */
  readonly word: string;
}

/** GitHub gives at most 1,000 results for a filtered list of runs (P-run-list). */
const MAX_RUN_PAGES = 11;
const runListSchema = z.object({ workflow_runs: z.array(z.unknown()) });

/** A ticket waits a day for a runner, and a job has six hours (P-job-time): what was dispatched before is not at work any more. */
const LONGEST_AT_WORK_MS = 30 * 60 * 60_000;

/** `createdSince` of all runs that can be at work at a time. */
export const atWorkSince = (nowMs: number): string => new Date(nowMs - LONGEST_AT_WORK_MS).toISOString().replace(/\.\d+Z$/, "Z");

/** Dispatched runs of a workflow, newest first. None when the workflow file is not there. */
export async function listDispatchedRuns(github: GitHub, repository: Repository, query: DispatchedRunsQuery): Promise<readonly RunFacts[]> {
  try {
    const runs = await allPages(github, {
      route: "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
      parameters: {
        ...repository,
        workflow_id: query.workflow,
        event: "workflow_dispatch",
        ...(query.createdSince === undefined ? {} : { created: `>=${query.createdSince}` }),
      },
      items: (data) => parseAnswer(runListSchema, data, "a request for workflow runs").workflow_runs.map(parseRun),
      maxPages: MAX_RUN_PAGES,
    });
    return runs.toSorted((a, b) => b.id - a.id);
  } catch (error) {
    if (hasStatus(error, 404)) return [];
    throw error;
  }
}

/** Dispatched runs whose name holds a word, newest first. */
export async function findItemRuns(github: GitHub, repository: Repository, query: ItemRunsQuery): Promise<readonly RunFacts[]> {
  const runs = await listDispatchedRuns(github, repository, query);
  return runs.filter((run) => run.displayTitle.split(" ").includes(query.word));
}
