/** Queues what a delivery is worked on again for, in the item's own order; and looks for what only GitHub's API tells. */
import { readMergeability, readOpenDeliveries, type OpenDelivery } from "../../../github/read/index.ts";
import { deliveredHeadOf } from "../../../intake/index.ts";
import { followRun, type LookTools } from "../runs/look-at-run.ts";
import { subjectOf, type Workplace } from "../workplace.ts";
import { CONFLICT, type Asked } from "./causes.ts";
import { followUp } from "./follow-up.ts";

/** @param asked with the key by which one that waits already is the same */
export function followUpSoon(place: Workplace, tools: LookTools, { coalesce, ...asked }: Asked & { readonly coalesce: string }): void {
  const subject = subjectOf(place.repositoryId, asked.head.issueNumber);
  tools.queue.add(subject, {
    name: "following up a delivery",
    coalesce,
    async run() {
      const runId = await followUp(place, tools, asked);
      if (runId !== null) followRun(place, tools, { subject, runId });
    },
  });
}

/** The default branch has moved. GitHub finds out only when it is asked whether it could still merge (P-mergeable): what it does not know yet is asked again with patience. */
export async function lookForConflicts(place: Workplace, tools: LookTools): Promise<void> {
  for (const delivery of await readOpenDeliveries(place.github, place.repository, place.repositoryId)) {
    if (settleConflict(place, tools, delivery)) continue;
    tools.follower.follow(`mergeable ${place.repositoryId}/${delivery.number}`, async () => {
      const now = await readMergeability(place.github, place.repository, delivery.number);
      return now === null || !now.open || settleConflict(place, tools, now) ? "over" : "going";
    });
  }
}

/** Whether GitHub knows; a conflict is gone on with. */
function settleConflict(place: Workplace, tools: LookTools, { branch, headSha, mergeable }: OpenDelivery): boolean {
  const head = mergeable === "CONFLICTING" ? deliveredHeadOf(branch, headSha) : null;
  if (head !== null) followUpSoon(place, tools, { cause: CONFLICT, head, coalesce: `conflict ${headSha}` });
  return mergeable !== "UNKNOWN";
}
