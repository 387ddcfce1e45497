/** What became of the latest attempt on an issue: from our status comment, and where that is silent from the runs themselves. */
import { listDispatchedRuns, readRun, type IssueFacts, type RunFacts } from "../../../github/read/index.ts";
import { WORKFLOW_FILE, type PriorAttempt } from "../../../intake/index.ts";
import { unreachable } from "../../../shared/unreachable.ts";
import { parseRunTitle } from "../runs/run-title.ts";
import type { Status } from "../runs/status-board.ts";
import type { AppTools, Workplace } from "../workplace.ts";

/** A dispatched run shows up in GitHub's lists within seconds; after this time it is not coming. */
const DISPATCH_GRACE_MS = 10 * 60_000;

/** @param runs of the issue, newest first, where they were listed already */
export async function readPriorAttempt(place: Workplace, tools: AppTools, { issue, status, runs }: { readonly issue: IssueFacts; readonly status: Status | null; readonly runs: readonly RunFacts[] | null }): Promise<PriorAttempt | null> {
  if (status === null) return fromRuns(runs ?? (await itemRuns(place, issue)));
  const { marker, comment } = status;
  const { attempt, continuation, key, labelledAt, command: commentId, head: headSha, wish } = marker;
  const prior = (state: PriorAttempt["state"]): PriorAttempt => ({ attempt, continuation, key, state, labelledAt, commentId, headSha, wish });
  switch (marker.state) {
    case "refused":
      return prior("unstarted");
    case "ended":
      return prior("concluded");
    case "interrupted":
      return prior("interrupted");
    case "starting":
    case "waiting":
    case "running": {
      const run = marker.runId === null ? await runWithKey(place, issue, marker.key) : await readRun(place.github, place.repository, marker.runId);
      if (run !== null) return prior(run.status === "completed" ? "concluded" : "running");
      if (marker.runId !== null) return prior("concluded"); // Deleted.
      const onItsWay = marker.state !== "starting" && tools.clock.nowMs() - Date.parse(comment.updatedAt) < DISPATCH_GRACE_MS;
      return prior(onItsWay ? "running" : "unstarted");
    }
    default:
      return unreachable(marker.state);
  }
}

/** Every run of the issue, newest first. */
export async function itemRuns(place: Workplace, issue: IssueFacts): Promise<readonly RunFacts[]> {
  const runs = await listDispatchedRuns(place.github, place.repository, { workflow: WORKFLOW_FILE, createdSince: issue.createdAt });
  return runs.filter((run) => {
    const title = parseRunTitle(run.displayTitle);
    return title !== null && title.issueNumber === issue.number && title.item.repositoryId === place.repositoryId;
  });
}

async function runWithKey(place: Workplace, issue: IssueFacts, key: string | null): Promise<RunFacts | null> {
  if (key === null) return null;
  return (await itemRuns(place, issue)).findLast((run) => parseRunTitle(run.displayTitle)?.key === key) ?? null;
}

/** Without our comment (somebody deleted it) the runs still count the attempts. */
function fromRuns(runs: readonly RunFacts[]): PriorAttempt | null {
  const attempts = runs.map((run) => parseRunTitle(run.displayTitle)?.item.attempt ?? 0);
  const attempt = Math.max(0, ...attempts);
  const latest = runs.find((_, index) => attempts[index] === attempt);
  if (latest === undefined) return null;
  return { attempt, continuation: 0, key: parseRunTitle(latest.displayTitle)?.key ?? null, state: latest.status === "completed" ? "concluded" : "running", labelledAt: latest.createdAt };
}
