/**
 * A person has taken the work back, by taking the start label off the issue or by closing it: what was delivered is not merged by itself any more,
 * and what is at work ends.
 *
 * I9. What a bot armed is disarmed, of whichever attempt; what a person armed is the person's. It stays disarmed when the label is set again, which
 * asks for a new attempt.
 * So does a run that works once more on a delivery that a person closes.
 * A run ends only where the label is still off at the next look (fault 26): it may have been taken off to be set again. What was saved is kept.
 */
import { branchOfIssue, findPullRequests, readOpenDeliveries } from "../../../github/read/index.ts";
import { DEFAULT_LABEL, type DeliveredHead, type TakenBackEvent } from "../../../intake/index.ts";
import { isAtWork } from "../../../report/status-marker.ts";
import { configuredLabels } from "../kept-config.ts";
import type { LookTools } from "../runs/look-at-run.ts";
import { cancelRuns } from "../runs/cancel-runs.ts";
import { openStatusBoard, type Status } from "../runs/status-board.ts";
import { hasLabel } from "../starting/asked-otherwise.ts";
import { setStage, type Stage } from "../starting/stage.ts";
import { hearsClicks, subjectOf, type Workplace } from "../workplace.ts";
import { disarmAndTell } from "./disarm.ts";

/** Whether it may be about the label that starts work: one that no configuration names which this process has read costs no request. What is missed by that a look finds. */
export const mayTakeBack = ({ labels }: TakenBackEvent): boolean => [DEFAULT_LABEL, ...configuredLabels()].some((label) => hasLabel({ labels }, label));

/** @param attempt one that is known to have something armed; others are known by the status comment */
export function takenBackSoon(place: Workplace, tools: LookTools, { issueNumber, attempt = 0 }: { readonly issueNumber: number; readonly attempt?: number }): void {
  // A job of the repository's own may disarm nothing.
  if (!hearsClicks(tools)) return;
  tools.queue.add(subjectOf(place.repositoryId, issueNumber), { name: "hearing that work is taken back", coalesce: `taken back ${attempt}`, run: () => disarmTakenBack(place, tools, { issueNumber, attempt }) });
}

/** More than one query asks for (`readOpenDeliveries`) are none that anybody waits for. */
const MOST_ATTEMPTS = 50;

interface TakenBackState extends Pick<Stage, "here" | "issue"> {
  readonly label: string;
  readonly status: Status | null;
}

/** Null where it is not taken back, as far as GitHub tells. */
async function readTakenBack(place: Workplace, tools: LookTools, issueNumber: number): Promise<TakenBackState | null> {
  const stage = await setStage(place, issueNumber);
  if (stage === null) return null;
  const { here, issue, config, comments } = stage;
  // Which label starts work is not known then.
  if (config === "missing" || !config.ok) return null;
  const { label } = config.value;
  if (issue !== null && issue.open && hasLabel(issue, label)) return null;
  return { here, issue, label, status: await openStatusBoard(here, tools, issueNumber).readShown(comments) };
}

/** What is at work on it at the next look, if it is taken back still. */
function endWhatRuns(place: Workplace, tools: LookTools, issueNumber: number): void {
  const subject = subjectOf(place.repositoryId, issueNumber);
  tools.follower.follow(`taken back ${subject}`, (signal) =>
    tools.queue.run(subject, async () => {
      const state = signal.aborted ? null : await readTakenBack(place, tools, issueNumber);
      const status = state?.status ?? null;
      if (state !== null && status !== null && status.marker.cancel === undefined && !(await isOver(state, status))) await endRuns(state.here, tools, { issueNumber, status });
      return "over" as const;
    }),
  );
}

/** Its pull request is merged, which closes the issue as well: the run that had it merged still says so. */
async function isOver({ here, issue }: TakenBackState, { marker }: Status): Promise<boolean> {
  if (issue?.open === true) return false;
  const pulls = await findPullRequests(here.github, here.repository, branchOfIssue(marker));
  return pulls.some(({ merged, headRepositoryId }) => merged && headRepositoryId === here.repositoryId);
}

/** A person has closed what an attempt delivered: a run that works on it once more ends, if it is closed still at the next look. */
export function closedSoon(place: Workplace, tools: LookTools, { issueNumber, attempt }: Pick<DeliveredHead, "issueNumber" | "attempt">): void {
  if (!hearsClicks(tools)) return;
  const subject = subjectOf(place.repositoryId, issueNumber);
  tools.follower.follow(`closed ${subject}`, (signal) =>
    tools.queue.run(subject, async () => {
      const status = signal.aborted ? null : await openStatusBoard(place, tools, issueNumber).read();
      if (status !== null && status.marker.attempt === attempt && status.marker.cancel === undefined && (await worksOnClosed(place, status))) await endRuns(place, tools, { issueNumber, status });
      return "over" as const;
    }),
  );
}

/** One that was merged is over: the run says so itself. */
async function worksOnClosed({ github, repository, repositoryId }: Workplace, { marker }: Status): Promise<boolean> {
  if (marker.followUp === undefined || !isAtWork(marker)) return false;
  const pulls = (await findPullRequests(github, repository, branchOfIssue(marker))).filter(({ headRepositoryId }) => headRepositoryId === repositoryId);
  return pulls.length > 0 && pulls.every(({ open, merged }) => !open && !merged);
}

async function endRuns(here: Workplace, tools: LookTools, { issueNumber, status }: { readonly issueNumber: number; readonly status: Status }): Promise<void> {
  const runId = await cancelRuns(here, tools, { board: openStatusBoard(here, tools, issueNumber), status });
  if (runId !== null) tools.log.info("work taken back: its run is ended", { repository: here.repositoryId, issue: issueNumber, run: runId });
}

async function disarmTakenBack(place: Workplace, tools: LookTools, { issueNumber, attempt }: { readonly issueNumber: number; readonly attempt: number }): Promise<void> {
  const state = await readTakenBack(place, tools, issueNumber);
  if (state === null) return;
  const { here, issue, label, status } = state;
  if (status !== null && status.marker.state !== "ended") endWhatRuns(place, tools, issueNumber);
  const newest = Math.max(attempt, status?.marker.attempt ?? 0);
  const branches = Array.from({ length: Math.min(newest, MOST_ATTEMPTS) }, (_, before) => branchOfIssue({ issueNumber, attempt: newest - before }));
  for (const { armed, number: pullNumber, branch, headSha } of await readOpenDeliveries(here.github, { ...here.repository, id: here.repositoryId }, { branches, said: true })) {
    if (!armed) continue;
    const why = issue?.open === false ? "The issue is closed" : `The issue does not have the label \`${label}\``;
    const { left } = await disarmAndTell(here, tools, { issueNumber, pullNumber, branch, headSha, about: "taken-back", refusal: { message: `${why}: the work is taken back.`, fix: `Merge #${pullNumber} on GitHub yourself, if it is to be merged. For a new attempt set the label${issue?.open === false ? " on the reopened issue" : ""} again.` } });
    tools.log.info("work taken back: its delivery is not merged", { repository: here.repositoryId, issue: issueNumber, pullRequest: pullNumber, armed: left });
  }
}
