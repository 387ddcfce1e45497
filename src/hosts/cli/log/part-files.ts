/**
 * Segment files that somebody names: one file, or a directory of them as artifacts are downloaded (`gh run download` makes a
 * directory an artifact).
 *
 * P1. A file's name decides nothing and leads nowhere: what is in it says what it is. Symbolic links, pipes and devices are not
 *     followed, and nothing over the limit is read (fault 20).
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { SEGMENT_LIMITS, type NamedPart } from "../../../journal/index.ts";
import { parseSegmentName } from "../../../record/index.ts";
import { systemErrorCode } from "../../../shared/durable-files.ts";
import { TerminalError } from "../../../shared/errors.ts";

/** Of all files together; they are held in memory. */
const ALL_LIMIT_BYTES = 1024 * 1024 * 1024;
/** Files looked at; 500 artifacts a job (P-artifacts), and an item has several jobs. */
const MOST_FILES = 10_000;

/** @throws TerminalError naming the file that cannot be taken */
export function readPartFiles(path: string): readonly NamedPart[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new TerminalError(`There is no ${path}.`, "Name a file that `worktrain export` wrote, or saved segments.");
  if (!stat.isDirectory()) return [readPart(path, ALL_LIMIT_BYTES)];
  const files = segmentFiles(path);
  if (files.length === 0) throw new TerminalError(`${path} holds no saved segment and no journal.`, "Name the directory that the artifacts were downloaded to; their names begin with `worktrain.`.");
  let room = ALL_LIMIT_BYTES;
  return files.map((file) => {
    const part = readPart(file, room);
    room -= part.bytes.length;
    return part;
  });
}

/** Files named as segments, in the directory and one level below it. */
function segmentFiles(directory: string): readonly string[] {
  const found: string[] = [];
  const look = (place: string, deeper: boolean): void => {
    for (const entry of readdirSync(place, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.isDirectory() && deeper) look(join(place, entry.name), false);
      else if (parseSegmentName(entry.name) !== null && !entry.isDirectory()) found.push(join(place, entry.name));
      if (found.length > MOST_FILES) throw new TerminalError(`${directory} holds more than ${MOST_FILES} segments.`, "Name a directory with those of one work item.");
    }
  };
  look(directory, true);
  return found;
}

function readPart(file: string, room: number): NamedPart {
  const descriptor = openPlain(file);
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new TerminalError(`${file} is no regular file.`, "Name a plain file; links, pipes and devices are not read.");
    const limit = Math.min(SEGMENT_LIMITS.storedBytes, room);
    if (stat.size > limit) throw new TerminalError(`${file} has ${stat.size} bytes; ${room < SEGMENT_LIMITS.storedBytes ? `all files together may have ${ALL_LIMIT_BYTES}` : `a segment has at most ${SEGMENT_LIMITS.storedBytes}`}.`, "WorkTrain writes none of this size: find out who made it.");
    const bytes = Buffer.alloc(stat.size);
    let length = 0;
    for (let read = -1; length < bytes.length && read !== 0; length += read) read = readSync(descriptor, bytes, length, bytes.length - length, length);
    if (bytes.toString("latin1", 0, 2) === "PK") throw new TerminalError(`${file} is a zip archive.`, "Unpack it into a directory of its own and name that: nothing is unpacked here.");
    return { file, bytes: bytes.subarray(0, length), digest: null };
  } finally {
    closeSync(descriptor);
  }
}

function openPlain(file: string): number {
  try {
    // Not blocking: a pipe without a writer would hold us.
    return openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ELOOP") throw new TerminalError(`${file} is a symbolic link.`, "Name the file itself; links are not followed.");
    if (code === null) throw error;
    throw new TerminalError(`${file} cannot be read (${code}).`, "Check the path and its permissions.", { cause: error });
  }
}
