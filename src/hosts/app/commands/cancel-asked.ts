/** `cancel`: ends the runs of the attempt, or takes back its next try. */
import { ownBranch, readRun, readStatusState } from "../../../github/read/index.ts";
import type { StatusMarker } from "../../../report/status-marker.ts";
import { done, refused, type Asked, type Outcome } from "./command-outcome.ts";
import { cancelRuns } from "../runs/cancel-runs.ts";
import { endedView } from "../runs/run-ending.ts";
import { ourTitle, readProgress, writeEnd } from "../runs/run-report.ts";
import type { StartTools } from "../starting/start.ts";
import { openStatusBoard, type Status } from "../runs/status-board.ts";
import type { Workplace } from "../workplace.ts";

export async function cancelAsked(tools: StartTools, { event, stage: { here } }: Asked): Promise<Outcome> {
  const board = openStatusBoard(here, tools, event.issueNumber);
  const status = await board.read();
  if (status === null) return refused({ message: "WorkTrain has no status here, so there is nothing to cancel.", fix: "See the repository's Actions page for runs.", details: [] });
  const { marker } = status;
  // Written before what it would end was asked for: a repeated delivery, or a late one (attack 3).
  if (Date.parse(event.createdAt) < Date.parse(marker.labelledAt)) return refused({ message: "The command was written before the present run was asked for.", fix: "Write it again, if that one is to end.", details: [] });
  const runId = await cancelRuns(here, tools, { board, status });
  if (runId === null) return (await dropNextTry(here, tools, { status, by: event.author.login })) ? done() : refused(nothingRuns(marker));
  return { ...done(), runId };
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
  const { pullRequests } = await readStatusState(here.github, here.repository, { issueNumber: marker.issueNumber, branch: ownBranch(title.item) });
  const view = await endedView(here, { run, title, progress: await readProgress(here, run, title), marker, pullRequests });
  await writeEnd(here, tools, status, { run, view: { ...view, onward: { kind: "waits", reason: `\`${by}\` cancelled it in a comment` } } });
  return true;
}
