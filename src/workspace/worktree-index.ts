import { GITLINK_MODE, isGone, joinNul, parseRawDiff, showPath, splitNul, type RawPath } from "./raw-diff.ts";
import { errorText, type PrivateGit } from "./private-git.ts";

/** A change in the workspace that no snapshot can hold, and why, for people. */
export interface Unsupported {
  readonly path: string;
  readonly reason: string;
}

/**
 * The private index that follows the workspace's files. What was there, untracked, before the agent began is not followed.
 * Repositories inside the workspace are never entered: git only tells that they are there.
 */
export class WorktreeIndex {
  readonly #git: PrivateGit;
  readonly #leftovers = new Set<RawPath>();
  #unsupported: readonly Unsupported[] = [];

  constructor(git: PrivateGit) {
    this.#git = git;
  }

  /** Untracked files and repositories that were there when the workspace was opened. */
  get leftovers(): ReadonlySet<RawPath> {
    return this.#leftovers;
  }

  /** What the last `follow` met and left out. */
  get unsupported(): readonly Unsupported[] {
    return this.#unsupported;
  }

  /**
   * Takes the workspace as it is now for the beginning: tracked files with the content they have, untracked ones as leftovers.
   * @returns the beginning's tree, which differs from the base's where set-up or line-end conversion changed files
   */
  async begin(base: string): Promise<string> {
    await this.#git.run(["read-tree", base]);
    // Exit code 1 only says that some files differ.
    await this.#git.try(["update-index", "-q", "--ignore-submodules", "--refresh"]);
    for (const path of await this.#untracked()) this.#leftovers.add(path);
    await this.#take(await this.#changed());
    return this.tree();
  }

  /** Brings the index up to the workspace's files. @returns whether anything changed since the last time */
  async follow(): Promise<boolean> {
    const [changed, others] = await Promise.all([this.#changed(), this.#untracked()]);
    const untracked = others.filter((path) => !this.#leftovers.has(path));
    const repositories = untracked.filter((path) => path.endsWith("/"));
    this.#unsupported = [
      ...changed.unsupported,
      ...repositories.map((path) => ({ path: showPath(path), reason: "it is a git repository of its own; its files are not part of the change" })),
    ];
    return this.#take({ ...changed, present: [...changed.present, ...untracked.filter((path) => !path.endsWith("/"))] });
  }

  tree(): Promise<string> {
    return this.#git.text(["write-tree", "--missing-ok"]);
  }

  /** These paths belong to the change from now on, even if they were there before. */
  adopt(paths: readonly RawPath[]): void {
    for (const path of paths) this.#leftovers.delete(path);
  }

  async #changed(): Promise<Changed> {
    // `dirty` keeps git from starting `git status` inside submodules, where the agent's own config would count.
    const changes = parseRawDiff(await this.#git.run(["diff-files", "-z", "--raw", "--no-abbrev", "--no-renames", "--ignore-submodules=dirty"]));
    const unsupported: Unsupported[] = [];
    const gone: RawPath[] = [];
    const present: RawPath[] = [];
    for (const change of changes) {
      if (change.oldMode === GITLINK_MODE) unsupported.push({ path: showPath(change.path), reason: "it is a submodule; WorkTrain does not move submodules" });
      // Git shows everything that is neither file, link nor directory in this mode.
      else if (change.newMode === GITLINK_MODE) unsupported.push({ path: showPath(change.path), reason: "a git repository, device, fifo or socket is in the place of the file" });
      else (isGone(change) ? gone : present).push(change.path);
    }
    return { gone, present, unsupported };
  }

  async #untracked(): Promise<readonly RawPath[]> {
    return splitNul(await this.#git.run(["ls-files", "-z", "--others", "--exclude-standard"]));
  }

  async #take({ gone, present }: Changed): Promise<boolean> {
    if (gone.length > 0) await this.#git.run(["update-index", "-z", "--force-remove", "--stdin"], { input: joinNul(gone) });
    const added = present.length > 0 && (await this.#add(present));
    return gone.length > 0 || added;
  }

  /** One file that cannot be read fails the whole list, so a failing list is halved until that file stands alone. @returns whether any was taken */
  async #add(paths: readonly RawPath[]): Promise<boolean> {
    const result = await this.#git.try(["update-index", "-z", "--add", "--replace", "--stdin"], { input: joinNul(paths) });
    if (result.exitCode === 0) return true;
    const [only] = paths;
    if (paths.length === 1 && only !== undefined) {
      this.#unsupported = [...this.#unsupported, { path: showPath(only), reason: `git cannot read it: ${errorText(result).split("\n")[0]}` }];
      return false;
    }
    const half = Math.ceil(paths.length / 2);
    const first = await this.#add(paths.slice(0, half));
    return (await this.#add(paths.slice(half))) || first;
  }
}

interface Changed {
  readonly gone: readonly RawPath[];
  readonly present: readonly RawPath[];
  readonly unsupported: readonly Unsupported[];
}
