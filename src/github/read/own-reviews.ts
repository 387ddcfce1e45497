import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { allPages } from "./pages.ts";

const reviewSchema = z.object({ id: z.int(), html_url: z.string(), body: z.string().nullish(), commit_id: z.string().nullish(), user: z.object({ login: z.string(), type: z.string() }).nullish() });

/** The account behind `GITHUB_TOKEN` on github.com (P-github-token), which publishes reviews. */
export const GITHUB_ACTIONS_LOGIN = "github-actions[bot]";

/** A review that a bot account made. */
export interface BotReview {
  readonly id: number;
  readonly url: string;
  readonly body: string;
  /** The commit it is about; null when GitHub does not tell any more. */
  readonly headSha: string | null;
  readonly login: string;
}

/** 10,000 reviews of one pull request; beyond that the look-up would not be honest. */
const MAX_REVIEW_PAGES = 100;

/** Reviews of a pull request whose body begins with `prefix` and that one of these bot accounts wrote (attack 1), oldest first. */
export async function readBotReviews(github: GitHub, repository: Repository, { pullNumber, prefix, logins }: { readonly pullNumber: number; readonly prefix: string; readonly logins: readonly string[] }): Promise<readonly BotReview[]> {
  const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews";
  const reviews = await allPages(github, {
    route,
    parameters: { ...repository, pull_number: pullNumber },
    items: (data) => parseAnswer(z.array(reviewSchema), data, route),
    maxPages: MAX_REVIEW_PAGES,
  });
  return reviews
    .flatMap(({ id, html_url: url, body, commit_id: headSha, user }) => (user?.type === "Bot" && logins.includes(user.login) && (body ?? "").startsWith(prefix) ? [{ id, url, body: body ?? "", headSha: headSha ?? null, login: user.login }] : []))
    .toSorted((a, b) => a.id - b.id);
}
