/**
 * Somebody approved a delivered pull request in a review: GitHub's auto-merge is armed for the commit that was approved.
 *
 * I10. The review and the permission of who wrote it are asked of the API. Where the config does not leave merging to WorkTrain nothing
 * happens, and nothing is said: to approve is no word to WorkTrain there.
 */
import { isAtLeast } from "../../../config/index.ts";
import { readPermission, readSubmittedReview } from "../../../github/read/index.ts";
import { permissionVerdict } from "../../../github/trust/index.ts";
import { authorise, type ReviewEvent } from "../../../intake/index.ts";
import { RetryableError, TerminalError } from "../../../shared/errors.ts";
import { refused } from "../commands/command-outcome.ts";
import { say } from "../commands/say.ts";
import { setStage } from "../starting/stage.ts";
import type { StartTools } from "../starting/start.ts";
import type { Workplace } from "../workplace.ts";
import { armDelivered, type Armed } from "./arm-delivered.ts";

/** What GitHub does not take, or not now, is told like any other refusal (I4). */
async function tried(arm: () => Promise<Armed>): Promise<Armed> {
  try {
    return await arm();
  } catch (error) {
    if (!(error instanceof TerminalError || error instanceof RetryableError)) throw error;
    const fix = error instanceof TerminalError ? error.fix : "GitHub has an outage or limits the App. Write `/worktrain approve SHA` in a while.";
    return { kind: "refused", refusal: { message: error.message, fix, details: [] } };
  }
}

export async function armApproved(place: Workplace, tools: StartTools, event: ReviewEvent): Promise<void> {
  const { issueNumber, attempt, pullNumber, reviewId, author } = event;
  const note = (reason: string): void => tools.log.info("approval seen", { repository: place.repositoryId, pullRequest: pullNumber, reason });
  const stage = await setStage(place, issueNumber);
  if (stage === null || stage.config === "missing" || !stage.config.ok || !stage.config.value.merge.auto) return note("merging-is-a-persons");
  const { here, config: { value: { merge, permissions } } } = stage;
  const review = await readSubmittedReview(here.github, here.repository, { pullNumber, reviewId });
  if (review?.state !== "APPROVED" || review.author?.id !== author.id || review.commitId === null) return note("no-such-review");
  const authorisation = authorise(permissionVerdict(await readPermission(here.github, here.repository, author.login), author.id));
  if (authorisation.kind !== "allowed" || !isAtLeast(authorisation.role, permissions.approve)) return note("actor-may-not-approve");
  const armed = await tried(() => armDelivered(stage, tools, { issueNumber, attempt, approved: review.commitId, saidOn: pullNumber, saidAt: event.submittedAt }));
  note(armed.kind === "armed" ? "armed" : armed.refusal.message);
  // Without `merge.approval` the deliver job has armed it, or has said why not: an approval asks for nothing more.
  if (armed.kind === "refused" && merge.approval) await say(here, tools, { issueNumber: pullNumber, to: author }, { key: `review=${reviewId}`, answer: { ...refused(armed.refusal).answer, notDone: [] } });
}
