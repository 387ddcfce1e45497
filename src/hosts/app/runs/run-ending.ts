/** What a run that is over came to, by its artifacts' names, its jobs and what is on GitHub (I4). */
import { findPullRequests, listRunJobs, ownBranch, readCommitMessage, type RunFacts, type StatusState } from "../../../github/read/index.ts";
import { readTrailers, type EndingCode } from "../../../record/index.ts";
import { ENDING_WORDS } from "../../../report/ending-words.ts";
import type { Progress, StatusView } from "../../../report/status-comment.ts";
import type { StatusMarker } from "../../../report/status-marker.ts";
import type { Workplace } from "../workplace.ts";
import type { RunTitle } from "./run-title.ts";

export type EndedView = Extract<StatusView, { kind: "ended" }>;

export async function endedView(
  place: Workplace,
  { run, title, progress, marker, pullRequests: shown }: { readonly run: RunFacts; readonly title: RunTitle; readonly progress: Progress | null; readonly marker: StatusMarker; readonly pullRequests: StatusState["pullRequests"] },
): Promise<EndedView> {
  const pullRequests = shown ?? (await findPullRequests(place.github, place.repository, ownBranch(title.item))).filter(({ headRepositoryId }) => headRepositoryId === place.repositoryId);
  const wanted = progress?.ending ?? endingOf(run);
  const delivery = wanted === "ready" || wanted === "reviewed" ? await deliveryOf(place, run, progress) : "whole";
  // A review that is not posted is none (I4).
  const said = wanted === "reviewed" && delivery === "broken-off" ? "ready" : wanted;
  const there = said === "ready" || said === "fenced" ? await whatIsThere(place, { said, title, progress, marker, pullRequests }) : undefined;
  // Whoever merged or closed it meanwhile has decided what becomes of it, and nothing more belongs there (fault 51).
  const isDecided = delivery === "broken-off" && pullRequests.some(({ number, open }) => number === there?.number && !open);
  const made = delivery === "whole" || isDecided ? there : undefined;
  // What was asked for is there: the run that was first made it.
  const ending = said === "fenced" && made !== undefined ? "ready" : said;
  const missing = ending === "ready" && made === undefined;
  const pullRequest = missing ? undefined : pullRequests[0];
  const begun = missing ? pullRequests.find(({ number }) => number === there?.number) : undefined;
  return {
    kind: "ended",
    runUrl: run.htmlUrl,
    progress,
    ending,
    pullRequest: pullRequest === undefined ? null : { number: pullRequest.number, url: pullRequest.htmlUrl },
    ...(begun === undefined ? {} : { begun: { number: begun.number, url: begun.htmlUrl, ...(delivery === "broken-off" ? { brokenOff: true as const } : {}) } }),
    deliverUrl: missing ? await deliverJobUrl(place, run) : null,
    unsaid: wanted !== "ready" && wanted !== "reviewed" && progress !== null && progress.ending !== null && (await wasDeliverLost(place, run, progress)) ? true : undefined,
    notBegun: said === "lost" && progress === null ? await whyNotBegun(place, run) : undefined,
  };
}

/** Whether the run's agent job never started; undefined where it did, and what it met is in its log. */
async function whyNotBegun(place: Workplace, run: RunFacts): Promise<EndedView["notBegun"]> {
  const agent = (await listRunJobs(place.github, place.repository, run.id)).find(({ name }) => name === "agent");
  if (agent === undefined) return "refused";
  return agent.conclusion === "skipped" ? "skipped" : undefined;
}

/**
 * What became of the deliver job (fault 56). `broken-off`: it was lost, or GitHub had an outage, and any of what it publishes may be missing. One
 * that could not save its part of the record has published all the same where GitHub shows it green.
 */
async function deliveryOf(place: Workplace, run: RunFacts, progress: Progress | null): Promise<"whole" | "refused" | "broken-off"> {
  if (progress?.at.phase === "deliver") return progress.at.step === "refused" ? "refused" : progress.at.step === "failed" ? "broken-off" : "whole";
  return run.conclusion === "success" || (await deliverConclusion(place, run)) === "success" ? "whole" : "broken-off";
}

/** Whether the deliver job began, and ended without a word. Without one, or where it was not to speak, the status comment alone tells the end. */
async function wasDeliverLost(place: Workplace, run: RunFacts, { at }: Progress): Promise<boolean> {
  if (at.phase === "deliver") return at.step === "failed";
  if (run.conclusion === "success") return false;
  const conclusion = await deliverConclusion(place, run);
  return conclusion !== null && conclusion !== "success" && conclusion !== "skipped";
}

/** Null where the run has no such job. */
async function deliverConclusion(place: Workplace, run: RunFacts): Promise<string | null> {
  return (await listRunJobs(place.github, place.repository, run.id)).find(({ name }) => name === "deliver")?.conclusion ?? null;
}

/**
 * The pull request that holds what the run was to deliver (I4). That of an attempt whose delivery is worked on again was there before: it holds the
 * answer when the deliver job says so, or its newest commit is this run's; where another run was first, when it is not the commit that was answered.
 */
async function whatIsThere(place: Workplace, { said, title, progress, marker: { followUp }, pullRequests }: { readonly said: EndingCode; readonly title: RunTitle; readonly progress: Progress | null; readonly marker: StatusMarker; readonly pullRequests: readonly { readonly number: number; readonly headSha: string }[] }): Promise<{ readonly number: number } | undefined> {
  const [first] = pullRequests;
  if (followUp === undefined || first === undefined) return first;
  if (progress?.at.phase === "deliver" && progress.at.step === "delivered") return first;
  const answered = pullRequests.find(({ number }) => number === followUp.pullNumber);
  if (answered === undefined || answered.headSha === followUp.headSha) return undefined;
  if (said === "fenced") return answered;
  return readTrailers((await readCommitMessage(place.github, place.repository, answered.headSha)) ?? "")?.key === title.key ? answered : undefined;
}

/**
 * Whether the work stopped for no reason of its own, after it had begun: a runner was lost, the job's time was up (faults 38, 39), or
 * another run delivered meanwhile and what this one was asked for is not there (fault 22).
 * A run that saved nothing failed in its set-up, which would fail again; a cancelled one is a person's wish.
 */
export async function wasCutOff(place: Workplace, run: RunFacts, { progress, ending, pullRequest, begun }: EndedView): Promise<boolean> {
  if (progress === null) return false;
  if (ending === "lost" || ending === "time-limit" || ending === "fenced") return true;
  if (ending !== "ready" || pullRequest !== null || run.conclusion === "cancelled") return false;
  // What was being published is half there: nobody has to ask that it be published whole.
  if (begun?.brokenOff === true) return true;
  // The agent job was lost between its last save and its outputs.
  const jobs = await listRunJobs(place.github, place.repository, run.id);
  return jobs.some(({ name, conclusion }) => name === "deliver" && conclusion === "skipped");
}

/** Whether the next label goes on with the item (fault 38). Also an end that was not delivered is gone on from: the next run delivers it. */
export const isInterrupted = (view: EndedView): boolean => view.progress?.staged === true || ENDING_WORDS[view.ending].after === "resume" || (view.ending === "ready" && view.pullRequest === null);

/** A run that left no ending code: only its conclusion tells (fault 38). */
const endingOf = (run: RunFacts): EndingCode => (run.conclusion === "cancelled" ? "cancelled" : "lost");

async function deliverJobUrl(place: Workplace, run: RunFacts): Promise<string | null> {
  const jobs = await listRunJobs(place.github, place.repository, run.id);
  return jobs.find((job) => job.name === "deliver")?.htmlUrl ?? null;
}
