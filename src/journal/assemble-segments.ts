/**
 * Putting the segments of a work item together again, from any runs, in any order.
 *
 * A1. Each part is what its store said it is: its SHA-256 is compared before anything in it is read.
 * A2. `previous` links make one chain from the first segment to the newest: a gap, a fork or a foreign part is refused by name.
 * A3. Lines are taken in the order of that chain, and each must continue its stream from its first event on (faults 7 and 8).
 */
import type { Refusal } from "../shared/errors.ts";
import { sha256Hex } from "../shared/hash.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { createChain } from "./chain.ts";
import type { JournalReader } from "./journal.ts";
import { decodeSegment, SEGMENT_LIMITS, type DecodedSegment, type SegmentBlob, type SegmentRefusal } from "./segment.ts";
import { createMemoryReader } from "./stores/memory.ts";

export interface SegmentPart {
  readonly bytes: Uint8Array;
  /** SHA-256 as the store reported it: 64 hex digits, with or without GitHub's prefix `sha256:`. */
  readonly digest: string;
}

export interface Assembled {
  readonly reader: JournalReader;
  /** Id of the work item. */
  readonly item: string;
  /** Highest epoch of any segment; at least 1. */
  readonly epoch: number;
  /** All lines of all streams in the order they were appended, without newlines. */
  readonly lines: readonly { readonly epoch: number; readonly text: string }[];
  /** Each once. */
  readonly blobs: readonly SegmentBlob[];
  /** Digests of the segments in chain order. */
  readonly digests: readonly string[];
  /** What a person may want to know, one sentence each. */
  readonly notes: readonly string[];
}

export type AssembleRefusal = SegmentRefusal | Refusal<"no-segments" | "digest-mismatch" | "segment-gap" | "segment-fork" | "foreign-segment" | "log-broken">;

/** All segments together, expanded: they are held in memory, and the smallest runner has 7 GB. */
const ASSEMBLED_LIMIT_BYTES = 1024 * 1024 * 1024;

/**
 * Checks and joins segments (A1 to A3). Doubles of the same bytes are fine.
 * @param limitBytes of all of them expanded: many small bombs are one (fault 20)
 */
export function assembleSegments(parts: readonly SegmentPart[], limitBytes: number = ASSEMBLED_LIMIT_BYTES): Result<Assembled, AssembleRefusal> {
  const notes: string[] = [];
  const segments = new Map<string, DecodedSegment>();
  let room = limitBytes;
  for (const [index, part] of parts.entries()) {
    const digest = sha256Hex(part.bytes);
    if (part.digest.replace(/^sha256:/, "") !== digest) return err(mismatch(index, part.digest, digest)); // A1
    if (segments.has(digest)) {
      notes.push(`Segment ${short(digest)} was given more than once.`);
      continue;
    }
    const segment = decodeSegment(part.bytes, { ...SEGMENT_LIMITS, expandedBytes: Math.max(1, Math.min(SEGMENT_LIMITS.expandedBytes, room)) });
    if (!segment.ok) return err({ ...segment.error, message: `Segment ${short(digest)}: ${segment.error.message}` });
    room -= segment.value.expandedBytes;
    segments.set(digest, segment.value);
  }
  const ordered = orderByLinks(segments);
  return ordered.ok ? join(ordered.value, notes) : ordered;
}

interface Linked {
  readonly digest: string;
  readonly segment: DecodedSegment;
}

const short = (digest: string): string => digest.slice(0, 12);
const named = ({ digest, segment }: Linked): string => `segment ${segment.index} of run ${segment.runId} attempt ${segment.runAttempt} (${short(digest)})`;

/** Follows `previous` from the one segment that goes on from nothing (A2). */
function orderByLinks(segments: ReadonlyMap<string, DecodedSegment>): Result<readonly Linked[], AssembleRefusal> {
  const followers = new Map<string | null, Linked>();
  for (const [digest, segment] of segments) {
    const linked = { digest, segment };
    const twin = followers.get(segment.previous);
    if (twin !== undefined) return err(fork(twin, linked));
    if (segment.previous !== null && !segments.has(segment.previous)) return err(gap(linked, segment.previous));
    followers.set(segment.previous, linked);
  }
  const ordered: Linked[] = [];
  for (let next = followers.get(null); next !== undefined; next = followers.get(next.digest)) {
    const before = ordered.at(-1);
    const refusal = before === undefined ? null : misplaced(before, next);
    if (refusal !== null) return err(refusal);
    ordered.push(next);
  }
  // Every `previous` is there and a cycle of hashes cannot be made: nothing in order means nothing was given.
  return ordered.length > 0 ? ok(ordered) : err({ kind: "no-segments", message: "No segments were given.", fix: "Name the segments of a run." });
}

/** Why a segment cannot stand after another; null when it can. */
function misplaced(before: Linked, after: Linked): AssembleRefusal | null {
  const a = before.segment;
  const b = after.segment;
  if (a.item !== b.item) {
    return { kind: "foreign-segment", message: `${named(after)} is of work item ${b.item}, the one before it of ${a.item}.`, fix: "Use the segments of one work item only." };
  }
  const sameRun = a.runId === b.runId && a.runAttempt === b.runAttempt;
  // Agent job and deliver job are two writers of one run: the second has a later epoch.
  const inOrder = sameRun ? b.epoch >= a.epoch && b.index > a.index : b.epoch > a.epoch;
  if (inOrder) return null;
  return {
    kind: "segment-fork",
    message: `${named(after)} of epoch ${b.epoch} cannot follow ${named(before)} of epoch ${a.epoch}.`,
    fix: "Two runs wrote at the same time, or a segment was made by hand. Choose the segments of one chain.",
  };
}

function join(ordered: readonly Linked[], notes: string[]): Result<Assembled, AssembleRefusal> {
  const chain = createChain();
  const lines: { readonly epoch: number; readonly text: string }[] = [];
  const blobs = new Map<string, Uint8Array>();
  for (const linked of ordered) {
    for (const [index, line] of linked.segment.readLines.entries()) {
      const refusal = chain.accept(line); // A3
      if (refusal !== null) {
        return err({ kind: "log-broken", message: `${named(linked)} line ${index + 1}: ${refusal.message}.`, fix: refusal.fix });
      }
      lines.push({ epoch: line.recorded.epoch, text: linked.segment.lines[index] ?? "" });
    }
    for (const blob of linked.segment.blobs) blobs.set(blob.sha256, blob.bytes);
  }
  const newest = ordered.at(-1)?.segment;
  if (newest === undefined) throw new Error("Segments without a newest one. This is a bug in WorkTrain; please report it.");
  return ok({
    reader: createMemoryReader(chain, blobs),
    item: newest.item,
    epoch: newest.epoch,
    lines,
    blobs: [...blobs].map(([sha256, bytes]) => ({ sha256, bytes })),
    digests: ordered.map(({ digest }) => digest),
    notes,
  });
}

const mismatch = (index: number, said: string, digest: string): AssembleRefusal => ({
  kind: "digest-mismatch",
  message: `Part ${index + 1} has SHA-256 ${digest}; the store said ${said}.`,
  fix: "Download it again. If it stays so, it was tampered with: nothing of it is used.",
});

const gap = (linked: Linked, missing: string): AssembleRefusal => ({
  kind: "segment-gap",
  message: `${named(linked)} goes on from segment ${missing}, which is not there.`,
  fix: "Bring the missing segment, or go on from the newest one before the gap.",
});

const fork = (a: Linked, b: Linked): AssembleRefusal => ({
  kind: "segment-fork",
  message: `${named(a)} and ${named(b)} both go on from ${a.segment.previous === null ? "nothing" : `segment ${short(a.segment.previous)}`}.`,
  fix: "Two runs wrote at the same time. Choose the segments of one of them; they are never merged.",
});
