import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { systemErrorCode } from "./durable-files.ts";

/** For nobody else on this machine. */
const MODE = 0o700;

/** Makes a directory and its parents, readable for this user only; fine if it is there. @throws the system's error, EROFS included */
export function makeOwnDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: MODE });
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    // Node's recursive mkdir says ENOENT on a read-only file system; made alone, the first missing one says what is so.
    let missing = path;
    while (dirname(missing) !== missing && !existsSync(dirname(missing))) missing = dirname(missing);
    mkdirSync(missing, { recursive: false, mode: MODE });
    mkdirSync(path, { recursive: true, mode: MODE });
  }
}
