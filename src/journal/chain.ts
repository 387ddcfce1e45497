/**
 * The streams of one log in memory: every line is checked against the head of its stream before it counts.
 *
 * C1. In a stream `seq` counts from 1 without a gap, `prev` is the hash of the line before, `epoch` never falls.
 * C2. A line that does not continue its stream is refused, never skipped and never merged.
 * C3. Lines of our own, and those of a large log, are kept as bytes and read when somebody asks for them: what a reader gets is what
 *     the log holds (I3), and a line that nobody reads again costs its bytes only.
 * C4. Where an item says that a session ended at a line, that line stands there: a session cannot be written anew behind its item.
 */
import { GENESIS_HASH, type Head, type Recorded, sessionStream } from "../record/index.ts";
import { type Refusal, TerminalError } from "../shared/errors.ts";
import { isLargeLog, readLine, walkLines, type ReadLine } from "./line.ts";

export type ChainRefusal = Refusal<"gap" | "fork" | "chain-broken" | "epoch-falls" | "contradicted">;

export interface Chain {
  /** Takes the next line of its stream; a refusal changes nothing. @param bytes of the line, newline included, to be kept in its place (C3) */
  accept(line: ReadLine, bytes?: Uint8Array | null): ChainRefusal | null;
  /** Takes lines that `prepareAppend` made from this stream's head. */
  extend(stream: string, lines: OwnLines): void;
  streams(): readonly string[];
  events(stream: string): readonly Recorded[];
  head(stream: string): Head | null;
  /** Highest epoch of any line; 0 when there is none. */
  highestEpoch(): number;
}

/** Lines that go on from a stream's head, all of one epoch. */
export interface OwnLines {
  /** Each with its newline. */
  readonly bytes: Uint8Array;
  readonly epoch: number;
  /** The last of them. */
  readonly head: Head;
}

interface StreamState {
  readonly events: Recorded[];
  /** Of the lines that came by `accept`, by `seq - 1` (C4). */
  readonly hashes: string[];
  /** What follows `events`, not read yet (C3). */
  unread: Uint8Array[];
  head: Head;
  epoch: number;
}

export function createChain(): Chain {
  const states = new Map<string, StreamState>();
  let highestEpoch = 0;

  return {
    accept(line, bytes = null) {
      const { recorded, hash } = line;
      const known = states.get(recorded.stream);
      const refusal = misplaced(line, known?.head ?? null, known?.epoch ?? 0) ?? contradicted(recorded, (stream) => states.get(stream)?.hashes ?? []);
      if (refusal !== null) return refusal;
      const state = known ?? { events: [], hashes: [], unread: [], head: { seq: 0, hash: "" }, epoch: 0 };
      if (known === undefined) states.set(recorded.stream, state);
      if (bytes === null) eventsOf(state).push(recorded);
      else keepUnread(state.unread, bytes);
      state.hashes[recorded.seq - 1] = hash;
      state.head = { seq: recorded.seq, hash };
      state.epoch = recorded.epoch;
      highestEpoch = Math.max(highestEpoch, recorded.epoch);
      return null;
    },
    extend(stream, { bytes, epoch, head }) {
      const state = states.get(stream);
      if (state === undefined) {
        states.set(stream, { events: [], hashes: [], unread: [bytes], head, epoch });
      } else {
        state.unread.push(bytes);
        state.head = head;
        state.epoch = epoch;
      }
      highestEpoch = Math.max(highestEpoch, epoch);
    },
    streams: () => [...states.keys()].sort(),
    events(stream) {
      const state = states.get(stream);
      return state === undefined ? [] : eventsOf(state).slice();
    },
    head: (stream) => states.get(stream)?.head ?? null,
    highestEpoch: () => highestEpoch,
  };
}

/** Lines that stand side by side are kept as one piece: a hundred thousand of them would keep the garbage collector busy. */
function keepUnread(unread: Uint8Array[], bytes: Uint8Array): void {
  const last = unread.at(-1);
  if (last === undefined || last.buffer !== bytes.buffer || last.byteOffset + last.length !== bytes.byteOffset) unread.push(bytes);
  else unread[unread.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + bytes.length);
}

/** All events of a stream; what was not read yet is read (C3). */
function eventsOf(state: StreamState): Recorded[] {
  const { events, unread } = state;
  if (unread.length === 0) return events;
  state.unread = [];
  for (const bytes of unread) {
    const large = isLargeLog(bytes);
    const walked = walkLines(bytes, (line, text) => {
      const read = readLine(line, text, !large);
      if (!read.ok) return { reason: read.error.message, fix: read.error.fix };
      events.push(read.value.recorded);
      return null;
    });
    if (!walked.ok) throw new TerminalError(`A line that was read or written cannot be read again: ${walked.error.reason}.`, "This is a bug in WorkTrain; please report it with the journal.");
  }
  return events;
}

/** Why a line cannot follow the head of its stream; null when it can. */
function misplaced({ prev, recorded }: ReadLine, head: Head | null, epoch: number): ChainRefusal | null {
  const { stream, seq } = recorded;
  const wanted = (head?.seq ?? 0) + 1;
  if (seq > wanted) {
    const range = seq - 1 === wanted ? `${wanted}` : `${wanted} to ${seq - 1}`;
    return {
      kind: "gap",
      message: `${stream} goes from seq ${wanted - 1} to ${seq}: seq ${range} is missing`,
      fix: "Bring back the missing part (an earlier segment or epoch file); what stands before the gap is good.",
    };
  }
  if (seq < wanted) {
    return {
      kind: "fork",
      message: `${stream} has seq ${seq} twice`,
      fix: "Two writers went on from the same place, or a part was put in twice. Keep one of them; they are never merged.",
    };
  }
  if (prev !== (head?.hash ?? GENESIS_HASH)) {
    return {
      kind: "chain-broken",
      message: `${stream} seq ${seq} does not follow the line before it: its prev is ${prev.slice(0, 12)}, that line's hash ${(head?.hash ?? GENESIS_HASH).slice(0, 12)}`,
      fix: "This line or the one before it was changed, or two writers went on from the same place. Restore the log from the saved segments.",
    };
  }
  if (recorded.epoch < epoch) {
    return {
      kind: "epoch-falls",
      message: `${stream} seq ${seq} has epoch ${recorded.epoch} after epoch ${epoch}`,
      fix: "A writer that had been replaced went on writing. Restore the log from the saved segments.",
    };
  }
  return null;
}

/** Why what an item says of a session's end is not so (C4); null when it is, or the line says nothing of it. */
function contradicted({ kind, stream, seq, data }: Recorded, hashesOf: (stream: string) => readonly string[]): ChainRefusal | null {
  if (kind !== "session_concluded") return null;
  const session = sessionStream(data.sessionId);
  const there = hashesOf(session)[data.head.seq - 1];
  if (there === data.head.hash) return null;
  return {
    kind: "contradicted",
    message: `${stream} seq ${seq} says that ${session} ended at seq ${data.head.seq} with ${data.head.hash.slice(0, 12)}; ${there === undefined ? "that line is not there" : "another line stands there"}`,
    fix: "The session's stream was cut or written anew. Restore the log from the saved segments.",
  };
}
