/** From a label on a pull request to a dispatched run that reviews it at one commit. */
import { readComparison, readPermission, readPullUnderReview, type IssueFacts, type PullUnderReview } from "../../github/read/index.ts";
import { permissionVerdict } from "../../github/trust/index.ts";
import { authorise, decideStart, isStartLabel } from "../../intake/index.ts";
import { itemRuns, readPriorAttempt } from "./prior-attempt.ts";
import { firstMarker, refuse, setStage, start, type LabelDelivery, type Refused, type Stage, type StartTools } from "./start-work.ts";
import { openStatusBoard, type Status, type StatusBoard } from "./status-board.ts";
import type { Workplace } from "./workplace.ts";

/** The dispatched run's id; null when nothing was dispatched or GitHub has not said yet. */
export async function startReview(place: Workplace, tools: StartTools, delivery: LabelDelivery): Promise<number | null> {
  const { event } = delivery;
  const ignored = (reason: string): null => {
    tools.log.info("label ignored", { repository: place.repositoryId, pullRequest: event.issueNumber, delivery: delivery.deliveryId, reason });
    return null;
  };
  const stage = await setStage(place, event.issueNumber);
  if (stage === null) return ignored("repository-gone");
  const { here, facts, config } = stage;
  if (!isStartLabel(event.label, config)) return ignored("other-label");
  const authorisation = authorise(permissionVerdict(await readPermission(here.github, here.repository, event.sender.login), event.sender.id));
  if (authorisation.kind === "silent") return ignored("actor-may-not-start");
  const pull = await readPullUnderReview(here.github, here.repository, event.issueNumber);
  if (pull === null) return ignored("pull-request-gone");
  const board = openStatusBoard(here, tools, event.issueNumber);
  const status = await board.read();
  const refused = async (refusal: Refused, attempt = status?.marker.attempt ?? 1): Promise<void> => refuseOver(board, status, { ...firstMarker(event), attempt, recreated: status?.marker.recreated ?? false }, refusal);
  if (authorisation.kind === "refused") {
    // One answer, and never over the status of real work.
    if (status === null) await refused({ ...authorisation.refusal, details: [] });
    return ignored(authorisation.refusal.kind);
  }
  const where = await lookAtHead(stage, pull);
  if ("message" in where) {
    await refused(where);
    return ignored("head-not-reviewed");
  }
  const issue = asIssue(pull);
  const runs = status === null ? await itemRuns(here, issue) : null;
  const prior = await readPriorAttempt(here, tools, { issue, status, runs });
  const review = { headSha: pull.headSha };
  const decision = decideStart(event, { ...stage, issue, repository: facts, prior, review });
  if (decision.kind === "ignore") return ignored(decision.reason);
  if (decision.kind === "refuse") {
    await refused(decision.refusal, decision.attempt);
    return ignored(decision.refusal.kind);
  }
  const order = { ...delivery, decision: { ...decision, baseSha: where.mergeBase }, role: authorisation.role, review };
  return (await start({ place: here, facts, board, status, runs }, tools, order)).runId;
}

/** What is told of a run that is under way stays. */
async function refuseOver(board: StatusBoard, status: Status | null, marker: Parameters<typeof refuse>[2], refusal: Refused): Promise<void> {
  if (status === null || !["starting", "waiting", "running"].includes(status.marker.state)) await refuse(board, status, marker, refusal);
}

/** Where the head left the default branch, or why this pull request is not reviewed. */
async function lookAtHead({ here, facts, baseSha }: Stage, pull: PullUnderReview): Promise<{ readonly mergeBase: string } | Refused> {
  if (pull.headRepositoryId !== facts.id) {
    return { message: `The head ${pull.headSha} of this pull request is of a fork, or of a repository that is gone: nobody has vouched for it, so it is not reviewed.`, fix: "Push the branch to this repository and open the pull request from there.", details: [] };
  }
  if (pull.baseRef !== facts.defaultBranch) {
    return { message: `This pull request goes into \`${pull.baseRef}\`. Only those into the default branch \`${facts.defaultBranch}\` are reviewed, since configuration and instructions come from there.`, fix: `Open it against \`${facts.defaultBranch}\`, then remove the label and add it again.`, details: [] };
  }
  const comparison = baseSha === null ? null : await readComparison(here.github, here.repository, { base: baseSha, head: pull.headSha });
  if (comparison === null) return { message: `GitHub finds no commit that ${pull.headSha} and \`${facts.defaultBranch}\` have in common, so there is nothing to compare it with.`, fix: "Rebase the branch onto the default branch, then remove the label and add it again.", details: [] };
  return { mergeBase: comparison.mergeBase };
}

/** The pull request as far as it is a task: it has a number, a text, labels and a state like an issue. */
const asIssue = ({ id, number, title, body, open, labels, locked, author, htmlUrl, createdAt }: PullUnderReview): IssueFacts => ({ id, number, title, body, open, labels, locked, isPullRequest: false, author, htmlUrl, createdAt });
