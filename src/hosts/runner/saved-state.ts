/** How far the agent job has saved its journal, kept on the runner's disk for the post step of a job whose main step was killed. */
import { join } from "node:path";
import { z } from "zod";
import type { SavedUpTo } from "../../journal/index.ts";
import { sha256Schema } from "../../record/index.ts";
import type { FileSystem } from "../../shared/ports.ts";

/** Where the agent job keeps its journal, below the runner's private directory. */
export const journalDirectory = (runnerTemp: string): string => join(runnerTemp, "worktrain", "journal");
const savedPath = (runnerTemp: string): string => join(runnerTemp, "worktrain", "saved.json");

const savedSchema = z.strictObject({ v: z.literal(1), name: z.string(), digest: sha256Schema, index: z.int().min(1), lines: z.int().min(0) });
export type SavedState = Readonly<z.infer<typeof savedSchema>>;

export function writeSavedState(fs: FileSystem, runnerTemp: string, { ref, index, lines }: SavedUpTo): void {
  const state: SavedState = { v: 1, name: ref.name, digest: ref.digest, index, lines };
  fs.writeDurably(savedPath(runnerTemp), Buffer.from(JSON.stringify(state)));
}

/** Null when this job saved nothing, so that there is no journal to save either. */
export function readSavedState(fs: FileSystem, runnerTemp: string): SavedState | null {
  const bytes = fs.read(savedPath(runnerTemp));
  return bytes === null ? null : savedSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
}
