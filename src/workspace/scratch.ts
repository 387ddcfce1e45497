/** Private directories of a process, which the next one removes when their owner could not. */
import { lstatSync, mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "worktrain-sandbox";

/** Makes an empty directory that only this user can open, and removes what sandboxes of dead processes left. */
export function makeScratch(parent: string = realpathSync(tmpdir())): string {
  removeAbandoned(parent);
  return mkdtempSync(join(parent, `${PREFIX}-${processNamespace()}-${process.pid}-`));
}

/** Only directories of this user whose process is gone: its number counts only in its own process namespace. */
function removeAbandoned(parent: string): void {
  const owned = new RegExp(`^${PREFIX}-${processNamespace()}-(\\d+)-`);
  for (const name of readdirSync(parent)) {
    const pid = Number(owned.exec(name)?.[1]);
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    const stat = lstatSync(join(parent, name), { throwIfNoEntry: false });
    if (stat?.isDirectory() === true && stat.uid === process.getuid?.()) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

/** Number of this process namespace; 0 where there is no such thing. */
function processNamespace(): string {
  if (process.platform !== "linux") return "0";
  return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
}
