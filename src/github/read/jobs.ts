import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { allPages } from "./pages.ts";

const listSchema = z.object({
  jobs: z.array(z.object({ id: z.int(), name: z.string(), status: z.string(), conclusion: z.string().nullable(), started_at: z.string().nullish(), html_url: z.string().nullable() })),
});

export interface JobFacts {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly htmlUrl: string | null;
}

/** A workflow has at most 256 jobs in a matrix; ours has two. */
const MAX_JOB_PAGES = 5;

/** The jobs of a run's latest attempt. */
export function listRunJobs(github: GitHub, repository: Repository, runId: number): Promise<readonly JobFacts[]> {
  return allPages(github, {
    route: "GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs",
    parameters: { ...repository, run_id: runId },
    items: (data) => parseAnswer(listSchema, data, "GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs").jobs.map(({ html_url: htmlUrl, id, name, status, conclusion }) => ({ id, name, status, conclusion, htmlUrl })),
    maxPages: MAX_JOB_PAGES,
  });
}

/**
 * How long the job that asks has been going, by GitHub's clock alone: from its start to GitHub's answer, in milliseconds.
 * @param wanted.job as the workflow file calls it, to tell it from others in progress
 * @returns null when GitHub does not say so
 */
export async function readJobAge(github: GitHub, repository: Repository, wanted: { readonly runId: number; readonly job: string }): Promise<number | null> {
  const route = "GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs";
  const { data, headers } = await github.request(route, { ...repository, run_id: wanted.runId, per_page: 100 });
  const going = parseAnswer(listSchema, data, route).jobs.filter(({ status }) => status === "in_progress");
  const job = going.length === 1 ? going[0] : going.find(({ name }) => name === wanted.job);
  const ageMs = Date.parse(String(headers["date"] ?? "")) - Date.parse(job?.started_at ?? "");
  return Number.isFinite(ageMs) ? Math.max(0, ageMs) : null;
}
