import { readManifest } from "../record/manifest.ts";
import type { SnapshotRef } from "../record/index.ts";

/** A file that differs and that no snapshot can hold (a socket, a submodule, a name that is not UTF-8), and why. */
export interface LeftOut {
  readonly path: string;
  readonly reason: string;
}

/** What a saved state of the files had to leave out. @param getBlob the journal's blobs by SHA-256; what it does not have names nothing */
export async function leftOutOf(snapshot: SnapshotRef | null, getBlob: (sha256: string) => Promise<Uint8Array | null>): Promise<readonly LeftOut[]> {
  const bytes = snapshot === null ? null : await getBlob(snapshot.manifest);
  const manifest = bytes === null ? null : readManifest(bytes);
  return manifest?.ok === true ? manifest.value.unsupported : [];
}

/** Lines of a list; a person who needs the rest asks for `--json`. */
const MOST_SHOWN = 50;

/** One line for each, for a terminal: a name must not rewrite it. */
export const leftOutLines = (files: readonly LeftOut[]): readonly string[] => [
  ...files.slice(0, MOST_SHOWN).map(({ path, reason }) => `Differs and is not in the change: ${JSON.stringify(path)}: ${reason}.`.replaceAll(/\p{Cc}/gu, " ")),
  ...(files.length > MOST_SHOWN ? [`So do ${files.length - MOST_SHOWN} more.`] : []),
];
