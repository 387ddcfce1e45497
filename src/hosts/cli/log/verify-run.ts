/**
 * `worktrain verify RUN`: the record of a run as GitHub holds it.
 *
 * I7. What is looked at is what the deliver job would take: artifacts of this repository's own dispatched runs of the workflow file
 *     on the default branch, by id, each with the digest that GitHub states. Beside it, who signed the run's ticket.
 */
import { basename } from "node:path";
import type { GitHub, Repository } from "../../../github/client.ts";
import { downloadArtifact, findItemRuns, listRunArtifacts, readFile, readRepository, readRun, type ArtifactFacts, type RepositoryFacts, type RunFacts } from "../../../github/read/index.ts";
import { verifyTicket } from "../../../github/trust/index.ts";
import { WORKFLOW_PATH } from "../../../intake/index.ts";
import { decodeSegment, type LogFault, type NamedPart } from "../../../journal/index.ts";
import { formatItemId, itemIdSchema, itemStream, parseSegmentName, type ItemEvent, type Recorded } from "../../../record/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { CliWorld, CommandResult } from "../command.ts";
import { explained, gitHubWith } from "../github.ts";
import type { RunAddress } from "./run-address.ts";
import { lookAtFiles, verdict, type Attested } from "./verify-log.ts";

interface Asking {
  readonly github: GitHub;
  readonly world: Pick<CliWorld, "clock" | "fetch">;
  readonly repository: Repository;
  readonly facts: RepositoryFacts;
  readonly run: RunFacts;
}

export async function verifyRun(address: RunAddress, world: CliWorld): Promise<CommandResult> {
  const { token } = world.environment().github;
  if (token === "") throw new TerminalError("GITHUB_TOKEN is not set.", "Set it to a token that may read the repository's actions and contents; GitHub shows artifacts to nobody without one.");
  const github = gitHubWith(token, world);
  return explained(async () => verifyAsked(await ask(github, address, world)));
}

async function ask(github: GitHub, { owner, repo, runId }: RunAddress, world: Asking["world"]): Promise<Asking> {
  const facts = await readRepository(github, { owner, repo });
  if (facts === null) throw new TerminalError(`GitHub shows no repository ${owner}/${repo} to this token.`, "Check the name, and whether the token may read it.");
  const repository = { owner: facts.owner, repo: facts.repo };
  const run = await readRun(github, repository, runId);
  if (run === null) throw new TerminalError(`GitHub shows no run ${runId} in ${facts.owner}/${facts.repo}.`, "It was deleted, or its number is another one.");
  return { github, world, repository, facts, run };
}

async function verifyAsked(asking: Asking): Promise<CommandResult> {
  const { run, facts } = asking;
  const item = itemIdSchema.safeParse(run.displayTitle.split(" ")[1]).data ?? null;
  const attested: Attested[] = [
    { what: `run ${run.id} was dispatched from ${WORKFLOW_PATH} on ${facts.defaultBranch} of ${facts.owner}/${facts.repo}`, ok: isOurs(asking, run), by: "GitHub" },
    { what: `it is run ${run.id} of item ${item ?? "(none)"}, first attempt`, ok: item !== null && run.attempt === 1, by: "GitHub" },
  ];
  const { parts, faults } = item === null ? { parts: [], faults: [] } : await collect(asking, item);
  const looked = lookAtFiles(parts);
  for (const fault of faults) looked.survey.fault(fault);
  if (item !== null) attested.push(...(await tickets(asking, item, (await streamOf(parts, item)) ?? [])));
  return verdict(run.htmlUrl, looked, attested);
}

const isOurs = ({ facts }: Asking, run: RunFacts): boolean =>
  run.repositoryId === facts.id && run.headRepositoryId === facts.id && run.event === "workflow_dispatch" && run.path === WORKFLOW_PATH && run.headBranch === facts.defaultBranch;

interface Collected {
  readonly parts: readonly NamedPart[];
  readonly faults: readonly LogFault[];
}

/** The run's segments, and of those of earlier runs the ones they go on from. */
async function collect(asking: Asking, item: string): Promise<Collected> {
  const { github, repository, run } = asking;
  const parts = new Map<string, NamedPart>();
  const faults: LogFault[] = [];
  const missing = new Set<string>();
  const take = async (artifact: ArtifactFacts): Promise<void> => {
    const taken = await download(asking, artifact);
    if ("reason" in taken) return void faults.push(taken);
    parts.set(artifact.digest ?? "", taken);
    missing.delete(artifact.digest ?? "");
    const segment = decodeSegment(taken.bytes);
    const previous = segment.ok ? segment.value.previous : null;
    if (previous !== null && !parts.has(previous)) missing.add(previous);
  };
  for (const artifact of await segmentsOf(asking, run, item)) await take(artifact);
  if (missing.size === 0) return { parts: [...parts.values()], faults };
  const earlier = await findItemRuns(github, repository, { workflow: basename(WORKFLOW_PATH), word: item });
  for (const each of earlier.filter(({ id }) => id < run.id)) {
    if (!isOurs(asking, each)) continue;
    // Newest first: each names the one before it.
    for (const artifact of (await segmentsOf(asking, each, item)).toReversed()) if (missing.has(artifact.digest ?? "")) await take(artifact);
    if (missing.size === 0) break;
  }
  return { parts: [...parts.values()], faults };
}

/** Artifacts of a run that are segments of the item by their names. */
async function segmentsOf({ github, repository }: Asking, run: RunFacts, item: string): Promise<readonly ArtifactFacts[]> {
  const artifacts = await listRunArtifacts(github, repository, run.id);
  return artifacts.filter(({ name }) => {
    const parsed = parseSegmentName(name);
    return parsed !== null && formatItemId(parsed.item) === item && parsed.runId === run.id;
  });
}

async function download({ github, world, repository, facts }: Asking, artifact: ArtifactFacts): Promise<NamedPart | LogFault> {
  const fault = (reason: string, fix: string): LogFault => ({ file: `artifact ${artifact.id} (${artifact.name})`, line: null, stream: null, reason, fix });
  if (artifact.expired) return fault("it has expired", "What it held is lost, unless somebody has downloaded it.");
  if (artifact.digest === null) return fault("GitHub states no digest for it", "It was not uploaded by WorkTrain.");
  if (artifact.run?.repositoryId !== facts.id || artifact.run.headRepositoryId !== facts.id) return fault("it comes from another repository or a fork", "Nothing of it is used.");
  const bytes = await downloadArtifact({ github, ...world }, repository, { id: artifact.id, digest: artifact.digest });
  return bytes.ok ? { file: artifact.name, bytes: bytes.value, digest: artifact.digest } : fault(bytes.error.message.replace(/\.$/, ""), bytes.error.fix);
}

async function streamOf(parts: readonly NamedPart[], item: string): Promise<readonly Recorded[] | null> {
  return lookAtFiles(parts).survey.done().events(itemStream(item));
}

const PUBLIC_KEY = /^\s*public-key:\s*["']?([A-Za-z0-9+/]{40,}={0,2})["']?\s*(?:#.*)?$/gm;

/** Each run's ticket against the key in the workflow file on the default branch. */
async function tickets({ github, repository, facts, run }: Asking, item: string, events: readonly Recorded[]): Promise<readonly Attested[]> {
  const file = await readFile(github, repository, { path: WORKFLOW_PATH, ref: facts.defaultBranch });
  const keys = new Set([...(file?.text ?? "").matchAll(PUBLIC_KEY)].map(([, key = ""]) => key));
  const results: Attested[] = [];
  for (const event of events) {
    if (event.kind !== "run_opened" || event.data.host !== "actions") continue;
    const { runId, ticket } = event.data;
    const opened = runId === run.id ? run : await readRun(github, repository, runId);
    const wrong = opened === null ? "its run is not there any more" : ticketFault(ticket, [...keys], { item, repositoryId: facts.id, run: opened });
    results.push({ what: `the ticket of run ${runId} ${wrong === null ? `is signed with the key in ${WORKFLOW_PATH}, and is of this item and run` : `cannot be vouched for: ${wrong}`}`, ok: wrong === null, by: "signature" });
  }
  if (events.length > 0 && !events.some((event: Recorded) => isOpeningOf(event, run.id))) results.push({ what: `the record says that run ${run.id} opened it`, ok: false, by: "signature" });
  return results;
}

const isOpeningOf = (event: Recorded, runId: number): event is Recorded<Extract<ItemEvent, { kind: "run_opened" }>> => event.kind === "run_opened" && event.data.runId === runId;

function ticketFault(text: string | null, keys: readonly string[], of: { readonly item: string; readonly repositoryId: number; readonly run: RunFacts }): string | null {
  if (text === null) return "the run had none";
  if (keys.length === 0) return `${WORKFLOW_PATH} names no public-key`;
  const checked = keys.map((key) => verifyTicket(text, key, { runCreatedAt: of.run.createdAt }));
  const good = checked.find((each) => each.ok);
  if (good?.ok !== true) return checked.flatMap((each) => (each.ok ? [] : [each.error.message.replace(/\.$/, "")]))[0] ?? "it is not signed";
  const { item, repositoryId, key } = good.value;
  if (item !== of.item || repositoryId !== of.repositoryId) return `it is of item ${item}`;
  return of.run.displayTitle.split(" ").includes(key) ? null : "it is of another run";
}
