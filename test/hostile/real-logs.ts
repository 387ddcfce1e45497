/**
 * Logs that real sessions wrote, for damaging them byte by byte:
 * - `golden`: sessions of WorkTrain 0.1, one after the other in one epoch (test/golden);
 * - `demo`: the beginning of the demo's work item, two streams at a time, and its first segments as they went up;
 * - `shell`: a session driven by shell commands, each of them a writer of its own, so eight epochs, two of them empty.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { memoryDisk, type MemoryDisk } from "../fakes/file-system.ts";

/** Nightly all of each log up to 64 KB, and all 8 bits of each byte (faults.md). Otherwise what takes a few seconds. */
export const FULL = process.env["WORKTRAIN_SWEEP"] === "full";
const LIMIT_BYTES = FULL ? 64 * 1024 : 8 * 1024;
/** Segments up to this size are damaged, the others only stand beside them. */
export const SEGMENT_LIMIT_BYTES = FULL ? Number.POSITIVE_INFINITY : 4 * 1024;

export const DIRECTORY = "/j";

export interface LogFile {
  readonly path: string;
  readonly bytes: Buffer;
}

export interface RealLog {
  readonly name: string;
  /** Epoch files, oldest first. */
  readonly files: readonly LogFile[];
  /** Hashes of each stream's lines, in order: what no reader may contradict. */
  readonly hashes: ReadonlyMap<string, readonly string[]>;
}

const ROOT = join(import.meta.dirname, "..");

/** The masks a byte is flipped with: another bit for each byte, or all. */
export const masks = (index: number): readonly number[] => (FULL ? [1, 2, 4, 8, 16, 32, 64, 128] : [1 << (index % 8)]);

export const realLogs: readonly RealLog[] = [
  readLog("golden", join(ROOT, "golden", "0.1", "journal", "epochs")),
  readLog("demo", join(ROOT, "fixtures", "logs", "demo", "epochs")),
  readLog("shell", join(ROOT, "fixtures", "logs", "shell", "epochs")),
];

/** The demo's first segments, in chain order. */
export const realSegments: readonly Buffer[] = readdirSync(join(ROOT, "fixtures", "logs", "segments"))
  .sort()
  .map((file) => readFileSync(join(ROOT, "fixtures", "logs", "segments", file)));

/** A disk that holds the log. */
export function diskOf(log: RealLog): MemoryDisk {
  const disk = memoryDisk();
  for (const { path, bytes } of log.files) disk.plant(path, bytes);
  return disk;
}

function readLog(name: string, epochs: string): RealLog {
  let room = LIMIT_BYTES;
  const files = readdirSync(epochs)
    .sort()
    .map((file) => {
      const all = readFileSync(join(epochs, file)).subarray(0, room);
      const bytes = all.subarray(0, all.lastIndexOf("\n") + 1);
      room -= bytes.length;
      return { path: `${DIRECTORY}/epochs/${file}`, bytes };
    });
  return { name, files, hashes: hashesOf(files) };
}

function hashesOf(files: readonly LogFile[]): ReadonlyMap<string, readonly string[]> {
  const hashes = new Map<string, string[]>();
  for (const { stream, hash } of files.flatMap(linesOf)) hashes.set(stream, [...(hashes.get(stream) ?? []), hash]);
  return hashes;
}

export interface LogLine {
  readonly stream: string;
  readonly hash: string;
  /** Where it begins and where the next one does. */
  readonly start: number;
  readonly end: number;
}

/** Taken apart without the product's reader. */
export function linesOf({ bytes }: LogFile): readonly LogLine[] {
  const lines: LogLine[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf("\n", start) + 1;
    const line = bytes.subarray(start, end);
    lines.push({ stream: (JSON.parse(line.toString("utf8")) as { stream: string }).stream, hash: createHash("sha256").update(line).digest("hex"), start, end });
    start = end;
  }
  return lines;
}
