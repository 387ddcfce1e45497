/**
 * The journal's artifacts: taken by the ids the agent job named, each checked with GitHub before a byte of it is read.
 *
 * I7. Only artifacts of this repository's own dispatched runs of this workflow file, of this item, with the digest GitHub
 *     states, are put together (attack 14, fault 21).
 */
import { z } from "zod";
import type { GitHub } from "../../../github/client.ts";
import { downloadArtifact, listRunArtifacts, readRun, type ArtifactFacts } from "../../../github/read/index.ts";
import { assembleSegments, type Assembled, type SegmentRef } from "../../../journal/index.ts";
import { formatItemId, formatReportName, parseItemId, parseSegmentName, sha256Schema } from "../../../record/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import type { Clock, Fetch } from "../../../shared/ports.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { Admitted } from "./admit.ts";

const segmentsSchema = z
  .array(z.object({ id: z.int().min(1), runId: z.int().min(1), name: z.string().max(300), digest: sha256Schema }))
  .min(1)
  // 500 artifacts a job (P-artifacts); an item that was resumed brings those of several runs.
  .max(5_000);

/** All artifacts together. What is unpacked is bounded by the segment format again. */
const MAX_STORED_BYTES = 1024 * 1024 * 1024;

export type ProvenanceRefusal = Refusal<"bad-segments" | "foreign-artifact" | "bad-artifact" | "bad-journal">;

export interface ProvenancePorts {
  readonly github: GitHub;
  readonly fetch: Fetch;
  readonly clock: Clock;
}

export interface Verified {
  readonly assembled: Assembled;
  readonly refs: readonly SegmentRef[];
  /** The agent job's own report among this run's artifacts, by its name alone: it is linked to and never read. */
  readonly reportId: number | null;
}

/** Downloads and joins exactly the artifacts named, or says which one is not what it should be. */
export async function takeSegments(ports: ProvenancePorts, admitted: Admitted, text: string): Promise<Result<Verified, ProvenanceRefusal>> {
  const refs = parseSegments(text);
  if (!refs.ok) return refs;
  const known = await artifactsOf(ports, admitted, refs.value);
  if (!known.ok) return known;
  const parts: { bytes: Uint8Array; digest: string }[] = [];
  for (const ref of refs.value) {
    const wrong = otherArtifact(admitted, ref, known.value.get(ref.id));
    if (wrong !== null) return err(wrong);
    const bytes = await downloadArtifact(ports, admitted.repository, { id: ref.id, digest: ref.digest });
    if (!bytes.ok) return refuse("bad-artifact", bytes.error.message, bytes.error.fix);
    parts.push({ bytes: bytes.value, digest: ref.digest });
  }
  const assembled = assembleSegments(parts);
  if (!assembled.ok) return refuse("bad-journal", assembled.error.message, DISTRUST);
  if (assembled.value.item !== admitted.ticket.item) return refuse("bad-journal", `The segments are of item ${assembled.value.item}.`, DISTRUST);
  return ok({ assembled: assembled.value, refs: refs.value, reportId: reportOf(admitted, [...known.value.values()]) });
}

function reportOf({ ticket, run }: Admitted, artifacts: readonly ArtifactFacts[]): number | null {
  const item = parseItemId(ticket.item);
  const name = item === null ? null : formatReportName({ item, runId: run.id, runAttempt: 1, job: "agent" });
  return artifacts.find((artifact) => artifact.name === name && artifact.run?.id === run.id && !artifact.expired)?.id ?? null;
}

const DISTRUST = "Nothing is published. Remove the label and add it again for a new attempt; if this happens again, see who can change the workflow.";

const refuse = (kind: ProvenanceRefusal["kind"], message: string, fix: string = DISTRUST): Result<never, ProvenanceRefusal> => err({ kind, message, fix });

function parseSegments(text: string): Result<readonly SegmentRef[], ProvenanceRefusal> {
  const parsed = segmentsSchema.safeParse(parseJson(text));
  if (!parsed.success) return refuse("bad-segments", `The agent job's output \`segments\` is not a list of artifacts: ${parsed.error.issues[0]?.message ?? ""}`);
  const ids = new Set(parsed.data.map(({ id }) => id));
  return ids.size === parsed.data.length ? ok(parsed.data) : refuse("bad-segments", "The agent job's output `segments` names an artifact twice.");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The schema refuses it.
  }
}

/** What GitHub says of the artifacts, by id, after each run they are said to be from has been checked. */
async function artifactsOf({ github }: ProvenancePorts, admitted: Admitted, refs: readonly SegmentRef[]): Promise<Result<ReadonlyMap<number, ArtifactFacts>, ProvenanceRefusal>> {
  const { repository, repositoryId, run: thisRun, ticket } = admitted;
  const known = new Map<number, ArtifactFacts>();
  let bytes = 0;
  for (const runId of new Set(refs.map((ref) => ref.runId))) {
    const run = runId === thisRun.id ? thisRun : await readRun(github, repository, runId);
    const ours =
      run !== null &&
      run.id <= thisRun.id &&
      run.repositoryId === repositoryId &&
      run.headRepositoryId === repositoryId &&
      run.event === "workflow_dispatch" &&
      run.path === thisRun.path &&
      run.headBranch === thisRun.headBranch &&
      run.displayTitle.split(" ").includes(ticket.item);
    if (!ours) return refuse("foreign-artifact", `Run ${runId}, which artifacts are said to be from, is not a run of this item in this repository.`);
    for (const artifact of await listRunArtifacts(github, repository, runId)) {
      known.set(artifact.id, artifact);
      if (refs.some((ref) => ref.id === artifact.id)) bytes += artifact.sizeBytes;
    }
  }
  if (bytes > MAX_STORED_BYTES) return refuse("bad-artifact", `The journal's artifacts have ${bytes} bytes; at most ${MAX_STORED_BYTES} are taken.`);
  return ok(known);
}

function otherArtifact({ ticket, repositoryId }: Admitted, ref: SegmentRef, artifact: ArtifactFacts | undefined): ProvenanceRefusal | null {
  const foreign = (why: string): ProvenanceRefusal => ({ kind: "foreign-artifact", message: `Artifact ${ref.id} (${ref.name}) ${why}.`, fix: DISTRUST });
  if (artifact === undefined) return foreign(`is not an artifact of run ${ref.runId}`);
  if (artifact.expired) return { kind: "bad-artifact", message: `Artifact ${ref.id} has expired.`, fix: "Label the issue again for a new attempt." };
  if (artifact.name !== ref.name || artifact.run?.id !== ref.runId) return foreign("has another name or run at GitHub");
  if (artifact.run.repositoryId !== repositoryId || artifact.run.headRepositoryId !== repositoryId) return foreign("comes from another repository or a fork");
  if (artifact.digest !== ref.digest) return foreign(`has digest ${artifact.digest ?? "none"} at GitHub, not the one named`);
  const name = parseSegmentName(artifact.name);
  if (name === null || formatItemId(name.item) !== ticket.item || name.runId !== ref.runId || name.runAttempt !== 1 || name.phase === "deliver") return foreign("is not a segment of this item by its name");
  return null;
}
