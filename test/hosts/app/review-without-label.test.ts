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

describe("fault 28: one that was opened while the App was away", () => {
  const opened = async (config: string): Promise<number> => {
    scene = await startReviewScene();
    await scene.world.commit({ ".github/worktrain.yml": config });
    await scene.world.quiet();
    scene.world.github.setWebhookUrl(null);
    const { number } = await scene.open();
    await scene.world.restart();
    scene.world.github.setWebhookUrl(scene.world.hookUrl);
    return number;
  };
  const PERMISSION = "/repos/{owner}/{repo}/collaborators/{username}/permission";

  it("is reviewed where every pull request is, in the name of who opened it, once", async () => {
    const number = await opened("review: { pullRequests: all }\n");
    await scene.pass(12);
    expect(scene.runs()).toHaveLength(1);
    expect(await scene.marker(number)).toMatchObject({ state: "waiting", by: { login: "mona" } });
    await scene.end(number, "reviewed");
    await scene.pass(25);
    expect(scene.runs()).toHaveLength(1);
  });

  it("so is one that was opened long before, and reopened while the App did not hear of it", async () => {
    scene = await startReviewScene();
    const { world } = scene;
    const { number } = await scene.open();
    const record = [...world.github.state().issues.values()].find((each) => each.number === number) ?? {};
    Object.assign(record, { createdAt: new Date(Date.now() - 5 * 24 * 60 * 60_000).toISOString() });
    await world.commit({ ".github/worktrain.yml": "review: { pullRequests: all }\n" });
    await world.quiet();
    world.github.setWebhookUrl(null);
    for (const state of ["closed", "open"]) expect((await world.call(world.maintainer, "PATCH", `/repos/acme/calc/pulls/${number}`, { state })).status).toBe(200);
    await world.github.settled();
    world.github.setWebhookUrl(world.hookUrl);
    await scene.pass(12);
    expect(scene.runs()).toHaveLength(1);
    expect(await scene.marker(number)).toMatchObject({ state: "waiting", by: { login: "mona" } });
    await scene.pass(35);
    expect(scene.runs()).toHaveLength(1);
  });

  it.each<[string, string, boolean]>([
    ["where only labelled ones are reviewed", "", false],
    ["as a draft", "review: { pullRequests: all }\n", true],
  ])("is not reviewed %s, which costs no request", async (_, config, draft) => {
    scene = await startReviewScene();
    const { world } = scene;
    await world.commit({ ".github/worktrain.yml": config });
    await scene.push("one\n");
    world.github.setWebhookUrl(null);
    const { status } = await world.call(world.maintainer, "POST", "/repos/acme/calc/pulls", { title: "Words", body: "", head: "words", base: "main", draft });
    expect(status).toBe(201);
    await scene.pass(2);
    const before = world.github.requests.length;
    await scene.pass(10);
    const routes = world.github.requests.slice(before).map(({ route }) => route);
    expect(routes).toContain("/graphql#LabelledIssues");
    expect(routes.filter((route) => [PERMISSION, "/graphql#TaskText"].includes(route ?? ""))).toEqual([]);
    expect(scene.runs()).toEqual([]);
  });

  it("I10: by somebody who may not write, it is not; that costs a look one request for the permission, in a window", async () => {
    await opened("review: { pullRequests: all }\n");
    scene.world.github.addUser("mona", "read");
    const before = scene.world.github.requests.length;
    await scene.pass(60);
    expect(scene.runs()).toEqual([]);
    const times = scene.world.github.requests.slice(before).filter(({ route }) => route === PERMISSION).length;
    expect(times).toBeGreaterThan(0);
    expect(times).toBeLessThanOrEqual(4);
  });
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
