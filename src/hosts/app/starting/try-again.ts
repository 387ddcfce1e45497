/** What comes due without anybody's asking: an attempt whose model could not be reached, and a dispatch that never was. */
import { findItemRuns, ownBranch, readRun, readStatusState } from "../../../github/read/index.ts";
import { WORKFLOW_FILE } from "../../../intake/index.ts";
import { dropLiveCheck } from "../checks/live-check.ts";
import { goOnUnasked } from "./go-on-unasked.ts";
import { endedView } from "../runs/run-ending.ts";
import { ourTitle, readProgress, reportRun, writeEnd } from "../runs/run-report.ts";
import type { StartTools } from "./start.ts";
import { openStatusBoard } from "../runs/status-board.ts";
import type { Workplace } from "../workplace.ts";

/**
 * The time has come that the status comment named (fault 63): tries again, or writes there why not.
 * @returns the run that goes on; null when there is none
 */
export async function tryAgain(place: Workplace, tools: StartTools, issueNumber: number): Promise<number | null> {
  const board = openStatusBoard(place, tools, issueNumber);
  const status = await board.read();
  const { state, due, runId } = status?.marker ?? {};
  // Read anew: another replica or a person may have been faster.
  if (status === null || state !== "interrupted" || due === undefined || Date.parse(due) > tools.clock.nowMs()) return null;
  const goingOn = await goOnUnasked(place, tools, { status, because: "outage" });
  if (goingOn.kind === "handled") return goingOn.runId;
  const run = runId === null || runId === undefined ? null : await readRun(place.github, place.repository, runId);
  const title = run === null ? null : ourTitle(place, run);
  if (run === null || title === null) {
    // The run was deleted, and with it what would be gone on from.
    const refusal = { message: `The run that had saved the work is not there any more, and ${goingOn.reason}.`, fix: "Remove the label and add it again for a new attempt.", details: [] };
    await dropLiveCheck(place, tools, status.marker, refusal);
    await board.write(status, { ...status.marker, state: "ended", due: undefined }, { kind: "refused", ...refusal });
    return null;
  }
  const { pullRequests } = await readStatusState(place.github, place.repository, { issueNumber, branch: ownBranch(title.item) });
  const view = await endedView(place, { run, title, progress: await readProgress(place, run, title), marker: status.marker, pullRequests });
  await writeEnd(place, tools, status, { run, view: { ...view, onward: { kind: "waits", reason: goingOn.reason } } });
  return null;
}

/**
 * The App ended after it had said that it starts a run, and before it heard of one: dispatches it now, with the same key, so that a run
 * that did start is found (fault 32).
 * @returns the run; null when there is none
 */
export async function startAgain(place: Workplace, tools: StartTools, issueNumber: number): Promise<number | null> {
  const board = openStatusBoard(place, tools, issueNumber);
  const status = await board.read();
  const { marker } = status ?? {};
  if (status === null || marker === undefined || marker.runId !== null || (marker.state !== "starting" && marker.state !== "waiting")) return null;
  const refuse = async (message: string, fix: string): Promise<null> => {
    await board.write(status, { ...marker, state: "refused" }, { kind: "refused", message, fix, details: [] });
    return null;
  };
  if (marker.command !== undefined) {
    // GitHub may have taken the dispatch all the same; of several the first counts.
    const run = marker.key === null ? undefined : (await findItemRuns(place.github, place.repository, { workflow: WORKFLOW_FILE, word: marker.key })).findLast((each) => ourTitle(place, each) !== null);
    if (run !== undefined) {
      await reportRun(place, tools, run.id);
      return run.id;
    }
    // What the command said is not known any more.
    return refuse("WorkTrain's App was ended before it could start the run that a command asked for.", "Write the command again.");
  }
  const goingOn = await goOnUnasked(place, tools, { status, because: "not-started" });
  if (goingOn.kind === "handled") return goingOn.runId;
  return refuse(`WorkTrain's App was ended before it could start the run, and it is not started now: ${goingOn.reason}.`, "Remove the label and add it again.");
}
