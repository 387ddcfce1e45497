/**
 * Logs that real runs wrote, for damaging them byte by byte, each of them whole:
 * - `golden`: a session of WorkTrain 0.1 and the children that worked for it (test/golden);
 * - `local`: `worktrain run` with a workflow of two children and a person's gate, the approval and `resume`: item, session and children
 *   in three epochs;
 * - `shell`: a session driven by shell commands, each of them a writer of its own, so eight epochs, two of them empty.
 * Nightly as well, as long as they are up to 64 KB: all of `golden`, and `demo`, the demo's work item. Its first segments are those
 * that went up.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { memoryDisk, type MemoryDisk } from "../fakes/file-system.ts";

/** Nightly the long logs as well, and all 8 bits of each byte. Otherwise what takes a few seconds: what a damaged log costs grows with its square. */
export const FULL = process.env["WORKTRAIN_SWEEP"] === "full";
const LIMIT_BYTES = 64 * 1024;
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
  /** The notes of how files ended that were closed; of the newest there is none, as behind a killed writer. */
  readonly ends: readonly LogFile[];
  /** Hashes of each stream's lines, in order: what no reader may contradict. */
  readonly hashes: ReadonlyMap<string, readonly string[]>;
}

const ROOT = join(import.meta.dirname, "..");

/** The masks a byte is flipped with: another bit for each byte, or all. */
export const masks = (index: number): readonly number[] => (FULL ? [1, 2, 4, 8, 16, 32, 64, 128] : [1 << (index % 8)]);

const GOLDEN = join(ROOT, "golden", "0.1", "journal", "epochs");
const recorded = (name: string): string => join(ROOT, "fixtures", "logs", name, "epochs");

export const realLogs: readonly RealLog[] = [
  readLog("golden", GOLDEN, ({ stream }) => stream.startsWith("session/golden-fixture-parallel")),
  readLog("local", recorded("local")),
  readLog("shell", recorded("shell")),
  ...(FULL ? [readLog("all of golden", GOLDEN), readLog("demo", recorded("demo"))] : []),
];

/** The demo's first segments, in chain order. */
export const realSegments: readonly Buffer[] = readdirSync(join(ROOT, "fixtures", "logs", "segments"))
  .sort()
  .map((file) => readFileSync(join(ROOT, "fixtures", "logs", "segments", file)));

/** A disk that holds the log. */
export function diskOf(log: RealLog): MemoryDisk {
  const disk = memoryDisk();
  for (const { path, bytes } of [...log.files, ...log.ends]) disk.plant(path, bytes);
  return disk;
}

/** @param keep which streams, all when absent: a stream goes on from nothing but itself */
function readLog(name: string, epochs: string, keep: (line: LogLine) => boolean = () => true): RealLog {
  let room = LIMIT_BYTES;
  const names = readdirSync(epochs).sort();
  const ends = names.filter((file) => file.endsWith(".end")).map((file) => ({ path: `${DIRECTORY}/epochs/${file}`, bytes: readFileSync(join(epochs, file)) }));
  const files = names
    .filter((file) => file.endsWith(".jsonl"))
    .map((file) => {
      const path = `${DIRECTORY}/epochs/${file}`;
      const all = readFileSync(join(epochs, file)).subarray(0, room);
      const whole = all.subarray(0, all.lastIndexOf("\n") + 1);
      const bytes = Buffer.concat(linesOf({ path, bytes: whole }).filter(keep).map(({ start, end }) => whole.subarray(start, end)));
      room -= bytes.length;
      return { path, bytes };
    });
  return { name, files, ends, hashes: hashesOf(files) };
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
