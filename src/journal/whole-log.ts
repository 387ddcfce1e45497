/** All that a log is made of: its lines as they were written, and every blob that they cannot be read without. */
import { readManifest } from "../record/manifest.ts";
import { TerminalError } from "../shared/errors.ts";
import type { Assembled } from "./assemble-segments.ts";
import type { JournalReader } from "./journal.ts";
import { walkLines } from "./line.ts";
import type { SegmentBlob } from "./segment.ts";
import { openDirectoryReader, type DirectoryOptions } from "./stores/directory.ts";
import { loadLog } from "./stores/epoch-files.ts";
import { blobsOf } from "./survey.ts";

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
  return { reader, epoch: Math.max(1, chain.highestEpoch()), lines, blobs: await neededBlobs(reader) };
}

export const wholeSegments = ({ reader, epoch, lines, blobs }: Assembled): WholeLog => ({ reader, epoch, lines: lines.map(({ text }) => text), blobs });

async function neededBlobs(reader: JournalReader): Promise<readonly SegmentBlob[]> {
  const blobs = new Map<string, Uint8Array>();
  const take = async (sha256: string, stream: string, seq: number): Promise<Uint8Array | null> => {
    if (blobs.has(sha256)) return null;
    const bytes = await reader.getBlob(sha256);
    if (bytes === null) throw new TerminalError(`The blob ${sha256}, which ${stream} seq ${seq} names, is missing.`, "`worktrain verify` says what else is; bring it back from a copy or the saved segments.");
    blobs.set(sha256, bytes);
    return bytes;
  };
  for (const stream of await reader.streams()) {
    for (const event of await reader.read(stream)) {
      for (const sha256 of blobsOf(event)) {
        const bytes = await take(sha256, stream, event.seq);
        const manifest = bytes === null || event.kind === "session_started" || event.kind === "conversation_started" ? null : readManifest(bytes);
        if (manifest?.ok !== true) continue;
        for (const entry of manifest.value.entries) if (!("deleted" in entry)) await take(entry.sha256, stream, event.seq);
      }
    }
  }
  return [...blobs].map(([sha256, bytes]) => ({ sha256, bytes }));
}
