import type { JournalCursor, JournalSlice } from "./journal.ts";

/** What was appended through one open journal, in order: the source of `since`. Kept as the bytes that were written. */
export interface Appended {
  /** @param lines whole lines, each with its newline */
  addLines(lines: Uint8Array): void;
  addBlob(sha256: string): void;
  since(cursor: JournalCursor | null, readBlob: (sha256: string) => Uint8Array): JournalSlice;
}

export function createAppended(): Appended {
  const appends: Uint8Array[] = [];
  const blobs: string[] = [];
  return {
    addLines: (lines) => void appends.push(lines),
    addBlob: (sha256) => void blobs.push(sha256),
    since: (cursor, readBlob) => ({
      lines: appends.slice(cursor?.appends ?? 0).flatMap(linesOf),
      blobs: blobs.slice(cursor?.blobs ?? 0).map((sha256) => ({ sha256, bytes: readBlob(sha256) })),
      cursor: { appends: appends.length, blobs: blobs.length },
    }),
  };
}

const linesOf = (bytes: Uint8Array): readonly string[] => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength - 1).toString("utf8").split("\n");
