import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SnapshotRef } from "../record/index.ts";
import { readManifest, type Manifest, type ManifestEntry } from "../record/manifest.ts";
import type { Refusal } from "../shared/errors.ts";
import { err, ok, type Result } from "../shared/result.ts";
import type { PrivateGit } from "./private-git.ts";
import { manifestLine, writeTree, type KnownBlobs } from "./snapshot.ts";

/** Gives the journal's bytes of a SHA-256, checked, or null if it holds none. */
export type GetBlob = (sha256: string) => Promise<Uint8Array | null>;

type FileEntry = Exclude<ManifestEntry, { deleted: true }>;

/** Files written for one `git hash-object`, bytes together. */
const BATCH_BYTES = 64 * 1024 * 1024;

/** Takes a snapshot's objects into the private repository and proves that they make exactly its tree. */
export async function takeIn(git: PrivateGit, snapshot: SnapshotRef, blobs: { readonly known: KnownBlobs; readonly get: GetBlob }): Promise<Result<Manifest, Refusal>> {
  const bytes = await blobs.get(snapshot.manifest);
  if (bytes === null) return missing(`the manifest ${snapshot.manifest}`);
  const manifest = readManifest(bytes);
  if (!manifest.ok) return manifest;
  const { base, tree, entries } = manifest.value;
  if (base !== snapshot.base || tree !== snapshot.tree) return mismatch(`its manifest is of tree ${tree} over ${base}`);
  const files = entries.filter((entry): entry is FileEntry => !("deleted" in entry));
  const taken = await takeFiles(git, files.filter((entry) => !blobs.known.has(entry.oid)), blobs.get);
  if (!taken.ok) return taken;
  const built = await writeTree(git, base, entries.map((entry) => manifestLine(entry, tree)));
  if (built !== tree) return mismatch(`its entries make tree ${built}`);
  for (const { oid, sha256, size } of files) blobs.known.set(oid, { sha256, size });
  return manifest;
}

async function takeFiles(git: PrivateGit, files: readonly FileEntry[], get: GetBlob): Promise<Result<void, Refusal>> {
  const directory = join(git.places.directory, "incoming");
  for (let at = 0; at < files.length; ) {
    const batch: FileEntry[] = [];
    mkdirSync(directory, { recursive: true });
    for (let bytes = 0; bytes < BATCH_BYTES && at < files.length; at++) {
      const entry = files[at];
      if (entry === undefined) break;
      const content = await get(entry.sha256);
      if (content === null) return missing(`the content of ${entry.path}`);
      if (content.length !== entry.size) return mismatch(`${entry.path} has ${content.length} bytes, not ${entry.size}`);
      writeFileSync(join(directory, String(batch.length)), content);
      batch.push(entry);
      bytes += content.length;
    }
    const names = batch.map((_, index) => `${join(directory, String(index))}\n`).join("");
    const oids = (await git.text(["hash-object", "-w", "--no-filters", "--stdin-paths"], { input: names })).split("\n");
    rmSync(directory, { recursive: true });
    const wrong = batch.find((entry, index) => entry.oid !== oids[index]);
    if (wrong !== undefined) return mismatch(`the content of ${wrong.path} is not object ${wrong.oid}`);
  }
  return ok(undefined);
}

const missing = (what: string) => err({ kind: "snapshot-missing", message: `The journal does not hold ${what} of a saved workspace.`, fix: "Start the work item again; the saved files cannot be rebuilt." });
const mismatch = (how: string) => err({ kind: "snapshot-mismatch", message: `A saved workspace contradicts itself: ${how}.`, fix: "Do not use this journal; start the work item again." });
