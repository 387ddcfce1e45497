/**
 * Working trees of slices: linked git worktrees of the workspace's repository, each with files, HEAD and index of its own.
 *
 * T1. One holds what the workspace held when it was opened, installed dependencies and all that git ignores included: what set-up
 *     made is there for a slice as it is for everybody else.
 * T2. Nothing of the repository is executed to make it: no checkout, no hook, no filter.
 * T3. What a run that was lost left behind is gone before the next one begins.
 * T4. The host's process opens no path in one: it is copied and removed behind the walls.
 */
import { join } from "node:path";
import { TerminalError } from "../shared/errors.ts";
import { errorText, type PrivateGit } from "./private-git.ts";

/** Where in the private directory they lie. */
const SLICES = "slices";
/** Begins the names of our worktrees in the repository: others' are left alone. */
const PREFIX = "worktrain-";

export interface WorkingTree {
  readonly directory: string;
  /** Its name in the repository. */
  readonly name: string;
  /** For a private repository that follows its files. */
  readonly privateDirectory: string;
}

/** Where the working tree of that id is or will be. */
export function workingTree({ places }: PrivateGit, id: string): WorkingTree {
  const name = `${PREFIX}${id}`;
  const parent = join(places.directory, SLICES);
  return { directory: join(parent, name), name, privateDirectory: join(parent, `${name}.private`) };
}

const FIX = "Set pipeline.slices to never in .github/worktrain.yml, so that the work is done in one piece, or mend what git says; then run again.";

/** Makes a working tree with the workspace's files as they are now. Nobody may be at work in the workspace. @throws TerminalError */
export async function addWorkingTree(git: PrivateGit, base: string, tree: WorkingTree): Promise<void> {
  await must(git.own(["worktree", "add", "--quiet", "--detach", "--no-checkout", "--end-of-options", tree.directory, base], { access: "own" }), "git worktree add"); // T2
  await must(git.own(["read-tree", base], { access: "own", worktree: tree }), "git read-tree");
  // A constant script: the names of the files are its arguments.
  const copy = ["-mindepth", "1", "-maxdepth", "1", "!", "-name", ".git", "-exec", "sh", "-c", 'cp -a -- "$@" "$0"', tree.directory, "{}", "+"];
  const copied = await git.program("find", [git.places.workspace, ...copy], "read-only"); // T1
  // What this user may not read was of no use to a session either; a full disk is another matter.
  const failed = new TextDecoder().decode(copied.stderr).split("\n").filter((line) => line !== "" && !/(?:Permission denied|Operation not permitted)$/.test(line));
  if (copied.exitCode !== 0 && (failed.length > 0 || copied.stderr.length === 0)) throw new TerminalError(`Copying the files failed for a slice: ${failed.slice(0, 3).join("; ")}`, FIX);
}

async function must(run: ReturnType<PrivateGit["own"]>, what: string): Promise<void> {
  const done = await run;
  if (done.exitCode !== 0) throw new TerminalError(`${what} failed for a slice: ${errorText(done)}`, FIX);
}

/** A directory that its owner may not open could not be emptied. `chmod -R` and `rm -r` follow no link. */
const REMOVE = 'for path in "$@"; do if [ -d "$path" ] && [ ! -h "$path" ]; then chmod -R u+rwX -- "$path"; rm -rf -- "$path"; fi; done';

/** Removes a working tree and what the repository knows of it; one that is not there is no fault. */
export async function removeWorkingTree(git: PrivateGit, { directory, name, privateDirectory }: WorkingTree): Promise<void> {
  await must(git.program("sh", ["-c", REMOVE, "sh", directory, privateDirectory, join(git.places.workspace, ".git", "worktrees", name)], "own"), "Removing the working tree");
}

/** Removes what runs that were lost left: the working trees, and that the repository knows of them (T3). */
export async function removeLostTrees(git: PrivateGit): Promise<void> {
  const script = `known=$1; shift; ${REMOVE}; [ ! -d "$known" ] || find "$known" -mindepth 1 -maxdepth 1 -name '${PREFIX}*' -exec rm -rf -- {} +`;
  await must(git.program("sh", ["-c", script, "sh", join(git.places.workspace, ".git", "worktrees"), join(git.places.directory, SLICES)], "own"), "Removing the working trees of a lost run");
}
