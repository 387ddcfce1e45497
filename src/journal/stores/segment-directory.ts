import { join } from "node:path";
import { systemErrorCode } from "../../shared/durable-files.ts";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import { sha256Hex } from "../../shared/hash.ts";
import type { FileSystem } from "../../shared/ports.ts";
import { NameTakenError, type SegmentRef, type SegmentStore } from "../segment-store.ts";

export interface DirectorySegmentStoreOptions {
  readonly directory: string;
  readonly fs: FileSystem;
  readonly runId: number;
}

/** Names of segments hold letters, digits, `.`, `_` and `-` only; anything else could leave the directory (fault 20). */
const SAFE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

/** Segments as files `<name>` in one directory. Its guarantee: a segment whose `put` resolved is on disk as a whole. */
export function createDirectorySegmentStore({ directory, fs, runId }: DirectorySegmentStoreOptions): SegmentStore {
  const pathOf = (name: string): string => {
    if (!SAFE_NAME.test(name)) throw new TerminalError(`"${name}" is no name of a segment.`, "This is a bug in WorkTrain; please report it.");
    return join(directory, name);
  };
  /** The `0001` of a segment's name, so that ids follow the order of saving. */
  const idOf = (name: string): number => Number(name.split(".").find((part) => /^\d{4}$/.test(part)) ?? 0);
  const refOf = (name: string, bytes: Uint8Array): SegmentRef => ({ id: idOf(name), runId, name, digest: sha256Hex(bytes) });
  return {
    async put(name, bytes) {
      const path = pathOf(name);
      if (fs.size(path) !== null) throw new NameTakenError(`${path} is stored already.`);
      try {
        fs.makeDirectory(directory);
        fs.writeDurably(path, bytes);
      } catch (cause) {
        throw writeFailed(path, cause);
      }
      return refOf(name, bytes);
    },
    async find(name) {
      const path = pathOf(name);
      try {
        const bytes = fs.read(path);
        if (bytes === null) return null;
        // A put that failed, or a process that died, may have left it in the page cache only.
        fs.sync(path);
        return refOf(name, bytes);
      } catch (cause) {
        throw writeFailed(path, cause);
      }
    },
  };
}

/** A full or forbidden disk holds no whole file; after any other failure nobody knows. */
function writeFailed(path: string, cause: unknown): unknown {
  const code = systemErrorCode(cause);
  if (code === null) return cause;
  const message = `The segment ${path} could not be written (${code}).`;
  if (code === "ENOSPC" || code === "EDQUOT") return new TerminalError(`The disk is full: ${message}`, "Free some space, then resume.", { cause });
  if (["EACCES", "EPERM", "EROFS", "ENOTDIR"].includes(code)) return new TerminalError(message, "Check that the directory may be written by this user.", { cause });
  return new RetryableError(message, { cause });
}
