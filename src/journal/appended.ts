import type { JournalCursor, JournalSlice } from "./journal.ts";

/** What was appended through one open journal, in order: the source of `since`. */
export interface Appended {
  addLines(lines: readonly string[]): void;
  addBlob(sha256: string): void;
  since(cursor: JournalCursor | null, readBlob: (sha256: string) => Uint8Array): JournalSlice;
}

export function createAppended(): Appended {
  const lines: string[] = [];
  const blobs: string[] = [];
  return {
    addLines(more) {
      for (const line of more) lines.push(line);
    },
    addBlob: (sha256) => void blobs.push(sha256),
    since: (cursor, readBlob) => ({
      lines: lines.slice(cursor?.lines ?? 0),
      blobs: blobs.slice(cursor?.blobs ?? 0).map((sha256) => ({ sha256, bytes: readBlob(sha256) })),
      cursor: { lines: lines.length, blobs: blobs.length },
    }),
  };
}
