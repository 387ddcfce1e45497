import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { hasStatus } from "../request-error.ts";

const pullRequestSchema = z.object({
  number: z.int(),
  html_url: z.string(),
  state: z.string(),
  merged_at: z.string().nullish(),
  head: z.object({ ref: z.string(), sha: z.string(), repo: z.object({ id: z.int() }).nullable() }),
});

export interface PullRequestFacts {
  readonly number: number;
  readonly htmlUrl: string;
  readonly open: boolean;
  readonly merged: boolean;
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
      merged: isMerged(pullRequest),
      headSha: pullRequest.head.sha,
      headRepositoryId: pullRequest.head.repo?.id ?? null,
    }))
    .sort((a, b) => a.number - b.number);
}

const isMerged = ({ merged_at: at }: z.infer<typeof pullRequestSchema>): boolean => (at ?? null) !== null;

const wholeSchema = pullRequestSchema.extend({
  body: z.string().nullable(),
  base: z.object({ ref: z.string() }),
  user: z.object({ login: z.string(), type: z.string() }).nullable(),
});

export interface WholePullRequest extends PullRequestFacts {
  readonly body: string;
  readonly headRef: string;
  readonly baseRef: string;
  /** Null for an account that is gone. */
  readonly author: { readonly login: string; readonly type: string } | null;
}

/** One pull request; null when there is none of that number. */
export async function readPullRequest(github: GitHub, repository: Repository, number: number): Promise<WholePullRequest | null> {
  const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}";
  try {
    const { data } = await github.request(route, { ...repository, pull_number: number });
    const pull = parseAnswer(wholeSchema, data, route);
    const { html_url: htmlUrl, state, head, base, body, user } = pull;
    return { number, htmlUrl, open: state === "open", merged: isMerged(pull), headSha: head.sha, headRepositoryId: head.repo?.id ?? null, body: body ?? "", headRef: head.ref, baseRef: base.ref, author: user };
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}
