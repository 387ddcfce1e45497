import { readManifest } from "../record/manifest.ts";
import type { SnapshotRef } from "../record/index.ts";

/** A file that differs and that no snapshot can hold (a socket, a submodule, a name that is not UTF-8), and why. */
export interface LeftOut {
  readonly path: string;
  readonly reason: string;
}

/** A file that differs from the base. */
export interface ChangedFile {
  readonly path: string;
  /** Null for one that was deleted. */
  readonly bytes: number | null;
}

/** What a saved state of the files holds, and what it had to leave out. */
export interface SavedFiles {
  readonly changed: readonly ChangedFile[];
  readonly leftOut: readonly LeftOut[];
}

type GetBlob = (sha256: string) => Promise<Uint8Array | null>;

/** @param getBlob the journal's blobs by SHA-256; what it does not have names nothing */
export async function savedFilesOf(snapshot: SnapshotRef | null, getBlob: GetBlob): Promise<SavedFiles> {
  const bytes = snapshot === null ? null : await getBlob(snapshot.manifest);
  const manifest = bytes === null ? null : readManifest(bytes);
  if (manifest?.ok !== true) return { changed: [], leftOut: [] };
  const { entries, unsupported } = manifest.value;
  return { changed: entries.map((entry) => ({ path: entry.path, bytes: "size" in entry ? entry.size : null })), leftOut: unsupported };
}

/** What a saved state of the files had to leave out. */
export const leftOutOf = async (snapshot: SnapshotRef | null, getBlob: GetBlob): Promise<readonly LeftOut[]> => (await savedFilesOf(snapshot, getBlob)).leftOut;

/** Lines of a list; a person who needs the rest asks for `--json`. */
const MOST_SHOWN = 50;

/** One line for each, for a terminal: a name must not rewrite it. */
export const leftOutLines = (files: readonly LeftOut[]): readonly string[] => [
  ...files.slice(0, MOST_SHOWN).map(({ path, reason }) => `Differs and is not in the change: ${JSON.stringify(path)}: ${reason}.`.replaceAll(/\p{Cc}/gu, " ")),
  ...(files.length > MOST_SHOWN ? [`So do ${files.length - MOST_SHOWN} more.`] : []),
];
