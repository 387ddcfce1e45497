/**
 * How an epoch file ends, noted beside it once nothing is appended to it any more: `000001.jsonl.end` holds its length and its SHA-256.
 *
 * E1. A line is proven by the line that follows it, which the last line of a stream has not: damage there that still reads as an event is
 *     told by this note alone.
 * E2. The note is written whole or not at all, by the writer that closes the file or, where that one died, by the next writer. Without
 *     it the file is read as it stands. What stands behind the noted length nobody was told of, and is judged as without a note.
 */
import { sha256Hex } from "../../shared/hash.ts";
import type { FileSystem } from "../../shared/ports.ts";

export const endPath = (path: string): string => `${path}.end`;

export interface EpochEnd {
  readonly bytes: number;
  readonly sha256: string;
}

const NOTE = /^\{"bytes":(\d{1,15}),"sha256":"([0-9a-f]{64})"\}\n$/;

export function noteEnd(fs: FileSystem, path: string, { bytes, sha256 }: EpochEnd): void {
  fs.writeDurably(endPath(path), new TextEncoder().encode(`${JSON.stringify({ bytes, sha256 })}\n`));
}

export const hasEnd = (fs: FileSystem, path: string): boolean => fs.size(endPath(path)) !== null;

export interface EndFault {
  readonly reason: string;
  readonly fix: string;
}

/** @param content of the file, up to its room. Null when it is what was noted, or nothing was */
export function endFault(fs: FileSystem, path: string, content: Uint8Array): EndFault | null {
  const note = fs.read(endPath(path));
  if (note === null) return null;
  const fix = `Bring the file back from a copy or the saved segments. Only where it is known to be right, and ${endPath(path)} to be what is damaged, remove that one.`;
  const [, length, sha256] = NOTE.exec(new TextDecoder().decode(note)) ?? [];
  if (length === undefined) return { reason: `the note of its end, ${endPath(path)}, cannot be read`, fix };
  if (content.length < Number(length)) return { reason: `it has ${content.length} bytes; when it was closed it had ${length}`, fix };
  return sha256Hex(content.subarray(0, Number(length))) === sha256 ? null : { reason: "its bytes are not those it had when it was closed: something in a last line of it, which no line follows, has changed", fix };
}
