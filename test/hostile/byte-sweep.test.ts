/**
 * Cut at every byte and flip every byte of logs that real sessions wrote. After each a reader gets a verified prefix or a refusal
 * that names file, line and reason, and nothing is overwritten (I1). What is read is compared by the hashes of the lines.
 */
import { describe, expect, test, vi } from "vitest";
import { assembleSegments, decodeSegment, openDirectoryJournal, openDirectoryReader, type DirectoryJournalReader } from "../../src/journal/index.ts";
import { TerminalError } from "../../src/shared/errors.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { fakeClock } from "../fakes/clock.ts";
import type { MemoryDisk } from "../fakes/file-system.ts";
import { DIRECTORY, diskOf, FULL, linesOf, masks, realLogs, realSegments, SEGMENT_LIMIT_BYTES, type LogFile, type RealLog } from "./real-logs.ts";

// All of it takes minutes a log.
if (FULL) vi.setConfig({ testTimeout: 60 * 60_000 });
const clock = fakeClock();
const REFUSED = /^The journal file \/j\/epochs\/\d{6}\.jsonl(?: line \d+)? is refused: .+\.$/;

type Outcome = { readonly kind: "read"; readonly reader: DirectoryJournalReader } | { readonly kind: "refused"; readonly message: string };

async function readOn(disk: MemoryDisk): Promise<Outcome> {
  try {
    return { kind: "read", reader: await openDirectoryReader({ directory: DIRECTORY, fs: disk.fileSystem }) };
  } catch (error) {
    if (error instanceof TerminalError && REFUSED.test(error.message) && error.fix !== "") return { kind: "refused", message: error.message };
    throw error;
  }
}

/** Streams whose last line is not the log's own of that place; every line before it is, by the chain. */
async function strangers(log: RealLog, reader: DirectoryJournalReader): Promise<readonly string[]> {
  const streams = await reader.streams();
  const heads = await Promise.all(streams.map((stream) => reader.head(stream)));
  return streams.filter((stream, index) => log.hashes.get(stream)?.[(heads[index]?.seq ?? 0) - 1] !== heads[index]?.hash);
}

async function lineCount(reader: DirectoryJournalReader): Promise<number> {
  const heads = await Promise.all((await reader.streams()).map((stream) => reader.head(stream)));
  return heads.reduce((sum, head) => sum + (head?.seq ?? 0), 0);
}

/** A writer that comes to the damaged log: refused, it changes nothing; else every byte that was there still is. */
async function writerKeeps(log: RealLog, damaged: LogFile): Promise<void> {
  const disk = diskOf(log);
  disk.plant(damaged.path, damaged.bytes);
  const before = disk.snapshot();
  const opened = await openDirectoryJournal({ directory: DIRECTORY, fs: disk.fileSystem, clock }).catch((error: unknown) => error);
  const after = disk.snapshot();
  if (opened instanceof Error) expect(after).toEqual(before);
  for (const [path, bytes] of before) {
    const kept = Buffer.concat([after.get(path) ?? Buffer.alloc(0), after.get(`${path}.torn`) ?? Buffer.alloc(0)]);
    expect(kept.equals(bytes), path).toBe(true);
  }
}

describe.each(realLogs.map((log) => ({ name: log.name, log })))("a real log: $name", ({ log }) => {
  const newest = log.files.findLast(({ bytes }) => bytes.length > 0);
  const total = log.files.flatMap(linesOf).length;

  test("fault 2: cut at any byte of the newest file it is the whole lines before the cut; of an older one a refusal", async () => {
    const disk = diskOf(log);
    for (const file of log.files) {
      const lines = linesOf(file);
      for (let cut = 0; cut < file.bytes.length; cut += 1) {
        disk.plant(file.path, file.bytes.subarray(0, cut));
        const outcome = await readOn(disk);
        const lost = lines.filter(({ end }) => end > cut).length;
        const torn = cut > 0 && !lines.some(({ end }) => end === cut);
        if (file !== newest) {
          if (outcome.kind !== "refused") throw new Error(`${file.path} cut at ${cut} was accepted`);
        } else if (outcome.kind === "refused" || (await lineCount(outcome.reader)) !== total - lost || (await strangers(log, outcome.reader)).length > 0 || outcome.reader.notes.length !== Number(torn)) {
          throw new Error(`${file.path} cut at ${cut} is not read as the ${total - lost} lines before it: ${outcome.kind === "refused" ? outcome.message : outcome.reader.notes.join(" ")}`);
        }
      }
      disk.plant(file.path, file.bytes);
    }
  });

  test("fault 6: a flip of any byte is refused; only in the last line of a stream, which nothing follows, can it pass for what was written", async () => {
    const disk = diskOf(log);
    /** Of each stream, the last line. */
    const last = new Map(log.files.flatMap((file) => linesOf(file).map((line) => [line.stream, { ...line, path: file.path }])));
    let refused = 0;
    let flips = 0;
    for (const file of log.files) {
      const damaged = Buffer.from(file.bytes);
      for (const [index, byte] of file.bytes.entries()) {
        for (const mask of masks(index)) {
          damaged[index] = byte ^ mask;
          disk.plant(file.path, damaged);
          const outcome = await readOn(disk);
          flips += 1;
          if (outcome.kind === "refused") {
            refused += 1;
            continue;
          }
          const passed = await strangers(log, outcome.reader);
          const shorter = (await lineCount(outcome.reader)) < total;
          const inLastLine = [...last.values()].some(({ path, start, end }) => path === file.path && index >= start && index < end);
          if (passed.length > 0 ? !inLastLine || passed.length > 1 || shorter : !shorter || outcome.reader.notes.length === 0) {
            throw new Error(`${file.path} with bit ${mask} of byte ${index} flipped is read as something else: ${passed.join(", ")}`);
          }
        }
        damaged[index] = byte;
      }
      disk.plant(file.path, file.bytes);
    }
    expect(refused / flips).toBeGreaterThan(0.5);
  });

  test("fault 6: the note of how a file ended is damaged at any byte: refused, or without it the log is the same", async () => {
    const disk = diskOf(log);
    for (const note of log.ends) {
      const damages = [...note.bytes.keys()].flatMap((at) => [note.bytes.subarray(0, at), ...masks(at).map((mask) => Buffer.from(note.bytes.map((byte, index) => (index === at ? byte ^ mask : byte))))]);
      for (const bytes of damages) {
        disk.plant(note.path, bytes);
        const outcome = await readOn(disk);
        if (outcome.kind === "read") throw new Error(`${note.path} damaged to ${JSON.stringify(bytes.toString("latin1"))} was accepted`);
      }
      disk.fileSystem.remove(note.path);
      const without = await readOn(disk);
      expect(without.kind === "read" ? await lineCount(without.reader) : without.message).toBe(total);
      disk.plant(note.path, note.bytes);
    }
  });

  test("faults 2 and 6: a writer that comes to the damaged log loses no byte of it", async () => {
    for (const file of log.files) {
      for (const { start, end } of linesOf(file)) {
        for (const at of [start, start + 1, Math.floor((start + end) / 2), end - 1]) {
          await writerKeeps(log, { path: file.path, bytes: file.bytes.subarray(0, at) });
          const damaged = Buffer.from(file.bytes);
          damaged[at] = (damaged[at] ?? 0) ^ 1;
          await writerKeeps(log, { path: file.path, bytes: damaged });
        }
      }
    }
  });
});

describe("real segments", () => {
  const parts = realSegments.map((bytes) => ({ bytes, digest: sha256Hex(bytes) }));
  const whole = assembleSegments(parts);
  if (!whole.ok) throw new Error(whole.error.message);

  /** Each segment damaged at each of its bytes, by a cut before it or a flip of it. */
  function* damaged(): Generator<{ readonly nth: number; readonly what: string; readonly bytes: Buffer }> {
    for (const [nth, segment] of realSegments.entries()) {
      if (segment.length > SEGMENT_LIMIT_BYTES) continue;
      for (let cut = 0; cut < segment.length; cut += 1) yield { nth, what: `cut at ${cut}`, bytes: segment.subarray(0, cut) };
      const bytes = Buffer.from(segment);
      for (const [index, byte] of segment.entries()) {
        for (const mask of masks(index)) {
          bytes[index] = byte ^ mask;
          yield { nth, what: `bit ${mask} of byte ${index} flipped`, bytes };
        }
        bytes[index] = byte;
      }
    }
  }

  test("faults 6 and 7: one that is cut or flipped anywhere is refused with the reason, or holds the very same; a new digest for it does not help", () => {
    const originals = realSegments.map((bytes) => JSON.stringify(contentOf(bytes)));
    let same = 0;
    for (const { nth, what, bytes } of damaged()) {
      const content = contentOf(bytes);
      if (content === null) continue;
      if (JSON.stringify(content) !== originals[nth]) throw new Error(`Segment ${nth + 1} with ${what} is read as something else.`);
      same += 1;
      const chain = assembleSegments(parts.map((part, index) => (index === nth ? { bytes, digest: sha256Hex(bytes) } : part)));
      // The next one is linked to the digest that was; behind the last there is none.
      if (nth === parts.length - 1 ? !chain.ok : chain.ok || chain.error.kind !== "segment-gap") throw new Error(`Segment ${nth + 1} with ${what} and a new digest: ${chain.ok ? "accepted" : chain.error.kind}`);
    }
    // Two bytes of gzip's header say nothing of the content, and the last bits before its checksum are padding; deflate has a few spare ones.
    expect(same).toBeGreaterThan(0);
    expect(same).toBeLessThanOrEqual(32 * realSegments.length);
  });

  test("faults 6 and 19: a chain, as it is saved and exported, with one of them damaged is refused by the digest its store said", () => {
    for (const { nth, what, bytes } of damaged()) {
      const result = assembleSegments([{ bytes, digest: parts[nth]?.digest ?? "" }, ...parts.filter((_, index) => index !== nth)]);
      if (result.ok || result.error.kind !== "digest-mismatch" || !result.error.message.startsWith("Part 1 ")) throw new Error(`Segment ${nth + 1} with ${what} was not refused by its digest.`);
    }
  });
});

/** Everything that is in a segment; null when it is refused as damaged. */
function contentOf(bytes: Uint8Array): unknown {
  const decoded = decodeSegment(bytes);
  if (decoded.ok) {
    const { lines, blobs, item, runId, runAttempt, epoch, index, previous } = decoded.value;
    return { lines, blobs: blobs.map((blob) => [blob.sha256, Buffer.from(blob.bytes).toString("hex")]), item, runId, runAttempt, epoch, index, previous };
  }
  if (decoded.error.kind !== "segment-damaged" || !/^The segment is damaged or was edited: .+/.test(decoded.error.message)) throw new Error(`${decoded.error.kind}: ${decoded.error.message}`);
  return null;
}
