/** The runner's machine as hardening sees it. The second implementation is the tests'. */
import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock, ProcessResult, Processes } from "../../../shared/ports.ts";
import { HOST_PATH } from "../../../workspace/search-path.ts";

export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  /** Real and effective user. */
  readonly uids: readonly number[];
  /** For people; a process chooses its own. */
  readonly name: string;
}

export interface Machine {
  readonly pid: number;
  readonly uid: number;
  readonly clock: Clock;
  /** Every living process that can be seen. */
  processes(): readonly ProcessFacts[];
  exists(path: string): boolean;
  /** Whether this user could write there, or speak to a socket. */
  writable(path: string): boolean;
  /** Ends a process at once; one that is gone or not ours is fine. */
  end(pid: number): void;
  /** Runs a program of the system; exit code 127 when there is none. */
  run(program: string, args: readonly string[]): Promise<ProcessResult>;
}

/** Package lists and a slow mirror included. */
const PROGRAM_TIMEOUT_MS = 5 * 60_000;

export function linuxMachine({ processes, clock, proc = "/proc" }: { readonly processes: Processes; readonly clock: Clock; readonly proc?: string }): Machine {
  return {
    pid: process.pid,
    uid: process.getuid?.() ?? 0,
    clock,
    processes: () => readdirSync(proc).filter((name) => /^\d+$/.test(name)).flatMap((name) => factsOf(proc, Number(name))),
    exists: existsSync,
    writable: (path) => {
      try {
        accessSync(path, constants.W_OK);
        return true;
      } catch {
        return false; // Not there, or not for us: either way out of reach.
      }
    },
    end: (pid) => {
      try {
        process.kill(pid, "SIGKILL");
      } catch (error) {
        if (!(error instanceof Error && "code" in error && (error.code === "ESRCH" || error.code === "EPERM"))) throw error;
      }
    },
    run: (program, args) => processes.run(program, args, { env: { PATH: HOST_PATH, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" }, timeoutMs: PROGRAM_TIMEOUT_MS, maxOutputBytes: 64 * 1024 }),
  };
}

/** Nothing for a process that ended meanwhile or is only waiting to be collected. */
function factsOf(proc: string, pid: number): readonly ProcessFacts[] {
  let status: string;
  try {
    status = readFileSync(join(proc, String(pid), "status"), "utf8");
  } catch {
    return []; // It ended between the listing and the look.
  }
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
  if (/^[ZX]/.test(field("State"))) return [];
  const [real, effective] = field("Uid").split(/\s+/).map(Number);
  return [{ pid, parent: Number(field("PPid")), uids: [real ?? -1, effective ?? -1], name: field("Name") }];
}
