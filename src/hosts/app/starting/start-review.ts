/**
 * From a label on a pull request, a push to it or its opening to a dispatched run that reviews it at one commit.
 *
 * R1. A head is reviewed at the word of somebody who may write: who pushed it to this repository, or who labelled it. The head of a fork
 *     only at a label, for exactly the commit that was its head then (attack 5); the next push takes that back.
 */
import { GITHUB_ACTIONS_LOGIN, readBotReviews, readComparison, readPermission, readPullUnderReview, type IssueFacts, type PullUnderReview } from "../../../github/read/index.ts";
import { reviewMarkerOf } from "../../../delivery/names.ts";
import { permissionVerdict, type Ticket } from "../../../github/trust/index.ts";
import { authorise, decideStart, DEFAULT_LABEL, isStartLabel, thenAgainBy, type Asking, type PullRequestEvent, type ReviewWish } from "../../../intake/index.ts";
import { isAtWork } from "../../../report/status-marker.ts";
import { endLiveCheck } from "../checks/live-check.ts";
import { tellNotAllowed } from "../commands/say.ts";
import { itemRuns, readPriorAttempt } from "./prior-attempt.ts";
import { firstMarker, refuse, reviewStillWaits, stillWaits, type Refused } from "./refusal.ts";
import { setStage, type Stage } from "./stage.ts";
import { start, type StartTools } from "./start.ts";
import { openStatusBoard, type Status } from "../runs/status-board.ts";
import { hasLabel } from "./asked-otherwise.ts";
import type { Workplace } from "../workplace.ts";

export interface ReviewDelivery {
  /** `asked`: somebody with a word of their own wants it once more. */
  readonly cause: PullRequestEvent["cause"] | "asked";
  readonly event: PullRequestEvent["event"];
  /** The head that whoever asked had before them; null where nobody saw one. */
  readonly headSha: string | null;
  readonly deliveryId: string;
  /** What the pull request was labelled with when somebody pushed to it; absent where that is not known. */
  readonly labels?: readonly string[];
  /** The whole is looked at, whatever was reviewed before. */
  readonly full?: boolean;
  /** The key of the review that is to be made once more. */
  readonly instead?: string;
}

/** The dispatched run's id; null when nothing was dispatched or GitHub has not said yet. */
export async function startReview(place: Workplace, tools: StartTools, delivery: ReviewDelivery): Promise<number | null> {
  const { event, cause } = delivery;
  const ignored = (reason: string): null => {
    tools.log.info("pull request ignored", { repository: place.repositoryId, pullRequest: event.issueNumber, delivery: delivery.deliveryId, cause, reason });
    return null;
  };
  const stage = await setStage(place, event.issueNumber);
  if (stage === null) return ignored("repository-gone");
  const { here, facts, config } = stage;
  if (cause === "label" && !isStartLabel(event.label, config)) return ignored("other-label");
  const { wanted, label } = wishesOf(config);
  if (cause === "opened" && wanted !== "all") return ignored("not-wanted");
  if (cause === "push" && wanted === "never") return ignored("not-wanted");
  // A label that was set since has an event of its own; without this each push to any pull request would cost what a review does before it starts.
  if (cause === "push" && wanted === "labelled" && delivery.labels !== undefined && !hasLabel({ labels: delivery.labels }, label)) return ignored("label-gone");
  const asking = ASKING[cause];
  // Who opened it or pushed has asked for nothing: there the config itself asks.
  const least = (cause === "label" || asking === "re-run") && config !== "missing" && config.ok ? config.value.permissions.review : "write";
  const authorisation = authorise(permissionVerdict(await readPermission(here.github, here.repository, event.sender.login), event.sender.id), asking === "re-run" ? asking : "label", { name: "review", least });
  if (authorisation.kind === "silent" && cause !== "push") return ignored("actor-may-not-start");
  const pull = await readPullUnderReview(here.github, here.repository, event.issueNumber);
  if (pull === null) return ignored("pull-request-gone");
  const board = openStatusBoard(here, tools, event.issueNumber);
  const status = await board.read();
  const refused = async (refusal: Refused, decided?: Parameters<typeof stillWaits>[1]): Promise<void> => {
    // What is told of a run that is under way stays.
    if (status !== null && isAtWork(status.marker)) return;
    const waiting = decided === undefined ? reviewStillWaits(status, pull.headSha, event.labelledAt) : stillWaits(status, decided, event.labelledAt);
    // Nothing will close the check run of a review that is not gone on with any more.
    if (waiting === null && status !== null) await endLiveCheck(here, tools, { before: status.marker, headNow: pull.headSha, refusal });
    await refuse(board, status, waiting ?? { ...firstMarker(event), ...lastLook(status), attempt: decided?.attempt ?? attemptBehind(status), recreated: status?.marker.recreated ?? false }, refusal);
  };
  if (authorisation.kind !== "allowed") {
    if (cause === "push" && status !== null && isUnvouched(pull, { status, repositoryId: facts.id, label })) await refused(NOT_VOUCHED_ANY_MORE(pull.headSha));
    // Told once, and never over the status of real work; who pushed or opened it has asked for nothing.
    else if (authorisation.kind === "refused" && asking !== "pull_request") await (status === null ? refused({ ...authorisation.refusal, details: [] }) : tellNotAllowed(here, tools, { event, status, refusal: authorisation.refusal }));
    return ignored("actor-may-not-start");
  }
  const isAsked = cause === "label" || cause === "asked";
  if (!isAsked && pull.draft && !hasLabel(pull, label)) return ignored("draft");
  if (isAsked && wanted === "never") {
    await refused(never(asking));
    return ignored("not-wanted");
  }
  const where = await lookAtHead(stage, pull, { vouched: isAsked ? delivery.headSha : null, asking });
  if ("message" in where) {
    if (isAsked || status !== null) await refused(where);
    return ignored("head-not-reviewed");
  }
  const issue = asIssue(pull);
  const runs = status === null ? await itemRuns(here, issue) : null;
  const prior = await readPriorAttempt(here, tools, { issue, status, runs });
  const decision = decideStart({ ...event, label }, { ...stage, issue, repository: facts, prior, asked: asking, review: { headSha: pull.headSha, labelled: wanted !== "all", again: isAsked, instead: delivery.instead } });
  if (decision.kind === "ignore") return ignored(decision.reason);
  if (decision.kind === "refuse") {
    if (isAsked) await refused(decision.refusal, decision);
    return ignored(decision.refusal.kind);
  }
  const since = status === null || delivery.full === true ? null : await lastReviewed(stage, pull.number, status);
  const order = {
    event,
    deliveryId: delivery.deliveryId,
    decision: { ...decision, baseSha: where.mergeBase },
    role: authorisation.role,
    review: { headSha: pull.headSha, ...(since === null || since.headSha === pull.headSha ? {} : { since }) },
    ...(isAsked ? { rerun: cause === "asked" } : { cause: "pull_request" as const }),
  };
  return (await start({ place: here, facts, board, status, runs, workflowText: stage.workflowText }, tools, order)).runId;
}

/** What the repository wants of reviews; where its config cannot be read that is refused later on, in words. */
export function wishesOf(config: Stage["config"]): { readonly wanted: "never" | "labelled" | "all"; readonly label: string } {
  return config !== "missing" && config.ok ? { wanted: config.value.review.pullRequests, label: config.value.label } : { wanted: "labelled", label: DEFAULT_LABEL };
}

/** Whether a review that was begun goes on by itself: at the word of a command, or as far as the label or the config still ask for it. */
export async function isWantedStill(place: Workplace, { issueNumber, word }: Pick<Status["marker"], "issueNumber" | "word">): Promise<boolean> {
  if (word !== undefined) return true;
  const stage = await setStage(place, issueNumber);
  const pull = stage === null ? null : await readPullUnderReview(stage.here.github, stage.here.repository, issueNumber);
  if (stage === null || pull === null) return false;
  const { wanted, label } = wishesOf(stage.config);
  return wanted === "all" || hasLabel(pull, label);
}

/** The attempt that a refusal is told for: the next one, where there was a run of the last. */
const attemptBehind = (status: Status | null): number => (status === null ? 1 : status.marker.attempt + (status.marker.state === "refused" && status.marker.continuation === 0 ? 0 : 1));

/** By these the last review is found again, from which the next one goes on. */
const lastLook = (status: Status | null): Partial<Status["marker"]> => (status === null ? {} : { head: status.marker.head, key: status.marker.key });

const ASKING = { label: "label", asked: "re-run", push: "pull_request", opened: "pull_request" } as const;

export const never = (asking: Asking): Refused => ({ message: "The configuration says that pull requests are never reviewed (`review.pullRequests: never`).", fix: `Set it to \`labelled\` in .github/worktrain.yml on the default branch. ${thenAgainBy(asking)}`, details: [] });

const NOT_VOUCHED_ANY_MORE = (headSha: string): Refused => ({
  message: `The head of this pull request is ${headSha} now, which nobody with write permission has vouched for: a label counts for the commit it was set at.`,
  fix: "Look at the new commits, then remove the label and add it again.",
  details: [],
});

/** A labelled head of a fork that was vouched for has gone on. */
const isUnvouched = (pull: PullUnderReview, { status, repositoryId, label }: { readonly status: Status; readonly repositoryId: number; readonly label: string }): boolean =>
  pull.headRepositoryId !== repositoryId && pull.open && hasLabel(pull, label) && status.marker.head !== undefined && status.marker.head !== pull.headSha;

/**
 * Where the head left the default branch, or why this pull request is not reviewed.
 * @param vouched the commit that somebody who may write vouches for; null where nobody does
 */
export async function lookAtHead({ here, facts, baseSha }: Stage, pull: PullUnderReview, { vouched, asking }: { readonly vouched: string | null; readonly asking: Asking }): Promise<{ readonly mergeBase: string } | Refused> {
  if (pull.headRepositoryId !== facts.id && vouched === null) {
    return { message: `The head ${pull.headSha} of this pull request is of a fork, or of a repository that is gone: nobody has vouched for it, so it is not reviewed.`, fix: "Look at its commits, then remove the label and add it again: it is read and nothing of it is run.", details: [] };
  }
  if (pull.headRepositoryId !== facts.id && vouched !== pull.headSha) {
    return { message: `The label was set when the head was ${vouched ?? "another"}; it is ${pull.headSha} now, which nobody has vouched for.`, fix: "Look at the new commits, then remove the label and add it again.", details: [] };
  }
  if (pull.baseRef !== facts.defaultBranch) {
    return { message: `This pull request goes into \`${pull.baseRef}\`. Only those into the default branch \`${facts.defaultBranch}\` are reviewed, since configuration and instructions come from there.`, fix: `Open it against \`${facts.defaultBranch}\`. ${thenAgainBy(asking)}`, details: [] };
  }
  const comparison = baseSha === null ? null : await readComparison(here.github, here.repository, { base: baseSha, head: pull.headSha });
  if (comparison === null) return { message: `GitHub finds no commit that ${pull.headSha} and \`${facts.defaultBranch}\` have in common, so there is nothing to compare it with.`, fix: `Rebase the branch onto the default branch. ${thenAgainBy(asking)}`, details: [] };
  return { mergeBase: comparison.mergeBase };
}

/** What a review that was cut off goes on with, which is the very commit it was about; else why not, ending "It is not gone on with by itself: ...". */
export async function reviewGoesOn(stage: Stage, pullNumber: number, headSha: string): Promise<{ readonly issue: IssueFacts; readonly wish: ReviewWish; readonly mergeBase: string } | string> {
  const pull = await readPullUnderReview(stage.here.github, stage.here.repository, pullNumber);
  if (pull === null) return "the pull request is not there any more";
  if (pull.headSha !== headSha) return "the head of the pull request is another one by now";
  const { wanted } = wishesOf(stage.config);
  if (wanted === "never") return "the configuration says by now that pull requests are never reviewed (`review.pullRequests: never`)";
  const where = await lookAtHead(stage, pull, { vouched: headSha, asking: "command" });
  if ("message" in where) return where.message.replace(/\.$/, "");
  return { issue: asIssue(pull), wish: { headSha, labelled: wanted !== "all", again: false }, mergeBase: where.mergeBase };
}

/**
 * The head that the last review was about, with the commit at which it left the default branch; null when none was posted. It is ours where
 * one of the two accounts posted it that ours are posted with (attack 1: anybody can copy a marker with its key), about the commit and by
 * the run that the App's own comment names.
 */
export async function lastReviewed({ here, facts, baseSha }: Stage, number: number, { marker: { head, key }, comment }: Status): Promise<NonNullable<NonNullable<Ticket["review"]>["since"]> | null> {
  if (head === undefined || key === null || baseSha === null) return null;
  const reviews = await readBotReviews(here.github, here.repository, { pullNumber: number, prefix: reviewMarkerOf(facts.id, number), logins: [GITHUB_ACTIONS_LOGIN, ...(comment.writer === undefined ? [] : [comment.writer])] });
  const last = reviews.find(({ headSha, body }) => headSha === head && body.includes(` key=${key} -->\n`));
  const comparison = last === undefined ? null : await readComparison(here.github, here.repository, { base: baseSha, head });
  return last === undefined || comparison === null ? null : { headSha: head, mergeBase: comparison.mergeBase, by: last.login };
}

/** The pull request as far as it is a task: it has a number, a text, labels and a state like an issue. */
export const asIssue = ({ id, number, title, body, open, labels, locked, author, htmlUrl, createdAt }: PullUnderReview): IssueFacts => ({ id, number, title, body, open, labels, locked, isPullRequest: false, author, htmlUrl, createdAt });
