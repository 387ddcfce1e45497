/** Which webhook leads to which work. Handlers only queue: the answer to GitHub is out already, the work is done in order per issue. */
import { z } from "zod";
import { readRun } from "../../github/read/index.ts";
import { isWrittenBy } from "../../github/write/index.ts";
import { parseCommentEvent, parseEditedIssue, parseLabeledEvent, parseLabeledPullRequest, readComment, WORKFLOW_PATH, type LabeledEvent } from "../../intake/index.ts";
import { DASHBOARD_MARKER } from "../../report/dashboard.ts";
import { parseStatusMarker, type StatusMarker } from "../../report/status-marker.ts";
import { answerComment } from "./comment-commands.ts";
import { carryOutTicked } from "./dashboard-ticked.ts";
import { registerConfigCheck, type ConfigCheckWebhook } from "./config-check.ts";
import { installationClient, type InstallationOctokit } from "./installation-client.ts";
import { registerOnboarding, type OnboardingHandlerTools, type OnboardingWebhook } from "./onboarding/handlers.ts";
import { followRun, lookAtRun, type LookTools } from "./look-at-run.ts";
import { registerRequiredCheck, type RequiredCheckWebhook } from "./required-check.ts";
import { restoreStatus } from "./restore-status.ts";
import { tellUnanswered } from "./record-asked.ts";
import { parseAskTitle, parseRunTitle } from "./run-title.ts";
import { startReview } from "./start-review.ts";
import { startWork } from "./start-work.ts";
import { subjectOf, type Workplace } from "./workplace.ts";

export interface HandlerTools extends LookTools, Pick<OnboardingHandlerTools, "workflow"> {
  /** Where the installations' clients speak GraphQL. */
  readonly graphqlUrl: string;
}

/** What is taken from a Probot context; the payload is parsed here like anything from outside. */
export interface Delivery {
  readonly id: string;
  readonly payload: unknown;
  readonly octokit: InstallationOctokit;
}

/** Probot, or who plays its part. */
export interface Webhooks {
  on(events: WebhookName | WebhookName[], handler: (delivery: Delivery) => void): unknown;
}

export type WebhookName = ConfigCheckWebhook | RequiredCheckWebhook | OnboardingWebhook | "issues.labeled" | "issues.edited" | "pull_request.labeled" | "issue_comment.created" | "issue_comment.deleted" | "workflow_run.requested" | "workflow_run.in_progress" | "workflow_run.completed";

export function registerHandlers(webhooks: Webhooks, tools: HandlerTools): void {
  webhooks.on("issues.labeled", (delivery) => onLabeled(delivery, tools));
  webhooks.on("issues.edited", (delivery) => onEdited(delivery, tools));
  webhooks.on("pull_request.labeled", (delivery) => onLabeledPullRequest(delivery, tools));
  webhooks.on("issue_comment.created", (delivery) => onComment(delivery, tools));
  webhooks.on("issue_comment.deleted", (delivery) => onCommentDeleted(delivery, tools));
  webhooks.on(["workflow_run.requested", "workflow_run.in_progress", "workflow_run.completed"], (delivery) => onWorkflowRun(delivery, tools));
  registerOnboarding(webhooks, tools);
  registerConfigCheck(webhooks, tools);
  registerRequiredCheck(webhooks, tools);
}

const placeSchema = z.object({
  installation: z.object({ id: z.int() }),
  repository: z.object({ id: z.int(), name: z.string(), owner: z.object({ login: z.string() }) }),
});

/** Where an event happened; null when it comes without an installation, so that nobody gave us the repository. */
function workplaceOf({ payload, octokit }: Delivery, tools: HandlerTools): Workplace | null {
  const parsed = placeSchema.safeParse(payload);
  if (!parsed.success) return null;
  const { repository } = parsed.data;
  return {
    github: installationClient(octokit, tools),
    repository: { owner: repository.owner.login, repo: repository.name },
    repositoryId: repository.id,
  };
}

const onLabeled = (delivery: Delivery, tools: HandlerTools): void => startBy(delivery, tools, { event: parseLabeledEvent(delivery.payload), starts: startWork });
const onLabeledPullRequest = (delivery: Delivery, tools: HandlerTools): void => startBy(delivery, tools, { event: parseLabeledPullRequest(delivery.payload), starts: startReview });

function startBy(delivery: Delivery, tools: HandlerTools, { event, starts }: { readonly event: LabeledEvent | null; readonly starts: typeof startWork }): void {
  const place = workplaceOf(delivery, tools);
  if (event === null || place === null) return;
  const subject = subjectOf(place.repositoryId, event.issueNumber);
  tools.queue.add(subject, {
    name: "starting work",
    // Who labelled is part of it: somebody without permission must not swallow the label of somebody with it.
    coalesce: `labeled ${event.sender.id} ${event.label}`,
    async run() {
      const runId = await starts(place, tools, { event, deliveryId: delivery.id });
      if (runId !== null) followRun(place, tools, { subject, runId });
    },
  });
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
  const read = readComment(event.body);
  if (read.kind === "none") return;
  const subject = subjectOf(place.repositoryId, event.issueNumber);
  tools.queue.add(subject, {
    name: "answering a command",
    coalesce: `comment ${event.commentId}`,
    async run() {
      const runId = await answerComment(place, tools, { event, read });
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
