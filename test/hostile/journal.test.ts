import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { openDirectoryJournal, openDirectoryReader, type Journal, type JournalReader } from "../../src/journal/index.ts";
import type { Head } from "../../src/record/index.ts";
import { TerminalError } from "../../src/shared/errors.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { canonicalJson } from "../../src/shared/json.ts";
import { nodeFileSystem } from "../../src/shared/node-ports.ts";
import type { Room } from "../../src/shared/durable-files.ts";
import type { FileSystem } from "../../src/shared/ports.ts";
import { fakeClock } from "../fakes/clock.ts";
import { memoryDisk, type CrashChoice, type MemoryDisk } from "../fakes/file-system.ts";
import { steered } from "../journal/events.ts";
import { appendOk } from "../journal/suite.ts";

const clock = fakeClock();
const directory = "/j";
const FIRST = "/j/epochs/000001.jsonl";
const SECOND = "/j/epochs/000002.jsonl";

const openOn = (disk: MemoryDisk): ReturnType<typeof openDirectoryJournal> => openDirectoryJournal({ directory, fs: disk.fileSystem, clock });
const readOn = (disk: MemoryDisk): ReturnType<typeof openDirectoryReader> => openDirectoryReader({ directory, fs: disk.fileSystem });
const bytesOf = (disk: MemoryDisk, path: string): Buffer => Buffer.from(disk.fileSystem.read(path) ?? []);
const refusalOf = async (opening: Promise<unknown>): Promise<string> => {
  const outcome = await opening.then(
    () => "accepted",
    (error: unknown) => error,
  );
  return outcome instanceof TerminalError ? outcome.message : String(outcome);
};
const textsOf = async (reader: JournalReader, stream: string): Promise<readonly string[]> =>
  (await reader.read(stream)).map((event) => (event.kind === "steered" ? event.data.text : ""));

/** Two epochs, two streams, lines of many lengths: about 10 KB in the second file. */
async function realLog(room?: Room): Promise<MemoryDisk> {
  const disk = memoryDisk(room);
  const heads = new Map<string, Head>();
  for (const lines of [5, 24]) {
    const journal = await openOn(disk);
    for (let index = 0; index < lines; index += 1) {
      const stream = index % 3 === 0 ? "session/b" : "session/a";
      const text = `${index} ${"é@ \u{1f600}".repeat((index * 7) % 40)}`;
      heads.set(stream, await appendOk(journal, stream, heads.get(stream) ?? null, [steered(text)]));
    }
    await journal.close();
  }
  return disk;
}

/** The same as a second writer leaves it that died: it did not come to note how its file ends. */
async function unclosedLog(room?: Room): Promise<MemoryDisk> {
  const disk = await realLog(room);
  disk.fileSystem.remove(`${SECOND}.end`);
  disk.fileSystem.sync(SECOND); // With its directory: the name stays away.
  return disk;
}

describe("cutting and flipping a real log", () => {
  test("fault 2: cut anywhere in the newest file, the log opens with exactly the whole lines before the cut", async () => {
    const disk = await unclosedLog();
    const whole = bytesOf(disk, SECOND);
    const before = (await (await readOn(disk)).read("session/a")).length + (await (await readOn(disk)).read("session/b")).length;
    const ends = [...whole.entries()].flatMap(([index, byte]) => (byte === 10 ? [index + 1] : []));
    for (let cut = 0; cut < whole.length; cut += 1) {
      disk.plant(SECOND, whole.subarray(0, cut));
      const reader = await readOn(disk);
      const events = (await reader.read("session/a")).length + (await reader.read("session/b")).length;
      expect(events).toBe(before - ends.filter((end) => end > cut).length);
      expect(reader.notes.length).toBe(cut === 0 || ends.includes(cut) ? 0 : 1);
    }
  });

  test("fault 2: the cut bytes are kept beside the file, and the log goes on", async () => {
    const disk = await unclosedLog();
    const whole = bytesOf(disk, SECOND);
    const start = whole.lastIndexOf("\n", whole.length - 2) + 1;
    disk.plant(SECOND, whole.subarray(0, whole.length - 5));
    const journal = await openOn(disk);
    expect(journal.notes).toEqual([expect.stringContaining(`tail_truncated: ${whole.length - 5 - start} bytes`)]);
    expect(bytesOf(disk, `${SECOND}.torn`).equals(whole.subarray(start, whole.length - 5))).toBe(true);
    expect(bytesOf(disk, SECOND).equals(whole.subarray(0, start))).toBe(true);
    await appendOk(journal, "session/a", await journal.head("session/a"), [steered("on")]);
    expect((await textsOf(await readOn(disk), "session/a")).at(-1)).toBe("on");
  });

  test("fault 2: a last append with unwritten sectors in it is cut, whatever stands behind them", async () => {
    const disk = memoryDisk();
    const journal = await openOn(disk);
    const head = await appendOk(journal, "session/a", null, [steered("kept")]);
    await appendOk(journal, "session/a", head, [steered("x".repeat(3000)), steered("y")]);
    const bytes = bytesOf(disk, FIRST);
    disk.plant(FIRST, bytes.fill(0, 512, 1024));
    const reader = await readOn(disk);
    expect(await textsOf(reader, "session/a")).toEqual(["kept"]);
    expect(reader.notes).toHaveLength(1);
  });

  test("fault 2: so is one whose unwritten sector holds only its first bytes", async () => {
    for (const first of [1, 2, 15]) {
      const disk = memoryDisk();
      const journal = await openOn(disk);
      const line = (text: string): Promise<Head> => journal.head("session/a").then((head) => appendOk(journal, "session/a", head, [steered(text)]));
      await line("");
      await line("x".repeat(512 - first - 2 * bytesOf(disk, FIRST).length));
      const end = bytesOf(disk, FIRST).length;
      expect(end).toBe(512 - first);
      await line("torn".repeat(200));
      disk.plant(FIRST, bytesOf(disk, FIRST).fill(0, end, 512));
      const reader = await readOn(disk);
      expect(await textsOf(reader, "session/a")).toHaveLength(2);
      expect(reader.notes).toHaveLength(1);
    }
  });

  test("an older file cut anywhere but at a line is refused, with its name", async () => {
    const disk = await realLog();
    const whole = bytesOf(disk, FIRST);
    for (let cut = 0; cut < whole.length; cut += 1) {
      disk.plant(FIRST, whole.subarray(0, cut));
      expect(await refusalOf(readOn(disk))).toMatch(/00000[12]\.jsonl (line \d+ )?is refused/);
    }
  });

  test("fault 6: one flipped bit of any byte is refused; where the writer died, only the last line of a stream has nothing behind it that could tell", async () => {
    const disk = await unclosedLog();
    const lastLines = new Map<string, readonly [number, number]>();
    const whole = bytesOf(disk, SECOND);
    for (let start = 0; start < whole.length; start = whole.indexOf("\n", start) + 1) {
      const end = whole.indexOf("\n", start) + 1;
      lastLines.set(JSON.parse(whole.toString("utf8", start, end)).stream, [start, end]);
    }
    const flipped = Buffer.from(whole);
    for (const [index, byte] of whole.entries()) {
      flipped[index] = byte ^ (1 << (index % 8));
      disk.plant(SECOND, flipped);
      const refusal = await refusalOf(readOn(disk));
      flipped[index] = byte;
      if (refusal !== "accepted") expect(refusal).toContain("000002.jsonl");
      else expect([...lastLines.values()].some(([start, end]) => index >= start && index < end)).toBe(true);
    }
  });

  test("fault 6: of a log that was closed, or gone on from, every flipped bit and every cut is refused, in its last lines too", async () => {
    const disk = await realLog();
    const whole = bytesOf(disk, SECOND);
    for (const [index, byte] of whole.entries()) {
      const flipped = Buffer.from(whole);
      flipped[index] = byte ^ (1 << (index % 8));
      disk.plant(SECOND, flipped);
      expect(await refusalOf(readOn(disk)), `flip at ${index}`).toContain("000002.jsonl");
      disk.plant(SECOND, whole.subarray(0, index));
      expect(await refusalOf(readOn(disk)), `cut at ${index}`).toContain("000002.jsonl");
    }
    // A writer that died is noted for by the next one.
    const died = await unclosedLog();
    await (await openOn(died)).close();
    const flipped = Buffer.from(whole);
    const at = flipped.lastIndexOf("@"); // In the text of a stream's last line.
    flipped[at] = 0x41;
    died.plant(SECOND, flipped);
    expect(await refusalOf(readOn(died))).toContain("000002.jsonl is refused");
    expect(await refusalOf(openOn(died))).toContain("000002.jsonl is refused");
  });

  test.each(["", "{}", '{"bytes":1e9,"sha256":"0"}\n'])("fault 6: a note of an end that is damaged itself is refused by its name: %s", async (text) => {
    const disk = await realLog();
    disk.plant(`${SECOND}.end`, Buffer.from(text));
    const before = disk.snapshot();
    expect(await refusalOf(openOn(disk))).toContain("000002.jsonl.end, cannot be read");
    expect(disk.snapshot()).toEqual(before);
  });

  test("what a writer left behind the noted end that nobody was told of is judged as without a note", async () => {
    const disk = await realLog();
    const whole = bytesOf(disk, SECOND);
    disk.plant(SECOND, Buffer.concat([whole, Buffer.from('{"at":"20')]));
    const reader = await readOn(disk);
    expect(reader.notes).toEqual([expect.stringContaining("tail_truncated: 9 bytes")]);
  });

  test("fault 6: what is refused stays as it is, byte for byte", async () => {
    const disk = await realLog();
    const damaged = bytesOf(disk, FIRST);
    damaged[10] = 0;
    disk.plant(FIRST, damaged);
    const before = disk.snapshot();
    expect(await refusalOf(openOn(disk))).toContain("000001.jsonl line 1");
    expect(disk.snapshot()).toEqual(before);
  });
});

/** The lines of a file, for editing; `write` puts them back, chained anew when asked. */
function linesOf(disk: MemoryDisk, path: string): readonly string[] {
  return bytesOf(disk, path).toString("utf8").split("\n").slice(0, -1);
}
const writeLines = (disk: MemoryDisk, path: string, lines: readonly string[]): void => disk.plant(path, Buffer.from(lines.map((line) => `${line}\n`).join("")));

async function smallLog(): Promise<MemoryDisk> {
  const disk = memoryDisk();
  const journal = await openOn(disk);
  await appendOk(journal, "session/a", null, ["one", "two", "three"].map(steered));
  await journal.close();
  return disk;
}

describe("an edited log", () => {
  test("fault 8: reordered, doubled and missing lines are refused with the reason", async () => {
    const disk = await smallLog();
    const [one = "", two = "", three = ""] = linesOf(disk, FIRST);
    const refusal = async (lines: readonly string[]): Promise<string> => {
      writeLines(disk, FIRST, lines);
      return refusalOf(readOn(disk));
    };
    expect(await refusal([one, three])).toContain("line 2 is refused: session/a goes from seq 1 to 3: seq 2 is missing");
    expect(await refusal([two, three])).toContain("line 1 is refused: session/a goes from seq 0 to 2");
    expect(await refusal([one, one, two, three])).toContain("line 2 is refused: session/a has seq 1 twice");
    expect(await refusal([one, two, two])).toContain("line 3 is refused: session/a has seq 2 twice");
    expect(await refusal([one, "", two])).toContain("line 2 is refused: it is not one JSON object");
    expect(await refusal([one, `${two} `, three])).toContain("line 3 is refused: session/a seq 3 does not follow");
  });

  test("fault 7: an edited line breaks the chain at the next one", async () => {
    const disk = await smallLog();
    const [one = "", ...rest] = linesOf(disk, FIRST);
    writeLines(disk, FIRST, [one.replace('"one"', '"won"'), ...rest]);
    expect(await refusalOf(readOn(disk))).toContain("line 2 is refused: session/a seq 2 does not follow the line before it");
  });

  test("fault 11: a newer record version is refused by number and nothing is changed", async () => {
    const disk = await smallLog();
    const lines = linesOf(disk, FIRST);
    writeLines(disk, FIRST, lines.map((line, index) => (index === 2 ? line.replace('"v":1', '"v":2') : line)));
    const before = disk.snapshot();
    for (const opening of [openOn(disk), readOn(disk)]) expect(await refusalOf(opening)).toContain("line 3 is refused: it needs a WorkTrain that reads record version 2");
    expect(disk.snapshot()).toEqual(before);
  });

  test("fault 11: an event this version does not know is refused by its kind", async () => {
    const disk = await smallLog();
    const lines = linesOf(disk, FIRST);
    writeLines(disk, FIRST, lines.map((line, index) => (index === 2 ? line.replace('"steered"', '"teleported"') : line)));
    expect(await refusalOf(readOn(disk))).toContain('"teleported"');
  });

  test("lines of another epoch's writer, or in a file of the wrong epoch, are refused", async () => {
    const disk = await smallLog();
    disk.plant(SECOND, bytesOf(disk, FIRST));
    expect(await refusalOf(readOn(disk))).toContain("000002.jsonl line 1 is refused: it says epoch 1 in the file of epoch 2");
  });

  test("fault 22: a second chain in a later epoch file is refused, never merged", async () => {
    const disk = await smallLog();
    const rival = memoryDisk();
    await (await openOn(rival)).close();
    await appendOk(await openOn(rival), "session/a", null, [steered("other")]);
    disk.plant(SECOND, bytesOf(rival, SECOND));
    expect(await refusalOf(readOn(disk))).toContain("session/a has seq 1 twice");
  });

  test("fault 8: a missing epoch file is named", async () => {
    const disk = await realLog();
    disk.fileSystem.remove(FIRST);
    expect(await refusalOf(openOn(disk))).toContain("000001.jsonl is missing");
  });

  test("fault 13: bytes that are not UTF-8 are refused even where JSON would take them", async () => {
    const disk = await smallLog();
    const bytes = bytesOf(disk, FIRST);
    bytes.write("\xff", bytes.lastIndexOf("three"), "latin1");
    disk.plant(FIRST, bytes);
    expect(await refusalOf(readOn(disk))).toContain("line 3 is refused: it is not UTF-8 text");
  });

  test("foreign files beside the log are no part of it", async () => {
    const disk = await smallLog();
    for (const name of [".DS_Store", "000002.jsonl~", "000003.jsonl.torn", "000002.jsonl.77.tmp"]) disk.plant(`/j/epochs/${name}`, Buffer.from("junk"));
    expect(await textsOf(await readOn(disk), "session/a")).toEqual(["one", "two", "three"]);
  });

  test("a log of other keys order is refused by the chain of what follows", async () => {
    const disk = await smallLog();
    const [one = "", ...rest] = linesOf(disk, FIRST);
    const reordered = JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(one)).reverse()));
    expect(canonicalJson(JSON.parse(reordered))).toBe(one);
    writeLines(disk, FIRST, [reordered, ...rest]);
    expect(await refusalOf(readOn(disk))).toContain("line 2 is refused");
  });
});

/** Room from the first byte on, and so little that it is made anew again and again. */
const ROOMY: Room = { fromBytes: 0, bytes: 2_000 };

describe("room behind the end of the newest file", () => {
  test("a process that died left it: it is no part of the log and no tear, and the next one leaves it as it is", async () => {
    const disk = memoryDisk(ROOMY);
    const journal = await openOn(disk);
    await appendOk(journal, "session/a", null, [steered("kept")]);
    const bytes = bytesOf(disk, FIRST);
    const end = bytes.lastIndexOf("\n") + 1;
    expect(bytes.length).toBe(end + ROOMY.bytes);
    const reader = await readOn(disk);
    expect(await textsOf(reader, "session/a")).toEqual(["kept"]);
    expect(reader.notes).toEqual([]);
    const next = await openOn(disk);
    expect(next.notes).toEqual([]);
    expect(bytesOf(disk, FIRST).equals(bytes)).toBe(true);
    await appendOk(next, "session/a", await next.head("session/a"), [steered("on")]);
    expect(await textsOf(await readOn(disk), "session/a")).toEqual(["kept", "on"]);
  });

  test("a journal that is closed leaves none", async () => {
    const disk = memoryDisk(ROOMY);
    const journal = await openOn(disk);
    await appendOk(journal, "session/a", null, [steered("kept")]);
    await journal.close();
    expect(bytesOf(disk, FIRST).at(-1)).toBe(10);
  });

  test("fault 2: an append torn within it is cut off, and said", async () => {
    const disk = memoryDisk(ROOMY);
    const journal = await openOn(disk);
    const head = await appendOk(journal, "session/a", null, [steered("kept")]);
    const end = bytesOf(disk, FIRST).lastIndexOf("\n") + 1;
    await appendOk(journal, "session/a", head, [steered("torn")]);
    const bytes = bytesOf(disk, FIRST);
    disk.plant(FIRST, bytes.fill(0, end + 40));
    const next = await openOn(disk);
    expect(next.notes).toEqual([expect.stringContaining("tail_truncated: 40 bytes")]);
    expect(await textsOf(next, "session/a")).toEqual(["kept"]);
  });

  test("fault 4: a disk too full for it takes the events without it", async () => {
    const disk = memoryDisk(ROOMY);
    const journal = await openOn(disk);
    disk.setFreeBytes(1_500);
    const head = await appendOk(journal, "session/a", null, [steered("one")]);
    disk.setFreeBytes(1_500);
    await appendOk(journal, "session/a", head, [steered("two")]);
    await journal.close();
    expect(await textsOf(await readOn(disk), "session/a")).toEqual(["one", "two"]);
  });
});

describe("a failing disk", () => {
  test("fault 3: after EIO on fsync nothing more is taken, and what was acknowledged is there after a power cut", async () => {
    const disk = memoryDisk();
    const journal = await openOn(disk);
    const head = await appendOk(journal, "session/a", null, [steered("kept")]);
    disk.failNextSync("EIO");
    expect(await refusalOf(journal.append("session/a", head, [steered("unknown")]))).toContain("EIO");
    expect(await refusalOf(journal.append("session/a", head, [steered("again")]))).toContain("EIO");
    expect(await journal.since(null)).toMatchObject({ lines: [expect.stringContaining("kept")] });
    disk.powerCut({ unsynced: "lost", names: "lost" });
    expect(await textsOf(await openOn(disk), "session/a")).toEqual(["kept"]);
  });

  test.each(["lost", "holed", "zeroed"] as const)("fault 3: who goes on after a failed sync builds on nothing that only the page cache holds (%s)", async (unsynced) => {
    const disk = memoryDisk();
    const journal = await openOn(disk);
    const head = await appendOk(journal, "session/a", null, [steered("kept")]);
    disk.failNextSync("EIO");
    expect(await refusalOf(journal.append("session/a", head, [steered("x".repeat(2_000))]))).toContain("EIO");
    // The process ends, the machine does not: what failed to be written still reads as if it had been.
    const next = await openOn(disk);
    const read = await textsOf(next, "session/a");
    const after = await next.head("session/a");
    await appendOk(next, "session/a", after, [steered("built on it")]);
    disk.powerCut({ unsynced, names: "lost" });
    expect(await textsOf(await openOn(disk), "session/a")).toEqual([...read, "built on it"]);
  });

  test("fault 4: a full disk is said as such, the half-written line is cut when there is room again", async () => {
    const disk = memoryDisk();
    const journal = await openOn(disk);
    const head = await appendOk(journal, "session/a", null, [steered("kept")]);
    disk.setFreeBytes(40);
    expect(await refusalOf(journal.append("session/a", head, [steered("too much")]))).toContain("The disk is full");
    expect(await refusalOf(journal.putBlob(Buffer.alloc(100)))).toContain("The disk is full");
    disk.setFreeBytes(null);
    const resumed = await openOn(disk);
    expect(resumed.notes).toEqual([expect.stringContaining("tail_truncated: 40 bytes")]);
    expect(await textsOf(resumed, "session/a")).toEqual(["kept"]);
  });

  test("fault 4: a blob that found no room leaves no file that could be taken for it", async () => {
    const disk = memoryDisk();
    const journal = await openOn(disk);
    disk.setFreeBytes(40);
    expect(await refusalOf(journal.putBlob(Buffer.alloc(100)))).toContain("The disk is full");
    expect(await journal.getBlob(sha256Hex(Buffer.alloc(100)))).toBeNull();
    disk.setFreeBytes(null);
    await journal.putBlob(Buffer.alloc(100));
    expect(await journal.getBlob(sha256Hex(Buffer.alloc(100)))).toHaveLength(100);
  });
});

describe.each([
  ["as short logs have it", undefined],
  ["with room behind it", ROOMY],
])("a crash at every system call, the file %s", (_, room) => {
  const CHOICES: readonly CrashChoice[] = (["lost", "kept", "zeroed", "holed", 0.3, 0.9] as const).flatMap((unsynced) =>
    (["lost", "kept"] as const).map((names) => ({ unsynced, names })),
  );

  /** Two sessions of work; notes what was acknowledged on its way. */
  async function work(fs: FileSystem, acked: { texts: string[]; blobs: string[] }): Promise<void> {
    for (const round of [1, 2]) {
      const journal: Journal = await openDirectoryJournal({ directory, fs, clock });
      for (const size of [10, 3000, 700]) {
        acked.blobs.push(await journal.putBlob(Buffer.from(`${round}${"b".repeat(size)}`)));
        const text = `${round} ${"x".repeat(size)}`;
        await appendOk(journal, "session/a", await journal.head("session/a"), [steered(text)]);
        acked.texts.push(text);
      }
      await journal.close();
    }
  }

  test("faults 1 and 9: whatever the cache kept, all that was acknowledged is there, in order, and the log goes on", async () => {
    for (const choice of CHOICES) {
      for (let call = 1, done = false; !done; call += 1) {
        const disk = memoryDisk(room);
        disk.crashAtCall(call);
        const acked = { texts: [] as string[], blobs: [] as string[] };
        done = await work(disk.fileSystem, acked).then(
          () => true,
          () => false,
        );
        disk.powerCut(choice);
        const journal = await openOn(disk);
        const texts = await textsOf(journal, "session/a");
        const where = `call ${call}, ${JSON.stringify(choice)}`;
        expect(texts.slice(0, acked.texts.length), where).toEqual(acked.texts);
        expect(texts.length - acked.texts.length, where).toBeLessThanOrEqual(1);
        for (const sha256 of acked.blobs) expect(await journal.getBlob(sha256), where).not.toBeNull();
        for (const [path, bytes] of disk.snapshot()) {
          if (path.startsWith("/j/blobs/") && !path.endsWith(".tmp")) expect(sha256Hex(bytes), where).toBe(basename(path));
        }
        await appendOk(journal, "session/a", await journal.head("session/a"), [steered("on")]);
        expect((await textsOf(await readOn(disk), "session/a")).at(-1), where).toBe("on");
      }
    }
  });

  test("fault 1: the process dies, another goes on from what the page cache shows, then the power is cut", async () => {
    for (let call = 1, done = false; !done; call += 1) {
      const disk = memoryDisk(room);
      disk.crashAtCall(call);
      const acked = { texts: [] as string[], blobs: [] as string[] };
      done = await work(disk.fileSystem, acked).then(
        () => true,
        () => false,
      );
      disk.powerOn();
      const second = await openOn(disk);
      for (const round of [1, 2]) for (const size of [10, 3000, 700]) acked.blobs.push(await second.putBlob(Buffer.from(`${round}${"b".repeat(size)}`)));
      await appendOk(second, "session/a", await second.head("session/a"), [steered("second")]);
      const texts = await textsOf(second, "session/a");
      disk.powerCut({ unsynced: "lost", names: "lost" });
      const third = await openOn(disk);
      expect(await textsOf(third, "session/a"), `call ${call}`).toEqual(texts);
      for (const sha256 of acked.blobs) expect(await third.getBlob(sha256), `call ${call}`).not.toBeNull();
    }
  });

  test("a crash while a torn tail is cut loses nothing either", async () => {
    for (let call = 1, done = false; !done; call += 1) {
      const disk = await unclosedLog(room);
      disk.plant(SECOND, bytesOf(disk, SECOND).subarray(0, -3));
      const wanted = await textsOf(await readOn(disk), "session/a");
      disk.crashAtCall(disk.calls + call);
      done = await openOn(disk).then(
        () => true,
        () => false,
      );
      disk.powerCut({ unsynced: "lost", names: call % 2 === 0 ? "kept" : "lost" });
      expect(await textsOf(await openOn(disk), "session/a")).toEqual(wanted);
    }
  });
});

describe.each([
  ["as short logs have it", undefined],
  ["with room behind it", ROOMY],
])("fault 22: two writers on one directory, the file %s", (_, room) => {
  test("the later one goes on, the earlier one is fenced and changes nothing", async () => {
    const disk = memoryDisk(room);
    const early = await openOn(disk);
    const head = await appendOk(early, "session/a", null, [steered("early")]);
    const late = await openOn(disk);
    expect(late.epoch).toBe(early.epoch + 1);
    expect(await refusalOf(early.append("session/a", head, [steered("zombie")]))).toContain("Another process opened the journal");
    await appendOk(late, "session/a", head, [steered("late")]);
    expect(await textsOf(await readOn(disk), "session/a")).toEqual(["early", "late"]);
  });

  test("one that opens within an append sees the event or the append is not acknowledged", async () => {
    for (const moment of ["before the write", "after the write", "after the sync"]) {
      const disk = memoryDisk(room);
      let late: ReturnType<typeof openDirectoryJournal> | null = null;
      const meddle = (when: string): void => {
        if (when === moment && armed) late ??= openOn(disk);
      };
      let armed = false;
      const fs: FileSystem = {
        ...disk.fileSystem,
        createExclusive(path) {
          const file = disk.fileSystem.createExclusive(path);
          if (file === null) return null;
          return {
            append(bytes) {
              meddle("before the write");
              file.append(bytes);
              meddle("after the write");
            },
            sync() {
              file.sync();
              meddle("after the sync");
            },
            close: () => file.close(),
          };
        },
      };
      const early = await openDirectoryJournal({ directory, fs, clock });
      const head = await appendOk(early, "session/a", null, [steered("early")]);
      armed = true;
      expect(await refusalOf(early.append("session/a", head, [steered("caught")])), moment).toContain("Another process");
      expect(late).not.toBeNull();
    }
  });

  test("one that appends while another opens is seen by it", async () => {
    const disk = memoryDisk(room);
    const early = await openOn(disk);
    const head = await appendOk(early, "session/a", null, [steered("early")]);
    const appending: Promise<Head>[] = [];
    const fs: FileSystem = {
      ...disk.fileSystem,
      createExclusive(path) {
        if (appending.length === 0) appending.push(appendOk(early, "session/a", head, [steered("just in time")]));
        return disk.fileSystem.createExclusive(path);
      },
    };
    const late = await openDirectoryJournal({ directory, fs, clock });
    await Promise.all(appending);
    expect(await textsOf(late, "session/a")).toEqual(["early", "just in time"]);
  });

  test("processes that open at the same time get epochs of their own", async () => {
    const disk = memoryDisk(room);
    const epochs = (await Promise.all(Array.from({ length: 5 }, () => openOn(disk)))).map((journal) => journal.epoch);
    expect(new Set(epochs).size).toBe(5);
  });
});

describe("fault 1: kill -9 of a real process", () => {
  const scratch = mkdtempSync(join(tmpdir(), "worktrain-kill-"));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  /** Runs the appender until it acknowledged `acks` appends, kills it, and returns the last seq it acknowledged. */
  function killAfter(path: string, acks: number): Promise<number> {
    const script = fileURLToPath(new URL("./append-forever.ts", import.meta.url));
    const child = spawn(process.execPath, [script, path], { stdio: ["ignore", "pipe", "inherit"] });
    return new Promise((resolve, reject) => {
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
        if (output.split("\n").length > acks) child.kill("SIGKILL");
      });
      child.on("error", reject);
      child.on("close", () => resolve(Number(output.slice(0, output.lastIndexOf("\n")).split("\n").at(-1))));
    });
  }

  test("every acknowledged event and blob is there, time after time on one directory", async () => {
    const path = join(scratch, "journal");
    for (const acks of [1, 40, 150]) {
      const acked = await killAfter(path, acks);
      const reader = await openDirectoryReader({ directory: path, fs: nodeFileSystem });
      const blobs = await textsOf(reader, "session/killed");
      expect(blobs.length).toBeGreaterThanOrEqual(acked);
      for (const sha256 of blobs) expect(await reader.getBlob(sha256)).not.toBeNull();
    }
  }, 30_000);
});
