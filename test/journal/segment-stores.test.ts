import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createGitHub } from "../../src/github/create-github.ts";
import { githubGitData } from "../../src/github/write/index.ts";
import { startArtifactService } from "../../src/hosts/demo/actions/artifacts/artifact-service.ts";
import { createArtifactSegmentStore, createDirectorySegmentStore, createGitRefSegmentStore, createMemorySegmentStore, journalRef, localGit, NameTakenError, type ArtifactClient } from "../../src/journal/index.ts";
import { TerminalError } from "../../src/shared/errors.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { nodeFileSystem } from "../../src/shared/node-ports.ts";
import { nodeProcesses } from "../../src/shared/node-processes.ts";
import type { FileSystem, ProcessResult, Processes } from "../../src/shared/ports.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { fakeClock } from "../fakes/clock.ts";
import { memoryDisk } from "../fakes/file-system.ts";
import { memoryPort } from "../hosts/demo/actions/memory-port.ts";
import { startWorld, type World } from "../hosts/demo/github/world.ts";
import { describeFaultySegmentStore, describeReadableSegmentStore, describeSegmentStore, ITEM, RUN, segmentName, type FaultyPlace, type ReadablePlace, type SegmentPlace } from "./segment-suite.ts";

const NAME = segmentName(3);
const scratch = mkdtempSync(join(tmpdir(), "worktrain-segments-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const freshDirectory = (): string => mkdtempSync(join(scratch, "place-"));

type Fault = "lost answer" | "broken off" | "refused";

/** The faults a test orders, each for one call. */
function faults(): Pick<FaultyPlace, "loseNextAnswer" | "breakNextPut" | "refuseNextPut"> & { take(): Fault | null } {
  let next: Fault | null = null;
  return {
    loseNextAnswer: () => void (next = "lost answer"),
    breakNextPut: () => void (next = "broken off"),
    refuseNextPut: () => void (next = "refused"),
    take() {
      const taken = next;
      next = null;
      return taken;
    },
  };
}

function memoryPlace(): ReadablePlace {
  const stores = new Map<number, ReturnType<typeof createMemorySegmentStore>>();
  const storeOf = (runId: number) => {
    const store = stores.get(runId) ?? createMemorySegmentStore({ runId });
    stores.set(runId, store);
    return store;
  };
  const readAll = () => Promise.resolve([...stores.values()].flatMap((store) => store.stored()));
  return { open: storeOf, readAll, bytesOf: async (name) => (await readAll()).find((each) => each.name === name)?.bytes ?? null };
}

function directoryPlace(): FaultyPlace {
  const disk = memoryDisk();
  const ordered = faults();
  const systemError = (code: string): Error => Object.assign(new Error(code), { code });
  const fs: FileSystem = {
    ...disk.fileSystem,
    writeDurably(path, bytes) {
      const fault = ordered.take();
      if (fault === "refused") throw systemError("ENOSPC");
      if (fault === "broken off") throw systemError("EIO");
      disk.fileSystem.writeDurably(path, bytes);
      if (fault === "lost answer") throw systemError("EIO");
    },
  };
  return { ...ordered, open: (runId) => createDirectorySegmentStore({ runId, directory: "/segments", fs }), bytesOf: (name) => Promise.resolve(fs.read(`/segments/${name}`)) };
}

/** The official client against the local artifact service. */
async function artifactPlace(): Promise<FaultyPlace> {
  const directory = freshDirectory();
  const records = memoryPort();
  const service = await startArtifactService({ records, directory, clock: fakeClock() });
  const tokens = new Map<number, string>();
  const said = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  /** The client reads the environment of the job it runs in. */
  const inJobOf = (runId: number): void => {
    const token = tokens.get(runId) ?? service.openJob(runId).token;
    tokens.set(runId, token);
    vi.stubEnv("ACTIONS_RUNTIME_TOKEN", token);
    vi.stubEnv("ACTIONS_RESULTS_URL", `${service.url}/`);
    vi.stubEnv("GITHUB_SERVER_URL", "https://github.com");
  };
  return {
    open(runId) {
      const store = createArtifactSegmentStore({ runId, directory, fs: nodeFileSystem });
      return {
        put(name, bytes) {
          inJobOf(runId);
          return store.put(name, bytes);
        },
        async find(name) {
          inJobOf(runId);
          return (await store.find?.(name)) ?? null;
        },
      };
    },
    bytesOf: (name) => Promise.resolve(records.artifacts.flatMap((each) => (each.name === name ? [readFileSync(each.bytesPath)] : []))[0] ?? null),
    loseNextAnswer: () => service.failNext({ call: "FinalizeArtifact", drop: true, afterApplying: true }),
    breakNextPut: () => service.failNext({ call: "CreateArtifact", drop: true }),
    refuseNextPut: () => service.failNext({ call: "CreateArtifact", status: 403 }),
    async close() {
      said.mockRestore();
      vi.unstubAllEnvs();
      await service.close();
    },
  };
}

async function localGitPlace(): Promise<FaultyPlace & ReadablePlace> {
  const directory = freshDirectory();
  const plain = (args: readonly string[]): Promise<ProcessResult> => nodeProcesses.run("git", [`--git-dir=${directory}`, ...args], { env: { PATH: "/usr/local/bin:/usr/bin:/bin", GIT_CONFIG_NOSYSTEM: "1", HOME: directory } });
  await plain(["init", "--quiet", "--bare"]);
  const ordered = faults();
  const failed = (exitCode: number | null, said: string): ProcessResult => ({ exitCode, signal: exitCode === null ? "SIGKILL" : null, stdout: new Uint8Array(), stderr: Buffer.from(said), timedOut: false, truncated: false });
  const processes: Processes = {
    ...nodeProcesses,
    async run(program, args, options) {
      if (!args.includes("update-ref")) return nodeProcesses.run(program, args, options);
      const fault = ordered.take();
      if (fault === "refused") return failed(128, "fatal: cannot update ref: No space left on device");
      if (fault === "broken off") return failed(null, "");
      const result = await nodeProcesses.run(program, args, options);
      return fault === "lost answer" ? failed(null, "") : result;
    },
  };
  const open = (runId: number) => createGitRefSegmentStore({ git: localGit({ directory, processes }), item: ITEM, runId });
  return {
    ...ordered,
    open,
    readAll: () => open(RUN).stored(),
    async bytesOf(name) {
      const shown = await plain(["cat-file", "blob", `${journalRef(ITEM)}:${name}`]);
      return shown.exitCode === 0 ? shown.stdout : null;
    },
  };
}

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  assertRequestsConform(world.github.requests.filter(({ who }) => who.startsWith("worktrain")));
  await world.close();
});
const REF = "/repos/{owner}/{repo}/git/refs";

async function githubPlace(): Promise<FaultyPlace & ReadablePlace> {
  const repo = "/repos/acme/calc";
  const ref = journalRef(ITEM).slice("refs/".length);
  await world.call(world.maintainer, "DELETE", `${repo}/git/refs/${ref}`);
  const git = githubGitData(createGitHub({ token: world.app, baseUrl: world.github.url, userAgent: "worktrain-test", clock: fakeClock() }), { owner: "acme", repo: "calc" });
  const open = (runId: number) => createGitRefSegmentStore({ git, item: ITEM, runId });
  /** The ref is made by one request and moved by another: whichever comes. */
  const made = async (): Promise<boolean> => (await world.call(world.maintainer, "GET", `${repo}/git/ref/${ref}`)).status === 200;
  let there = false;
  const order = (fault: { readonly dropResponseAfterApplying: true } | { readonly status: number; readonly message: string }): void => {
    world.github.failNext(there ? { method: "PATCH", route: `${REF}/{ref}`, ...fault } : { method: "POST", route: REF, ...fault });
  };
  return {
    open(runId) {
      const store = open(runId);
      return {
        async put(name, bytes) {
          try {
            return await store.put(name, bytes);
          } finally {
            there = await made();
          }
        },
        find: (name) => store.find(name),
      };
    },
    readAll: () => open(RUN).stored(),
    async bytesOf(name) {
      const answered = await world.call(world.maintainer, "GET", `${repo}/contents/${name}?ref=${encodeURIComponent(journalRef(ITEM))}`);
      return answered.status === 200 ? Buffer.from((await world.call(world.maintainer, "GET", `${repo}/git/blobs/${answered.body.sha}`)).body.content, "base64") : null;
    },
    loseNextAnswer: () => order({ dropResponseAfterApplying: true }),
    breakNextPut: () => order({ status: 502, message: "Bad Gateway" }),
    refuseNextPut: () => order({ status: 403, message: "Resource not accessible by integration" }),
  };
}

const PLACES: Readonly<Record<string, () => Promise<SegmentPlace> | SegmentPlace>> = {
  "segments in memory": memoryPlace,
  "segments in a directory": directoryPlace,
  "segments as artifacts": artifactPlace,
  "segments on a ref of a local repository": localGitPlace,
  "segments on a ref on GitHub": githubPlace,
};
for (const [label, place] of Object.entries(PLACES)) describeSegmentStore(label, place);

describeFaultySegmentStore("segments in a directory", directoryPlace);
describeFaultySegmentStore("segments as artifacts", artifactPlace);
describeFaultySegmentStore("segments on a ref of a local repository", localGitPlace);
describeFaultySegmentStore("segments on a ref on GitHub", githubPlace);

describeReadableSegmentStore("segments in memory", memoryPlace);
describeReadableSegmentStore("segments on a ref of a local repository", localGitPlace);
describeReadableSegmentStore("segments on a ref on GitHub", githubPlace);

test("a segment on its way up leaves no file behind, whether it arrived or not", async () => {
  const disk = memoryDisk();
  const uploaded = new Set<string>();
  const client: ArtifactClient = {
    async uploadFile(path) {
      if (uploaded.has(path)) throw new NameTakenError("taken");
      uploaded.add(path);
      return { id: 900, digest: sha256Hex(disk.fileSystem.read(path) ?? "") };
    },
    find: () => Promise.resolve(null),
  };
  const store = createArtifactSegmentStore({ runId: RUN, directory: "/runner/temp", fs: disk.fileSystem, client });
  await store.put(NAME, Buffer.from("segment"));
  await expect(store.put(NAME, Buffer.from("segment"))).rejects.toThrow(NameTakenError);
  expect([...disk.snapshot().keys()]).toEqual([]);
});

test("fault 1: what a look-up finds in a directory is on disk, though the process that put it died before it was", async () => {
  const bytes = Buffer.from("segment");
  let found = 0;
  for (let call = 1, done = false; !done; call += 1) {
    const disk = memoryDisk();
    const open = () => createDirectorySegmentStore({ runId: RUN, directory: "/segments", fs: disk.fileSystem });
    disk.crashAtCall(call);
    done = await open().put(NAME, bytes).then(
      () => true,
      () => false,
    );
    disk.powerOn();
    const ref = (await open().find?.(NAME)) ?? null;
    disk.powerCut({ unsynced: "lost", names: "lost" });
    if (ref === null) continue;
    found += 1;
    expect(await open().find?.(NAME), `call ${call}`).toEqual(ref);
  }
  expect(found).toBeGreaterThan(1);
});

test("fault 20: a name that leaves the directory, or is no segment's of the run, is refused", async () => {
  const directory = createDirectorySegmentStore({ runId: RUN, directory: "/segments", fs: memoryDisk().fileSystem });
  const ref = (await localGitPlace()).open(RUN);
  for (const odd of ["../out", "a/b", "..", "", "a\0b"]) for (const store of [directory, ref]) await expect(store.put(odd, Buffer.from("x"))).rejects.toThrow(TerminalError);
  for (const foreign of [segmentName(1, { runId: RUN + 1 }), segmentName(1, { item: { ...ITEM, attempt: 2 } })]) await expect(ref.put(foreign, Buffer.from("x"))).rejects.toThrow(TerminalError);
});

describe("the git ref", () => {
  test("has one commit a segment, each the child of the one before, and every segment in its tree", async () => {
    const directory = freshDirectory();
    const run = async (...args: string[]): Promise<string> => Buffer.from((await nodeProcesses.run("git", [`--git-dir=${directory}`, ...args], { env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: directory } })).stdout).toString().trim();
    await run("init", "--quiet", "--bare");
    const store = createGitRefSegmentStore({ git: localGit({ directory, processes: nodeProcesses }), item: ITEM, runId: RUN });
    for (const index of [1, 2, 3]) await store.put(segmentName(index), Buffer.from(String(index)));
    expect(journalRef(ITEM)).toBe("refs/worktrain-journal/7/issue-12/1");
    expect((await run("log", "--format=%s", journalRef(ITEM))).split("\n")).toEqual([3, 2, 1].map((index) => segmentName(index)));
    expect((await run("ls-tree", "--name-only", journalRef(ITEM))).split("\n")).toEqual([1, 2, 3].map((index) => segmentName(index)));
    expect(await run("fsck", "--strict", "--no-dangling")).toBe("");
  });

  test("a rival that is always faster ends in an outage, and loses nothing", async () => {
    const git = localGit({ directory: freshDirectory(), processes: nodeProcesses });
    const never = { ...git, readHead: () => Promise.resolve(null), writeBlob: () => Promise.resolve("b"), writeTree: () => Promise.resolve("t"), writeCommit: () => Promise.resolve("c"), moveRef: () => Promise.resolve(false) };
    const store = createGitRefSegmentStore({ git: never, item: ITEM, runId: RUN });
    await expect(store.put(NAME, Buffer.from("x"))).rejects.toThrow("other writers are faster");
  });

  test("fault 6: bytes that do not have the object id of the tree are refused by name", async () => {
    const directory = freshDirectory();
    await nodeProcesses.run("git", [`--git-dir=${directory}`, "init", "--quiet", "--bare"], { env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: directory } });
    const git = localGit({ directory, processes: nodeProcesses });
    await createGitRefSegmentStore({ git, item: ITEM, runId: RUN }).put(NAME, Buffer.from("segment"));
    const lying = createGitRefSegmentStore({ git: { ...git, readBlob: () => Promise.resolve(Buffer.from("segmant")) }, item: ITEM, runId: RUN });
    await expect(lying.stored()).rejects.toThrow(`${NAME} on refs/worktrain-journal/7/issue-12/1 does not have the object id`);
    await expect(lying.find(NAME)).rejects.toThrow(TerminalError);
  });

  test("a repository's hooks and the user's configuration take no effect", async () => {
    const directory = freshDirectory();
    const env = { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: directory };
    await nodeProcesses.run("git", [`--git-dir=${directory}`, "init", "--quiet", "--bare"], { env });
    const ran = join(directory, "ran");
    for (const hook of ["reference-transaction", "post-update", "update"]) nodeFileSystem.writeDurably(join(directory, "hooks", hook), Buffer.from(`#!/bin/sh\necho ${hook} >> ${ran}\n`));
    await nodeProcesses.run("chmod", ["-R", "+x", join(directory, "hooks")], { env });
    await createGitRefSegmentStore({ git: localGit({ directory, processes: nodeProcesses }), item: ITEM, runId: RUN }).put(NAME, Buffer.from("segment"));
    expect(nodeFileSystem.read(ran)).toBeNull();
  });

  test("a directory that is no repository is said as such", async () => {
    const store = createGitRefSegmentStore({ git: localGit({ directory: freshDirectory(), processes: nodeProcesses }), item: ITEM, runId: RUN });
    await expect(store.put(NAME, Buffer.from("x"))).rejects.toThrow(/not a git repository/);
  });
});
