/**
 * The files to be delivered, read out of the journal and checked against it.
 *
 * I7. Every content has the git object name the manifest gives it, and the manifest is that of the snapshot that was
 * reviewed; the tree that GitHub builds from it is compared once more before anything points to it.
 */
import { createHash } from "node:crypto";
import type { SnapshotRef } from "../record/index.ts";
import { readManifest, type FileMode, type ManifestEntry } from "../record/manifest.ts";
import type { Refusal } from "../shared/errors.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { ChangedPath } from "./protected-paths.ts";

export type ChangedFile =
  | { readonly kind: "content"; readonly path: string; readonly mode: FileMode; readonly oid: string; readonly bytes: Uint8Array }
  | { readonly kind: "deleted"; readonly path: string };

export interface Change {
  readonly base: string;
  readonly tree: string;
  readonly files: readonly ChangedFile[];
  /** What differs and cannot be delivered, e.g. a submodule. */
  readonly unsupported: readonly { readonly path: string; readonly reason: string }[];
}

/** A pull request with more is not reviewable, and GitHub shows at most 3,000 files (P-pull-request-files). */
export const MAX_FILES = 3_000;
/** All contents together; git data requests carry them as base64, and the job has 15 minutes. */
export const MAX_CHANGE_BYTES = 100 * 1024 * 1024;

export type ChangeRefusal = Refusal<"broken-change" | "change-too-large">;

/** @param getBlob the journal's blobs by SHA-256, already checked by it */
export async function readChange(snapshot: SnapshotRef, getBlob: (sha256: string) => Promise<Uint8Array | null>): Promise<Result<Change, ChangeRefusal>> {
  const bytes = await getBlob(snapshot.manifest);
  if (bytes === null) return broken(`The journal has no list of files ${snapshot.manifest}.`);
  const read = readManifest(bytes);
  if (!read.ok) return broken(read.error.message);
  const manifest = read.value;
  if (manifest.base !== snapshot.base || manifest.tree !== snapshot.tree) return broken("The journal's list of files is of another state of the files.");
  if (manifest.entries.length > MAX_FILES) return tooLarge(`It changes ${manifest.entries.length} files; at most ${MAX_FILES} are delivered.`);
  const files: ChangedFile[] = [];
  let size = 0;
  for (const entry of manifest.entries) {
    const file = await readFile(entry, snapshot.tree.length, getBlob);
    if (!file.ok) return file;
    files.push(file.value);
    size += file.value.kind === "content" ? file.value.bytes.byteLength : 0;
    if (size > MAX_CHANGE_BYTES) return tooLarge(`Its files have more than ${MAX_CHANGE_BYTES} bytes.`);
  }
  return ok({ base: snapshot.base, tree: snapshot.tree, files, unsupported: manifest.unsupported });
}

/** Every path the change touches, links with where they point, for the check of protected paths. */
export const changedPaths = (change: Change): readonly ChangedPath[] => [
  ...change.files.map((file) => ({ path: file.path, target: file.kind === "content" && file.mode === "120000" ? Buffer.from(file.bytes).toString("utf8") : null })),
  ...change.unsupported.map(({ path }) => ({ path, target: null })),
];

async function readFile(entry: ManifestEntry, oidLength: number, getBlob: (sha256: string) => Promise<Uint8Array | null>): Promise<Result<ChangedFile, ChangeRefusal>> {
  if ("deleted" in entry) return ok({ kind: "deleted", path: entry.path });
  const bytes = await getBlob(entry.sha256);
  if (bytes === null) return broken(`The journal lacks the content of ${entry.path}.`);
  if (bytes.byteLength !== entry.size || entry.oid.length !== oidLength || gitBlobName(bytes, oidLength) !== entry.oid) return broken(`The content of ${entry.path} is not the one the journal names.`);
  return ok({ kind: "content", path: entry.path, mode: entry.mode, oid: entry.oid, bytes });
}

/** The object name git gives a file's content: SHA-1 with 40 digits, SHA-256 with 64 (gitformat-pack, "blob <size>\0"). */
export function gitBlobName(bytes: Uint8Array, oidLength: number): string {
  return createHash(oidLength === 64 ? "sha256" : "sha1").update(`blob ${bytes.byteLength}\0`).update(bytes).digest("hex");
}

const broken = (message: string): Result<never, ChangeRefusal> =>
  err({ kind: "broken-change", message, fix: "Nothing is published. Label the issue again for a new attempt." });

const tooLarge = (message: string): Result<never, ChangeRefusal> =>
  err({ kind: "change-too-large", message: `The change is too large to deliver. ${message}`, fix: "Split the issue, or keep generated files out of the change with .gitignore, then label it again." });
