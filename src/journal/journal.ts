/**
 * The journal: append-only, hash-chained streams and content-addressed blobs.
 *
 * I1. An append that resolved is durable as far as the store promises; a reader gets a verified prefix or a refusal.
 * J1. `append` fails with `conflict` when `after` is not the head: the caller reloads and decides again.
 * J2. Blobs an event refers to are put before the event is appended.
 */
import type { Head, Recorded, RecordEvent } from "../record/index.ts";
import type { Refusal } from "../shared/errors.ts";
import type { Result } from "../shared/result.ts";

export interface JournalReader {
  /** Names of all streams, sorted. */
  streams(): Promise<readonly string[]>;
  /** All events of a stream in order of `seq`, every one verified and parsed; empty if there is no such stream. */
  read(stream: string): Promise<readonly Recorded[]>;
  head(stream: string): Promise<Head | null>;
  /** The bytes with this SHA-256, checked; null if the journal does not hold them. */
  getBlob(sha256: string): Promise<Uint8Array | null>;
}

export type AppendRefusal = Refusal<"conflict" | "event-too-large">;

export interface Journal extends JournalReader {
  /** One higher than any epoch this store held when it was opened for writing. */
  readonly epoch: number;
  /** Appends events to one stream as a whole and returns its new head. */
  append(stream: string, after: Head | null, events: readonly RecordEvent[]): Promise<Result<Head, AppendRefusal>>;
  /** Keeps bytes by their SHA-256 (hex), which it returns; putting the same bytes again changes nothing. */
  putBlob(bytes: Uint8Array): Promise<string>;
  /** Lines appended through this journal and blobs put since the last call with the cursor it returned: what a segment holds. */
  since(cursor: JournalCursor | null): Promise<JournalSlice>;
  close(): Promise<void>;
}

/** How far a segment saver has come; opaque. */
export interface JournalCursor {
  readonly appends: number;
  readonly blobs: number;
}

export interface JournalSlice {
  /** Whole lines of any stream in the order they were appended, each without its newline. */
  readonly lines: readonly string[];
  readonly blobs: readonly { readonly sha256: string; readonly bytes: Uint8Array }[];
  readonly cursor: JournalCursor;
}
