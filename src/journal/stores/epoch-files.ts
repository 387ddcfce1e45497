/**
 * The layout of a journal directory, and reading and checking all of it:
 * `epochs/000001.jsonl` holds the lines of all streams that the writer of epoch 1 appended, in that order;
 * `epochs/000001.jsonl.end` how that file ended (`epoch-end.ts`);
 * `blobs/<first two hex digits>/<sha256>` one blob each, checked when it is read.
 *
 * D1. Every line of every epoch file is checked before anything is said about the log; what does not fit is refused with file and line.
 * D2. Only the end of the newest epoch file that holds anything can be torn: its writer died within an append nobody was told of.
 * D3. A file can have room behind its lines: zeros that its writer did not come to cut off. They are nobody's bytes, and no
 *     other writer touches them: it could not tell a dead writer from one that is held up.
 */
import { join } from "node:path";
import { TerminalError } from "../../shared/errors.ts";
import type { FileSystem } from "../../shared/ports.ts";
import { createChain, type Chain } from "../chain.ts";
import { isLargeLog, readLine, walkLines } from "../line.ts";
import { endFault } from "./epoch-end.ts";

export const epochsDirectory = (directory: string): string => join(directory, "epochs");
export const epochPath = (directory: string, epoch: number): string => join(directory, "epochs", `${String(epoch).padStart(6, "0")}.jsonl`);
export const blobPath = (directory: string, sha256: string): string => join(directory, "blobs", sha256.slice(0, 2), sha256);

export interface EpochFile {
  readonly epoch: number;
  readonly path: string;
  /** Its size, and how much of it stands before its room (D3). */
  readonly bytes: number;
  readonly written: number;
}

export interface TornTail {
  readonly path: string;
  /** What stands whole before the tear. */
  readonly kept: Uint8Array;
  readonly cut: Uint8Array;
}

export interface LoadedLog {
  readonly chain: Chain;
  readonly files: readonly EpochFile[];
  readonly torn: TornTail | null;
}

const EPOCH_FILE = /^(\d{6,12})\.jsonl$/;

/** Epochs that have a file, ascending. Other names (cut tails, a copy's leftovers) are no part of the log. */
export function listEpochs(fs: FileSystem, directory: string): readonly number[] {
  const epochs = fs.list(epochsDirectory(directory)).flatMap((name) => EPOCH_FILE.exec(name)?.[1] ?? []);
  return epochs.map(Number).sort((a, b) => a - b);
}

/**
 * Reads and checks the log (D1). Changes nothing.
 * @param below only epochs below this one; all by default
 * @throws TerminalError that names the file, the line and the reason
 */
export function loadLog(fs: FileSystem, directory: string, below: number = Number.POSITIVE_INFINITY): LoadedLog {
  const chain = createChain();
  const files = listEpochs(fs, directory)
    .filter((epoch) => epoch < below)
    .map((epoch) => ({ epoch, path: epochPath(directory, epoch), ...contentOf(fs.read(epochPath(directory, epoch)) ?? new Uint8Array()) }));
  const newest = files.findLast(({ written }) => written > 0);
  let torn: TornTail | null = null;
  for (const [index, file] of files.entries()) {
    if (file.epoch !== index + 1) throw missingEpoch(epochPath(directory, index + 1), file.path);
    const content = file.content.subarray(0, file.written);
    const whole = file === newest ? wholeBytes(content) : content.length;
    if (whole < content.length) torn = { path: file.path, kept: content.subarray(0, whole), cut: content.subarray(whole) };
    acceptFile(chain, file.path, file.epoch, content.subarray(0, whole));
    // After the lines, of which each can name its place.
    const fault = endFault(fs, file.path, content);
    if (fault !== null) throw new TerminalError(`The journal file ${file.path} is refused: ${fault.reason}.`, fault.fix);
  }
  return { chain, files: files.map(({ epoch, path, content, written }) => ({ epoch, path, bytes: content.length, written })), torn };
}

/** A file's content, and how much of it stands before its room (D3). */
export function contentOf(content: Uint8Array): { readonly content: Uint8Array; readonly written: number } {
  let written = content.length;
  while (written > 0 && content[written - 1] === 0) written -= 1;
  return { content, written };
}

/** Whether a file still is what it was when it was read: an append into its room changes no size. */
export function unchanged(fs: FileSystem, file: EpochFile): boolean {
  if (fs.size(file.path) !== file.bytes) return false;
  return file.written === file.bytes || contentOf(fs.read(file.path) ?? new Uint8Array()).written === file.written;
}

/**
 * A file that had grown can have unwritten sectors after a power cut, which read as zeros; JSON text holds no NUL. Fewer zeros than
 * these are taken for damage, as one flipped bit can make a NUL; but not where an append begins, in the last bytes of a sector:
 * behind a newline stands `{`, of which no flipped bit makes a NUL.
 */
const UNWRITTEN = Buffer.alloc(16);
const UNWRITTEN_BEGINNING = Buffer.from("\n\0");

/** How many bytes of the newest file's content stand before a tear (D2). */
export function wholeBytes(content: Uint8Array): number {
  const buffer = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  // One fast look that tells for nearly every file that there is no such place.
  if (!buffer.includes(0)) return buffer.lastIndexOf("\n") + 1;
  const tears = [UNWRITTEN, UNWRITTEN_BEGINNING].map((zeros) => buffer.indexOf(zeros)).filter((at) => at !== -1);
  return buffer.subarray(0, Math.min(buffer.length, ...tears.map((at) => at + 1))).lastIndexOf("\n") + 1;
}

function acceptFile(chain: Chain, path: string, epoch: number, content: Uint8Array): void {
  const large = isLargeLog(content);
  const walked = walkLines(content, (bytes, text) => {
    const line = readLine(bytes, text, !large);
    if (!line.ok) return { reason: line.error.message, fix: line.error.fix };
    const wrote = line.value.recorded.epoch;
    if (wrote !== epoch) return { reason: `it says epoch ${wrote} in the file of epoch ${epoch}`, fix: "Put the file back under its own name, or restore the journal from a copy." };
    const misplaced = chain.accept(line.value, large ? bytes : null);
    return misplaced === null ? null : { reason: misplaced.message, fix: misplaced.fix };
  });
  if (walked.ok) return;
  const { line, reason, fix } = walked.error;
  throw new TerminalError(`The journal file ${path} line ${line} is refused: ${reason}.`, fix);
}

const missingEpoch = (missing: string, next: string): TerminalError =>
  new TerminalError(
    `The journal file ${missing} is missing, though ${next} is there.`,
    "Bring the missing file back from a copy or the saved segments; the log is not read across a gap.",
  );
