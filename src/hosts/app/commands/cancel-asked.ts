/**
 * `cancel`: ends the runs of the attempt, first by asking, and by force when that had no effect (`endByForce`).
 *
 * I4. The comment says that it is being cancelled before GitHub is asked, so that an App that dies in between goes on with it.
 */
import { findItemRuns, readRun, readStatusState, type RunFacts } from "../../../github/read/index.ts";
import { cancelEffect } from "../../../github/write/index.ts";
import { WORKFLOW_FILE } from "../../../intake/index.ts";
import type { StatusMarker } from "../../../report/status-marker.ts";
import { done, refused, type Asked, type Outcome } from "./command-outcome.ts";
import { branchOf, endedView, ourTitle, readProgress, writeEnd } from "../runs/run-report.ts";
import type { StartTools } from "../starting/start-work.ts";
import { openStatusBoard, type Status } from "../runs/status-board.ts";
import type { Workplace } from "../workplace.ts";

export async function cancelAsked(tools: StartTools, { event, stage: { here } }: Asked): Promise<Outcome> {
  const board = openStatusBoard(here, tools, event.issueNumber);
  const status = await board.read();
  if (status === null) return refused({ message: "WorkTrain has no status here, so there is nothing to cancel.", fix: "See the repository's Actions page for runs.", details: [] });
  const { marker } = status;
  // Written before what it would end was asked for: a repeated delivery, or a late one (attack 3).
  if (Date.parse(event.createdAt) < Date.parse(marker.labelledAt)) return refused({ message: "The command was written before the present run was asked for.", fix: "Write it again, if that one is to end.", details: [] });
  const runs = await liveRuns(here, marker);
  const [newest] = runs;
  if (newest === undefined) return (await dropNextTry(here, tools, { status, by: event.author.login })) ? done() : refused(nothingRuns(marker));
  const cancelling: StatusMarker = { ...marker, cancel: new Date(tools.clock.nowMs()).toISOString(), due: undefined };
  const progress = marker.runId === newest.id ? await readProgress(here, newest, { item: itemOf(here, marker, newest) }) : null;
  if (marker.cancel === undefined) await board.write(status, cancelling, newest.status === "in_progress" ? { kind: "running", runUrl: newest.htmlUrl, progress } : { kind: "waiting", runUrl: newest.htmlUrl });
  for (const run of runs) await tools.effects.apply(cancelEffect(here.github, here.repository, { runId: run.id, force: false }));
  return { ...done(), runId: newest.id };
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

function nothingRuns({ state, runId }: StatusMarker): { readonly message: string; readonly fix: string; readonly details: readonly string[] } {
  if ((state === "starting" || state === "waiting") && runId === null) return { message: "A run is being started, and GitHub does not list it yet.", fix: "Write the command again in a minute.", details: [] };
  return { message: "No run of WorkTrain is under way here.", fix: "To take the work back, remove the label.", details: [] };
}

/** An attempt that would be tried again by itself is not. @returns whether there was one */
async function dropNextTry(here: Workplace, tools: StartTools, { status, by }: { readonly status: Status; readonly by: string }): Promise<boolean> {
  const { marker } = status;
  if (marker.due === undefined || marker.runId === null) return false;
  const run = await readRun(here.github, here.repository, marker.runId);
  const title = run === null ? null : ourTitle(here, run);
  if (run === null || title === null) return false;
  const { pullRequests } = await readStatusState(here.github, here.repository, { issueNumber: marker.issueNumber, branch: branchOf(title) });
  const view = await endedView(here, { run, title, progress: await readProgress(here, run, title), marker, pullRequests });
  await writeEnd(openStatusBoard(here, tools, marker.issueNumber), status, { run, view: { ...view, onward: { kind: "waits", reason: `\`${by}\` cancelled it in a comment` } } });
  return true;
}
