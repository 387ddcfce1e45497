import { readFileSync, statfsSync } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import type { HelperSettings } from "../protocol.ts";
import { systemCode } from "./paths.ts";
import { others } from "./sweep.ts";

/**
 * Limits on what a command and all it started use together, which no resource limit of a single process can hold: number of
 * processes, memory, growth of the workspace. They are looked at while the command runs.
 */
const LOOK_EVERY_MS = 150;
/** What a command may write once the workspace has grown to its cap, so that cleaning up is possible. */
const CLEAN_UP_BYTES = 64 * 1024 * 1024;
const CLEAN_UP_FILES = 10_000;
const BLOCK_BYTES = 512; // st_blocks, POSIX

/** Calls `breach` once, in words for the model, when a limit is passed. @returns stops looking */
export function watchLimits(setting: HelperSettings, breach: (words: string) => void): () => void {
  const disk = diskWatch(setting);
  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    try {
      const words = (setting.ownsProcesses ? tooMuchOfTheMachine(setting) : null) ?? (await disk());
      if (words === null) return;
      clearInterval(timer);
      breach(words);
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

function tooMuchOfTheMachine({ limits }: HelperSettings): string | null {
  const pids = others();
  if (pids.length > limits.processes) return `it started more than ${limits.processes} processes`;
  const temporary = usedBytes("/tmp") + usedBytes(process.env["HOME"] ?? "/tmp") + usedBytes("/dev/shm");
  const resident = pids.reduce((sum, pid) => sum + residentBytes(pid), temporary);
  if (resident <= limits.totalMemoryBytes) return null;
  // Shared pages were counted once for each process; only what is over the limit without that is.
  const proportional = pids.reduce((sum, pid) => sum + (kibibytes(`/proc/${pid}/smaps_rollup`, "Pss") ?? residentBytes(pid)), temporary);
  return proportional <= limits.totalMemoryBytes ? null : `its processes and temporary files used more than ${limits.totalMemoryBytes} bytes of memory together`;
}

const residentBytes = (pid: number): number => kibibytes(`/proc/${pid}/status`, "VmRSS") ?? 0;

/** A line `name: 12 kB` of a file in /proc, in bytes; null when the process is gone or has none. */
function kibibytes(path: string, name: string): number | null {
  try {
    const value = new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(readFileSync(path, "latin1"))?.[1];
    return value === undefined ? null : Number(value) * 1024;
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(systemCode(error) ?? "")) return null;
    throw error;
  }
}

function usedBytes(mount: string): number {
  const { blocks, bfree, bsize } = statfsSync(mount);
  return (blocks - bfree) * bsize;
}

/**
 * The disk's free space tells at no cost that something grew; whether it was the workspace is then counted, since the
 * machine's other work needs space too.
 */
function diskWatch({ workspace, limits, diskFloor }: HelperSettings): () => Promise<string | null> {
  const start = free(workspace);
  const floor = { bytes: Math.min(diskFloor.bytes, start.bytes - CLEAN_UP_BYTES), files: Math.min(diskFloor.files, start.files - CLEAN_UP_FILES) };
  return async () => {
    const now = free(workspace);
    if (now.bytes >= floor.bytes && (now.files >= floor.files || start.files === 0)) return null;
    const used = await usedBelow(workspace);
    if (used.bytes > limits.growthBytes) return `the workspace grew by more than ${limits.growthBytes} bytes; delete what is not needed`;
    if (used.files > limits.growthFiles) return `the workspace grew by more than ${limits.growthFiles} files; delete what is not needed`;
    return null;
  };
}

function free(directory: string): { readonly bytes: number; readonly files: number } {
  const { bavail, bsize, ffree } = statfsSync(directory);
  return { bytes: bavail * bsize, files: ffree };
}

async function usedBelow(root: string): Promise<{ readonly bytes: number; readonly files: number }> {
  let bytes = 0;
  let files = 0;
  const pending = [root];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    try {
      for await (const entry of await opendir(directory)) {
        const path = join(directory, entry.name);
        files += 1;
        if (entry.isDirectory()) pending.push(path);
        else bytes += (await lstat(path)).blocks * BLOCK_BYTES;
      }
    } catch (error) {
      // The command is still at work: what it deletes or locks meanwhile is not counted.
      if (!["ENOENT", "ENOTDIR", "EACCES", "EPERM"].includes(systemCode(error) ?? "")) throw error;
    }
  }
  return { bytes, files };
}

