/** Whether a running process has something of a directory open, or works in it. */
import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../../../shared/durable-files.ts";

/**
 * Paths that processes of this user hold now (proc(5)). Those of other users are not shown to us, and cannot have files open here
 * that only this user may read. Null where the system does not tell.
 */
export function heldPaths(): readonly string[] | null {
  if (process.platform !== "linux") return null;
  const held = new Set<string>();
  for (const pid of names("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    for (const link of [join("/proc", pid, "cwd"), ...names(join("/proc", pid, "fd")).map((fd) => join("/proc", pid, "fd", fd))]) {
      const path = target(link);
      if (path?.startsWith("/") === true) held.add(path);
    }
  }
  return [...held];
}

/** A process can end while it is looked at, and others' may not be looked at. */
const GONE: ReadonlySet<string> = new Set(["ENOENT", "ESRCH", "EACCES", "EPERM", "ENOTDIR"]);

function unlessGone<T>(look: () => T, gone: T): T {
  try {
    return look();
  } catch (error) {
    if (GONE.has(systemErrorCode(error) ?? "")) return gone;
    throw error;
  }
}

const names = (directory: string): readonly string[] => unlessGone<readonly string[]>(() => readdirSync(directory), []);
const target = (link: string): string | null => unlessGone<string | null>(() => readlinkSync(link), null);
