/** All that a log is made of: its lines as they were written, and every blob that they cannot be read without. */
import { readManifest } from "../record/manifest.ts";
import { TerminalError } from "../shared/errors.ts";
import type { Assembled } from "./assemble-segments.ts";
import type { JournalReader } from "./journal.ts";
import { walkLines } from "./line.ts";
import { neededBlobs } from "./needed-blobs.ts";
import type { SegmentBlob } from "./segment.ts";
import { openDirectoryReader, type DirectoryOptions } from "./stores/directory.ts";
import { loadLog } from "./stores/epoch-files.ts";
import { blobsOf, withNeededBlobs } from "./survey.ts";

export interface WholeLog {
  readonly reader: JournalReader;
  /** Highest epoch of any line. */
  readonly epoch: number;
  /** In the order they were appended, without newlines. */
  readonly lines: readonly string[];
  readonly blobs: readonly SegmentBlob[];
}

/** @throws TerminalError when the journal is not whole, or lacks a blob */
export async function wholeDirectory({ directory, fs }: DirectoryOptions): Promise<WholeLog> {
  const reader = await openDirectoryReader({ directory, fs });
  const { chain, files, torn } = loadLog(fs, directory);
  const lines: string[] = [];
  for (const { path, written } of files) {
    const content = path === torn?.path ? torn.kept : (fs.read(path) ?? new Uint8Array()).subarray(0, written);
    const walked = walkLines(content, (_, text) => (lines.push(text), null));
    if (!walked.ok) throw new TerminalError(`The journal file ${path} line ${walked.error.line} is refused: ${walked.error.reason}.`, walked.error.fix);
  }
  return { reader, epoch: Math.max(1, chain.highestEpoch()), lines, blobs: await wholeBlobs(reader, lines) };
}

export const wholeSegments = ({ reader, epoch, lines, blobs }: Assembled): WholeLog => ({ reader, epoch, lines: lines.map(({ text }) => text), blobs });

/** @throws TerminalError when one is missing that the log cannot be read without */
async function wholeBlobs(reader: JournalReader, lines: readonly string[]): Promise<readonly SegmentBlob[]> {
  const blobs = await neededBlobs(lines, (sha256) => reader.getBlob(sha256));
  const there = new Map(blobs.map(({ sha256, bytes }) => [sha256, bytes]));
  for (const stream of await reader.streams()) {
    for (const event of withNeededBlobs(await reader.read(stream))) {
      for (const sha256 of blobsOf(event)) {
        const manifest = event.kind === "session_started" || event.kind === "conversation_started" ? null : readManifest(there.get(sha256) ?? new Uint8Array());
        const contents = manifest?.ok === true ? manifest.value.entries.flatMap((entry) => ("deleted" in entry ? [] : [entry.sha256])) : [];
        const missing = [sha256, ...contents].find((each) => !there.has(each));
        if (missing !== undefined) throw new TerminalError(`The blob ${missing}, which ${stream} seq ${event.seq} needs, is missing.`, "`worktrain verify` says what else is; bring it back from a copy or the saved segments.");
      }
    }
  }
  return blobs;
}
