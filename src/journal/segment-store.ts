/** Where segments go: one immutable named file each. Actions artifacts, a directory, memory. */
import { RetryableError } from "../shared/errors.ts";

/** A stored segment. `digest` is the SHA-256 of its bytes, as the store itself reports it. */
export interface SegmentRef {
  /** The store's own id: the artifact id on GitHub. */
  readonly id: number;
  readonly runId: number;
  readonly name: string;
  readonly digest: string;
}

export interface SegmentStore {
  /**
   * Stores a segment under a name no segment of this run has.
   * @throws RetryableError when nobody knows whether it is stored, NameTakenError when the name is used, TerminalError when it is not stored
   */
  put(name: string, bytes: Uint8Array): Promise<SegmentRef>;
  /** The stored segment of this name in this run, null when there is none; asked after an unknown outcome (fault 15). */
  find?(name: string): Promise<SegmentRef | null>;
}

/** The run has an artifact of this name, perhaps one whose upload never ended. The same bytes can be stored under another name. */
export class NameTakenError extends RetryableError {}
