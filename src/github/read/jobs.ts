import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { allPages } from "./pages.ts";

const listSchema = z.object({
  jobs: z.array(z.object({ id: z.int(), name: z.string(), status: z.string(), conclusion: z.string().nullable(), html_url: z.string().nullable() })),
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
    items: (data) => parseAnswer(listSchema, data, "GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs").jobs.map(({ html_url: htmlUrl, ...job }) => ({ ...job, htmlUrl })),
    maxPages: MAX_JOB_PAGES,
  });
}
