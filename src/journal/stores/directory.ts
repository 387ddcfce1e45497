/**
 * The journal in a directory. Its guarantee: an append that resolved is on disk (written and synced), and no later writer goes on
 * without it.
 *
 * S1. A writer owns one epoch file, created exclusively: two processes never write to the same file.
 * S2. A writer creates its epoch file before it takes the older ones as final, and acknowledges only while no newer file exists.
 *     So whatever was acknowledged, a newer writer has seen.
 * S3. After a failed write or fsync nothing says what is on disk: the log takes no further append (fault 3).
 * S4. Nothing is built on a line that is not on disk, also when an earlier process wrote it.
 * S5. A system that could not write pages out forgets it once it has told one process: a later sync of the same pages succeeds and
 *     saves nothing (Rebello et al., "Can Applications Recover from fsync Failures?", 2020). So who is told leaves a mark beside the
 *     file, and who goes on from a marked file writes it anew.
 * S6. How a file ended is noted beside it, so that damage is told where no following line tells it (`epoch-end.ts`).
 */
import { BLOB_LIMIT_BYTES } from "../../record/index.ts";
import { systemErrorCode } from "../../shared/durable-files.ts";
import { TerminalError } from "../../shared/errors.ts";
import { sha256Hex, sha256Stream } from "../../shared/hash.ts";
import type { AppendFile, Clock, FileSystem } from "../../shared/ports.ts";
import type { Redact } from "../../shared/redact.ts";
import { ok } from "../../shared/result.ts";
import { createAppended } from "../appended.ts";
import type { Chain } from "../chain.ts";
import type { Journal, JournalReader } from "../journal.ts";
import { prepareAppend } from "../prepare-append.ts";
import { createBlobFiles, type BlobFiles } from "./blob-files.ts";
import { hasEnd, noteEnd } from "./epoch-end.ts";
import { epochPath, epochsDirectory, listEpochs, loadLog, unchanged, type LoadedLog } from "./epoch-files.ts";
import { blobTooLarge } from "./memory.ts";

export interface DirectoryOptions {
  readonly directory: string;
  readonly fs: FileSystem;
}

export interface DirectoryJournalOptions extends DirectoryOptions {
  readonly clock: Clock;
  readonly redact?: Redact;
}

/** What opening found that a person may want to know, one sentence each. */
interface Noted {
  readonly notes: readonly string[];
}

export type DirectoryJournal = Journal &
  Noted & {
    /** Whether this one takes no more: another process has opened the journal since, or a write failed. */
    ended(): boolean;
  };
export type DirectoryJournalReader = JournalReader & Noted;

/**
 * Reads a journal directory as it stands; changes nothing in it. An unfinished end of the newest file is left out and noted.
 * @throws TerminalError with file, line and reason when anything in it does not fit, or a newer WorkTrain wrote it (fault 11)
 */
export async function openDirectoryReader({ directory, fs }: DirectoryOptions): Promise<DirectoryJournalReader> {
  const loaded = explainingSystemErrors(directory, () => loadLog(fs, directory));
  return { ...createReader(loaded.chain, createBlobFiles(directory, fs)), notes: tornNotes(loaded, "left out") };
}

/**
 * Opens a journal directory for writing, with the next epoch; makes it when there is none. A torn tail is cut off the newest
 * file and kept beside it as `.torn` (fault 2).
 * @throws TerminalError with file, line and reason when anything else does not fit; then nothing was changed
 */
export async function openDirectoryJournal({ directory, fs, clock, redact }: DirectoryJournalOptions): Promise<DirectoryJournal> {
  const { loaded, epoch, file } = explainingSystemErrors(directory, () => {
    const claimed = claimEpoch(fs, directory);
    settleTail(fs, claimed.loaded);
    return claimed;
  });
  const { chain } = loaded;
  const blobFiles = createBlobFiles(directory, fs);
  const writer = createEpochWriter(file, fs, epochPath(directory, epoch), epochPath(directory, epoch + 1));
  const appended = createAppended();

  return {
    epoch,
    notes: tornNotes(loaded, "cut off and kept beside it as .torn"),
    ...createReader(chain, blobFiles),
    async append(stream, after, events) {
      writer.check();
      const prepared = prepareAppend(chain, { stream, after, events, epoch, nowMs: clock.nowMs(), redact: redact ?? null });
      if (!prepared.ok) return prepared;
      writer.write(prepared.value.bytes);
      chain.extend(stream, prepared.value);
      appended.addLines(prepared.value.bytes);
      return ok(prepared.value.head);
    },
    async putBlob(bytes) {
      writer.check();
      if (bytes.length > BLOB_LIMIT_BYTES) throw blobTooLarge(bytes.length);
      const sha256 = sha256Hex(bytes);
      if (blobFiles.put(sha256, bytes)) appended.addBlob(sha256);
      return sha256;
    },
    since: async (cursor) => appended.since(cursor, blobFiles.getExisting),
    ended: () => writer.ended() || fs.size(epochPath(directory, epoch + 1)) !== null,
    close: async () => writer.close(),
  };
}

const createReader = (chain: Chain, blobs: BlobFiles): JournalReader => ({
  streams: async () => chain.streams(),
  read: async (stream) => chain.events(stream),
  head: async (stream) => chain.head(stream),
  getBlob: async (sha256) => blobs.get(sha256),
});

function tornNotes({ torn }: LoadedLog, done: string): readonly string[] {
  return torn === null ? [] : [`tail_truncated: ${torn.cut.length} bytes of an unfinished append at the end of ${torn.path} were ${done}.`];
}

/** Takes the next epoch and the log below it, such that the log can gain no acknowledged line any more (S1, S2). */
function claimEpoch(fs: FileSystem, directory: string): { readonly loaded: LoadedLog; readonly epoch: number; readonly file: AppendFile } {
  let loaded = loadLog(fs, directory);
  fs.makeDirectory(epochsDirectory(directory));
  for (;;) {
    const epoch = (loaded.files.at(-1)?.epoch ?? 0) + 1;
    const file = fs.createExclusive(epochPath(directory, epoch));
    if (file === null) {
      loaded = loadLog(fs, directory);
      continue;
    }
    const grown = loaded.files.some((read) => !unchanged(fs, read)) || listEpochs(fs, directory).length !== loaded.files.length + 1;
    return { loaded: grown ? loadLog(fs, directory, epoch) : loaded, epoch, file };
  }
}

/**
 * Makes the log below our epoch durable as it was read: a process that died may have left its end in the page cache only (S4),
 * or torn. Older files were settled so before anything was written after them.
 */
function settleTail(fs: FileSystem, { files, torn }: LoadedLog): void {
  const newest = files.findLast(({ written }) => written > 0);
  if (torn !== null) {
    fs.writeDurably(`${torn.path}.torn`, torn.cut);
    fs.writeDurably(torn.path, torn.kept);
  } else if (newest !== undefined && isMarked(fs, newest.path)) {
    fs.writeDurably(newest.path, fs.read(newest.path)?.subarray(0, newest.written) ?? new Uint8Array()); // S5
  } else if (newest !== undefined) {
    try {
      fs.sync(newest.path);
    } catch (cause) {
      mark(fs, newest.path); // S5
      throw cause;
    }
  }
  if (newest !== undefined && isMarked(fs, newest.path)) fs.remove(markOf(newest.path));
  if (newest === undefined || hasEnd(fs, newest.path)) return;
  const content = torn?.kept ?? fs.read(newest.path)?.subarray(0, newest.written) ?? new Uint8Array();
  if (content.length > 0) noteEnd(fs, newest.path, { bytes: content.length, sha256: sha256Hex(content) }); // S6
}

const markOf = (path: string): string => `${path}.unsynced`;
const isMarked = (fs: FileSystem, path: string): boolean => fs.size(markOf(path)) !== null;

/** As far as the disk still takes it: what failed before is told, whether this does or not. */
function mark(fs: FileSystem, path: string): void {
  try {
    fs.writeDurably(markOf(path), new TextEncoder().encode("A write or sync of this file failed. Whoever goes on from it writes it anew.\n"));
  } catch {
    // The disk takes nothing at all any more.
  }
}

/** The one file this process writes, and the moment it must stop. */
interface EpochWriter {
  /** @throws TerminalError when nothing may be appended any more */
  check(): void;
  /** Resolves only when the bytes are on disk and no newer writer exists. @throws TerminalError otherwise */
  write(bytes: Uint8Array): void;
  /** Whether `check` throws. */
  ended(): boolean;
  close(): void;
}

function createEpochWriter(file: AppendFile, fs: FileSystem, path: string, nextPath: string): EpochWriter {
  let ended: TerminalError | null = null;
  let open = true;
  const sum = sha256Stream();
  let length = 0;
  const noteOwnEnd = (): void => {
    // A newer writer notes what it found; what was not acknowledged is nobody's word.
    if (length === 0 || fs.size(nextPath) !== null) return;
    try {
      noteEnd(fs, path, { bytes: length, sha256: sum.hex() }); // S6
    } catch {
      // Every line is on the disk all the same, and the next writer notes the end.
    }
  };
  const fence = (): void => {
    if (fs.size(nextPath) === null) return;
    ended = replaced(path, nextPath);
    throw ended;
  };
  return {
    check() {
      if (ended !== null) throw ended;
    },
    write(bytes) {
      fence();
      try {
        file.append(bytes);
        file.sync();
      } catch (cause) {
        ended = writeFailed(path, cause); // S3
        mark(fs, path); // S5
        throw ended;
      }
      sum.add(bytes);
      length += bytes.length;
      fence(); // S2
    },
    ended: () => ended !== null,
    close() {
      if (!open) return;
      open = false;
      const sound = ended === null;
      ended ??= new TerminalError(`The journal of ${path} is closed.`, "This is a bug in WorkTrain; please report it.");
      file.close();
      if (sound) noteOwnEnd();
    },
  };
}

/** A directory that cannot be read or written is the operator's to mend, not a bug. */
function explainingSystemErrors<T>(directory: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code === null) throw cause;
    throw new TerminalError(
      `The journal directory ${directory} cannot be opened (${code}).`,
      code === "ENOSPC" || code === "EDQUOT" ? "Free some space." : "Check that it exists, is a directory, and may be read and written by this user.",
      { cause },
    );
  }
}

/** Another process has opened the journal for writing: opened again, it takes appends from here. */
export class JournalReplaced extends TerminalError {}

const replaced = (path: string, nextPath: string): JournalReplaced =>
  new JournalReplaced(
    `Another process opened the journal after this one (${nextPath} exists), so ${path} takes no more.`,
    "Let the other process finish; then run the command again. Nothing that was acknowledged is lost.",
  );

function writeFailed(path: string, cause: unknown): TerminalError {
  const code = systemErrorCode(cause);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new TerminalError(`The disk is full: ${path} could not take the event (${code}).`, "Free some space, then resume: everything acknowledged before is there.", { cause });
  }
  return new TerminalError(
    `Writing ${path} failed (${code ?? String(cause)}): nothing says what of the last event is on disk.`,
    "Check the disk, then resume: everything acknowledged before is there.",
    { cause },
  );
}
