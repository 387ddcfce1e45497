/**
 * What earlier runs of a work item stored, taken down piece by piece as it is needed.
 *
 * I7. Provenance first: only artifacts of this repository's own dispatched runs of this workflow file, with the digest GitHub states.
 */
import type { GitHub, Repository } from "../../../github/client.ts";
import { downloadArtifact, listRunArtifacts, type ArtifactFacts, type RunFacts } from "../../../github/read/index.ts";
import { decodeSegment, type DecodedSegment, type SegmentRef } from "../../../journal/index.ts";
import { formatItemId, parseSegmentName, type SegmentName } from "../../../record/index.ts";
import type { Clock, Fetch } from "../../../shared/ports.ts";
import { err, ok, type Result } from "../../../shared/result.ts";

export interface ShelfContext {
  readonly github: GitHub;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly repository: Repository;
  readonly repositoryId: number;
  readonly item: string;
}

/** A stored segment, by what GitHub's list says of it. */
export interface Entry {
  readonly artifact: ArtifactFacts;
  readonly name: SegmentName;
}

export interface Part {
  readonly entry: Entry;
  readonly ref: SegmentRef;
  readonly bytes: Uint8Array;
  readonly segment: DecodedSegment;
}

export interface Shelf {
  /** What one attempt of a run stored, the newest first. */
  readonly groups: readonly (readonly Entry[])[];
  find(digest: string): Entry | null;
  /** Downloads, checks and decodes it, once; the error says in words why it cannot be used. */
  load(entry: Entry): Promise<Result<Part, string>>;
}

/** All that is loaded is held in memory; the deliver job takes no more either. */
const MAX_STORED_BYTES = 1024 * 1024 * 1024;

export async function openShelf(context: ShelfContext, runs: readonly RunFacts[]): Promise<Shelf> {
  const entries: Entry[] = [];
  for (const run of runs) {
    for (const artifact of await listRunArtifacts(context.github, context.repository, run.id)) {
      const name = parseSegmentName(artifact.name);
      if (name !== null && isOurs(context, run, { artifact, name })) entries.push({ artifact, name });
    }
  }
  const byDigest = new Map(entries.map((entry) => [entry.artifact.digest, entry]));
  const groups = [...Map.groupBy(entries, ({ name }) => `${name.runId} ${name.runAttempt}`).values()];
  return {
    groups: groups.map((group) => group.toSorted((a, b) => b.name.index - a.name.index)),
    find: (digest) => byDigest.get(digest) ?? null,
    load: loader(context),
  };
}

/** Of every attempt of the run, and of a post step; what the deliver job wrote is no state to work on from (fault 21). */
const isOurs = ({ item, repositoryId }: ShelfContext, run: RunFacts, { artifact, name }: Entry): boolean =>
  formatItemId(name.item) === item && name.runId === run.id && name.phase !== "deliver" && artifact.run?.id === run.id && artifact.run.repositoryId === repositoryId && artifact.run.headRepositoryId === repositoryId;

function loader(context: ShelfContext): Shelf["load"] {
  const loaded = new Map<number, Promise<Result<Part, string>>>();
  let room = MAX_STORED_BYTES;
  const load = async (entry: Entry): Promise<Result<Part, string>> => {
    const { artifact, name } = entry;
    if (artifact.expired) return err(`${artifact.name} has expired`);
    if (artifact.digest === null) return err(`GitHub states no digest of ${artifact.name}`);
    if (artifact.sizeBytes > room) return err(`with ${artifact.name} there are more than ${MAX_STORED_BYTES} bytes`);
    room -= artifact.sizeBytes;
    const bytes = await downloadArtifact(context, context.repository, { id: artifact.id, digest: artifact.digest });
    if (!bytes.ok) return err(`${artifact.name}: ${bytes.error.message}`);
    const segment = decodeSegment(bytes.value);
    if (!segment.ok) return err(`${artifact.name}: ${segment.error.message}`);
    const { item, runId } = segment.value;
    if (item !== context.item || runId !== name.runId) return err(`${artifact.name} holds a segment of item ${item} and run ${runId}`);
    return ok({ entry, ref: { id: artifact.id, runId, name: artifact.name, digest: artifact.digest }, bytes: bytes.value, segment: segment.value });
  };
  return (entry) => {
    const known = loaded.get(entry.artifact.id) ?? load(entry);
    loaded.set(entry.artifact.id, known);
    return known;
  };
}
