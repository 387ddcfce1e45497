import { describe, expect, test } from "vitest";
import { assembleSegments, createMemorySegmentStore, createSegmentSaver, NameTakenError, openMemoryJournal, type SegmentRef, type SegmentStore } from "../../src/journal/index.ts";
import { parseSegmentName } from "../../src/record/index.ts";
import { RetryableError, TerminalError } from "../../src/shared/errors.ts";
import { fakeClock } from "../fakes/clock.ts";
import { steered } from "./events.ts";
import { appendOk } from "./suite.ts";

const item = { repositoryId: 7, subject: "issue-12", attempt: 1 };
const request = { phase: "code", step: "implement", costMilliUsd: 12, ending: null } as const;
type Put = SegmentStore["put"];

function setUp(wrap: (put: Put) => Put = (put) => put) {
  const clock = fakeClock();
  const journal = openMemoryJournal({ clock });
  const memory = createMemorySegmentStore({ runId: 5 });
  const store: SegmentStore = { put: wrap(memory.put), find: memory.find };
  const saver = createSegmentSaver({ journal, store, item, runId: 5, runAttempt: 1, previous: null, clock });
  let head = null as Awaited<ReturnType<typeof appendOk>> | null;
  const append = async (text: string): Promise<void> => {
    head = await appendOk(journal, "session/a", head, [steered(text)]);
  };
  return { clock, memory, saver, append };
}

/** Fails the first `times` calls, before or after the store took the segment. */
const failing =
  (times: number, error: () => Error, when: "before" | "after") =>
  (put: Put): Put => {
    let left = times;
    return async (name, bytes) => {
      left -= 1;
      if (left < 0) return put(name, bytes);
      if (when === "after") await put(name, bytes);
      throw error();
    };
  };

const outage = (): Error => new RetryableError("response lost");

async function finish(clock: ReturnType<typeof fakeClock>, saving: Promise<SegmentRef>): Promise<SegmentRef> {
  await clock.advance(120_000);
  return saving;
}

describe("the segment saver", () => {
  test("names what it stores, links it, and gives no segment twice", async () => {
    const { memory, saver, append } = setUp();
    await saver.save({ ...request, phase: "probe", step: "start" });
    await append("one");
    const first = await saver.save(request);
    expect(await saver.save(request)).toEqual(first);
    const end = await saver.save({ ...request, ending: "ready" });
    expect(saver.saved().map(({ name }) => name)).toEqual(memory.stored().map(({ name }) => name));
    expect(saver.saved().map(({ name }) => parseSegmentName(name)?.index)).toEqual([1, 2, 3]);
    expect(parseSegmentName(end.name)).toMatchObject({ phase: "code", step: "implement", costMilliUsd: 12, ending: "ready", runId: 5 });
    const assembled = assembleSegments(memory.stored());
    expect(assembled.ok && assembled.value.lines).toHaveLength(1);
  });

  test("saves asked for at the same time are served one after the other", async () => {
    const { memory, saver, append } = setUp();
    await append("one");
    const both = [saver.save(request), saver.save({ ...request, ending: "ready" })];
    await Promise.all(both);
    expect(memory.stored()).toHaveLength(2);
    expect(assembleSegments(memory.stored()).ok).toBe(true);
  });

  test("fault 14: an outage is waited out, and what was appended meanwhile is in the next segment", async () => {
    const { clock, memory, saver, append } = setUp(failing(3, outage, "before"));
    await append("one");
    const saving = saver.save(request);
    await append("two");
    await finish(clock, saving);
    await saver.save(request);
    const assembled = assembleSegments(memory.stored());
    expect(assembled.ok && assembled.value.lines).toHaveLength(2);
  });

  test("fault 15: accepted with the response lost is found by name and not stored again", async () => {
    const { clock, memory, saver, append } = setUp(failing(1, outage, "after"));
    await append("one");
    const ref = await finish(clock, saver.save(request));
    expect(memory.stored()).toHaveLength(1);
    expect(ref.id).toBe(memory.stored()[0]?.id);
  });

  test("fault 15: a name taken by other bytes gets the next index, and the chain holds", async () => {
    const { memory, saver, append } = setUp();
    await memory.put("worktrain.7.issue-12.1.r5.a1.0001.code.implement.m12", Buffer.from("something else"));
    await append("one");
    const ref = await saver.save(request);
    expect(parseSegmentName(ref.name)?.index).toBe(2);
    await append("two");
    await saver.save(request);
    expect(assembleSegments(memory.stored().slice(1)).ok).toBe(true);
  });

  test("a name taken by an upload that never ended gets the next index", async () => {
    let calls = 0;
    const { memory, saver, append } = setUp((put) => async (name, bytes) => {
      calls += 1;
      if (name.includes(".0001.")) throw new NameTakenError("an artifact with this name already exists");
      return put(name, bytes);
    });
    await append("one");
    expect(parseSegmentName((await saver.save(request)).name)?.index).toBe(2);
    expect(calls).toBe(3);
    expect(memory.stored()).toHaveLength(1);
  });

  test("after it gave up, the next save stores the same bytes first: no two segments go on from the same one", async () => {
    const { clock, memory, saver, append } = setUp(failing(5, outage, "before"));
    await append("one");
    await expect(finish(clock, saver.save(request))).rejects.toThrow(RetryableError);
    await append("two");
    await finish(clock, saver.save({ ...request, ending: "ready" }));
    expect(memory.stored()).toHaveLength(2);
    const assembled = assembleSegments(memory.stored());
    expect(assembled.ok && assembled.value.lines).toHaveLength(2);
  });

  test("fault 16: a refusal for good is not repeated", async () => {
    let calls = 0;
    const { saver } = setUp(() => async () => {
      calls += 1;
      throw new TerminalError("quota", "delete artifacts");
    });
    await expect(saver.save({ ...request, phase: "probe" })).rejects.toThrow(TerminalError);
    expect(calls).toBe(1);
  });

  test("a store that holds something else than was sent is not trusted", async () => {
    const { saver } = setUp((put) => async (name, bytes) => ({ ...(await put(name, bytes)), digest: "0".repeat(64) }));
    await expect(saver.save({ ...request, phase: "probe" })).rejects.toThrow(TerminalError);
  });
});
