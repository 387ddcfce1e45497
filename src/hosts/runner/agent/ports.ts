import type { Journal, SegmentSaver, SegmentStore } from "../../../journal/index.ts";
import type { Clock, Fetch, FileSystem, Processes, Random } from "../../../shared/ports.ts";

/** What the agent job is given of the world. */
export interface AgentPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly fs: FileSystem;
  readonly processes: Processes;
  readonly fetch: Fetch;
  readonly segments: SegmentStore;
  /** The built action: beside `main.js` it holds the workflow library and the sandbox's helper. */
  readonly distDirectory: string;
  readonly nodePath: string;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The run's journal, how it is saved, and what is kept out of it. */
export interface RunRecord {
  readonly journal: Journal;
  readonly saver: SegmentSaver;
  readonly redact: (text: string) => string;
}
