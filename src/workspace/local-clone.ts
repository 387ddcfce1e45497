/** A working copy of somebody's clone, and the way back: one branch. The clone itself is only read, but for that branch. */
import { constants } from "node:fs";
import { cp, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { TerminalError } from "../shared/errors.ts";
import type { Processes } from "../shared/ports.ts";
import { openBaseFiles, type BaseFiles } from "./base-files.ts";
import type { GitBounds } from "./base-search.ts";
import { HOST_PATH } from "./search-path.ts";

/** Somebody's clone as it stands; looking changes nothing. */
export interface SeenClone {
  /** Its top directory. */
  readonly source: string;
  /** Full name of the commit the work builds on. */
  readonly head: string;
  /** What HEAD of the clone is called, `HEAD` when it is detached. */
  readonly branch: string;
  /** Changed or untracked files, which a working copy does not have. */
  readonly uncommitted: number;
  /** The files of that commit. */
  readonly baseFiles: BaseFiles;
  /** A file's text at that commit; null if there is none. */
  readCommitted(path: string): Promise<string | null>;
}

export interface LocalClone extends SeenClone {
  /** Our working copy. */
  readonly directory: string;
  /** Directories of installed dependencies that were copied along, relative to the top. */
  readonly dependencies: readonly string[];
}

interface Looked {
  readonly source: string;
  /** The commit to build on; default HEAD. */
  readonly at?: string;
  readonly processes: Processes;
}

/** @throws TerminalError when `source` is no git clone, has no commit, or not the one asked for */
export async function lookAtClone({ source, at, processes }: Looked): Promise<SeenClone> {
  const top = await git(processes, source, ["rev-parse", "--show-toplevel"]);
  if (top === null) throw new TerminalError(`${source} is not a git clone.`, "Name a directory with a git repository, or run `git init` and commit there.");
  const head = await git(processes, top, ["rev-parse", "--verify", "--quiet", `${at ?? "HEAD"}^{commit}`]);
  if (head === null && at !== undefined) throw new TerminalError(`${top} does not hold the commit ${at} any more.`, "Fetch it or find it with `git reflog`, and give it a branch; or start the task anew.");
  if (head === null) throw new TerminalError(`${top} has no commit yet.`, "Commit something first: the work builds on HEAD.");
  const branch = (await git(processes, top, ["rev-parse", "--abbrev-ref", "HEAD"])) ?? "HEAD";
  const status = (await git(processes, top, ["status", "--porcelain"])) ?? "";
  return {
    source: top,
    head,
    branch,
    uncommitted: status === "" ? 0 : status.split("\n").length,
    baseFiles: openBaseFiles((args, bounds) => run(processes, top, args, { bounds }), head),
    readCommitted: (path) => git(processes, top, ["cat-file", "blob", `${head}:${path}`]),
  };
}

/**
 * Where package managers install what the code needs to run. Only these of the ignored files are copied: others, such as
 * `.env`, may hold secrets.
 */
const DEPENDENCY_DIRECTORIES = new Set(["node_modules", ".venv", "venv", "vendor", "target", ".yarn", ".pnpm-store"]);

/**
 * Copies a clone's commits (no links to its objects: the sandbox and weak mode must not reach them), checks out its HEAD and
 * copies installed dependencies, since there is no network to install them from.
 * @throws TerminalError as `lookAtClone` does
 */
export async function cloneForWork(options: Looked & { readonly directory: string }): Promise<LocalClone> {
  const { processes, directory } = options;
  const seen = await lookAtClone(options);
  await mkdir(directory, { recursive: true });
  await must(processes, directory, ["clone", "--quiet", "--no-hardlinks", "--no-checkout", "--", seen.source, directory]);
  if ((await git(processes, directory, ["cat-file", "-e", `${seen.head}^{commit}`])) === null) {
    throw new TerminalError(`No branch of ${seen.source} reaches the commit ${seen.head} that the work builds on.`, `Give it one: git -C ${seen.source} branch worktrain-base ${seen.head}`);
  }
  await must(processes, directory, ["checkout", "--quiet", "--detach", seen.head]);
  const dependencies = await copyDependencies(processes, seen.source, directory);
  return { ...seen, directory, dependencies };
}

async function copyDependencies(processes: Processes, top: string, directory: string): Promise<readonly string[]> {
  const ignored = (await git(processes, top, ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"])) ?? "";
  const found = ignored
    .split("\0")
    .filter((path) => path.endsWith("/") && DEPENDENCY_DIRECTORIES.has(basename(path)))
    .map((path) => path.slice(0, -1));
  for (const path of found) {
    // Shares the blocks where the file system can; never the files themselves.
    await cp(join(top, path), join(directory, path), { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
  }
  return found;
}

/** Where a clone, or a bare repository, keeps objects and refs; of a linked worktree the one it belongs to. @throws TerminalError when it is none */
export async function gitDirectoryOf(source: string, processes: Processes): Promise<string> {
  const found = await git(processes, source, ["rev-parse", "--path-format=absolute", "--git-common-dir"]);
  if (found === null) throw new TerminalError(`${source} is not a git repository.`, "Name a clone.");
  return found;
}

export interface Publication {
  /** The person's clone. */
  readonly source: string;
  /** The private repository that holds the tree. */
  readonly gitDirectory: string;
  readonly tree: string;
  readonly parent: string;
  /** Short name of the branch to make; it must not exist. */
  readonly branch: string;
  readonly message: string;
  readonly processes: Processes;
}

/**
 * Commits a snapshot's tree and puts it into the person's clone as a new branch; nothing is checked out there. Where the branch is
 * there already with that very tree it stays as it is. Returns the commit.
 */
export async function publishBranch(publication: Publication): Promise<string> {
  const { processes, gitDirectory, branch, source } = publication;
  await must(processes, source, ["check-ref-format", "--branch", branch]);
  const published = await git(processes, source, ["rev-parse", "--verify", "--quiet", `refs/heads/${branch}^{commit}`]);
  if (published !== null && (await git(processes, source, ["rev-parse", `${published}^{tree}`])) === publication.tree) return published;
  const identity = { name: "WorkTrain", email: "worktrain@users.noreply.github.com" };
  const commit = await must(processes, gitDirectory, ["--git-dir", gitDirectory, "commit-tree", publication.tree, "-p", publication.parent, "-m", publication.message], identity);
  await must(processes, gitDirectory, ["--git-dir", gitDirectory, "update-ref", `refs/heads/${branch}`, commit]);
  // Fetching without force refuses to move a branch that is there already.
  await must(processes, source, ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", gitDirectory, `refs/heads/${branch}:refs/heads/${branch}`]);
  return commit;
}

interface Identity {
  readonly name: string;
  readonly email: string;
}

/** Git with hooks and watchers off and nobody's configuration but the repository's own; looking does not write the index. */
async function run(processes: Processes, cwd: string, args: readonly string[], { identity, bounds }: { readonly identity?: Identity | undefined; readonly bounds?: GitBounds | undefined } = {}) {
  const author: Record<string, string> = identity === undefined ? {} : { GIT_AUTHOR_NAME: identity.name, GIT_AUTHOR_EMAIL: identity.email, GIT_COMMITTER_NAME: identity.name, GIT_COMMITTER_EMAIL: identity.email };
  return processes.run("git", ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "safe.directory=*", ...args], {
    cwd,
    env: { PATH: HOST_PATH, HOME: "/nonexistent", LC_ALL: "C.UTF-8", GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null", GIT_TERMINAL_PROMPT: "0", GIT_OPTIONAL_LOCKS: "0", ...author },
    timeoutMs: 10 * 60_000,
    maxOutputBytes: 64 * 1024 * 1024,
    ...bounds,
  });
}

async function git(processes: Processes, cwd: string, args: readonly string[]): Promise<string | null> {
  const done = await run(processes, cwd, args);
  return done.exitCode === 0 ? new TextDecoder().decode(done.stdout).replace(/\n$/, "") : null;
}

async function must(processes: Processes, cwd: string, args: readonly string[], identity?: Identity): Promise<string> {
  const done = await run(processes, cwd, args, { identity });
  if (done.exitCode === 0) return new TextDecoder().decode(done.stdout).trim();
  throw new TerminalError(`git ${args[0] ?? ""} failed in ${cwd}: ${new TextDecoder().decode(done.stderr).trim().slice(0, 500)}`, "Mend what git says and try again.");
}
