import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Processes } from "../../../../shared/ports.ts";
import { parseCommit, serializeCommit } from "./commit-object.ts";
import { diffCommits } from "./diff.ts";
import type { Commit, FileChange, Git, NewCommit, ObjectType, Ref, Tree, TreeChange, TreeEntry, WrittenTree } from "./git.ts";
import { summaryOf } from "./git.ts";
import type { PushedCommit } from "../happening.ts";
import { isPlainRef, OBJECT_ID, ObjectFiles } from "./object-files.ts";
import { ancestryIn, changedPathsIn, commitIn, entryAtIn, lineIn, listingIn, rootIn } from "./object-views.ts";
import { runGit, textOf, type GitCall } from "./run-git.ts";

const NO_OBJECT = "0".repeat(40);
const EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/**
 * A bare repository on disk: what REST writes, a clone sees at once, and the reverse. Git's plumbing commands write it; what they would
 * only read from a loose object or ref is read from its file, which takes a hundredth of a process's time.
 */
export class BareRepository implements Git {
  readonly #processes: Processes;
  readonly #directory: string;
  readonly #files: ObjectFiles;
  /** By the ids they were asked for, which say what they hold. */
  readonly #answers = new Map<string, string>();
  readonly #diffs = new Map<string, readonly FileChange[]>();

  constructor(processes: Processes, gitDirectory: string) {
    this.#processes = processes;
    this.#directory = gitDirectory;
    this.#files = new ObjectFiles(gitDirectory);
  }

  /** Output of a git command, or null when it says no. */
  async #try(args: readonly string[], call: GitCall = {}): Promise<Uint8Array | null> {
    const result = await runGit(this.#processes, this.#directory, args, call);
    return result.exitCode === 0 ? result.stdout : null;
  }

  async #must(args: readonly string[], call: GitCall = {}): Promise<string> {
    const result = await runGit(this.#processes, this.#directory, args, call);
    if (result.exitCode !== 0) throw new Error(`git ${args.join(" ")} failed: ${textOf(result.stderr)}`);
    return textOf(result.stdout).trimEnd();
  }

  async commitOf(revision: string): Promise<string | null> {
    const candidates =
      OBJECT_ID.test(revision) || revision.startsWith("refs/") ? [revision] : [`refs/heads/${revision}`, `refs/tags/${revision}`, `refs/${revision}`];
    for (const candidate of candidates) {
      const id = OBJECT_ID.test(candidate) ? candidate : this.#files.ref(candidate);
      if (id === null) continue;
      if (id !== undefined && commitIn(this.#files, id) !== null) return id;
      const found = await this.#try(["rev-parse", "--verify", "--quiet", "--end-of-options", `${candidate}^{commit}`]);
      if (found !== null) return textOf(found).trim();
    }
    return null;
  }

  async inspect(id: string): Promise<{ readonly type: ObjectType; readonly size: number } | null> {
    if (!OBJECT_ID.test(id)) return null;
    const file = this.#files.read(id);
    if (file !== null) return { type: file.type, size: file.bytes.byteLength };
    const [, type, size] = (await this.#must(["cat-file", "--batch-check"], { input: `${id}\n` })).split(" ");
    return type === "blob" || type === "tree" || type === "commit" || type === "tag" ? { type, size: Number(size) } : null;
  }

  async readBlob(id: string): Promise<Uint8Array | null> {
    const file = this.#files.read(id);
    if (file?.type === "blob") return file.bytes;
    return OBJECT_ID.test(id) ? this.#try(["cat-file", "blob", id]) : null;
  }

  async writeBlob(bytes: Uint8Array): Promise<string> {
    return this.#must(["hash-object", "-w", "--stdin"], { input: bytes });
  }

  async readTree(treeish: string, options: { readonly recursive: boolean }): Promise<Tree | null> {
    const commit = OBJECT_ID.test(treeish) ? treeish : await this.commitOf(treeish);
    if (commit === null) return null;
    const root = rootIn(this.#files, commit);
    const entries = root === null ? null : listingIn(this.#files, root, options.recursive);
    if (root !== null && entries !== null) return { id: root, entries };
    const id = await this.#try(["rev-parse", "--verify", "--quiet", "--end-of-options", `${commit}^{tree}`]);
    if (id === null) return null;
    const listing = await this.#try(["ls-tree", "-z", "-l", ...(options.recursive ? ["-r", "-t"] : []), textOf(id).trim()]);
    return listing === null ? null : { id: textOf(id).trim(), entries: parseTree(listing) };
  }

  async entryAt(commit: string, path: string): Promise<TreeEntry | null> {
    if (path === "") {
      const tree = await this.readTree(commit, { recursive: false });
      return tree === null ? null : { path: "", mode: "040000", type: "tree", id: tree.id, size: null };
    }
    const root = rootIn(this.#files, commit);
    const known = root === null ? null : entryAtIn(this.#files, root, path);
    if (known !== null) return known.entry;
    const listing = await this.#try(["--literal-pathspecs", "ls-tree", "-z", "-l", "--full-tree", commit, "--", path]);
    return (listing === null ? [] : parseTree(listing)).find((entry) => entry.path === path) ?? null;
  }

  async writeTree(base: string | null, changes: readonly TreeChange[]): Promise<WrittenTree> {
    const directory = await mkdtemp(join(tmpdir(), "local-github-index-"));
    try {
      const call = { env: { GIT_INDEX_FILE: join(directory, "index") } };
      await this.#must(base === null ? ["read-tree", "--empty"] : ["read-tree", base], call);
      for (const change of changes) {
        const failed = await this.#changeIndex(change, call);
        if (failed !== null) return { ok: false, reason: failed };
      }
      return { ok: true, id: await this.#must(["write-tree"], call) };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  async #changeIndex(change: TreeChange, call: GitCall): Promise<string | null> {
    if (change.id === null) {
      const there = await this.#must(["--literal-pathspecs", "ls-files", "-z", "--cached", "--", change.path], call);
      if (there === "") return "GitRPC::BadObjectState";
      const paths = there.split("\0").filter((path) => path !== "");
      await this.#must(["update-index", "-z", "--index-info"], { ...call, input: paths.map((path) => `0 ${NO_OBJECT}\t${path}\0`).join("") });
      return null;
    }
    if (change.mode === "040000") {
      const done = await this.#try(["read-tree", `--prefix=${change.path}/`, change.id], call);
      return done === null ? "GitRPC::BadObjectState" : null;
    }
    await this.#must(["update-index", "--replace", "-z", "--index-info"], { ...call, input: `${change.mode} ${change.id}\t${change.path}\0` });
    return null;
  }

  async readCommit(id: string): Promise<Commit | null> {
    const known = commitIn(this.#files, id);
    if (known !== null || !OBJECT_ID.test(id)) return known;
    const bytes = await this.#try(["cat-file", "commit", id]);
    return bytes === null ? null : { id, ...parseCommit(textOf(bytes)) };
  }

  async writeCommit(commit: NewCommit): Promise<string> {
    // git knows the empty tree without its being stored, and `git fsck` misses it all the same.
    if (commit.tree === EMPTY_TREE) await this.#must(["mktree"], { input: "" });
    return this.#must(["hash-object", "-t", "commit", "-w", "--stdin"], { input: serializeCommit(commit) });
  }

  async refs(prefix = "refs/"): Promise<readonly Ref[]> {
    const known = this.#files.refs();
    if (known !== null) return known.filter(({ name }) => name.startsWith(prefix));
    const listing = await this.#must(["for-each-ref", "--format=%(refname) %(objectname) %(objecttype)"]);
    return listing
      .split("\n")
      .filter((line) => line.startsWith(prefix))
      .map((line) => line.split(" "))
      .flatMap(([name = "", id = "", type = ""]) =>
        type === "commit" || type === "tag" || type === "tree" || type === "blob" ? [{ name, id, type }] : [],
      );
  }

  async #isRefName(name: string): Promise<boolean> {
    return isPlainRef(name) || (await this.#try(["check-ref-format", name])) !== null;
  }

  async moveRef(name: string, from: string | null, to: string | null): Promise<boolean> {
    if (!(await this.#isRefName(name))) return false;
    const args = to === null ? ["update-ref", "-d", name, from ?? NO_OBJECT] : ["update-ref", name, to, from ?? NO_OBJECT];
    return (await this.#try(args)) !== null;
  }

  async moveRefs(moves: Parameters<Git["moveRefs"]>[0]): Promise<boolean> {
    for (const { name } of moves) if (!(await this.#isRefName(name))) return false;
    const commands = moves.map(({ name, from, to }) => (to === null ? `delete ${name} ${from ?? NO_OBJECT}` : `update ${name} ${to} ${from ?? NO_OBJECT}`));
    return (await this.#try(["update-ref", "--stdin"], { input: `${["start", ...commands, "prepare", "commit"].join("\n")}\n` })) !== null;
  }

  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    const known = commitIn(this.#files, ancestor) === null ? null : ancestryIn(this.#files, descendant);
    return known === null ? (await this.#try(["merge-base", "--is-ancestor", ancestor, descendant])) !== null : known.has(ancestor);
  }

  async mergeBase(a: string, b: string): Promise<string | null> {
    return this.#found(["merge-base", a, b]);
  }

  async commitsBetween(from: string | null, to: string, limit: number): Promise<readonly PushedCommit[]> {
    const line = lineIn(this.#files, from, to)?.map(({ id }) => id);
    const ids = line ?? (await this.#must(["rev-list", "--reverse", "--topo-order", ...(from === null ? [] : [`^${from}`]), to]))
      .split("\n")
      .filter((id) => id !== "");
    const commits: PushedCommit[] = [];
    for (const id of ids.slice(-limit)) {
      const commit = await this.readCommit(id);
      if (commit !== null) commits.push({ ...summaryOf(commit), ...(changedPathsIn(this.#files, commit) ?? (await this.#changedPaths(id))) });
    }
    return commits;
  }

  async countBetween(from: string, to: string): Promise<number> {
    const [before, all] = [ancestryIn(this.#files, from), ancestryIn(this.#files, to)];
    if (before !== null && all !== null) return [...all].filter((id) => !before.has(id)).length;
    return Number(await this.#must(["rev-list", "--count", `^${from}`, to]));
  }

  async #changedPaths(id: string): Promise<Pick<PushedCommit, "added" | "removed" | "modified">> {
    const fields = (await this.#must(["diff-tree", "--root", "-r", "-z", "--no-commit-id", "--name-status", "--no-renames", id]))
      .split("\0")
      .filter((field) => field !== "");
    const pathsWith = (statuses: string): string[] =>
      fields.flatMap((field, index) => (index % 2 === 1 && statuses.includes(fields[index - 1] ?? "?") ? [field] : []));
    return { added: pathsWith("A"), removed: pathsWith("D"), modified: pathsWith("MT") };
  }

  async diff(from: string, to: string): Promise<readonly FileChange[]> {
    const key = `${from} ${to}`;
    const before = this.#diffs.get(key);
    if (before !== undefined) return before;
    const changes = await diffCommits((args) => this.#must(args), from, to);
    if ([from, to].every((id) => OBJECT_ID.test(id))) this.#diffs.set(key, changes);
    return changes;
  }

  async mergesCleanly(a: string, b: string): Promise<boolean> {
    return (await this.mergeTree(a, b)) !== null;
  }

  /** The tree of their merge; null where there is a conflict. */
  async mergeTree(a: string, b: string): Promise<string | null> {
    return this.#found(["merge-tree", "--write-tree", a, b]);
  }

  /** An id that git finds by two commits; null when it says no. What it found it would find again. */
  async #found(args: readonly [string, ...string[]]): Promise<string | null> {
    const key = args.join(" ");
    const before = this.#answers.get(key);
    if (before !== undefined) return before;
    const output = await this.#try(args);
    if (output === null) return null;
    const found = textOf(output).trim();
    if (args.slice(-2).every((id) => OBJECT_ID.test(id))) this.#answers.set(key, found);
    return found;
  }
}

/** Parses `ls-tree -z -l`: mode, type, id, size and, after a tab, the path. */
function parseTree(listing: Uint8Array): TreeEntry[] {
  return textOf(listing)
    .split("\0")
    .filter((line) => line !== "")
    .flatMap((line) => {
      const tab = line.indexOf("\t");
      const [mode = "", type = "", id = "", size = ""] = line.slice(0, tab).split(/ +/);
      if (type !== "blob" && type !== "tree" && type !== "commit") return [];
      return [{ path: line.slice(tab + 1), mode, type, id, size: type === "blob" ? Number(size) : null }];
    });
}
