/**
 * Somebody had a delivered pull request merge into another branch: it was worked on, reviewed and tested for the default branch.
 *
 * I9. What a bot armed is disarmed: GitHub leaves it armed where a person who may write changes the base. What a person armed is the
 * person's. Nothing is armed or followed up there any more (`deliveredHead`), which is said once.
 */
import { branchOfIssue, readCommitMessage, readMergeability } from "../../../github/read/index.ts";
import type { DeliveredHead } from "../../../intake/index.ts";
import { formatItemId, readTrailers } from "../../../record/index.ts";
import { tellNotFollowedUp } from "../starting/not-followed-up.ts";
import { setStage } from "../starting/stage.ts";
import type { AppTools, Workplace } from "../workplace.ts";
import { disarmAndTell } from "./disarm.ts";

/** @param event as GitHub told it; what is so is asked of the API */
export async function baseChanged(place: Workplace, tools: AppTools, { issueNumber, attempt, pullNumber }: DeliveredHead & { readonly pullNumber: number }): Promise<void> {
  const stage = await setStage(place, issueNumber);
  if (stage === null) return;
  const { here: { github, repository }, facts: { id, defaultBranch } } = stage;
  const pull = await readMergeability(github, repository, pullNumber);
  if (pull === null || !pull.open || pull.fork || pull.base === defaultBranch || pull.branch !== branchOfIssue({ issueNumber, attempt })) return;
  const item = readTrailers((await readCommitMessage(github, repository, pull.headSha)) ?? "")?.item;
  if (item !== formatItemId({ repositoryId: id, subject: `issue-${issueNumber}`, attempt })) return;
  const told = { issueNumber, pullNumber, headSha: pull.headSha, about: "base", refusal: { message: `It is to be merged into ${pull.base} by now. It was worked on, reviewed and tested for ${defaultBranch}, so WorkTrain arms no auto-merge on it and does not go on with it by itself.`, fix: `Set its base to ${defaultBranch} again, or go on with it by hand.` } };
  const { found, left } = await disarmAndTell(stage.here, tools, { ...told, branch: pull.branch });
  tools.log.info("delivery has another base", { repository: place.repositoryId, issue: issueNumber, pullRequest: pullNumber, armed: left });
  if (found === 0) await tellNotFollowedUp(stage.here, tools, told);
}
