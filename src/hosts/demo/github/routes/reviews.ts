import { z } from "zod";
import type { FileChange, Git } from "../git/git.ts";
import type { Pull, Review } from "../records.ts";
import { failure, json, notFound, pageOf, unprocessable, type Reply } from "../reply.ts";
import { answer, numberParam, repositoryRoute, type Route } from "../route.ts";
import { happen, put, select, takeId, type Act, type State } from "../state.ts";
import { reviewCommentJson, reviewJson } from "../views/reviews.ts";
import { bodyTooLong } from "./body-limit.ts";
import { baseNow, pullByNumber } from "./pulls.ts";

const READ = { permission: "pull_requests", level: "read", role: "read" } as const;
/** Anybody who can read may review. */
const REVIEW = { permission: "pull_requests", level: "write", role: "read" } as const;
const REVIEWS = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews";

const commentBody = z.object({ path: z.string(), body: z.string().min(1), line: z.int(), side: z.enum(["LEFT", "RIGHT"]).default("RIGHT"), start_line: z.int().optional(), start_side: z.enum(["LEFT", "RIGHT"]).optional() });
type Wish = z.infer<typeof commentBody>;

const EVENTS = { COMMENT: "COMMENTED", APPROVE: "APPROVED", REQUEST_CHANGES: "CHANGES_REQUESTED" } as const;

const createReview = repositoryRoute({
  method: "POST",
  template: REVIEWS,
  access: REVIEW,
  // A review without an event stays pending; nobody here makes one.
  body: z.object({ commit_id: z.string().optional(), body: z.string().default(""), event: z.enum(["COMMENT", "APPROVE", "REQUEST_CHANGES"]), comments: z.array(commentBody).default([]) }),
  async handle({ act, base, body, git, repository, params, state }) {
    const pull = pullByNumber(state, repository, params);
    if (pull === undefined) return answer(notFound());
    const refusal = bodyTooLong("PullRequestReview", body.body) ?? (body.event !== "APPROVE" && body.body === "" ? unprocessable("Unprocessable Entity") : null);
    if (refusal !== null) return answer(refusal);
    const commitId = body.commit_id ?? pull.pull.head.sha;
    const from = await git.mergeBase(await baseNow(git, pull), commitId).catch(() => null);
    if (from === null || !(await isInPull(git, pull, { commitId, from }))) return answer(unprocessable("Unprocessable Entity"));
    const files = await git.diff(from, commitId);
    const placed = body.comments.map((wish) => ({ wish, hunk: placeOf(files, wish) }));
    const wrong = placed.find(({ hunk }) => hunk === null);
    if (wrong !== undefined) return answer(unresolved(files, wrong.wish));
    return (current) => {
      let next: State = current;
      const id = (): number => {
        const taken = takeId(next);
        next = taken.state;
        return taken.id;
      };
      const review = { id: id(), repositoryId: repository.id, issueId: pull.id, author: act.actor, state: EVENTS[body.event], body: body.body, commitId, submittedAt: act.at, comments: placed.map(({ wish: { path, line, side, body: text, start_line: startLine = null }, hunk }) => ({ path, line, side, body: text, startLine, inReplyTo: null, id: id(), diffHunk: hunk ?? "" })) };
      const done = submitted({ ...next, reviews: put(next.reviews, review.id, review) }, act, review);
      return { state: done, reply: json(reviewJson({ state: done, base }, pull, review)) };
    };
  },
});

/** GitHub tells of the review and of each of its comments. */
function submitted(state: State, act: Act, { id: reviewId, issueId, comments }: Review): State {
  const told = happen(state, act, { kind: "pull_request_review", action: "submitted", issueId, reviewId });
  return comments.reduce((next, { id: commentId }) => happen(next, act, { kind: "pull_request_review_comment", action: "created", issueId, reviewId, commentId }), told);
}

/** Whether the commit is one of those that the pull request brings. */
const isInPull = async (git: Git, { pull }: Pull, { commitId, from }: { readonly commitId: string; readonly from: string }): Promise<boolean> => commitId !== from && (await git.mergeBase(commitId, pull.head.sha)) === commitId;

/** Of several lines the first stands above the last, in one hunk with it. */
function placeOf(files: readonly FileChange[], wish: Wish): string | null {
  const hunk = hunkOf(files, wish);
  if (wish.start_line === undefined) return hunk;
  const first = hunkOf(files, { ...wish, line: wish.start_line, side: wish.start_side ?? wish.side });
  return wish.start_line < wish.line && first === hunk ? hunk : null;
}

/** The hunk whose lines hold the wanted one; null where the diff does not show it. */
function hunkOf(files: readonly FileChange[], { path, line, side }: Wish): string | null {
  const patch = files.find((file) => file.path === path)?.patch ?? null;
  for (const hunk of patch?.split(/^(?=@@ )/m) ?? []) {
    const [head = "", ...lines] = hunk.split("\n");
    const found = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(head);
    let at = Number(side === "LEFT" ? found?.[1] : found?.[2]);
    for (const text of lines) {
      if (text === "" || text.startsWith("\\") || text.startsWith(side === "LEFT" ? "+" : "-")) continue;
      if (at === line) return hunk;
      at += 1;
    }
  }
  return null;
}

/** As GitHub words it (observed). */
function unresolved(files: readonly FileChange[], { path }: Wish): Reply {
  const what = files.some((file) => file.path === path) ? "Line" : "Path";
  return failure(422, "Unprocessable Entity", [{ resource: "PullRequestReviewComment", code: "custom", message: `${what} could not be resolved` }]);
}

const listReviews = repositoryRoute({
  method: "GET",
  template: REVIEWS,
  access: READ,
  handle: ({ repository, params, url, base }) =>
    answer((state) => {
      const pull = pullByNumber(state, repository, params);
      if (pull === undefined) return notFound();
      const page = pageOf(url, select(state.reviews, (review) => review.issueId === pull.id));
      return json(
        page.items.map((review) => reviewJson({ state, base }, pull, review)),
        200,
        page.headers,
      );
    }),
});

const listComments = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/pulls/{pull_number}/comments",
  access: READ,
  handle: ({ repository, params, url, base }) =>
    answer((state) => {
      const pull = pullByNumber(state, repository, params);
      if (pull === undefined) return notFound();
      const all = select(state.reviews, (review) => review.issueId === pull.id).flatMap((review) => review.comments.map((comment) => reviewCommentJson({ state, base }, pull, { review, comment })));
      const page = pageOf(url, all);
      return json(page.items, 200, page.headers);
    }),
});

/** A comment alone is a review of its own without a body, as GitHub makes it. */
const createComment = repositoryRoute({
  method: "POST",
  template: "/repos/{owner}/{repo}/pulls/{pull_number}/comments",
  access: REVIEW,
  body: z.object({ body: z.string().min(1), commit_id: z.string(), path: z.string(), line: z.int(), side: z.enum(["LEFT", "RIGHT"]).default("RIGHT") }),
  async handle({ act, base, body, git, params, repository, state }) {
    const pull = pullByNumber(state, repository, params);
    if (pull === undefined) return answer(notFound());
    const tooLong = bodyTooLong("PullRequestReviewComment", body.body);
    if (tooLong !== null) return answer(tooLong);
    const { commit_id: commitId, path, line, side } = body;
    const from = await git.mergeBase(await baseNow(git, pull), commitId).catch(() => null);
    if (from === null || !(await isInPull(git, pull, { commitId, from }))) return answer(unprocessable("Unprocessable Entity"));
    const files = await git.diff(from, commitId);
    const hunk = placeOf(files, body);
    if (hunk === null) return answer(unresolved(files, body));
    return (current) => {
      const [ofReview, ofComment] = [takeId(current), takeId(takeId(current).state)];
      const comment = { id: ofComment.id, path, line, startLine: null, side, body: body.body, diffHunk: hunk, inReplyTo: null };
      const review: Review = { id: ofReview.id, repositoryId: repository.id, issueId: pull.id, author: act.actor, state: "COMMENTED", body: "", commitId, submittedAt: act.at, comments: [comment] };
      const next = submitted({ ...ofComment.state, reviews: put(ofComment.state.reviews, review.id, review) }, act, review);
      return { state: next, reply: json(reviewCommentJson({ state: next, base }, pull, { review, comment }), 201) };
    };
  },
});

/** An answer is a review of its own without a body, as GitHub makes it. */
const reply = repositoryRoute({
  method: "POST",
  template: "/repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies",
  access: REVIEW,
  body: z.object({ body: z.string().min(1) }),
  handle: ({ act, base, body, params, repository }) => (state) => {
    const pull = pullByNumber(state, repository, params);
    const root = pull === undefined ? undefined : select(state.reviews, (review) => review.issueId === pull.id).flatMap(({ comments, commitId }) => comments.map((comment) => ({ comment, commitId }))).find(({ comment }) => comment.id === numberParam(params, "comment_id"));
    const refusal = bodyTooLong("PullRequestReviewComment", body.body);
    if (refusal !== null) return { state, reply: refusal };
    // Answers stand below the comment that a conversation began with, and nowhere else.
    if (pull === undefined || root === undefined || root.comment.inReplyTo !== null) return { state, reply: notFound() };
    const [ofReview, ofComment] = [takeId(state), takeId(takeId(state).state)];
    const comment = { ...root.comment, id: ofComment.id, body: body.body, inReplyTo: root.comment.id };
    const review: Review = { id: ofReview.id, repositoryId: repository.id, issueId: pull.id, author: act.actor, state: "COMMENTED", body: "", commitId: root.commitId, submittedAt: act.at, comments: [comment] };
    const next = submitted({ ...ofComment.state, reviews: put(ofComment.state.reviews, review.id, review) }, act, review);
    return { state: next, reply: json(reviewCommentJson({ state: next, base }, pull, { review, comment }), 201) };
  },
});

export const reviewRoutes: readonly Route[] = [createReview, listReviews, createComment, listComments, reply];
