import { afterEach, describe, expect, test } from "vitest";
import { assembleSegments, createSegmentSaver, NameTakenError, openMemoryJournal, type SegmentRef, type SegmentStore } from "../../src/journal/index.ts";
import { formatSegmentName, type Head, type ItemName, type SegmentName } from "../../src/record/index.ts";
import { RetryableError, TerminalError } from "../../src/shared/errors.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { fakeClock } from "../fakes/clock.ts";
import { steered } from "./events.ts";
import { appendOk } from "./suite.ts";

export const ITEM: ItemName = { repositoryId: 7, subject: "issue-12", attempt: 1 };
export const RUN = 5;

/** A place for segments, fresh and empty, and what a test does to it from outside. */
export interface SegmentPlace {
  /** A store for a run of the item: another writer of the same place each time. */
  open(runId: number): SegmentStore;
  /** The bytes that are there under a name, past the store; null when there are none. */
  bytesOf(name: string): Promise<Uint8Array | null>;
  close?(): Promise<void> | void;
}

/** A place that something lies between, which can fail. */
export interface FaultyPlace extends SegmentPlace {
  /** The next put is done, and its answer lost. */
  loseNextAnswer(): void;
  /** The next put breaks off before anything is stored, and nobody is told. */
  breakNextPut(): void;
  /** The next put is refused for good. */
  refuseNextPut(): void;
}

/** A place whose stores read as well. */
export interface ReadablePlace extends SegmentPlace {
  /** Every segment of the item. */
  readAll(): Promise<readonly (SegmentRef & { readonly bytes: Uint8Array })[]>;
}

export const segmentName = (index: number, change: Partial<SegmentName> = {}): string =>
  formatSegmentName({ item: ITEM, runId: RUN, runAttempt: 1, index, phase: "code", step: "implement", costMilliUsd: 12, ending: null, ...change });
const NAME = segmentName(3);
const request = { phase: "code", step: "implement", costMilliUsd: 12, ending: null } as const;

/** The places of one test, closed after it. */
function places<P extends SegmentPlace>(openPlace: () => Promise<P> | P): () => Promise<P> {
  const opened: P[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close?.();
  });
  return async () => {
    const made = await openPlace();
    opened.push(made);
    return made;
  };
}

/** What every segment store must do. */
export function describeSegmentStore(label: string, openPlace: () => Promise<SegmentPlace> | SegmentPlace): void {
  describe(label, () => {
    const place = places(openPlace);

    test("stores once under a name, and finds it again with the same digest", async () => {
      const store = (await place()).open(RUN);
      const bytes = Buffer.from("segment");
      expect(await store.find?.(NAME)).toBeNull();
      const ref = await store.put(NAME, bytes);
      expect(ref).toMatchObject({ name: NAME, runId: RUN, digest: sha256Hex(bytes) });
      expect(ref.id).toBeGreaterThan(0);
      expect(await store.find?.(NAME)).toEqual(ref);
      expect(await store.find?.(segmentName(4))).toBeNull();
    });

    test("keeps any bytes as they are", async () => {
      const there = await place();
      const store = there.open(RUN);
      const contents = [Buffer.from([0, 255, 10, 13, 0]), Buffer.from("é\n\0\u2028"), Buffer.from([0x1f, 0x8b, 8]), Buffer.alloc(300_000, "worktrain\n")];
      for (const [index, bytes] of contents.entries()) {
        const name = segmentName(index + 1);
        expect(await store.put(name, bytes)).toMatchObject({ digest: sha256Hex(bytes) });
        expect(Buffer.from((await there.bytesOf(name)) ?? []).equals(bytes)).toBe(true);
      }
    });

    test.each([["other bytes", "other"], ["the same bytes again", "segment"]])("fault 15: a name that is taken is refused to %s, and what is there stays", async (_, text) => {
      const there = await place();
      const store = there.open(RUN);
      const ref = await store.put(NAME, Buffer.from("segment"));
      for (const writer of [store, there.open(RUN)]) await expect(writer.put(NAME, Buffer.from(text))).rejects.toThrow(NameTakenError);
      expect(await store.find?.(NAME)).toEqual(ref);
      expect(Buffer.from((await there.bytesOf(NAME)) ?? []).toString()).toBe("segment");
    });

    test("names are of the run: another run's are not in the way and not found", async () => {
      const there = await place();
      await there.open(RUN).put(NAME, Buffer.from("one"));
      const other = segmentName(3, { runId: RUN + 1 });
      const second = there.open(RUN + 1);
      expect(await second.find?.(other)).toBeNull();
      expect(await second.put(other, Buffer.from("two"))).toMatchObject({ runId: RUN + 1, digest: sha256Hex("two") });
      expect(Buffer.from((await there.bytesOf(NAME)) ?? []).toString()).toBe("one");
    });

    test("two writers at the same time lose nothing of one another's", async () => {
      const there = await place();
      const names = [1, 2, 3, 4, 5, 6].map((index) => segmentName(index));
      const puts = [there.open(RUN), there.open(RUN)].flatMap((store, writer) => names.filter((_, index) => index % 2 === writer).map((name) => store.put(name, Buffer.from(name))));
      await Promise.all(puts);
      for (const name of names) expect(Buffer.from((await there.bytesOf(name)) ?? []).toString()).toBe(name);
    });
  });
}

/** What a store must do when what lies between fails. */
export function describeFaultySegmentStore(label: string, openPlace: () => Promise<FaultyPlace> | FaultyPlace): void {
  describe(`${label}, with what lies between failing`, () => {
    const place = places(openPlace);

    test("fault 15: stored with the answer lost is an unknown outcome, and found by name and digest", async () => {
      const there = await place();
      // The first put makes what later ones only change.
      for (const index of [1, 2]) {
        const store = there.open(RUN);
        there.loseNextAnswer();
        const error = await store.put(segmentName(index), Buffer.from("segment")).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(RetryableError);
        expect(error).not.toBeInstanceOf(NameTakenError);
        expect(await store.find?.(segmentName(index))).toMatchObject({ name: segmentName(index), runId: RUN, digest: sha256Hex("segment") });
      }
    });

    test("fault 14: broken off before anything was stored is an unknown outcome, nothing is found, and the same can be put", async () => {
      const there = await place();
      for (const index of [1, 2]) {
        const store = there.open(RUN);
        there.breakNextPut();
        await expect(store.put(segmentName(index), Buffer.from("segment"))).rejects.toThrow(RetryableError);
        expect(await store.find?.(segmentName(index))).toBeNull();
        expect(await there.bytesOf(segmentName(index))).toBeNull();
        expect(await store.put(segmentName(index), Buffer.from("segment"))).toMatchObject({ digest: sha256Hex("segment") });
      }
    });

    test("fault 16: a refusal for good is told as one, with what to do, and nothing is stored", async () => {
      const there = await place();
      const store = there.open(RUN);
      there.refuseNextPut();
      const error = await store.put(NAME, Buffer.from("segment")).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TerminalError);
      expect((error as TerminalError).fix).not.toBe("");
      expect(await there.bytesOf(NAME)).toBeNull();
    });

    test("fault 15: a saver stores each segment once, though every answer is lost, and its chain is whole", async () => {
      const there = await place();
      const clock = fakeClock();
      const journal = openMemoryJournal({ clock });
      const saver = createSegmentSaver({ journal, store: there.open(RUN), item: ITEM, runId: RUN, runAttempt: 1, previous: null, clock });
      let head: Head | null = null;
      for (const text of ["one", "two", "three"]) {
        head = await appendOk(journal, "session/a", head, [steered(text)]);
        there.loseNextAnswer();
        await advancing(clock, saver.save(request));
      }
      const names = saver.saved().map(({ name }) => name);
      expect(names).toEqual([1, 2, 3].map((index) => segmentName(index)));
      const parts = await Promise.all(saver.saved().map(async ({ name, digest }) => ({ digest, bytes: (await there.bytesOf(name)) ?? new Uint8Array() })));
      const assembled = assembleSegments(parts);
      expect(assembled.ok ? assembled.value.lines.length : assembled.error.message).toBe(3);
    });
  });
}

/** What a store must do that reads as well. */
export function describeReadableSegmentStore(label: string, openPlace: () => Promise<ReadablePlace> | ReadablePlace): void {
  describe(`${label}, read back`, () => {
    const place = places(openPlace);

    test("what is read back is everything that was put, by any run, in the order of saving", async () => {
      const there = await place();
      expect(await there.readAll()).toEqual([]);
      const refs: SegmentRef[] = [];
      for (const [runId, index] of [[RUN, 1], [RUN, 2], [RUN + 1, 1]] as const) refs.push(await there.open(runId).put(segmentName(index, { runId }), Buffer.from(`${runId} ${index}`)));
      const read = await there.readAll();
      expect(read.map(({ id, runId, name, digest }) => ({ id, runId, name, digest }))).toEqual(refs);
      expect(read.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([`${RUN} 1`, `${RUN} 2`, `${RUN + 1} 1`]);
    });
  });
}

/** Lets the saver's waits between attempts pass while real work goes on. */
async function advancing<T>(clock: ReturnType<typeof fakeClock>, saving: Promise<T>): Promise<T> {
  const done = saving.then((value) => ({ value }));
  for (;;) {
    const outcome = await Promise.race([done, clock.advance(1_000)]);
    if (outcome !== undefined) return outcome.value;
  }
}
