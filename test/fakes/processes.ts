/** What runs on this machine, from /proc: to see that nothing is left, and to end what a test wants to lose. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface Seen {
  readonly pid: number;
  readonly parent: number;
  /** In clock ticks since the machine's start: with it a process id names one process for ever. */
  readonly startedAt: number;
  readonly command: string;
}

/** Every living process; one that has ended and was not yet collected is not alive. */
export function livingProcesses(): readonly Seen[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    // The name in parentheses may hold anything, so the fields are counted from the last one on (proc_pid_stat(5)).
    const fields = (read(`/proc/${name}/stat`).split(")").at(-1) ?? "").trim().split(" ");
    const [state = "", parent = ""] = fields;
    if (["", "Z", "X"].includes(state)) return [];
    return [{ pid: Number(name), parent: Number(parent), startedAt: Number(fields[19]), command: read(`/proc/${name}/cmdline`).replaceAll("\0", " ").trim() }];
  });
}

export function descendantsOf(pid: number): readonly Seen[] {
  const all = livingProcesses();
  const found = new Set([pid]);
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const each of all) if (found.has(each.parent)) found.add(each.pid);
  }
  return all.filter((each) => each.pid !== pid && found.has(each.pid));
}

export const stillAlive = (before: readonly Seen[]): readonly Seen[] => {
  const now = livingProcesses();
  return before.filter((each) => now.some(({ pid, startedAt }) => pid === each.pid && startedAt === each.startedAt));
};

/** Processes that have to do with a directory: it is where they work, or stands in their command or environment. */
export const processesOf = (directory: string): readonly Seen[] =>
  livingProcesses().filter(({ pid, command }) => pid !== process.pid && (command.includes(directory) || read(`/proc/${pid}/environ`).includes(directory) || cwdOf(pid).startsWith(directory)));

/** Empty for a process that has ended or belongs to somebody else. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    return forgiven(error);
  }
}

function cwdOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch (error) {
    return forgiven(error);
  }
}

function forgiven(error: unknown): "" {
  if (error instanceof Error && "code" in error && ["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(String(error.code))) return "";
  throw error;
}
