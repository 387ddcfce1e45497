/**
 * The file system port over system calls, with the order of calls that makes a change survive a power cut.
 * The calls come in as an argument so that tests can put a model of the page cache underneath (test/fakes/file-system.ts).
 *
 * F1. A name is durable only when its directory was synced after the change; contents only when the file was.
 * F2. A file gets its final name by rename only after its contents were synced: no reader ever sees a half-written one.
 * F3. What is found there may be in the page cache only: a process that died has synced nothing. Of a chain of directories at
 *     most the deepest one that exists can be so, because each is synced before the next one is made.
 * F4. An append file may have room: zeros behind its end, written ahead. An append then overwrites what the file has already, and
 *     its sync has no new size or block to make durable: three quarters of the time (P-sync-size).
 */
import type * as nodeFs from "node:fs";
import { dirname } from "node:path";
import type { AppendFile, FileSystem } from "./ports.ts";

/** What is used of `node:fs`. */
export interface SystemCalls {
  openSync(path: string, flags: "r" | "w" | "wx"): number;
  writeSync(file: number, bytes: Uint8Array, offset: number, length: number, position: number): number;
  ftruncateSync(file: number, length: number): void;
  fsyncSync(file: number): void;
  fdatasyncSync(file: number): void;
  closeSync(file: number): void;
  renameSync(from: string, to: string): void;
  mkdirSync(path: string, options: { recursive: boolean }): unknown;
  readFileSync(path: string): Uint8Array;
  readdirSync(path: string): string[];
  statSync(path: string, options: { throwIfNoEntry: false }): Pick<nodeFs.Stats, "size"> | undefined;
  rmSync(path: string, options: { recursive: true; force: true }): void;
}

/** The system's code of an error (`ENOENT`, `EIO`, ...), or null when it is no system error. */
export const systemErrorCode = (error: unknown): string | null =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;

/** How append files get room (F4). */
export interface Room {
  /** A shorter file gets none. */
  readonly fromBytes: number;
  /** Written ahead at once. */
  readonly bytes: number;
}

/** Most processes append less than 16 KiB. Of some 200 events of the usual size one pays for the room. */
const ROOM: Room = { fromBytes: 16 * 1024, bytes: 256 * 1024 };

function unlessMissing<T>(read: () => T, missing: T, code: "ENOENT" | "EEXIST" = "ENOENT"): T {
  try {
    return read();
  } catch (error) {
    if (systemErrorCode(error) === code) return missing;
    throw error;
  }
}

/** Whether there was space for it. */
function unlessFull(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== "ENOSPC" && code !== "EDQUOT" && code !== "EFBIG") throw error;
    return false;
  }
}

/** Builds the port over system calls that behave as `node:fs`. */
export function fileSystemOver(calls: SystemCalls, room = ROOM): FileSystem {
  let zeros: Buffer | null = null;
  const writeAll = (file: number, bytes: Uint8Array, position = 0): void => {
    for (let offset = 0; offset < bytes.length; ) offset += calls.writeSync(file, bytes, offset, bytes.length - offset, position + offset);
  };
  /** Opens a file or directory only to sync it. */
  const syncPath = (path: string): void => {
    const file = calls.openSync(path, "r");
    try {
      calls.fsyncSync(file);
    } finally {
      calls.closeSync(file);
    }
  };
  const makeDirectory = (path: string): void => {
    const parent = dirname(path);
    if (calls.statSync(path, { throwIfNoEntry: false }) !== undefined) return syncFound(parent); // F3
    if (parent !== path) makeDirectory(parent);
    try {
      // Node's recursive mkdir says ENOENT on a read-only file system.
      calls.mkdirSync(path, { recursive: false });
    } catch (error) {
      // Another process was faster.
      if (systemErrorCode(error) !== "EEXIST") throw error;
    }
    syncPath(parent); // F1
  };
  const syncFound = (directory: string): void => {
    try {
      syncPath(directory);
    } catch (error) {
      // One we may not even read is none we made.
      const code = systemErrorCode(error);
      if (code !== "EACCES" && code !== "EPERM" && code !== "EROFS") throw error;
    }
  };
  const appendFile = (file: number): AppendFile => {
    let end = 0;
    let size = 0;
    let full = false;
    return {
      append(bytes) {
        writeAll(file, bytes, end);
        end += bytes.length;
        if (end <= size) return;
        size = end;
        if (full || end < room.fromBytes) return;
        zeros ??= Buffer.alloc(room.bytes);
        const ahead = zeros;
        full = !unlessFull(() => writeAll(file, ahead, end));
        if (!full) size += ahead.length;
      },
      // POSIX: contents and the size needed to read them; of the metadata only the times may be missing.
      sync: () => calls.fdatasyncSync(file),
      close() {
        try {
          if (size > end) calls.ftruncateSync(file, end);
        } finally {
          calls.closeSync(file);
        }
      },
    };
  };

  return {
    read: (path) => unlessMissing(() => calls.readFileSync(path), null),
    size: (path) => calls.statSync(path, { throwIfNoEntry: false })?.size ?? null,
    list: (directory) => unlessMissing(() => calls.readdirSync(directory).sort(), []),
    makeDirectory,
    sync(path) {
      syncPath(path);
      syncPath(dirname(path));
    },
    createExclusive(path) {
      const file = unlessMissing<number | null>(() => calls.openSync(path, "wx"), null, "EEXIST");
      if (file === null) return null;
      syncPath(dirname(path));
      return appendFile(file);
    },
    writeDurably(path, bytes) {
      const directory = dirname(path);
      // The process id keeps two writers of one path apart; a dead process's leftover is overwritten or ignored.
      const temporary = `${path}.${process.pid}.tmp`;
      const file = calls.openSync(temporary, "w");
      try {
        writeAll(file, bytes);
        calls.fsyncSync(file); // F2
      } catch (error) {
        calls.closeSync(file);
        calls.rmSync(temporary, { recursive: true, force: true });
        throw error;
      }
      calls.closeSync(file);
      calls.renameSync(temporary, path);
      syncPath(directory);
    },
    remove: (path) => calls.rmSync(path, { recursive: true, force: true }),
  };
}
