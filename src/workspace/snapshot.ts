import { MANIFEST_ENTRY_LIMIT, pathFault, type FileMode, type Manifest, type ManifestEntry } from "../record/manifest.ts";
import { BLOB_LIMIT_BYTES } from "../record/limits.ts";
import { TerminalError } from "../shared/errors.ts";
import { blobSizes, readBlobs } from "./blobs.ts";
import type { PrivateGit } from "./private-git.ts";
import { decodePath, encodePath, GITLINK_MODE, isGone, joinNul, parseRawDiff, showPath, splitNul, type RawChange } from "./raw-diff.ts";
import type { Unsupported } from "./worktree-index.ts";

/** First words of a Git LFS pointer file, and its greatest size (git-lfs specification). */
const LFS_POINTER = "version https://git-lfs.github.com/spec/v1";
const LFS_POINTER_BYTES = 1_024;

export interface Baseline {
  /** The commit the work builds on. */
  readonly base: string;
  /** The files' tree when the work began. */
  readonly begun: string;
}

export interface TreeAndChanges {
  readonly tree: string;
  readonly changes: readonly RawChange[];
  readonly unsupported: readonly Unsupported[];
}

/**
 * The tree to deliver: the base's with every path that changed since the work began, as far as a snapshot can hold it.
 * @param now tree of the workspace's files
 */
export async function buildTree(git: PrivateGit, baseline: Baseline, now: string): Promise<TreeAndChanges> {
  const [sinceBegun, sinceBase] = await Promise.all([diffTrees(git, baseline.begun, now), diffTrees(git, baseline.base, now)]);
  const worked = new Set(sinceBegun.map((change) => change.path));
  const changes = sinceBase.filter((change) => worked.has(change.path));
  const { kept, unsupported } = await sortOut(git, baseline.base, changes);
  const tree = await writeTree(git, baseline.base, kept.map(indexLine));
  const delivered = await diffTrees(git, baseline.base, tree);
  if (delivered.length > MANIFEST_ENTRY_LIMIT) {
    throw new TerminalError(`The work changed ${delivered.length} files; the limit is ${MANIFEST_ENTRY_LIMIT}.`, "Name generated directories in .gitignore, or give the agent a smaller task.");
  }
  return { tree, changes: delivered, unsupported };
}

const indexLine = (change: RawChange): string => (isGone(change) ? `0 ${change.oldOid}\t${change.path}` : `${change.newMode} ${change.newOid}\t${change.path}`);

/** Writes the tree that these index lines (`mode oid TAB path`, mode 0 deletes) make of another. */
export async function writeTree(git: PrivateGit, from: string, lines: readonly string[]): Promise<string> {
  await git.run(["read-tree", from], { index: "scratch" });
  const deletedFirst = lines.toSorted((a, b) => Number(b.startsWith("0 ")) - Number(a.startsWith("0 ")));
  if (lines.length > 0) await git.run(["update-index", "-z", "--add", "--replace", "--index-info"], { index: "scratch", input: joinNul(deletedFirst) });
  return git.text(["write-tree", "--missing-ok"], { index: "scratch" });
}

export async function diffTrees(git: PrivateGit, from: string, to: string): Promise<readonly RawChange[]> {
  return parseRawDiff(await git.run(["diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", from, to]));
}

async function sortOut(git: PrivateGit, base: string, changes: readonly RawChange[]) {
  const sizes = await blobSizes(git, changes.flatMap((change) => [change.oldOid, change.newOid]));
  const pointers = await lfsPointers(git, sizes);
  const clash = await clashFinder(git, base, changes);
  const kept: RawChange[] = [];
  const unsupported: Unsupported[] = [];
  for (const change of changes) {
    const path = decodePath(change.path);
    const reason = path === null ? "its name is not UTF-8" : (pathFault(path) ?? contentFault(change, sizes, pointers) ?? clash(change, path));
    if (reason === null) kept.push(change);
    else unsupported.push({ path: showPath(change.path), reason });
  }
  return { kept, unsupported };
}

function contentFault(change: RawChange, sizes: ReadonlyMap<string, number>, pointers: ReadonlySet<string>): string | null {
  if (change.oldMode === GITLINK_MODE || change.newMode === GITLINK_MODE) return "it is a submodule; WorkTrain does not move submodules";
  const size = sizes.get(change.newOid) ?? 0;
  if (size > BLOB_LIMIT_BYTES) return `it has ${size} bytes; the limit is ${BLOB_LIMIT_BYTES}`;
  if (!isGone(change) && pointers.has(change.oldOid) && !pointers.has(change.newOid)) return "its content is kept in Git LFS, where WorkTrain cannot put a new one";
  return null;
}

/** Which of the blobs are Git LFS pointers. */
async function lfsPointers(git: PrivateGit, sizes: ReadonlyMap<string, number>): Promise<ReadonlySet<string>> {
  const pointers = new Set<string>();
  const small = new Map([...sizes].filter(([, size]) => size > LFS_POINTER.length && size <= LFS_POINTER_BYTES));
  for await (const { oid, bytes } of readBlobs(git, small)) {
    if (new TextDecoder().decode(bytes.subarray(0, LFS_POINTER.length)) === LFS_POINTER) pointers.add(oid);
  }
  return pointers;
}

/** Finds for an added path another one, or a directory, that a file system without case or with one Unicode form takes for the same. */
async function clashFinder(git: PrivateGit, base: string, changes: readonly RawChange[]): Promise<(change: RawChange, path: string) => string | null> {
  const added = changes.filter((change) => change.status === "A");
  if (added.length === 0) return () => null;
  const gone = new Set(changes.filter(isGone).map((change) => change.path));
  const before = splitNul(await git.run(["ls-tree", "-r", "-z", "--name-only", base])).filter((path) => !gone.has(path));
  const spelled = new Map<string, string>();
  for (const path of before) for (const prefix of prefixes(decodePath(path) ?? path)) spelled.set(fold(prefix), prefix);
  return (change, path) => {
    if (change.status !== "A") return null;
    const other = prefixes(path).map((prefix) => [prefix, spelled.get(fold(prefix)) ?? prefix] as const).find(([prefix, known]) => prefix !== known);
    if (other !== undefined) return `its name differs from ${other[1]} only in case or Unicode form`;
    for (const prefix of prefixes(path)) spelled.set(fold(prefix), prefix);
    return null;
  };
}

const fold = (path: string): string => path.normalize("NFC").toLowerCase();

/** The path and every directory above it. */
function prefixes(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** Keeps contents already put, so that each travels to the journal once. */
export type KnownBlobs = Map<string, { readonly sha256: string; readonly size: number }>;

/** Puts the content of every changed file and makes the manifest. */
export async function writeManifest(
  git: PrivateGit,
  saved: TreeAndChanges & { readonly base: string },
  blobs: { readonly known: KnownBlobs; put(bytes: Uint8Array): Promise<string> },
): Promise<Manifest> {
  const wanted = saved.changes.filter((change) => !isGone(change) && !blobs.known.has(change.newOid)).map((change) => change.newOid);
  for await (const { oid, bytes } of readBlobs(git, await blobSizes(git, wanted))) {
    blobs.known.set(oid, { sha256: await blobs.put(bytes), size: bytes.length });
  }
  const entries = saved.changes.map((change) => entryOf(change, blobs.known)).sort((a, b) => (a.path < b.path ? -1 : 1));
  const unsupported = saved.unsupported.slice(0, MANIFEST_ENTRY_LIMIT).map(({ path, reason }) => ({ path, reason }));
  return { v: 1, base: saved.base, tree: saved.tree, entries, unsupported };
}

function entryOf(change: RawChange, known: KnownBlobs): ManifestEntry {
  const path = decodePath(change.path);
  if (path === null) throw new Error(`A snapshot's tree holds a name that is not UTF-8: ${showPath(change.path)}`);
  if (isGone(change)) return { path, deleted: true };
  const blob = known.get(change.newOid);
  if (blob === undefined) throw new Error(`git does not hold the content of ${path} (${change.newOid})`);
  return { path, mode: fileMode(change.newMode), oid: change.newOid, ...blob };
}

const FILE_MODES: readonly FileMode[] = ["100644", "100755", "120000"];

function fileMode(mode: string): FileMode {
  const known = FILE_MODES.find((each) => each === mode);
  if (known === undefined) throw new Error(`git gave an unknown file mode ${mode}`);
  return known;
}

/** The index line of a manifest's entry. @param zeroOid any object name of the repository's format */
export const manifestLine = (entry: ManifestEntry, zeroOid: string): string =>
  "deleted" in entry ? `0 ${zeroOid}\t${encodePath(entry.path)}` : `${entry.mode} ${entry.oid}\t${encodePath(entry.path)}`;
