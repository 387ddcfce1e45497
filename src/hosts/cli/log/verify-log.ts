/** `worktrain verify`: everything that can be checked of a log, what is wrong where, and what can still be used of it. */
import { blobsOf, withNeededBlobs, copyReader, decodeRedactedCopy, surveyDirectory, surveySegments, openDirectoryReader, type JournalReader, type LogFault, type NamedPart, type ReadCopy, type Survey, type Surveyor } from "../../../journal/index.ts";
import { sessionStream, type Recorded } from "../../../record/index.ts";
import { readManifest } from "../../../record/manifest.ts";
import { readItemJournal } from "../../../report/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { CliWorld, CommandResult } from "../command.ts";
import { printable } from "../printable.ts";
import type { LogPlace } from "./places.ts";

/** What somebody outside the log vouches for, such as GitHub for an artifact's digest. */
export interface Attested {
  readonly what: string;
  readonly ok: boolean;
  readonly by: "GitHub" | "signature" | "made again here";
}

type Blobs = JournalReader["getBlob"];

interface Looked {
  readonly survey: Surveyor;
  /** Null where a damaged log leaves no blobs to be had. */
  readonly getBlob: Blobs | null;
  /** Lines and blobs that redaction changed: their contents are not what the chain speaks of. */
  readonly copy: ReadCopy | null;
}

/** Looks over the log that a person named. Exit code 1 when anything is wrong. */
export async function verifyPlace(place: LogPlace, world: Pick<CliWorld, "fs">): Promise<CommandResult> {
  const looked = place.kind === "directory" ? await lookAtDirectory(place.directory, world) : lookAtFiles(place.parts);
  return verdict(place.kind === "directory" ? place.directory : place.path, looked, []);
}

async function lookAtDirectory(directory: string, { fs }: Pick<CliWorld, "fs">): Promise<Looked> {
  const survey = surveyDirectory(directory, fs);
  // The blobs of a directory stand beside the log, whatever is wrong with the log.
  const blobs = await openDirectoryReader({ directory, fs: { ...fs, list: () => [] } });
  return { survey, getBlob: (sha256) => blobs.getBlob(sha256), copy: null };
}

/** Looks at segments, or at the one file of a copy. */
export function lookAtFiles(parts: readonly NamedPart[]): Looked {
  const [only, ...more] = parts;
  const copy = only !== undefined && more.length === 0 ? decodeRedactedCopy(only.bytes) : null;
  if (only === undefined || copy === null) {
    return { ...surveySegments(parts), copy: null };
  }
  const { survey } = surveySegments([]);
  if (!copy.ok) {
    survey.fault({ file: only.file, line: null, stream: null, reason: copy.error.message, fix: copy.error.fix });
    return { survey, getBlob: null, copy: null };
  }
  for (const [index, line] of copy.value.readLines.entries()) survey.line({ file: only.file, line: index + 1 }, line);
  const reader = copyReader(copy.value);
  return { survey, getBlob: reader.ok ? (sha256) => reader.value.getBlob(sha256) : null, copy: copy.value };
}

/** What the survey and everything that refers to something else come to. */
export async function verdict(where: string, { survey, getBlob, copy }: Looked, attested: readonly Attested[]): Promise<CommandResult> {
  const log = survey.done();
  const found = [...(getBlob === null ? [] : await missingBlobs(log, getBlob)), ...(await foreignSessions(log))];
  for (const fault of found) survey.fault(fault);
  const { lines, bytes, streams, faults, faultCount, salvage, notes } = survey.done();
  const empty = lines === 0 && faultCount === 0 ? [{ file: where, line: null, stream: null, reason: "it holds no line", fix: "Name another one." }] : [];
  const ok = faultCount === 0 && empty.length === 0 && attested.every((each) => each.ok);
  const redacted = copy === null ? null : { lines: copy.redactedLines.map(({ line }) => line), blobs: copy.redactedBlobs };
  const sessions = await Promise.all(streams.filter(({ stream }) => stream.startsWith("session/")).map(async ({ stream }) => sessionOf(stream, log.events(stream))));
  const data = { ok, log: where, lines, bytes, streams, sessions, faults: [...faults, ...empty], faultCount: faultCount + empty.length, salvage, attested, redacted, notes: [...notes, ...provenance(ok, attested, copy)] };
  return { exitCode: ok ? 0 : 1, text: printable(words(data)), data };
}

function sessionOf(stream: string, events: readonly Recorded[]) {
  const started = events.find((event) => event.kind === "session_started");
  const ended = events.findLast((event) => event.kind === "session_ended" || event.kind === "rewound");
  return { sessionId: stream.slice("session/".length), workflow: started?.data.workflow ?? null, outcome: ended?.kind === "session_ended" ? ended.data.outcome : null };
}

/** Plans, prompts, manifests and files that the log names, each checked against its hash. */
async function missingBlobs(log: Survey, getBlob: Blobs): Promise<readonly LogFault[]> {
  const faults: LogFault[] = [];
  const seen = new Set<string>();
  const look = async (sha256: string, stream: string, seq: number): Promise<Uint8Array | null> => {
    const fault = (reason: string, fix: string): void => void faults.push({ file: `blob ${sha256}`, line: null, stream, reason: `${reason} (named by seq ${seq})`, fix });
    if (seen.has(sha256)) return null;
    seen.add(sha256);
    try {
      const bytes = await getBlob(sha256);
      if (bytes === null) fault("it is missing", "Bring it back from a copy or the saved segments; sessions that need it cannot go on.");
      return bytes;
    } catch (error) {
      if (!(error instanceof TerminalError)) throw error;
      fault(error.message, error.fix);
      return null;
    }
  };
  for (const { stream } of log.streams) {
    for (const event of withNeededBlobs(log.events(stream))) {
      for (const sha256 of blobsOf(event)) {
        const bytes = await look(sha256, stream, event.seq);
        const isManifest = event.kind !== "session_started" && event.kind !== "conversation_started";
        const manifest = bytes === null || !isManifest ? null : readManifest(bytes);
        if (manifest === null) continue;
        if (!manifest.ok) faults.push({ file: `blob ${sha256}`, line: null, stream, reason: manifest.error.message, fix: manifest.error.fix });
        else for (const entry of manifest.value.entries) if (!("deleted" in entry)) await look(entry.sha256, stream, event.seq);
      }
    }
  }
  return faults;
}

/** Streams of sessions that none of the items started. */
async function foreignSessions(log: Survey): Promise<readonly LogFault[]> {
  const items = log.streams.flatMap(({ stream }) => (stream.startsWith("item/") ? [stream] : []));
  // With a fault in the log, what schedules a session may be what is lost.
  if (items.length === 0 || log.faultCount > 0) return [];
  const known = new Set(items);
  for (const stream of items) {
    const journal = await readItemJournal({ read: (name) => Promise.resolve(log.events(name)) }, stream.slice("item/".length));
    for (const id of journal.sessions.keys()) known.add(sessionStream(id));
  }
  return log.streams
    .filter(({ stream }) => !known.has(stream))
    .map(({ stream }) => ({ file: stream, line: null, stream, reason: "no event of the item starts this session: it is foreign to this log", fix: "Somebody put it in. It is never acted on; restore the log from the saved segments." }));
}

function provenance(ok: boolean, attested: readonly Attested[], copy: ReadCopy | null): readonly string[] {
  const taken = copy === null ? [] : [`${copy.redactedLines.length} lines and ${copy.redactedBlobs.length} blobs had secrets taken out when this copy was made. The chain holds by the hashes they had; what they said is not proven, and nothing can go on from it.`];
  return attested.length > 0 || !ok ? taken : [...taken, "This shows that nothing was changed within the log, not who wrote it: for a run on GitHub, `worktrain verify RUN` asks GitHub."];
}

interface Told {
  readonly ok: boolean;
  readonly log: string;
  readonly lines: number;
  readonly streams: Survey["streams"];
  readonly faults: readonly LogFault[];
  readonly faultCount: number;
  readonly salvage: Survey["salvage"];
  readonly attested: readonly Attested[];
  readonly notes: readonly string[];
}

function words({ ok, log, lines, streams, faults, faultCount, salvage, attested, notes }: Told): string {
  const wrong = faultCount + attested.filter((each) => !each.ok).length;
  const head = `${log}: ${ok ? "whole" : wrong === 1 ? "1 fault" : `${wrong} faults`}, ${lines} lines, ${streams.length} streams`;
  const at = ({ file, line }: LogFault): string => `${file}${line === null ? "" : ` line ${line}`}`;
  const saved = salvage.lines === 0 ? "Nothing can be salvaged." : `Can be salvaged: ${salvage.lines} lines${salvage.upTo === null ? "" : `, up to ${salvage.upTo.file} line ${salvage.upTo.line}`}.`;
  return [
    head,
    ...streams.map(({ stream, lines: count, head: { seq, hash } }) => `  ${stream}  ${count} lines, head ${seq} ${hash.slice(0, 12)}`),
    ...attested.map((each) => `  ${each.ok ? "ok" : "WRONG"}  ${each.what} (${each.by})`),
    ...faults.map((fault) => `${at(fault)}: ${fault.reason}. ${fault.fix}`),
    ...(faultCount > faults.length ? [`... and ${faultCount - faults.length} more.`] : []),
    ...(faultCount === 0 ? [] : [saved]),
    ...notes,
  ].join("\n");
}
