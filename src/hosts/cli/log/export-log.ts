/**
 * `worktrain export`: a log as one file, with what is known as a secret taken out once more.
 *
 * E1. Without a secret in it the file is a segment: byte for byte the lines of the log, and it can be imported.
 * E2. With one it is a redacted copy, which says which lines and blobs were changed and can be read and verified, never gone on with.
 */
import { resolve } from "node:path";
import { encodeRedactedCopy, encodeSegment, joinSegments, wholeDirectory, wholeSegments, type SegmentBlob, type WholeLog } from "../../../journal/index.ts";
import { envelopeSchema } from "../../../record/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import { sha256Hex } from "../../../shared/hash.ts";
import { canonicalJson } from "../../../shared/json.ts";
import { createRedactor, redactJson, type Redact } from "../../../shared/redact.ts";
import type { CliWorld, CommandResult } from "../command.ts";
import { writeNew } from "./new-file.ts";
import type { LogPlace } from "./places.ts";

/** @throws TerminalError when the log is not whole, or the file is there or cannot be written */
export async function exportLog(place: LogPlace, output: string, world: Pick<CliWorld, "fs" | "environment">): Promise<CommandResult> {
  const log = await whole(place, world);
  const item = await itemIdOf(log);
  const redact = createRedactor(world.environment().secrets);
  const lines = log.lines.map((line) => redactLine(redact, line));
  const blobs = log.blobs.map((blob) => redactBlob(redact, blob));
  const redactedLines = lines.flatMap((text, index) => (text === log.lines[index] ? [] : [{ line: index + 1, sha256: sha256Hex(`${log.lines[index]}\n`) }]));
  const redactedBlobs = blobs.flatMap(({ sha256, bytes }, index) => (bytes === log.blobs[index]?.bytes ? [] : [sha256]));
  const same = redactedLines.length === 0 && redactedBlobs.length === 0;
  const bytes = same // E1, E2
    ? encodeSegment({ item, runId: 0, runAttempt: 1, epoch: log.epoch, index: 1, previous: null, lines, blobs })
    : encodeRedactedCopy({ item, lines, redactedLines, blobs, redactedBlobs });
  const file = resolve(output);
  writeNew(world.fs, file, bytes);
  const sha256 = sha256Hex(bytes);
  const data = { file, sha256, bytes: bytes.length, item, lines: lines.length, blobs: blobs.length, redacted: { lines: redactedLines.map(({ line }) => line), blobs: redactedBlobs }, importable: same };
  const taken = `Secrets of this environment, or what looks like some, were taken out of ${redactedLines.length} lines and ${redactedBlobs.length} blobs. The file says which; it can be verified and read, not imported. What stands in the journal itself is a leak: change those secrets.`;
  return { exitCode: 0, text: [`Wrote ${file}: ${lines.length} lines, ${blobs.length} blobs, ${bytes.length} bytes, SHA-256 ${sha256}`, ...(same ? [] : [taken])].join("\n"), data };
}

async function whole(place: LogPlace, { fs }: Pick<CliWorld, "fs">): Promise<WholeLog> {
  if (place.kind === "directory") return wholeDirectory({ directory: place.directory, fs });
  const joined = joinSegments(place.parts);
  if (!joined.ok) throw new TerminalError(`${place.path}: ${joined.error.message}`, joined.error.fix);
  return wholeSegments(joined.value);
}

/** Characters of a local item's name (record: `itemIdSchema`). */
const LOCAL_NAME_CHARS = 40;

/** The item's id; for sessions without an item a local one made of the first session's id. */
async function itemIdOf({ reader }: WholeLog): Promise<string> {
  const streams = await reader.streams();
  const [item, another] = streams.filter((stream) => stream.startsWith("item/"));
  if (another !== undefined) throw new TerminalError(`The log holds several items, ${item} and ${another}.`, "Export one item's log at a time.");
  if (item !== undefined) return item.slice("item/".length);
  const [session] = streams;
  if (session === undefined) throw new TerminalError("The log holds nothing.", "Name a session or an item that has begun.");
  return `0/local-s${session.slice("session/".length).replaceAll(/[^a-z0-9]/g, "")}`.slice(0, "0/local-".length + LOCAL_NAME_CHARS).concat("/1");
}

function redactLine(redact: Redact, line: string): string {
  if (redact(line) === line) return line;
  const envelope = envelopeSchema.parse(JSON.parse(line));
  const data = redactJson(redact, envelope.data);
  // A turn that was changed says so, as in the journal: it must not be replayed.
  const marked = envelope.kind === "turn_completed" && typeof data === "object" ? { ...data, redacted: true } : data;
  return canonicalJson({ ...envelope, data: marked });
}

/** Text is redacted as text; other bytes as the characters they would be in Latin-1, which finds what stands there as it is. */
function redactBlob(redact: Redact, blob: SegmentBlob): SegmentBlob {
  const buffer = Buffer.from(blob.bytes.buffer, blob.bytes.byteOffset, blob.bytes.byteLength);
  const text = buffer.toString("utf8");
  const encoding = Buffer.from(text, "utf8").equals(buffer) ? "utf8" : "latin1";
  const before = encoding === "utf8" ? text : buffer.toString("latin1");
  const after = redact(before);
  return after === before ? blob : { sha256: blob.sha256, bytes: Buffer.from(after, encoding) };
}
