/** Looks at the labelled issues of a repository for what no webhook told, and queues it as if one had (faults 28, 30, 38, 63). */
import type { LabelledIssue } from "../../../github/read/index.ts";
import { decideRescan, type LabelFound, type Missed } from "../../../intake/index.ts";
import { unreachable } from "../../../shared/unreachable.ts";
import { dashboardChanged, noteDashboard, readLabelled } from "../dashboard/dashboard.ts";
import { followRun, lookAtRun, type LookTools } from "../runs/look-at-run.ts";
import { findRecentComments } from "../../../github/write/index.ts";
import { ANY_STATUS_MARKER, parseStatusMarker, type StatusMarker } from "../../../report/status-marker.ts";
import { lookAtDeliveries } from "../starting/follow-up-soon.ts";
import { startReview } from "../starting/start-review.ts";
import { startAgain, tryAgain } from "../starting/try-again.ts";
import { startWork } from "../starting/start-work.ts";
import { stopAll } from "../runs/stop-all.ts";
import { openStatusBoard } from "../runs/status-board.ts";
import { isoSeconds } from "../starting/start.ts";
import { orLogged, subjectOf, type Workplace } from "../workplace.ts";

/** One query, and one request for reviews without a label, where nothing is under way and the configuration names no other label; one more for each fifty attempts that are over, for what is said of what they delivered, and what that leads to. */
export async function rescan(place: Workplace, tools: LookTools): Promise<void> {
  const { issues, dashboard, stoppedBy } = await readLabelled(place);
  // Nothing is started then, and what is at work ends.
  if (stoppedBy !== null) {
    noteDashboard(place, tools, dashboard);
    dashboardChanged(place, tools);
    return stopAll(place, tools, 1);
  }
  const ended: StatusMarker[] = [];
  for (const issue of issues) {
    const status = await openStatusBoard(place, tools, issue.number).readShown(issue.comments);
    const by = status?.marker.by ?? null;
    const missed = decideRescan(
      { status: status === null ? null : { ...status.marker, updatedAt: status.comment.updatedAt }, labelled: issue.labelled, head: issue.pull?.fork === false ? issue.pull.headSha : undefined },
      tools.clock.nowMs(),
    );
    // Where it is locked nothing new can be told, and its label's own webhook was logged once; unlocked, it is found again. What was begun goes on.
    if (issue.locked && (missed.kind === "label" || missed.kind === "push" || missed.kind === "nothing")) continue;
    catchUp(place, tools, { issue, missed, by });
    if (missed.kind === "nothing" && status?.marker.state === "ended" && issue.pull === undefined) ended.push(status.marker);
  }
  noteDashboard(place, tools, dashboard);
  dashboardChanged(place, tools);
  await lookAtDeliveries(place, tools, ended);
  await orLogged(place, tools, { what: "reviews without the label could not be looked for" }, () => lookAtUnlabelled(place, tools, new Set(issues.map(({ number }) => number))));
}

/** Longer than any wait between two tries (`nextTry`) with an App that is away or stopped meanwhile: as long as GitHub keeps a webhook for redelivery. */
const RECENT_MS = 3 * 24 * 60 * 60_000;

/** A review may have no label: a command asked for it, or every pull request is reviewed. What was begun of it is found by the App's own comments. */
async function lookAtUnlabelled(place: Workplace, tools: LookTools, labelled: ReadonlySet<number>): Promise<void> {
  const nowMs = tools.clock.nowMs();
  const seen = new Set(labelled);
  for (const { issueNumber, body, updatedAt } of await findRecentComments({ ...place, author: tools.author }, { since: isoSeconds(nowMs - RECENT_MS), marker: ANY_STATUS_MARKER })) {
    const marker = parseStatusMarker(body);
    if (marker?.issueNumber !== issueNumber || seen.has(issueNumber)) continue;
    seen.add(issueNumber);
    if (marker.head === undefined) continue;
    goOnWith(place, tools, { issueNumber, missed: decideRescan({ status: { ...marker, updatedAt }, labelled: null }, nowMs) });
  }
}

function catchUp(place: Workplace, tools: LookTools, { issue, missed, by }: { readonly issue: LabelledIssue; readonly missed: Missed; readonly by: StatusMarker["by"] }): void {
  switch (missed.kind) {
    case "label": {
      const delivery = labelOf(place, issue, missed.label);
      // The head that it was set at is not known any more: for a fork's, nobody has vouched.
      return catchUpSoon(place, tools, { issueNumber: issue.number, kind: missed.kind, name: "starting work", work: () => (issue.pull === undefined ? startWork(place, tools, delivery) : startReview(place, tools, { ...delivery, cause: "label", headSha: null })) });
    }
    case "push": {
      if (by === null || by === undefined) return;
      const { event, deliveryId } = labelOf(place, issue, { label: "", setAt: new Date(tools.clock.nowMs()).toISOString(), by });
      // In the name of who asked for the last review.
      return catchUpSoon(place, tools, { issueNumber: issue.number, kind: missed.kind, name: "reviewing a push", work: () => startReview(place, tools, { event, deliveryId, cause: "push", headSha: null }) });
    }
    default:
      return goOnWith(place, tools, { issueNumber: issue.number, missed });
  }
}

/** What was begun, and is known by its status comment alone. */
function goOnWith(place: Workplace, tools: LookTools, { issueNumber, missed }: { readonly issueNumber: number; readonly missed: Missed }): void {
  switch (missed.kind) {
    case "nothing":
    case "label":
    case "push":
      return;
    case "look-at-run":
      tools.follower.forget(missed.runId);
      return lookAtRun(place, tools, { subject: subjectOf(place.repositoryId, issueNumber), runId: missed.runId });
    case "try-again":
      return catchUpSoon(place, tools, { issueNumber, kind: missed.kind, name: "trying again", work: () => tryAgain(place, tools, issueNumber) });
    case "start-again":
      return catchUpSoon(place, tools, { issueNumber, kind: missed.kind, name: "starting again", work: () => startAgain(place, tools, issueNumber) });
    default:
      return unreachable(missed);
  }
}

interface CatchUp {
  readonly issueNumber: number;
  readonly kind: Missed["kind"];
  readonly name: string;
  /** The run that was dispatched; null for none. */
  readonly work: () => Promise<number | null>;
}

function catchUpSoon(place: Workplace, tools: LookTools, { issueNumber, kind, name, work }: CatchUp): void {
  const subject = subjectOf(place.repositoryId, issueNumber);
  tools.queue.add(subject, {
    name,
    coalesce: `rescan ${kind}`,
    async run() {
      const runId = await work();
      if (runId !== null) followRun(place, tools, { subject, runId });
    },
  });
}

/** What the label's webhook would have said, as far as it is still known. */
function labelOf(place: Workplace, { number, title, body, editedAt }: LabelledIssue, { label, setAt, by }: LabelFound & { readonly by: NonNullable<LabelFound["by"]> }) {
  const labelledAt = new Date(setAt).toISOString();
  return {
    event: { repository: { id: place.repositoryId, ...place.repository }, issueNumber: number, label, sender: by, task: { title, body }, labelledAt },
    deliveryId: `rescan-${labelledAt}`,
    editedSince: editedAt !== null && Date.parse(editedAt) >= Date.parse(setAt),
  };
}
