import { spawn, type ChildProcess as NodeChild } from "node:child_process";
import type { Readable } from "node:stream";
import type { ChildProcess, ProcessOptions, ProcessResult, Processes } from "./ports.ts";

/** Time a process group has between SIGTERM and SIGKILL. */
const TERMINATION_GRACE_MS = 2_000;
/** Output still in a pipe after the program ended is waited for this long; then whoever holds the pipe open loses it. */
const DRAIN_MS = 1_000;
/** Kept of each stream when the caller names no limit. */
const DEFAULT_MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
/** What a shell answers for a program it cannot start. */
const CANNOT_START = 127;

/** The real processes of this machine. Each child leads its own group, which is ended as a whole, left-over members included. */
export const nodeProcesses: Processes = { run, start };

function run(program: string, args: readonly string[], options: ProcessOptions): Promise<ProcessResult> {
  if (options.signal?.aborted === true) return Promise.resolve(notStarted(null, "SIGTERM", "aborted before it started"));
  let child: NodeChild;
  try {
    child = spawn(program, args, { ...places(options), stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"] });
  } catch (error) {
    return Promise.resolve(notStarted(CANNOT_START, null, reasonOf(error)));
  }
  const limit = options.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES;
  const stdout = collect(child.stdout, limit);
  const stderr = collect(child.stderr, limit);
  // A child that does not read its input is no error: how it ends says what happened.
  child.stdin?.on("error", ignoreBrokenPipe).end(options.input);

  return new Promise((resolve) => {
    let timedOut = false;
    const timers: NodeJS.Timeout[] = [];
    const terminate = () => {
      killGroup(child.pid, "SIGTERM");
      timers.push(setTimeout(() => killGroup(child.pid, "SIGKILL"), TERMINATION_GRACE_MS));
    };
    if (options.timeoutMs !== undefined) {
      timers.push(
        setTimeout(() => {
          timedOut = true;
          terminate();
        }, options.timeoutMs),
      );
    }
    options.signal?.addEventListener("abort", terminate, { once: true });
    const finish = (result: ProcessResult) => {
      for (const timer of timers) clearTimeout(timer);
      options.signal?.removeEventListener("abort", terminate);
      resolve(result);
    };
    child.once("error", (error) => {
      if (child.pid === undefined) finish(notStarted(CANNOT_START, null, reasonOf(error)));
    });
    child.once("exit", () => {
      killGroup(child.pid, "SIGKILL");
      timers.push(setTimeout(() => dropPipes(child), DRAIN_MS));
    });
    child.once("close", (exitCode, signal) => {
      if (child.pid === undefined) return;
      const truncated = stdout.truncated() || stderr.truncated();
      finish({ exitCode, signal, stdout: stdout.bytes(), stderr: stderr.bytes(), timedOut, truncated });
    });
  });
}

function start(program: string, args: readonly string[], options: Pick<ProcessOptions, "cwd" | "env">): ChildProcess {
  const child = spawn(program, args, { ...places(options), stdio: ["pipe", "pipe", "pipe"] });
  // Where no file can be opened any more (fault 5) there are no pipes either, whatever the types say.
  const { stdin, stdout, stderr }: Partial<typeof child> = child;
  stdin?.on("error", ignoreBrokenPipe);
  const exited = new Promise<{ exitCode: number | null; signal: string | null }>((resolve) => {
    child.once("error", () => {
      if (child.pid === undefined) resolve({ exitCode: CANNOT_START, signal: null });
    });
    child.once("exit", () => {
      killGroup(child.pid, "SIGKILL");
      setTimeout(() => dropPipes(child), DRAIN_MS).unref();
    });
    child.once("close", (exitCode, signal) => resolve({ exitCode, signal }));
  });
  return {
    pid: child.pid,
    write: (text) => void stdin?.write(text),
    onStdout: (listener) => void stdout?.on("data", listener),
    onStderr: (listener) => void stderr?.on("data", listener),
    exited,
    kill: (signal) => killGroup(child.pid, signal),
  };
}

const places = (options: Pick<ProcessOptions, "cwd" | "env">) => ({ cwd: options.cwd, env: { ...options.env }, detached: true });

function collect(stream: Readable | null, limit: number) {
  const chunks: Uint8Array[] = [];
  let kept = 0;
  let truncated = false;
  stream?.on("data", (chunk: Uint8Array) => {
    const room = limit - kept;
    const part = chunk.length > room ? chunk.subarray(0, room) : chunk;
    truncated ||= part.length < chunk.length;
    kept += part.length;
    if (part.length > 0) chunks.push(part);
  });
  return { bytes: (): Uint8Array => Buffer.concat(chunks), truncated: () => truncated };
}

/** Signals every process of the child's group; one that is already gone is fine. */
function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // EPERM: what is left of the group belongs to another user, which a set-user-id program can cause.
    if (!(error instanceof Error && "code" in error && (error.code === "ESRCH" || error.code === "EPERM"))) throw error;
  }
}

function dropPipes(child: NodeChild): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function notStarted(exitCode: number | null, signal: string | null, reason: string): ProcessResult {
  return { exitCode, signal, stdout: new Uint8Array(), stderr: new TextEncoder().encode(reason), timedOut: false, truncated: false };
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function ignoreBrokenPipe(): void {
  // The reader ended first; its exit code tells the rest.
}
