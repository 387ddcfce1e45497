/** Work on a journal, and on a journal whose segments are all that is left when the machine is lost. */
import {
  assembleSegments,
  createArtifactSegmentStore,
  createDirectorySegmentStore,
  createGitRefSegmentStore,
  createMemorySegmentStore,
  createSegmentSaver,
  NameTakenError,
  openDirectoryReader,
  seedDirectory,
  type ArtifactClient,
  type DirectoryJournal,
  type SegmentStore,
} from "../../../src/journal/index.ts";
import type { ItemName } from "../../../src/record/index.ts";
import { RetryableError } from "../../../src/shared/errors.ts";
import { sha256Hex } from "../../../src/shared/hash.ts";
import { memoryDisk, type MemoryDisk } from "../../fakes/file-system.ts";
import { memoryGit } from "../../fakes/git-data.ts";
import { steered } from "../../journal/events.ts";
import { Life } from "./life.ts";
import { hastyClock, journalWorld, NOTHING, type Scenario, type Witness } from "./scenario.ts";

/** Groups of one append each, by stream; one with a blob names it. */
const GROUPS: readonly { readonly stream: string; readonly texts: readonly string[]; readonly blob?: string }[] = [
  { stream: "session/a", texts: ["one"] },
  { stream: "session/b", texts: ["two", "three", "x".repeat(1500)], blob: "of b" },
  { stream: "session/a", texts: ["four", "five"], blob: "of a".repeat(300) },
  { stream: "session/b", texts: ["six"] },
];
const wanted = (stream: string): readonly string[] => GROUPS.flatMap((group) => (group.stream === stream ? group.texts : []));

const textsOf = async (journal: Pick<DirectoryJournal, "read">, stream: string): Promise<readonly string[]> =>
  (await journal.read(stream)).map((event) => (event.kind === "steered" ? event.data.text : ""));

/** Appends what of the groups is missing, one group after the other; `after` each. */
async function goOn(journal: DirectoryJournal, witness: Witness, after: () => Promise<void> = () => Promise.resolve()): Promise<void> {
  const passed = new Map<string, number>();
  for (const { stream, texts, blob } of GROUPS) {
    const before = passed.get(stream) ?? 0;
    passed.set(stream, before + texts.length);
    // A process that died may have left a part of a group.
    const missing = wanted(stream).slice(Math.max(before, (await textsOf(journal, stream)).length), before + texts.length);
    if (missing.length === 0) continue;
    if (blob !== undefined) await witness.putBlob(journal, Buffer.from(blob));
    await witness.append(journal, stream, missing.map(steered));
    await after();
  }
}

async function allIsThere(journal: Pick<DirectoryJournal, "read">): Promise<void> {
  for (const stream of ["session/a", "session/b"]) {
    const there = await textsOf(journal, stream);
    if (JSON.stringify(there) !== JSON.stringify(wanted(stream))) throw new Error(`${stream} holds ${there.join(", ")}, not each event once in order`);
  }
}

export const appending: Scenario = {
  name: "appends in groups to two streams, with blobs",
  begin() {
    const world = journalWorld();
    return {
      ...world,
      async live(life) {
        const journal = await world.open(life);
        await goOn(journal, world.witness);
        await journal.close();
      },
      finished: async () => allIsThere(await openDirectoryReader({ directory: "/j", fs: world.disk.fileSystem })),
    };
  },
};

export const manyWriters: Scenario = {
  name: "one writer after the other, each with an epoch of its own",
  begin() {
    const world = journalWorld();
    return {
      ...world,
      async live(life) {
        for (let writer = 0; writer < GROUPS.length; writer += 1) {
          const journal = await world.open(life);
          let appended = false;
          // One group a writer: the next one has to find it.
          await goOn(journal, world.witness, () => (appended ? Promise.resolve() : ((appended = true), Promise.reject(new Handover())))).catch((error: unknown) => {
            if (!(error instanceof Handover)) throw error;
          });
          await journal.close();
        }
      },
      finished: async () => allIsThere(await openDirectoryReader({ directory: "/j", fs: world.disk.fileSystem })),
    };
  },
};
class Handover extends Error {}

const ITEM: ItemName = { repositoryId: 7, subject: "issue-12", attempt: 1 };
const REQUEST = { phase: "code", step: "implement", costMilliUsd: 12, ending: null } as const;

/** Where the segments of all runs are. */
interface Remote {
  open(life: Life, runId: number): SegmentStore;
  all(life: Life): Promise<readonly { readonly bytes: Uint8Array; readonly digest: string }[]>;
}

/**
 * Every process is a new run on a new machine: it restores what is saved and goes on. What a save was confirmed for is never lost;
 * what was only in the lost journal is done again.
 */
function saving(name: string, remoteOn: (disk: MemoryDisk) => Remote, machines: Scenario["machines"] = "none"): Scenario {
  return {
    machines,
    name: `segments ${name}, the journal's machine lost each time`,
    begin() {
      const world = journalWorld();
      const remote = remoteOn(world.disk);
      const clock = hastyClock();
      let runId = 0;
      let saved = NOTHING;
      return {
        disk: world.disk,
        async live(life) {
          runId += 1;
          const machine = `/run-${runId}`;
          const assembled = assembleSegments(await remote.all(life));
          if (!assembled.ok && assembled.error.kind !== "no-segments") throw new Error(`I1: what is saved cannot be put together: ${assembled.error.message}`);
          if (assembled.ok) await seedDirectory({ directory: machine, fs: life.fileSystem(world.disk.fileSystem), assembled: assembled.value });
          world.witness.only(saved);
          const journal = await world.open(life, machine);
          const previous = assembled.ok ? (assembled.value.digests.at(-1) ?? null) : null;
          const saver = createSegmentSaver({ journal, store: remote.open(life, runId), item: ITEM, runId, runAttempt: 1, previous, clock });
          await saver.save({ ...REQUEST, phase: "probe" });
          await goOn(journal, world.witness, async () => {
            await saver.save(REQUEST);
            saved = world.witness.acked();
          });
          await saver.save({ ...REQUEST, ending: "ready" });
          await journal.close();
        },
        died: world.died,
        async finished() {
          const assembled = assembleSegments(await remote.all(new Life(null)));
          if (!assembled.ok) throw new Error(assembled.error.message);
          await allIsThere(assembled.value.reader);
          for (const { blob } of GROUPS) if (blob !== undefined && (await assembled.value.reader.getBlob(sha256Hex(blob))) === null) throw new Error(`I1: the blob "${blob}" is in no segment`);
        },
      };
    },
  };
}

const inMemory = (): Remote => {
  const stores = new Map<number, ReturnType<typeof createMemorySegmentStore>>();
  return {
    open(life, runId) {
      const store = createMemorySegmentStore({ runId });
      stores.set(runId, store);
      return life.port(store);
    },
    all: async () => [...stores.values()].flatMap((store) => store.stored()),
  };
};

/** The same disk's cache may be lost, the segments' directory not. */
const inDirectory = (disk: MemoryDisk): Remote => ({
  open: (life, runId) => createDirectorySegmentStore({ directory: "/segments", fs: life.fileSystem(disk.fileSystem), runId }),
  async all(life) {
    const fs = life.fileSystem(disk.fileSystem);
    const files = fs.list("/segments").filter((file) => !file.endsWith(".tmp"));
    return files.map((file) => fs.read(`/segments/${file}`) ?? new Uint8Array()).map((bytes) => ({ bytes, digest: sha256Hex(bytes) }));
  },
});

const onGitRef = (): Remote => {
  const git = memoryGit();
  return {
    open: (life, runId) => createGitRefSegmentStore({ git: life.port(git), item: ITEM, runId }),
    all: () => createGitRefSegmentStore({ git, item: ITEM, runId: 0 }).stored(),
  };
};

/** As the service does it: a name is taken when its upload begins, and is there when it has ended. */
const asArtifacts = (): Remote => {
  const artifacts = new Map<string, Uint8Array>();
  return {
    open(life, runId) {
      const disk = memoryDisk();
      const begun = new Set<string>();
      const service = life.port({
        begin: async (name: string) => {
          if (begun.has(name)) throw new NameTakenError(`${name} is there already`);
          begun.add(name);
        },
        end: async (name: string, bytes: Uint8Array) => void artifacts.set(name, bytes),
        find: async (name: string) => artifacts.get(name) ?? null,
      });
      const client: ArtifactClient = {
        async uploadFile(path) {
          const name = path.split("/").at(-1) ?? "";
          const bytes = disk.fileSystem.read(path) ?? new Uint8Array();
          await service.begin(name);
          await service.end(name, bytes);
          return { id: artifacts.size, digest: sha256Hex(bytes) };
        },
        async find(name) {
          const found = await service.find(name);
          return found === null ? null : { id: 1, digest: sha256Hex(found) };
        },
      };
      return createArtifactSegmentStore({ runId, directory: "/runner/temp", fs: life.fileSystem(disk.fileSystem), client });
    },
    all: async () => [...artifacts.values()].map((bytes) => ({ bytes, digest: sha256Hex(bytes) })),
  };
};

/** Each store answers every second put as if it were lost, stored or not. */
const flaky = (remote: Remote): Remote => ({
  ...remote,
  open(life, runId) {
    const store = remote.open(life, runId);
    let puts = 0;
    return {
      async put(name, bytes) {
        puts += 1;
        if (puts % 4 === 1) throw new RetryableError("not sent");
        const ref = await store.put(name, bytes);
        if (puts % 4 === 2) throw new RetryableError("stored, answer lost");
        return ref;
      },
      find: async (name) => (await store.find?.(name)) ?? null,
    };
  },
});

export const savers: readonly Scenario[] = [
  saving("in memory", inMemory),
  saving("in a directory", inDirectory, "all"),
  saving("on a git ref", onGitRef),
  saving("as artifacts", asArtifacts),
  saving("on a git ref whose answers get lost", () => flaky(onGitRef())),
];
