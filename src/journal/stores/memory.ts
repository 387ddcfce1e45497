/** The journal in memory: for tests, the simulation, and reading assembled segments. Its guarantee: none beyond the process. */
import { BLOB_LIMIT_BYTES } from "../../record/index.ts";
import { TerminalError } from "../../shared/errors.ts";
import { sha256Hex } from "../../shared/hash.ts";
import type { Clock } from "../../shared/ports.ts";
import type { Redact } from "../../shared/redact.ts";
import { ok } from "../../shared/result.ts";
import { createAppended } from "../appended.ts";
import { createChain, type Chain } from "../chain.ts";
import type { Journal, JournalReader } from "../journal.ts";
import { prepareAppend } from "../prepare-append.ts";

export interface MemoryJournalOptions {
  readonly clock: Clock;
  readonly redact?: Redact;
}

/** A reader over a verified chain and blobs whose hashes were checked when they were put into the map. */
export const createMemoryReader = (chain: Chain, blobs: ReadonlyMap<string, Uint8Array>): JournalReader => ({
  streams: async () => chain.streams(),
  read: async (stream) => chain.events(stream),
  head: async (stream) => chain.head(stream),
  getBlob: async (sha256) => blobs.get(sha256)?.slice() ?? null,
});

/** Opens an empty journal of epoch 1. */
export function openMemoryJournal({ clock, redact }: MemoryJournalOptions): Journal {
  const chain = createChain();
  const blobs = new Map<string, Uint8Array>();
  const appended = createAppended();
  const epoch = 1;
  let closed = false;
  const checkOpen = (): void => {
    if (closed) throw new TerminalError("The journal is closed.", "This is a bug in WorkTrain; please report it.");
  };

  return {
    epoch,
    ...createMemoryReader(chain, blobs),
    async append(stream, after, events) {
      checkOpen();
      const prepared = prepareAppend(chain, { stream, after, events, epoch, nowMs: clock.nowMs(), redact: redact ?? null });
      if (!prepared.ok) return prepared;
      chain.extend(stream, prepared.value);
      appended.addLines(prepared.value.bytes);
      return ok(prepared.value.head);
    },
    async putBlob(bytes) {
      checkOpen();
      if (bytes.length > BLOB_LIMIT_BYTES) throw blobTooLarge(bytes.length);
      const sha256 = sha256Hex(bytes);
      if (!blobs.has(sha256)) {
        blobs.set(sha256, bytes.slice());
        appended.addBlob(sha256);
      }
      return sha256;
    },
    since: async (cursor) => appended.since(cursor, (sha256) => blobs.get(sha256) ?? new Uint8Array()),
    async close() {
      closed = true;
    },
  };
}

export const blobTooLarge = (bytes: number): TerminalError =>
  new TerminalError(
    `A blob of ${bytes} bytes is over the journal's limit of ${BLOB_LIMIT_BYTES}.`,
    "Leave files of this size out of the workspace, or keep them in Git LFS.",
  );
