/** What a run finds of earlier runs of its item, and how far it goes on from it. */
import { describe, expect, test } from "vitest";
import type { GitHub } from "../../../src/github/client.ts";
import { crashesInARow } from "../../../src/hosts/runner/agent/crashes.ts";
import { restoreItem, type Restored } from "../../../src/hosts/runner/agent/restore.ts";
import { assembleSegments, createSegmentSaver, newestChain, openDirectoryJournal, openMemoryJournal, seedDirectory, type Journal, type SaveRequest, type SegmentSaver } from "../../../src/journal/index.ts";
import { itemStream, type Committed, type EndingCode, type Head, type RecordEvent } from "../../../src/record/index.ts";
import { sha256Hex } from "../../../src/shared/hash.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { memoryDisk } from "../../fakes/file-system.ts";
import { requestError } from "../../fakes/github.ts";

const ITEM = "7/issue-12/1";
const NAME = { repositoryId: 7, subject: "issue-12", attempt: 1 };
const TEXT = "e".repeat(64);
const PLACE: SaveRequest = { phase: "code", step: "implement", costMilliUsd: 1, ending: null };
const clock = fakeClock();

interface Stored {
  readonly id: number;
  readonly name: string;
  readonly runId: number;
  readonly digest: string;
  bytes: Uint8Array;
  expired: boolean;
  deleted: boolean;
  headRepositoryId: number;
}

/** GitHub as far as artifacts go: what runs stored, and what is downloaded. */
function artifactWorld() {
  const stored: Stored[] = [];
  const downloads: number[] = [];
  const github: GitHub = {
    async request(route, parameters = {}) {
      if (route === "GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts") {
        const artifacts = stored
          .filter((each) => each.runId === parameters["run_id"] && !each.deleted)
          .map((each) => ({
            id: each.id,
            name: each.name,
            size_in_bytes: each.bytes.length,
            digest: `sha256:${each.digest}`,
            expired: each.expired,
            created_at: null,
            workflow_run: { id: each.runId, repository_id: 7, head_repository_id: each.headRepositoryId },
          }));
        return { status: 200, headers: {}, data: { artifacts: parameters["page"] === 1 || parameters["page"] === undefined ? artifacts : [] } };
      }
      const found = stored.find((each) => each.id === parameters["artifact_id"] && !each.deleted);
      if (found === undefined) throw requestError(404, "Not Found");
      return { status: 302, data: null, headers: { location: `http://store/${found.id}` } };
    },
  };
  const fetch: typeof globalThis.fetch = async (input) => {
    const id = Number(new Request(input).url.split("/").at(-1));
    downloads.push(id);
    return new Response(Buffer.from(stored.find((each) => each.id === id)?.bytes ?? []));
  };
  const store = (runId: number) => ({
    put: async (name: string, bytes: Uint8Array) => {
      const artifact: Stored = { id: stored.length + 1, name, runId, digest: sha256Hex(bytes), bytes, expired: false, deleted: false, headRepositoryId: 7 };
      stored.push(artifact);
      return artifact;
    },
  });
  return { stored, downloads, github, fetch, store };
}

type World = ReturnType<typeof artifactWorld>;

const runFacts = (id: number) => ({
  id,
  attempt: 1,
  displayTitle: "",
  path: ".github/workflows/worktrain.yml",
  event: "workflow_dispatch",
  headSha: "",
  headBranch: "main",
  status: "completed",
  conclusion: "failure",
  createdAt: "",
  htmlUrl: "",
  repositoryId: 7,
  headRepositoryId: 7,
  actor: null,
});

/** Restores in run 99 what the named runs stored. */
async function restore(world: World, runIds: readonly number[], committed: Committed | null = null) {
  const log: string[] = [];
  const context = { ...world, committed, clock, repository: { owner: "acme", repo: "shop" }, repositoryId: 7, item: ITEM, textSha256: TEXT, run: runFacts(99), log: (line: string) => void log.push(line) };
  const restoring = restoreItem(context, runIds.toSorted((a, b) => b - a).map(runFacts));
  await clock.advance(60_000);
  return { restored: await restoring, log };
}

const opened = { kind: "item_opened", data: { itemId: ITEM, task: { title: "t", body: "b", sha256: TEXT }, base: { ref: "main", sha: "b".repeat(40) }, maxReviewRounds: 1 } } satisfies RecordEvent;
const runOpened = (runId: number, crashes = 0): RecordEvent => ({
  kind: "run_opened",
  data: { host: "actions", runId, runAttempt: 1, key: null, ticket: null, sandbox: "none", restored: null, segments: [], ...(crashes === 0 ? {} : { crashes }) },
});
const completed = (turn: number): RecordEvent => ({
  kind: "turn_completed",
  data: { turn, turnKey: `${turn}-1`, content: [], stopReason: "tool_use", usage: { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 }, requestId: null, costMicroUsd: 1 },
});

interface RunOfItem {
  readonly saver: SegmentSaver;
  head(stream: string): Promise<Head>;
  append(stream: string, ...events: readonly RecordEvent[]): Promise<void>;
  save(ending?: EndingCode | null): Promise<void>;
}

/** A run of the item that goes on from what was restored. */
async function openRun(world: World, runId: number, from: Restored | null, runAttempt = 1): Promise<RunOfItem> {
  let journal: Journal = openMemoryJournal({ clock });
  if (from !== null) {
    const { fileSystem: fs } = memoryDisk();
    await seedDirectory({ directory: "/j", fs, assembled: from.assembled });
    journal = await openDirectoryJournal({ directory: "/j", fs, clock });
  }
  const earlier = { lines: from?.assembled.lines.map(({ text }) => text) ?? [], refs: from?.refs ?? [] };
  const saver = createSegmentSaver({ journal, store: world.store(runId), item: NAME, runId, runAttempt, previous: from?.refs.at(-1)?.digest ?? null, earlier });
  await saver.save({ ...PLACE, phase: "probe", step: "start" });
  return {
    saver,
    async head(stream) {
      const head = await journal.head(stream);
      if (head === null) throw new Error(`${stream} is empty`);
      return head;
    },
    async append(stream, ...events) {
      const head: Head | null = await journal.head(stream);
      const done = await journal.append(stream, head, events);
      if (!done.ok) throw new Error(done.error.message);
    },
    save: async (ending = null) => void (await saver.save({ ...PLACE, ending })),
  };
}

/** The first run: an opened item and three saved turns, one segment each. */
async function firstRun(world: World): Promise<RunOfItem> {
  const run = await openRun(world, 1, null);
  await run.append(itemStream(ITEM), opened, runOpened(1));
  await run.save();
  for (const turn of [1, 2, 3]) {
    await run.append("session/code-1", completed(turn));
    await run.save();
  }
  return run;
}

const turnsIn = async (restored: Restored | null): Promise<number> => (await restored?.assembled.reader.read("session/code-1"))?.length ?? -1;

describe("what earlier runs saved", () => {
  test("is found whole, and one line says so", async () => {
    const world = artifactWorld();
    await firstRun(world);
    const { restored, log } = await restore(world, [1]);
    expect(await turnsIn(restored)).toBe(3);
    expect(log).toEqual(["Going on from run 1: 5 events in 5 segments; nothing of it is lost."]);
  });

  test("a compaction is all that is downloaded", async () => {
    const world = artifactWorld();
    const run = await firstRun(world);
    await run.saver.save({ ...PLACE, ending: "budget" }, { compact: true });
    const { restored, log } = await restore(world, [1]);
    expect(world.downloads).toEqual([6]);
    expect(await turnsIn(restored)).toBe(3);
    expect(restored?.from).toEqual({ runId: 1, ending: "budget" });
    expect(log).toEqual(["Going on from run 1: 5 events in 1 segment; nothing of it is lost."]);
  });

  test("a later run's part is found with the earlier one's below it", async () => {
    const world = artifactWorld();
    await firstRun(world);
    const second = await openRun(world, 2, (await restore(world, [1])).restored);
    await second.append("session/code-1", completed(4));
    await second.save();
    const { restored } = await restore(world, [1, 2]);
    expect(await turnsIn(restored)).toBe(4);
    expect(restored?.refs).toHaveLength(7);
  });

  test.each([
    ["fault 18: expired", (artifact: Stored) => (artifact.expired = true), "has expired"],
    ["fault 18: deleted", (artifact: Stored) => (artifact.deleted = true), "is not there any more"],
    ["fault 19: damaged or cut", (artifact: Stored) => (artifact.bytes = artifact.bytes.slice(0, -5)), "has SHA-256"],
    ["fault 21: of a fork", (artifact: Stored) => (artifact.headRepositoryId = 8), "is not there any more"],
  ])("%s: goes on from the newest state that is whole without it, and says what is done again", async (_, spoil, words) => {
    const world = artifactWorld();
    await firstRun(world);
    const second = world.stored.find(({ name }) => name.includes(".0004."));
    if (second !== undefined) spoil(second);
    const { restored, log } = await restore(world, [1]);
    // The third turn's segment builds on what is gone.
    expect(await turnsIn(restored)).toBe(1);
    expect(log[0]).toMatch(/^Going on from run 1: 3 events in 3 segments; lost, and done again, is what came after \(/);
    expect(log[0]).toContain(words);
  });

  test("fault 18: an older compaction carries what came after it, though all before it is gone", async () => {
    const world = artifactWorld();
    const run = await firstRun(world);
    await run.saver.save(PLACE, { compact: true });
    await run.append("session/code-1", completed(4));
    await run.save();
    for (const artifact of world.stored.slice(0, 5)) artifact.deleted = true;
    const { restored } = await restore(world, [1]);
    expect(await turnsIn(restored)).toBe(4);
  });

  test("fault 18: when nothing is left it starts anew and says so", async () => {
    const world = artifactWorld();
    await firstRun(world);
    for (const artifact of world.stored) artifact.expired = true;
    const { restored, log } = await restore(world, [1]);
    expect(restored).toBe(null);
    expect(log[0]).toMatch(/^Nothing of what earlier runs saved can be used \(5 segments; .* has expired\)\. This run starts anew\.$/);
  });

  test("fault 22: what two runs of one epoch wrote is never merged; the other is named", async () => {
    const world = artifactWorld();
    await firstRun(world);
    const from = (await restore(world, [1])).restored;
    const [second, third] = [await openRun(world, 2, from), await openRun(world, 3, from)];
    await second.append("session/code-1", completed(4));
    await second.save();
    await second.append("session/code-1", completed(5));
    await second.save();
    await third.append("session/code-1", completed(40));
    await third.save();
    const { restored, log } = await restore(world, [1, 2, 3]);
    expect(await turnsIn(restored)).toBe(5);
    expect(log[0]).toContain("Going on from run 2:");
    expect(log[0]).toContain("What run 3 wrote at the same time is left aside.");
  });

  test("what was delivered last is gone on from, though another run of that epoch wrote more", async () => {
    const world = artifactWorld();
    await firstRun(world);
    const from = (await restore(world, [1])).restored;
    const [second, third] = [await openRun(world, 2, from), await openRun(world, 3, from)];
    for (const turn of [4, 5]) {
      await second.append("session/code-1", completed(turn));
      await second.save();
    }
    await third.append("session/code-1", completed(40));
    await third.save();
    const heads = { "session/code-1": await third.head("session/code-1") };
    const { restored, log } = await restore(world, [1, 2, 3], { v: 1, item: ITEM, key: "k", run: 3, heads });
    expect(await turnsIn(restored)).toBe(4);
    expect(log[0]).toContain("Going on from run 3:");
    expect(log[0]).toContain("it does not go on from what was delivered last");
  });

  test("what could not be used has its epoch all the same, so that this run's is above it", async () => {
    const world = artifactWorld();
    await firstRun(world);
    const second = await openRun(world, 2, (await restore(world, [1])).restored);
    for (const turn of [4, 5]) {
      await second.append("session/code-1", completed(turn));
      await second.save();
    }
    const middle = world.stored.find(({ runId, name }) => runId === 2 && name.includes(".0002."));
    if (middle !== undefined) middle.deleted = true;
    const { restored } = await restore(world, [1, 2]);
    expect(await turnsIn(restored)).toBe(3);
    expect(restored?.assembled.epoch).toBe(2);
  });

  test("a re-run's refusal and a run that saved its probe only do not come in the way", async () => {
    const world = artifactWorld();
    await firstRun(world);
    await openRun(world, 1, null, 2);
    await openRun(world, 2, (await restore(world, [1])).restored);
    const { restored, log } = await restore(world, [1, 2]);
    expect(await turnsIn(restored)).toBe(3);
    expect(log[0]).toContain("nothing of it is lost");
  });

  test("another text of the task is not gone on with", async () => {
    const world = artifactWorld();
    const run = await openRun(world, 1, null);
    await run.append(itemStream(ITEM), { ...opened, data: { ...opened.data, task: { title: "t", body: "b", sha256: "f".repeat(64) } } });
    await run.save();
    expect((await restore(world, [1])).restored).toBe(null);
  });
});

describe("fault 40: crashes at one place", () => {
  /** What the log comes to when the newest run ended so. */
  async function crashes(events: readonly RecordEvent[], { before = 0, ending = null }: { readonly before?: number; readonly ending?: EndingCode | null } = {}) {
    const world = artifactWorld();
    const run = await openRun(world, 1, null);
    await run.append(itemStream(ITEM), opened, runOpened(1, before));
    if (events.length > 0) await run.append("session/code-1", ...events);
    await run.save(ending);
    const assembled = assembleSegments(newestChain(world.stored.map(({ bytes, digest }) => ({ bytes, digest }))));
    if (!assembled.ok) throw new Error(assembled.error.message);
    return crashesInARow({ assembled: assembled.value, from: { runId: 1, ending } }, ITEM);
  }

  const started: RecordEvent = { kind: "tool_started", data: { turn: 1, toolUseId: "a", name: "bash" } };

  test("a run that ends without a word and without progress is one more, and the place is named", async () => {
    expect(await crashes([completed(1), started])).toEqual({ count: 1, place: "while it ran the tool bash, in session code-1" });
    expect(await crashes([completed(1), started], { before: 2 })).toMatchObject({ count: 3 });
  });

  test.each<[string, readonly RecordEvent[]]>([
    ["a step", [{ kind: "step_completed", data: { nodeId: "n", stepId: "s" } }, started]],
    ["three turns", [completed(1), completed(2), completed(3), started]],
    ["a whole session", [{ kind: "agent_ended", data: { conversation: 1, code: "completed", message: "" } }, completed(1), completed(2), completed(3)]],
  ])("after %s the count begins again", async (_, events) => {
    expect(await crashes(events, { before: 2 })).toMatchObject({ count: 1 });
  });

  test("a run that said how it ended is none", async () => {
    expect(await crashes([], { before: 2, ending: "cancelled" })).toMatchObject({ count: 0 });
    expect(await crashes([{ kind: "agent_ended", data: { conversation: 1, code: "model_unavailable", message: "" } }], { before: 2 })).toMatchObject({ count: 0 });
  });
});
