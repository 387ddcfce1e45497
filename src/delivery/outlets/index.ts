/** A new kind of intent is one file and one line here. */
import type { Result } from "../../shared/result.ts";
import type { Intent } from "../intents.ts";
import { autoMergeOutlet } from "./auto-merge.ts";
import { branchOutlet } from "./branch.ts";
import { checkRunOutlet } from "./check-run.ts";
import { commentOutlet } from "./comment.ts";
import { disarmOutlet } from "./disarm.ts";
import type { Applied, Outlet, OutletContext, OutletRefusal } from "./outlet.ts";
import { pullRequestOutlet } from "./pull-request.ts";
import { recordOutlet } from "./record.ts";
import { replyOutlet } from "./reply.ts";
import { reviewOutlet } from "./review.ts";
import { staleCheckOutlet } from "./stale-check.ts";
import { subIssueOutlet } from "./sub-issue.ts";
import { threadOutlet } from "./thread.ts";

export type { Access, Applied, OutletContext } from "./outlet.ts";

const outlets: { readonly [Kind in Intent["kind"]]: Outlet<Kind> } = {
  branch: branchOutlet,
  record: recordOutlet,
  "pull-request": pullRequestOutlet,
  review: reviewOutlet,
  thread: threadOutlet,
  reply: replyOutlet,
  "stale-check": staleCheckOutlet,
  "check-run": checkRunOutlet,
  comment: commentOutlet,
  "sub-issue": subIssueOutlet,
  disarm: disarmOutlet,
  "auto-merge": autoMergeOutlet,
};

/** Applies one intent through the outlet of its kind. */
export function applyIntent<Kind extends Intent["kind"]>(intent: Extract<Intent, { kind: Kind }>, context: OutletContext): Promise<Result<Applied, OutletRefusal>> {
  const outlet: Outlet<Kind> = outlets[intent.kind];
  return outlet.apply(intent, context);
}
