/**
 * Brings two states of the files together, as git merges branches.
 * M1. It is git's own three-way merge in the private repository: no driver, attribute, hook or configuration of the repository takes part.
 * M2. What is told of the result is what the result holds: where git could not decide, the files with both sides between markers.
 */
import type { MergeConflict, SnapshotRef } from "../record/index.ts";
import { CHANGED_PATHS_LIMIT } from "../record/limits.ts";
import { MANIFEST_ENTRY_LIMIT, type Manifest } from "../record/manifest.ts";
import { canonicalJson } from "../shared/json.ts";
import { TerminalError, type Refusal } from "../shared/errors.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { takeIn, type GetBlob } from "./incoming.ts";
import { hasMarkers } from "./markers.ts";
import { errorText, type PrivateGit } from "./private-git.ts";
import { decodePath, showPath, splitNul } from "./raw-diff.ts";
import { diffTrees, writeManifest, type KnownBlobs } from "./snapshot.ts";

/** Null stands for the base commit itself. */
export interface MergeSides {
  readonly base: SnapshotRef | null;
  readonly ours: SnapshotRef | null;
  readonly theirs: SnapshotRef | null;
  /** Names `theirs` in the markers: letters, digits and -. */
  readonly name: string;
}

export interface Merged {
  readonly snapshot: SnapshotRef;
  /** Empty when all of it came together. */
  readonly conflicts: readonly MergeConflict[];
}

/** A state of the files that builds on an earlier commit than the workspace, and where it is. */
export interface EarlierState {
  readonly snapshot: SnapshotRef;
  /** Names it, and what it is merged with, in the markers: letters, digits and -. */
  readonly names: { readonly ours: string; readonly theirs: string };
}

interface MergeTools {
  /** The commit all sides build on, and its tree. */
  readonly baseline: { readonly base: string; readonly baseTree: string };
  readonly known: KnownBlobs;
  readonly get: GetBlob;
  readonly put: (bytes: Uint8Array) => Promise<string>;
}

/** @throws TerminalError when git cannot merge, which version 2.38 is needed for */
export async function mergeSnapshots(git: PrivateGit, { base, ours, theirs, name }: MergeSides, tools: MergeTools): Promise<Result<Merged, Refusal>> {
  const manifests: Manifest[] = [];
  for (const side of [base, ours, theirs]) {
    const taken = side === null ? null : await takeIn(git, side, tools);
    if (taken?.ok === false) return taken;
    if (taken !== null) manifests.push(taken.value);
  }
  const treeOf = (side: SnapshotRef | null): string => side?.tree ?? tools.baseline.baseTree;
  return written(git, manifests, await threeWay(git, treeOf(base), [["whole", treeOf(ours)], [`slice-${name}`, treeOf(theirs)]]), tools);
}

/**
 * Merges what was made on an earlier commit with the commit that the workspace is at, as git merges the branch of the one into the other.
 * @throws TerminalError when git cannot merge, which version 2.38 is needed for
 */
export async function mergeOntoBase(git: PrivateGit, { snapshot, names }: EarlierState, tools: MergeTools): Promise<Result<Merged, Refusal>> {
  const root = await git.try(["rev-parse", "--verify", "--quiet", "--end-of-options", `${snapshot.base}^{tree}`]);
  const rootTree = new TextDecoder().decode(root.stdout).trim();
  if (root.exitCode !== 0 || rootTree === "") return err({ kind: "base-rewritten", message: `The commit ${snapshot.base} that the change builds on is not in this clone any more.`, fix: "Check that the whole history is fetched (`fetch-depth: 0`); where the branch was rewritten, start the work anew." });
  const taken = await takeIn(git, snapshot, tools);
  if (!taken.ok) return taken;
  return written(git, [taken.value], await threeWay(git, rootTree, [[names.ours, snapshot.tree], [names.theirs, tools.baseline.baseTree]]), tools);
}

async function written(git: PrivateGit, manifests: readonly Manifest[], { tree, conflicted }: TreeOfMerge, tools: MergeTools): Promise<Result<Merged, Refusal>> {
  const changes = await diffTrees(git, tools.baseline.base, tree);
  if (changes.length > MANIFEST_ENTRY_LIMIT) throw new TerminalError(`What was merged changes ${changes.length} files; the limit is ${MANIFEST_ENTRY_LIMIT}.`, "Name generated directories in .gitignore, or make the task smaller.");
  const unsupported = [...new Map(manifests.flatMap((manifest) => manifest.unsupported).map((each) => [each.path, each])).values()];
  const manifest = await writeManifest(git, { tree, changes, unsupported, base: tools.baseline.base }, tools);
  const sha256 = await tools.put(new TextEncoder().encode(canonicalJson(manifest)));
  const snapshot = { base: tools.baseline.base, tree, manifest: sha256, changedFiles: manifest.entries.length };
  const conflicts: MergeConflict[] = [];
  for (const path of conflicted.slice(0, CHANGED_PATHS_LIMIT)) conflicts.push({ path: decodePath(path) ?? showPath(path), kind: await kindOf(git, tree, path) });
  return ok({ snapshot, conflicts });
}

/** Stands for a conflict that git names no file of. */
const UNNAMED = "(git names no file)";
const IDENTITY = ["-c", "user.name=WorkTrain", "-c", "user.email=worktrain@users.noreply.github.com"];

interface TreeOfMerge {
  readonly tree: string;
  /** Paths as git prints them. */
  readonly conflicted: readonly string[];
}

/** @param sides each with the name that stands in the markers, ours first */
async function threeWay(git: PrivateGit, root: string, sides: readonly (readonly [name: string, tree: string])[]): Promise<TreeOfMerge> {
  const commit = (tree: string, ...parents: readonly string[]) => git.text([...IDENTITY, "commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent]), "-m", "A state of the files"]);
  const before = await commit(root);
  // The names of the branches are what stands in the markers.
  for (const [branch, tree] of sides) await git.run(["update-ref", `refs/heads/${branch}`, await commit(tree, before)]);
  const merged = await git.try(["-c", "merge.conflictStyle=merge", "-c", "merge.renames=true", "merge-tree", "--write-tree", "-z", "--no-messages", "--end-of-options", ...sides.map(([branch]) => branch)]);
  if (merged.exitCode !== 0 && merged.exitCode !== 1) throw new TerminalError(`git merge-tree failed: ${errorText(merged)}`, "Install git 2.38 or later, then run again.");
  const [tree = "", ...rest] = splitNul(merged.stdout);
  if (!/^[0-9a-f]{40,64}$/.test(tree)) throw new TerminalError("git merge-tree did not say what the merge came to.", "Install git 2.38 or later, then run again.");
  // `mode oid stage TAB path`, one line a side.
  const conflicted = rest.flatMap((line) => (line.includes("\t") ? [line.slice(line.indexOf("\t") + 1)] : []));
  // Undecided without a file that says where is undecided all the same.
  return { tree, conflicted: merged.exitCode === 1 && conflicted.length === 0 ? [UNNAMED] : [...new Set(conflicted)] };
}

/** Whether both sides stand in the file; else it is one of them, or there is none. */
async function kindOf(git: PrivateGit, tree: string, path: string): Promise<MergeConflict["kind"]> {
  const listed = splitNul(await git.run(["ls-tree", "-z", "--full-tree", tree, "--", Buffer.from(path, "latin1").toString("utf8")]))[0];
  const oid = /^100(?:644|755) blob ([0-9a-f]+)\t/.exec(listed ?? "")?.[1];
  return oid !== undefined && hasMarkers(new TextDecoder().decode(await git.run(["cat-file", "blob", oid]))) ? "markers" : "whole";
}
