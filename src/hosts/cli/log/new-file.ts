/**
 * Files that a person asked for.
 *
 * E3. Nothing is overwritten unless that was asked for, and a file that could not be written whole is not left behind.
 */
import { chmodSync, lstatSync } from "node:fs";
import { systemErrorCode } from "../../../shared/durable-files.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { FileSystem } from "../../../shared/ports.ts";

/** For nobody else on this machine: it is the record of somebody's work. */
const MODE = 0o600;

/** @throws TerminalError naming the file and what the system said */
export function writeNew(fs: FileSystem, file: string, bytes: Uint8Array, fix = "Name another file, or move that one away."): void {
  let made = false;
  try {
    const opened = fs.createExclusive(file);
    if (opened === null) throw new TerminalError(`${file} is there already; nothing is overwritten.`, fix);
    made = true;
    chmodSync(file, MODE);
    opened.append(bytes);
    opened.sync();
    opened.close();
  } catch (error) {
    if (made) fs.remove(file);
    throw notWritten(file, error);
  }
}

/** Writes a file that may be there. A device, a link or a directory is not replaced by one. @throws TerminalError as `writeNew` */
export function writeOver(fs: FileSystem, file: string, bytes: Uint8Array): void {
  try {
    const there = lstatSync(file, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile()) throw new TerminalError(`${file} is no regular file; it is not replaced.`, "Name a file.");
    fs.writeDurably(file, bytes);
    chmodSync(file, MODE);
  } catch (error) {
    throw notWritten(file, error);
  }
}

/** What the system said of a place that could not be written, in words. */
export function notWritten(file: string, error: unknown): Error {
  const code = systemErrorCode(error);
  if (code === null) return error instanceof Error ? error : new Error(String(error));
  const [what, fix] =
    code === "ENOSPC" || code === "EDQUOT" ? [`could not be written: the disk is full (${code}). Nothing was left behind`, "Free some space, then do it again."]
    : code === "EROFS" || code === "EACCES" || code === "EPERM" ? [`could not be written: the place is read-only for you (${code})`, "Name another place, or change its permissions."]
    : [`could not be written (${code})`, "Check the path."];
  return new TerminalError(`${file} ${what}.`, fix ?? "", { cause: error });
}
