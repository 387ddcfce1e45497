/**
 * The streams of one log in memory: every line is checked against the head of its stream before it counts.
 *
 * C1. In a stream `seq` counts from 1 without a gap, `prev` is the hash of the line before, `epoch` never falls.
 * C2. A line that does not continue its stream is refused, never skipped and never merged.
 */
import { GENESIS_HASH, type Head, type Recorded } from "../record/index.ts";
import type { Refusal } from "../shared/errors.ts";
import type { ReadLine } from "./line.ts";

export type ChainRefusal = Refusal<"gap" | "fork" | "chain-broken" | "epoch-falls">;

export interface Chain {
  /** Takes the next line of its stream; a refusal changes nothing. */
  accept(line: ReadLine): ChainRefusal | null;
  streams(): readonly string[];
  events(stream: string): readonly Recorded[];
  head(stream: string): Head | null;
  /** Highest epoch of any line; 0 when there is none. */
  highestEpoch(): number;
}

interface StreamState {
  readonly events: Recorded[];
  head: Head;
  epoch: number;
}

export function createChain(): Chain {
  const states = new Map<string, StreamState>();
  let highestEpoch = 0;

  return {
    accept(line) {
      const { recorded, hash } = line;
      const state = states.get(recorded.stream);
      const refusal = misplaced(line, state?.head ?? null, state?.epoch ?? 0);
      if (refusal !== null) return refusal;
      const head = { seq: recorded.seq, hash };
      if (state === undefined) {
        states.set(recorded.stream, { events: [recorded], head, epoch: recorded.epoch });
      } else {
        state.events.push(recorded);
        state.head = head;
        state.epoch = recorded.epoch;
      }
      highestEpoch = Math.max(highestEpoch, recorded.epoch);
      return null;
    },
    streams: () => [...states.keys()].sort(),
    events: (stream) => states.get(stream)?.events.slice() ?? [],
    head: (stream) => states.get(stream)?.head ?? null,
    highestEpoch: () => highestEpoch,
  };
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
