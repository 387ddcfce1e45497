import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openDirectoryJournal, openDirectoryReader, type Journal, type JournalReader } from "../../src/journal/index.ts";
import type { Head } from "../../src/record/index.ts";
import { TerminalError } from "../../src/shared/errors.ts";
import { nodeFileSystem } from "../../src/shared/node-ports.ts";
import { fakeClock } from "../fakes/clock.ts";
import { memoryDisk } from "../fakes/file-system.ts";
import { steered } from "./events.ts";
import { appendOk, describeJournal } from "./suite.ts";

const clock = fakeClock();
const scratch = mkdtempSync(join(tmpdir(), "worktrain-journal-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let counter = 0;

describeJournal("directory journal on a real disk", (options) =>
  openDirectoryJournal({ directory: join(scratch, String((counter += 1))), fs: nodeFileSystem, clock, ...options }),
);
describeJournal("directory journal on a simulated disk", (options) =>
  openDirectoryJournal({ directory: "/data/journal", fs: memoryDisk().fileSystem, clock, ...options }),
);

describe("a journal directory opened again", () => {
  test("goes on from its heads in the next epoch, and since gives only what is new", async () => {
    const { fileSystem: fs } = memoryDisk();
    const first = await openDirectoryJournal({ directory: "/j", fs, clock });
    const head = await appendOk(first, "session/a", null, [steered("one")]);
    const sha256 = await first.putBlob(Buffer.from("blob"));
    await first.close();

    const second = await openDirectoryJournal({ directory: "/j", fs, clock });
    expect(second.epoch).toBe(2);
    expect(second.notes).toEqual([]);
    expect(await second.head("session/a")).toEqual(head);
    expect(await second.since(null)).toMatchObject({ lines: [], blobs: [] });
    await appendOk(second, "session/a", head, [steered("two")]);
    await second.putBlob(Buffer.from("blob"));
    expect(await second.since(null)).toMatchObject({ lines: [expect.stringContaining("two")], blobs: [] });

    const reader = await openDirectoryReader({ directory: "/j", fs });
    expect((await reader.read("session/a")).map((event) => event.epoch)).toEqual([1, 2]);
    expect(Buffer.from((await reader.getBlob(sha256)) ?? []).toString()).toBe("blob");
  });

  test("a reader of a directory that is not there sees an empty journal and makes nothing", async () => {
    const disk = memoryDisk();
    const reader = await openDirectoryReader({ directory: "/none", fs: disk.fileSystem });
    expect(await reader.streams()).toEqual([]);
    expect([...disk.snapshot()]).toEqual([]);
  });

  test("fault 12: a clock that goes back an hour changes no order", async () => {
    const { fileSystem: fs } = memoryDisk();
    const jumping = fakeClock();
    const journal = await openDirectoryJournal({ directory: "/j", fs, clock: jumping });
    const head = await appendOk(journal, "session/a", null, [steered("one")]);
    jumping.jump(-3_600_000);
    await appendOk(journal, "session/a", head, [steered("two")]);
    const reader = await openDirectoryReader({ directory: "/j", fs });
    const events = await reader.read("session/a");
    expect(events.map((event) => (event.kind === "steered" ? event.data.text : ""))).toEqual(["one", "two"]);
    expect(Date.parse(events[1]?.at ?? "")).toBeLessThan(Date.parse(events[0]?.at ?? ""));
  });

  test("a data directory that is a file, or cannot be written, is said as such", async () => {
    const disk = memoryDisk();
    disk.plant("/file", Buffer.from("x"));
    await expect(openDirectoryJournal({ directory: "/file/j", fs: disk.fileSystem, clock })).rejects.toThrow(TerminalError);
    const readOnly = { ...disk.fileSystem, createExclusive: () => { throw Object.assign(new Error("read-only file system"), { code: "EROFS" }); } };
    await expect(openDirectoryJournal({ directory: "/j", fs: readOnly, clock })).rejects.toThrow("/j cannot be opened (EROFS)");
  });

  test("a large log reads as it was written, streams side by side, over epochs, and goes on", async () => {
    const { fileSystem: fs } = memoryDisk();
    const texts: Record<string, string[]> = { "session/a": [], "session/b": [] };
    const heads: Record<string, Head | null> = { "session/a": null, "session/b": null };
    const add = async (journal: Journal, stream: string, count: number): Promise<void> => {
      const more = Array.from({ length: count }, (_, index) => `${stream} ${(texts[stream]?.length ?? 0) + index} ${"x".repeat(20_000)}`);
      heads[stream] = await appendOk(journal, stream, heads[stream] ?? null, more.map(steered));
      texts[stream]?.push(...more);
    };
    const read = async (journal: JournalReader, stream: string) => (await journal.read(stream)).map((event) => (event.kind === "steered" ? event.data.text : event.kind));
    for (const epoch of [1, 2, 3]) {
      const journal = await openDirectoryJournal({ directory: "/j", fs, clock });
      expect(journal.epoch).toBe(epoch);
      for (const [stream, written] of Object.entries(texts)) expect(await journal.head(stream)).toEqual(written.length === 0 ? null : heads[stream]);
      // One of them is read before it goes on, the other not.
      if (epoch > 1) expect(await read(journal, "session/a")).toEqual(texts["session/a"]);
      // The second file is small, the others are large (C3).
      for (let round = 0; round < (epoch === 2 ? 2 : 60); round += 1) {
        await add(journal, "session/a", 1 + (round % 3));
        await add(journal, "session/b", 3);
      }
      for (const [stream, written] of Object.entries(texts)) expect(await read(journal, stream)).toEqual(written);
      await journal.close();
    }
    const reader = await openDirectoryReader({ directory: "/j", fs });
    for (const [stream, written] of Object.entries(texts)) expect(await read(reader, stream)).toEqual(written);
    expect((await reader.read("session/b")).map(({ seq }) => seq)).toEqual((texts["session/b"] ?? []).map((_, index) => index + 1));
  });

  test("a large log with one changed letter is refused with its line", async () => {
    const disk = memoryDisk();
    const journal = await openDirectoryJournal({ directory: "/j", fs: disk.fileSystem, clock });
    await appendOk(journal, "session/a", null, Array.from({ length: 300 }, (_, index) => steered(`${index} ${"x".repeat(20_000)}`)));
    await journal.close();
    const path = "/j/epochs/000001.jsonl";
    const bytes = Buffer.from(disk.fileSystem.read(path) ?? []);
    bytes[bytes.indexOf('"text":"123 x') + 13] = 0x79;
    disk.plant(path, bytes);
    await expect(openDirectoryReader({ directory: "/j", fs: disk.fileSystem })).rejects.toThrow(`${path} line 125 is refused`);
  });

  test("a blob whose file was changed is refused by name", async () => {
    const disk = memoryDisk();
    const journal = await openDirectoryJournal({ directory: "/j", fs: disk.fileSystem, clock });
    const sha256 = await journal.putBlob(Buffer.from("blob"));
    disk.plant(`/j/blobs/${sha256.slice(0, 2)}/${sha256}`, Buffer.from("bulb"));
    await expect(journal.getBlob(sha256)).rejects.toThrow(TerminalError);
  });
});
