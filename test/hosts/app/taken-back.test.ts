/** A person takes the work back while what was delivered is armed to be merged, over the wire against the local GitHub. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { nodeId } from "../../../src/hosts/demo/github/views/view.ts";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";
import { deliver, type DeliveredScene } from "./delivered-scene.ts";

let world: AppWorld;
let scene: DeliveredScene;
beforeEach(async () => {
  world = await startAppWorld();
});
afterEach(async () => {
  assertRequestsConform(world.github.requests.filter(({ who }) => who === "app"));
  await world.close();
});

const pull = () => [...world.github.state().issues.values()].find(({ number }) => number === scene.pull)?.pull;

/** Something was delivered, and whose token it is has armed it. */
async function armedBy(token: string): Promise<void> {
  scene = await deliver(world, { config: "merge: { auto: true }\n" });
  await vouch();
  world.github.setMergeRules(world.repositoryId, { autoMergeAllowed: true, requiredChecks: ["ci"] });
  await arm(token);
}

/** The deliver job's own check. */
const vouch = () => scene.call("POST", "/check-runs", { name: "WorkTrain", head_sha: scene.head, external_id: world.runs(scene.issue)[0]?.inputs["key"] ?? "", status: "completed", conclusion: "success", output: { title: "Reviewed", summary: "The proof." } });

async function arm(token: string): Promise<void> {
  const { body } = await world.call(token, "POST", `${world.github.url}/graphql`, { query: "mutation Arm($input: EnablePullRequestAutoMergeInput!) { enablePullRequestAutoMerge(input: $input) { clientMutationId } }", variables: { input: { pullRequestId: nodeId("PR", pull()?.id ?? 0) } } });
  expect(body).not.toHaveProperty("errors");
  await world.quiet();
  expect(pull()?.autoMerge).not.toBeNull();
}

const close = () => world.call(world.maintainer, "PATCH", `/repos/acme/calc/issues/${scene.issue}`, { state: "closed" });
const told = async () => (await scene.said()).filter((body) => body.includes("the work is taken back"));
const asked = () => world.github.requests.filter(({ who }) => who === "app").length;

/** The App looks once, and again. */
async function looks(): Promise<void> {
  for (let minute = 0; minute < 12; minute += 1) {
    await world.clock.advance(60_000);
    await world.quiet();
  }
}

const WAYS: readonly (readonly [string, () => Promise<unknown>, string, string])[] = [
  ["the label is taken off", () => world.unlabel(scene.issue), "unlabeled", "The issue does not have the label `worktrain:ready`"],
  ["the issue is closed", close, "closed", "The issue is closed"],
];

it.each(WAYS)("I9: %s: what the App armed is disarmed, which is said once, however often it is told", async (_, happens, action, why) => {
  await armedBy(world.app);
  await happens();
  await world.quiet();
  expect(pull()?.autoMerge).toBeNull();
  await world.github.redeliver(world.github.deliveries.findLast((each) => each.event === "issues" && each.action === action)?.id ?? 0);
  await looks();
  expect(await told()).toEqual([expect.stringContaining(`> ${why}: the work is taken back. WorkTrain disarms auto-merge`)]);
  // The check that it waited for is green now: nothing merges.
  await scene.call("POST", "/check-runs", { name: "ci", head_sha: scene.head, status: "completed", conclusion: "success" });
  await world.quiet();
  expect(pull()?.merged).toBeNull();
});

it.each(WAYS)("fault 28: %s, and nobody hears of it: it is found by looking, once", async (_, happens) => {
  await armedBy(world.app);
  await world.unheard(happens);
  expect(pull()?.autoMerge).not.toBeNull();
  await looks();
  expect(pull()?.autoMerge).toBeNull();
  await looks();
  expect(await told()).toHaveLength(1);
});

it("fault 46: it is found by looking where the status comment was deleted, too", async () => {
  await armedBy(world.app);
  await world.unheard(async () => {
    const status = (await world.comments(scene.issue)).find(({ body }) => body.startsWith("<!-- worktrain:status"));
    await world.call(world.maintainer, "DELETE", `/repos/acme/calc/issues/comments/${status?.id ?? 0}`);
    await world.unlabel(scene.issue);
  });
  await looks();
  expect([pull()?.autoMerge, (await told()).length]).toEqual([null, 1]);
});

it("the label that the configuration names counts, and one that it does not name costs no request", async () => {
  scene = await deliver(world, {});
  await world.commit({ ".github/worktrain.yml": "label: build-me\nmerge: { auto: true }\n" });
  await world.call(world.maintainer, "POST", `/repos/acme/calc/issues/${scene.issue}/labels`, { labels: ["build-me", "bug"] });
  world.github.setMergeRules(world.repositoryId, { autoMergeAllowed: true, requiredChecks: ["ci"] });
  await world.quiet();
  await arm(world.app);
  const before = asked();
  await world.call(world.maintainer, "DELETE", `/repos/acme/calc/issues/${scene.issue}/labels/bug`);
  await world.quiet();
  expect(asked()).toBe(before);
  await world.unlabel(scene.issue);
  await world.quiet();
  expect(pull()?.autoMerge).not.toBeNull();
  await world.call(world.maintainer, "DELETE", `/repos/acme/calc/issues/${scene.issue}/labels/build-me`);
  await world.quiet();
  expect(pull()?.autoMerge).toBeNull();
});

it("while the configuration cannot be read it is not known which label starts work: nothing is taken back", async () => {
  scene = await deliver(world, {});
  await vouch();
  await world.commit({ ".github/worktrain.yml": "label: build-me\nmerge: { auto: true }\n" });
  await world.call(world.maintainer, "POST", `/repos/acme/calc/issues/${scene.issue}/labels`, { labels: ["build-me"] });
  await world.unlabel(scene.issue);
  world.github.setMergeRules(world.repositoryId, { autoMergeAllowed: true, requiredChecks: ["ci"] });
  await world.quiet();
  await arm(world.app);
  await world.commit({ ".github/worktrain.yml": "label: [\n" });
  await world.quiet();
  await looks();
  expect(pull()?.autoMerge?.by).toBe("worktrain[bot]");
  expect(await told()).toEqual([]);
});

it("what a person armed stays the person's, and nothing is said", async () => {
  await armedBy(world.maintainer);
  await world.unlabel(scene.issue);
  await looks();
  expect(pull()?.autoMerge?.by).toBe("mona");
  expect(await told()).toEqual([]);
});

it("the label is there again before it is heard of that it was off: nothing is taken back", async () => {
  await armedBy(world.app);
  await world.unheard(async () => {
    await world.unlabel(scene.issue);
    await world.label(scene.issue);
  });
  await looks();
  expect(pull()?.autoMerge?.by).toBe("worktrain[bot]");
  expect(await told()).toEqual([]);
});

it("the App is ended between its word and the deed: it is found by looking and disarmed, and the word is not said twice", async () => {
  await armedBy(world.app);
  world.github.failNext({ method: "POST", route: "/graphql#DisarmAutoMerge", status: 403 });
  await world.unlabel(scene.issue);
  await world.quiet();
  expect(pull()?.autoMerge).not.toBeNull();
  expect(await told()).toHaveLength(1);
  await world.restart();
  await looks();
  expect(pull()?.autoMerge).toBeNull();
  expect(await told()).toHaveLength(1);
});

it("GitHub does not take the word: it is disarmed all the same, and said then", async () => {
  await armedBy(world.app);
  world.github.failNext({ method: "POST", route: "/repos/{owner}/{repo}/issues/{issue_number}/comments", status: 403 });
  await world.unlabel(scene.issue);
  await world.quiet();
  expect(pull()?.autoMerge).toBeNull();
  expect(await told()).toHaveLength(1);
});

it("what is armed is found behind a hundred pull requests that changed since", async () => {
  await armedBy(world.app);
  await world.unheard(async () => {
    const base = (await scene.call("GET", "/git/ref/heads/main")).object.sha;
    const tree = (await scene.call("GET", `/git/commits/${base}`)).tree.sha;
    const { sha } = await scene.call("POST", "/git/commits", { message: "Other work", tree, parents: [base] });
    world.later(60_000);
    for (let nth = 0; nth < 100; nth += 1) {
      await scene.call("POST", "/git/refs", { ref: `refs/heads/other-${nth}`, sha });
      expect(await scene.call("POST", "/pulls", { title: "Other work", head: `other-${nth}`, base: "main" })).toHaveProperty("number");
    }
    await world.unlabel(scene.issue);
  });
  await looks();
  expect(pull()?.autoMerge).toBeNull();
  expect(await told()).toHaveLength(1);
});
