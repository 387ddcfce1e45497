/** Reviews that no label asked for go on by themselves as those with one do: over the wire, with an App that keeps nothing. */
import { afterEach, describe, expect, it } from "vitest";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { startReviewScene, type ReviewScene } from "./review-scene.ts";

let scene: ReviewScene;
afterEach(async () => {
  assertRequestsConform(scene.world.github.requests);
  await scene.world.close();
});

const body = async (number: number): Promise<string> => (await scene.world.comments(number)).find((each) => each.body.startsWith("<!-- worktrain:status "))?.body ?? "";

const asked = {
  "a command": async (): Promise<number> => {
    scene = await startReviewScene();
    const { number } = await scene.open();
    await scene.world.call(scene.world.maintainer, "POST", `/repos/acme/calc/issues/${number}/comments`, { body: "/worktrain review" });
    await scene.world.quiet();
    return number;
  },
  "`review.pullRequests: all`": async (): Promise<number> => {
    scene = await startReviewScene();
    await scene.world.commit({ ".github/worktrain.yml": "review: { pullRequests: all }\n" });
    return (await scene.open()).number;
  },
};

it.each(Object.entries(asked))("fault 63: asked for by %s, it is tried again when the model could not be reached, also by an App that was started since", async (_, ask) => {
  const number = await ask();
  await scene.end(number, "model-unavailable");
  expect(await body(number)).toContain("It is tried again by itself after");
  const before = await scene.world.comments(number);
  await scene.world.restart();
  await scene.pass(14);
  expect(scene.runs()).toHaveLength(1);
  await scene.pass(12);
  expect(scene.runs()).toHaveLength(2);
  expect(await body(number)).toContain("This is try 1 in a row to go on.");
  expect((await scene.world.comments(number)).length).toBe(before.length);
});

it("fault 38: its run was lost, and nobody heard of it: it goes on", async () => {
  const number = await asked["a command"]();
  scene.world.github.setWebhookUrl(null);
  const runId = scene.save(number, { ending: null });
  scene.world.github.actions.updateRun(runId, { status: "completed", conclusion: "failure" });
  await scene.world.github.settled();
  await scene.world.restart();
  await scene.pass(15);
  expect(scene.runs()).toHaveLength(2);
});

it("cancelled before its time, it is not tried again; nor by a comment of somebody else that copies ours", async () => {
  const number = await asked["a command"]();
  await scene.end(number, "model-unavailable");
  const copied = await body(number);
  scene.world.later(2_000);
  await scene.world.call(scene.world.maintainer, "POST", `/repos/acme/calc/issues/${number}/comments`, { body: "/worktrain cancel" });
  await scene.world.quiet();
  expect(await body(number)).not.toContain("It is tried again by itself");
  await scene.world.call(scene.world.maintainer, "POST", `/repos/acme/calc/issues/${number}/comments`, { body: copied });
  await scene.pass(31);
  expect(scene.runs()).toHaveLength(1);
});

describe("fault 28: a push to it that nobody heard of, while the App was away", () => {
  const push = async (): Promise<string> => {
    const { world } = scene;
    world.github.setWebhookUrl(null);
    const head = await scene.push("two\n");
    await world.github.settled();
    await world.restart();
    world.github.setWebhookUrl(world.hookUrl);
    await scene.pass(15);
    return head;
  };

  it("is reviewed where every pull request is, once", async () => {
    const number = await asked["`review.pullRequests: all`"]();
    await scene.end(number, "reviewed");
    const head = await push();
    expect(scene.runs()).toHaveLength(2);
    expect(await scene.marker(number)).toMatchObject({ state: "waiting", head });
    await scene.pass(25);
    expect(scene.runs()).toHaveLength(2);
  });

  it("asks for nothing where a command asked for the review", async () => {
    const number = await asked["a command"]();
    await scene.end(number, "reviewed");
    await push();
    expect(scene.runs()).toHaveLength(1);
  });
});
