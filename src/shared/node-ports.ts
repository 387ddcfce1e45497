/** The ports' real implementations over Node (processes stand in `node-processes.ts`). */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { fileSystemOver } from "./durable-files.ts";
import type { Clock, FileSystem, Random } from "./ports.ts";

/** The longest delay `setTimeout` takes, 2^31 - 1 ms; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

export const nodeClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep(ms, signal) {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout;
      const aborted = (): void => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const wait = (leftMs: number): void => {
        const partMs = Math.min(leftMs, LONGEST_TIMER_MS);
        timer = setTimeout(() => {
          if (leftMs > partMs) return wait(leftMs - partMs);
          signal?.removeEventListener("abort", aborted);
          resolve();
        }, partMs);
      };
      signal?.addEventListener("abort", aborted, { once: true });
      wait(Math.max(0, ms));
    });
  },
};

export const nodeRandom: Random = { bytes: (length) => new Uint8Array(randomBytes(length)) };

/** A pipe that nobody writes to would hold this process for ever, and a device has no end: somebody else may have made the directory. */
function readPlainFile(path: string): Uint8Array {
  const file = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    const stat = fs.fstatSync(file);
    if (!stat.isFile() && !stat.isDirectory()) throw Object.assign(new Error(`${path} is no regular file`), { code: "ENOTSUP" });
    return fs.readFileSync(file);
  } finally {
    fs.closeSync(file);
  }
}

export const nodeFileSystem: FileSystem = fileSystemOver({ ...fs, readFileSync: readPlainFile });
