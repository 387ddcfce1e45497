/**
 * P1. Every path a tool is given resolves, through all symbolic links, to inside the workspace, or is refused.
 * P2. Nothing in a `.git` directory is read or written: hooks and config there would run as code later.
 * P3. Only regular files are opened and only they and directories searched: a device or a fifo can hang or leak.
 * P4. What was opened is what was checked: a directory on the way that was swapped for a link meanwhile is noticed at the open file.
 */
import { constants, promises as fs, type Stats } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { FILE_LIMIT_BYTES } from "../protocol.ts";
import { ToolFailure } from "./tool.ts";

export interface WorkspacePath {
  /** Real path, free of symbolic links as far as it exists. */
  readonly real: string;
  /** Relative to the workspace, as shown to the model. */
  readonly shown: string;
}

/** Resolves a file or directory that exists. @throws ToolFailure naming why it is refused or that there is nothing */
export async function resolveExisting(workspace: string, path: string): Promise<WorkspacePath> {
  const resolved = await resolveInside(workspace, path);
  if (!resolved.exists) throw new ToolFailure(`There is nothing at ${resolved.shown}. Use glob to see which files there are.`);
  const stat = await fs.lstat(resolved.real);
  if (!stat.isDirectory()) refuseSpecial(resolved, stat);
  return resolved;
}

/** Resolves a path whose last parts may not exist yet. */
export async function resolveInside(workspace: string, path: string): Promise<WorkspacePath & { readonly exists: boolean }> {
  if (path === "" || path.includes("\0")) throw new ToolFailure("The path is empty or holds a NUL character.");
  const lexical = resolve(workspace, path);
  refuseOutside(workspace, lexical, path);
  const { real, rest } = await realPrefix(lexical, path);
  const whole = join(real, ...rest);
  refuseOutside(workspace, whole, path);
  return { real: whole, shown: relative(workspace, whole) || ".", exists: rest.length === 0 };
}

function refuseOutside(workspace: string, absolute: string, given: string): void {
  const inside = relative(workspace, absolute);
  if (inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    throw new ToolFailure(`${given} is outside the workspace. Only files below ${workspace} can be used.`); // P1
  }
  if (inside.split(sep).some((part) => part.toLowerCase() === ".git")) {
    throw new ToolFailure(`${given} is inside a .git directory, which no tool reads or writes. Use git commands in bash to look at history.`); // P2
  }
}

/** The real path of the longest part that exists, and the names after it. A dangling symbolic link counts as an escape. */
async function realPrefix(absolute: string, given: string): Promise<{ real: string; rest: readonly string[] }> {
  const rest: string[] = [];
  for (let current = absolute; ; current = dirname(current)) {
    try {
      return { real: await fs.realpath(current), rest };
    } catch (error) {
      const code = systemCode(error);
      if (code === "ELOOP") throw new ToolFailure(`${given} runs in a circle of symbolic links.`);
      if (code === "ENAMETOOLONG") throw new ToolFailure("The path is too long.");
      if (code === "ENOTDIR") throw new ToolFailure(`A part of ${given} is a file, not a directory.`);
      if (code !== "ENOENT") throw error;
      if (await isLink(current)) throw new ToolFailure(`${given} goes through a symbolic link whose target does not exist.`);
      rest.unshift(current.slice(dirname(current).length).replace(/^\//, ""));
    }
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await fs.lstat(path)).isSymbolicLink();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
}

/** Opens a regular file without following a link at its end and without waiting for a fifo's writer, and reads it whole. */
export async function readRegular(path: WorkspacePath): Promise<Buffer> {
  const file = await fs.open(path.real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    await refuseSwapped(path, file.fd);
    refuseSpecial(path, stat);
    if (stat.size > FILE_LIMIT_BYTES) {
      throw new ToolFailure(`${path.shown} has ${stat.size} bytes; the limit is ${FILE_LIMIT_BYTES}. Use grep, or head and tail in bash.`);
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Writes a file whole, made new or overwritten in place (mode and owner stay). */
export async function writeRegular(path: WorkspacePath, bytes: Uint8Array): Promise<void> {
  if (bytes.length > FILE_LIMIT_BYTES) throw new ToolFailure(`The content has ${bytes.length} bytes; the limit is ${FILE_LIMIT_BYTES}.`);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await fs.open(path.real, flags, 0o644);
  try {
    const stat = await file.stat();
    await refuseSwapped(path, file.fd);
    refuseSpecial(path, stat);
    if (stat.nlink > 1) {
      throw new ToolFailure(`${path.shown} is one of ${stat.nlink} hard links to the same file; writing it would change the others. Replace it by a copy first (cp, then mv, in bash).`);
    }
    await file.truncate(0);
    await file.writeFile(bytes);
  } finally {
    await file.close();
  }
}

/** Where the open file really is, by the kernel. A system without `/proc` has no sandbox either, so nothing there races with a hostile process. */
async function refuseSwapped(path: WorkspacePath, fd: number): Promise<void> {
  if (process.platform !== "linux") return;
  const opened = await fs.readlink(`/proc/self/fd/${fd}`);
  if (opened !== path.real) throw new ToolFailure(`${path.shown} was moved or replaced while it was opened. Look again with glob.`); // P4
}

function refuseSpecial(path: WorkspacePath, stat: Stats): void {
  if (stat.isFile()) return;
  if (stat.isDirectory()) throw new ToolFailure(`${path.shown} is a directory. Use glob to list it.`);
  throw new ToolFailure(`${path.shown} is a device, fifo or socket; only regular files can be used.`); // P3
}

/** The system's error code, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
