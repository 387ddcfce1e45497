import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { allPages } from "./pages.ts";

const reviewSchema = z.object({ id: z.int(), state: z.string(), body: z.string().nullish(), commit_id: z.string().nullish(), user: z.object({ login: z.string(), id: z.int() }).nullish() });
const commentSchema = z.object({ pull_request_review_id: z.int().nullish(), path: z.string(), line: z.int().nullish(), original_line: z.int().nullish(), body: z.string(), user: z.object({ id: z.int() }).nullish() });

/** A review of a pull request with its inline comments. */
export interface SubmittedReview {
  /** `CHANGES_REQUESTED`, `COMMENTED`, `APPROVED`, `DISMISSED` or `PENDING`. */
  readonly state: string;
  readonly body: string;
  /** The commit it is about; null where GitHub does not say. */
  readonly commitId: string | null;
  readonly author: { readonly login: string; readonly id: number } | null;
  readonly comments: readonly { readonly path: string; readonly line: number | null; readonly body: string }[];
}

const MAX_PAGES = 30;

/** Null when there is no such review. Comments of others that were put into it are left out. */
export async function readSubmittedReview(github: GitHub, repository: Repository, { pullNumber, reviewId }: { readonly pullNumber: number; readonly reviewId: number }): Promise<SubmittedReview | null> {
  const reviewsRoute = "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews";
  const place = { ...repository, pull_number: pullNumber };
  const reviews = await allPages(github, { route: reviewsRoute, parameters: place, items: (data) => parseAnswer(z.array(reviewSchema), data, reviewsRoute), maxPages: MAX_PAGES });
  const review = reviews.find(({ id }) => id === reviewId);
  if (review === undefined) return null;
  const commentsRoute = "GET /repos/{owner}/{repo}/pulls/{pull_number}/comments";
  const comments = await allPages(github, { route: commentsRoute, parameters: place, items: (data) => parseAnswer(z.array(commentSchema), data, commentsRoute), maxPages: MAX_PAGES });
  return {
    state: review.state,
    body: review.body ?? "",
    commitId: review.commit_id ?? null,
    author: review.user ?? null,
    comments: comments.filter((comment) => comment.pull_request_review_id === reviewId && comment.user?.id === review.user?.id).map(({ path, line, original_line: was, body }) => ({ path, line: line ?? was ?? null, body })),
  };
}
