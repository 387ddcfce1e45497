/** The only file here that starts processes: one step is one process, which leads its own group. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { StringDecoder } from "node:string_decoder";
import type { Readable } from "node:stream";
import type { Clock } from "../../../shared/ports.ts";
import { killTree, signal } from "./process-tree.ts";

/** Between SIGINT and SIGTERM, and between SIGTERM and the end (P-cancel). */
const SIGINT_GRACE_MS = 7_500;
const SIGTERM_GRACE_MS = 2_500;
/** How long output is waited for after the process has ended, when something it left behind holds it open (same source). */
const OUTPUT_GRACE_MS = 5_000;

export interface StepCommand {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly directory: string;
  /** The whole environment: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface StepProcessOptions {
  readonly clock: Clock;
  /** Gets each line of output of either stream; must not throw. */
  readonly onLine: (line: string) => void;
  /** Called once with the process id. */
  readonly onStart: (pid: number) => void;
  /** Ends the step as GitHub cancels one: SIGINT to this process only, later SIGTERM, later the whole tree. */
  readonly cancel: AbortSignal;
  /** Ends the whole tree at once. */
  readonly kill: AbortSignal;
}

export interface StepExit {
  /** Null when a signal ended it; 127 when the program could not be started. */
  readonly exitCode: number | null;
}

/** Runs one step's process to its end. Never rejects: a program that cannot be started is a line of output and exit code 127. */
export async function runStepProcess(command: StepCommand, options: StepProcessOptions): Promise<StepExit> {
  const child = spawn(command.program, command.arguments, {
    cwd: command.directory,
    env: command.environment,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const streams = Promise.all([readLines(child.stdout, options.onLine), readLines(child.stderr, options.onLine)]);
  const exited = new Promise<StepExit>((resolve) => {
    child.once("error", (error) => {
      if (child.pid !== undefined) return;
      options.onLine(`${command.program} cannot be started: ${error.message}`);
      resolve({ exitCode: 127 });
    });
    child.once("exit", (exitCode) => resolve({ exitCode }));
  });
  if (child.pid !== undefined) options.onStart(child.pid);
  const over = new AbortController();
  const ending = endOnRequest(child, options, over.signal);
  const exit = await exited;
  over.abort();
  await ending;
  await waitForOutput(child, streams, options.clock);
  return exit;
}

async function endOnRequest(child: ChildProcess, { clock, cancel, kill }: StepProcessOptions, over: AbortSignal): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  const killNow = (): void => killTree(pid);
  if (kill.aborted) killNow();
  kill.addEventListener("abort", killNow, { signal: over });
  try {
    if (!cancel.aborted) await once(cancel, "abort", { signal: over });
    signal(pid, "SIGINT");
    await clock.sleep(SIGINT_GRACE_MS, over);
    signal(pid, "SIGTERM");
    await clock.sleep(SIGTERM_GRACE_MS, over);
    killNow();
  } catch (error) {
    if (!over.aborted) throw error;
  }
}

async function waitForOutput(child: ChildProcess, streams: Promise<unknown>, clock: Clock): Promise<void> {
  const read = new AbortController();
  const late = clock.sleep(OUTPUT_GRACE_MS, read.signal).catch((error: unknown) => {
    if (!read.signal.aborted) throw error;
  });
  await Promise.race([streams, late]);
  read.abort();
  await late;
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  stream.on("data", (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line.replace(/\r$/, ""));
  });
  return new Promise((resolve) => {
    stream.once("close", () => {
      const last = rest + decoder.end();
      if (last !== "") onLine(last);
      resolve();
    });
  });
}
