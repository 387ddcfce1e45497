/** A person takes the work back while a run is at work on it, over the wire against the local GitHub. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { formatSegmentName, type EndingCode } from "../../../src/record/index.ts";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";

let world: AppWorld;
beforeAll(async () => {
  world = await startAppWorld();
});
afterAll(async () => {
  assertRequestsConform(world.github.requests.filter(({ who }) => who === "app"));
  await world.close();
});

/** A labelled issue with a run at work. */
async function atWork() {
  const issue = await world.openIssue("add subtracts", "`add(1, 2)` gives -1.");
  await world.label(issue);
  await world.quiet();
  const run = world.runs(issue)[0]?.id ?? 0;
  await world.updateRun(run, { status: "in_progress" });
  return { issue, run };
}

const looks = async (): Promise<void> => {
  await world.clock.advance(30_000);
  await world.quiet();
};
/** Nobody hears of it; the App is started anew and looks through the repository. */
async function whileAway(happens: () => Promise<unknown>): Promise<void> {
  world.github.setWebhookUrl(null);
  await happens();
  await world.github.settled();
  world.github.setWebhookUrl(world.hookUrl);
  await world.restart();
  for (let minute = 0; minute < 3; minute += 1) {
    await world.clock.advance(60_000);
    await world.quiet();
  }
}
/** The pull request of the first attempt, as a deliver job leaves it. */
async function pullOf(issue: number): Promise<number> {
  const call = (method: string, path: string, body: unknown) => world.call(world.maintainer, method, `/repos/acme/calc${path}`, body);
  const main = (await world.call(world.maintainer, "GET", "/repos/acme/calc/git/ref/heads/main")).body.object.sha;
  const { tree } = (await world.call(world.maintainer, "GET", `/repos/acme/calc/git/commits/${main}`)).body;
  const { sha } = (await call("POST", "/git/commits", { message: "Mine", tree: tree.sha, parents: [main] })).body;
  const branch = `worktrain/issue-${issue}-1`;
  expect((await call("POST", "/git/refs", { ref: `refs/heads/${branch}`, sha })).status).toBe(201);
  return (await call("POST", "/pulls", { title: "Mend", head: branch, base: "main", body: "" })).body.number;
}
const save = (issue: number, runId: number, ending: EndingCode | null): void =>
  world.saveArtifact(runId, formatSegmentName({ item: { repositoryId: world.repositoryId, subject: `issue-${issue}`, attempt: 1 }, runId, runAttempt: 1, index: 1, phase: "code", step: "parked", costMilliUsd: 120, ending }));
const cancelled = (run: number): number => world.github.requests.filter(({ who, path }) => who === "app" && path.endsWith(`/runs/${run}/cancel`)).length;
const close = (issue: number) => world.call(world.maintainer, "PATCH", `/repos/acme/calc/issues/${issue}`, { state: "closed" });

const WAYS: readonly (readonly [string, (issue: number) => Promise<unknown>])[] = [
  ["the label is taken off", (issue) => world.unlabel(issue)],
  ["the issue is closed", close],
];

it.each(WAYS)("fault 52: %s: its run ends, once, and the comment says so", async (_, happens) => {
  const { issue, run } = await atWork();
  await happens(issue);
  await world.quiet();
  await looks();
  await looks();
  expect(cancelled(run)).toBe(1);
  await world.updateRun(run, { status: "completed", conclusion: "cancelled" });
  const [status] = await world.comments(issue);
  expect(status?.body).toContain("cancelled");
  expect(world.runs(issue)).toHaveLength(1);
});

it("fault 26: the label is set again before it is looked at: the run goes on", async () => {
  const { issue, run } = await atWork();
  await world.unlabel(issue);
  await world.quiet();
  await world.label(issue);
  await world.quiet();
  await looks();
  expect([cancelled(run), world.runs(issue).length]).toEqual([0, 1]);
});

it("what is over is not asked to end", async () => {
  const { issue, run } = await atWork();
  await world.updateRun(run, { status: "completed", conclusion: "failure" });
  await world.unlabel(issue);
  await world.quiet();
  await looks();
  expect([cancelled(run), world.runs(issue).length]).toEqual([0, 1]);
});

it.each(WAYS)("fault 52: %s while no App was there: the next look ends the run, once, and the comment says so", async (_, happens) => {
  const { issue, run } = await atWork();
  await whileAway(() => happens(issue));
  expect(cancelled(run)).toBe(1);
  await world.updateRun(run, { status: "completed", conclusion: "cancelled" });
  expect((await world.comments(issue))[0]?.body).toContain("cancelled");
  expect(world.runs(issue)).toHaveLength(1);
});

it("I4: its run comes to its end as well while no App was there: the comment tells of it, and nothing goes on", async () => {
  const { issue, run } = await atWork();
  save(issue, run, null);
  await whileAway(async () => {
    await world.unlabel(issue);
    world.github.actions.updateRun(run, { status: "completed", conclusion: "failure" });
  });
  expect(cancelled(run)).toBe(0);
  expect((await world.comments(issue))[0]?.body).toContain("It is not gone on with by itself: the label was taken off");
  expect(world.runs(issue)).toHaveLength(1);
});

it("fault 63: what would be tried again by itself is not, and the comment does not go on saying so", async () => {
  const { issue, run } = await atWork();
  save(issue, run, "model-unavailable");
  await world.updateRun(run, { status: "completed", conclusion: "success" });
  const shown = async () => (await world.comments(issue))[0]?.body;
  expect(await shown()).toContain("It is tried again by itself after");
  await world.unlabel(issue);
  await world.quiet();
  for (let minute = 0; minute < 27; minute += 1) {
    await world.clock.advance(60_000);
    await world.quiet();
  }
  expect(world.runs(issue)).toHaveLength(1);
  expect(await shown()).toContain("the label was taken off");
  expect(await shown()).not.toContain("It is tried again by itself after");
});

it("fault 52: the pull request is closed as well, by a person and unmerged: its run ends", async () => {
  const { issue, run } = await atWork();
  expect((await world.call(world.maintainer, "PATCH", `/repos/acme/calc/pulls/${await pullOf(issue)}`, { state: "closed" })).status).toBe(200);
  await close(issue);
  await world.quiet();
  await looks();
  expect(cancelled(run)).toBe(1);
});

it("a merge closes the issue: the run that had it merged says so itself", async () => {
  const { issue, run } = await atWork();
  expect((await world.call(world.maintainer, "PUT", `/repos/acme/calc/pulls/${await pullOf(issue)}/merge`, { merge_method: "merge" })).status).toBe(200);
  await close(issue);
  await world.quiet();
  await looks();
  expect(cancelled(run)).toBe(0);
});
