import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { hasStatus } from "../request-error.ts";

const pullSchema = z.object({
  id: z.int(),
  number: z.int(),
  html_url: z.string(),
  state: z.string(),
  title: z.string(),
  body: z.string().nullish(),
  locked: z.boolean().default(false),
  draft: z.boolean().default(false),
  labels: z.array(z.object({ name: z.string() })),
  created_at: z.string(),
  user: z.object({ id: z.int(), login: z.string() }).nullish(),
  head: z.object({ ref: z.string(), sha: z.string(), repo: z.object({ id: z.int() }).nullable() }),
  base: z.object({ ref: z.string() }),
});

/** What a review of a pull request hangs on. */
export interface PullUnderReview {
  readonly id: number;
  readonly number: number;
  readonly htmlUrl: string;
  readonly open: boolean;
  readonly title: string;
  /** Empty when it has none. */
  readonly body: string;
  readonly labels: readonly string[];
  readonly locked: boolean;
  readonly draft: boolean;
  readonly headSha: string;
  readonly headRef: string;
  /** Null when the repository of the branch is gone. */
  readonly headRepositoryId: number | null;
  /** Branch it is to be merged into. */
  readonly baseRef: string;
  /** ISO time, GitHub's clock. */
  readonly createdAt: string;
  readonly author: { readonly id: number; readonly login: string } | null;
}

/** The pull request as it is now; null when there is none. */
export async function readPullUnderReview(github: GitHub, repository: Repository, number: number): Promise<PullUnderReview | null> {
  const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}";
  try {
    const pull = parseAnswer(pullSchema, (await github.request(route, { ...repository, pull_number: number })).data, route);
    const { id, title, locked, draft, user, head, base } = pull;
    return {
      id,
      number: pull.number,
      htmlUrl: pull.html_url,
      open: pull.state === "open",
      title,
      body: pull.body ?? "",
      labels: pull.labels.map(({ name }) => name),
      locked,
      draft,
      headSha: head.sha,
      headRef: head.ref,
      headRepositoryId: head.repo?.id ?? null,
      baseRef: base.ref,
      createdAt: pull.created_at,
      author: user === null || user === undefined ? null : { id: user.id, login: user.login },
    };
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}
