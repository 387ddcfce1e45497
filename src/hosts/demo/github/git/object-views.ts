/** What git's plumbing says of objects, computed from their files. Null wherever one of them is not to be had there: then git has to be asked. */
import type { PushedCommit } from "../happening.ts";
import { parseCommit } from "./commit-object.ts";
import type { Commit, TreeEntry } from "./git.ts";
import { isTreeMode, type NamedEntry, type ObjectFiles } from "./object-files.ts";

export function commitIn(files: ObjectFiles, id: string): Commit | null {
  const object = files.read(id);
  return object?.type === "commit" ? { id, ...parseCommit(object.bytes.toString("utf8")) } : null;
}

/** The id of a commit's tree, or of the tree that is named. */
export const rootIn = (files: ObjectFiles, id: string): string | null => (files.read(id)?.type === "tree" ? id : (commitIn(files, id)?.tree ?? null));

function entryIn(files: ObjectFiles, { name, mode, id }: NamedEntry, prefix: string): TreeEntry | null {
  const entry = { path: prefix + name, mode: mode.padStart(6, "0"), id };
  if (isTreeMode(mode)) return { ...entry, type: "tree", size: null };
  if (mode === "160000") return { ...entry, type: "commit", size: null };
  const size = files.read(id)?.bytes.byteLength;
  return size === undefined ? null : { ...entry, type: "blob", size };
}

/** As `git ls-tree -l`; recursive lists the trees passed as well. */
export function listingIn(files: ObjectFiles, tree: string, recursive: boolean, prefix = ""): readonly TreeEntry[] | null {
  const listed: TreeEntry[] = [];
  const named = files.tree(tree);
  if (named === null) return null;
  for (const each of named) {
    const entry = entryIn(files, each, prefix);
    const below = entry?.type === "tree" && recursive ? listingIn(files, entry.id, true, `${entry.path}/`) : [];
    if (entry === null || below === null) return null;
    listed.push(entry, ...below);
  }
  return listed;
}

/** The entry at a path, or that there is none. */
export function entryAtIn(files: ObjectFiles, root: string, path: string): { readonly entry: TreeEntry | null } | null {
  const [name = "", ...rest] = path.split("/");
  return walk(files, { tree: root, name, rest, prefix: "" });
}

interface Step {
  readonly tree: string;
  readonly name: string;
  readonly rest: readonly string[];
  readonly prefix: string;
}

function walk(files: ObjectFiles, { tree, name, rest, prefix }: Step): { readonly entry: TreeEntry | null } | null {
  const named = files.tree(tree);
  if (named === null) return null;
  const found = named.find((each) => each.name === name);
  if (found === undefined) return { entry: null };
  const [next, ...after] = rest;
  if (next !== undefined) return isTreeMode(found.mode) ? walk(files, { tree: found.id, name: next, rest: after, prefix: `${prefix}${name}/` }) : { entry: null };
  const entry = entryIn(files, found, prefix);
  return entry === null ? null : { entry };
}

/** A commit and all before it. */
export function ancestryIn(files: ObjectFiles, id: string): ReadonlySet<string> | null {
  const found = new Set([id]);
  for (const each of found) {
    const commit = commitIn(files, each);
    if (commit === null) return null;
    for (const parent of commit.parents) found.add(parent);
  }
  return found;
}

/** Commits from `to` back to what is reachable from `from`, oldest first; null for a history with merges too, whose order is git's. */
export function lineIn(files: ObjectFiles, from: string | null, to: string): readonly Commit[] | null {
  const before = from === null ? new Set<string>() : ancestryIn(files, from);
  if (before === null) return null;
  const line: Commit[] = [];
  for (let at: string | undefined = to; at !== undefined && !before.has(at); ) {
    const commit: Commit | null = commitIn(files, at);
    if (commit === null || commit.parents.length > 1) return null;
    line.push(commit);
    [at] = commit.parents;
  }
  return line.toReversed();
}

/** What a commit with at most one parent changed, without looking for renames. */
export function changedPathsIn(files: ObjectFiles, { tree, parents }: Commit): Pick<PushedCommit, "added" | "removed" | "modified"> | null {
  const [parent, second] = parents;
  const before = parent === undefined ? [] : leavesIn(files, rootIn(files, parent));
  const after = leavesIn(files, tree);
  if (before === null || after === null || second !== undefined) return null;
  const [was, is] = [new Map(before), new Map(after)];
  return {
    added: after.flatMap(([path]) => (was.has(path) ? [] : [path])),
    removed: before.flatMap(([path]) => (is.has(path) ? [] : [path])),
    modified: after.flatMap(([path, leaf]) => (was.has(path) && was.get(path) !== leaf ? [path] : [])),
  };
}

/** Path, and mode with id, of everything below a tree that is no tree. */
function leavesIn(files: ObjectFiles, tree: string | null, prefix = ""): readonly (readonly [string, string])[] | null {
  const named = tree === null ? null : files.tree(tree);
  if (named === null) return null;
  const leaves: (readonly [string, string])[] = [];
  for (const { name, mode, id } of named) {
    const path = prefix + name;
    const below = isTreeMode(mode) ? leavesIn(files, id, `${path}/`) : [[path, `${mode} ${id}`] as const];
    if (below === null) return null;
    leaves.push(...below);
  }
  return leaves;
}
