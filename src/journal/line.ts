/**
 * One line of the log: writing it and reading it back.
 *
 * L1. A line is canonical JSON in UTF-8 and one newline; its hash covers both.
 */
import { isUtf8 } from "node:buffer";
import { z } from "zod";
import { envelopeSchema, parseRecordEvent, RECORD_VERSION, type Envelope, type Recorded } from "../record/index.ts";
import type { Refusal } from "../shared/errors.ts";
import { sha256Hex } from "../shared/hash.ts";
import { canonicalJson } from "../shared/json.ts";
import { err, ok, type Result } from "../shared/result.ts";

export type LineRefusal = Refusal<"not-a-line" | "needs-version" | "unknown-event">;

/** A line that was read and checked by itself; its place in a chain is not checked yet. */
export interface ReadLine {
  readonly prev: string;
  readonly recorded: Recorded;
  /** SHA-256 of the line's bytes, newline included. */
  readonly hash: string;
}

/** The envelope's schema without its walk through `data`, which the event's own schema checks: half the time of a line. */
const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
const lineSchema = z.compile(envelopeSchema.extend({ data: z.custom<Envelope["data"]>(isObject, "must be an object") }));

const NOT_A_LINE_FIX = "The file was damaged or edited. Restore it from the saved segments or from a copy; nothing here repairs it.";
const notALine = (message: string): Result<never, LineRefusal> => err({ kind: "not-a-line", message, fix: NOT_A_LINE_FIX });

function parseObject(text: string): { readonly v?: unknown } | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Bytes of lines whose reading is remembered at least, and half of what is remembered at most: some thousand events. */
const KNOWN_BYTES = 4 * 1024 * 1024;

/** Whether a log is larger than what is remembered: its beginning would be forgotten before it is read again. */
export const isLargeLog = (log: Uint8Array): boolean => log.length > KNOWN_BYTES;

/**
 * Lines that were read and found good, by their hash. One process reads a log several times over: as segments, as a directory
 * seeded from them, in parts when it saves and delivers. The same bytes are the same line, and what is not yet known is read.
 * What gets too much is forgotten in bulk: taking the oldest line out of a map costs a walk over all that was taken out before.
 */
let known = new Map<string, ReadLine>();
let knownBefore = new Map<string, ReadLine>();
let knownBytes = 0;

function remember(line: ReadLine, size: number): void {
  if (knownBytes > KNOWN_BYTES) {
    knownBefore = known;
    known = new Map();
    knownBytes = 0;
  }
  known.set(line.hash, line);
  knownBytes += size;
}

/**
 * Reads one line.
 * @param bytes the line with its newline
 * @param text the same line decoded, without its newline
 * @param remembered whether the same line may well be read again
 * @returns `needs-version` when a newer WorkTrain wrote it (fault 11), `unknown-event` when the envelope is good and the event is not
 */
export function readLine(bytes: Uint8Array, text: string, remembered = true): Result<ReadLine, LineRefusal> {
  const hash = sha256Hex(bytes);
  const before = known.get(hash) ?? knownBefore.get(hash);
  if (before !== undefined) return ok(before);
  const value = parseObject(text);
  if (value === null) return notALine("it is not one JSON object");
  if (typeof value.v === "number" && Number.isInteger(value.v) && value.v > RECORD_VERSION) {
    return err({
      kind: "needs-version",
      message: `it needs a WorkTrain that reads record version ${value.v}; this one reads up to ${RECORD_VERSION}`,
      fix: "Use the newer WorkTrain that wrote this log. Nothing was changed.",
    });
  }
  const envelope = lineSchema.safeParse(value);
  if (!envelope.success) return notALine(`its envelope does not fit: ${firstIssue(envelope.error.issues)}`);
  const recorded = recordedFrom(envelope.data);
  if (!recorded.ok) return recorded;
  const line: ReadLine = { prev: envelope.data.prev, recorded: recorded.value, hash };
  if (remembered) remember(line, bytes.length);
  return ok(line);
}

const canonical = new WeakSet<ReadLine>();

/** Whether a line is in canonical form (L1). @param text of the line, without its newline */
export function isCanonical(line: ReadLine, text: string): boolean {
  if (canonical.has(line)) return true;
  if (canonicalJson(JSON.parse(text)) !== text) return false;
  canonical.add(line);
  return true;
}

/**
 * The text of one line, newline included (L1). The envelope's members stand here in canonical order, and its values need no
 * escaping: a stream's name and a kind of ours, hex digits, a date, numbers.
 * @param data the event's data as canonical JSON
 */
export const lineText = ({ v, stream, seq, epoch, prev, at, kind }: Omit<Envelope, "data">, data: string): string =>
  `{"at":"${at}","data":${data},"epoch":${epoch},"kind":"${kind}","prev":"${prev}","seq":${seq},"stream":"${stream}","v":${v}}\n`;

/** Joins an envelope's place in the log with its typed event. */
function recordedFrom(envelope: Envelope): Result<Recorded, LineRefusal> {
  const event = parseRecordEvent(envelope);
  if (!event.success) {
    return err({
      kind: "unknown-event",
      message: `its event "${envelope.kind}" does not fit the record: ${firstIssue(event.error.issues)}`,
      fix: "If a newer WorkTrain wrote this log, use that one. Otherwise the log was edited: restore it from a copy.",
    });
  }
  const { stream, seq, epoch, at } = envelope;
  return ok({ ...event.data, stream, seq, epoch, at });
}

/** What zod says first. */
export function firstIssue(issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): string {
  const [issue] = issues;
  return issue === undefined ? "unknown" : `${issue.path.map(String).join(".") || "value"}: ${issue.message}`;
}

const NEWLINE = 10;

/** What stops a walk over the lines of a log. */
export interface Stopped {
  /** Counted from 1. */
  readonly line: number;
  readonly reason: string;
  readonly fix: string;
}

/**
 * Walks over the lines of a log. They are decoded one by one: a large log is never in memory as text.
 * @param take gets each line with its newline, and decoded without it; what it returns, if not null, ends the walk
 * @returns how many lines there were, or what stopped the walk; bytes that are not UTF-8 or lack the last newline do
 */
export function walkLines(log: Uint8Array, take: (bytes: Uint8Array, text: string) => Omit<Stopped, "line"> | null): Result<number, Stopped> {
  const buffer = Buffer.from(log.buffer, log.byteOffset, log.byteLength);
  const allUtf8 = isUtf8(buffer);
  let lines = 0;
  for (let start = 0; start < buffer.length; ) {
    const end = buffer.indexOf(NEWLINE, start) + 1;
    const bytes = buffer.subarray(start, end);
    lines += 1;
    if (end === 0) return err({ line: lines, reason: "it has no end", fix: NOT_A_LINE_FIX });
    if (!allUtf8 && !isUtf8(bytes)) return err({ line: lines, reason: "it is not UTF-8 text", fix: NOT_A_LINE_FIX });
    const stopped = take(bytes, buffer.toString("utf8", start, end - 1));
    if (stopped !== null) return err({ ...stopped, line: lines });
    start = end;
  }
  return ok(lines);
}
