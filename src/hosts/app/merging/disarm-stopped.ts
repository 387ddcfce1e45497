/**
 * A person has stopped everything: nothing of ours is merged by itself meanwhile (I9). What a bot armed on deliveries is disarmed and said once for a
 * commit; what a person armed is the person's. It stays disarmed when work goes on: that is asked for anew.
 */
import { readAllArmedByBots } from "../../../github/write/index.ts";
import { deliveredHeadOf } from "../../../intake/index.ts";
import type { LookTools } from "../runs/look-at-run.ts";
import { hearsClicks, subjectOf, type Workplace } from "../workplace.ts";
import { disarmAndTell } from "./disarm.ts";

/** Queues it for each open pull request from a branch of ours. @param by what stops everything, as a person reads it */
export async function disarmStopped(place: Workplace, tools: LookTools, by: string): Promise<void> {
  // A job of the repository's own may disarm nothing.
  if (!hearsClicks(tools)) return;
  const { repository, repositoryId } = place;
  for (const { number: pullNumber, branch, headSha } of await readAllArmedByBots(place.github, { ...repository, id: repositoryId })) {
    const head = deliveredHeadOf(branch, headSha);
    if (head === null) continue;
    tools.queue.add(subjectOf(repositoryId, head.issueNumber), {
      name: "disarming what is stopped",
      coalesce: `stopped ${pullNumber}`,
      async run() {
        const { found, left } = await disarmAndTell(place, tools, { issueNumber: head.issueNumber, pullNumber, branch, headSha, about: "stopped", refusal: { message: `All work of WorkTrain in this repository is stopped by ${by}.`, fix: "When work may go on, `/worktrain merge` arms it again." } });
        if (found > 0) tools.log.info("delivery is not merged while everything is stopped", { repository: repositoryId, issue: head.issueNumber, pullRequest: pullNumber, armed: left });
      },
    });
  }
}
