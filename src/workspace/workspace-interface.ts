/** The workspace as others know it: files with snapshots, the copies that slices are worked on in, and what it takes to open one. */
import type { SnapshotRef } from "../record/index.ts";
import type { Refusal } from "../shared/errors.ts";
import type { Processes } from "../shared/ports.ts";
import type { Result } from "../shared/result.ts";
import type { BaseFiles } from "./base-files.ts";
import type { GetBlob } from "./incoming.ts";
import type { EarlierState, Merged, MergeSides } from "./merge.ts";
import type { Sandbox } from "./sandbox.ts";

export interface WorkspaceOptions {
  readonly directory: string;
  /** For the private repository; outside the workspace, made if missing, its content replaced. */
  readonly privateDirectory: string;
  /** The commit the work builds on, full object name. */
  readonly base: string;
  readonly processes: Processes;
  /** Whose mode git runs in; without it git runs behind bubblewrap. */
  readonly sandbox?: Pick<Sandbox, "mode">;
  /** Directories git needs beside the workspace: a clone's or worktree's objects elsewhere. */
  readonly readOnlyPaths?: readonly string[];
}

export type SavedWorkspace = SnapshotRef & { readonly changedFiles: number };

export interface Workspace {
  readonly base: string;
  /** The private repository: it holds the objects of every snapshot saved or restored here. */
  readonly repository: string;
  /** The files as the base commit has them. */
  readonly baseFiles: BaseFiles;
  /** Tracked files were the base's when the workspace was opened: a restored snapshot is all there is. */
  readonly begunAtBase: boolean;
  /** What is not part of any snapshot because it was there before the work began; sentences for people. */
  readonly notes: readonly string[];
  /** Saves the files: contents and manifest as journal blobs. All calls must put into the same journal. @returns null if the tree is the one last saved or restored, and what it cannot hold too */
  save(putBlob: (bytes: Uint8Array) => Promise<string>): Promise<SavedWorkspace | null>;
  /** Makes the files equal to a snapshot, or with null to what they were when the workspace was opened. Ignored files stay. */
  restore(snapshot: SnapshotRef | null, getBlob: GetBlob): Promise<Result<void, Refusal>>;
  /** The change from the base to a snapshot as text for a reader: list of files and patch, cut at a file's end. Touches no file. @throws TerminalError when the journal does not hold the snapshot */
  describe(snapshot: SnapshotRef, getBlob: GetBlob, seen?: ReadonlySet<string>): Promise<string>;
  /**
   * Merges a state of the files that builds on an earlier commit with the base of this workspace; touches no file. Absent
   * where the files are in no git repository. All blobs are put into the journal that holds the state. @throws TerminalError when git cannot merge
   */
  mergeOntoBase?(earlier: EarlierState, blobs: MergeBlobs): Promise<Result<Merged, Refusal>>;
  /** Absent where the files are in no git repository of this machine: then work is not cut into slices. */
  readonly slices?: WorkspaceSlices;
  close(): Promise<void>;
}

export interface MergeBlobs {
  readonly get: GetBlob;
  readonly put: (bytes: Uint8Array) => Promise<string>;
}

/** What it takes to work on several copies of the files side by side and to bring the results together. */
export interface WorkspaceSlices {
  /** A working tree of its own with the files as they were when the workspace was opened. Nobody may be at work in the workspace, whose files are so as well afterwards. @throws TerminalError */
  open(id: string): Promise<SliceWorkspace>;
  /** Merges two states of the files. All blobs are put into the journal that holds the sides'. @throws TerminalError */
  merge(sides: MergeSides, blobs: MergeBlobs): Promise<Result<Merged, Refusal>>;
}

/** A workspace in a worktree of another one's repository; closing it removes the worktree. */
export interface SliceWorkspace extends Workspace {
  readonly directory: string;
  /** The worktree's name in the repository, and the workspace whose repository that is. */
  readonly linked: { readonly name: string; readonly workspace: string };
}
