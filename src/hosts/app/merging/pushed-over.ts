/**
 * Somebody pushed onto a delivered branch while GitHub's auto-merge was armed for the delivered commit. GitHub keeps what is armed where whoever
 * pushed may write (P-auto-merge), so it would merge a commit that nobody has reviewed, measured or approved.
 *
 * I9. What a bot armed is disarmed, unless the deliver job's own check run is on the head: it is made before anything is armed. What a person armed
 * is the person's.
 */
import { branchOfIssue, readCommitMessage, readDeliveredCheck, readMergeability } from "../../../github/read/index.ts";
import { GITHUB_ACTIONS } from "../../../delivery/names.ts";
import type { DeliveredHead } from "../../../intake/index.ts";
import { CHECK_NAME, formatItemId, readTrailers } from "../../../record/index.ts";
import { hearsClicks, type AppTools, type Workplace } from "../workplace.ts";
import { disarmAndTell } from "./disarm.ts";

/** @param event as GitHub told it; what is so is asked of the API */
export async function pushedOver(place: Workplace, tools: AppTools, { issueNumber, attempt, pullNumber }: DeliveredHead & { readonly pullNumber: number }): Promise<void> {
  // A job of the repository's own may neither read the check run nor disarm anything.
  if (!hearsClicks(tools)) return;
  const { github, repository, repositoryId } = place;
  const pull = await readMergeability(github, repository, pullNumber);
  if (pull === null || !pull.open || pull.fork || pull.branch !== branchOfIssue({ issueNumber, attempt })) return;
  if (await isDelivered(place, tools, { item: formatItemId({ repositoryId, subject: `issue-${issueNumber}`, attempt }), headSha: pull.headSha })) return;
  const { found, left } = await disarmAndTell(place, tools, {
    issueNumber,
    pullNumber,
    branch: pull.branch,
    headSha: pull.headSha,
    about: "pushed",
    refusal: { message: `Somebody pushed ${pull.headSha} to its branch. What was reviewed, tested and approved is the commit before.`, fix: "Look at the new commits, then merge on GitHub yourself." },
  });
  if (found > 0) tools.log.info("delivery was pushed over", { repository: repositoryId, issue: issueNumber, pullRequest: pullNumber, armed: left });
}

/** Whether a deliver job has vouched for this very commit: trailers alone anybody can copy (attack 17). */
async function isDelivered({ github, repository }: Workplace, { author }: AppTools, { item, headSha }: { readonly item: string; readonly headSha: string }): Promise<boolean> {
  const trailers = readTrailers((await readCommitMessage(github, repository, headSha)) ?? "");
  if (trailers?.item !== item) return false;
  return (await readDeliveredCheck(github, repository, { sha: headSha, name: CHECK_NAME, key: trailers.key, appIds: [author.appId, GITHUB_ACTIONS.appId] })) !== null;
}
