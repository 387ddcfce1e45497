/** A person takes the work back while a run is at work on it, over the wire against the local GitHub. */
import { afterAll, beforeAll, expect, it } from "vitest";
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
const cancelled = (run: number): number => world.github.requests.filter(({ who, path }) => who === "app" && path.endsWith(`/runs/${run}/cancel`)).length;
const close = (issue: number) => world.call(world.maintainer, "PATCH", `/repos/acme/calc/issues/${issue}`, { state: "closed" });

it.each<[string, (issue: number) => Promise<unknown>]>([
  ["the label is taken off", (issue) => world.unlabel(issue)],
  ["the issue is closed", close],
])("fault 52: %s: its run ends, once, and the comment says so", async (_, happens) => {
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

it("a merge closes the issue: the run that had it merged says so itself", async () => {
  const { issue, run } = await atWork();
  const call = (method: string, path: string, body: unknown) => world.call(world.maintainer, method, `/repos/acme/calc${path}`, body);
  const main = (await world.call(world.maintainer, "GET", "/repos/acme/calc/git/ref/heads/main")).body.object.sha;
  const { tree } = (await world.call(world.maintainer, "GET", `/repos/acme/calc/git/commits/${main}`)).body;
  const { sha } = (await call("POST", "/git/commits", { message: "Mine", tree: tree.sha, parents: [main] })).body;
  const branch = `worktrain/issue-${issue}-1`;
  expect((await call("POST", "/git/refs", { ref: `refs/heads/${branch}`, sha })).status).toBe(201);
  const pull = (await call("POST", "/pulls", { title: "Mend", head: branch, base: "main", body: "" })).body.number;
  expect((await call("PUT", `/pulls/${pull}/merge`, { merge_method: "merge" })).status).toBe(200);
  await close(issue);
  await world.quiet();
  await looks();
  expect(cancelled(run)).toBe(0);
});
