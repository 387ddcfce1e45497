/** Which process a number means: a number is given out again once its process is gone, so the time of its start belongs to it. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { systemErrorCode } from "../../../shared/durable-files.ts";

/** What tells a process from every other that has or had its number; null when there is none now, or it has ended. */
export const processIdentity = (pid: number): string | null => (process.platform === "linux" ? linuxIdentity(pid) : otherIdentity(pid));

/** `pid (name) state ... starttime`: the 22nd field, in clock ticks since the machine's start, hence the boot's id (proc(5)). */
function linuxIdentity(pid: number): string | null {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const [state = "Z", ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // One that has ended and was not collected by its parent does nothing any more.
  if (state === "Z" || state === "X") return null;
  return `${readProc("/proc/sys/kernel/random/boot_id")?.trim() ?? ""}:${fields[18] ?? ""}`;
}

function readProc(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES") return null;
    throw error;
  }
}

function otherIdentity(pid: number): string | null {
  const done = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" });
  const started = (done.stdout ?? "").trim();
  return started === "" ? null : started;
}
