import { readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { systemCode } from "./paths.ts";

/** Set in the environment of every command, so that in weak mode its stray children can be told from other processes. */
export const COMMAND_MARK = "WORKTRAIN_COMMAND";

/** Killed processes take a moment to be gone, hundreds on a busy machine some seconds; one the kernel cannot end is not waited for longer. */
const SWEEP_WITHIN_MS = 10_000;
const ROUND_MS = 5;

/**
 * Ends everything a command left behind, daemons with a session of their own included, and returns when it is gone.
 * @param ownsProcesses see HelperSettings; without it only the marked processes of `mark` are found, which a hostile one can avoid
 * @returns how many processes were ended
 */
export async function sweep(ownsProcesses: boolean, mark: string): Promise<number> {
  const targets = ownsProcesses && isNamespaceOfOurs() ? others : () => marked(mark);
  const ended = new Set<number>();
  const deadline = performance.now() + SWEEP_WITHIN_MS;
  for (let found = targets(); found.length > 0 && performance.now() < deadline; found = targets()) {
    const fresh = found.filter((pid) => !ended.has(pid) && !isZombie(pid));
    for (const pid of fresh) ended.add(pid);
    // In the namespace one call reaches all processes but this and the first at once, so no fork can slip between two kills.
    if (targets === others) kill(-1);
    else for (const pid of found) kill(pid);
    // What a round before was still starting is ended at once; for what is only dying there is time.
    if (fresh.length === 0) await setTimeout(ROUND_MS);
  }
  return ended.size;
}

/** `kill(-1)` in the wrong place would end every process of the user: believe the flag only if bubblewrap is process 1. */
function isNamespaceOfOurs(): boolean {
  return process.platform === "linux" && process.ppid === 1 && readProc("/proc/1/comm").startsWith("bwrap");
}

/** Zombies too: bubblewrap reaps them, and until then they count against the limit of processes. */
export function others(): number[] {
  return processIds().filter((pid) => pid !== 1 && pid !== process.pid);
}

function marked(mark: string): number[] {
  const needle = `${COMMAND_MARK}=${mark}`;
  return processIds().filter((pid) => pid !== process.pid && !isZombie(pid) && readProc(`/proc/${pid}/environ`).split("\0").includes(needle));
}

function processIds(): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").map(Number).filter((pid) => Number.isInteger(pid) && pid > 0);
}

/** Dead but not yet reaped: nothing is left to end. */
const isZombie = (pid: number): boolean => / [ZX] /.test(readProc(`/proc/${pid}/stat`).replace(/^.*\)/s, ""));

function readProc(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    // The process ended meanwhile, or belongs to another user.
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(systemCode(error) ?? "")) return "";
    throw error;
  }
}

export function kill(pid: number, signal: "SIGTERM" | "SIGKILL" = "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!["ESRCH", "EPERM"].includes(systemCode(error) ?? "")) throw error;
  }
}
