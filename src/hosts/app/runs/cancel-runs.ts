/**
 * Ends the runs of an attempt, first by asking, and by force when that had no effect (`endByForce`).
 *
 * I4. The comment says that it is being cancelled before GitHub is asked, so that an App that dies in between goes on with it.
 */
import { findItemRuns, readRun, type RunFacts } from "../../../github/read/index.ts";
import { cancelEffect } from "../../../github/write/index.ts";
import { WORKFLOW_FILE } from "../../../intake/index.ts";
import type { StatusMarker } from "../../../report/status-marker.ts";
import type { StartTools } from "../starting/start.ts";
import type { Workplace } from "../workplace.ts";
import { ourTitle, readProgress } from "./run-report.ts";
import type { Status, StatusBoard } from "./status-board.ts";

/** The newest of the runs that were asked to end; null when none was under way. */
export async function cancelRuns(here: Workplace, tools: StartTools, { board, status }: { readonly board: StatusBoard; readonly status: Status }): Promise<number | null> {
  const { marker } = status;
  const runs = await liveRuns(here, marker);
  const [newest] = runs;
  if (newest === undefined) return null;
  const cancelling: StatusMarker = { ...marker, cancel: new Date(tools.clock.nowMs()).toISOString(), due: undefined };
  const progress = marker.runId === newest.id ? await readProgress(here, newest, { item: itemOf(here, marker, newest) }) : null;
  if (marker.cancel === undefined) await board.write(status, cancelling, newest.status === "in_progress" ? { kind: "running", runUrl: newest.htmlUrl, progress } : { kind: "waiting", runUrl: newest.htmlUrl });
  for (const run of runs) await tools.effects.apply(cancelEffect(here.github, here.repository, { runId: run.id, force: false }));
  return newest.id;
}

const itemOf = (here: Workplace, { issueNumber, attempt }: StatusMarker, run: RunFacts) => ourTitle(here, run)?.item ?? { repositoryId: here.repositoryId, subject: `issue-${issueNumber}`, attempt };

/** Runs of the attempt that are not over, newest first: more than one where another replica dispatched as well, or a continuation is queued. */
async function liveRuns(here: Workplace, { key, runId }: StatusMarker): Promise<readonly RunFacts[]> {
  if (key === null) return [];
  const known = runId === null ? (await findItemRuns(here.github, here.repository, { workflow: WORKFLOW_FILE, word: key })).at(-1) : await readRun(here.github, here.repository, runId);
  const title = known === undefined || known === null ? null : ourTitle(here, known);
  if (known === undefined || known === null || title === null) return [];
  const word = known.displayTitle.split(" ")[1] ?? "";
  const listed = await findItemRuns(here.github, here.repository, { workflow: WORKFLOW_FILE, word });
  const runs = listed.some(({ id }) => id === known.id) ? listed : [known, ...listed];
  return runs.filter((run) => run.status !== "completed" && ourTitle(here, run) !== null);
}
