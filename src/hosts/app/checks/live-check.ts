/**
 * The App's check run on the head of a pull request that is reviewed: made when the review is dispatched, kept up while it goes on, closed
 * when it is over.
 *
 * Where the deliver job publishes as the App, it gives its verdict in this very check run (`WorkTrain`, found by the dispatch key). With
 * `GITHUB_TOKEN` it cannot, since only the App that made a check run can change it (P-check-buttons): it makes its own, and this one is
 * called `WorkTrain progress` and vouches for nothing.
 * I4. It is never green: only the deliver job's verdict is. I9. Under the name that a rule can require, a review that was not made never
 * ends neutral, which GitHub counts as passed.
 */
import { readOwnCheckRun, readOwnCheckRuns, readPullUnderReview, type OwnCheckRun } from "../../../github/read/index.ts";
import { changeCheckEffect, checkRunEffect, isSuperseded, supersededCheck, type CheckActionName, type CheckConclusion, type CheckRunChange } from "../../../github/write/index.ts";
import { CHECK_NAME, isOwnCheck, PROGRESS_CHECK_NAME, type EndingCode } from "../../../record/index.ts";
import { quote } from "../../../report/markdown.ts";
import { statusOutput, type StatusView } from "../../../report/status-comment.ts";
import { isAtWork, type StatusMarker } from "../../../report/status-marker.ts";
import { deliversAsApp, type PublishesAsApp } from "../exchange/deliver-job.ts";
import { hearsClicks, orLogged, type AppTools, type Workplace } from "../workplace.ts";

export interface CheckTools extends AppTools {
  /** Where deliver jobs get tokens of the App; null or absent where none are exchanged. */
  readonly exchange?: PublishesAsApp | null;
}

type EndedView = Extract<StatusView, { kind: "ended" }>;

/** The check run of the review before that the next one goes on with: it is open, and of the same commit. One of another commit is closed. */
export async function keepLiveCheck(place: Workplace, tools: CheckTools, before: StatusMarker | null, head: string): Promise<number | undefined> {
  if (before?.check === undefined || !isOpen(before)) return undefined;
  if (before.head === head) return before.check;
  const { check } = before;
  await onCheck(place, tools, () => supersede(place, tools, { id: check, headNow: head }));
  return undefined;
}

export interface CheckOpening {
  /** As it will be written: with the review's head and key, and the check run that it goes on with. */
  readonly marker: StatusMarker;
  readonly view: Extract<StatusView, { kind: "waiting" }>;
  /** The workflow file on the default branch. */
  readonly workflowText: string | null;
}

/** The check run of a review that was just dispatched; undefined where none could be made, which the review does not hang on. */
export async function openLiveCheck(place: Workplace, tools: CheckTools, { marker, view, workflowText }: CheckOpening): Promise<number | undefined> {
  const { head, key, check: kept } = marker;
  if (head === undefined || key === null) return undefined;
  const details = view.runUrl === null ? {} : { detailsUrl: view.runUrl };
  return onCheck(place, tools, async () => {
    if (kept !== undefined && (await change(place, tools, kept, { status: "queued", externalId: key, ...details, ...statusOutput(marker, view) }))) return kept;
    const name = deliversAsApp(workflowText, tools.exchange ?? null) ? CHECK_NAME : PROGRESS_CHECK_NAME;
    const made = await tools.effects.apply(checkRunEffect(place.github, place.repository, { appId: tools.author.appId, name, headSha: head, externalId: key, conclusion: null, annotations: [], ...details, ...statusOutput(marker, view) }));
    return Number(made.id);
  });
}

/** Nobody has closed the check run that the comment names: its review goes on, or is tried again by itself. */
const isOpen = (marker: StatusMarker): boolean => isAtWork(marker) || (marker.state === "interrupted" && marker.due !== undefined);

/**
 * Brings the check run up to what the status comment says, as long as the verdict is not there. Once the agent job has come to its end the
 * deliver job is about to give it, and nothing is written any more: GitHub would take a check run back from it that is completed.
 */
export async function showOnCheck(place: Workplace, tools: CheckTools, marker: StatusMarker, view: Extract<StatusView, { kind: "waiting" | "running" }>): Promise<void> {
  const { check } = marker;
  if (check === undefined || (view.kind === "running" && view.progress !== null && view.progress.ending !== null)) return;
  await onCheck(place, tools, async () => {
    const shown = await readOwnCheckRun(place.github, place.repository, { id: check, appId: tools.author.appId });
    if (shown !== null && shown.status !== "completed") await change(place, tools, check, { status: view.kind === "running" ? "in_progress" : "queued", ...statusOutput(marker, view) });
  });
}

/** The run is over: what is tried again by itself waits, anything else is closed as what it is. */
export async function closeLiveCheck(place: Workplace, tools: CheckTools, marker: StatusMarker, view: EndedView): Promise<void> {
  const { check } = marker;
  if (check === undefined) return;
  await closing(place, tools, async () => {
    if (view.onward?.kind === "tries-again") return void (await change(place, tools, check, { status: "queued", ...statusOutput(marker, view) }));
    const shown = await readOwnCheckRun(place.github, place.repository, { id: check, appId: tools.author.appId });
    if (shown !== null) await close(place, tools, { shown, marker, view });
  });
}

/** The review does not go on, and no run of it is there to tell of. */
export async function dropLiveCheck(place: Workplace, tools: CheckTools, { check }: StatusMarker, { message, fix }: { readonly message: string; readonly fix: string }): Promise<void> {
  if (check !== undefined) await onCheck(place, tools, () => change(place, tools, check, { status: "completed", conclusion: "action_required", title: "The review did not go on", summary: `${quote(message)}\n\n**What to do:** ${fix}`, actions: [] }));
}

/** No run goes on with the review that has the check run: it says so, or which commit is the head by now. */
export async function endLiveCheck(place: Workplace, tools: CheckTools, { before, headNow, refusal }: { readonly before: StatusMarker; readonly headNow: string; readonly refusal: { readonly message: string; readonly fix: string } }): Promise<void> {
  if ((await keepLiveCheck(place, tools, before, headNow)) !== undefined) await dropLiveCheck(place, tools, before, refusal);
}

/** As `closeLiveCheck`, where the status comment, which names the check run, was deleted for good: it is looked for on the present head. */
export async function closeForgottenCheck(place: Workplace, tools: CheckTools, marker: StatusMarker, view: EndedView): Promise<void> {
  await closing(place, tools, async () => {
    const pull = await readPullUnderReview(place.github, place.repository, marker.issueNumber);
    const checks = pull === null ? [] : await readOwnCheckRuns(place.github, place.repository, { sha: pull.headSha, appId: tools.author.appId });
    for (const shown of checks.filter(({ name, externalId }) => isOwnCheck(name) && externalId === marker.key)) await close(place, tools, { shown, marker, view });
  });
}

async function close(place: Workplace, tools: CheckTools, { shown, marker, view }: { readonly shown: OwnCheckRun; readonly marker: StatusMarker; readonly view: EndedView }): Promise<void> {
  // The deliver job has given its verdict, or another look has closed it.
  if (shown.status === "completed") return;
  const pull = await readPullUnderReview(place.github, place.repository, marker.issueNumber);
  const told = shown.name === PROGRESS_CHECK_NAME && view.ending === "reviewed";
  if (!told && pull !== null && pull.headSha !== shown.headSha) return supersede(place, tools, { id: shown.id, headNow: pull.headSha });
  const { title, summary } = statusOutput(marker, view);
  const where = view.ending === "reviewed" ? `The verdict stands in the review itself, and in the check run \`${CHECK_NAME}\` that the run's deliver job made.\n\n` : "";
  await change(place, tools, shown.id, { status: "completed", conclusion: told ? "neutral" : conclusionOf(view.ending), title, summary: where + summary, actions: buttonsOf(view) });
}

/** Never one that counts as passed. What needs a person's word, or a person's cure, says so. */
function conclusionOf(ending: EndingCode): CheckConclusion {
  if (ending === "cancelled") return "cancelled";
  return ending === "time-limit" ? "timed_out" : "action_required";
}

/** Without a saved segment there is no record to explain. */
const buttonsOf = ({ progress, ending }: EndedView): readonly CheckActionName[] => [...(ending === "awaiting-approval" && progress?.gate !== null && progress !== null ? (["approve"] as const) : []), ...(progress === null ? [] : (["explain"] as const))];

/** @param conclusion that it has; null or absent for none */
async function supersede(place: Workplace, tools: CheckTools, { id, headNow, conclusion = null }: { readonly id: number; readonly headNow: string; readonly conclusion?: string | null }): Promise<void> {
  const now = `the head is ${headNow}.${conclusion === null ? " Its review did not come to an end." : ""}`;
  await change(place, tools, id, { status: "completed", actions: [], ...supersededCheck({ conclusion, headNow, now }) });
}

/** A check run that was found on a commit which is not the head any more. One that counts as passed turns neutral, any other stays so. */
export async function closeStale(place: Workplace, tools: CheckTools, { id, headNow }: { readonly id: number; readonly headNow: string }): Promise<void> {
  await onCheck(place, tools, async () => {
    const shown = await readOwnCheckRun(place.github, place.repository, { id, appId: tools.author.appId });
    if (shown === null || isSuperseded(shown.title)) return;
    await supersede(place, tools, { id, headNow, conclusion: shown.conclusion });
  });
}

/** False where GitHub does not take it: the check run is gone, or not ours. */
const change = async (place: Workplace, tools: CheckTools, id: number, wish: CheckRunChange): Promise<boolean> =>
  (await orLogged(place, tools, { what: `check run ${id} could not be changed`, again: wish.status === "completed" }, () => tools.effects.apply(changeCheckEffect(place.github, place.repository, id, wish)))) !== undefined;

/** The review goes on without its check run. */
const onCheck = async <T>(place: Workplace, tools: CheckTools, work: () => Promise<T>): Promise<T | undefined> => (hearsClicks(tools) ? orLogged(place, tools, { what: LEFT_BEHIND }, work) : undefined);

/** One that stays open would hold up what requires it: it is closed by the next look where GitHub has an outage now. */
const closing = async (place: Workplace, tools: CheckTools, work: () => Promise<void>): Promise<void> => (hearsClicks(tools) ? orLogged(place, tools, { what: LEFT_BEHIND, again: true }, work) : undefined);
const LEFT_BEHIND = "a review's check run could not be kept up";
