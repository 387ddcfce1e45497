/** Which webhook leads to which work. Handlers only queue: the answer to GitHub is out already, the work is done in order per issue. */
import { z } from "zod";
import { CONFIG_PATH } from "../../config/index.ts";
import { readRun, STOP_LABEL } from "../../github/read/index.ts";
import { isWrittenBy } from "../../github/write/index.ts";
import { changesOnDefaultBranch, mentionsSomebody, movesDefaultBranch, parseAssignedEvent, parseBaseChange, parseClosedPull, parseCommentEvent, parseEditedComment, parseEditedIssue, parseEndedCheck, parseEndedStatus, parseLabeledEvent, parseOpenedIssue, parsePullRequestEvent, parsePushedOver, parseReview, parseReviewComment, parseTakenBackEvent, readComment, WORKFLOW_PATH, type LabeledEvent } from "../../intake/index.ts";
import { isOwnCheck } from "../../record/index.ts";
import { DASHBOARD_MARKER } from "../../report/dashboard.ts";
import { parseStatusMarker, type StatusMarker } from "../../report/status-marker.ts";
import { carryOutBox, tickedBox } from "./commands/box-ticked.ts";
import { answerOpenedIssue } from "./commands/opened-issue.ts";
import { answerComment } from "./commands/comment-commands.ts";
import { registerOwnChecks, type OwnCheckWebhook } from "./checks/own-checks.ts";
import { carryOutTicked } from "./dashboard/dashboard-ticked.ts";
import { registerConfigCheck, type ConfigCheckWebhook } from "./checks/config-check.ts";
import type { CommandTools } from "./commands/set-up-asked.ts";
import { workplaceOf, type Delivery } from "./delivery.ts";
import { closedSoon, mayTakeBack, takenBackSoon } from "./merging/taken-back.ts";
import { onboard } from "./onboarding/onboard.ts";
import { registerOnboarding, renewToken, type OnboardingHandlerTools, type OnboardingWebhook } from "./onboarding/handlers.ts";
import { takeBack } from "./starting/take-back.ts";
import { changesRequested, FAILED_CHECKS } from "./starting/causes.ts";
import { answerSoon, approvedSoon, baseChangedSoon, followUpSoon, lookForConflicts, pushedOverSoon } from "./starting/follow-up-soon.ts";
import { followRun, lookAtRun, type LookTools } from "./runs/look-at-run.ts";
import { registerRequiredCheck, type RequiredCheckWebhook } from "./checks/required-check.ts";
import { restoreStatus } from "./runs/restore-status.ts";
import { tellUnanswered } from "./commands/record-asked.ts";
import { parseAskTitle, parseRunTitle } from "./runs/run-title.ts";
import { startReview } from "./starting/start-review.ts";
import { stopAll } from "./runs/stop-all.ts";
import { startWork } from "./starting/start-work.ts";
import { subjectOf, type Workplace } from "./workplace.ts";

export interface HandlerTools extends LookTools {
  /** What is proposed to repositories; null where nothing is. */
  readonly workflow: OnboardingHandlerTools["workflow"] | null;
  /** By which the App is mentioned; null while GitHub does not say. */
  readonly slug: () => Promise<string | null>;
}

export type { Delivery } from "./delivery.ts";

/** Who receives webhooks, or plays the part. */
export interface Webhooks {
  on(events: WebhookName | WebhookName[], handler: (delivery: Delivery) => void): unknown;
}

export type WebhookName = ConfigCheckWebhook | RequiredCheckWebhook | OnboardingWebhook | OwnCheckWebhook | "push" | "issues.labeled" | "issues.unlabeled" | "issues.closed" | "issues.assigned" | "issues.unassigned" | "issues.opened" | "issues.edited" | `pull_request.${"labeled" | "synchronize" | "opened" | "reopened" | "ready_for_review" | "edited" | "closed"}` | "check_run.completed" | "status" | "pull_request_review.submitted" | "pull_request_review_comment.created" | `issue_comment.${"created" | "edited" | "deleted"}` | "workflow_run.requested" | "workflow_run.in_progress" | "workflow_run.completed";

export function registerHandlers(webhooks: Webhooks, tools: HandlerTools): void {
  webhooks.on("issues.labeled", (delivery) => onLabeled(delivery, tools));
  webhooks.on(["issues.unlabeled", "issues.closed"], (delivery) => onTakenBack(delivery, tools));
  webhooks.on(["issues.assigned", "issues.unassigned"], (delivery) => onAssigned(delivery, tools));
  webhooks.on("issues.opened", (delivery) => onOpened(delivery, tools));
  webhooks.on(["check_run.completed", "workflow_run.completed"], (delivery) => onChecks(delivery, tools));
  webhooks.on("status", (delivery) => onStatus(delivery, tools));
  webhooks.on("pull_request_review.submitted", (delivery) => onReview(delivery, tools));
  webhooks.on("pull_request_review_comment.created", (delivery) => onReviewComment(delivery, tools));
  webhooks.on("push", (delivery) => onPush(delivery, tools));
  webhooks.on("issues.edited", (delivery) => onEdited(delivery, tools));
  webhooks.on(["pull_request.labeled", "pull_request.synchronize", "pull_request.opened", "pull_request.reopened", "pull_request.ready_for_review"], (delivery) => onPullRequest(delivery, tools));
  webhooks.on("pull_request.edited", (delivery) => onBaseChange(delivery, tools));
  webhooks.on("pull_request.synchronize", (delivery) => onPushedOver(delivery, tools));
  webhooks.on("pull_request.closed", (delivery) => onPullClosed(delivery, tools));
  webhooks.on("issue_comment.created", (delivery) => onComment(delivery, tools));
  webhooks.on("issue_comment.edited", (delivery) => onCommentEdited(delivery, tools));
  webhooks.on("issue_comment.deleted", (delivery) => onCommentDeleted(delivery, tools));
  webhooks.on(["workflow_run.requested", "workflow_run.in_progress", "workflow_run.completed"], (delivery) => onWorkflowRun(delivery, tools));
  if (tools.workflow !== null) registerOnboarding(webhooks, { ...tools, workflow: tools.workflow });
  registerConfigCheck(webhooks, tools);
  registerRequiredCheck(webhooks, tools);
  registerOwnChecks(webhooks, tools);
}

function onLabeled(delivery: Delivery, tools: HandlerTools): void {
  const event = parseLabeledEvent(delivery.payload);
  if (event !== null && isStopLabel(event.label)) return stopSoon(delivery, tools, event.issueNumber);
  startBy(delivery, tools, { event, why: `labeled ${event?.sender.id ?? 0} ${event?.label ?? ""}`, starts: (place, labeled) => startWork(place, tools, { event: labeled, deliveryId: delivery.id }) });
}

/** Only what may be the start label is asked after. */
function onTakenBack(delivery: Delivery, tools: HandlerTools): void {
  const event = parseTakenBackEvent(delivery.payload);
  const place = event !== null && mayTakeBack(event) ? workplaceOf(delivery, tools) : null;
  if (event !== null && place !== null) takenBackSoon(place, tools, event);
}

function onAssigned(delivery: Delivery, tools: HandlerTools): void {
  const parsed = parseAssignedEvent(delivery.payload);
  const place = workplaceOf(delivery, tools);
  if (parsed === null || place === null) return;
  const { action, event, assignee } = parsed;
  const why = `${action} ${event.sender.id} ${assignee}`;
  if (action === "assigned") return startBy(delivery, tools, { event, why, starts: (here) => startWork(here, tools, { event, deliveryId: delivery.id, asked: { kind: "issues.assigned", assignee } }) });
  tools.queue.add(subjectOf(place.repositoryId, event.issueNumber), { name: "taking work back", coalesce: why, run: () => takeBack(place, tools, { issueNumber: event.issueNumber, assignee, at: event.labelledAt }) });
}

/** An issue whose own text asks for work. */
function onOpened(delivery: Delivery, tools: HandlerTools): void {
  const event = parseOpenedIssue(delivery.payload);
  if (event === null) return;
  const { body } = event.task;
  const mayMention = mentionsSomebody(body);
  if (!mayMention && readComment(body).kind === "none") return;
  const starts = async (place: Workplace): Promise<number | null> => {
    const read = readComment(body, { slug: mayMention ? await tools.slug() : null });
    return read.kind === "none" ? null : answerOpenedIssue(place, tools, { event, deliveryId: delivery.id, read });
  };
  startBy(delivery, tools, { event, why: "opened", starts });
}

function onPullRequest(delivery: Delivery, tools: HandlerTools): void {
  const parsed = parsePullRequestEvent(delivery.payload);
  if (parsed === null) return;
  const { cause, event, headSha, labels } = parsed;
  if (cause === "label" && isStopLabel(event.label)) return stopSoon(delivery, tools, event.issueNumber);
  // A label is about the head that was there; of pushes with the same labels the last one counts.
  const why = cause === "label" ? `labeled ${event.sender.id} ${event.label} ${headSha}` : `${cause} ${event.sender.id} ${JSON.stringify(labels ?? null)}`;
  startBy(delivery, tools, { event, why, starts: (place) => startReview(place, tools, { ...parsed, deliveryId: delivery.id }) });
}

const isStopLabel = (label: string): boolean => label.toLowerCase() === STOP_LABEL;

/** Of a repository in its own order: each item's runs are ended in the item's. */
function stopSoon(delivery: Delivery, tools: HandlerTools, issueNumber: number): void {
  const place = workplaceOf(delivery, tools);
  if (place !== null) tools.queue.add(`${place.repositoryId}/stop`, { name: "stopping everything", coalesce: "stop", run: () => stopAll(place, tools, issueNumber) });
}

/** A config that may have switched everything off: number 1 is asked for, whether or not there is such an issue, since the config comes with it. And what was delivered may conflict by now. */
function onPush(delivery: Delivery, tools: HandlerTools): void {
  if (changesOnDefaultBranch(delivery.payload, CONFIG_PATH)) stopSoon(delivery, tools, 1);
  const place = movesDefaultBranch(delivery.payload) ? workplaceOf(delivery, tools) : null;
  if (place !== null) tools.queue.add(`${place.repositoryId}/conflicts`, { name: "looking for conflicts", coalesce: "conflicts", run: () => lookForConflicts(place, tools) });
}

interface Starting {
  readonly event: LabeledEvent | null;
  /** Who labelled is part of it: somebody without permission must not swallow the label of somebody with it. */
  readonly why: string;
  readonly starts: (place: Workplace, event: LabeledEvent) => Promise<number | null>;
}

function startBy(delivery: Delivery, tools: HandlerTools, { event, why, starts }: Starting): void {
  const place = workplaceOf(delivery, tools);
  if (event === null || place === null) return;
  const subject = subjectOf(place.repositoryId, event.issueNumber);
  tools.queue.add(subject, {
    name: "starting work",
    coalesce: why,
    async run() {
      const runId = await starts(place, event);
      if (runId !== null) followRun(place, tools, { subject, runId });
    },
  });
}

/** Checks that are over on a commit that an item delivered. */
function onChecks(delivery: Delivery, tools: HandlerTools): void {
  const head = parseEndedCheck(delivery.payload, isOwnCheck);
  const place = workplaceOf(delivery, tools);
  if (head !== null && place !== null) followUpSoon(place, tools, { cause: FAILED_CHECKS, head, coalesce: `checks ${head.headSha}` });
}

function onStatus(delivery: Delivery, tools: HandlerTools): void {
  const head = parseEndedStatus(delivery.payload);
  const place = workplaceOf(delivery, tools);
  if (head !== null && place !== null) followUpSoon(place, tools, { cause: FAILED_CHECKS, head, coalesce: `checks ${head.headSha}` });
}

function onReview(delivery: Delivery, tools: HandlerTools): void {
  const review = parseReview(delivery.payload);
  const place = review === null ? null : workplaceOf(delivery, tools);
  if (review === null || place === null) return;
  const coalesce = `review ${review.reviewId}`;
  if (review.said === "changes_requested") followUpSoon(place, tools, { cause: changesRequested(review), head: review, coalesce });
  else approvedSoon(place, tools, review);
}

function onReviewComment(delivery: Delivery, tools: HandlerTools): void {
  const head = parseReviewComment(delivery.payload);
  const place = workplaceOf(delivery, tools);
  if (head !== null && place !== null) answerSoon(place, tools, head);
}

function onBaseChange(delivery: Delivery, tools: HandlerTools): void {
  const head = parseBaseChange(delivery.payload);
  const place = workplaceOf(delivery, tools);
  if (head !== null && place !== null) baseChangedSoon(place, tools, head);
}

function onPushedOver(delivery: Delivery, tools: HandlerTools): void {
  const head = parsePushedOver(delivery.payload);
  const place = head === null ? null : workplaceOf(delivery, tools);
  if (head !== null && place !== null) pushedOverSoon(place, tools, head);
}

function onPullClosed(delivery: Delivery, tools: HandlerTools): void {
  const head = parseClosedPull(delivery.payload);
  const place = head === null ? null : workplaceOf(delivery, tools);
  if (head !== null && place !== null) closedSoon(place, tools, head);
}

/** Boxes of the dashboard; an edited task counts for the next attempt only. */
function onEdited(delivery: Delivery, tools: HandlerTools): void {
  const edited = parseEditedIssue(delivery.payload);
  const place = workplaceOf(delivery, tools);
  if (edited === null || place === null || !edited.body.startsWith(DASHBOARD_MARKER)) return;
  tools.queue.add(subjectOf(place.repositoryId, edited.issueNumber), { name: "carrying out a tick", coalesce: `edited ${delivery.id}`, run: () => carryOutTicked(place, tools, edited) });
}

function onComment(delivery: Delivery, tools: HandlerTools): void {
  const event = parseCommentEvent(delivery.payload);
  const place = workplaceOf(delivery, tools);
  if (event === null || place === null) return;
  const mayMention = mentionsSomebody(event.body);
  if (!mayMention && readComment(event.body).kind === "none") return;
  const subject = subjectOf(place.repositoryId, event.issueNumber);
  tools.queue.add(subject, {
    name: "answering a command",
    coalesce: `comment ${event.commentId}`,
    async run() {
      const read = readComment(event.body, { slug: mayMention ? await tools.slug() : null });
      if (read.kind === "none") return;
      const runId = await answerComment(place, { ...tools, ...proposing(delivery, tools) }, { event, read });
      if (runId !== null) followRun(place, tools, { subject, runId });
    },
  });
}

/** What a command that asks for it again does. */
function proposing({ installation }: Delivery, tools: HandlerTools): Pick<CommandTools, "proposeAgain"> {
  const { workflow } = tools;
  return workflow === null ? {} : { proposeAgain: async (place) => onboard(place, { ...tools, workflow }, { again: true, ...(await renewToken(installation)) }) };
}

/** Boxes of the status comment. */
function onCommentEdited(delivery: Delivery, tools: HandlerTools): void {
  const edited = parseEditedComment(delivery.payload);
  const ticked = edited === null ? null : tickedBox(edited, tools);
  const place = workplaceOf(delivery, tools);
  if (ticked === null || place === null) return;
  const subject = subjectOf(place.repositoryId, ticked.edited.issueNumber);
  tools.queue.add(subject, {
    name: "carrying out a tick",
    coalesce: `box ${delivery.id}`,
    async run() {
      const runId = await carryOutBox(place, tools, ticked);
      if (runId !== null) followRun(place, tools, { subject, runId });
    },
  });
}

const workflowRunSchema = z.object({ workflow_run: z.object({ id: z.int(), path: z.string(), event: z.string(), display_title: z.string(), status: z.string().nullish() }) });

function onWorkflowRun(delivery: Delivery, tools: HandlerTools): void {
  const parsed = workflowRunSchema.safeParse(delivery.payload);
  const place = workplaceOf(delivery, tools);
  if (!parsed.success || place === null) return;
  const { workflow_run: run } = parsed.data;
  if (run.event !== "workflow_dispatch" || run.path.split("@")[0] !== WORKFLOW_PATH) return;
  const ask = parseAskTitle(run.display_title);
  if (ask !== null) return onAskedRun(place, tools, { runId: run.id, issueNumber: ask.issueNumber, isOver: run.status === "completed" });
  const title = parseRunTitle(run.display_title);
  if (title === null) return;
  lookAtRun(place, tools, { subject: subjectOf(place.repositoryId, title.issueNumber), runId: run.id });
}

function onAskedRun(place: Workplace, tools: HandlerTools, { runId, issueNumber, isOver }: { readonly runId: number; readonly issueNumber: number; readonly isOver: boolean }): void {
  if (!isOver) return;
  tools.queue.add(subjectOf(place.repositoryId, issueNumber), {
    name: "looking after an answer",
    coalesce: `asked ${runId}`,
    async run() {
      const run = await readRun(place.github, place.repository, runId);
      if (run !== null && run.status === "completed") await tellUnanswered(place, tools, run);
    },
  });
}

const deletedCommentSchema = z.object({ issue: z.object({ number: z.int() }), comment: z.looseObject({ body: z.string() }) });

function onCommentDeleted(delivery: Delivery, tools: HandlerTools): void {
  const parsed = deletedCommentSchema.safeParse(delivery.payload);
  const place = workplaceOf(delivery, tools);
  if (!parsed.success || place === null || !isWrittenBy(parsed.data.comment, tools.author)) return;
  const { comment, issue } = parsed.data;
  const marker: StatusMarker | null = parseStatusMarker(comment.body);
  if (marker === null || marker.issueNumber !== issue.number) return;
  tools.queue.add(subjectOf(place.repositoryId, issue.number), {
    name: "restoring the status comment",
    coalesce: `deleted ${marker.attempt}`,
    async run() {
      await restoreStatus(place, tools, { marker, body: comment.body });
      if (marker.runId === null) return;
      // While the comment was away nothing was to be told of the run.
      tools.follower.forget(marker.runId);
      lookAtRun(place, tools, { subject: subjectOf(place.repositoryId, issue.number), runId: marker.runId });
    },
  });
}
