/**
 * An item's record as GitHub holds it, for commands that look over it.
 *
 * I7. What is looked at is what the deliver job would take: artifacts of this repository's own dispatched runs of the workflow file
 *     on the default branch, by id, each with the digest that GitHub states. Beside it, who signed the runs' tickets.
 */
import { basename } from "node:path";
import type { GitHub, Repository } from "../../../github/client.ts";
import { downloadArtifact, findItemRuns, listRunArtifacts, readFile, readRepository, readRun, type ArtifactFacts, type RepositoryFacts, type RunFacts } from "../../../github/read/index.ts";
import { verifyTicket, type Ticket } from "../../../github/trust/index.ts";
import { WORKFLOW_PATH } from "../../../intake/index.ts";
import { decodeSegment, type LogFault, type NamedPart } from "../../../journal/index.ts";
import { formatItemId, parseSegmentName, type ItemEvent, type Recorded } from "../../../record/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { CliWorld } from "../command.ts";
import { gitHubWith, interruptible } from "../github.ts";
import type { Attested } from "./verify-log.ts";

/** Where to ask. */
export interface Place {
  readonly github: GitHub;
  readonly world: Pick<CliWorld, "clock" | "fetch">;
  readonly repository: Repository;
  readonly facts: RepositoryFacts;
}

export interface Asking extends Place {
  readonly run: RunFacts;
}

/** @throws TerminalError without a token, or when the repository cannot be seen */
export async function askRepository({ owner, repo }: Repository, world: CliWorld): Promise<Place> {
  const { token } = world.environment().github;
  if (token === "") throw new TerminalError("GITHUB_TOKEN is not set.", "Set it to a token that may read the repository's actions and contents; GitHub shows artifacts to nobody without one.");
  const github = gitHubWith(token, world);
  const facts = await readRepository(github, { owner, repo });
  if (facts === null) throw new TerminalError(`GitHub shows no repository ${owner}/${repo} to this token.`, "Check the name, and whether the token may read it.");
  return { github, world: { clock: world.clock, fetch: interruptible(world) }, repository: { owner: facts.owner, repo: facts.repo }, facts };
}

export const isOurs = ({ facts }: Asking, run: RunFacts): boolean =>
  run.repositoryId === facts.id && run.headRepositoryId === facts.id && run.event === "workflow_dispatch" && run.path === WORKFLOW_PATH && run.headBranch === facts.defaultBranch;

export interface Collected {
  readonly parts: readonly NamedPart[];
  readonly faults: readonly LogFault[];
}

/** The run's segments, and of those of earlier runs the ones they go on from. */
export async function collect(asking: Asking, item: string): Promise<Collected> {
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

const PUBLIC_KEY = /^\s*public-key:\s*["']?([A-Za-z0-9+/]{40,}={0,2})["']?\s*(?:#.*)?$/gm;

/** The keys that the workflow file on the default branch names. */
export async function publicKeys({ github, repository, facts }: Place): Promise<readonly string[]> {
  const file = await readFile(github, repository, { path: WORKFLOW_PATH, ref: facts.defaultBranch });
  return [...new Set([...(file?.text ?? "").matchAll(PUBLIC_KEY)].map(([, key = ""]) => key))];
}

const BEFORE_ANY_EXPIRY = { runCreatedAt: new Date(0).toISOString() };

/** A ticket signed with one of the keys, its time to act aside; null for anything else. */
export function signedTicket(text: string, keys: readonly string[]): Ticket | null {
  const signed = keys.map((key) => verifyTicket(text, key, BEFORE_ANY_EXPIRY)).find((each) => each.ok);
  return signed?.ok === true ? signed.value : null;
}

/** Each run's ticket against the key in the workflow file on the default branch. */
export async function tickets(asking: Asking, item: string, events: readonly Recorded[]): Promise<readonly Attested[]> {
  const { github, repository, facts, run } = asking;
  const keys = await publicKeys(asking);
  const results: Attested[] = [];
  for (const event of events) {
    if (event.kind !== "run_opened" || event.data.host !== "actions") continue;
    const { runId, ticket } = event.data;
    const opened = runId === run.id ? run : await readRun(github, repository, runId);
    const wrong = opened === null ? "its run is not there any more" : ticketFault(ticket, keys, { item, repositoryId: facts.id, run: opened });
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
