/** From `approve`, `reject`, `resume` or `retry` to a run that goes on with the attempt: the label's checks, the label's path. */
import { decideGoOn, DEFAULT_LABEL, type Command, type GoOnFacts, type LabeledEvent, type OpenGate } from "../../../intake/index.ts";
import { readPullUnderReview } from "../../../github/read/index.ts";
import { findingsShown } from "../../../report/findings-shown.ts";
import { isGate } from "../../../report/status-comment.ts";
import type { StatusMarker } from "../../../report/status-marker.ts";
import { refused, type Outcome, type StarterAsked } from "./command-outcome.ts";
import { deliveredHead } from "../starting/follow-up.ts";
import { readPriorAttempt } from "../starting/prior-attempt.ts";
import { readProgress, reportRun } from "../runs/run-report.ts";
import { reviewGoesOn } from "../starting/start-review.ts";
import type { Stage } from "../starting/stage.ts";
import { start, type StartTools } from "../starting/start.ts";
import { openStatusBoard, type Status, type StatusBoard } from "../runs/status-board.ts";
import type { Workplace } from "../workplace.ts";

export interface GoOnAsked extends StarterAsked {
  readonly command: Command<"approve" | "reject" | "resume" | "retry" | "fix">;
}

export async function goOnAsked(tools: StartTools, { event, role, stage, reactionId, command }: GoOnAsked): Promise<Outcome> {
  const { issueNumber, commentId, createdAt } = event;
  const { here, facts, config } = stage;
  const board = openStatusBoard(here, tools, issueNumber);
  const status = await latestStatus(here, tools, board, event.isPullRequest ? await board.read() : await board.readShown(stage.comments));
  const under = event.isPullRequest && status?.marker.head !== undefined ? await reviewGoesOn(stage, issueNumber, status.marker.head) : null;
  if (typeof under === "string") return refused({ message: `The review is not gone on with: ${under}.`, fix: "Write `/worktrain review` for a review of the present head.", details: [] });
  const issue = under?.issue ?? stage.issue;
  const prior = issue === null ? null : await readPriorAttempt(here, tools, { issue, status, runs: null });
  if (status === null && prior?.state === "concluded") return refused(NO_STATUS);
  const stop = status === null ? { gate: null, ending: null } : await stopOf(here, status.marker, under === null ? "issue" : "pr");
  const delivered = command.name === "fix" && status !== null ? await deliveredFindings(stage, status.marker) : null;
  const decision = decideGoOn({ command, issueNumber, commentId, writtenAt: createdAt }, { ...stage, issue, repository: facts, prior, ...stop, delivered, ...(under === null ? {} : { review: under.wish }) });
  switch (decision.kind) {
    case "ignore":
      return { kind: decision.reason === "already-handled" ? "done" : "ignored", answer: { refusal: null, said: null }, runId: null };
    case "refuse":
      return refused(decision.refusal);
    case "go-on": {
      const wish: LabeledEvent = {
        repository: { id: facts.id, ...here.repository },
        issueNumber,
        label: config !== "missing" && config.ok ? config.value.label : DEFAULT_LABEL,
        sender: event.author,
        task: { title: issue?.title ?? "", body: issue?.body ?? "" },
        labelledAt: createdAt,
      };
      const order = { event: wish, deliveryId: String(commentId), decision: { ...decision, baseSha: under?.mergeBase ?? decision.baseSha }, ...(under === null ? {} : { review: { headSha: under.wish.headSha } }), ...(delivered === null ? {} : { followUp: { because: "asked" as const, pullNumber: delivered.pullNumber, headSha: delivered.headSha, findings: [...(command.operands["FINDING"] ?? [])] } }), role, command: { name: command.name, commentId, reactionId, answer: decision.answer, retry: decision.retry } };
      const { dispatched, runId, untold } = await start({ place: here, facts, board, status, runs: null, workflowText: stage.workflowText }, tools, order);
      if (untold !== undefined) return refused(untold);
      // Why nothing could be dispatched stands in the status comment.
      return { kind: dispatched ? "done" : "refused", answer: { refusal: null, said: null }, runId };
    }
  }
}

/** What `fix` works on, with the findings that the pull request tells of. */
async function deliveredFindings(stage: Stage, marker: StatusMarker): Promise<GoOnFacts["delivered"]> {
  const head = await deliveredHead(stage, marker);
  const pull = head === null ? null : await readPullUnderReview(stage.here.github, stage.here.repository, head.pullNumber);
  return head === null || pull === null ? null : { ...head, findings: findingsShown(pull.body) };
}

/** Whether an attempt is over or waits, and for what, only the status comment tells. */
const NO_STATUS = {
  message: "The status comment of the attempt was deleted, so it is not known any more what there is to go on with.",
  fix: "Remove the label and add it again for a new attempt.",
  details: [],
};

/** A run may have come to the gate a moment ago: its end is told first, and what follows from it. */
export async function latestStatus(place: Workplace, tools: StartTools, board: StatusBoard, status: Status | null): Promise<Status | null> {
  const { state, runId } = status?.marker ?? { state: "ended", runId: null };
  if (runId === null || state === "ended" || state === "interrupted") return status;
  await reportRun(place, tools, runId);
  return board.read();
}

/** How the latest run ended, and the gate that it stopped at, by its artifact names; by the status comment where a later dispatch failed. */
async function stopOf(place: Workplace, { runId, issueNumber, attempt, at }: StatusMarker, of: "issue" | "pr"): Promise<{ readonly gate: OpenGate | null; readonly ending: string | null }> {
  const item = { repositoryId: place.repositoryId, subject: `${of}-${issueNumber}`, attempt };
  const progress = runId === null ? null : await readProgress(place, { id: runId }, { item });
  if (progress !== null) return { gate: progress.gate, ending: progress.ending };
  const step = at?.slice(at.indexOf(".") + 1);
  return { gate: step !== undefined && isGate(step) ? { name: step, openedAt: null } : null, ending: null };
}
