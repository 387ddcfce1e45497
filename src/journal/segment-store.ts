/** Where segments go: one immutable named file each. Actions artifacts, a directory, memory. */

/** A stored segment. `digest` is the SHA-256 of its bytes, as the store itself reports it. */
export interface SegmentRef {
  /** The store's own id: the artifact id on GitHub. */
  readonly id: number;
  readonly runId: number;
  readonly name: string;
  readonly digest: string;
}

export interface SegmentStore {
  /** Stores a segment under a name no segment of this run has; throws RetryableError or TerminalError when it is not stored. */
  put(name: string, bytes: Uint8Array): Promise<SegmentRef>;
}
