import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";

const pullRequestSchema = z.object({
  number: z.int(),
  html_url: z.string(),
  state: z.string(),
  head: z.object({ ref: z.string(), sha: z.string(), repo: z.object({ id: z.int() }).nullable() }),
});

export interface PullRequestFacts {
  readonly number: number;
  readonly htmlUrl: string;
  readonly open: boolean;
  readonly headSha: string;
  /** Null when the repository of the branch is gone. */
  readonly headRepositoryId: number | null;
}

/** Pull requests, open or not, from a branch of the repository itself; lowest number first. */
export async function findPullRequests(github: GitHub, repository: Repository, branch: string): Promise<readonly PullRequestFacts[]> {
  const { data } = await github.request("GET /repos/{owner}/{repo}/pulls", {
    ...repository,
    head: `${repository.owner}:${branch}`,
    state: "all",
    per_page: 100,
  });
  return parseAnswer(z.array(pullRequestSchema), data, "GET /repos/{owner}/{repo}/pulls")
    .filter((pullRequest) => pullRequest.head.ref === branch)
    .map((pullRequest) => ({
      number: pullRequest.number,
      htmlUrl: pullRequest.html_url,
      open: pullRequest.state === "open",
      headSha: pullRequest.head.sha,
      headRepositoryId: pullRequest.head.repo?.id ?? null,
    }))
    .sort((a, b) => a.number - b.number);
}
