/** The App's check run on a head under review, over the wire: there while the review goes on, and closed as what came of it (I4, I9). */
import { afterEach, expect, it } from "vitest";
import { createEffectRunner } from "../../../src/github/write/index.ts";
import { closeLiveCheck } from "../../../src/hosts/app/checks/live-check.ts";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { requestError, scriptedGitHub } from "../../fakes/github.ts";
import { startReviewScene, type ReviewScene } from "./review-scene.ts";

let scene: ReviewScene;
afterEach(async () => {
  assertRequestsConform(scene.world.github.requests);
  await scene.world.close();
});

async function labelled(exchange: boolean): Promise<{ readonly number: number; readonly head: string }> {
  scene = await startReviewScene({ exchange });
  const pull = await scene.open();
  await scene.world.label(pull.number);
  await scene.world.quiet();
  return pull;
}

it("with GITHUB_TOKEN: a check run of its own tells how the review goes, and where the verdict is; it vouches for nothing", async () => {
  const { number, head } = await labelled(false);
  const [run] = scene.runs();
  expect(scene.checks()).toMatchObject([{ name: "WorkTrain progress", app: "worktrain", head, key: run?.inputs["key"], state: "queued" }]);
  expect(scene.checks()[0]?.summary).toContain("waits for a runner");
  await scene.world.updateRun(scene.save(number, { step: "read" }), { status: "in_progress" });
  expect(scene.checks()).toMatchObject([{ state: "in_progress" }]);
  expect(scene.checks()[0]?.summary).toContain("**Review**, step `read`");
  await scene.end(number, "reviewed");
  expect(scene.checks()).toMatchObject([{ state: "neutral", buttons: ["Explain"] }]);
  expect(scene.checks()[0]?.summary).toContain("check run `WorkTrain` that the run's deliver job made");
});

it("with the exchange: the deliver job's verdict is given in the same check run, and stays", async () => {
  const { number, head } = await labelled(true);
  const [open] = scene.checks();
  expect(scene.checks()).toMatchObject([{ name: "WorkTrain", head, state: "queued" }]);
  await scene.world.updateRun(scene.save(number, { step: "read" }), { status: "in_progress" });
  expect(scene.checks()).toMatchObject([{ state: "in_progress" }]);
  const { status } = await scene.world.call(scene.world.app, "PATCH", `/repos/acme/calc/check-runs/${open?.id}`, { status: "completed", conclusion: "success", output: { title: "No finding", summary: "s" } });
  expect(status).toBe(200);
  // What the deliver job saves is shown in the status comment; the verdict is not taken back for it.
  scene.save(number, { index: 2, step: "reviewed" });
  await scene.world.clock.advance(30_000);
  await scene.world.quiet();
  expect((await scene.marker(number))?.at).toBe("review.reviewed");
  expect(scene.checks()).toMatchObject([{ state: "success" }]);
  await scene.end(number, "reviewed");
  expect(scene.checks()).toMatchObject([{ state: "success", title: "No finding" }]);
});

it("I9: names of the agent job alone never turn it into what a rule takes for passed", async () => {
  const { number } = await labelled(true);
  await scene.end(number, "reviewed", "failure");
  expect(scene.checks()).toMatchObject([{ name: "WorkTrain", state: "action_required" }]);
});

it.each(["failure", "cancelled"] as const)("I4: a review whose deliver job ended with %s is not told as made: it is to be delivered yet", async (conclusion) => {
  const { number } = await labelled(false);
  await scene.end(number, "reviewed", conclusion);
  expect(scene.checks()).toMatchObject([{ name: "WorkTrain progress", state: "action_required", title: "WorkTrain did the work, but delivering it failed" }]);
  const [comment] = await scene.world.comments(number);
  expect(comment?.body).toContain("The review is saved in the run's artifacts; it is not posted");
  expect(await scene.marker(number)).toMatchObject({ state: "interrupted" });
});

it("a lost run that another goes on with has one check run with it; at a gate it waits for a person, with the button for that", async () => {
  const { number } = await labelled(true);
  scene.save(number, {});
  await scene.end(number, null, "failure");
  expect(scene.runs()).toHaveLength(2);
  expect(scene.checks()).toMatchObject([{ key: scene.runs()[1]?.inputs["key"], state: "queued" }]);
  await scene.end(number, "awaiting-approval");
  expect(scene.checks()).toMatchObject([{ state: "action_required", title: "WorkTrain waits for a person's approval", buttons: ["Approve", "Explain"] }]);
});

it("fault 48: cancelled, it says so; of a head that is none any more, that it is superseded", async () => {
  const { number, head } = await labelled(true);
  await scene.end(number, null, "cancelled");
  expect(scene.checks()).toMatchObject([{ head, state: "cancelled", title: "WorkTrain was cancelled" }]);
  await scene.world.unlabel(number);
  scene.world.later(60_000);
  await scene.world.label(number);
  await scene.world.quiet();
  expect(scene.checks().map(({ state }) => state)).toEqual(["cancelled", "queued"]);
  const next = await scene.push("two\n");
  scene.save(number, {});
  await scene.end(number, null, "failure");
  expect(scene.checks().map(({ head: at, state, title }) => [at, state, title?.slice(0, 24)])).toEqual([
    [head, "cancelled", "WorkTrain was cancelled"],
    [head, "cancelled", `Superseded by ${next.slice(0, 10)}`],
    [next, "queued", "WorkTrain is working on "],
  ]);
});

it("fault 46: closed also where somebody has deleted the status comment for good", async () => {
  const { number } = await labelled(true);
  for (let times = 0; times < 2; times += 1) {
    const [shown] = await scene.world.comments(number);
    await scene.world.call(scene.world.maintainer, "DELETE", `/repos/acme/calc/issues/comments/${shown?.id}`);
    await scene.world.quiet();
  }
  expect(await scene.world.comments(number)).toEqual([]);
  await scene.end(number, "blocked");
  expect(scene.checks()).toMatchObject([{ state: "action_required" }]);
});

it("an App that ends between dispatch and check run, and a delivery that comes twice, leave one", async () => {
  const { number, head } = await labelled(true);
  const key = scene.runs()[0]?.inputs["key"];
  const labels = scene.world.github.deliveries.filter(({ event, action }) => event === "pull_request" && action === "labeled");
  await scene.world.github.redeliver(labels.at(-1)?.id ?? 0);
  await scene.world.restart();
  await scene.world.quiet();
  expect(scene.checks()).toMatchObject([{ head, key }]);
  expect((await scene.marker(number))?.check).toBe(scene.checks()[0]?.id);
});

it("labels on issues make none, and ask nothing about check runs", async () => {
  scene = await startReviewScene();
  const issue = await scene.world.openIssue("add subtracts", "`add(1, 2)` gives -1.");
  const before = scene.world.github.requests.length;
  await scene.world.label(issue);
  await scene.world.quiet();
  expect(scene.world.runs(issue)).toHaveLength(1);
  expect(scene.world.github.requests.slice(before).filter(({ path }) => path.includes("check-"))).toEqual([]);
});

it.each([[502, true, 0], [403, false, 1], [404, false, 0]])("I4: with %i from GitHub at the end, whoever looks at the run hears of it and looks again: %s", async (status, isHeard, lines) => {
  scene = await startReviewScene();
  const logged: string[] = [];
  const log = { info: () => undefined, warn: () => undefined, error: (_: unknown, words: string) => void logged.push(words) };
  const github = scriptedGitHub({
    "GET /repos/{owner}/{repo}/check-runs/{check_run_id}": () => {
      throw requestError(status, "no");
    },
  });
  const clock = fakeClock();
  const place = { github, repository: { owner: "acme", repo: "calc" }, repositoryId: 1 };
  const tools = { clock, log, effects: createEffectRunner({ clock }), author: { appId: 7, botLogin: null } };
  const marker = { issueNumber: 2, attempt: 1, continuation: 0, key: "f".repeat(32), state: "running" as const, runId: 5, labelledAt: "2026-01-01T00:00:00Z", at: null, recreated: false, head: "a".repeat(40), check: 3 };
  const closed = closeLiveCheck(place, tools, marker, { kind: "ended", runUrl: "https://github.example/run", progress: null, ending: "cancelled", pullRequest: null, deliverUrl: null });
  expect(await closed.then(() => "closed", (error: Error) => error.message)).toBe(isHeard ? "no" : "closed");
  expect(logged).toEqual(Array(lines).fill(expect.stringContaining("could not be kept up")));
});
