/**
 * Working trees of slices: linked git worktrees of the workspace's repository, each with files, HEAD and index of its own.
 *
 * T1. One holds what the workspace held when it was opened, installed dependencies and all that git ignores included: what set-up
 *     made is there for a slice as it is for everybody else.
 * T2. Nothing of the repository is executed to make it: no checkout, no hook, no filter.
 * T3. What a run that was lost left behind is gone before the next one begins.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { TerminalError } from "../shared/errors.ts";
import type { OwnRepository } from "./own-repository.ts";
import { errorText, SLICES, type PrivateGit } from "./private-git.ts";

/** Begins the names of our worktrees in the repository: others' are left alone. */
const PREFIX = "worktrain-";

export interface WorkingTree {
  readonly directory: string;
  /** Its name in the repository. */
  readonly name: string;
  /** For a private repository that follows its files. */
  readonly privateDirectory: string;
}

const FIX = "Set pipeline.slices to never in .github/worktrain.yml, so that the work is done in one piece, or mend what git says; then run again.";

/** Makes a working tree with the workspace's files as they are now. Nobody may be at work in the workspace. */
export async function addWorkingTree(git: PrivateGit, base: string, id: string): Promise<WorkingTree> {
  const name = `${PREFIX}${id}`;
  const parent = join(git.places.directory, SLICES);
  const tree: WorkingTree = { directory: join(parent, name), name, privateDirectory: join(parent, `${name}.private`) };
  await removeWorkingTree(git, tree);
  mkdirSync(tree.privateDirectory, { recursive: true });
  await must(git.own(["worktree", "add", "--quiet", "--detach", "--no-checkout", "--end-of-options", tree.directory, base], { access: "own" }), "git worktree add"); // T2
  await must(git.own(["read-tree", base], { access: "own", worktree: tree }), "git read-tree");
  // A constant script: the names of the files are its arguments.
  const copy = ["-mindepth", "1", "-maxdepth", "1", "!", "-name", ".git", "-exec", "sh", "-c", 'cp -a -- "$@" "$0"', tree.directory, "{}", "+"];
  await must(git.program("find", [git.places.workspace, ...copy]), "Copying the files"); // T1
  return tree;
}

async function must(run: ReturnType<PrivateGit["own"]>, what: string): Promise<void> {
  const done = await run;
  if (done.exitCode !== 0) throw new TerminalError(`${what} failed for a slice: ${errorText(done)}`, FIX);
}

/** Removes a working tree and what the repository knows of it; one that is not there is no fault. */
export async function removeWorkingTree(git: PrivateGit, { directory, name, privateDirectory }: WorkingTree): Promise<void> {
  // A directory that its owner may not open could not be emptied.
  if (existsSync(directory)) await git.program("chmod", ["-R", "u+rwX", "--", directory]);
  for (const path of [directory, privateDirectory, join(git.places.workspace, ".git", "worktrees", name)]) rmSync(path, { recursive: true, force: true });
}

/** Forgets the worktrees of runs that were lost; their files lay in the private directory, which was emptied (T3). */
export function forgetWorkingTrees({ objects }: OwnRepository): void {
  const known = join(dirname(objects), "worktrees");
  for (const name of existsSync(known) ? readdirSync(known) : []) if (name.startsWith(PREFIX)) rmSync(join(known, name), { recursive: true, force: true });
}
