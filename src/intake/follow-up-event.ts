/** What is said of a delivered commit on GitHub, as far as its event is believed: which item to look at. The API says the rest. */
import { z } from "zod";
import { parseOwnBranch, type OwnBranch } from "../github/read/own-branch.ts";

/** A delivered commit of an item. */
export interface DeliveredHead extends OwnBranch {
  readonly headSha: string;
}

export interface ReviewEvent extends DeliveredHead {
  readonly said: "changes_requested" | "approved";
  readonly pullNumber: number;
  readonly reviewId: number;
  readonly author: { readonly login: string; readonly id: number };
  /** ISO time, GitHub's clock. */
  readonly submittedAt: string;
}

const shaSchema = z.string().regex(/^[0-9a-f]{40,64}$/);
const onBranchSchema = z.object({ head_branch: z.string(), head_sha: shaSchema });
const checksSchema = z.object({
  action: z.literal("completed"),
  workflow_run: onBranchSchema.optional(),
  check_run: z.object({ name: z.string(), head_sha: shaSchema, check_suite: z.object({ head_branch: z.string().nullable() }) }).optional(),
});

/**
 * `workflow_run.completed` or `check_run.completed` on a branch of ours; null for anything else, our own check included. Also one that
 * is green: it may be the last that was waited for.
 * @param isOwn whether a check run's name is one of ours
 */
export function parseEndedCheck(payload: unknown, isOwn: (name: string) => boolean): DeliveredHead | null {
  const parsed = checksSchema.safeParse(payload);
  if (!parsed.success) return null;
  const { workflow_run: run, check_run: check } = parsed.data;
  if (run !== undefined) return deliveredHeadOf(run.head_branch, run.head_sha);
  return check === undefined || isOwn(check.name) ? null : deliveredHeadOf(check.check_suite.head_branch ?? "", check.head_sha);
}

const statusSchema = z.object({ sha: shaSchema, state: z.string(), branches: z.array(z.object({ name: z.string(), commit: z.object({ sha: z.string() }) })) });

/** A `status` of the head of a branch of ours; null for anything else, and for one that is still going. GitHub names at most ten branches that hold the commit. */
export function parseEndedStatus(payload: unknown): DeliveredHead | null {
  const parsed = statusSchema.safeParse(payload);
  if (!parsed.success || parsed.data.state === "pending") return null;
  const { sha, branches } = parsed.data;
  return branches.flatMap(({ name, commit }) => (commit.sha === sha ? (deliveredHeadOf(name, sha) ?? []) : []))[0] ?? null;
}

const reviewSchema = z.object({
  action: z.literal("submitted"),
  review: z.object({ id: z.int().min(1), state: z.string(), submitted_at: z.string().refine((text) => !Number.isNaN(Date.parse(text))), user: z.object({ login: z.string(), id: z.int(), type: z.string() }) }),
  pull_request: z.object({ number: z.int().min(1), head: z.object({ ref: z.string(), sha: shaSchema }) }),
  sender: z.object({ id: z.int() }),
});

/** A person's review of a pull request of ours that asks for changes, or approves; null for anything else, a bot's included (G15). */
export function parseReview(payload: unknown): ReviewEvent | null {
  const parsed = reviewSchema.safeParse(payload);
  if (!parsed.success) return null;
  const { review, pull_request: pull, sender } = parsed.data;
  const { user } = review;
  const said = review.state.toLowerCase();
  if ((said !== "changes_requested" && said !== "approved") || user.type !== "User" || user.id !== sender.id) return null;
  const head = deliveredHeadOf(pull.head.ref, pull.head.sha);
  return head === null ? null : { ...head, said, pullNumber: pull.number, reviewId: review.id, author: { login: user.login, id: user.id }, submittedAt: new Date(review.submitted_at).toISOString() };
}

const commentSchema = z.object({
  action: z.literal("created"),
  comment: z.object({ user: z.object({ id: z.int(), login: z.string(), type: z.string() }) }),
  pull_request: z.object({ number: z.int().min(1), head: z.object({ ref: z.string(), sha: shaSchema }) }),
  sender: z.object({ id: z.int() }),
});

/** What a person said in a conversation on a line of a pull request of ours. */
export interface SaidOnLine extends DeliveredHead {
  readonly pullNumber: number;
  readonly author: { readonly login: string; readonly id: number };
}

/** A person's comment in a conversation on a line of a pull request of ours; null for anything else, a bot's included (G15). */
export function parseReviewComment(payload: unknown): SaidOnLine | null {
  const parsed = commentSchema.safeParse(payload);
  if (!parsed.success) return null;
  const { comment, pull_request: pull, sender } = parsed.data;
  const head = comment.user.type === "User" && comment.user.id === sender.id ? deliveredHeadOf(pull.head.ref, pull.head.sha) : null;
  return head === null ? null : { ...head, pullNumber: pull.number, author: { login: comment.user.login, id: comment.user.id } };
}

const rebasedSchema = z.object({
  action: z.literal("edited"),
  changes: z.object({ base: z.object({ ref: z.object({ from: z.string() }) }) }),
  pull_request: z.object({ number: z.int().min(1), head: z.object({ ref: z.string(), sha: shaSchema }) }),
});

/** A pull request of ours that is to be merged into another branch than before; null for anything else. */
export function parseBaseChange(payload: unknown): (DeliveredHead & { readonly pullNumber: number }) | null {
  const parsed = rebasedSchema.safeParse(payload);
  if (!parsed.success) return null;
  const { number, head: { ref, sha } } = parsed.data.pull_request;
  const head = deliveredHeadOf(ref, sha);
  return head === null ? null : { ...head, pullNumber: number };
}

const pushedSchema = z.object({
  action: z.literal("synchronize"),
  pull_request: z.object({ number: z.int().min(1), auto_merge: z.unknown(), head: z.object({ ref: z.string(), sha: shaSchema }) }),
});

/** A pull request of ours that somebody pushed to while auto-merge was armed on it; null for anything else. What is armed later names its head, so it is of no push before. */
export function parsePushedOver(payload: unknown): (DeliveredHead & { readonly pullNumber: number }) | null {
  const parsed = pushedSchema.safeParse(payload);
  if (!parsed.success || parsed.data.pull_request.auto_merge === null) return null;
  const { number, head: { ref, sha } } = parsed.data.pull_request;
  const head = deliveredHeadOf(ref, sha);
  return head === null ? null : { ...head, pullNumber: number };
}

const closedSchema = z.object({
  action: z.literal("closed"),
  pull_request: z.object({ merged: z.literal(false), head: z.object({ ref: z.string(), sha: shaSchema }) }),
});

/** A pull request of ours that was closed and not merged; null for anything else. */
export function parseClosedPull(payload: unknown): DeliveredHead | null {
  const parsed = closedSchema.safeParse(payload);
  return parsed.success ? deliveredHeadOf(parsed.data.pull_request.head.ref, parsed.data.pull_request.head.sha) : null;
}

/** The item whose branch it is; null for a branch that no item of an issue delivers to. */
export function deliveredHeadOf(branch: string, headSha: string): DeliveredHead | null {
  const own = parseOwnBranch(branch);
  return own === null ? null : { ...own, headSha };
}
