import type { loadLibrary, Saving } from "../../../coordinator/index.ts";
import type { Journal, SegmentSaver, SegmentStore } from "../../../journal/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import type { HostPattern } from "../../../shared/host-pattern.ts";
import type { Clock, Fetch, FileSystem, Random } from "../../../shared/ports.ts";
import type { Result } from "../../../shared/result.ts";
import type { BaseFiles, Sandbox, SlicePlace, Workspace } from "../../../workspace/index.ts";
import type { JobSettings } from "../settings.ts";

/** What the agent job is given of the world. */
export interface AgentPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly fs: FileSystem;
  readonly fetch: Fetch;
  readonly segments: SegmentStore;
  /** Asked for only when there is work: a refused run loads nothing of it. */
  readonly place: () => Promise<Place>;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Where the agent works: `machinePlace` on a runner, a simulated one in the simulation. */
export interface Place {
  /** @param allow hosts that can be reached from inside */
  openSandbox(settings: JobSettings, allow: readonly HostPattern[]): Promise<Result<Sandbox, Refusal>>;
  openWorkspace(settings: JobSettings, options: { readonly base: string; readonly sandbox: Sandbox }): Promise<Workspace>;
  /** A place of its own for a slice of the work, with `beside` of them at the same time; absent where there is none. */
  openSlice?(settings: JobSettings, allow: readonly HostPattern[], slice: { readonly workspace: Workspace; readonly id: string; readonly beside: number }): Promise<SlicePlace>;
  /** The team's workflows of the base commit and those that come with WorkTrain. */
  loadLibrary(baseFiles: BaseFiles): ReturnType<typeof loadLibrary>;
}

/** The run's journal, how it is saved, and what is kept out of it. */
export interface RunRecord {
  readonly journal: Journal;
  readonly saver: SegmentSaver;
  readonly redact: (text: string) => string;
}

/** A record that is being saved while the work goes on. */
export interface WorkRecord extends RunRecord {
  readonly saving: Saving;
}
