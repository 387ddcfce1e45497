/**
 * A segment: a contiguous part of the streams of one run in one file. The format is for ever:
 * gzip of one header line, the log lines, and the blobs' bytes one after the other; the header gives every count and length.
 *
 * G1. A segment is valid only as a whole: the header covers every byte after it, and nothing may follow the last blob.
 * G2. Its bytes come from outside (I8): each limit is enforced before or while the bytes are expanded, never after.
 */
import { promisify } from "node:util";
import { gunzipSync, gzip, gzipSync } from "node:zlib";
import { z } from "zod";
import { BLOB_LIMIT_BYTES, itemIdSchema, RECORD_VERSION, sha256Schema } from "../record/index.ts";
import { TerminalError, type Refusal } from "../shared/errors.ts";
import { sha256Hex } from "../shared/hash.ts";
import { canonicalJson } from "../shared/json.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { isCanonical, readLine, walkLines, type ReadLine } from "./line.ts";

export interface SegmentBlob {
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

export interface Segment {
  /** Id of the work item. */
  readonly item: string;
  readonly runId: number;
  readonly runAttempt: number;
  /** Epoch of the writer. */
  readonly epoch: number;
  /** Counts the segments of one run attempt upwards from 1. */
  readonly index: number;
  /** SHA-256 of the stored bytes of the segment this one goes on from; null when it goes on from nothing. */
  readonly previous: string | null;
  /**
   * Set on a compaction, which goes on from nothing (`previous` is null): it repeats every line up to the segment with this
   * SHA-256, has the blobs they still need, and may add lines of its own. Whoever has it needs no earlier segment.
   */
  readonly compacts?: string;
  /** In the order they were appended, without newlines. */
  readonly lines: readonly string[];
  readonly blobs: readonly SegmentBlob[];
}

export type SegmentRefusal = Refusal<"segment-too-large" | "segment-damaged" | "needs-version">;

export interface SegmentLimits {
  readonly storedBytes: number;
  /** Header, lines and blobs together. */
  readonly expandedBytes: number;
  readonly headerBytes: number;
  readonly lines: number;
  readonly blobs: number;
  /** The highest epoch: a journal directory has a file for each below it, which a number made up would make without end. */
  readonly epoch: number;
}

/** Far above a step's work, and small enough for the memory of the smallest runner (7 GB). */
export const SEGMENT_LIMITS: SegmentLimits = {
  storedBytes: 256 * 1024 * 1024,
  expandedBytes: 512 * 1024 * 1024,
  headerBytes: 8 * 1024 * 1024,
  lines: 200_000,
  blobs: 50_000,
  epoch: 10_000,
};

const count = z.int().min(0);
const headerSchema = z.strictObject({
  v: z.literal(RECORD_VERSION),
  item: itemIdSchema,
  runId: count,
  runAttempt: z.int().min(1),
  epoch: z.int().min(1),
  index: z.int().min(1),
  previous: sha256Schema.nullable(),
  compacts: sha256Schema.optional(),
  lines: count,
  /** Bytes of all lines, newlines included. */
  lineBytes: count,
  blobs: z.array(z.strictObject({ sha256: sha256Schema, bytes: count.max(BLOB_LIMIT_BYTES) })),
});
type Header = z.infer<typeof headerSchema>;

/**
 * Makes the stored bytes of a segment.
 * @throws TerminalError when it is over a limit that `decodeSegment` would refuse it for
 */
export function encodeSegment(segment: Segment): Uint8Array {
  const plain = plainSegment(segment);
  return withinLimits(segment, plain, gzipSync(plain));
}

/** Above it the packing takes long enough to hold up whatever else the process does. */
const PACK_ASIDE_BYTES = 4 * 1024 * 1024;

/** As `encodeSegment`; what is large is packed on another thread. */
export async function packSegment(segment: Segment): Promise<Uint8Array> {
  const plain = plainSegment(segment);
  return withinLimits(segment, plain, plain.length > PACK_ASIDE_BYTES ? await promisify(gzip)(plain) : gzipSync(plain));
}

function plainSegment(segment: Segment): Buffer {
  const { item, runId, runAttempt, epoch, index, previous, compacts, lines, blobs } = segment;
  const log = Buffer.from(lines.map((line) => `${line}\n`).join(""));
  const header: Header = {
    v: RECORD_VERSION,
    item,
    runId,
    runAttempt,
    epoch,
    index,
    previous,
    ...(compacts === undefined ? {} : { compacts }),
    lines: lines.length,
    lineBytes: log.length,
    blobs: blobs.map(({ sha256, bytes }) => ({ sha256, bytes: bytes.length })),
  };
  return Buffer.concat([Buffer.from(`${canonicalJson(header)}\n`), log, ...blobs.map(({ bytes }) => bytes)]);
}

function withinLimits({ lines, blobs, epoch }: Segment, plain: Buffer, stored: Buffer): Uint8Array {
  const over = stored.length > SEGMENT_LIMITS.storedBytes || plain.length > SEGMENT_LIMITS.expandedBytes;
  if (over || lines.length > SEGMENT_LIMITS.lines || blobs.length > SEGMENT_LIMITS.blobs || epoch > SEGMENT_LIMITS.epoch) {
    throw new TerminalError(
      `A segment of ${lines.length} lines, ${blobs.length} blobs, ${plain.length} bytes and epoch ${epoch} is over the limit (${SEGMENT_LIMITS.lines} lines, ${SEGMENT_LIMITS.blobs} blobs, ${SEGMENT_LIMITS.expandedBytes} bytes, epoch ${SEGMENT_LIMITS.epoch}).`,
      "Save more often, or keep large generated files out of the workspace.",
    );
  }
  return stored;
}

/** A segment whose own contents were checked: its limits, header, lines each by itself, and blob hashes. */
export interface DecodedSegment extends Segment {
  /** Bytes of header, lines and blobs. */
  readonly expandedBytes: number;
  readonly readLines: readonly ReadLine[];
}

/** Reads a segment's stored bytes, trusting none of them (fault 20). */
export function decodeSegment(stored: Uint8Array, limits: SegmentLimits = SEGMENT_LIMITS): Result<DecodedSegment, SegmentRefusal> {
  const expanded = expand(stored, limits);
  if (!expanded.ok) return expanded;
  const plain = expanded.value;
  const headerEnd = plain.subarray(0, limits.headerBytes).indexOf("\n") + 1;
  if (headerEnd === 0) return damaged("it has no header line");
  const header = readHeader(plain.subarray(0, headerEnd), limits);
  if (!header.ok) return header;
  const { item, runId, runAttempt, epoch, index, previous, compacts, lineBytes, blobs } = header.value;
  const blobBytes = blobs.reduce((sum, blob) => sum + blob.bytes, 0);
  if (headerEnd + lineBytes + blobBytes !== plain.length) {
    return damaged(`its header speaks of ${headerEnd + lineBytes + blobBytes} bytes, it has ${plain.length}`); // G1
  }
  const log = readLog(plain.subarray(headerEnd, headerEnd + lineBytes), header.value);
  if (!log.ok) return log;
  const readBlobs = sliceBlobs(plain.subarray(headerEnd + lineBytes), blobs);
  if (!readBlobs.ok) return readBlobs;
  return ok({ item, runId, runAttempt, epoch, index, previous, ...(compacts === undefined ? {} : { compacts }), ...log.value, blobs: readBlobs.value, expandedBytes: plain.length });
}

/** Magic, deflate, no flags, no time: what `gzipSync` writes. Flags would carry bytes that nothing checks. */
const GZIP_START = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);

/** The bytes behind gzip, bounded while they are expanded (G2). */
export function expand(stored: Uint8Array, limits: SegmentLimits): Result<Buffer, SegmentRefusal> {
  if (stored.length > limits.storedBytes) return tooLarge(`${stored.length} bytes`, `${limits.storedBytes} bytes`);
  if (!GZIP_START.equals(stored.subarray(0, GZIP_START.length))) return damaged("it does not begin as a segment does");
  try {
    // The typings do not know `info`, which tells how much of the input was used (nodejs.org/api/zlib.html, Options).
    const result: unknown = gunzipSync(stored, { maxOutputLength: limits.expandedBytes, info: true });
    const { buffer, engine } = result as { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
    return engine.bytesWritten === stored.length ? ok(buffer) : damaged("bytes follow its end");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "ERR_BUFFER_TOO_LARGE") return tooLarge(`more than ${limits.expandedBytes} bytes when expanded`, `${limits.expandedBytes} bytes`);
    if (error instanceof Error) return damaged(`it cannot be expanded: ${error.message}`);
    throw error;
  }
}

function readHeader(line: Buffer, limits: SegmentLimits): Result<Header, SegmentRefusal> {
  const text = line.toString("utf8").slice(0, -1);
  const value = parseJson(text);
  if (value !== null && typeof value === "object" && "v" in value && Number.isInteger(value.v) && Number(value.v) > RECORD_VERSION) {
    return err({
      kind: "needs-version",
      message: `The segment needs a WorkTrain that reads record version ${String(value.v)}; this one reads up to ${RECORD_VERSION}.`,
      fix: "Use the newer WorkTrain that wrote it.",
    });
  }
  const header = headerSchema.safeParse(value);
  if (!header.success) return damaged(`its header does not fit: ${z.prettifyError(header.error)}`);
  if (canonicalJson(header.data) !== text) return damaged("its header is not in canonical form");
  const { lines, blobs, epoch, previous, compacts } = header.data;
  if (compacts !== undefined && previous !== null) return damaged("it says that it goes on from a segment and that it needs none before it");
  if (lines > limits.lines) return tooLarge(`${lines} lines`, `${limits.lines} lines`);
  if (epoch > limits.epoch) return tooLarge(`epoch ${epoch}`, `epoch ${limits.epoch}`);
  if (blobs.length > limits.blobs) return tooLarge(`${blobs.length} blobs`, `${limits.blobs} blobs`);
  return ok(header.data);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function readLog(log: Buffer, header: Header): Result<Pick<DecodedSegment, "lines" | "readLines">, SegmentRefusal> {
  const lines: string[] = [];
  const readLines: ReadLine[] = [];
  let needsVersion: SegmentRefusal | null = null;
  const walked = walkLines(log, (bytes, text) => {
    const line = readLine(bytes, text);
    if (!line.ok) {
      if (line.error.kind === "needs-version") needsVersion = { ...line.error, kind: "needs-version" };
      return { reason: line.error.message, fix: line.error.fix };
    }
    if (!isCanonical(line.value, text)) return { reason: "it is not in canonical form", fix: DAMAGED_FIX };
    const { epoch } = line.value.recorded;
    // A segment that goes on from nothing may hold what earlier epochs wrote: a whole log put into one.
    if (epoch > header.epoch || (header.previous !== null && epoch !== header.epoch)) {
      return { reason: `it has epoch ${epoch} in a segment of epoch ${header.epoch}`, fix: DAMAGED_FIX };
    }
    lines.push(text);
    readLines.push(line.value);
    return null;
  });
  if (needsVersion !== null) return err(needsVersion);
  if (!walked.ok) return damaged(`line ${walked.error.line}: ${walked.error.reason}`);
  if (walked.value !== header.lines) return damaged(`its header speaks of ${header.lines} lines, it has ${walked.value}`);
  return ok({ lines, readLines });
}

function sliceBlobs(bytes: Buffer, blobs: Header["blobs"]): Result<readonly SegmentBlob[], SegmentRefusal> {
  const result: SegmentBlob[] = [];
  let start = 0;
  for (const blob of blobs) {
    const part = bytes.subarray(start, start + blob.bytes);
    if (sha256Hex(part) !== blob.sha256) return damaged(`blob ${blob.sha256} does not have that hash`);
    result.push({ sha256: blob.sha256, bytes: part });
    start += blob.bytes;
  }
  return ok(result);
}

const DAMAGED_FIX = "Download it again. If it stays so, go on from the segment before it; nothing of this one is used.";

export const damaged = (what: string): Result<never, SegmentRefusal> =>
  err({ kind: "segment-damaged", message: `The segment is damaged or was edited: ${what}.`, fix: DAMAGED_FIX });

const tooLarge = (size: string, limit: string): Result<never, SegmentRefusal> =>
  err({ kind: "segment-too-large", message: `The segment has ${size}; the limit is ${limit}.`, fix: "No WorkTrain run writes segments of this size: find out who made it." });
