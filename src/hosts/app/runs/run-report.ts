/**
 * Brings an issue's status comment up to what a run's artifact names and conclusion say now. Asks GitHub, not the event:
 * late, early and repeated events come to the same (fault 27), and a final comment is never turned back.
 */
import { findItemRuns, listRunArtifacts, ownBranch, readPullUnderReview, readRun, readStatusState, type RunFacts } from "../../../github/read/index.ts";
import { MOST_TRIES, nextTry, WORKFLOW_FILE, WORKFLOW_PATH } from "../../../intake/index.ts";
import { longestUnsavedMs } from "../../../journal/autosave.ts";
import { formatItemId, formatKeptName, parseSegmentName } from "../../../record/index.ts";
import { progressOf, type Onward, type Progress } from "../../../report/status-comment.ts";
import { formatStatusMarker, type StatusMarker } from "../../../report/status-marker.ts";
import { askOnHead } from "../checks/asks-on-head.ts";
import { closeForgottenCheck, closeLiveCheck, showOnCheck } from "../checks/live-check.ts";
import { askPersonAt } from "./ask-person.ts";
import { endByForce } from "./end-by-force.ts";
import { endedView, isInterrupted, wasCutOff, type EndedView } from "./run-ending.ts";
import { parseRunTitle, type RunTitle } from "./run-title.ts";
import { deliveredHead } from "../starting/follow-up.ts";
import { isWantedStill, startReview } from "../starting/start-review.ts";
import { openStatusBoard, type Status, type StatusBoard } from "./status-board.ts";
import { goOnUnasked } from "../starting/go-on-unasked.ts";
import type { StartTools } from "../starting/start.ts";
import type { Workplace } from "../workplace.ts";

/** A job that stores only its end any more is told of all the same. */
const LONGEST_UNSAVED_MS = 40 * 60_000;

/** `still`: it goes on, and nothing has changed. `over`: nothing more will come of this run, or it is none of ours. `goesOnIn`: another run goes on with its work. */
export type RunOutlook = "going" | "still" | "over" | { readonly goesOnIn: number };

/** @param wanted `changes`: the comment is edited when phase or step changes. `all`: somebody asked, so the cost is brought up to date as well */
export async function reportRun(place: Workplace, tools: StartTools, runId: number, wanted: "changes" | "all" = "changes"): Promise<RunOutlook> {
  const run = await readRun(place.github, place.repository, runId);
  const title = run === null ? null : ourTitle(place, run);
  if (run === null || title === null) return "over";
  const board = openStatusBoard(place, tools, title.issueNumber);
  const state = await readStatusState(place.github, place.repository, { issueNumber: title.issueNumber, branch: ownBranch(title.item) });
  // GraphQL has no issue of a pull request's number: its comments are read by REST.
  const status = title.item.subject.startsWith("pr-") ? await board.read() : await board.readShown(state.comments);
  if (status === null) return untold(place, tools, { run, title });
  if (!(await isAbout(place, status, run, title))) return "over";
  const { marker } = status;
  // A final word stays: what a re-run says of itself is that it does not act (fault 24).
  if (marker.state === "ended" || marker.state === "interrupted") return "over";

  const progress = await readProgress(place, run, title);
  if (run.status !== "completed") {
    const changed = await showProgress({ place, tools, board, status, run, progress }, wanted);
    await endByForce(place, tools, marker, run.id);
    // What was asked to end is ended by force at a time of its own.
    return changed || marker.cancel !== undefined ? "going" : "still";
  }
  const view = await endedView(place, { run, title, progress, marker, pullRequests: state.pullRequests });
  let onward: Onward | undefined = view.ending === "model-unavailable" ? await afterOutage(place, tools, marker) : undefined;
  // Who cancelled it wants no other run in its place.
  if (marker.cancel === undefined && (await wasCutOff(place, run, view))) {
    // Before the comment says that it is over: an App that dies in between finds it as it was and goes on later.
    const goingOn = await goOnUnasked(place, tools, { status: { ...status, marker: withRun(marker, run) }, because: "cut-off", kept: keptOf(view) });
    if (goingOn.kind === "handled") return goingOn.runId === null ? "over" : { goesOnIn: goingOn.runId };
    onward = { kind: "waits", reason: goingOn.reason };
  }
  // Before the comment says that it is over: nobody looks at the run any more then.
  await askPersonAt(place, tools, { issueNumber: title.issueNumber, runUrl: run.htmlUrl, runId: run.id, ending: view.ending });
  await writeEnd(place, tools, status, { run, view: { ...view, onward } });
  tools.log.info("run ended", { repository: place.repositoryId, issue: title.issueNumber, run: run.id, ending: view.ending });
  const next = title.item.subject.startsWith("pr-") ? await reviewNewHead(place, tools, { marker, run }) : null;
  return next === null ? "over" : { goesOnIn: next };
}

/** Pushes while a review ran asked for one more, at the head that is there now; in the name of who asked for the one before. */
async function reviewNewHead(place: Workplace, tools: StartTools, { marker, run }: { readonly marker: StatusMarker; readonly run: RunFacts }): Promise<number | null> {
  const pull = marker.by === undefined || marker.by === null || marker.head === undefined || marker.cancel !== undefined ? null : await readPullUnderReview(place.github, place.repository, marker.issueNumber);
  if (pull === null || marker.by === undefined || marker.by === null || pull.headSha === marker.head) return null;
  const event = { repository: { id: place.repositoryId, ...place.repository }, issueNumber: marker.issueNumber, label: "", sender: marker.by, task: { title: pull.title, body: pull.body }, labelledAt: new Date(tools.clock.nowMs()).toISOString() };
  return startReview(place, tools, { cause: "push", event, headSha: null, deliveryId: `run-${run.id}` });
}

/** The check run first: what an App leaves that dies in between is looked at again, as the comment still says that it goes on. */
export async function writeEnd(place: Workplace, tools: StartTools, { comment, marker }: Status, { run, view }: { readonly run: RunFacts; readonly view: EndedView }): Promise<void> {
  const asks = marker.head === undefined ? await askOnDelivered(place, tools, { marker, view }) : undefined;
  if (marker.head !== undefined) await closeLiveCheck(place, tools, marker, view);
  const due = view.onward?.kind === "tries-again" ? view.onward.at : undefined;
  await openStatusBoard(place, tools, marker.issueNumber).write({ comment, marker }, { ...withRun(marker, run), stale: undefined, state: isInterrupted(view) ? "interrupted" : "ended", at: atOf(view.progress) ?? marker.at, due, check: asks ?? marker.check }, view);
}

/** A check run on what the item delivered before, where the work on it stopped at a gate. */
async function askOnDelivered(place: Workplace, tools: StartTools, { marker, view }: { readonly marker: StatusMarker; readonly view: EndedView }): Promise<number | undefined> {
  if (view.ending !== "awaiting-approval" || view.pullRequest === null) return undefined;
  const delivered = await deliveredHead({ here: place, facts: { id: place.repositoryId } }, marker);
  return delivered === null ? undefined : askOnHead(place, tools, { marker, view, headSha: delivered.headSha });
}

/** Only in the name of somebody who asked for it, and while it is asked for still. */
async function afterOutage(place: Workplace, tools: StartTools, marker: StatusMarker): Promise<Onward> {
  const { tries = 0, by, cancel, head } = marker;
  if (cancel !== undefined) return { kind: "waits", reason: "a comment cancelled it" };
  if (by === undefined || by === null) return { kind: "waits", reason: "it is not known any more who asked for it" };
  const next = nextTry(tries, tools.clock.nowMs());
  if (next === null) return { kind: "waits", reason: `it was tried ${MOST_TRIES} times in a row` };
  if (head !== undefined && !(await isWantedStill(place, marker))) return { kind: "waits", reason: "no command asked for it, and this pull request does not have the label" };
  return { kind: "tries-again", ...next };
}

/** What a run that was lost had saved. */
const keptOf = ({ progress, ending }: EndedView): string | undefined => (ending === "lost" ? (progress?.asOf ?? undefined) : undefined);

export function ourTitle(place: Workplace, run: RunFacts): RunTitle | null {
  if (run.path !== WORKFLOW_PATH || run.event !== "workflow_dispatch" || run.repositoryId !== place.repositoryId) return null;
  const title = parseRunTitle(run.displayTitle);
  return title?.item.repositoryId === place.repositoryId ? title : null;
}

/** Of several runs with one key the lowest id counts (fault 32); a run dispatched by hand has a key we never gave. */
async function isAbout(place: Workplace, { marker }: Status, run: RunFacts, title: RunTitle): Promise<boolean> {
  if (marker.key !== title.key || marker.attempt !== title.item.attempt) return false;
  if (marker.runId !== null) return marker.runId === run.id;
  const runs = await findItemRuns(place.github, place.repository, { workflow: WORKFLOW_FILE, word: title.key });
  return runs.every((other) => other.id >= run.id);
}

/** What a run's artifact names say; null when it has saved none. */
export async function readProgress(place: Workplace, run: Pick<RunFacts, "id">, { item: itemName }: Pick<RunTitle, "item">): Promise<Progress | null> {
  const item = formatItemId(itemName);
  const artifacts = await listRunArtifacts(place.github, place.repository, run.id);
  const progress = progressOf(
    artifacts.flatMap((artifact) => {
      const name = parseSegmentName(artifact.name);
      return name !== null && name.runId === run.id && name.runAttempt === 1 && formatItemId(name.item) === item ? [{ name, createdAt: artifact.createdAt }] : [];
    }),
  );
  const preview = formatKeptName({ item: itemName, runId: run.id, what: "staged" });
  // A deliver job that publishes saves a part of its own; one that only shows does not.
  const staged = progress !== null && progress.at.phase !== "deliver" && artifacts.some(({ name }) => name === preview);
  return staged ? { ...progress, staged } : progress;
}

interface Scene {
  readonly place: Workplace;
  readonly tools: StartTools;
  readonly board: StatusBoard;
  readonly status: Status;
  readonly run: RunFacts;
  readonly progress: Progress | null;
}

/**
 * Edits only when the run begins, phase or step changes, or it saves no more or again: GitHub limits how much an App may write
 * (P-rate-limits).
 * @returns whether there was something to show
 */
async function showProgress({ place, tools, board, status, run, progress }: Scene, wanted: "changes" | "all"): Promise<boolean> {
  const running = run.status === "in_progress";
  const mayEdit = (): boolean => wanted === "all" || tools.edits.take(place.repository.owner);
  const marker: StatusMarker = { ...withRun(status.marker, run), state: running ? "running" : "waiting", at: atOf(progress), stale: running ? staleSince(progress, tools.clock.nowMs()) : undefined };
  if (wanted === "changes" && formatStatusMarker(marker) === formatStatusMarker(status.marker)) return false;
  // A step that is not shown now is shown by a later look.
  if (!mayEdit()) return true;
  const view = running ? { kind: "running" as const, runUrl: run.htmlUrl, progress } : { kind: "waiting" as const, runUrl: run.htmlUrl };
  if (marker.check !== undefined && mayEdit()) await showOnCheck(place, tools, marker, view);
  await board.write(status, marker, view);
  return true;
}

/** The status comment was deleted for good: a review is followed to its end all the same, and its check run closed. */
async function untold(place: Workplace, tools: StartTools, { run, title }: { readonly run: RunFacts; readonly title: RunTitle }): Promise<RunOutlook> {
  if (!title.item.subject.startsWith("pr-")) return "over";
  if (run.status !== "completed") return "still";
  const marker: StatusMarker = { issueNumber: title.issueNumber, attempt: title.item.attempt, continuation: 0, key: title.key, state: "ended", runId: run.id, labelledAt: run.createdAt, at: null, recreated: true };
  const view = await endedView(place, { run, title, progress: await readProgress(place, run, title), marker, pullRequests: [] });
  await closeForgottenCheck(place, tools, marker, view);
  return "over";
}

/** Where the newest segment is older than saving should let it become: since when nothing is saved (fault 14). A run that has come to its end saves no more. */
function staleSince(progress: Progress | null, nowMs: number): string | undefined {
  if (progress === null || progress.asOf === null || progress.ending !== null) return undefined;
  const longestMs = Math.min(longestUnsavedMs(progress.segments), LONGEST_UNSAVED_MS);
  return nowMs - Date.parse(progress.asOf) > longestMs ? progress.asOf : undefined;
}

const withRun = (marker: StatusMarker, run: RunFacts): StatusMarker => ({ ...marker, runId: run.id });
const atOf = (progress: Progress | null): string | null => {
  if (progress === null) return null;
  return progress.gate === null ? `${progress.at.phase}.${progress.at.step}` : `${progress.gate.phase}.${progress.gate.name}`;
};
