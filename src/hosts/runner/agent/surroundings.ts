/**
 * What else is at an issue's work on GitHub, by reads alone: runs by their names and their artifacts' names, pull requests by what they
 * close and by our own marker. Nobody's record is opened.
 */
import { basename } from "node:path";
import type { Surroundings } from "../../../coordinator/index.ts";
import type { GitHub, Repository } from "../../../github/client.ts";
import { atWorkSince, listArtifactsNamed, listDispatchedRuns, listRunArtifacts, readOpenWork, readRun, type ArtifactFacts, type OpenPullRequest, type OpenWork, type RunFacts } from "../../../github/read/index.ts";
import { NameTakenError, type SegmentStore } from "../../../journal/index.ts";
import { parseItemId, parseSegmentName, type Duplicate, type ItemName, type RequiredArtifact } from "../../../record/index.ts";
import { markedTaskKey, taskKeyArtifact } from "../../../record/task-key.ts";
import { RetryableError, TerminalError } from "../../../shared/errors.ts";
import type { JobSettings } from "../settings.ts";
import type { Admitted } from "./admission.ts";

/** Runs that told the same key and are looked at; the newest. Each takes two requests of the thousand that the jobs of a repository share an hour. */
const MOST_RUNS = 10;

interface Place {
  readonly github: GitHub;
  readonly repository: Repository;
  readonly admitted: Admitted;
  readonly own: ItemName;
  readonly segments: SegmentStore;
  /** For the job's log. */
  readonly log: (line: string) => void;
}

export function surroundingsOf(settings: JobSettings, { log, segments }: Pick<Place, "log" | "segments">, { github, admitted, requires }: Pick<Place, "github" | "admitted"> & { readonly requires: readonly RequiredArtifact[] }): Surroundings {
  const own = parseItemId(settings.item);
  if (own === null) throw new TerminalError(`${settings.item} is not a work item.`, "Runs are started by the App only.");
  const place: Place = { github, repository: { owner: settings.owner, repo: settings.repo }, admitted, own, log, segments };
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

/** Work on another issue that was classified as the same. First it is told, then asked: of two runs at the same moment at least one sees the other. */
async function withTheKey(place: Place, taskKey: string): Promise<readonly Duplicate[]> {
  await tell(place, taskKey);
  const { open } = await openWork(place);
  const pulls = open.filter((pull) => isOurs(pull) && !pull.branch.startsWith(prefixOf(place)) && markedTaskKey(pull.body) === taskKey);
  const told = await listArtifactsNamed(place.github, place.repository, taskKeyArtifact(taskKey));
  const mine = told.find(({ run }) => run?.id === place.admitted.run.id) ?? null;
  const others = told.filter((artifact) => artifact !== mine && isFirst(artifact, mine, place)).slice(0, MOST_RUNS);
  const found: Duplicate[] = pulls.map((pull) => ({ kind: "same-key", what: `pull request #${pull.number}, which was classified as the same work`, url: pull.url }));
  for (const artifact of others) {
    const other = await stillAtWork(place, artifact);
    if (other !== null) found.push({ kind: "same-key", what: `${other.item.subject.replace("-", " ")}, which a run is at and which was classified as the same work`, url: other.run.htmlUrl });
  }
  return found;
}

/** What cannot be told does not stop the work: others then do not see it. */
async function tell({ segments, own, log }: Place, taskKey: string): Promise<void> {
  try {
    await segments.put(taskKeyArtifact(taskKey), Buffer.from(`${JSON.stringify({ v: 1, subject: own.subject })}\n`));
  } catch (error) {
    if (error instanceof NameTakenError) return;
    if (!(error instanceof RetryableError || error instanceof TerminalError)) throw error;
    log(`Other runs cannot see what this task asks for: ${error.message}`);
  }
}

/** Of two the one that told it first goes on. Where our own is not listed yet, the earlier run does. */
function isFirst(theirs: ArtifactFacts, mine: ArtifactFacts | null, { admitted: { run } }: Place): boolean {
  if (mine?.createdAt === undefined || mine.createdAt === null || theirs.createdAt === null) return (theirs.run?.id ?? run.id) < run.id;
  return theirs.createdAt === mine.createdAt ? theirs.id < mine.id : Date.parse(theirs.createdAt) < Date.parse(mine.createdAt);
}

/** The run of an artifact if it is at the work of another issue; null when it is over, came to an end without something to deliver, or is none of ours. */
async function stillAtWork(place: Place, { run: from, expired }: ArtifactFacts): Promise<AtWork | null> {
  const { github, repository, own, admitted } = place;
  if (expired || from?.id === null || from?.id === undefined || from.repositoryId !== admitted.ticket.repositoryId) return null;
  const run = await readRun(github, repository, from.id);
  const at = run === null || run.event !== "workflow_dispatch" ? null : atWork(place, run);
  if (at === null || at.item.subject === own.subject) return null;
  const endings = (await listRunArtifacts(github, repository, at.run.id)).map(({ name }) => parseSegmentName(name)?.ending ?? null);
  return endings.some((ending) => ending !== null && ending !== "ready") ? null : at;
}

/** A marker counts only in what an App's account wrote, on a branch of this repository. */
const isOurs = ({ author, branch, fromFork }: OpenPullRequest): boolean => author?.kind === "Bot" && !fromFork && branch.startsWith("worktrain/");

interface AtWork {
  readonly run: RunFacts;
  readonly item: ItemName;
}

/** This repository's other dispatched runs that are not over, newest first. */
async function runsAtWork(place: Place): Promise<readonly AtWork[]> {
  const { github, repository, admitted } = place;
  const createdSince = atWorkSince(Date.parse(admitted.run.createdAt));
  return (await listDispatchedRuns(github, repository, { workflow: basename(admitted.run.path), createdSince })).flatMap((run) => atWork(place, run) ?? []);
}

/** Null for our own run, one that is over, and one that is not of this workflow on the default branch. */
function atWork({ admitted: { run: own, ticket } }: Place, run: RunFacts): AtWork | null {
  const item = run.displayTitle.split(" ").map(parseItemId).find((each) => each !== null);
  const isOther = run.id !== own.id && run.status !== "completed" && run.path === own.path && run.headBranch === own.headBranch && run.headRepositoryId === ticket.repositoryId;
  return isOther && item !== undefined && item.repositoryId === ticket.repositoryId ? { run, item } : null;
}
