/**
 * From `review` to a dispatched run that reviews a pull request at its head, at the word of whoever wrote the command.
 *
 * Attack 5: the head of a fork is only reviewed where the command names it. Between the comment and this look at it somebody may have pushed.
 */
import { readPullUnderReview, type PullUnderReview } from "../../../github/read/index.ts";
import { decideStart, type Command, type LabeledEvent, type PriorAttempt, type StartDecision } from "../../../intake/index.ts";
import { done, IGNORED, refused, type Outcome, type StarterAsked } from "./command-outcome.ts";
import { latestStatus } from "./go-on-asked.ts";
import { itemRuns, readPriorAttempt } from "../starting/prior-attempt.ts";
import { asIssue, lastReviewed, lookAtHead, never, wishesOf } from "../starting/start-review.ts";
import type { Refused } from "../starting/refusal.ts";
import { start, type StartTools } from "../starting/start.ts";
import { openStatusBoard } from "../runs/status-board.ts";

export interface ReviewAsked extends StarterAsked {
  readonly command: Command<"review">;
}

export async function reviewAsked(tools: StartTools, { event, role, stage, reactionId, command }: ReviewAsked): Promise<Outcome> {
  const { here, facts, config } = stage;
  const { issueNumber, commentId } = event;
  const pull = event.isPullRequest ? await readPullUnderReview(here.github, here.repository, issueNumber) : null;
  if (pull === null) return refused({ message: "There is no pull request here that could be reviewed.", fix: "Write the command on a pull request; on an issue `/worktrain run` starts work.", details: [] });
  const { wanted, label } = wishesOf(config);
  if (wanted === "never") return refused(never("command"));
  const [named = null] = command.operands["SHA"] ?? [];
  const other = notThisHead(pull, { named, repositoryId: facts.id });
  if (other !== null) return refused(other);
  const where = await lookAtHead(stage, pull, { vouched: named, asking: "command" });
  if ("message" in where) return refused(where);
  const board = openStatusBoard(here, tools, issueNumber);
  const status = await latestStatus(here, tools, board, await board.read());
  const issue = asIssue(pull);
  const runs = status === null ? await itemRuns(here, issue) : null;
  const prior = await readPriorAttempt(here, tools, { issue, status, runs });
  if (prior?.commentId === commentId && prior.state !== "unstarted") return done();
  const full = command.flags.includes("full");
  const wish: LabeledEvent = { repository: { id: facts.id, ...here.repository }, issueNumber, label, sender: event.author, task: event.task, labelledAt: event.createdAt };
  const decision = decideStart(wish, { ...stage, issue, repository: facts, prior: full ? anew(prior) : prior, asked: "command", review: { headSha: pull.headSha, labelled: false, again: true } });
  if (decision.kind === "ignore") return decision.reason === "already-handled" ? IGNORED : refused(wordsOf(decision.reason, { prior, pull }));
  if (decision.kind === "refuse") return refused(decision.refusal);
  const since = status === null || full ? null : await lastReviewed(stage, issueNumber, status);
  const order = {
    event: wish,
    deliveryId: String(commentId),
    decision: { ...decision, baseSha: where.mergeBase },
    role,
    review: { headSha: pull.headSha, ...(since === null || since.headSha === pull.headSha ? {} : { since }) },
    command: { name: command.name, commentId, reactionId, answer: null },
  };
  const { dispatched, runId } = await start({ place: here, facts, board, status, runs, workflowText: stage.workflowText }, tools, order);
  // Why nothing could be dispatched stands in the status comment.
  return { kind: dispatched ? "done" : "refused", answer: { refusal: null, said: null }, runId };
}

/** What a review that was interrupted had begun with is not gone on with where the whole is asked for. */
const anew = (prior: PriorAttempt | null): PriorAttempt | null => (prior?.state === "interrupted" ? { ...prior, state: "concluded" } : prior);

function notThisHead({ headSha, headRepositoryId }: PullUnderReview, { named, repositoryId }: { readonly named: string | null; readonly repositoryId: number }): Refused | null {
  if (named !== null && named !== headSha) return { message: `The head of this pull request is ${headSha}, not ${named}.`, fix: `Look at the commits, then write \`/worktrain review ${headSha}\`.`, details: [] };
  if (named === null && headRepositoryId !== repositoryId) {
    return { message: `The head ${headSha} is of a fork, or of a repository that is gone. It is reviewed at the word of somebody who has seen that very commit.`, fix: `Look at its commits, then write \`/worktrain review ${headSha}\`: it is read and nothing of it is run.`, details: [] };
  }
  return null;
}

function wordsOf(reason: Exclude<Extract<StartDecision, { kind: "ignore" }>["reason"], "already-handled">, { prior, pull }: { readonly prior: PriorAttempt | null; readonly pull: PullUnderReview }): Refused {
  switch (reason) {
    case "issue-closed":
      return { message: "The pull request is closed.", fix: "Reopen it, then write the command again.", details: [] };
    case "locked":
      return { message: "The conversation is locked, and GitHub lets no App comment there: nothing of the review could be told.", fix: "Unlock it, then write the command again.", details: [] };
    case "already-running":
      return { message: `A review of ${prior?.headSha ?? "this pull request"} is under way.${prior?.headSha === undefined || prior.headSha === pull.headSha ? "" : ` The present head ${pull.headSha} is reviewed when that one is over.`}`, fix: "See the status comment; `/worktrain cancel` ends it.", details: [] };
    case "issue-gone":
    case "pull-request":
    case "label-gone":
    case "text-changed":
      return { message: "The pull request is not there any more, or not as it was when the command was written.", fix: "Write the command again.", details: [] };
  }
}
