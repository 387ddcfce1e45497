import { expect, test } from "vitest";
import { createContentPace, makesContent } from "../../../src/hosts/app/content-pace.ts";
import { RetryableError } from "../../../src/shared/errors.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { startAppWorld } from "./app-world.ts";

const MINUTE_MS = 60_000;

/** 600 that want to be made at once, and when each was. */
function scene() {
  const clock = fakeClock();
  const ends = new AbortController();
  const pace = createContentPace(clock, ends.signal);
  const made: number[] = [];
  const turns = Array.from({ length: 600 }, (_, nth) => pace.turn().then(() => made.push(nth)));
  return { clock, ends, made, turns };
}

test("fault 35: at most 80 a minute and 500 an hour are made, in the order in which they came, and none is lost", async () => {
  const { clock, made } = scene();
  const after = async (ms: number): Promise<number> => {
    await clock.advance(ms);
    return made.length;
  };
  expect([await after(0), await after(MINUTE_MS - 1), await after(1)]).toEqual([80, 80, 160]);
  expect([await after(MINUTE_MS), await after(4 * MINUTE_MS), await after(50 * MINUTE_MS)]).toEqual([240, 500, 500]);
  expect([await after(4 * MINUTE_MS - 1), await after(1), await after(MINUTE_MS)]).toEqual([500, 580, 600]);
  expect(made).toEqual(Array.from({ length: 600 }, (_, nth) => nth));
});

test("fault 35: of what is made evenly none waits, and a minute is any minute", async () => {
  const clock = fakeClock();
  const pace = createContentPace(clock);
  const made: number[] = [];
  for (let nth = 0; nth < 80; nth += 1) {
    await pace.turn();
    await clock.advance(500);
  }
  const next = pace.turn().then(() => made.push(clock.monotonicMs()));
  await clock.advance(MINUTE_MS);
  await next;
  expect(made[0]).toBeGreaterThanOrEqual(MINUTE_MS);
});

test("when the App ends nothing waits on, and each that waited hears of it", async () => {
  const { clock, ends, made, turns } = scene();
  const ended = Promise.allSettled(turns);
  await clock.advance(0);
  ends.abort();
  const failed = (await ended).flatMap((turn) => (turn.status === "rejected" ? [turn.reason] : []));
  expect([made.length, failed.length, failed.every((error) => error instanceof RetryableError), clock.sleepers()]).toEqual([80, 520, true, 0]);
});

test("content is what people are notified of; what stops work, and a change, never waits", () => {
  const at = "/repos/{owner}/{repo}";
  const made = ["/issues", "/issues/{issue_number}/comments", "/pulls", "/pulls/{pull_number}/reviews", "/pulls/{pull_number}/comments/{comment_id}/replies"];
  const others = ["/issues/{issue_number}/reactions", "/issues/comments/{comment_id}/reactions", "/issues/{issue_number}/labels", "/check-runs", "/actions/runs/{run_id}/cancel", "/actions/workflows/{workflow_id}/dispatches"];
  expect(made.filter((path) => !makesContent(`POST ${at}${path}`))).toEqual([]);
  expect(others.filter((path) => makesContent(`POST ${at}${path}`))).toEqual([]);
  expect([makesContent("GET /repos/{owner}/{repo}/issues"), makesContent("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}"), makesContent("POST /graphql")]).toEqual([false, false, false]);
});

test("fault 35: of more labels than a minute takes each is seen at once, eighty are begun, the rest after that minute, each once", async () => {
  const world = await startAppWorld();
  try {
    const issues: number[] = [];
    for (let nth = 0; nth < 84; nth += 1) issues.push(await world.openIssue(`fault ${nth}`, "It is wrong."));
    for (const issue of issues) await world.label(issue);
    await world.github.settled();
    const sent = (route: RegExp): number => world.github.requests.filter(({ who, method, path }) => who === "app" && route.test(`${method} ${path}`)).length;
    const runs = (): number => world.github.state().runs.size;
    while (runs() < 80 || sent(/^POST .*\/reactions$/) < issues.length) await new Promise((resolve) => setImmediate(resolve));
    expect([runs(), sent(/^POST .*\/issues\/\d+\/comments$/)]).toEqual([80, 80]);
    await world.clock.advance(MINUTE_MS);
    await world.quiet();
    expect(issues.map((issue) => world.runs(issue).length)).toEqual(issues.map(() => 1));
    expect([sent(/^POST .*\/reactions$/), sent(/^POST .*\/issues\/\d+\/comments$/)]).toEqual([84, 84]);
  } finally {
    await world.close();
  }
});
