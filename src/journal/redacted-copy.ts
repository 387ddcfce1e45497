/**
 * A journal for other eyes, with secrets taken out: gzip of one header line, the log lines and the blobs, as a segment is.
 *
 * R1. A line that redaction changed stands with the hash it had: the lines around it still show that they are of one chain, and
 *     nobody can take the copy for the log itself. What the changed line said, the copy does not prove.
 * R2. A copy without any change is a segment and no copy (`export` writes that); so a copy always says what was taken out.
 * R3. Its bytes come from outside (I8): the limits of segments hold before or while they are expanded.
 */
import { constants, gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { BLOB_LIMIT_BYTES, itemIdSchema, sha256Schema } from "../record/index.ts";
import { sha256Hex } from "../shared/hash.ts";
import { canonicalJson } from "../shared/json.ts";
import { ok, type Result } from "../shared/result.ts";
import { createChain } from "./chain.ts";
import type { JournalReader } from "./journal.ts";
import { readLine, walkLines, type ReadLine } from "./line.ts";
import { damaged, expand, SEGMENT_LIMITS, type SegmentBlob, type SegmentLimits, type SegmentRefusal } from "./segment.ts";
import { createMemoryReader } from "./stores/memory.ts";

export interface RedactedCopy {
  readonly item: string;
  /** In the order they were appended, without newlines. */
  readonly lines: readonly string[];
  /** Lines that were changed, counted from 1, and the hash that each had. */
  readonly redactedLines: readonly { readonly line: number; readonly sha256: string }[];
  /** By the hash that the journal knows them by, which those in `redactedBlobs` do not have any more. */
  readonly blobs: readonly SegmentBlob[];
  readonly redactedBlobs: readonly string[];
}

const count = z.int().min(0);
const headerSchema = z.strictObject({
  _copy: z.literal(1),
  item: itemIdSchema,
  lines: count,
  lineBytes: count,
  redactedLines: z.array(z.strictObject({ line: z.int().min(1), sha256: sha256Schema })),
  blobs: z.array(z.strictObject({ sha256: sha256Schema, bytes: count.max(2 * BLOB_LIMIT_BYTES), digest: sha256Schema })),
});

export function encodeRedactedCopy({ item, lines, redactedLines, blobs }: RedactedCopy): Uint8Array {
  const log = Buffer.from(lines.map((line) => `${line}\n`).join(""));
  const header: z.infer<typeof headerSchema> = {
    _copy: 1,
    item,
    lines: lines.length,
    lineBytes: log.length,
    redactedLines: [...redactedLines],
    blobs: blobs.map(({ sha256, bytes }) => ({ sha256, bytes: bytes.length, digest: sha256Hex(bytes) })),
  };
  return gzipSync(Buffer.concat([Buffer.from(`${canonicalJson(header)}\n`), log, ...blobs.map(({ bytes }) => bytes)]));
}

export interface ReadCopy extends RedactedCopy {
  /** Each with the hash that it had before it was redacted (R1). */
  readonly readLines: readonly ReadLine[];
}

/** Reads a copy's bytes, trusting none of them; null when they are no copy, such as a segment's. */
export function decodeRedactedCopy(stored: Uint8Array, limits: SegmentLimits = SEGMENT_LIMITS): Result<ReadCopy, SegmentRefusal> | null {
  if (!beginning(stored).startsWith(START)) return null;
  const expanded = expand(stored, limits);
  if (!expanded.ok) return expanded;
  const plain = expanded.value;
  const end = plain.subarray(0, limits.headerBytes).indexOf("\n") + 1;
  if (end === 0) return damaged("it has no header line");
  const value = parseJson(plain.toString("utf8", 0, end - 1));
  const header = headerSchema.safeParse(value);
  if (!header.success) return damaged(`its header does not fit: ${z.prettifyError(header.error)}`);
  const { item, lineBytes, redactedLines } = header.data;
  const blobBytes = header.data.blobs.reduce((sum, { bytes }) => sum + bytes, 0);
  if (end + lineBytes + blobBytes !== plain.length) return damaged(`its header speaks of ${end + lineBytes + blobBytes} bytes, it has ${plain.length}`);
  const log = readLog(plain.subarray(end, end + lineBytes), new Map(redactedLines.map(({ line, sha256 }) => [line, sha256])));
  if (!log.ok) return log;
  if (log.value.lines.length !== header.data.lines) return damaged(`its header speaks of ${header.data.lines} lines, it has ${log.value.lines.length}`);
  const blobs: SegmentBlob[] = [];
  let start = end + lineBytes;
  for (const { sha256, bytes, digest } of header.data.blobs) {
    const part = plain.subarray(start, start + bytes);
    if (sha256Hex(part) !== digest) return damaged(`blob ${sha256} does not have the digest in its header`);
    blobs.push({ sha256, bytes: part });
    start += bytes;
  }
  return ok({ item, ...log.value, redactedLines, blobs, redactedBlobs: header.data.blobs.flatMap(({ sha256, digest }) => (sha256 === digest ? [] : [sha256])) });
}

/** A reader over a copy; null with the reason when its lines are of no chain. */
export function copyReader({ readLines, blobs }: ReadCopy): Result<JournalReader, SegmentRefusal> {
  const chain = createChain();
  for (const [index, line] of readLines.entries()) {
    const refusal = chain.accept(line);
    if (refusal !== null) return damaged(`line ${index + 1}: ${refusal.message}`);
  }
  return ok(createMemoryReader(chain, new Map(blobs.map(({ sha256, bytes }) => [sha256, bytes]))));
}

function readLog(log: Uint8Array, redacted: ReadonlyMap<number, string>): Result<Pick<ReadCopy, "lines" | "readLines">, SegmentRefusal> {
  const lines: string[] = [];
  const readLines: ReadLine[] = [];
  const walked = walkLines(log, (bytes, text) => {
    const line = readLine(bytes, text);
    if (!line.ok) return { reason: line.error.message, fix: line.error.fix };
    lines.push(text);
    readLines.push({ ...line.value, hash: redacted.get(lines.length) ?? line.value.hash }); // R1
    return null;
  });
  return walked.ok ? ok({ lines, readLines }) : damaged(`line ${walked.error.line}: ${walked.error.reason}`);
}

/** In canonical JSON no name of a segment's header stands before it. */
const START = '{"_copy":';
/** Compressed bytes that hold the start, and what those can come to at most (zlib: 1,032 to 1). */
const PEEKED_BYTES = 1_024;
const PEEKED_LIMIT_BYTES = 2 * 1024 * 1024;

/** What stands first, without expanding the rest; empty when it cannot be expanded. */
function beginning(stored: Uint8Array): string {
  try {
    return gunzipSync(stored.subarray(0, PEEKED_BYTES), { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: PEEKED_LIMIT_BYTES }).toString("latin1", 0, START.length);
  } catch {
    return ""; // No gzip: whoever reads it as a segment says so.
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
