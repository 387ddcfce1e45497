/**
 * The workspace's files as snapshots, taken with a private git directory outside the sandbox.
 * W1. What is saved is exactly the difference to the base that was made since the workspace was opened; nothing is left out silently.
 * W2. A restored workspace holds exactly the snapshot's tree, or the restore is refused before a file is touched.
 */
import { mkdirSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import type { SnapshotRef } from "../record/index.ts";
import { canonicalJson } from "../shared/json.ts";
import { TerminalError, type Refusal } from "../shared/errors.ts";
import type { Processes } from "../shared/ports.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { openBaseFiles, type BaseFiles } from "./base-files.ts";
import { checkMounts, findBubblewrap, type Bubblewrap } from "./bubblewrap.ts";
import { describeChange } from "./describe.ts";
import { takeIn, type GetBlob } from "./incoming.ts";
import { checkOutBase, lookAtOwn, type OwnRepository } from "./own-repository.ts";
import { mergeOntoBase, mergeSnapshots, type EarlierState, type Merged, type MergeSides } from "./merge.ts";
import { PrivateGit } from "./private-git.ts";
import { encodePath } from "./raw-diff.ts";
import { buildTree, manifestLine, writeManifest, writeTree, type Baseline, type KnownBlobs } from "./snapshot.ts";
import type { MergeBlobs, SavedWorkspace, SliceWorkspace, Workspace, WorkspaceOptions, WorkspaceSlices } from "./workspace-interface.ts";
import { addWorkingTree, removeLostTrees, removeWorkingTree, workingTree, type WorkingTree } from "./working-trees.ts";
import { WorktreeIndex } from "./worktree-index.ts";

/**
 * Opens the workspace at its base commit and notes the state of its files as the beginning.
 * @throws TerminalError when it is no git repository, does not hold the base, or has changes that checking the base out would lose
 */
export async function openWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  mkdirSync(options.privateDirectory, { recursive: true });
  const places = { workspace: realpathSync(options.directory), directory: realpathSync(options.privateDirectory), readOnlyPaths: options.readOnlyPaths ?? [] };
  const bubblewrap = options.sandbox?.mode === "weak" ? null : await requireBubblewrap(options.processes, places);
  const git = new PrivateGit(places, options.processes, bubblewrap);
  const own = await lookAtOwn(git, options.base);
  if (own.head !== options.base) await checkOutBase(git, options.base, own.head);
  await removeLostTrees(git);
  const whole = await begin(git, own, options.base);
  return new GitWorkspace(whole, (id) => openSlice(whole, { id, own, processes: options.processes, bubblewrap }));
}

async function begin(git: PrivateGit, own: OwnRepository, base: string): Promise<Begun> {
  await git.initialise(own);
  const index = new WorktreeIndex(git);
  const begun = await index.begin(base);
  const baseTree = await git.text(["rev-parse", `${base}^{tree}`]);
  return { git, index, start: { base, begun, baseTree } };
}

interface SliceParts {
  readonly id: string;
  readonly own: OwnRepository;
  readonly processes: Processes;
  readonly bubblewrap: Bubblewrap | null;
}

async function openSlice({ git, start: { base, begun } }: Begun, { id, own, processes, bubblewrap }: SliceParts): Promise<SliceWorkspace> {
  const tree = workingTree(git, id);
  await removeWorkingTree(git, tree);
  mkdirSync(tree.privateDirectory, { recursive: true });
  await addWorkingTree(git, base, tree);
  const readOnlyPaths = [...git.places.readOnlyPaths, dirname(own.objects)];
  const places = { workspace: realpathSync(tree.directory), directory: realpathSync(tree.privateDirectory), readOnlyPaths };
  const slice = await begin(new PrivateGit(places, processes, bubblewrap), own, base);
  if (slice.start.begun !== begun) throw new TerminalError(`The copy of the files for slice ${id} did not become what ${git.places.workspace} holds.`, "Check that this user may read every file of the repository there, and that nothing else writes to it; then run again.");
  return new GitSlice(slice, git, tree);
}

async function requireBubblewrap(processes: Processes, places: { readonly workspace: string; readonly directory: string; readonly readOnlyPaths: readonly string[] }): Promise<Bubblewrap> {
  const found = await findBubblewrap(processes);
  const checked = found.ok ? checkMounts([places.workspace, ...places.readOnlyPaths], [places.directory]) : found;
  if (!found.ok) throw new TerminalError(found.error.message, found.error.fix);
  if (!checked.ok) throw new TerminalError(checked.error.message, checked.error.fix);
  return found.value;
}

interface Begun {
  readonly git: PrivateGit;
  readonly index: WorktreeIndex;
  readonly start: Baseline & { readonly baseTree: string };
}

class GitFiles implements Workspace {
  readonly base: string;
  readonly repository: string;
  readonly baseFiles: BaseFiles;
  readonly begunAtBase: boolean;
  readonly notes: readonly string[];
  readonly #git: PrivateGit;
  readonly #index: WorktreeIndex;
  readonly #baseline: Baseline & { readonly baseTree: string };
  readonly #known: KnownBlobs = new Map();
  #lastTree: string;
  /** Files changed that are not in `lastTree` yet; stays true when a save fails half-way. */
  #changed = false;
  /** What the last saved or restored manifest names as left out, and what of it the index had met. */
  #leftOut = "[]";
  #met = "[]";

  constructor({ git, index, start }: Begun) {
    this.base = start.base;
    this.repository = git.repository;
    this.baseFiles = openBaseFiles((args, bounds) => git.try(args, bounds), start.base);
    this.#git = git;
    this.#index = index;
    this.#baseline = start;
    this.#lastTree = start.baseTree;
    this.begunAtBase = start.begun === start.baseTree;
    this.notes = notesOn(index, start);
  }

  async save(putBlob: (bytes: Uint8Array) => Promise<string>): Promise<SavedWorkspace | null> {
    if (await this.#index.follow()) this.#changed = true;
    const met = canonicalJson(this.#index.unsupported);
    if (!this.#changed && met === this.#met) return null;
    const built = await buildTree(this.#git, this.#baseline, await this.#index.tree());
    const unsupported = [...this.#index.unsupported, ...built.unsupported];
    const leftOut = canonicalJson(unsupported);
    if (built.tree === this.#lastTree && leftOut === this.#leftOut) {
      this.#changed = false;
      this.#met = met;
      return null;
    }
    const manifest = await writeManifest(this.#git, { ...built, unsupported, base: this.base }, { known: this.#known, put: putBlob });
    const sha256 = await putBlob(new TextEncoder().encode(canonicalJson(manifest)));
    this.#lastTree = built.tree;
    this.#changed = false;
    this.#leftOut = leftOut;
    this.#met = met;
    return { base: this.base, tree: built.tree, manifest: sha256, changedFiles: manifest.entries.length };
  }

  async restore(snapshot: SnapshotRef | null, getBlob: GetBlob): Promise<Result<void, Refusal>> {
    if (snapshot !== null && snapshot.base !== this.base) return err(otherBase(snapshot, this.base));
    const manifest = snapshot === null ? null : await takeIn(this.#git, snapshot, { known: this.#known, get: getBlob }); // W2
    if (manifest !== null && !manifest.ok) return manifest;
    const entries = manifest?.value.entries ?? [];
    this.#index.adopt(entries.map((entry) => encodePath(entry.path)));
    const target = await writeTree(this.#git, this.#baseline.begun, entries.map((entry) => manifestLine(entry, this.#baseline.begun)));
    await this.#index.follow();
    await this.#git.run(["read-tree", "--reset", "-u", target], { access: "read-write" });
    if (await this.#index.follow()) {
      throw new TerminalError(`The files of ${this.#git.places.workspace} did not become those of the snapshot.`, "Check that its file system keeps names, links and modes as Linux does.");
    }
    this.#lastTree = snapshot?.tree ?? this.#baseline.baseTree;
    this.#changed = false;
    this.#leftOut = canonicalJson(manifest?.value.unsupported ?? []);
    this.#met = canonicalJson(this.#index.unsupported);
    return ok(undefined);
  }

  async describe(snapshot: SnapshotRef, getBlob: GetBlob, seen?: ReadonlySet<string>): Promise<string> {
    const taken = await takeIn(this.#git, snapshot, { known: this.#known, get: getBlob });
    if (!taken.ok) throw new TerminalError(taken.error.message, taken.error.fix);
    return describeChange(this.#git, snapshot, seen);
  }

  async merge(sides: MergeSides, blobs: MergeBlobs): Promise<Result<Merged, Refusal>> {
    return mergeSnapshots(this.#git, sides, { ...blobs, baseline: this.#baseline, known: this.#known });
  }

  async mergeOntoBase(earlier: EarlierState, blobs: MergeBlobs): Promise<Result<Merged, Refusal>> {
    return mergeOntoBase(this.#git, earlier, { ...blobs, baseline: this.#baseline, known: this.#known });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class GitWorkspace extends GitFiles {
  readonly slices: WorkspaceSlices;

  constructor(begun: Begun, open: (id: string) => Promise<SliceWorkspace>) {
    super(begun);
    this.slices = {
      open: async (id) => {
        // What is untracked now counts as having been there before the work began, so nothing of the work may be.
        const restored = await this.restore(null, () => Promise.resolve(null));
        if (!restored.ok) throw new TerminalError(restored.error.message, restored.error.fix);
        return open(id);
      },
      merge: (sides, blobs) => this.merge(sides, blobs),
    };
  }
}

class GitSlice extends GitFiles implements SliceWorkspace {
  readonly directory: string;
  readonly linked: SliceWorkspace["linked"];
  readonly #close: () => Promise<void>;

  constructor(begun: Begun, whole: PrivateGit, tree: WorkingTree) {
    super(begun);
    this.directory = begun.git.places.workspace;
    this.linked = { name: tree.name, workspace: whole.places.workspace };
    this.#close = () => removeWorkingTree(whole, tree);
  }

  override close(): Promise<void> {
    return this.#close();
  }
}

function notesOn(index: WorktreeIndex, start: Baseline & { readonly baseTree: string }): readonly string[] {
  const notes: string[] = [];
  if (index.leftovers.size > 0) notes.push(`${index.leftovers.size} untracked files were there before the work began; they are not part of the change, even if edited.`);
  if (start.begun !== start.baseTree) notes.push("Some tracked files differed from the base before the work began (set-up, or line-end conversion); only what changed from there on is part of the change.");
  return notes;
}

const otherBase = (snapshot: SnapshotRef, base: string): Refusal => ({
  kind: "other-base",
  message: `The saved workspace builds on ${snapshot.base}, this one is at ${base}.`,
  fix: `Check out ${snapshot.base} and open the workspace at it.`,
});
