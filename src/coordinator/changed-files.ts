import { CHANGED_PATHS_LIMIT, type SnapshotRef } from "../record/index.ts";
import { readManifest } from "../record/manifest.ts";
import type { CoordinatorDeps } from "./deps.ts";

/** Characters of all paths together, so that the event stays far below its limit. */
const ALL_CHARS = 256 * 1024;

/** The files in which a snapshot differs from the base, in the manifest's order; null when the journal does not hold its manifest. */
export async function changedFiles({ journal }: Pick<CoordinatorDeps, "journal">, { manifest: sha256 }: SnapshotRef): Promise<{ paths: string[]; more: number } | null> {
  const bytes = await journal.getBlob(sha256);
  const manifest = bytes === null ? null : readManifest(bytes);
  if (manifest === null || !manifest.ok) return null;
  const paths: string[] = [];
  let room = ALL_CHARS;
  for (const { path } of manifest.value.entries) {
    room -= path.length;
    if (paths.length === CHANGED_PATHS_LIMIT || room < 0) break;
    paths.push(path);
  }
  return { paths, more: manifest.value.entries.length - paths.length };
}
