/** A compaction: one segment that needs none before it, and what is restored from what there is. */
import { describe, expect, test } from "vitest";
import {
  assembleSegments,
  createMemorySegmentStore,
  createSegmentSaver,
  decodeSegment,
  encodeSegment,
  leftBehind,
  newestChain,
  openDirectoryJournal,
  seedDirectory,
  type Assembled,
  type EarlierPart,
  type SegmentPart,
} from "../../src/journal/index.ts";
import type { Head, RecordEvent } from "../../src/record/index.ts";
import { canonicalJson } from "../../src/shared/json.ts";
import { fakeClock } from "../fakes/clock.ts";
import { memoryDisk } from "../fakes/file-system.ts";
import { steered } from "./events.ts";
import { appendOk } from "./suite.ts";

const clock = fakeClock();
const item = { repositoryId: 7, subject: "issue-12", attempt: 1 };
const request = { phase: "code", step: "implement", costMilliUsd: 12, ending: null } as const;
const [BASE, TREE] = ["a".repeat(40), "b".repeat(40)];

/** A run of the item with a journal directory of its own. */
async function open(runId: number, restored: { readonly assembled: Assembled; readonly earlier: EarlierPart } | null = null) {
  const { fileSystem: fs } = memoryDisk();
  if (restored !== null) await seedDirectory({ directory: "/journal", fs, assembled: restored.assembled });
  const journal = await openDirectoryJournal({ directory: "/journal", fs, clock });
  const store = createMemorySegmentStore({ runId });
  const savedUpTo: number[] = [];
  const saver = createSegmentSaver({
    journal,
    store,
    item,
    runId,
    runAttempt: 1,
    previous: restored?.assembled.digests.at(-1) ?? null,
    earlier: restored?.earlier ?? { lines: [], refs: [] },
    onSaved: ({ lines }) => savedUpTo.push(lines),
    clock,
  });
  let head: Head | null = await journal.head("session/a");
  const append = async (...events: RecordEvent[]): Promise<void> => {
    head = await appendOk(journal, "session/a", head, events);
  };
  /** Saves a state of the files that holds one content. */
  const saveFiles = async (content: string): Promise<string> => {
    const sha256 = await journal.putBlob(Buffer.from(content));
    const entries = [{ mode: "100644", oid: TREE, path: "file.txt", sha256, size: content.length }];
    const manifest = await journal.putBlob(Buffer.from(canonicalJson({ base: BASE, entries, tree: TREE, unsupported: [], v: 1 })));
    await append({ kind: "workspace_saved", data: { base: BASE, tree: TREE, manifest, changedFiles: 1 } });
    return sha256;
  };
  return { fs, journal, store, saver, append, saveFiles, savedUpTo };
}

function assembled(parts: readonly SegmentPart[]): Assembled {
  const result = assembleSegments(parts);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

const textsOf = ({ lines }: Pick<Assembled, "lines">): readonly string[] => lines.map(({ text }) => text);

describe("a compaction", () => {
  test("stands for every segment before it: the same lines, streams and heads from one artifact", async () => {
    const run = await open(1);
    await run.saver.save({ ...request, phase: "probe" });
    await run.append(steered("one"));
    await run.saver.save(request);
    await run.append(steered("two"));
    const ref = await run.saver.save({ ...request, ending: "ready" }, { compact: true });
    expect(run.saver.chain()).toEqual([ref]);
    const [probe, first, whole] = run.store.stored();
    const alone = assembled(whole === undefined ? [] : [whole]);
    expect(textsOf(alone)).toHaveLength(2);
    expect(await alone.reader.head("session/a")).toEqual(await run.journal.head("session/a"));
    const decoded = decodeSegment(whole?.bytes ?? new Uint8Array());
    expect(decoded.ok && [decoded.value.previous, decoded.value.compacts]).toEqual([null, first?.digest]);
    expect(probe?.digest).not.toBe(first?.digest);
  });

  test("goes on as the first link of a chain, in this run and in the next", async () => {
    const run = await open(1);
    await run.append(steered("one"));
    await run.saver.save(request);
    await run.saver.save(request, { compact: true });
    await run.append(steered("two"));
    await run.saver.save(request);
    const chain = newestChain(run.store.stored());
    expect(chain).toHaveLength(2);
    const restored = assembled(chain);
    const second = await open(2, { assembled: restored, earlier: { lines: textsOf(restored), refs: run.saver.chain() } });
    await second.append(steered("three"));
    await second.saver.save({ ...request, ending: "ready" }, { compact: true });
    const whole = assembled(newestChain([...run.store.stored(), ...second.store.stored()]));
    expect(whole.digests).toHaveLength(1);
    expect(whole.lines.map(({ epoch }) => epoch)).toEqual([1, 1, 2]);
  });

  test("leaves out contents that a later state of the files replaced, and keeps all others", async () => {
    const run = await open(1);
    const plan = await run.journal.putBlob(Buffer.from("a plan"));
    await run.append(steered(`named in words: ${plan}`));
    const first = await run.saveFiles("first");
    await run.saver.save(request);
    const second = await run.saveFiles("second");
    await run.saver.save({ ...request, ending: "ready" }, { compact: true });
    const held = assembled(run.store.stored().slice(-1)).blobs.map(({ sha256 }) => sha256);
    expect(held).toContain(plan);
    expect(held).toContain(second);
    expect(held).not.toContain(first);
    expect(held).toHaveLength(3);
  });

  test("a chain that grows long is begun anew by itself", async () => {
    const run = await open(1);
    for (let nth = 0; nth < 60; nth += 1) {
      await run.append(steered(`event ${nth}`));
      await run.saver.save(request);
    }
    expect(run.saver.chain().length).toBeLessThan(40);
    expect(textsOf(assembled(newestChain(run.store.stored())))).toHaveLength(60);
  });

  test("what is appended while a compaction is made is in the next segment, once", async () => {
    const run = await open(1);
    await run.append(steered("one"));
    let during = false;
    const since: typeof run.journal.since = async (cursor) => {
      const slice = await run.journal.since(cursor);
      if (during) await run.append(steered("meanwhile"));
      return slice;
    };
    const saver = createSegmentSaver({ journal: { ...run.journal, since }, store: run.store, item, runId: 1, runAttempt: 1, previous: null, earlier: { lines: [], refs: [] } });
    await saver.save(request);
    await run.append(steered("two"));
    during = true;
    await saver.save(request, { compact: true });
    during = false;
    await saver.save(request);
    expect(textsOf(assembled(newestChain(run.store.stored())))).toHaveLength(4);
  });

  test("without news none is stored again", async () => {
    const run = await open(1);
    for (const text of ["one", "two"]) {
      await run.append(steered(text));
      await run.saver.save(request);
    }
    await run.saver.save(request, { compact: true });
    await run.saver.save(request, { compact: true });
    expect(run.store.stored()).toHaveLength(3);
  });

  test("one that says it goes on from a segment as well is refused", () => {
    const bytes = encodeSegment({ item: "7/issue-12/1", runId: 1, runAttempt: 1, epoch: 1, index: 1, previous: "1".repeat(64), compacts: "2".repeat(64), lines: [], blobs: [] });
    expect(decodeSegment(bytes)).toMatchObject({ ok: false, error: { kind: "segment-damaged" } });
  });
});

describe("the newest chain", () => {
  test("fault 18: where a segment is gone it is the longest that is whole, and an older compaction where there is one", async () => {
    const run = await open(1);
    for (const text of ["one", "two"]) {
      await run.append(steered(text));
      await run.saver.save(request);
    }
    await run.saver.save(request, { compact: true });
    for (const text of ["three", "four"]) {
      await run.append(steered(text));
      await run.saver.save(request);
    }
    const all = run.store.stored();
    expect(textsOf(assembled(newestChain(all)))).toHaveLength(4);
    // The segment of "three" is gone: "four" cannot stand.
    expect(textsOf(assembled(newestChain(all.filter((_, at) => at !== 3))))).toHaveLength(2);
    // The first one is gone as well: the compaction holds it.
    expect(textsOf(assembled(newestChain(all.filter((_, at) => at !== 3 && at !== 0))))).toHaveLength(2);
    expect(newestChain(all.slice(1, 2))).toEqual([]);
  });

  test("fault 22: of two runs of one epoch the one that saved more counts, and nothing of the other is in it", async () => {
    const [one, two] = [await open(1), await open(2)];
    await one.append(steered("one"));
    await one.saver.save(request);
    await one.append(steered("one more"));
    await one.saver.save(request);
    await two.append(steered("two"));
    await two.saver.save(request);
    const chain = newestChain([...one.store.stored(), ...two.store.stored()]);
    expect(textsOf(assembled(chain)).join()).not.toContain('"two"');
    expect(chain).toHaveLength(2);
  });
});

describe("fault 37: what a killed writer left on the disk", () => {
  test("is saved as one segment that ends where the disk does", async () => {
    const run = await open(1);
    await run.append(steered("one"));
    await run.saver.save(request);
    const content = await run.saveFiles("unsaved");
    await run.append(steered("unsaved"));
    const left = await leftBehind({ directory: "/journal", fs: run.fs, savedLines: run.savedUpTo.at(-1) ?? 0 });
    expect(left.unsaved).toBe(2);
    const saver = createSegmentSaver({ ...left, store: run.store, item, runId: 1, runAttempt: 1, previous: run.saver.saved().at(-1)?.digest ?? null, firstIndex: 2 });
    await saver.save({ ...request, step: "post" }, { compact: true });
    const restored = assembled(newestChain(run.store.stored()));
    expect(restored.digests).toHaveLength(1);
    expect(await restored.reader.head("session/a")).toEqual(await run.journal.head("session/a"));
    expect(Buffer.from((await restored.reader.getBlob(content)) ?? []).toString()).toBe("unsaved");
  });

  test("an upload nobody was told of does not come in its way", async () => {
    const run = await open(1);
    await run.append(steered("one"));
    await run.saver.save(request);
    await run.append(steered("two"));
    // Accepted, and the writer was killed before it knew.
    await run.saver.save(request);
    await run.append(steered("three"));
    const left = await leftBehind({ directory: "/journal", fs: run.fs, savedLines: 1 });
    const saver = createSegmentSaver({ ...left, store: run.store, item, runId: 1, runAttempt: 1, previous: run.store.stored()[0]?.digest ?? null, firstIndex: 2, clock });
    await saver.save(request, { compact: true });
    expect(textsOf(assembled(newestChain(run.store.stored())))).toHaveLength(3);
  });

  test("where all of it was saved nothing is left", async () => {
    const run = await open(1);
    await run.append(steered("one"));
    await run.saver.save(request);
    expect((await leftBehind({ directory: "/journal", fs: run.fs, savedLines: run.savedUpTo.at(-1) ?? 0 })).unsaved).toBe(0);
  });
});
