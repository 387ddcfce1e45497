/**
 * `worktrain verify PR`: whether a pull request is what its record says.
 *
 * I7. Nothing the pull request says of itself is believed: it names an item, and from there everything is asked of GitHub, checked by
 *     digest, chain and signature, and made again. What the deliver job wrote is compared with that.
 */
import { branchOf, findProofBlock, GITHUB_ACTIONS, proofBlock, readPullRequestMarker, VERIFY_JOB } from "../../../delivery/index.ts";
import { listRunJobs, readCommit, readPullRequest, readRefHead, readRun, type CommitFacts, type WholePullRequest } from "../../../github/read/index.ts";
import { WORKFLOW_PATH } from "../../../intake/index.ts";
import { joinSegments, lineFinder, type Assembled } from "../../../journal/index.ts";
import { itemStream, parseCommitted, parseItemId, readTrailers, recordRefOf, type Committed, type DeliveryProof } from "../../../record/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import { canonicalJson } from "../../../shared/json.ts";
import type { CliWorld, CommandResult } from "../command.ts";
import { explained } from "../github.ts";
import { askRepository, collect, isOurs, publicKeys, signedTicket, tickets, type Asking, type Collected, type Place } from "./github-record.ts";
import { committedJournal, judgeAgain, proveAgain, recordedProof, type Delivered } from "./recompute-proof.ts";
import { itemView, replayStreams } from "../../../report/index.ts";
import { headOf } from "./head-of.ts";
import type { PullAddress } from "./run-address.ts";
import { byGitHub, madeAgain } from "./told.ts";
import { lookAtFiles, verdict, type Attested } from "./verify-log.ts";

/** What the pull request names, before anything of it is believed. */
interface Named {
  readonly pull: WholePullRequest;
  readonly head: CommitFacts | null;
  readonly item: string;
  readonly key: string;
}

/** @param maker login of the account that deliver jobs publish as; null: GitHub's own Actions */
export const verifyPullRequest = (address: PullAddress, world: CliWorld, maker: string | null = null): Promise<CommandResult> =>
  explained(world, async () => {
    const place = await askRepository(address, world);
    const named = await nameOf(place, address);
    const committed = await findCommitted(place, named);
    const attested = origin(place, { ...named, maker: maker ?? GITHUB_ACTIONS.botLogin }, committed);
    if (committed === null) return verdict(named.pull.htmlUrl, lookAtFiles([]), attested);
    const run = await readRun(place.github, place.repository, committed.run);
    if (run === null) return verdict(named.pull.htmlUrl, lookAtFiles([]), [...attested, byGitHub(false, "", `run ${committed.run}, which delivered it, is not there any more`)]);
    return verifyRecord({ ...place, run }, named, { committed, attested });
  });

/** @throws TerminalError when there is no such pull request, or it is not one of ours */
async function nameOf({ github, repository, facts }: Place, { number }: PullAddress): Promise<Named> {
  const pull = await readPullRequest(github, repository, number);
  const name = `${facts.owner}/${facts.repo}#${number}`;
  if (pull === null) throw new TerminalError(`GitHub shows no pull request ${name}.`, "Check the number: an issue has none of its own.");
  const head = await readCommit(github, repository, pull.headSha);
  const marker = readPullRequestMarker(pull.body);
  const trailers = head === null ? null : readTrailers(head.message);
  const { item, key } = marker ?? trailers ?? { item: "", key: "" };
  if (parseItemId(item)?.repositoryId !== facts.id) {
    const why = item === "" ? "its body does not begin with WorkTrain's mark, and its head commit has no trailer of it" : `it names the item ${item}, which is of another repository`;
    throw new TerminalError(`Pull request ${name} is not one that WorkTrain made: ${why}.`, "Only pull requests of WorkTrain have a proof to verify.");
  }
  return { pull, head, item, key };
}

/** Deliveries of one item that are looked through for the one that made the pull request. */
const MOST_DELIVERIES = 50;

/** The delivery that made the pull request, from the item's record ref; of several the one with its key, else the last one. */
async function findCommitted({ github, repository }: Place, { item, key }: Named): Promise<Committed | null> {
  let at = await readRefHead(github, repository, recordRefOf(item));
  let last: Committed | null = null;
  for (let looked = 0; at !== null && looked < MOST_DELIVERIES; looked += 1) {
    const commit: CommitFacts | null = await readCommit(github, repository, at);
    const committed = commit === null ? null : parseCommitted(commit.message);
    if (committed === null || committed.item !== item) return last;
    if (committed.key === key) return committed;
    last ??= committed;
    at = commit?.parents[0] ?? null;
  }
  return last;
}

/** What is told of where the pull request comes from. */
function origin({ facts }: Place, { pull, head, item, maker }: Named & { readonly maker: string }, committed: Committed | null): readonly Attested[] {
  const { author } = pull;
  const ours = author?.type === "Bot" && author.login === maker && pull.headRepositoryId === facts.id && pull.headRef === branchOf(item);
  const marker = readPullRequestMarker(pull.body);
  const trailers = head === null ? null : readTrailers(head.message);
  return [
    byGitHub(ours, `#${pull.number} was made by ${maker} from ${branchOf(item)} of this repository`, `#${pull.number} was made by ${author?.login ?? "an account that is gone"} from ${pull.headRef}; it was to be made by ${maker} from ${branchOf(item)} of the repository itself`),
    byGitHub(marker?.item === item, `its body names item ${item}`, "its body does not begin with WorkTrain's mark any more"),
    byGitHub(trailers?.item === item, "its head commit names the same item", `its head commit ${pull.headSha} names ${trailers === null ? "no item: it is not the one that was delivered" : `the item ${trailers.item}`}`),
    byGitHub(committed !== null, `${recordRefOf(item)} says that run ${committed?.run ?? 0} delivered it`, `${recordRefOf(item)} is not there, or holds no record: which run delivered this cannot be told`),
  ];
}

interface Known {
  readonly committed: Committed;
  readonly attested: readonly Attested[];
}

async function verifyRecord(asking: Asking, named: Named, { committed, attested: before }: Known): Promise<CommandResult> {
  const { run, facts } = asking;
  const { item } = named;
  const words = run.displayTitle.split(" ");
  const attested: Attested[] = [
    ...before,
    byGitHub(isOurs(asking, run) && run.attempt === 1, `run ${run.id} was dispatched from ${WORKFLOW_PATH} on ${facts.defaultBranch} of ${facts.owner}/${facts.repo}`, `run ${run.id} is not a first attempt of a run dispatched from ${WORKFLOW_PATH} on ${facts.defaultBranch} of this repository`),
    byGitHub(words.includes(item) && words.includes(committed.key), `it is the run of item ${item} with the key of this delivery`, `run ${run.id} is called ${JSON.stringify(run.displayTitle)}: it is not this delivery's`),
  ];
  const collected = await collect(asking, item);
  const looked = lookAtFiles(collected.parts);
  for (const fault of collected.faults) looked.survey.fault(fault);
  attested.push(...(await tickets(asking, item, looked.survey.done().events(itemStream(item)))));
  const joined = joinSegments(collected.parts);
  const proof = joined.ok ? await compare(asking, named, { committed, assembled: joined.value, collected, attested }) : null;
  if (!joined.ok) attested.push(madeAgain(false, "", `the proof cannot be made again: ${joined.error.message}`));
  const result = await verdict(named.pull.htmlUrl, looked, attested);
  return { ...result, data: { ...result.data, pullRequest: named.pull.number, item, run: run.id, headSha: named.pull.headSha, proof } };
}

interface Compared {
  readonly committed: Committed;
  readonly assembled: Assembled;
  readonly collected: Collected;
  /** Each finding is added here. */
  readonly attested: Attested[];
}

/** Makes everything again that can be, and compares. @returns the proof as made again; null where it cannot be made */
async function compare(asking: Asking, named: Named, { committed, assembled, collected, attested }: Compared): Promise<DeliveryProof | null> {
  const { reader } = assembled;
  const holds = lineFinder(assembled.lines);
  const gone = Object.entries(committed.heads).filter(([stream, head]) => !holds(stream, head)).map(([stream]) => stream);
  attested.push(madeAgain(gone.length === 0, `the artifacts hold every line that ${recordRefOf(committed.item)} committed to`, `the artifacts are not the record that was delivered: ${gone.join(", ")} ${gone.length === 1 ? "does" : "do"} not hold the committed line`));
  if (gone.length > 0) return null;

  const otherwise = (await replayStreams(reader)).flatMap(({ differences }) => differences.filter(({ wordsOnly }) => !wordsOnly));
  attested.push(madeAgain(otherwise.length === 0, "every decision of the record comes out the same", `${otherwise.length} decisions come out otherwise than recorded, the first in ${otherwise[0]?.stream} at seq ${otherwise[0]?.seq}; \`worktrain replay\` shows them`));

  const delivered = await deliveredBy(asking, { committed, assembled });
  if (delivered === null) return stop(attested, "the ticket of the delivery is not signed with a key that the workflow file names, so that nothing more can be compared");
  const judged = judgeAgain(delivered);
  if (!judged.ok) return stop(attested, `the record does not allow this delivery: ${judged.error}`);
  attested.push(madeAgain(true, "the record allows this delivery: its sessions completed, its commands passed, its last review is clean", ""));
  attested.push(...headOf(named, judged.value.snapshot, itemView(delivered.journal).followUps.at(-1)));

  const recorded = await recordedProof(reader, committed);
  if (recorded === null) return stop(attested, "the deliver job's part of the record holds no proof of this delivery: it is not there, has expired, or was made before there were any");
  attested.push(...takenArtifacts(recorded, collected), ...(await verifyJob(asking, recorded)));
  const proven = await proveAgain(delivered, judged.value, recorded);
  if (!proven.ok) return stop(attested, `the proof cannot be made again: ${proven.error}`);
  attested.push(...sameProof(named, recorded, proven.value.recorded));
  return proven.value.recorded;
}

/** Nothing can be compared behind this. */
function stop(attested: Attested[], wrong: string): null {
  attested.push(madeAgain(false, "", wrong));
  return null;
}

async function deliveredBy(asking: Asking, { committed, assembled }: Pick<Compared, "committed" | "assembled">): Promise<Delivered | null> {
  const keys = await publicKeys(asking);
  const journal = await committedJournal(assembled.reader, committed);
  const opened = journal.item.findLast((event) => event.kind === "run_opened");
  const ticketText = opened?.kind === "run_opened" ? opened.data.ticket : null;
  const ticket = ticketText === null ? null : signedTicket(ticketText, keys);
  if (ticket === null || ticketText === null || ticket.item !== committed.item || ticket.key !== committed.key) return null;
  return { committed, ticket, ticketText, readTicket: (text) => signedTicket(text, keys), journal, getBlob: (sha256) => assembled.reader.getBlob(sha256) };
}

/** Each artifact that the deliver job says it took, by the id and digest that GitHub states. */
function takenArtifacts({ record }: DeliveryProof, { parts }: Collected): readonly Attested[] {
  const foreign = record.artifacts.filter(({ name, digest }) => !parts.some((part) => part.file === name && part.digest === digest));
  return [byGitHub(foreign.length === 0 && record.artifacts.length > 0, `the ${record.artifacts.length} artifacts that the deliver job took are there with their digests`, `the proof names artifacts that are not the item's: ${foreign.map(({ id, name }) => `${id} (${name})`).join(", ") || "none"}`)];
}

/** The job `verify` that the proof rests on, as GitHub shows it now, and the tree it was about. */
async function verifyJob({ github, repository, run }: Asking, { verified, change }: DeliveryProof): Promise<readonly Attested[]> {
  if (verified === undefined) return [];
  const job = (await listRunJobs(github, repository, run.id)).find(({ id, name }) => id === verified.jobId && name === VERIFY_JOB);
  const right = job?.conclusion === "success" && verified.conclusion === "success" && verified.tree === change.tree;
  return [byGitHub(right, `the job ${VERIFY_JOB} of run ${run.id} was green, and says that it tested tree ${verified.tree}`, `the proof rests on job ${verified.jobId} about tree ${verified.tree}; GitHub shows ${job === undefined ? "no such job" : `that it ended with ${job.conclusion ?? job.status}`}, and tree ${change.tree} was delivered`)];
}

function sameProof({ pull }: Named, recorded: DeliveryProof, again: DeliveryProof): readonly Attested[] {
  const [was, is] = [canonicalJson(recorded), canonicalJson(again)];
  const other = Object.keys(again).filter((key) => canonicalJson(Object.entries(recorded).find(([name]) => name === key)?.[1] ?? null) !== canonicalJson(Object.entries(again).find(([name]) => name === key)?.[1] ?? null));
  const found = findProofBlock(pull.body);
  const expected = proofBlock(again);
  const wrong = "wrong" in found ? `the pull request's body ${found.wrong}` : `the proof in the body is not the record's: ${firstDifference(found.block, expected)}`;
  return [
    madeAgain(was === is, "the proof in the record comes out the same", `the proof in the record comes out otherwise: ${other.join(", ") || "it says more"}`),
    madeAgain("block" in found && found.block === expected, "the proof in the pull request's body is the one of the record", wrong),
  ];
}

function firstDifference(found: string, expected: string): string {
  const [there, should] = [found.split("\n"), expected.split("\n")];
  const at = should.findIndex((line, index) => line !== there[index]);
  const shown = (line: string | undefined): string => JSON.stringify((line ?? "").slice(0, 300));
  return at === -1 ? "it has lines behind its end" : `it has ${shown(there[at])} where the record gives ${shown(should[at])}`;
}
