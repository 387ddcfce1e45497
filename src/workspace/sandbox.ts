/**
 * The sandbox: one helper process that serves every tool over a pipe, behind bubblewrap's walls or, where the operator asked
 * for the weak mode, without them. The host's process opens no path of the workspace itself.
 */
import { existsSync, mkdirSync, realpathSync, rmSync, statfsSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import type { Processes } from "../shared/ports.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { noSandbox, type NoSandbox } from "./bubblewrap.ts";
import { confinedHelper } from "./confined-helper.ts";
import { HelperConnection, type CallResult } from "./helper-connection.ts";
import { weakHelper, type Launch, type StartHelper } from "./launch.ts";
import { BASH_MAX_TIMEOUT_MS, RUN_COMMAND, type HelperSettings, type SandboxLimits } from "./protocol.ts";
import { openGateway, type Gateway, type GatewayOptions } from "./network/gateway.ts";
import type { Reached } from "./network/tally.ts";
import { makeScratch } from "./scratch.ts";
import { INNER_PATH } from "./search-path.ts";

export type SandboxMode = "bubblewrap" | "weak";

export interface SandboxOptions {
  readonly workspaceDir: string;
  readonly mode: SandboxMode;
  readonly processes: Processes;
  /** The Node (24 or later) that runs the helper. */
  readonly nodePath: string;
  /** The built helper, whose directory is mounted, or `src/workspace/helper/main.ts`, for which the sources are. */
  readonly helperPath: string;
  readonly limits?: Partial<SandboxLimits>;
  /** The workspace is a worktree of that name in another workspace's repository, of which only the repository is to be seen. */
  readonly linked?: { readonly name: string; readonly workspace: string };
  /** Sandboxes at work at the same time, which the memory is divided among; default 1. */
  readonly beside?: number;
  /** Toolchains outside `/usr`, such as `/opt/hostedtoolcache`. */
  readonly readOnlyPaths?: readonly string[];
  /** PATH inside. */
  readonly path?: string;
  /** Directories no mount may contain: the runner's temporary directory, the journal, the home directory. */
  readonly privatePaths?: readonly string[];
  /** The hosts that can be reached from inside; none without it. The weak mode cannot keep a command from others. */
  readonly network?: Pick<GatewayOptions, "allow" | "resolve" | "connect">;
}

export interface CommandResult {
  /** Null when a signal, the time-out or a cancel ended it. */
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  readonly outputTail: string;
  readonly durationMs: number;
}

export interface Sandbox {
  readonly mode: SandboxMode;
  /** What can be reached from inside, as the operator wrote it. */
  readonly hosts: readonly string[];
  /** What was reached or refused since the last call. */
  takeReached(): readonly Reached[];
  /** Calls a tool. Never rejects because of the tool, the input or the sandbox: a failure is a result the model can read. */
  call(tool: string, input: unknown, options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number }): Promise<{ content: string; isError: boolean }>;
  /** Runs a command of the operator, such as the repository's tests, in the workspace. */
  runCommand(request: { readonly command: string; readonly timeoutMs: number; readonly maxOutputBytes: number }, signal?: AbortSignal): Promise<CommandResult>;
  /** Ends the helper and everything it started, and what it left in `/tmp` and its home; starts a new one. */
  renew(): Promise<void>;
  /** Ends the helper and everything it started. */
  close(): Promise<void>;
}

/** Of the machine's memory; the rest is for the host, and for what the kernel holds for the processes inside. */
const MEMORY_SHARE = 0.7;

const DEFAULT_LIMITS: SandboxLimits = {
  processes: 4_096,
  memoryBytes: 6 * 1024 ** 3,
  totalMemoryBytes: Math.min(12 * 1024 ** 3, Math.floor(availableMemory() * MEMORY_SHARE)),
  fileBytes: 2 * 1024 ** 3,
  cpuSeconds: 3_600,
  temporaryBytes: 2 * 1024 ** 3,
  growthBytes: 10 * 1024 ** 3,
  growthFiles: 1_000_000,
};

/** What the machine has, or the control group this process was put in. */
function availableMemory(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** Past a tool's own time-out by this much the call is cancelled from outside. */
const CALL_MARGIN_MS = 30_000;
const START_TIMEOUT_MS = 20_000;

/** Opens a sandbox and proves that it works by starting its helper. @returns refusal `no-sandbox` with the cure in `fix` */
export async function openSandbox(options: SandboxOptions): Promise<Result<Sandbox, NoSandbox>> {
  const missing = [options.workspaceDir, options.nodePath, options.helperPath].find((path) => !existsSync(path));
  if (missing !== undefined) return err(noSandbox(`The sandbox cannot start: ${missing} does not exist.`, "Build the bundle (npm run build), or correct the path."));
  const scratch = makeScratch();
  const whole = { ...DEFAULT_LIMITS, ...options.limits };
  const limits = { ...whole, totalMemoryBytes: Math.floor(whole.totalMemoryBytes / (options.beside ?? 1)) };
  const workspaceDir = realpathSync(options.workspaceDir);
  const hosts = options.network?.allow ?? [];
  const socketPath = join(scratch, "gateway");
  const gateway = hosts.length === 0 || options.mode === "weak" ? null : await openGateway({ ...options.network, allow: hosts, socketPath });
  const cleanUp = async () => {
    await gateway?.close();
    rmSync(scratch, { recursive: true, force: true });
  };
  const launch: Launch = {
    scratch,
    processes: options.processes,
    helperPath: realpathSync(options.helperPath),
    workspaceDir,
    linked: options.linked ?? null,
    nodePath: realpathSync(options.nodePath),
    limits,
    diskFloor: diskFloor(workspaceDir, limits),
    path: options.path ?? INNER_PATH,
    readOnlyPaths: options.readOnlyPaths ?? [],
    privatePaths: [scratch, ...(options.privatePaths ?? [])],
    gatewaySocket: gateway === null ? null : socketPath,
  };
  const emptyTemporary = () => {
    for (const path of [join(scratch, "home"), join(scratch, "tmp")]) {
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path);
    }
  };
  emptyTemporary();
  const start = options.mode === "weak" ? ok(weakHelper(launch)) : await confinedHelper(launch);
  if (!start.ok) {
    await cleanUp();
    return start;
  }
  const first = new HelperConnection(start.value());
  const timer = setTimeout(() => first.kill(), START_TIMEOUT_MS);
  const { failed } = await first.ready;
  clearTimeout(timer);
  if (failed !== null) {
    await cleanUp();
    return err(noSandbox(`The sandbox's helper did not start: ${failed.trim()}`, `Check that ${options.nodePath} is Node 24 or later and that ${options.helperPath} exists.`));
  }
  return ok(new RunningSandbox(start.value, { mode: options.mode, first, emptyTemporary, gateway, hosts: hosts.map(({ text }) => text), cleanUp }));
}

/** Taken before anything has run inside, and once: a new helper does not begin to count anew. */
function diskFloor(workspaceDir: string, limits: SandboxLimits): HelperSettings["diskFloor"] {
  const { bavail, bsize, ffree } = statfsSync(workspaceDir);
  return { bytes: bavail * bsize - limits.growthBytes, files: ffree - limits.growthFiles };
}

interface Opened {
  readonly mode: SandboxMode;
  readonly first: HelperConnection;
  readonly emptyTemporary: () => void;
  readonly gateway: Gateway | null;
  readonly hosts: readonly string[];
  readonly cleanUp: () => Promise<void>;
}

class RunningSandbox implements Sandbox {
  readonly mode: SandboxMode;
  readonly hosts: readonly string[];
  readonly #start: StartHelper;
  readonly #opened: Opened;
  #connection: HelperConnection;
  #closed = false;

  constructor(start: StartHelper, opened: Opened) {
    this.mode = opened.mode;
    this.hosts = opened.hosts;
    this.#start = start;
    this.#opened = opened;
    this.#connection = opened.first;
  }

  takeReached(): readonly Reached[] {
    return this.#opened.gateway?.takeReached() ?? [];
  }

  async call(tool: string, input: unknown, options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {}) {
    const { content, isError } = await this.#send(tool, input, { signal: options.signal, timeoutMs: options.timeoutMs ?? BASH_MAX_TIMEOUT_MS + CALL_MARGIN_MS });
    return { content, isError };
  }

  async runCommand(request: { command: string; timeoutMs: number; maxOutputBytes: number }, signal?: AbortSignal): Promise<CommandResult> {
    const input = { command: request.command, timeout_ms: request.timeoutMs, max_output_bytes: request.maxOutputBytes };
    const { content, outcome } = await this.#send(RUN_COMMAND, input, { signal, timeoutMs: request.timeoutMs + CALL_MARGIN_MS });
    const { exitCode, timedOut, durationMs } = outcome ?? { exitCode: null, timedOut: false, durationMs: 0 };
    return { exitCode, timedOut, outputTail: content, durationMs };
  }

  async renew(): Promise<void> {
    await this.#connection.close();
    if (this.#closed) return;
    this.#opened.emptyTemporary();
    this.#connection = new HelperConnection(this.#start());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#connection.close();
    await this.#opened.cleanUp();
  }

  #send(tool: string, input: unknown, options: { readonly signal: AbortSignal | undefined; readonly timeoutMs: number }): Promise<CallResult> {
    if (this.#closed) return Promise.resolve({ content: "The sandbox is closed.", isError: true });
    if (!this.#connection.alive) this.#connection = new HelperConnection(this.#start());
    return this.#connection.call(tool, input, options);
  }
}
