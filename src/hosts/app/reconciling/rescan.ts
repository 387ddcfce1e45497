/** Looks at the labelled issues of a repository for what no webhook told, and queues it as if one had (faults 28, 30, 38, 63). */
import type { LabelledIssue } from "../../../github/read/index.ts";
import { decideRescan, type LabelFound, type Missed } from "../../../intake/index.ts";
import { unreachable } from "../../../shared/unreachable.ts";
import { dashboardChanged, noteDashboard, readLabelled } from "../dashboard/dashboard.ts";
import { followRun, lookAtRun, type LookTools } from "../runs/look-at-run.ts";
import type { StatusMarker } from "../../../report/status-marker.ts";
import { lookAtDeliveries } from "../starting/follow-up-soon.ts";
import { startReview } from "../starting/start-review.ts";
import { startAgain, tryAgain } from "../starting/try-again.ts";
import { startWork } from "../starting/start-work.ts";
import { stopAll } from "../runs/stop-all.ts";
import { openStatusBoard } from "../runs/status-board.ts";
import { subjectOf, type Workplace } from "../workplace.ts";

/** One query where nothing is under way and the configuration names no other label; one more for each fifty attempts that are over, for what is said of what they delivered, and what that leads to. */
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
    // Nothing can be told there, and its label's own webhook was logged once; unlocked, it is found again.
    if (issue.locked) continue;
    const status = await openStatusBoard(place, tools, issue.number).readShown(issue.comments);
    const by = status?.marker.by ?? null;
    const missed = decideRescan(
      { status: status === null ? null : { ...status.marker, updatedAt: status.comment.updatedAt }, labelled: issue.labelled, head: issue.pull?.fork === false ? issue.pull.headSha : undefined },
      tools.clock.nowMs(),
    );
    catchUp(place, tools, { issue, missed, by });
    if (missed.kind === "nothing" && status?.marker.state === "ended" && issue.pull === undefined) ended.push(status.marker);
  }
  noteDashboard(place, tools, dashboard);
  dashboardChanged(place, tools);
  await lookAtDeliveries(place, tools, ended);
}

function catchUp(place: Workplace, tools: LookTools, { issue, missed, by }: { readonly issue: LabelledIssue; readonly missed: Missed; readonly by: StatusMarker["by"] }): void {
  const subject = subjectOf(place.repositoryId, issue.number);
  const queue = (name: string, work: () => Promise<number | null>): void =>
    tools.queue.add(subject, {
      name,
      coalesce: `rescan ${missed.kind}`,
      async run() {
        const runId = await work();
        if (runId !== null) followRun(place, tools, { subject, runId });
      },
    });
  switch (missed.kind) {
    case "nothing":
      return;
    case "look-at-run":
      tools.follower.forget(missed.runId);
      return lookAtRun(place, tools, { subject, runId: missed.runId });
    case "try-again":
      return queue("trying again", () => tryAgain(place, tools, issue.number));
    case "start-again":
      return queue("starting again", () => startAgain(place, tools, issue.number));
    case "label": {
      const delivery = labelOf(place, issue, missed.label);
      // The head that it was set at is not known any more: for a fork's, nobody has vouched.
      return queue("starting work", () => (issue.pull === undefined ? startWork(place, tools, delivery) : startReview(place, tools, { ...delivery, cause: "label", headSha: null })));
    }
    case "push": {
      if (by === null || by === undefined) return;
      const { event, deliveryId } = labelOf(place, issue, { label: "", setAt: new Date(tools.clock.nowMs()).toISOString(), by });
      // In the name of who asked for the last review.
      return queue("reviewing a push", () => startReview(place, tools, { event, deliveryId, cause: "push", headSha: null }));
    }
    default:
      return unreachable(missed);
  }
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
