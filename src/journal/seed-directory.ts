import { dirname } from "node:path";
import { TerminalError } from "../shared/errors.ts";
import type { FileSystem } from "../shared/ports.ts";
import type { Assembled } from "./assemble-segments.ts";
import { blobPath, epochPath, epochsDirectory, listEpochs } from "./stores/epoch-files.ts";

export interface SeedOptions {
  /** Without a journal in it. */
  readonly directory: string;
  readonly fs: FileSystem;
  readonly assembled: Assembled;
}

/**
 * Writes assembled segments as a journal directory, so that `openDirectoryJournal` goes on from it in the next epoch.
 * The epoch files are written the newest first: one that died half-way leaves a directory that is refused, never a shorter log.
 * @throws TerminalError when the directory holds a journal already
 */
export async function seedDirectory({ directory, fs, assembled }: SeedOptions): Promise<void> {
  if (listEpochs(fs, directory).length > 0) {
    throw new TerminalError(`${directory} holds a journal already; nothing was put into it.`, "Use an empty directory, or remove that journal if it is not needed.");
  }
  for (const { sha256, bytes } of assembled.blobs) {
    const path = blobPath(directory, sha256);
    fs.makeDirectory(dirname(path));
    fs.writeDurably(path, bytes);
  }
  const byEpoch = Map.groupBy(assembled.lines, (line) => line.epoch);
  fs.makeDirectory(epochsDirectory(directory));
  for (let epoch = assembled.epoch; epoch >= 1; epoch -= 1) {
    const text = (byEpoch.get(epoch) ?? []).map((line) => `${line.text}\n`).join("");
    fs.writeDurably(epochPath(directory, epoch), Buffer.from(text));
  }
}
