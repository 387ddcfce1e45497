import { dirname } from "node:path";
import { sha256Schema } from "../../record/index.ts";
import { systemErrorCode } from "../../shared/durable-files.ts";
import { TerminalError } from "../../shared/errors.ts";
import { sha256Hex } from "../../shared/hash.ts";
import type { FileSystem } from "../../shared/ports.ts";
import { blobPath } from "./epoch-files.ts";

export interface BlobFiles {
  /** Keeps the bytes durably (J2); false when they were there already. */
  put(sha256: string, bytes: Uint8Array): boolean;
  /** Null when there is none. @throws TerminalError when the file cannot be read, or does not have its hash any more */
  get(sha256: string): Uint8Array | null;
  /** As `get`, of a blob that was put. */
  getExisting(sha256: string): Uint8Array;
}

/** The blobs of a journal directory, one file each. */
export function createBlobFiles(directory: string, fs: FileSystem): BlobFiles {
  const known = new Set<string>();
  const made = new Set<string>();

  const get = (sha256: string): Uint8Array | null => {
    if (!sha256Schema.safeParse(sha256).success) return null;
    const path = blobPath(directory, sha256);
    const bytes = readBlob(fs, path);
    if (bytes !== null && sha256Hex(bytes) !== sha256) {
      throw new TerminalError(`The journal blob ${path} was changed: its bytes do not have the hash in its name.`, "Restore the file from the saved segments or from a copy.");
    }
    return bytes;
  };

  return {
    get,
    getExisting(sha256) {
      const bytes = get(sha256);
      if (bytes === null) throw new TerminalError(`The journal blob ${blobPath(directory, sha256)} is gone.`, "Something deleted files of the journal while it was open. Restore it from the saved segments.");
      return bytes;
    },
    put(sha256, bytes) {
      if (known.has(sha256)) return false;
      const path = blobPath(directory, sha256);
      const held = fs.size(path) === bytes.length && sha256Hex(fs.read(path) ?? "") === sha256;
      // Written even then: a process that died may have left it in the page cache only.
      writeBlob(fs, path, bytes, made);
      known.add(sha256);
      return !held;
    },
  };
}

function readBlob(fs: FileSystem, path: string): Uint8Array | null {
  try {
    return fs.read(path);
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code === null) throw cause;
    throw new TerminalError(`The journal blob ${path} cannot be read (${code}).`, "Check that it is a file and may be read by this user, or restore it from the saved segments.", { cause });
  }
}

/** @param made directories this process made or found, and synced */
function writeBlob(fs: FileSystem, path: string, bytes: Uint8Array, made: Set<string>): void {
  const directory = dirname(path);
  try {
    if (!made.has(directory)) fs.makeDirectory(directory);
    made.add(directory);
    fs.writeDurably(path, bytes);
  } catch (cause) {
    const code = systemErrorCode(cause);
    const what = code === "ENOSPC" || code === "EDQUOT" ? "The disk is full" : "Writing failed";
    throw new TerminalError(`${what}: the journal blob ${path} of ${bytes.length} bytes could not be kept (${code ?? String(cause)}).`, "Free some space or check the disk, then resume.", { cause });
  }
}
