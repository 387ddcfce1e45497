import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { nodeClock, nodeFileSystem, nodeRandom } from "../../src/shared/node-ports.ts";
import type { FileSystem } from "../../src/shared/ports.ts";
import { fakeClock } from "../fakes/clock.ts";
import { memoryDisk } from "../fakes/file-system.ts";

const scratch = mkdtempSync(join(tmpdir(), "worktrain-files-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** The real disk and the simulated one must not differ in what the port promises. */
function describeFileSystem(name: string, fs: FileSystem, root: string): void {
  describe(name, () => {
    const text = (path: string): string | null => {
      const bytes = fs.read(path);
      return bytes === null ? null : Buffer.from(bytes).toString();
    };

    test("what is not there reads as null and lists as empty", () => {
      expect(fs.read(join(root, "no", "file"))).toBeNull();
      expect(fs.size(join(root, "no", "file"))).toBeNull();
      expect(fs.list(join(root, "no"))).toEqual([]);
      fs.remove(join(root, "no"));
    });

    test("a file is created exclusively, appended to, and replaced as a whole", () => {
      const directory = join(root, "a", "b");
      fs.makeDirectory(directory);
      fs.makeDirectory(directory);
      const path = join(directory, "log");
      const file = fs.createExclusive(path);
      expect(fs.createExclusive(path)).toBeNull();
      file?.append(Buffer.from("one"));
      file?.append(Buffer.from("two"));
      file?.sync();
      file?.close();
      expect(text(path)).toBe("onetwo");
      expect(fs.size(path)).toBe(6);
      fs.writeDurably(path, Buffer.from("three"));
      expect(text(path)).toBe("three");
      fs.writeDurably(join(directory, "another"), new Uint8Array());
      expect(fs.list(directory)).toEqual(["another", "log"]);
      fs.remove(join(root, "a"));
      expect(fs.list(join(root, "a"))).toEqual([]);
    });
  });
}

describeFileSystem("files on disk", nodeFileSystem, scratch);
describeFileSystem("files on the simulated disk", memoryDisk().fileSystem, "/root");

describe("the simulated disk", () => {
  test("after a power cut only what was synced is certain", () => {
    const disk = memoryDisk();
    disk.fileSystem.makeDirectory("/d");
    const file = disk.fileSystem.createExclusive("/d/log");
    file?.append(Buffer.from("synced"));
    file?.sync();
    file?.append(Buffer.from("-unsynced"));
    disk.powerCut({ unsynced: 4 / 9, names: "lost" });
    expect(Buffer.from(disk.fileSystem.read("/d/log") ?? []).toString()).toBe("synced-uns");
  });

  test("after a failed sync later ones lie, as on Linux (fault 3)", () => {
    const disk = memoryDisk();
    disk.fileSystem.makeDirectory("/d");
    const file = disk.fileSystem.createExclusive("/d/log");
    file?.append(Buffer.from("x"));
    disk.failNextSync("EIO");
    expect(() => file?.sync()).toThrow("EIO");
    file?.sync();
    disk.powerCut({ unsynced: "lost", names: "kept" });
    expect(disk.fileSystem.read("/d/log")).toHaveLength(0);
  });
});

describe("clocks", () => {
  test.each([["real", nodeClock], ["fake", fakeClock()]])("a sleep on the %s clock ends with the signal's reason", async (_, clock) => {
    const reason = new Error("enough");
    const controller = new AbortController();
    const sleeping = clock.sleep(3_600_000, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    await expect(clock.sleep(1, controller.signal)).rejects.toBe(reason);
  });

  test("the real clock sleeps at least as long as it was told, also for none", async () => {
    const started = nodeClock.monotonicMs();
    await nodeClock.sleep(0);
    await nodeClock.sleep(3);
    expect(nodeClock.monotonicMs() - started).toBeGreaterThanOrEqual(2);
    expect(nodeRandom.bytes(16)).toHaveLength(16);
  });

  test("the fake clock wakes sleepers in order, those they start included", async () => {
    const clock = fakeClock(1000);
    const woken: string[] = [];
    const nap = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms);
      woken.push(`${name} ${clock.nowMs()}`);
    };
    void nap("late", 50);
    void nap("early", 10).then(() => nap("then", 20));
    await clock.advance(40);
    expect(woken).toEqual(["early 1010", "then 1030"]);
    expect([clock.nowMs(), clock.monotonicMs(), clock.sleepers()]).toEqual([1040, 40, 1]);
  });
});
