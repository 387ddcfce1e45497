/**
 * Finds and ends what a step or a job left running. On Linux the process table is read from /proc,
 * elsewhere only process groups are known.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Ends a process, its group and all its descendants at once. They are stopped first, so that none is started meanwhile and missed. */
export function killTree(pid: number): void {
  const stopped = new Set<number>();
  for (let found: readonly number[] = [pid]; found.length > 0; found = descendantsOf([pid]).filter((each) => !stopped.has(each))) {
    for (const each of found) {
      signal(each, "SIGSTOP");
      stopped.add(each);
    }
  }
  for (const each of stopped) signal(each, "SIGKILL");
  signal(-pid, "SIGKILL");
}

/**
 * Ends every process that carries the variable in its environment, with its descendants, and the groups the steps led:
 * how actions/runner cleans up orphans (`RUNNER_TRACKING_ID`). Also those at work in the job's own directory: one with an
 * environment of its own carries no variable.
 * @param job.variable `NAME=value`
 * @param job.directory absolute; nobody else works in it
 * @param groups process ids of steps that have exited
 * @returns the process ids found
 */
export function killOrphans(job: { readonly variable: string; readonly directory: string }, groups: readonly number[]): readonly number[] {
  const ofJob = (pid: number): boolean => environmentOf(pid).includes(job.variable) || `${workingDirectoryOf(pid)}/`.startsWith(`${job.directory}/`);
  const found = processIds().filter((pid) => pid !== process.pid && ofJob(pid));
  for (const pid of [...descendantsOf(found), ...found]) signal(pid, "SIGKILL");
  for (const group of groups) {
    // A living process with the number of a step that is gone is a stranger: the number was given out again.
    if (!isAlive(group)) signal(-group, "SIGKILL");
  }
  return found;
}

/** Whether a process is running; one that has ended and was not yet collected by its parent is not. */
export function isAlive(pid: number): boolean {
  if (process.platform === "linux") return !["", "Z", "X"].includes(statFields(pid)[0] ?? "");
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

/** Sends a signal; a process that is gone is what was wanted. */
export function signal(pid: number, name: "SIGINT" | "SIGTERM" | "SIGSTOP" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errorCode(error) !== "ESRCH" && errorCode(error) !== "EPERM") throw error;
  }
}

function descendantsOf(roots: readonly number[]): readonly number[] {
  const parents = new Map(processIds().map((pid) => [pid, parentOf(pid)]));
  const found = new Set(roots);
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const [pid, parent] of parents) if (parent !== null && found.has(parent)) found.add(pid);
  }
  return [...found].filter((pid) => !roots.includes(pid));
}

function processIds(): readonly number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number);
}

function parentOf(pid: number): number | null {
  const parent = Number(statFields(pid)[1]);
  return Number.isInteger(parent) ? parent : null;
}

/** `pid (name) state ppid ...` from the state on; the name may hold anything, so the last parenthesis counts. */
const statFields = (pid: number): readonly string[] => (readProcessFile(pid, "stat").split(")").at(-1) ?? "").trim().split(" ");

const environmentOf = (pid: number): readonly string[] => readProcessFile(pid, "environ").split("\0");

const workingDirectoryOf = (pid: number): string => ofProcess(() => readlinkSync(`/proc/${pid}/cwd`));
const readProcessFile = (pid: number, name: "stat" | "environ"): string => ofProcess(() => readFileSync(`/proc/${pid}/${name}`, "utf8"));

/** Empty for a process that has ended or belongs to somebody else. */
function ofProcess(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(errorCode(error) ?? "")) return "";
    throw error;
  }
}

const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
