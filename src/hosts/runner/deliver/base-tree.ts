/**
 * What a change does to the base beyond the paths it names.
 *
 * I7. A list of files is an adversary's: a file put where the base has a directory takes everything in it away, one put below a
 *     file takes that file away, and neither needs to be named for it. What goes must stand in the list, so that it was reviewed
 *     and its path is checked (attack 13).
 */
import type { Change } from "../../../delivery/index.ts";
import type { GitHub, Repository } from "../../../github/client.ts";
import { readTree, type TreeFacts } from "../../../github/read/index.ts";
import { hasStatus } from "../../../github/request-error.ts";
import type { Refusal } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";

export type BaseTreeRefusal = Refusal<"base-gone" | "empty-change" | "broken-change">;

interface Entry {
  readonly path: string;
  readonly type: string;
  readonly mode: string;
  /** Object name. */
  readonly sha: string;
}

/** The base's tree. Refuses a change that changes nothing, takes away what it does not name, or moves a submodule. */
export async function checkAgainstBase(github: GitHub, repository: Repository, change: Change): Promise<Result<string, BaseTreeRefusal>> {
  const base = await readBaseTree(github, repository, change);
  if (base === null) return refuse("base-gone", `The commit ${change.base} that the work builds on is not in the repository any more.`, "Label the issue again: the work starts from the present state.");
  if (base.tree === change.tree) return refuse("empty-change", "The change leaves every file as it is.", LABEL_AGAIN);
  const [unnamed] = unnamedIn(base.entries, change);
  if (unnamed === undefined) return ok(base.tree);
  return refuse("broken-change", `The change would take away or replace ${unnamed.path}${unnamed.type === "commit" ? ", a submodule," : ""} without naming it.`, LABEL_AGAIN);
}

const LABEL_AGAIN = "Nothing is published. Label the issue again for a new attempt.";

const refuse = (kind: BaseTreeRefusal["kind"], message: string, fix: string): Result<never, BaseTreeRefusal> => err({ kind, message, fix });

/** Files and submodules of the base that the change does away with and does not list as deleted. */
function unnamedIn(entries: readonly Entry[], { files }: Change): readonly Entry[] {
  const touched = new Set(files.map(({ path }) => path));
  const deleted = new Set(files.flatMap((file) => (file.kind === "deleted" ? [file.path] : [])));
  const parents = new Set(files.flatMap((file) => (file.kind === "content" ? directoriesOf(file.path) : [])));
  return entries.filter(({ path, type }) => {
    if (type === "tree") return false;
    const goes = parents.has(path) || directoriesOf(path).some((directory) => touched.has(directory));
    return type === "commit" ? goes || touched.has(path) : goes && !deleted.has(path);
  });
}

/** `a` and `a/b` of `a/b/c`. */
const directoriesOf = (path: string): readonly string[] => path.split("/").slice(0, -1).map((_, index, parts) => parts.slice(0, index + 1).join("/"));

interface Base {
  readonly tree: string;
  readonly entries: readonly Entry[];
}

/** The base's files as far as the change may touch them; null when the commit is gone. */
export async function readBaseTree(github: GitHub, repository: Repository, change: Change): Promise<Base | null> {
  try {
    const whole = await readTree(github, repository, { sha: change.base, recursive: true });
    return { tree: whole.sha, entries: whole.truncated ? await alongTheChange({ github, repository, change }, whole.sha, "") : whole.entries };
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

/** Of a base too large for one list: the directories the change's paths lead through, and all below a directory it names. */
async function alongTheChange(scene: { readonly github: GitHub; readonly repository: Repository; readonly change: Change }, sha: string, prefix: string): Promise<readonly Entry[]> {
  const { github, repository, change } = scene;
  const here = placed(await readTree(github, repository, { sha, recursive: false }), prefix);
  const found: Entry[] = [...here];
  for (const { path, sha: below } of here.filter((entry) => entry.type === "tree")) {
    if (change.files.some((file) => file.path === path)) {
      const inside = await readTree(github, repository, { sha: below, recursive: true });
      // More than a change may list: something in there goes unnamed.
      found.push(...placed(inside, `${path}/`), ...(inside.truncated ? [{ path: `${path}/…`, type: "blob", mode: "100644", sha: "" }] : []));
    } else if (change.files.some((file) => file.path.startsWith(`${path}/`))) {
      found.push(...(await alongTheChange(scene, below, `${path}/`)));
    }
  }
  return found;
}

const placed = ({ entries }: TreeFacts, prefix: string) => entries.map((entry) => ({ ...entry, path: `${prefix}${entry.path}` }));
