import type { Intent, RecordWish } from "./intents.ts";
import type { MergeDecision } from "./merge/decide-merge.ts";
import { branchOf } from "./names.ts";
import { checkRun } from "./text/check-run.ts";
import { commentBody, type Said } from "./text/comment.ts";
import { commitMessage } from "./text/commit-message.ts";
import type { Delivery } from "./text/delivery.ts";
import { pullRequestBody, pullRequestTitle } from "./text/pull-request.ts";

/** What delivering a change means on GitHub, in the order it is done. Pure: the same delivery gives the same bytes. */
export function deliveryIntents(delivery: Delivery, { baseTree, record, merge, mark, replies }: { readonly baseTree: string; readonly record: RecordWish; readonly merge: MergeDecision | null; readonly mark: string; readonly replies: readonly Intent[] }): readonly Intent[] {
  const { ticket, change, view } = delivery;
  const followUp = view.followUps.at(-1);
  const branch = branchOf(ticket.item);
  return [
    // First: GitHub keeps an arming when the branch moves (P-auto-merge), and this commit may be one that a person merges.
    ...(followUp === undefined ? [] : [{ kind: "disarm" as const, branch, from: followUp.headSha }]),
    { kind: "branch", branch, from: followUp === undefined ? null : { sha: followUp.headSha, tree: followUp.tree }, onto: followUp?.onto?.base.sha ?? null, change, baseTree, record, message: commitMessage(delivery) },
    { kind: "pull-request", branch, base: ticket.base.ref, title: pullRequestTitle(delivery), body: pullRequestBody(delivery), renewed: followUp !== undefined },
    checkRun(delivery, mark),
    ...replies,
    // Last: nothing is merged that is not published whole.
    ...(merge?.decision === "arm" ? [{ kind: "auto-merge" as const, method: merge.method }] : []),
  ];
}

/**
 * What saying why means on GitHub: one comment on the item's issue.
 * @param record where what is said is a delivery like another; null where nothing was decided, e.g. since the journal is not trusted
 */
export const saidIntents = (said: Said, record: RecordWish | null): readonly Intent[] => [
  ...(record === null ? [] : [{ kind: "record" as const, record, oidLength: said.ticket.base.sha.length }]),
  { kind: "comment", issueNumber: said.ticket.issueNumber, body: commentBody(said) },
];
