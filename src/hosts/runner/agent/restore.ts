/**
 * Finds what earlier runs of this work item saved and puts it together, so that this run goes on from there.
 *
 * I1. What comes back is a verified prefix or nothing, and one line says which.
 * I7. Provenance first: only artifacts of this repository's own runs of this workflow file, dispatched, first attempt.
 */
import { basename } from "node:path";
import type { GitHub, Repository } from "../../../github/client.ts";
import { downloadArtifact, findItemRuns, listRunArtifacts, type ArtifactFacts, type RunFacts } from "../../../github/read/index.ts";
import { assembleSegments, decodeSegment, type Assembled, type SegmentRef } from "../../../journal/index.ts";
import { formatItemId, itemStream, parseSegmentName, type ItemEvent } from "../../../record/index.ts";
import type { Clock, Fetch } from "../../../shared/ports.ts";

export interface Restored {
  readonly assembled: Assembled;
  /** In chain order, oldest first. */
  readonly refs: readonly SegmentRef[];
  /** How the item was opened: its task, and the commit its work builds on. */
  readonly opening: ItemOpening;
  /** What was found, in one line. */
  readonly found: string;
}

type ItemOpening = Extract<ItemEvent, { kind: "item_opened" }>["data"];

export interface RestoreContext {
  readonly github: GitHub;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly repository: Repository;
  readonly repositoryId: number;
  readonly item: string;
  /** Of the task this run's ticket vouches for. */
  readonly textSha256: string;
  /** This run, by GitHub's API. */
  readonly run: RunFacts;
  readonly log: (line: string) => void;
}

interface Part {
  readonly ref: SegmentRef;
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly previous: string | null;
  readonly epoch: number;
  readonly index: number;
}

/** This repository's earlier runs of the item, newest first. */
export async function earlierRuns(context: RestoreContext): Promise<readonly RunFacts[]> {
  const runs = await findItemRuns(context.github, context.repository, { workflow: basename(context.run.path), word: context.item });
  return runs.filter((run) => isEarlierRunOfOurs(context, run));
}

/** The newest saved state of the item from earlier runs; null when there is none that can be used. */
export async function restoreItem(context: RestoreContext, runs: readonly RunFacts[]): Promise<Restored | null> {
  const parts: Part[] = [];
  for (const run of runs) parts.push(...(await partsOf(context, run, MAX_STORED_BYTES - storedBytes(parts))));
  if (parts.length === 0) return null;
  const chain = newestChain(parts);
  const assembled = assembleSegments(chain.map(({ bytes, digest }) => ({ bytes, digest })));
  if (!assembled.ok) {
    context.log(`What earlier runs saved cannot be used: ${assembled.error.message} This run starts anew.`);
    return null;
  }
  const opening = (await assembled.value.reader.read(itemStream(context.item))).find((event) => event.kind === "item_opened")?.data ?? null;
  if (opening === null) return null;
  if (opening.task.sha256 !== context.textSha256) {
    context.log("What earlier runs saved answers another text of the task and is not used. This run starts anew.");
    return null;
  }
  const found = `Going on from ${chain.length} saved segments of run ${chain.at(-1)?.ref.runId}; nothing of them is lost.`;
  context.log(found);
  return { assembled: assembled.value, refs: chain.map(({ ref }) => ref), opening, found };
}

const isEarlierRunOfOurs = (context: RestoreContext, run: RunFacts): boolean =>
  run.id < context.run.id &&
  run.repositoryId === context.repositoryId &&
  run.headRepositoryId === context.repositoryId &&
  run.path === context.run.path &&
  run.event === "workflow_dispatch" &&
  run.headBranch === context.run.headBranch;

/** All segments are held in memory; the deliver job takes no more either. */
const MAX_STORED_BYTES = 1024 * 1024 * 1024;

const storedBytes = (parts: readonly Part[]): number => parts.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);

async function partsOf(context: RestoreContext, run: RunFacts, roomBytes: number): Promise<readonly Part[]> {
  const artifacts = await listRunArtifacts(context.github, context.repository, run.id);
  const parts: Part[] = [];
  for (const artifact of artifacts.filter((each) => isOfItem(context, run, each))) {
    if (artifact.sizeBytes > roomBytes - storedBytes(parts)) {
      context.log(`Passed over ${artifact.name}: what is saved of the item has more than ${MAX_STORED_BYTES} bytes.`);
      continue;
    }
    const digest = artifact.digest ?? "";
    const bytes = await downloadArtifact(context, context.repository, { id: artifact.id, digest });
    const segment = bytes.ok ? decodeSegment(bytes.value) : bytes;
    if (!bytes.ok || !segment.ok) {
      context.log(`Passed over ${artifact.name}: ${segment.ok ? "" : segment.error.message}`);
      continue;
    }
    const { previous, epoch, index } = segment.value;
    parts.push({ ref: { id: artifact.id, runId: run.id, name: artifact.name, digest }, bytes: bytes.value, digest, previous, epoch, index });
  }
  return parts;
}

function isOfItem(context: RestoreContext, run: RunFacts, artifact: ArtifactFacts): boolean {
  const name = parseSegmentName(artifact.name);
  return name !== null && formatItemId(name.item) === context.item && name.runId === run.id && name.phase !== "deliver" && !artifact.expired && artifact.digest !== null;
}

/** Follows `previous` back from the segment nothing builds on; of several such the newest epoch, index and run. */
function newestChain(parts: readonly Part[]): readonly Part[] {
  const byDigest = new Map(parts.map((part) => [part.digest, part]));
  const builtOn = new Set(parts.map((part) => part.previous));
  const [head] = parts
    .filter((part) => !builtOn.has(part.digest))
    .toSorted((a, b) => b.epoch - a.epoch || b.index - a.index || b.ref.runId - a.ref.runId);
  const chain: Part[] = [];
  for (let part = head; part !== undefined; part = part.previous === null ? undefined : byDigest.get(part.previous)) chain.unshift(part);
  return chain;
}
