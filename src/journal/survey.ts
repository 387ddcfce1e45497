/**
 * Looking over a log that may be damaged: everything that is wrong with it, and how much of it can still be used.
 *
 * U1. What can be salvaged is the part before the first fault in the order of appending, and nothing behind it: a later line may
 *     refer to what is lost. Where a chain is broken, the line before the break may be the one that was changed: it is left out too;
 *     and all of a session that did not end where its item says.
 * U2. Behind the first fault nothing is taken any more, but looked at: one fault a stream, since the rest follows from it.
 */
import { type Head, type Recorded, sessionStream } from "../record/index.ts";
import { canonicalJson } from "../shared/json.ts";
import { createChain } from "./chain.ts";
import { readLine, walkLines, type ReadLine } from "./line.ts";

/** What is wrong with a log, and where. */
export interface LogFault {
  /** File, segment or blob. */
  readonly file: string;
  /** Counted from 1; null when the fault is that of the whole file. */
  readonly line: number | null;
  readonly stream: string | null;
  readonly reason: string;
  readonly fix: string;
}

interface LineAt {
  readonly file: string;
  readonly line: number;
}

export interface StreamSurvey {
  readonly stream: string;
  readonly lines: number;
  readonly head: Head;
  /** Times of its first and last line; informational. */
  readonly from: string;
  readonly to: string;
}

export interface Survey {
  /** Lines that fit, those behind a fault included. */
  readonly lines: number;
  readonly bytes: number;
  readonly streams: readonly StreamSurvey[];
  /** The first ones; `faultCount` counts all. */
  readonly faults: readonly LogFault[];
  readonly faultCount: number;
  /** What stands before the first fault (U1); `upTo` is the last line of it. */
  readonly salvage: { readonly lines: number; readonly upTo: LineAt | null; readonly heads: readonly { readonly stream: string; readonly head: Head }[] };
  /** What a person may want to know that is no fault. */
  readonly notes: readonly string[];
  /** Events of what can be salvaged. */
  events(stream: string): readonly Recorded[];
}

/** Faults that are listed one by one. */
const MOST_FAULTS = 50;

export interface Surveyor {
  /** Looks at every line of a part of the log. @param epoch that all of its lines must have; null where the part says it itself */
  log(file: string, bytes: Uint8Array, epoch: number | null): void;
  /** Takes a line that was read elsewhere. */
  line(at: LineAt, line: ReadLine): void;
  fault(fault: LogFault): void;
  note(text: string): void;
  done(): Survey;
}

export function createSurveyor(): Surveyor {
  /** Every line that fits its stream. */
  const all = createChain();
  /** Those before the first fault (U1), and where the last line of each stream stands among them. */
  const good: { readonly at: LineAt; readonly read: ReadLine }[] = [];
  const lastOf = new Map<string, number>();
  const broken = new Set<string>();
  const faults: LogFault[] = [];
  const notes: string[] = [];
  let [faultCount, lines, bytes] = [0, 0, 0];

  const fault = (found: LogFault): void => {
    faultCount += 1;
    if (faults.length < MOST_FAULTS) faults.push(found);
  };
  const line: Surveyor["line"] = (at, read) => {
    const { stream } = read.recorded;
    if (broken.has(stream)) return;
    const refusal = all.accept(read);
    if (refusal !== null) {
      broken.add(stream); // U2
      if (refusal.kind === "chain-broken" && faultCount === 0) good.length = lastOf.get(stream) ?? good.length; // U1
      if (refusal.kind === "contradicted" && faultCount === 0) good.length = beginOf(read, good); // U1
      return fault({ ...at, stream, reason: refusal.message, fix: refusal.fix });
    }
    lines += 1;
    if (faultCount > 0) return;
    lastOf.set(stream, good.length);
    good.push({ at, read });
  };

  return {
    line,
    fault,
    note: (text) => void notes.push(text),
    log(file, content, epoch) {
      bytes += content.length;
      let count = 0;
      for (const part of linesOf(content)) {
        count += 1;
        const at = { file, line: count };
        const walked = walkLines(part, (whole, text) => {
          const read = readLine(whole, text);
          if (!read.ok) return { reason: read.error.message, fix: read.error.fix };
          if (canonicalJson(JSON.parse(text)) !== text) return { reason: "it is not in canonical form", fix: "It was edited. Restore the log from the saved segments or from a copy." };
          const wrote = read.value.recorded.epoch;
          if (epoch !== null && wrote !== epoch) return { reason: `it says epoch ${wrote} in the file of epoch ${epoch}`, fix: "Put the file back under its own name, or restore the journal from a copy." };
          line(at, read.value);
          return null;
        });
        if (!walked.ok) fault({ ...at, stream: null, reason: walked.error.reason, fix: walked.error.fix });
      }
    },
    done() {
      const chain = createChain();
      for (const { read } of good) chain.accept(read);
      return {
        lines,
        bytes,
        streams: all.streams().map((stream) => streamSurvey(stream, all.events(stream), all.head(stream))),
        faults,
        faultCount,
        salvage: { lines: good.length, upTo: good.at(-1)?.at ?? null, heads: chain.streams().flatMap((stream) => headOf(stream, chain.head(stream))) },
        notes,
        events: (stream) => chain.events(stream),
      };
    },
  };
}

/** Where the session begins that a conclusion is about; behind all lines when it has none. */
function beginOf({ recorded }: ReadLine, lines: readonly { readonly read: ReadLine }[]): number {
  const session = recorded.kind === "session_concluded" ? sessionStream(recorded.data.sessionId) : null;
  const begin = lines.findIndex(({ read }) => read.recorded.stream === session);
  return begin === -1 ? lines.length : begin;
}

const headOf = (stream: string, head: Head | null): readonly { readonly stream: string; readonly head: Head }[] => (head === null ? [] : [{ stream, head }]);

function streamSurvey(stream: string, events: readonly Recorded[], head: Head | null): StreamSurvey {
  return { stream, lines: events.length, head: head ?? { seq: 0, hash: "" }, from: events[0]?.at ?? "", to: events.at(-1)?.at ?? "" };
}

const NEWLINE = 10;

/** Parts that end with a newline each, but for the last. */
function* linesOf(content: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < content.length; ) {
    const newline = content.indexOf(NEWLINE, start);
    const end = newline === -1 ? content.length : newline + 1;
    yield content.subarray(start, end);
    start = end;
  }
}

/** The events whose blobs are still needed: of the states of the files only a session's newest, as a compaction keeps it (needed-blobs.ts). */
export function withNeededBlobs(events: readonly Recorded[]): readonly Recorded[] {
  const newest = events.findLast(({ kind }) => kind === "workspace_saved");
  return events.filter((event) => event.kind !== "workspace_saved" || event === newest);
}

/** Hashes of the blobs that an event cannot be read without. */
export function blobsOf(event: Recorded): readonly string[] {
  switch (event.kind) {
    case "session_started":
      return [event.data.plan, ...Object.values(event.data.childPlans ?? {})];
    case "conversation_started":
      return [event.data.system, event.data.tools];
    case "workspace_saved":
      return [event.data.manifest];
    case "session_concluded":
    case "item_ended":
    case "slice_integrated":
    case "slice_conflicted":
      return event.data.snapshot === null ? [] : [event.data.snapshot.manifest];
    default:
      return [];
  }
}
