/**
 * What else is at an issue's work on GitHub, by reads alone: runs by their names and their artifacts' names, pull requests by what they
 * close and by our own marker. Nobody's record is opened.
 */
import { basename } from "node:path";
import type { Surroundings } from "../../../coordinator/index.ts";
import type { GitHub, Repository } from "../../../github/client.ts";
import { listDispatchedRuns, listRunArtifacts, readOpenWork, type OpenPullRequest, type OpenWork, type RunFacts } from "../../../github/read/index.ts";
import { parseItemId, parseSegmentName, type Duplicate, type ItemName, type RequiredArtifact, type SegmentName } from "../../../record/index.ts";
import { markedTaskKey, taskKeyStep } from "../../../record/task-key.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { JobSettings } from "../settings.ts";
import type { Admitted } from "./admission.ts";

/** A ticket waits a day for a runner, a job has six hours: what was dispatched before is not at work any more. */
const LONGEST_AT_WORK_MS = 30 * 60 * 60_000;
/** Runs at work at the same time whose artifacts are listed; the newest. */
const MOST_RUNS = 30;

interface Place {
  readonly github: GitHub;
  readonly repository: Repository;
  readonly admitted: Admitted;
  readonly own: ItemName;
  /** For the job's log. */
  readonly log: (line: string) => void;
}

export function surroundingsOf(settings: JobSettings, { log }: Pick<Place, "log">, { github, admitted, requires }: Pick<Place, "github" | "admitted"> & { readonly requires: readonly RequiredArtifact[] }): Surroundings {
  const own = parseItemId(settings.item);
  if (own === null) throw new TerminalError(`${settings.item} is not a work item.`, "Runs are started by the App only.");
  const place: Place = { github, repository: { owner: settings.owner, repo: settings.repo }, admitted, own, log };
  const { issueNumber, base } = admitted.ticket;
  return {
    issueNumber,
    newestBase: base,
    requires,
    labels: async () => (await openWork(place)).labels,
    duplicates: (taskKey) => (taskKey === null ? onTheIssue(place) : withTheKey(place, taskKey)),
  };
}

async function openWork({ github, repository, admitted: { ticket }, log }: Place): Promise<OpenWork> {
  const work = await readOpenWork(github, repository, ticket);
  if (work === null) throw new TerminalError(`Issue ${ticket.issueNumber} is not to be seen, so it is not known what else is at it.`, "See whether it is still there, then label it again.");
  if (work.more > 0) log(`${work.more} older open pull requests are not looked at for the same work; what closes the issue is known all the same.`);
  return work;
}

const prefixOf = ({ own }: Place): string => `worktrain/${own.subject}-`;

/** An earlier run on the issue, or an open pull request that closes it. */
async function onTheIssue(place: Place): Promise<readonly Duplicate[]> {
  const { own, admitted } = place;
  const work = await openWork(place);
  const runs = await runsAtWork(place);
  const attempts = runs.filter(({ item, run }) => item.subject === own.subject && item.attempt !== own.attempt && run.id < admitted.run.id);
  const mine = `${prefixOf(place)}${own.attempt}`;
  return [
    ...attempts.map(({ run, item }): Duplicate => ({ kind: "attempt", what: `attempt ${item.attempt} on this issue, which a run is at`, url: run.htmlUrl })),
    // GitHub keeps the words of a pull request and what was linked by hand: both count, whoever made it.
    ...work.closing.filter(({ branch, fromFork }) => fromFork || branch !== mine).map((pull): Duplicate => ({ kind: "pull-request", what: `pull request #${pull.number}, which closes this issue`, url: pull.url })),
  ];
}

/** Work on another issue that was classified as the same. */
async function withTheKey(place: Place, taskKey: string): Promise<readonly Duplicate[]> {
  const { open } = await openWork(place);
  const pulls = open.filter((pull) => isOurs(pull) && !pull.branch.startsWith(prefixOf(place)) && markedTaskKey(pull.body) === taskKey);
  const found: Duplicate[] = pulls.map((pull) => ({ kind: "same-key", what: `pull request #${pull.number}, which was classified as the same work`, url: pull.url }));
  const others = (await runsAtWork(place)).filter(({ item }) => item.subject !== place.own.subject).slice(0, MOST_RUNS);
  const mine = others.length === 0 ? null : await keySaved(place, place.admitted.run, taskKey);
  for (const { run, item } of others) {
    const theirs = await keySaved(place, run, taskKey);
    if (theirs === null || !isFirst({ ...theirs, run }, mine === null ? null : { ...mine, run: place.admitted.run }, place)) continue;
    found.push({ kind: "same-key", what: `${item.subject.replace("-", " ")}, which a run is at and which was classified as the same work`, url: run.htmlUrl });
  }
  return found;
}

/** A marker counts only in what an App's account wrote, on a branch of this repository. */
const isOurs = ({ author, branch, fromFork }: OpenPullRequest): boolean => author?.kind === "Bot" && !fromFork && branch.startsWith("worktrain/");

interface AtWork {
  readonly run: RunFacts;
  readonly item: ItemName;
}

/** This repository's other dispatched runs that are not over, newest first. */
async function runsAtWork({ github, repository, admitted: { run: own, ticket } }: Place): Promise<readonly AtWork[]> {
  const createdSince = new Date(Date.parse(own.createdAt) - LONGEST_AT_WORK_MS).toISOString().replace(/\.\d+Z$/, "Z");
  const runs = await listDispatchedRuns(github, repository, { workflow: basename(own.path), createdSince });
  return runs.flatMap((run) => {
    const item = run.displayTitle.split(" ").map(parseItemId).find((each) => each !== null);
    const isOther = run.id !== own.id && run.status !== "completed" && run.path === own.path && run.headBranch === own.headBranch && run.headRepositoryId === ticket.repositoryId;
    return isOther && item !== undefined && item.repositoryId === ticket.repositoryId ? [{ run, item }] : [];
  });
}

interface Saved {
  readonly artifactId: number;
  readonly createdAt: string;
}

/** When a run saved that it knows its task as this; null when it did not, or came to an end without something to deliver. */
async function keySaved({ github, repository }: Place, run: RunFacts, taskKey: string): Promise<Saved | null> {
  const saved = (await listRunArtifacts(github, repository, run.id)).flatMap((artifact) => {
    const name = parseSegmentName(artifact.name);
    return name?.runId === run.id ? [{ artifact, name }] : [];
  });
  const gaveUp = ({ ending }: SegmentName): boolean => ending !== null && ending !== "ready";
  const found = saved.find(({ name }) => name.step === taskKeyStep(taskKey));
  return found === undefined || saved.some(({ name }) => gaveUp(name)) ? null : { artifactId: found.artifact.id, createdAt: found.artifact.createdAt ?? run.createdAt };
}

/** Of two at the same moment the one that saved first goes on. Where our own is not listed yet, the earlier run does. */
function isFirst(theirs: Saved & { readonly run: RunFacts }, mine: (Saved & { readonly run: RunFacts }) | null, { admitted }: Place): boolean {
  if (mine === null) return theirs.run.id < admitted.run.id;
  return theirs.createdAt === mine.createdAt ? theirs.artifactId < mine.artifactId : Date.parse(theirs.createdAt) < Date.parse(mine.createdAt);
}
