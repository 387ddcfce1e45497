/** What is said of a delivered commit on GitHub, as far as its event is believed: which item to look at. The API says the rest. */
import { z } from "zod";

/** `branchOf` in delivery/names.ts. */
const BRANCH = /^worktrain\/issue-([1-9]\d{0,9})-([1-9]\d{0,5})$/;

/** A delivered commit of an item. */
export interface DeliveredHead {
  readonly issueNumber: number;
  readonly attempt: number;
  readonly headSha: string;
}

export interface ReviewEvent extends DeliveredHead {
  readonly pullNumber: number;
  readonly reviewId: number;
  readonly author: { readonly login: string; readonly id: number };
  /** ISO time, GitHub's clock. */
  readonly submittedAt: string;
}

const shaSchema = z.string().regex(/^[0-9a-f]{40,64}$/);
const endedSchema = z.object({ head_branch: z.string(), head_sha: shaSchema, conclusion: z.string() });
const checksSchema = z.object({ action: z.literal("completed"), workflow_run: endedSchema.optional(), check_suite: endedSchema.optional() });

/** `workflow_run.completed` or `check_suite.completed` that is red on a branch of ours; null for anything else. */
export function parseRedChecks(payload: unknown): DeliveredHead | null {
  const parsed = checksSchema.safeParse(payload);
  const ended = parsed.success ? (parsed.data.workflow_run ?? parsed.data.check_suite) : undefined;
  if (ended === undefined || (ended.conclusion !== "failure" && ended.conclusion !== "timed_out")) return null;
  return headOf(ended.head_branch, ended.head_sha);
}

const reviewSchema = z.object({
  action: z.literal("submitted"),
  review: z.object({ id: z.int().min(1), state: z.string(), submitted_at: z.string().refine((text) => !Number.isNaN(Date.parse(text))), user: z.object({ login: z.string(), id: z.int(), type: z.string() }) }),
  pull_request: z.object({ number: z.int().min(1), head: z.object({ ref: z.string(), sha: shaSchema }) }),
  sender: z.object({ id: z.int() }),
});

/** A person's review that asks for changes of a pull request of ours; null for anything else, a bot's included (G15). */
export function parseChangesRequested(payload: unknown): ReviewEvent | null {
  const parsed = reviewSchema.safeParse(payload);
  if (!parsed.success) return null;
  const { review, pull_request: pull, sender } = parsed.data;
  const { user } = review;
  if (review.state.toLowerCase() !== "changes_requested" || user.type !== "User" || user.id !== sender.id) return null;
  const head = headOf(pull.head.ref, pull.head.sha);
  return head === null ? null : { ...head, pullNumber: pull.number, reviewId: review.id, author: { login: user.login, id: user.id }, submittedAt: new Date(review.submitted_at).toISOString() };
}

function headOf(branch: string, headSha: string): DeliveredHead | null {
  const [, issue, attempt] = BRANCH.exec(branch) ?? [];
  return issue === undefined || attempt === undefined ? null : { issueNumber: Number(issue), attempt: Number(attempt), headSha };
}
