import { describe, expect, test } from "vitest";
import { createMemorySegmentStore, createSegmentSaver, openMemoryJournal, startAutosave, type SegmentStore } from "../../src/journal/index.ts";
import { parseSegmentName, type Head } from "../../src/record/index.ts";
import { RetryableError, TerminalError } from "../../src/shared/errors.ts";
import { fakeClock } from "../fakes/clock.ts";
import { steered } from "./events.ts";
import { appendOk } from "./suite.ts";

const item = { repositoryId: 7, subject: "issue-12", attempt: 1 };
const place = { phase: "code", step: "implement", costMilliUsd: 12, ending: null } as const;
type Put = SegmentStore["put"];

function setUp(wrap: (put: Put) => Put = (put) => put) {
  const clock = fakeClock();
  const journal = openMemoryJournal({ clock });
  const memory = createMemorySegmentStore({ runId: 5 });
  const saver = createSegmentSaver({ journal, store: { put: wrap(memory.put), find: memory.find }, item, runId: 5, runAttempt: 1, previous: null, earlier: { lines: [], refs: [] }, clock });
  const told: string[] = [];
  const autosave = startAutosave({ saver, clock, place, tell: (line) => told.push(line) });
  let head: Head | null = null;
  const append = async (text: string): Promise<void> => {
    head = await appendOk(journal, "session/a", head, [steered(text)]);
  };
  const stored = (): number => memory.stored().length;
  return { clock, saver, autosave, told, append, stored, memory };
}

describe("saving while work goes on", () => {
  test("a minute of work is saved without a boundary, a minute without work is not", async () => {
    const { clock, append, stored } = setUp();
    await append("one");
    await clock.advance(59_000);
    expect(stored()).toBe(0);
    await clock.advance(1_000);
    expect(stored()).toBe(1);
    await clock.advance(120_000);
    expect(stored()).toBe(1);
    await append("two");
    await clock.advance(60_000);
    expect(stored()).toBe(2);
  });

  test("a boundary is saved at once, under its own name, and nobody waits for it", async () => {
    let release = (): void => undefined;
    const { autosave, append, clock, stored, memory } = setUp((put) => async (name, bytes) => {
      await new Promise<void>((resolve) => (release = resolve));
      return put(name, bytes);
    });
    await append("one");
    autosave.soon({ ...place, step: "verify" });
    // Work goes on and appends while the upload is under way.
    await clock.advance(0);
    await append("two");
    expect(stored()).toBe(0);
    release();
    await clock.advance(0);
    expect(memory.stored().map(({ name }) => parseSegmentName(name)?.step)).toEqual(["verify"]);
  });

  test("an end waits for everything, the upload under way included, and nothing is saved unasked after it", async () => {
    const { autosave, append, clock, memory } = setUp();
    await append("one");
    autosave.soon(place);
    await append("two");
    const end = await autosave.now({ ...place, ending: "ready" });
    expect(memory.stored().at(-1)?.name).toBe(end.name);
    await append("three");
    await clock.advance(3_600_000);
    expect(memory.stored().at(-1)?.name).toBe(end.name);
    await autosave.stop();
  });

  test("fault 17: a job that reaches a boundary every second for as long as it may run stays below 450 artifacts, and its end is saved", async () => {
    const { autosave, append, clock, stored } = setUp();
    const JOB_S = 350 * 60;
    for (let second = 0; second < JOB_S; second += 1) {
      await append("x");
      autosave.soon(place);
      await clock.advance(1_000);
    }
    expect(stored()).toBeGreaterThan(300);
    expect(stored()).toBeLessThanOrEqual(450);
    await autosave.now({ ...place, ending: "budget" });
    expect(stored()).toBeLessThan(500);
  }, 120_000);

  test("fault 17: on a runner without a limit of time, what is stored near the limit is the whole log each time, and some are left for the end", async () => {
    const { autosave, append, clock, saver, stored } = setUp();
    for (let halfHour = 0; halfHour < 5 * 48; halfHour += 1) {
      for (let nth = 0; nth < 4; nth += 1) {
        await append("x");
        autosave.soon(place);
        await clock.advance(450_000);
      }
    }
    expect(stored()).toBeLessThanOrEqual(490);
    expect(stored()).toBeGreaterThan(450);
    expect(saver.chain()).toHaveLength(1);
    await autosave.stop();
  }, 120_000);

  test("fault 14: what cannot be stored is said with since when, tried ever more rarely, and all of it is stored when it can be", async () => {
    let refused = true;
    const calls: number[] = [];
    const { autosave, append, clock, told, memory } = setUp((put) => (name, bytes) => {
      calls.push(clock.monotonicMs());
      return refused ? Promise.reject(new TerminalError("The store refuses it.", "wait")) : put(name, bytes);
    });
    await append("one");
    autosave.soon(place);
    await clock.advance(0);
    expect(told).toEqual(["Unsaved since 2026-01-01T00:00:00.000Z: The store refuses it. The work goes on and saving is tried again."]);
    await append("two");
    autosave.soon(place);
    await clock.advance(3_600_000);
    expect(calls.length).toBeLessThan(10);
    refused = false;
    await clock.advance(15 * 60_000);
    expect(told.at(-1)).toBe("What was unsaved is saved.");
    expect(memory.stored().length).toBeGreaterThan(0);
    await autosave.stop();
  });

  test("an end does not sit out the wait of a save that is under way", async () => {
    let failures = 1;
    const { autosave, append, clock, stored } = setUp((put) => (name, bytes) => {
      failures -= 1;
      return failures >= 0 ? Promise.reject(new RetryableError("an outage")) : put(name, bytes);
    });
    await append("one");
    autosave.soon(place);
    await clock.advance(0);
    await append("two");
    // No time passes: the wait of two seconds is cut short.
    await autosave.now({ ...place, ending: "cancelled" });
    expect(stored()).toBe(2);
  });
});
