import type { FileSystem } from "../shared/ports.ts";
import { neededBlobs } from "./needed-blobs.ts";
import type { EarlierPart, SegmentSaverOptions } from "./segment-saver.ts";
import { createBlobFiles } from "./stores/blob-files.ts";
import { loadLog, type LoadedLog } from "./stores/epoch-files.ts";

export interface LeftBehind {
  /** For a segment saver: what the writer came to store is its `earlier` part, the rest is what the journal gained. */
  readonly journal: SegmentSaverOptions["journal"];
  readonly earlier: EarlierPart;
  /** Lines that were not stored. */
  readonly unsaved: number;
}

/**
 * Reads a journal directory whose writer is gone, to save what it did not come to save. Changes nothing in it; an unfinished append
 * at its end is left out.
 * @param savedLines lines that are stored, from the log's first one on
 * @throws TerminalError with file, line and reason when anything in it does not fit
 */
export async function leftBehind({ directory, fs, savedLines }: { readonly directory: string; readonly fs: FileSystem; readonly savedLines: number }): Promise<LeftBehind> {
  const loaded = loadLog(fs, directory);
  const lines = linesOf(fs, loaded);
  const files = createBlobFiles(directory, fs);
  const getBlob = async (sha256: string): Promise<Uint8Array | null> => files.get(sha256);
  const tail = lines.slice(savedLines);
  return {
    journal: {
      epoch: Math.max(1, loaded.files.at(-1)?.epoch ?? 1),
      getBlob,
      since: async (cursor) => ({
        lines: cursor?.appends === 1 ? [] : tail,
        blobs: cursor?.blobs === 1 ? [] : await neededBlobs(tail, getBlob),
        cursor: { appends: 1, blobs: 1 },
      }),
    },
    earlier: { lines: lines.slice(0, savedLines), refs: [] },
    unsaved: tail.length,
  };
}

function linesOf(fs: FileSystem, { files, torn }: LoadedLog): readonly string[] {
  return files.flatMap(({ path, written }) => {
    const content = Buffer.from(fs.read(path) ?? new Uint8Array()).subarray(0, torn?.path === path ? torn.kept.length : written);
    return content.length === 0 ? [] : content.subarray(0, -1).toString("utf8").split("\n");
  });
}
