/** A bare repository in memory with git's own object names, so that what one side writes the other finds by the same id. */
import { hash } from "node:crypto";
import { parseCommit, serializeCommit } from "../src/hosts/demo/github/git/commit-object.ts";
import { summaryOf, type Commit, type FileChange, type Git, type NewCommit, type ObjectType, type Ref, type Tree, type TreeChange, type TreeEntry, type WrittenTree } from "../src/hosts/demo/github/git/git.ts";
import type { PushedCommit } from "../src/hosts/demo/github/happening.ts";

interface GitObject {
  readonly type: ObjectType;
  readonly bytes: Uint8Array;
}

/** A file of a flat tree. */
export interface GitFile {
  readonly mode: string;
  readonly id: string;
}
/** Path to file; directories are what the paths say. */
export type GitFiles = ReadonlyMap<string, GitFile>;

const OBJECT_ID = /^[0-9a-f]{40}$/;
/** Of git's rules for names of refs those that a program can come to break. */
const REF_NAME = /^refs\/(?!.*(?:\.\.|\/\/|@\{|\.lock(?:\/|$)|\/\.|[\u0000-\u0020~^:?*[\\\u007f]))[^/].*[^/.]$/;

const TREE_MODE = "40000";
const typeOf = (mode: string): "blob" | "tree" | "commit" => (mode === TREE_MODE ? "tree" : mode === "160000" ? "commit" : "blob");

export class MemoryGit implements Git {
  readonly #objects = new Map<string, GitObject>();
  readonly #refs = new Map<string, string>();

  constructor() {
    // Git knows the empty tree whether somebody wrote it or not.
    this.tree(new Map());
  }

  // --- objects

  #write(type: ObjectType, bytes: Uint8Array): string {
    const id = hash("sha1", Buffer.concat([Buffer.from(`${type} ${bytes.byteLength}\0`), bytes]), "hex");
    if (!this.#objects.has(id)) this.#objects.set(id, { type, bytes });
    return id;
  }

  #read(id: string, type: ObjectType): Uint8Array | null {
    const object = this.#objects.get(id);
    return object?.type === type ? object.bytes : null;
  }

  async inspect(id: string): Promise<{ readonly type: ObjectType; readonly size: number } | null> {
    const object = this.#objects.get(id);
    return object === undefined ? null : { type: object.type, size: object.bytes.byteLength };
  }

  async readBlob(id: string): Promise<Uint8Array | null> {
    return this.#read(id, "blob");
  }

  async writeBlob(bytes: Uint8Array): Promise<string> {
    return this.blob(bytes);
  }

  bytes(id: string): Uint8Array | null {
    return this.#read(id, "blob");
  }

  /** A repository of its own with the same objects and refs. */
  clone(): MemoryGit {
    const copy = new MemoryGit();
    for (const [id, object] of this.#objects) copy.#objects.set(id, object);
    for (const [name, id] of this.#refs) copy.#refs.set(name, id);
    return copy;
  }

  blob(bytes: Uint8Array): string {
    return this.#write("blob", bytes);
  }

  // --- trees

  /** Every file below a tree or a commit's tree; null when there is no such tree. */
  files(treeish: string): GitFiles | null {
    const tree = this.#treeOf(treeish);
    if (tree === null) return null;
    const files = new Map<string, GitFile>();
    const walk = (id: string, prefix: string): void => {
      for (const entry of this.#entries(id)) {
        if (entry.mode === TREE_MODE) walk(entry.id, `${prefix}${entry.name}/`);
        else files.set(prefix + entry.name, { mode: entry.mode, id: entry.id });
      }
    };
    walk(tree, "");
    return files;
  }

  /** Writes the trees of a set of files. @returns the root's id */
  tree(files: GitFiles): string {
    const entries: { name: string; mode: string; id: string }[] = [];
    const below = new Map<string, Map<string, GitFile>>();
    for (const [path, file] of files) {
      const slash = path.indexOf("/");
      if (slash === -1) entries.push({ name: path, ...file });
      else {
        const directory = path.slice(0, slash);
        const inside = below.get(directory) ?? new Map<string, GitFile>();
        inside.set(path.slice(slash + 1), file);
        below.set(directory, inside);
      }
    }
    for (const [name, inside] of below) entries.push({ name, mode: TREE_MODE, id: this.tree(inside) });
    // Git sorts a directory as if its name ended in a slash.
    const key = ({ name, mode }: { name: string; mode: string }): Buffer => Buffer.from(mode === TREE_MODE ? `${name}/` : name);
    entries.sort((a, b) => Buffer.compare(key(a), key(b)));
    return this.#write("tree", Buffer.concat(entries.flatMap(({ name, mode, id }) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(id, "hex")])));
  }

  #treeOf(treeish: string): string | null {
    const commit = this.#read(treeish, "commit");
    if (commit !== null) return parseCommit(Buffer.from(commit).toString()).tree;
    return this.#read(treeish, "tree") === null ? null : treeish;
  }

  #entries(id: string): { readonly name: string; readonly mode: string; readonly id: string }[] {
    const bytes = Buffer.from(this.#read(id, "tree") ?? []);
    const entries: { name: string; mode: string; id: string }[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = bytes.indexOf(0, at);
      const [mode = "", name = ""] = bytes.toString("utf8", at, end).split(/ (.*)/s);
      entries.push({ mode, name, id: bytes.toString("hex", end + 1, end + 21) });
      at = end + 21;
    }
    return entries;
  }

  #listing(id: string, recursive: boolean, prefix = ""): TreeEntry[] {
    return this.#entries(id).flatMap(({ name, mode, id: child }) => {
      const type = typeOf(mode);
      const entry: TreeEntry = { path: prefix + name, mode: mode.padStart(6, "0"), type, id: child, size: type === "blob" ? (this.#objects.get(child)?.bytes.byteLength ?? 0) : null };
      return type === "tree" && recursive ? [entry, ...this.#listing(child, true, `${entry.path}/`)] : [entry];
    });
  }

  async readTree(treeish: string, { recursive }: { readonly recursive: boolean }): Promise<Tree | null> {
    const start = OBJECT_ID.test(treeish) ? treeish : await this.commitOf(treeish);
    const id = start === null ? null : this.#treeOf(start);
    return id === null ? null : { id, entries: this.#listing(id, recursive) };
  }

  async entryAt(commit: string, path: string): Promise<TreeEntry | null> {
    const root = this.#treeOf(commit);
    if (root === null) return null;
    if (path === "") return { path: "", mode: "040000", type: "tree", id: root, size: null };
    return this.#listing(root, true).find((entry) => entry.path === path) ?? null;
  }

  async writeTree(base: string | null, changes: readonly TreeChange[]): Promise<WrittenTree> {
    const files = new Map(base === null ? [] : this.files(base));
    for (const { path, mode, id } of changes) {
      const inside = [...files.keys()].filter((name) => name === path || name.startsWith(`${path}/`));
      if (id === null && inside.length === 0) return { ok: false, reason: "GitRPC::BadObjectState" };
      for (const name of inside) files.delete(name);
      if (id === null) continue;
      if (mode !== "040000") files.set(path, { mode, id });
      else for (const [name, file] of this.files(id) ?? []) files.set(`${path}/${name}`, file);
    }
    return { ok: true, id: this.tree(files) };
  }

  // --- commits

  async readCommit(id: string): Promise<Commit | null> {
    return this.commit(id);
  }

  commit(id: string): Commit | null {
    const bytes = this.#read(id, "commit");
    return bytes === null ? null : { id, ...parseCommit(Buffer.from(bytes).toString()) };
  }

  async writeCommit(commit: NewCommit): Promise<string> {
    return this.makeCommit(commit);
  }

  makeCommit(commit: NewCommit): string {
    return this.#write("commit", Buffer.from(serializeCommit(commit)));
  }

  async commitOf(revision: string): Promise<string | null> {
    const candidates = OBJECT_ID.test(revision) || revision.startsWith("refs/") ? [revision] : [`refs/heads/${revision}`, `refs/tags/${revision}`, `refs/${revision}`];
    for (const candidate of candidates) {
      const id = this.#refs.get(candidate) ?? candidate;
      if (this.#read(id, "commit") !== null) return id;
    }
    return null;
  }

  /** A commit and all before it, nearest first. */
  #ancestry(id: string): readonly string[] {
    const found = new Set([id]);
    for (const each of found) for (const parent of this.commit(each)?.parents ?? []) found.add(parent);
    return [...found];
  }

  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    return this.#ancestry(descendant).includes(ancestor);
  }

  async mergeBase(a: string, b: string): Promise<string | null> {
    const ofA = new Set(this.#ancestry(a));
    return this.#ancestry(b).find((id) => ofA.has(id) && this.commit(id) !== null) ?? null;
  }

  #between(from: string | null, to: string): readonly string[] {
    const before = new Set(from === null ? [] : this.#ancestry(from));
    return this.#ancestry(to).filter((id) => !before.has(id)).toReversed();
  }

  async commitsBetween(from: string | null, to: string, limit: number): Promise<readonly PushedCommit[]> {
    const commits: PushedCommit[] = [];
    for (const id of this.#between(from, to).slice(-limit)) {
      const commit = this.commit(id);
      if (commit === null) continue;
      const changes = this.#changes(commit.parents[0] ?? null, id);
      const pathsOf = (...kinds: readonly FileChange["status"][]): string[] => changes.filter(({ status }) => kinds.includes(status)).map(({ path }) => path);
      commits.push({ ...summaryOf(commit), added: pathsOf("added"), removed: pathsOf("removed"), modified: pathsOf("modified") });
    }
    return commits;
  }

  async countBetween(from: string, to: string): Promise<number> {
    return this.#between(from, to).length;
  }

  async diff(from: string, to: string): Promise<readonly FileChange[]> {
    return this.#changes(from, to);
  }

  /** Whole files: no renames are looked for, no patches made. */
  #changes(from: string | null, to: string): readonly FileChange[] {
    const before: GitFiles = (from === null ? null : this.files(from)) ?? new Map();
    const after: GitFiles = this.files(to) ?? new Map();
    const paths = [...new Set([...before.keys(), ...after.keys()])].toSorted();
    return paths.flatMap((path): FileChange[] => {
      const [old, now] = [before.get(path), after.get(path)];
      if (old?.id === now?.id && old?.mode === now?.mode) return [];
      const status = old === undefined ? "added" : now === undefined ? "removed" : "modified";
      return [{ path, previousPath: null, status, id: (now ?? old)?.id ?? "", additions: now === undefined ? 0 : 1, deletions: old === undefined ? 0 : 1, patch: null }];
    });
  }

  async mergesCleanly(a: string, b: string): Promise<boolean> {
    const base = await this.mergeBase(a, b);
    const changed = (to: string): readonly string[] => this.#changes(base, to).map(({ path }) => path);
    const ofA = new Set(changed(a));
    return changed(b).every((path) => !ofA.has(path));
  }

  async mergeTree(a: string, b: string): Promise<string | null> {
    const into = await this.readCommit(a);
    if (into === null || !(await this.mergesCleanly(a, b))) return null;
    const theirs: GitFiles = this.files(b) ?? new Map();
    const changes = this.#changes(await this.mergeBase(a, b), b).map(({ path, status, id }) => ({ path, mode: theirs.get(path)?.mode ?? "100644", id: status === "removed" ? null : id }));
    const written = await this.writeTree(into.tree, changes);
    return written.ok ? written.id : null;
  }

  // --- refs

  async refs(prefix = "refs/"): Promise<readonly Ref[]> {
    return [...this.#refs]
      .filter(([name]) => name.startsWith(prefix))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, id]) => ({ name, id, type: this.#objects.get(id)?.type ?? "commit" }));
  }

  ref(name: string): string | null {
    return this.#refs.get(name) ?? null;
  }

  setRef(name: string, id: string): void {
    this.#refs.set(name, id);
  }

  async moveRef(name: string, from: string | null, to: string | null): Promise<boolean> {
    return this.moveRefs([{ name, from, to }]);
  }

  async moveRefs(moves: readonly { readonly name: string; readonly from: string | null; readonly to: string | null }[]): Promise<boolean> {
    const fits = moves.every(({ name, from, to }) => REF_NAME.test(name) && this.ref(name) === from && (to === null || this.#objects.has(to)));
    if (!fits) return false;
    for (const { name, to } of moves) {
      if (to === null) this.#refs.delete(name);
      else this.#refs.set(name, to);
    }
    return true;
  }
}
