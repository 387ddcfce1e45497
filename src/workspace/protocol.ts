/**
 * What the host and the helper inside the sandbox say to each other: one JSON object a line, requests on the helper's
 * stdin, replies on its stdout. The helper is not trusted: what runs beside it in the sandbox could take it over, so the host
 * checks every line, and a reply can claim nothing but text and an exit code.
 */

/** Caps on what runs inside. Each names how it is enforced, because that differs. */
export interface SandboxLimits {
  /** Processes of a command: `RLIMIT_NPROC` (with threads; the kernel lifts it for root) and, with bubblewrap, the helper's watch. */
  readonly processes: number;
  /** Writable memory of each single process, bytes: `RLIMIT_DATA`. */
  readonly memoryBytes: number;
  /** Memory of everything inside together, temporary files included, bytes: the helper's watch, with bubblewrap only. */
  readonly totalMemoryBytes: number;
  /** Size of each single file written, bytes: `RLIMIT_FSIZE`. */
  readonly fileBytes: number;
  /** CPU time of each single process, seconds: `RLIMIT_CPU`. */
  readonly cpuSeconds: number;
  /** Size of `/tmp`, `/dev/shm` and the home directory each, bytes: a sized tmpfs, with bubblewrap only. */
  readonly temporaryBytes: number;
  /** What the workspace may grow by while the sandbox is open: the helper's watch. */
  readonly growthBytes: number;
  readonly growthFiles: number;
}

/** The helper's one command line argument, as JSON. */
export interface HelperSettings {
  /** The workspace's real path. */
  readonly workspace: string;
  /** True when nothing but the helper and what it started lives in its process namespace, so that everything else may be ended. */
  readonly ownsProcesses: boolean;
  readonly limits: SandboxLimits;
  /** Free space and files of the workspace's disk below which its growth is looked at. */
  readonly diskFloor: { readonly bytes: number; readonly files: number };
  /** Where programs inside find the gateway, and where its socket is; null when there is no network at all. */
  readonly gateway: { readonly port: number; readonly socketPath: string } | null;
}

export type HelperRequest =
  | { readonly kind: "call"; readonly id: number; readonly tool: string; readonly input: unknown }
  | { readonly kind: "cancel"; readonly id: number };

/** How a command ended; `exitCode` is null when a signal, the time-out or a cancel ended it. */
export interface CommandOutcome {
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  readonly durationMs: number;
}

export type HelperReply =
  | { readonly kind: "ready" }
  | { readonly kind: "result"; readonly id: number; readonly content: string; readonly isError: boolean; readonly outcome?: CommandOutcome };

/** The gateway as the inside sees it. */
export const INNER_GATEWAY = { port: 3128, socketPath: "/run/worktrain/gateway" };

/** The tool behind `Sandbox.runCommand`: not for the model. */
export const RUN_COMMAND = "run_command";

/** Longest reply line the host reads; the tools' own caps are far below. */
export const REPLY_LIMIT_BYTES = 16 * 1024 * 1024;
/** Time-outs of the bash tool. */
export const BASH_DEFAULT_TIMEOUT_MS = 120_000;
export const BASH_MAX_TIMEOUT_MS = 600_000;
/** Output of one bash call that reaches the model: its first and last half. */
export const BASH_OUTPUT_BYTES = 64 * 1024;
/** Largest file the read and edit tools take, and the write tool writes. */
export const FILE_LIMIT_BYTES = 10 * 1024 * 1024;
/** Lines the read tool gives without a limit, and the most it gives. */
export const READ_LINES = 2_000;
/** Text of one read, grep or glob. */
export const TEXT_LIMIT_CHARS = 100_000;
/** Characters of one line shown by read and grep. */
export const LINE_LIMIT_CHARS = 2_000;
export const GLOB_LIMIT = 500;
export const GREP_DEFAULT_LIMIT = 250;
export const GREP_MAX_LIMIT = 1_000;
