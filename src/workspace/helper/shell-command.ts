import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, constants, existsSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { CommandOutcome, SandboxLimits } from "../protocol.ts";
import { HeadTail } from "./output.ts";
import { COMMAND_MARK, kill, sweep } from "./sweep.ts";
import type { ToolSetting } from "./tool.ts";
import { watchLimits } from "./watch.ts";

/** Between SIGTERM and SIGKILL when the time is up. */
const TERMINATION_GRACE_MS = 2_000;
/** Output still in the pipe after everything was ended. */
const DRAIN_MS = 1_000;

export interface ShellCommand {
  readonly command: string;
  /** Real path of the directory to run in. */
  readonly directory: string;
  readonly timeoutMs: number;
  readonly headBytes: number;
  readonly tailBytes: number;
}

export interface ShellResult extends CommandOutcome {
  /** stdout and stderr in the order they came. */
  readonly output: string;
  readonly signal: string | null;
  readonly cancelled: boolean;
  /** The limit on everything together that ended it, in words; null if none did. */
  readonly breach: string | null;
  /** Processes that outlived the command and were ended. */
  readonly swept: number;
}

/** Runs one shell command to its end, its time-out or the cancel, and leaves no process of it behind. */
export async function runShell(request: ShellCommand, setting: ToolSetting): Promise<ShellResult> {
  const started = performance.now();
  const mark = randomUUID();
  const output = new HeadTail(request);
  const pipe = openPipe(join(tmpdir(), mark));
  const child = spawn(SHELL, ["-c", limiting(setting.limits), SHELL, SHELL, "-c", request.command], {
    cwd: request.directory,
    env: { ...process.env, PWD: request.directory, [COMMAND_MARK]: mark },
    detached: true,
    stdio: ["ignore", pipe?.writeEnd ?? "pipe", pipe?.writeEnd ?? "pipe"],
  });
  if (pipe !== null) closeSync(pipe.writeEnd);
  const sources = [pipe?.output, child.stdout, child.stderr].filter((source) => source !== undefined && source !== null);
  for (const source of sources) source.on("data", (chunk: Uint8Array) => output.push(chunk));

  let breach: string | null = null;
  const unwatch = watchLimits(setting, (words) => {
    breach = words;
    if (child.pid !== undefined) kill(-child.pid);
  });
  const end = await ended(child, request.timeoutMs, setting.signal).finally(unwatch);
  if (child.pid !== undefined && !setting.ownsProcesses) kill(-child.pid);
  const swept = await sweep(setting.ownsProcesses, mark);
  await Promise.all(sources.map(drained));
  return { ...end, exitCode: breach === null ? end.exitCode : null, breach, output: output.text(), swept, durationMs: Math.round(performance.now() - started) };
}

const SHELL = ["/bin/bash", "/usr/bin/bash"].find((path) => existsSync(path)) ?? "/bin/sh";

/**
 * Sets the limits, then becomes the command. Each limit alone may be refused (a lower one holds already, or this shell does
 * not know it). The highest out-of-memory score makes the kernel end the command, not the helper or the host.
 */
function limiting(limits: SandboxLimits): string {
  const ulimits = [
    "-c 0",
    `-f ${Math.floor(limits.fileBytes / FILE_BLOCK_BYTES)}`,
    `-d ${Math.floor(limits.memoryBytes / 1024)}`,
    `-t ${limits.cpuSeconds}`,
    `-u ${limits.processes}`,
  ];
  const lines = ulimits.map((ulimit) => `ulimit ${ulimit} 2>/dev/null`);
  return `${lines.join("; ")}; echo 1000 2>/dev/null >/proc/self/oom_score_adj; exec "$@" 2>&1`;
}

/** `ulimit -f` counts in 1024 bytes in bash, in 512 in a POSIX shell. */
const FILE_BLOCK_BYTES = SHELL.endsWith("bash") ? 1024 : 512;

type End = Pick<ShellResult, "exitCode" | "signal" | "timedOut" | "cancelled">;

function ended(child: ChildProcess, timeoutMs: number, signal: AbortSignal): Promise<End> {
  return new Promise((resolve, reject) => {
    let timedOut = false;
    let grace: NodeJS.Timeout | undefined;
    const terminate = () => {
      if (child.pid === undefined) return;
      const group = -child.pid;
      kill(group, "SIGTERM");
      grace ??= setTimeout(() => kill(group), TERMINATION_GRACE_MS);
    };
    const timer = setTimeout(() => {
      timedOut = true;
      terminate();
    }, timeoutMs);
    const settle = () => {
      clearTimeout(timer);
      clearTimeout(grace);
      signal.removeEventListener("abort", terminate);
    };
    child.once("error", (error) => {
      settle();
      reject(error);
    });
    child.once("exit", (code, killedBy) => {
      settle();
      const cut = timedOut || signal.aborted;
      resolve({ exitCode: cut ? null : code, signal: killedBy, timedOut, cancelled: signal.aborted });
    });
    if (signal.aborted) terminate();
    else signal.addEventListener("abort", terminate, { once: true });
  });
}

/**
 * A pipe for the command's output, unlinked at once. What Node makes of `"pipe"` is a socket, and a program that opens `/dev/stdout` or
 * `/dev/stderr` fails on one (ENXIO). Null where none can be made, in a full `/tmp` say.
 */
function openPipe(path: string): { readonly output: Readable; readonly writeEnd: number } | null {
  if (spawnSync("mkfifo", ["-m", "600", path], { stdio: "ignore" }).status !== 0) return null;
  // Opened for reading first and without waiting: the other end then has somebody to write to.
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(path, constants.O_WRONLY);
  rmSync(path);
  return { output: new Socket({ fd: readEnd, readable: true, writable: false }), writeEnd };
}

/** Waits for the output's end; a process of weak mode that escaped the sweep and holds it open loses it. */
function drained(source: Readable): Promise<void> {
  if (source.destroyed || source.readableEnded) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => source.destroy(), DRAIN_MS);
    source.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
