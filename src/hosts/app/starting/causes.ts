/**
 * What a delivery is worked on again for: how GitHub's API says that it is so, and in whose name the work goes on.
 *
 * I10. What nobody asks for by name goes on in the name of who asked for the work, a review in the reviewer's.
 */
import type { Config } from "../../../config/index.ts";
import { isRedCheck, isRedStatus, readCheckRuns, readCommitStatuses, readConversations, readMergeability, readPermission, readSubmittedReview, type CheckRunShown, type CommitStatus } from "../../../github/read/index.ts";
import { hasStatus } from "../../../github/request-error.ts";
import { permissionVerdict, type Ticket } from "../../../github/trust/index.ts";
import { authorise, type DeliveredHead, type ReviewEvent } from "../../../intake/index.ts";
import { isOwnCheck } from "../../../record/index.ts";
import { openComments, type OpenComment } from "./open-comments.ts";
import type { Order } from "./order.ts";
import type { Workplace } from "../workplace.ts";

type Person = Ticket["trigger"]["actor"];
type FollowUp = NonNullable<Ticket["followUp"]>;

/** Where a delivery stands. */
export interface Standing {
  readonly headSha: string;
  readonly pullNumber: number;
  /** The default branch and its head. */
  readonly base: { readonly ref: string; readonly sha: string | null };
  /** Who asked for the work, where that is known. */
  readonly requester: Person | null;
}

export interface Found {
  readonly by: Person;
  /** Names it in the ticket, as a delivery's id names a label. */
  readonly id: string;
  readonly wish: Pick<FollowUp, "reviewId" | "onto" | "comments">;
}

export interface Cause {
  readonly because: FollowUp["because"];
  readonly trigger: NonNullable<Order["cause"]>;
  readonly isWanted: (followUp: Config["followUp"]) => boolean;
  /** Whether it is so at the commit, found out for less than `find` with all that it needs; absent where nothing is cheaper. It is not asked again. */
  readonly isSo?: (place: Workplace, headSha: string) => Promise<boolean>;
  /** Null where GitHub's API does not say that there is something to go on for. */
  readonly find: (place: Workplace, at: Standing) => Promise<Found | null>;
  /** For the log, where nothing is found. */
  readonly nothing: string;
  /** For people, where it was gone on with often enough. */
  readonly still: string;
}

export const FAILED_CHECKS: Cause = {
  because: "ci",
  trigger: "check_run",
  isWanted: ({ ci }) => ci,
  // Most checks that end are green, or not the last: one request or two instead of five.
  async isSo({ github, repository }, headSha) {
    let checks: readonly CheckRunShown[];
    try {
      checks = (await readCheckRuns(github, repository, headSha)).filter(({ name }) => !isOwnCheck(name));
    } catch (error) {
      // No such commit there any more, or not yet on the server that answered: nothing was seen to be red.
      if (hasStatus(error, 404, 422)) return false;
      throw error;
    }
    return checks.every(({ status }) => status === "completed") && isRed(checks, await readCommitStatuses(github, repository, headSha));
  },
  find: (_, { headSha, requester }) => Promise.resolve(requester === null ? null : { by: requester, id: headSha, wish: {} }),
  nothing: "checks-not-over-or-not-red",
  still: "Checks fail on its newest commit",
};

/** Something failed, and nothing is still going that may fail as well: one session then answers all of it. @param over checks that are; our own says nothing new */
const isRed = (over: readonly CheckRunShown[], statuses: readonly CommitStatus[]): boolean =>
  statuses.every(({ state }) => state !== "pending") && (over.some(isRedCheck) || statuses.some(isRedStatus));

export const changesRequested = ({ reviewId, author, headSha }: Pick<ReviewEvent, "reviewId" | "author" | "headSha">): Cause => ({
  because: "review",
  trigger: "pull_request_review",
  isWanted: ({ reviews }) => reviews,
  async find({ github, repository }, { pullNumber }) {
    const review = await readSubmittedReview(github, repository, { pullNumber, reviewId });
    return review?.state === "CHANGES_REQUESTED" && review.author?.id === author.id && review.commitId === headSha ? { by: author, id: String(reviewId), wish: { reviewId } } : null;
  },
  nothing: "no-such-review",
  still: "A reviewer asked for changes once more",
});

export const CONFLICT: Cause = {
  because: "conflict",
  trigger: "push",
  isWanted: ({ conflicts }) => conflicts,
  async find({ github, repository }, { pullNumber, headSha, base: { ref, sha }, requester }) {
    const shown = await readMergeability(github, repository, pullNumber);
    if (requester === null || sha === null || shown?.headSha !== headSha || shown.base !== ref || shown.mergeable !== "CONFLICTING") return null;
    return { by: requester, id: sha, wish: { onto: sha } };
  },
  nothing: "no-conflict",
  still: "It conflicts with the base branch",
};

/** A ticket names no more; what is left over is answered by the next one. */
const MOST_COMMENTS = 50;

export const COMMENTS: Cause = {
  because: "comments",
  trigger: "pull_request_review_comment",
  isWanted: ({ comments }) => comments,
  async find(place, { pullNumber }) {
    const open = await allowedComments(place, openComments(await readConversations(place.github, place.repository, pullNumber)));
    const newest = open.at(-1);
    return newest === undefined ? null : { by: newest.author, id: String(newest.id), wish: { comments: open.map(({ id }) => id) } };
  },
  nothing: "no-open-comment",
  still: "Somebody asked for something in a conversation on it once more",
};

/** Of those who may have work done; the first ones. */
export async function allowedComments({ github, repository }: Workplace, open: readonly OpenComment[]): Promise<readonly OpenComment[]> {
  const allowed = new Map<number, boolean>();
  for (const { author } of open) {
    if (!allowed.has(author.id)) allowed.set(author.id, authorise(permissionVerdict(await readPermission(github, repository, author.login), author.id)).kind === "allowed");
  }
  return open.filter(({ author }) => allowed.get(author.id) === true).slice(0, MOST_COMMENTS);
}

/** What to go on for, and with which delivered commit. */
export interface Asked {
  readonly cause: Cause;
  readonly head: DeliveredHead;
}
