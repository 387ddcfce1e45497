import type { Intent } from "./intents.ts";
import { branchOf } from "./names.ts";
import { checkRun } from "./text/check-run.ts";
import { commentBody, type Said } from "./text/comment.ts";
import { commitMessage } from "./text/commit-message.ts";
import type { Delivery } from "./text/delivery.ts";
import { pullRequestBody, pullRequestTitle } from "./text/pull-request.ts";

/** What delivering a change means on GitHub, in the order it is done. Pure: the same delivery gives the same bytes. */
export function deliveryIntents(delivery: Delivery): readonly Intent[] {
  const { ticket, change } = delivery;
  const branch = branchOf(ticket.item);
  return [
    { kind: "branch", branch, change, message: commitMessage(delivery) },
    { kind: "pull-request", branch, base: ticket.base.ref, title: pullRequestTitle(delivery), body: pullRequestBody(delivery) },
    checkRun(delivery),
  ];
}

/** What saying why means on GitHub: one comment on the item's issue. */
export const saidIntents = (said: Said): readonly Intent[] => [{ kind: "comment", issueNumber: said.ticket.issueNumber, body: commentBody(said) }];
