import fc from "../fakes/fast-check.ts";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  assembleSegments,
  createMemorySegmentStore,
  createSegmentSaver,
  decodeSegment,
  encodeSegment,
  openDirectoryJournal,
  openMemoryJournal,
  SEGMENT_LIMITS,
  seedDirectory,
  type Journal,
  type Segment,
  type SegmentPart,
} from "../../src/journal/index.ts";
import { TerminalError } from "../../src/shared/errors.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { fakeClock } from "../fakes/clock.ts";
import { memoryDisk } from "../fakes/file-system.ts";
import { steered } from "./events.ts";
import { appendOk } from "./suite.ts";

const clock = fakeClock();
const item = { repositoryId: 7, subject: "issue-12", attempt: 1 };
const request = { phase: "code", step: "implement", costMilliUsd: 12, ending: null } as const;
const part = (bytes: Uint8Array): SegmentPart => ({ bytes, digest: sha256Hex(bytes) });

/** Two runs: the first saves a probe and two segments, the second restores them and saves one more. */
async function twoRuns(): Promise<{ readonly parts: readonly SegmentPart[]; readonly second: Journal }> {
  const firstStore = createMemorySegmentStore({ runId: 1 });
  const { fileSystem: fs } = memoryDisk();
  const first = await openDirectoryJournal({ directory: "/first", fs, clock });
  const saver = createSegmentSaver({ journal: first, store: firstStore, item, runId: 1, runAttempt: 1, previous: null, clock });
  await saver.save({ ...request, phase: "probe" });
  const head = await appendOk(first, "session/a", null, [steered("one"), steered("two")]);
  await first.putBlob(Buffer.from("blob one"));
  await saver.save(request);
  const after = await appendOk(first, "session/a", head, [steered("three")]);
  await appendOk(first, "session/b", null, [steered("b")]);
  await saver.save(request);

  const restored = assembleSegments(firstStore.stored());
  if (!restored.ok) throw new Error(restored.error.message);
  await seedDirectory({ directory: "/second", fs, assembled: restored.value });
  const second = await openDirectoryJournal({ directory: "/second", fs, clock });
  const secondStore = createMemorySegmentStore({ runId: 2 });
  const goOn = createSegmentSaver({ journal: second, store: secondStore, item, runId: 2, runAttempt: 1, previous: restored.value.digests.at(-1) ?? null, clock });
  await appendOk(second, "session/a", after, [steered("four")]);
  await second.putBlob(Buffer.from("blob two"));
  await goOn.save({ ...request, ending: "ready" });
  return { parts: [...firstStore.stored(), ...secondStore.stored()].map(({ bytes }) => part(bytes)), second };
}

/** What the saver stored before segments could be compactions: a probe, then a line and a blob. Never to be made anew. */
const OF_VERSION_0_1 = [
  "H4sIAAAAAAAAAyXMQQrCMBBG4b3H+NcjNYIIs9OdZ5Bu2g4YSJOQmSmKeHeh2X1v876YUpkU/BwJUsv8AgdCzIu8u0xWMK5DVHU5hvMQQEgxy/1jouBTr67aZIvFFZw9JULzfDOTtdo+a54fC/hC2MDhd/gDm3r+E34AAAA=",
  "H4sIAAAAAAAAA6VRMW7jMBDs84rD1HS8XImUzO7Spb/qDimW4goWklA+kTJ8MPL3g2wESJ/FNlvMzM7MFfFtjgXhzxXxX9WC4A3KUdh5BDjXkTTDSMzUjTY1jhMPo0rTu6htHChyPLS2HT35KOJH51L0FLnhkdni48VAT/NwRLAGU056QWCDqeo7Arr9VMqqO8t7C4O3KevT/Qu2h/tdbsjToudpXgsCUmy06frRdeLFugMlGZNNPbXiRS2zKg8ifFBLbddb3/tGSb0dNLLtFAbLmn/Wqu+neiNf1vycEJzBGcF+PFwhFQFM7Hdkd2R/EYXbPhLRbxgkqYJwRZnXZVAEnHQpc4ZB1cuGnfOmU9clb4xfM3idckJAqaqLJtytIYC+OTAo+vcmUeqissVbtJRpznvBpzX5sfX9H6eXiiT2AQAA",
].map((text) => part(Buffer.from(text, "base64")));

test("fault 43: segments that an older version stored are read, and a compaction of them is the same log", async () => {
  const old = assembleSegments(OF_VERSION_0_1);
  if (!old.ok) throw new Error(old.error.message);
  expect(old.value).toMatchObject({ item: "7/issue-12/1", epoch: 1 });
  expect(await old.value.reader.read("session/a")).toMatchObject([{ kind: "steered", data: { text: "one" }, seq: 1 }]);
  expect(Buffer.from(old.value.blobs[0]?.bytes ?? []).toString()).toBe("a blob");
  const [, newest] = OF_VERSION_0_1;
  const whole = encodeSegment({ item: old.value.item, runId: 6, runAttempt: 1, epoch: 2, index: 1, previous: null, compacts: newest?.digest ?? "", lines: old.value.lines.map(({ text }) => text), blobs: old.value.blobs });
  const compacted = assembleSegments([part(whole)]);
  expect(compacted.ok && compacted.value.lines).toEqual(old.value.lines);
});

describe("segments of one work item", () => {
  test("give back every line and blob over two runs, and the second run's segment repeats nothing of the first", async () => {
    const { parts, second } = await twoRuns();
    expect(parts).toHaveLength(4);
    const last = decodeSegment(parts[3]?.bytes ?? new Uint8Array());
    expect(last.ok && last.value).toMatchObject({ epoch: 2, index: 1, previous: parts[2]?.digest, item: "7/issue-12/1", runId: 2 });
    expect(last.ok && last.value.lines).toHaveLength(1);

    const assembled = assembleSegments(parts);
    if (!assembled.ok) throw new Error(assembled.error.message);
    const { reader, blobs, digests, epoch } = assembled.value;
    for (const stream of ["session/a", "session/b"]) expect(await reader.read(stream)).toEqual(await second.read(stream));
    expect(blobs.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(["blob one", "blob two"]);
    expect(digests).toEqual(parts.map(({ digest }) => digest));
    expect(epoch).toBe(2);
  });

  test("fault 8: any order and any doubles give the same log", async () => {
    const { parts } = await twoRuns();
    const expected = assembleSegments(parts);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 4 }), fc.shuffledSubarray([...parts], { minLength: 4 }), async (doubles, order) => {
        const given = [...order, ...doubles.flatMap((index) => parts[index] ?? [])];
        const assembled = assembleSegments(given);
        expect(assembled.ok && assembled.value.lines).toEqual(expected.ok && expected.value.lines);
        expect(assembled.ok && assembled.value.notes.length).toBe(doubles.length);
      }),
      { numRuns: 50 },
    );
  });

  test("fault 8: a missing segment is named, and nothing after the gap is used", async () => {
    const { parts } = await twoRuns();
    for (const missing of [0, 1, 2]) {
      const result = assembleSegments(parts.filter((_, index) => index !== missing));
      expect(result).toMatchObject({ ok: false, error: { kind: "segment-gap", message: expect.stringContaining(parts[missing]?.digest ?? "") } });
    }
    expect(assembleSegments(parts.slice(0, 3)).ok).toBe(true);
    expect(assembleSegments([])).toMatchObject({ ok: false, error: { kind: "no-segments" } });
  });

  test("fault 22: two runs that went on from the same segment are refused as a fork, never merged", async () => {
    const { parts } = await twoRuns();
    const last = decodeSegment(parts[3]?.bytes ?? new Uint8Array());
    if (!last.ok) throw new Error("unreadable");
    const rival = part(encodeSegment({ ...last.value, runId: 3, lines: [] }));
    expect(assembleSegments([...parts, rival])).toMatchObject({ ok: false, error: { kind: "segment-fork", message: expect.stringContaining("run 3") } });
  });

  test("a whole log put into one segment that goes on from nothing can be read", async () => {
    const { parts } = await twoRuns();
    const assembled = assembleSegments(parts);
    if (!assembled.ok) throw new Error("unreadable");
    const { lines, blobs, epoch } = assembled.value;
    const whole = encodeSegment({ item: "7/issue-12/1", runId: 2, runAttempt: 1, epoch, index: 450, previous: null, lines: lines.map(({ text }) => text), blobs });
    const again = assembleSegments([part(whole)]);
    expect(again.ok && again.value.lines).toEqual(lines);
  });
});

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Buffer.from(bytes);
  flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return flipped;
}

async function oneSegment(): Promise<Segment> {
  const journal = openMemoryJournal({ clock });
  await appendOk(journal, "session/a", null, [steered("one"), steered("two")]);
  await journal.putBlob(Buffer.from("some blob"));
  const { lines, blobs } = await journal.since(null);
  return { item: "7/issue-12/1", runId: 1, runAttempt: 1, epoch: 1, index: 1, previous: null, lines, blobs };
}

describe("attack 14: a segment is input from an adversary", () => {
  const refusedPlain = (plain: Uint8Array): unknown => {
    const result = decodeSegment(gzipSync(plain));
    return result.ok ? "accepted" : result.error.kind;
  };

  test("a byte more or less, in the plain or in the stored bytes, is refused", async () => {
    const stored = encodeSegment(await oneSegment());
    const plain = gunzipSync(stored);
    for (let cut = 0; cut < plain.length; cut += 1) expect(refusedPlain(plain.subarray(0, cut))).toBe("segment-damaged");
    expect(refusedPlain(Buffer.concat([plain, Buffer.from("x")]))).toBe("segment-damaged");
    for (let cut = 0; cut < stored.length; cut += 1) expect(decodeSegment(stored.subarray(0, cut)).ok).toBe(false);
    for (const tail of [Buffer.alloc(1), Buffer.from("x"), gzipSync("x")]) expect(decodeSegment(Buffer.concat([stored, tail])).ok).toBe(false);
  });

  test("fault 7: whatever bit of the stored bytes was flipped, the digest tells", async () => {
    const stored = encodeSegment(await oneSegment());
    const digest = sha256Hex(stored);
    for (let bit = 0; bit < stored.length * 8; bit += 1) {
      expect(assembleSegments([{ bytes: flip(stored, bit), digest }])).toMatchObject({ ok: false, error: { kind: "digest-mismatch" } });
    }
  });

  test("whatever bit of the plain bytes was flipped, decoding ends with an answer, and blobs keep their hash", async () => {
    const segment = await oneSegment();
    const plain = gunzipSync(encodeSegment(segment));
    for (let bit = 0; bit < plain.length * 8; bit += 1) {
      const result = decodeSegment(gzipSync(flip(plain, bit), { level: 1 }));
      if (result.ok) expect(result.value.blobs).toEqual(segment.blobs.map(({ sha256, bytes }) => ({ sha256, bytes: Buffer.from(bytes) })));
    }
  });

  test("fault 20: a bomb is stopped at the limit, whatever it claims", () => {
    const bomb = gzipSync(Buffer.alloc(4 * 1024 * 1024));
    const limits = { ...SEGMENT_LIMITS, expandedBytes: 1024 * 1024 };
    expect(decodeSegment(bomb, limits)).toMatchObject({ ok: false, error: { kind: "segment-too-large" } });
    expect(decodeSegment(new Uint8Array(11), { ...limits, storedBytes: 10 })).toMatchObject({ ok: false, error: { kind: "segment-too-large" } });
  });

  test("more lines or blobs than the limit are refused by the header alone", async () => {
    const stored = encodeSegment(await oneSegment());
    expect(decodeSegment(stored, { ...SEGMENT_LIMITS, lines: 1 })).toMatchObject({ ok: false, error: { kind: "segment-too-large" } });
    expect(decodeSegment(stored, { ...SEGMENT_LIMITS, blobs: 0 })).toMatchObject({ ok: false, error: { kind: "segment-too-large" } });
    expect(decodeSegment(stored, { ...SEGMENT_LIMITS, headerBytes: 20 })).toMatchObject({ ok: false, error: { kind: "segment-damaged" } });
  });

  const edited = async (edit: (plain: string) => string): Promise<unknown> => {
    const plain = gunzipSync(encodeSegment(await oneSegment())).toString("latin1");
    return refusedPlain(Buffer.from(edit(plain), "latin1"));
  };

  test("edits a person would try are refused", async () => {
    expect(await edited((plain) => plain)).toBe("accepted");
    expect(await edited((plain) => plain.replace("one", "two"))).toBe("accepted"); // Only the chain and the digest can tell; see the next test.
    expect(await edited((plain) => plain.replace("some blob", "same blob"))).toBe("segment-damaged");
    expect(await edited((plain) => plain.replace('"lines":2', '"lines":1'))).toBe("segment-damaged");
    expect(await edited((plain) => plain.replace('"index":1', '"index":1.0'))).toBe("segment-damaged");
    expect(await edited((plain) => plain.replace('"runId":1', '"more":1,"runId":1'))).toBe("segment-damaged");
    expect(await edited((plain) => plain.replace('"item":"7/issue-12/1"', '"item":"../../etc/xx"'))).toBe("segment-damaged");
    expect(await edited((plain) => plain.replace("one", "\xff\xfe\xfd"))).toBe("segment-damaged"); // fault 13
    expect(await edited((plain) => plain.replace(/"one",/, '"one", ').replace('"lineBytes":', '"lineBytes":').replace("some blob", "some blo"))).toBe("segment-damaged");
    expect(await edited((plain) => plain.replace(/"v":1\}\n/, '"v":2}\n'))).toBe("needs-version"); // fault 11
  });

  test("fault 7: an edited line breaks the chain even when every digest and length was made anew", async () => {
    const segment = await oneSegment();
    const lines = segment.lines.map((line, index) => (index === 0 ? line.replace("one", "two") : line));
    const forged = part(encodeSegment({ ...segment, lines }));
    expect(assembleSegments([forged])).toMatchObject({ ok: false, error: { kind: "log-broken" } });
  });

  test("reordered, doubled and dropped lines inside a re-made segment are refused", async () => {
    const segment = await oneSegment();
    const [one = "", two = ""] = segment.lines;
    for (const lines of [[two, one], [one, one, two], [two], [one, two, two]]) {
      expect(assembleSegments([part(encodeSegment({ ...segment, lines }))])).toMatchObject({ ok: false, error: { kind: "log-broken" } });
    }
  });

  test("attack 14: an epoch without end is refused, which seeding a directory would count down", async () => {
    const segment = await oneSegment();
    expect(() => encodeSegment({ ...segment, epoch: SEGMENT_LIMITS.epoch + 1, lines: [] })).toThrow("epoch");
    const forged = gunzipSync(encodeSegment({ ...segment, epoch: 9_999, lines: [], blobs: [] })).toString().replace('"epoch":9999', '"epoch":9007199254740991');
    expect(decodeSegment(gzipSync(forged))).toMatchObject({ ok: false, error: { kind: "segment-too-large", message: expect.stringContaining("epoch 9007199254740991") } });
  });

  test("fault 20: many segments that each are within the limit are together not over the one of all", async () => {
    const segment = await oneSegment();
    const first = encodeSegment({ ...segment, blobs: [] });
    const zeros = Buffer.alloc(100_000);
    const next = encodeSegment({ ...segment, index: 2, previous: sha256Hex(first), lines: [], blobs: [{ sha256: sha256Hex(zeros), bytes: zeros }] });
    const parts = [first, next].map((bytes) => ({ bytes, digest: sha256Hex(bytes) }));
    expect(assembleSegments(parts).ok).toBe(true);
    expect(assembleSegments(parts, 100_000)).toMatchObject({ ok: false, error: { kind: "segment-too-large" } });
  });

  test("a line that says the same in another form, or is of an epoch its writer did not have, is refused", async () => {
    const segment = await oneSegment();
    const [one = "", two = ""] = segment.lines;
    const refusal = (change: Partial<Segment>): unknown => decodeSegment(encodeSegment({ ...segment, ...change }));
    expect(refusal({ lines: [one, two.replace('"v":1}', '"v": 1}')] })).toMatchObject({ ok: false, error: { message: expect.stringContaining("line 2: it is not in canonical form") } });
    expect(refusal({ lines: [one, two.replace('"epoch":1', '"epoch":2')] })).toMatchObject({ ok: false, error: { message: expect.stringContaining("line 2: it has epoch 2") } });
    expect(refusal({ epoch: 2, previous: "0".repeat(64) })).toMatchObject({ ok: false, error: { message: expect.stringContaining("line 1: it has epoch 1") } });
  });

  test("a segment of another work item, or of a wrong epoch, does not join the chain", async () => {
    const segment = await oneSegment();
    const first = part(encodeSegment(segment));
    const next = { ...segment, lines: [], blobs: [], previous: first.digest, index: 2 };
    const joined = (change: Partial<Segment>): unknown => {
      const result = assembleSegments([first, part(encodeSegment({ ...next, ...change }))]);
      return result.ok ? "accepted" : result.error.kind;
    };
    expect(joined({})).toBe("accepted");
    expect(joined({ item: "7/issue-13/1" })).toBe("foreign-segment");
    expect(joined({ index: 1 })).toBe("segment-fork");
    expect(joined({ epoch: 2 })).toBe("accepted"); // The deliver job goes on from the agent job in the same run.
    expect(joined({ runId: 2 })).toBe("segment-fork");
    expect(joined({ runId: 2, epoch: 2, index: 1 })).toBe("accepted");
  });

  test("a segment over the limits is not made", async () => {
    const segment = await oneSegment();
    expect(() => encodeSegment({ ...segment, lines: Array.from({ length: SEGMENT_LIMITS.lines + 1 }, () => "") })).toThrow(TerminalError);
  });
});

describe("a directory made from segments", () => {
  test("refuses a directory that holds a journal", async () => {
    const { parts } = await twoRuns();
    const assembled = assembleSegments(parts);
    if (!assembled.ok) throw new Error("unreadable");
    const { fileSystem: fs } = memoryDisk();
    await seedDirectory({ directory: "/j", fs, assembled: assembled.value });
    await expect(seedDirectory({ directory: "/j", fs, assembled: assembled.value })).rejects.toThrow(TerminalError);
  });

  test("a crash at any call while it is made never leaves a shorter log that opens", async () => {
    const { parts } = await twoRuns();
    const assembled = assembleSegments(parts);
    if (!assembled.ok) throw new Error("unreadable");
    for (let call = 1; ; call += 1) {
      const disk = memoryDisk();
      disk.crashAtCall(call);
      const done = await seedDirectory({ directory: "/j", fs: disk.fileSystem, assembled: assembled.value }).then(() => true, () => false);
      if (done) break;
      disk.powerCut({ unsynced: "kept", names: call % 2 === 0 ? "kept" : "lost" });
      const journal = await openDirectoryJournal({ directory: "/j", fs: disk.fileSystem, clock }).catch((error: unknown) => error);
      if (journal instanceof TerminalError) continue;
      const streams = await (journal as Journal).streams();
      expect([0, 2]).toContain(streams.length);
      if (streams.length === 2) expect(await (journal as Journal).read("session/a")).toHaveLength(4);
    }
  });
});
