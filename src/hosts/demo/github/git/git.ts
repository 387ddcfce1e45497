import type { CommitSummary } from "../records.ts";
import type { PushedCommit } from "../happening.ts";

/** What the REST routes ask of a bare repository. Ids are full hex object ids; a missing thing is null. */
export interface Git {
  /** The commit that a branch, tag, full ref or id names. */
  commitOf(revision: string): Promise<string | null>;
  /** Kind and size of an object. */
  inspect(id: string): Promise<{ readonly type: ObjectType; readonly size: number } | null>;
  readBlob(id: string): Promise<Uint8Array | null>;
  writeBlob(bytes: Uint8Array): Promise<string>;
  /** The tree of a tree-ish; recursive lists the trees passed as well. */
  readTree(treeish: string, options: { readonly recursive: boolean }): Promise<Tree | null>;
  /** The entry at a path of a commit; path "" is the root tree. */
  entryAt(commit: string, path: string): Promise<TreeEntry | null>;
  /** Makes a tree of a base and changes. */
  writeTree(base: string | null, changes: readonly TreeChange[]): Promise<WrittenTree>;
  readCommit(id: string): Promise<Commit | null>;
  writeCommit(commit: NewCommit): Promise<string>;
  /** All refs, or those whose full name starts with a prefix; sorted by name. */
  refs(prefix?: string): Promise<readonly Ref[]>;
  /**
   * Moves, makes (`from` null) or removes (`to` null) a ref if it still is where it was.
   * @returns false when it is not, or the name cannot be a ref
   */
  moveRef(name: string, from: string | null, to: string | null): Promise<boolean>;
  /** The same for several refs: all of them move, or none does. */
  moveRefs(moves: readonly { readonly name: string; readonly from: string | null; readonly to: string | null }[]): Promise<boolean>;
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  mergeBase(a: string, b: string): Promise<string | null>;
  /** Commits reachable from `to` and not from `from` (null: none excluded), oldest first, at most `limit`. */
  commitsBetween(from: string | null, to: string, limit: number): Promise<readonly PushedCommit[]>;
  /** How many of those there are. */
  countBetween(from: string, to: string): Promise<number>;
  diff(from: string, to: string): Promise<readonly FileChange[]>;
  /** Whether two commits merge without conflict. */
  mergesCleanly(a: string, b: string): Promise<boolean>;
  /** The tree that two commits merge to; null when there is a conflict. */
  mergeTree(a: string, b: string): Promise<string | null>;
}

/** The tree's id, or GitHub's message why there can be none. */
export type WrittenTree = { readonly ok: true; readonly id: string } | { readonly ok: false; readonly reason: string };

export type ObjectType = "blob" | "tree" | "commit" | "tag";

export interface Ref {
  readonly name: string;
  readonly id: string;
  readonly type: ObjectType;
}

export interface TreeEntry {
  readonly path: string;
  /** Six octal digits. */
  readonly mode: string;
  readonly type: "blob" | "tree" | "commit";
  readonly id: string;
  /** Bytes; blobs only. */
  readonly size: number | null;
}

export interface Tree {
  readonly id: string;
  readonly entries: readonly TreeEntry[];
}

/** `id` null removes the path. */
export interface TreeChange {
  readonly path: string;
  readonly mode: string;
  readonly id: string | null;
}

export interface Signature {
  readonly name: string;
  readonly email: string;
  /** ISO 8601. */
  readonly date: string;
}

export interface NewCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: Signature;
  readonly committer: Signature;
}

export interface Commit extends NewCommit {
  readonly id: string;
}

export interface FileChange {
  readonly path: string;
  readonly previousPath: string | null;
  readonly status: "added" | "removed" | "modified" | "renamed";
  /** Blob id after the change, before it for a removed file. */
  readonly id: string;
  readonly additions: number;
  readonly deletions: number;
  /** Unified diff without its header; null for binary files. */
  readonly patch: string | null;
}

/** A commit as webhooks and runs show it. */
export const summaryOf = (commit: Commit): CommitSummary => ({
  id: commit.id,
  treeId: commit.tree,
  message: commit.message,
  timestamp: commit.committer.date,
  author: { name: commit.author.name, email: commit.author.email },
  committer: { name: commit.committer.name, email: commit.committer.email },
});
