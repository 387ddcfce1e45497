/**
 * Where the code meets the world. Each port has its real implementation in `node-ports.ts`
 * and a second one in the tests and the simulation.
 */

/** Time. `nowMs` is for the record and for people; durations are differences of `monotonicMs`. */
export interface Clock {
  /** Milliseconds since 1970, may jump. */
  nowMs(): number;
  /** Milliseconds since some fixed point, never goes back. */
  monotonicMs(): number;
  /** Resolves after `ms`, or rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Random {
  bytes(length: number): Uint8Array;
}

/** The global fetch, or one that a test or the simulation answers. */
export type Fetch = typeof globalThis.fetch;

/** A file opened for appending. Synchronous: at a kilobyte a line that is 1.6 times as fast as promises (P-sync-calls). */
export interface AppendFile {
  /** Writes all bytes behind those before; nothing is durable yet. Zeros may follow them; closing the file takes them away. */
  append(bytes: Uint8Array): void;
  /** Returns when everything appended is on disk (fdatasync). A throw means it may not be: the file must not be written again. */
  sync(): void;
  close(): void;
}

/** The few file operations the journal and the hosts need; paths are absolute. Anything unexpected throws the system's error. */
export interface FileSystem {
  /** The whole file, or null if there is none. */
  read(path: string): Uint8Array | null;
  /** The size of a file in bytes, or null if there is none. */
  size(path: string): number | null;
  /** Names in a directory, sorted; empty if there is none. */
  list(directory: string): readonly string[];
  /** Makes the directory and its parents, durably; fine if it is there. */
  makeDirectory(path: string): void;
  /** Creates a new file for appending and makes its directory entry durable; null if it already exists (`wx`). */
  createExclusive(path: string): AppendFile | null;
  /** Makes durable what a file holds now, whoever wrote it, and its name. */
  sync(path: string): void;
  /** Replaces a file as a whole and durably: temporary file, fsync, rename, fsync of the directory. */
  writeDurably(path: string, bytes: Uint8Array): void;
  /** Removes a file or directory tree; fine if it is not there. */
  remove(path: string): void;
}

export interface ProcessOptions {
  readonly cwd?: string;
  /** The whole environment of the child: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly input?: Uint8Array | string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Bytes kept of stdout and of stderr each; more is cut and `truncated` set. */
  readonly maxOutputBytes?: number;
}

export interface ProcessResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly timedOut: boolean;
  readonly truncated: boolean;
}

/** A child that stays: lines in, bytes out. */
export interface ChildProcess {
  readonly pid: number | undefined;
  write(text: string): void;
  onStdout(listener: (chunk: Uint8Array) => void): void;
  onStderr(listener: (chunk: Uint8Array) => void): void;
  readonly exited: Promise<{ readonly exitCode: number | null; readonly signal: string | null }>;
  /** Ends the child's whole process group. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/** Starts programs by argument array, never through a shell; each child leads its own process group. */
export interface Processes {
  /** Runs to the end. A program that cannot be started gives exitCode 127 and the reason on stderr. */
  run(program: string, args: readonly string[], options: ProcessOptions): Promise<ProcessResult>;
  start(program: string, args: readonly string[], options: Pick<ProcessOptions, "cwd" | "env">): ChildProcess;
}

/** The root tree of the commit that a ref points to. */
export interface GitHead {
  readonly commit: string;
  readonly tree: string;
  readonly files: readonly GitFile[];
}

export interface GitFile {
  readonly name: string;
  /** Object id of its bytes. */
  readonly blob: string;
}

/**
 * Objects and refs of one git repository, without a worktree; ids are hex object ids. Every call may throw a RetryableError
 * (nobody knows whether it was done) or a TerminalError (it was not).
 */
export interface GitData {
  /** Null when there is no such ref. */
  readHead(ref: string): Promise<GitHead | null>;
  readBlob(blob: string): Promise<Uint8Array>;
  writeBlob(bytes: Uint8Array): Promise<string>;
  /** The tree `base` and one more file; null for an empty base. */
  writeTree(base: string | null, file: GitFile): Promise<string>;
  writeCommit(commit: { readonly tree: string; readonly parent: string | null; readonly message: string }): Promise<string>;
  /**
   * Moves a ref from `from`, the parent of `to`, or makes it (null).
   * @returns false when it was not there any more; then nothing was changed
   */
  moveRef(ref: string, from: string | null, to: string): Promise<boolean>;
}
