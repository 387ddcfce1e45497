/**
 * One line of the log: writing it and reading it back.
 *
 * L1. A line is canonical JSON in UTF-8 and one newline; its hash covers both.
 * L2. What is kept in memory after an append is what reading the line gives, so state never differs from replay (I3).
 */
import { isUtf8 } from "node:buffer";
import { envelopeSchema, parseRecordEvent, RECORD_VERSION, type Envelope, type Recorded } from "../record/index.ts";
import type { Refusal } from "../shared/errors.ts";
import { sha256Hex } from "../shared/hash.ts";
import { err, ok, type Result } from "../shared/result.ts";

export type LineRefusal = Refusal<"not-a-line" | "needs-version" | "unknown-event">;

/** A line that was read and checked by itself; its place in a chain is not checked yet. */
export interface ReadLine {
  readonly prev: string;
  readonly recorded: Recorded;
  /** SHA-256 of the line's bytes, newline included. */
  readonly hash: string;
}

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

/**
 * Reads one line.
 * @param bytes the line with its newline
 * @param text the same line decoded, without its newline
 * @returns `needs-version` when a newer WorkTrain wrote it (fault 11), `unknown-event` when the envelope is good and the event is not
 */
export function readLine(bytes: Uint8Array, text: string): Result<ReadLine, LineRefusal> {
  const value = parseObject(text);
  if (value === null) return notALine("it is not one JSON object");
  if (typeof value.v === "number" && Number.isInteger(value.v) && value.v > RECORD_VERSION) {
    return err({
      kind: "needs-version",
      message: `it needs a WorkTrain that reads record version ${value.v}; this one reads up to ${RECORD_VERSION}`,
      fix: "Use the newer WorkTrain that wrote this log. Nothing was changed.",
    });
  }
  const envelope = envelopeSchema.safeParse(value);
  if (!envelope.success) return notALine(`its envelope does not fit: ${firstIssue(envelope.error.issues)}`);
  const recorded = recordedFrom(envelope.data);
  return recorded.ok ? ok({ prev: envelope.data.prev, recorded: recorded.value, hash: sha256Hex(bytes) }) : recorded;
}

/** Joins an envelope's place in the log with its typed event. */
export function recordedFrom(envelope: Envelope): Result<Recorded, LineRefusal> {
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

function firstIssue(issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): string {
  const [issue] = issues;
  return issue === undefined ? "unknown" : `${issue.path.map(String).join(".") || "value"}: ${issue.message}`;
}

export interface RawLine {
  /** With its newline. */
  readonly bytes: Uint8Array;
  /** Without its newline. */
  readonly text: string;
}

const NEWLINE = 10;

/**
 * Splits a log into lines.
 * @returns whole lines, and how many bytes at the end have no newline; null when the bytes are not UTF-8 in a whole line
 */
export function splitLines(bytes: Uint8Array): { readonly lines: readonly RawLine[]; readonly tailBytes: number } | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = buffer.lastIndexOf(NEWLINE) + 1;
  if (!isUtf8(buffer.subarray(0, end))) return null;
  const lines: RawLine[] = [];
  for (let start = 0; start < end; ) {
    const next = buffer.indexOf(NEWLINE, start) + 1;
    lines.push({ bytes: buffer.subarray(start, next), text: buffer.toString("utf8", start, next - 1) });
    start = next;
  }
  return { lines, tailBytes: buffer.length - end };
}
