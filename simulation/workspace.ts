/** A workspace and a sandbox in memory: files with git's own tree names, and a handful of tools and commands on them. */
import { readManifest, type ManifestEntry } from "../src/record/manifest.ts";
import type { SnapshotRef } from "../src/record/index.ts";
import { canonicalJson } from "../src/shared/json.ts";
import { sha256Hex } from "../src/shared/hash.ts";
import { err, ok } from "../src/shared/result.ts";
import type { BaseFiles, CommandResult, Sandbox, Workspace } from "../src/workspace/index.ts";
import { MemoryGit, type GitFile } from "./memory-git.ts";
import type { SimProcess } from "./process.ts";

/** What the project's test command looks for: the issue of every world is that a sum is a difference. */
export const TEST_COMMAND = "npm test";
export const SUM_FILE = "src/sum.js";
export const mended = (sum: string): boolean => sum.includes("a + b");

export interface SimWorkspaceOptions {
  readonly process: SimProcess;
  /** What was checked out: the runner has a clone of its own. */
  readonly clone: MemoryGit;
  readonly latencyMs: () => number;
  /** Told of each tool that runs, and of the tree it found. */
  readonly onTool: (tool: string, input: unknown, tree: string) => void;
}

type Files = Map<string, GitFile>;

const text = (bytes: Uint8Array | null): string => new TextDecoder().decode(bytes ?? new Uint8Array());

export class SimWorkspace implements Workspace {
  readonly base: string;
  readonly repository = "/private/git";
  readonly begunAtBase = true;
  readonly notes: readonly string[] = [];
  readonly baseFiles: BaseFiles;
  readonly #git: MemoryGit;
  readonly #baseFiles: Files;
  #files: Files;
  #lastTree: string;

  readonly #onSave: (tree: string) => void;

  /** @param onSave told of each tree that is saved */
  constructor(git: MemoryGit, base: string, onSave: (tree: string) => void) {
    this.#git = git;
    this.#onSave = onSave;
    this.base = base;
    this.#baseFiles = new Map(git.files(base));
    this.#files = new Map(this.#baseFiles);
    this.#lastTree = git.tree(this.#files);
    this.baseFiles = {
      // Which files a package names changes nothing of what is simulated.
      search: () => Promise.resolve([]),
      history: () => Promise.resolve([]),
      commit: base,
      find: async (paths) => [...this.#baseFiles].flatMap(([path, { id }]) => (paths.some((each) => path === each || path.startsWith(`${each}/`)) ? [{ path, kind: "file" as const, oid: id, sizeBytes: this.#size(id) }] : [])),
      list: () => this.baseFiles.find([...this.#baseFiles.keys()]),
      read: async ({ oid }) => text(await git.readBlob(oid)),
    };
  }

  #size(id: string): number {
    return this.#git.bytes(id)?.byteLength ?? 0;
  }

  read(path: string): string | null {
    const file = this.#files.get(path);
    return file === undefined ? null : text(this.#git.bytes(file.id));
  }

  write(path: string, content: string): void {
    this.#files.set(path, { mode: "100644", id: this.#git.blob(new TextEncoder().encode(content)) });
  }

  /** Of the files as they are. */
  tree(): string {
    return this.#git.tree(this.#files);
  }

  paths(): readonly string[] {
    return [...this.#files.keys()].toSorted();
  }

  async save(putBlob: (bytes: Uint8Array) => Promise<string>) {
    const tree = this.#git.tree(this.#files);
    if (tree === this.#lastTree) return null;
    const paths = [...new Set([...this.#baseFiles.keys(), ...this.#files.keys()])].toSorted();
    const entries: ManifestEntry[] = [];
    for (const path of paths) {
      const [old, now] = [this.#baseFiles.get(path), this.#files.get(path)];
      if (now === undefined) entries.push({ path, deleted: true });
      else if (now.id !== old?.id) {
        const bytes = this.#git.bytes(now.id) ?? new Uint8Array();
        entries.push({ path, mode: "100644", oid: now.id, size: bytes.byteLength, sha256: await putBlob(bytes) });
      }
    }
    const manifest = await putBlob(new TextEncoder().encode(canonicalJson({ v: 1, base: this.base, tree, entries, unsupported: [] })));
    this.#lastTree = tree;
    this.#onSave(tree);
    return { base: this.base, tree, manifest, changedFiles: entries.length };
  }

  async restore(snapshot: SnapshotRef | null, getBlob: (sha256: string) => Promise<Uint8Array | null>) {
    const files = new Map(this.#baseFiles);
    if (snapshot !== null) {
      const taken = await this.#entries(snapshot, getBlob);
      if (!taken.ok) return taken;
      for (const entry of taken.value) {
        if ("deleted" in entry) files.delete(entry.path);
        else files.set(entry.path, { mode: entry.mode, id: entry.oid });
      }
      if (this.#git.tree(files) !== snapshot.tree) return err({ kind: "snapshot-mismatch", message: "The saved files make another tree.", fix: "Start anew." });
    }
    this.#files = files;
    this.#lastTree = this.#git.tree(files);
    return ok(undefined);
  }

  async #entries(snapshot: SnapshotRef, getBlob: (sha256: string) => Promise<Uint8Array | null>) {
    const bytes = await getBlob(snapshot.manifest);
    if (bytes === null || sha256Hex(bytes) !== snapshot.manifest) return err({ kind: "snapshot-missing", message: "The journal does not hold a saved manifest.", fix: "Start anew." });
    const manifest = readManifest(bytes);
    if (!manifest.ok) return manifest;
    for (const entry of manifest.value.entries) {
      if ("deleted" in entry) continue;
      const content = await getBlob(entry.sha256);
      if (content === null || this.#git.blob(content) !== entry.oid) return err({ kind: "snapshot-missing", message: `The journal does not hold ${entry.path}.`, fix: "Start anew." });
    }
    return ok(manifest.value.entries);
  }

  async describe(snapshot: SnapshotRef, getBlob: (sha256: string) => Promise<Uint8Array | null>): Promise<string> {
    const entries = await this.#entries(snapshot, getBlob);
    return entries.ok ? `Files changed: ${entries.value.map(({ path }) => path).join(", ")}` : "";
  }

  async close(): Promise<void> {}
}

/** Serves the tools on a workspace's files. */
export function simSandbox({ process, latencyMs, onTool }: SimWorkspaceOptions, workspace: () => SimWorkspace): Sandbox {
  const field = (input: unknown, name: string): string => {
    const value: unknown = typeof input === "object" && input !== null ? Reflect.get(input, name) : undefined;
    return typeof value === "string" ? value : "";
  };
  const runTest = (): { readonly exitCode: number; readonly output: string } => (mended(workspace().read(SUM_FILE) ?? "") ? { exitCode: 0, output: "1 test passed" } : { exitCode: 1, output: "sum(1, 2) is -1, not 3" });
  const serve = (tool: string, input: unknown): { content: string; isError: boolean } => {
    onTool(tool, input, workspace().tree());
    const path = field(input, "path");
    switch (tool) {
      case "read": {
        const content = workspace().read(path);
        return content === null ? { content: `There is no file ${path}.`, isError: true } : { content, isError: false };
      }
      case "write":
        workspace().write(path, field(input, "content"));
        return { content: `Wrote ${path}.`, isError: false };
      case "glob":
        return { content: workspace().paths().join("\n"), isError: false };
      case "bash": {
        const { exitCode, output } = runTest();
        return { content: `${output}\nexit code ${exitCode}`, isError: exitCode !== 0 };
      }
      default:
        return { content: `The tool ${tool} is not simulated.`, isError: true };
    }
  };
  return {
    mode: "bubblewrap",
    hosts: [],
    takeReached: () => [],
    call: (tool, input) => process.call(latencyMs(), () => serve(tool, input)),
    runCommand: ({ command }): Promise<CommandResult> =>
      process.call(latencyMs(), () => {
        onTool("verification", command, workspace().tree());
        const { exitCode, output } = runTest();
        return { exitCode, timedOut: false, outputTail: output, durationMs: 100 };
      }),
    renew: async () => undefined,
    close: async () => undefined,
  };
}
