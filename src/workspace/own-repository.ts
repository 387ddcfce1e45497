import { TerminalError } from "../shared/errors.ts";
import { errorText, type PrivateGit } from "./private-git.ts";

export interface OwnRepository {
  readonly head: string;
  /** Absolute path of its object directory. */
  readonly objects: string;
  readonly objectFormat: "sha1" | "sha256";
  /** Absolute path of its `info/exclude`, which may not exist. */
  readonly exclude: string;
}

/** Looks at the workspace's own repository once, before the agent begins. */
export async function lookAtOwn(git: PrivateGit, base: string): Promise<OwnRepository> {
  const { workspace } = git.places;
  const found = await git.own(["rev-parse", "--path-format=absolute", "--git-path", "objects", "--git-path", "info/exclude", "--show-object-format", "HEAD^{commit}"]);
  if (found.exitCode !== 0) {
    throw new TerminalError(
      `${workspace} is no git repository with a commit that can be read: ${errorText(found)}`,
      "Give the root of a clone that has a commit. Of a worktree, or a clone that borrows objects, name the other repository's .git as a read-only path.",
    );
  }
  const [objects = "", exclude = "", format = "", head = ""] = new TextDecoder().decode(found.stdout).trimEnd().split("\n");
  const known = await git.own(["cat-file", "-e", `${base}^{tree}`]);
  if (known.exitCode !== 0) {
    throw new TerminalError(`${workspace} does not hold the base commit ${base}.`, "Check that commit out before the work starts (actions/checkout with `ref`), or fetch it.");
  }
  return { head, objects, objectFormat: format === "sha256" ? "sha256" : "sha1", exclude };
}

/** Puts HEAD and files at the base. Only where nothing can be lost: tracked files must be as HEAD has them. */
export async function checkOutBase(git: PrivateGit, base: string, head: string): Promise<void> {
  const { workspace } = git.places;
  const status = await git.own(["status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all"]);
  if (status.exitCode !== 0 || status.stdout.length > 0) {
    throw new TerminalError(`${workspace} is at ${head}, not at the base ${base}, and has changed files.`, "Commit or stash them, or check out the base, then run again.");
  }
  const done = await git.own(["checkout", "--quiet", "--detach", "--no-recurse-submodules", base], { access: "own" });
  if (done.exitCode !== 0) throw new TerminalError(`The base ${base} could not be checked out in ${workspace}: ${errorText(done)}`, "Check it out before the work starts.");
}
