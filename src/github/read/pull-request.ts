import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { hasStatus } from "../request-error.ts";

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

const wholeSchema = pullRequestSchema.extend({
  id: z.int(),
  title: z.string(),
  body: z.string().nullish(),
  locked: z.boolean().default(false),
  labels: z.array(z.object({ name: z.string() })),
  created_at: z.string(),
  user: z.object({ id: z.int(), login: z.string() }).nullish(),
  base: z.object({ ref: z.string(), sha: z.string() }),
});

/** One pull request as it is now. */
export interface WholePullRequest extends PullRequestFacts {
  readonly id: number;
  readonly title: string;
  /** Empty when it has none. */
  readonly body: string;
  readonly labels: readonly string[];
  readonly locked: boolean;
  /** Branch it is to be merged into. */
  readonly baseRef: string;
  /** ISO time, GitHub's clock. */
  readonly createdAt: string;
  readonly author: { readonly id: number; readonly login: string } | null;
}

/** Null when there is no such pull request. */
export async function readPullRequest(github: GitHub, repository: Repository, number: number): Promise<WholePullRequest | null> {
  const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}";
  try {
    const pull = parseAnswer(wholeSchema, (await github.request(route, { ...repository, pull_number: number })).data, route);
    const { id, title, locked, user } = pull;
    return {
      ...factsOf(pull),
      id,
      title,
      body: pull.body ?? "",
      labels: pull.labels.map(({ name }) => name),
      locked,
      baseRef: pull.base.ref,
      createdAt: pull.created_at,
      author: user === null || user === undefined ? null : { id: user.id, login: user.login },
    };
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

const factsOf = (pullRequest: z.infer<typeof pullRequestSchema>): PullRequestFacts => ({
  number: pullRequest.number,
  htmlUrl: pullRequest.html_url,
  open: pullRequest.state === "open",
  headSha: pullRequest.head.sha,
  headRepositoryId: pullRequest.head.repo?.id ?? null,
});

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
    .map(factsOf)
    .sort((a, b) => a.number - b.number);
}
