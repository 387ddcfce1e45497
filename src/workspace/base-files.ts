/** Files as the base commit has them, read from git's objects: what lies in the working tree does not count (I9). */
import { TerminalError } from "../shared/errors.ts";
import { openBaseSearch, type BaseSearch, type GitBounds } from "./base-search.ts";
import type { ProcessResult } from "../shared/ports.ts";

export interface BaseFile {
  /** From the top, with `/`. */
  readonly path: string;
  readonly kind: "file" | "link";
  /** Git's name of the content; equal contents have equal names. */
  readonly oid: string;
  readonly sizeBytes: number;
}

/** A narrow look into one commit. */
export interface BaseFiles extends BaseSearch {
  readonly commit: string;
  /** The files and links among the paths; of a directory, all below it. */
  find(paths: readonly string[]): Promise<readonly BaseFile[]>;
  /** All files and links of the commit; null when they are too many to be listed at once. */
  list(): Promise<readonly BaseFile[] | null>;
  /** A file's content, or what a link points to; null when it is not UTF-8. */
  read(file: BaseFile): Promise<string | null>;
}

/** @param git runs git on the repository that holds the commit, without its hooks and filters */
export function openBaseFiles(git: (args: readonly string[], bounds?: GitBounds) => Promise<ProcessResult>, commit: string): BaseFiles {
  const run = async (args: readonly string[]): Promise<Uint8Array> => {
    const done = await git(args);
    if (done.exitCode === 0 && !done.truncated) return done.stdout;
    throw new TerminalError(`git ${args[0] ?? ""} failed at ${commit}: ${new TextDecoder().decode(done.stderr).trim().slice(0, 500)}`, "Check that the clone holds the commit and can be read; then run again.");
  };
  return {
    ...openBaseSearch(git, commit),
    commit,
    async find(paths) {
      if (paths.length === 0) return [];
      const listed = new TextDecoder().decode(await run(["ls-tree", "-r", "-z", "-l", "--full-tree", commit, "--", ...paths]));
      return listed.split("\0").flatMap(baseFile);
    },
    async list() {
      const done = await git(["ls-tree", "-r", "-z", "-l", "--full-tree", commit]);
      return done.exitCode === 0 && !done.truncated ? new TextDecoder().decode(done.stdout).split("\0").flatMap(baseFile) : null;
    },
    async read(file) {
      try {
        return new TextDecoder("utf-8", { fatal: true }).decode(await run(["cat-file", "blob", file.oid]));
      } catch (error) {
        if (error instanceof TypeError) return null;
        throw error;
      }
    },
  };
}

/** A line of `ls-tree -l`: mode, type, name, size, then the path. Submodules are passed over. */
function baseFile(line: string): readonly BaseFile[] {
  const found = /^(\d+) blob ([0-9a-f]+) +(\d+)\t(.+)$/s.exec(line);
  if (found === null) return [];
  const [, mode, oid = "", size, path = ""] = found;
  return [{ path, kind: mode === "120000" ? "link" : "file", oid, sizeBytes: Number(size) }];
}
