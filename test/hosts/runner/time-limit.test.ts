import { expect, test } from "vitest";
import { countFromJobStart, startTimeLimit } from "../../../src/hosts/runner/agent/time-limit.ts";
import { TimeUpError } from "../../../src/shared/errors.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { requestError } from "../../fakes/github.ts";

test("fault 39: a job stops itself 340 minutes after it began, by the monotonic clock, and says that its time is up", async () => {
  const clock = fakeClock();
  const limit = startTimeLimit(clock, new AbortController().signal);
  clock.jump(24 * 3_600_000);
  await clock.advance(339 * 60_000);
  expect(limit.signal.aborted).toBe(false);
  await clock.advance(60_000);
  expect(limit.signal.reason).toBeInstanceOf(TimeUpError);
});

test("a job that ends before leaves no timer behind, and a cancelled one is not out of time", async () => {
  const clock = fakeClock();
  const cancel = new AbortController();
  const limit = startTimeLimit(clock, cancel.signal);
  cancel.abort(new Error("cancelled"));
  limit.stop();
  await clock.advance(0);
  expect(clock.sleepers()).toBe(0);
  expect(limit.signal.reason).toEqual(new Error("cancelled"));
});

const MINUTE = 60_000;
const job = (name: string, status: string, startedAt: string | null) => ({ id: 1, name, status, conclusion: null, html_url: null, started_at: startedAt });
const BEGAN = job("agent", "in_progress", "2026-01-01T05:00:00Z");

/** The limit of a step that begins when GitHub's clock says 06:30, and what was logged. */
async function counted(jobs: readonly object[] | number, date: string | undefined = "Thu, 01 Jan 2026 06:30:00 GMT") {
  // This machine's clock is a day off: it must not matter.
  const clock = fakeClock(Date.UTC(2026, 0, 2));
  const limit = startTimeLimit(clock, new AbortController().signal);
  const lines: string[] = [];
  const request = () => (typeof jobs === "number" ? Promise.reject(requestError(jobs)) : Promise.resolve({ status: 200, data: { jobs }, headers: date === undefined ? {} : { date } }));
  await countFromJobStart(limit, { github: { request }, repository: { owner: "acme", repo: "shop" }, runId: 7, job: "agent", log: (line) => lines.push(line) });
  const upAfter = async (minutes: number): Promise<boolean> => {
    await clock.advance(minutes * MINUTE);
    return limit.signal.aborted;
  };
  return { clock, limit, lines, upAfter };
}

test("fault 39: what came before our step is of the job's time: 90 minutes of set-up leave 250, by GitHub's clock alone", async () => {
  const { upAfter, lines, clock } = await counted([BEGAN, job("deliver", "queued", null)]);
  expect(await upAfter(249)).toBe(false);
  expect(await upAfter(1)).toBe(true);
  expect([lines, clock.sleepers()]).toEqual([[], 0]);
});

test("of several jobs in progress ours is told by its name", async () => {
  const { upAfter } = await counted([job("nightly", "in_progress", "2026-01-01T06:29:00Z"), BEGAN]);
  expect(await upAfter(250)).toBe(true);
});

test("a set-up that took all of the time leaves none: the run saves and ends at once", async () => {
  const { upAfter } = await counted([{ ...BEGAN, started_at: "2026-01-01T00:10:00Z" }]);
  expect(await upAfter(0)).toBe(true);
});

test.each<[string, readonly object[] | number, string | undefined, string]>([
  ["GitHub refuses", 403, "", "could not be read"],
  ["no job is in progress", [job("agent", "completed", "2026-01-01T05:00:00Z")], undefined, "does not say"],
  ["the answer has no date", [BEGAN], "nonsense", "does not say"],
  ["the job has no start", [{ ...BEGAN, started_at: null }], undefined, "does not say"],
])("where it cannot be read (%s) the time counts from our step, and the log says so", async (_, jobs, date, words) => {
  const { upAfter, lines } = await counted(jobs, date);
  expect(lines).toEqual([expect.stringContaining(words)]);
  expect(lines[0]).toContain("counted from this step");
  expect(await upAfter(339)).toBe(false);
  expect(await upAfter(1)).toBe(true);
});
