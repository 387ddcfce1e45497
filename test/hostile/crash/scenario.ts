import { openDirectoryJournal, type DirectoryJournal, type JournalReader } from "../../../src/journal/index.ts";
import type { Head, RecordEvent } from "../../../src/record/index.ts";
import type { Clock } from "../../../src/shared/ports.ts";
import { memoryDisk, type CrashChoice, type MemoryDisk } from "../../fakes/file-system.ts";
import type { Life } from "./life.ts";

/** A piece of work that any number of processes bring to its end, one after the other dying at it. */
export interface Scenario {
  readonly name: string;
  /** `none` where nothing that a disk keeps of its cache matters; default `all`. */
  readonly machines?: "all" | "none";
  /** The world outside, in which no process has lived yet. */
  begin(): Outside;
}

export interface Outside {
  readonly disk: MemoryDisk;
  /** One process: looks at what is there and does what is left. Throws when an invariant does not hold for what it finds. */
  live(life: Life): Promise<void>;
  /** The process is dead; `machine` tells what its disk kept, null that the process alone died. */
  died(machine: CrashChoice | null): void;
  /** What holds when a process has come to the end of the work. */
  finished(): Promise<void>;
}

/** Time in which waiting takes none of ours. */
export function hastyClock(): Clock {
  let ms = Date.UTC(2026, 0, 1);
  return {
    nowMs: () => ms,
    monotonicMs: () => ms,
    sleep: (duration) => {
      ms += duration;
      return Promise.resolve();
    },
  };
}

export interface Acked {
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly blobs: ReadonlySet<string>;
}

export const NOTHING: Acked = { texts: new Map(), blobs: new Set() };

/** What processes were told is in the journal: none of it may be missing for the next one (I1). */
export class Witness {
  #acked = new Map<string, string[]>();
  #blobs = new Set<string>();

  /** Appends, and remembers it when it is acknowledged. */
  async append(journal: DirectoryJournal, stream: string, events: readonly RecordEvent[]): Promise<Head> {
    const result = await journal.append(stream, await journal.head(stream), events);
    if (!result.ok) throw new Error(result.error.message);
    this.#acked.set(stream, [...(this.#acked.get(stream) ?? []), ...events.map(said)]);
    return result.value;
  }

  async putBlob(journal: DirectoryJournal, bytes: Uint8Array): Promise<string> {
    const sha256 = await journal.putBlob(bytes);
    this.#blobs.add(sha256);
    return sha256;
  }

  /** What is acknowledged now: what a save that resolves now holds. */
  acked(): Acked {
    return { texts: new Map([...this.#acked].map(([stream, texts]) => [stream, [...texts]])), blobs: new Set(this.#blobs) };
  }

  /** Only this is left: the disk that held the rest is lost. */
  only({ texts, blobs }: Acked): void {
    this.#acked = new Map([...texts].map(([stream, of]) => [stream, [...of]]));
    this.#blobs = new Set(blobs);
  }

  async check(reader: JournalReader): Promise<void> {
    for (const stream of new Set([...this.#acked.keys(), ...(await reader.streams())])) {
      const texts = this.#acked.get(stream) ?? [];
      const there = (await reader.read(stream)).map(said);
      if (JSON.stringify(there.slice(0, texts.length)) !== JSON.stringify(texts)) throw new Error(`I1: of ${stream} ${texts.length} events were acknowledged; the journal holds ${JSON.stringify(there)}`);
      // What died before it was acknowledged becomes part of the log when it is found.
      this.#acked.set(stream, there);
    }
    for (const sha256 of this.#blobs) if ((await reader.getBlob(sha256)) === null) throw new Error(`I1: the blob ${sha256} was acknowledged and is gone`);
  }
}

const said = ({ kind, data }: RecordEvent): string => JSON.stringify([kind, data]);

/** A disk with a journal on it, whose every opening is checked against what was acknowledged. */
export function journalWorld(): { readonly disk: MemoryDisk; readonly witness: Witness; open(life: Life, directory?: string): Promise<DirectoryJournal>; died(machine: CrashChoice | null): void } {
  const disk = memoryDisk();
  const witness = new Witness();
  const clock = hastyClock();
  return {
    disk,
    witness,
    async open(life, directory = "/j") {
      const journal = await openDirectoryJournal({ directory, fs: life.fileSystem(disk.fileSystem), clock });
      await witness.check(journal);
      return journal;
    },
    died(machine) {
      if (machine === null) disk.powerOn();
      else disk.powerCut(machine);
    },
  };
}
