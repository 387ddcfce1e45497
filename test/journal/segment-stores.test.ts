import { describe, expect, test } from "vitest";
import { createArtifactSegmentStore, createDirectorySegmentStore, createMemorySegmentStore, NameTakenError, type ArtifactClient, type SegmentStore } from "../../src/journal/index.ts";
import { TerminalError } from "../../src/shared/errors.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { memoryDisk } from "../fakes/file-system.ts";

const name = "worktrain.7.issue-12.1.r5.a1.0003.code.implement.m12";

/** What every segment store must do. */
function describeSegmentStore(label: string, open: () => SegmentStore): void {
  describe(label, () => {
    test("stores once under a name, and finds it again with the same digest", async () => {
      const store = open();
      const bytes = Buffer.from("segment");
      expect(await store.find?.(name)).toBeNull();
      const ref = await store.put(name, bytes);
      expect(ref).toMatchObject({ name, runId: 5, digest: sha256Hex(bytes) });
      expect(await store.find?.(name)).toEqual(ref);
      await expect(store.put(name, Buffer.from("other"))).rejects.toThrow(NameTakenError);
    });
  });
}

function artifactStore() {
  const disk = memoryDisk();
  const uploaded = new Map<string, { id: number; digest: string }>();
  const client: ArtifactClient = {
    async uploadFile(path) {
      const artifact = path.split("/").at(-1) ?? "";
      if (uploaded.has(artifact)) throw new NameTakenError("taken");
      const file = { id: 900 + uploaded.size, digest: sha256Hex(disk.fileSystem.read(path) ?? "") };
      uploaded.set(artifact, file);
      return file;
    },
    find: async (artifact) => uploaded.get(artifact) ?? null,
  };
  return { disk, store: createArtifactSegmentStore({ runId: 5, directory: "/runner/temp", fs: disk.fileSystem, client }) };
}

describeSegmentStore("segments in memory", () => createMemorySegmentStore({ runId: 5 }));
describeSegmentStore("segments in a directory", () => createDirectorySegmentStore({ runId: 5, directory: "/segments", fs: memoryDisk().fileSystem }));
describeSegmentStore("segments as artifacts", () => artifactStore().store);

test("a segment on its way up leaves no file behind, whether it arrived or not", async () => {
  const { disk, store } = artifactStore();
  await store.put(name, Buffer.from("segment"));
  await expect(store.put(name, Buffer.from("segment"))).rejects.toThrow(NameTakenError);
  expect([...disk.snapshot().keys()]).toEqual([]);
});

test("fault 20: a name that leaves the directory is refused", async () => {
  const store = createDirectorySegmentStore({ runId: 5, directory: "/segments", fs: memoryDisk().fileSystem });
  for (const odd of ["../out", "a/b", "..", "", "a\0b"]) await expect(store.put(odd, Buffer.from("x"))).rejects.toThrow(TerminalError);
});
