/** A person has a delivered pull request merge into another branch, over the wire against the local GitHub: nothing is armed or followed up there. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { nodeId } from "../../../src/hosts/demo/github/views/view.ts";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";
import { deliver, type DeliveredScene } from "./delivered-scene.ts";

let world: AppWorld;
let scene: DeliveredScene;
beforeEach(async () => {
  world = await startAppWorld();
  scene = await deliver(world, { config: "merge: { auto: true }\n" });
  world.github.setMergeRules(world.repositoryId, { autoMergeAllowed: true, requiredChecks: ["ci"] });
  const { object } = await scene.call("GET", "/git/ref/heads/main");
  await scene.call("POST", "/git/refs", { ref: "refs/heads/release", sha: object.sha });
  await world.quiet();
});
afterEach(async () => {
  assertRequestsConform(world.github.requests.filter(({ who }) => who === "app"));
  await world.close();
});

const pull = () => [...world.github.state().issues.values()].find(({ number }) => number === scene.pull)?.pull;
const base = async (name: string): Promise<void> => {
  expect((await world.call(world.maintainer, "PATCH", `/repos/acme/calc/pulls/${scene.pull}`, { base: name })).status).toBe(200);
  await world.quiet();
};
const arm = async (token: string): Promise<void> => {
  const { body } = await world.call(token, "POST", `${world.github.url}/graphql`, { query: "mutation Arm($input: EnablePullRequestAutoMergeInput!) { enablePullRequestAutoMerge(input: $input) { clientMutationId } }", variables: { input: { pullRequestId: nodeId("PR", pull()?.id ?? 0) } } });
  expect(body).not.toHaveProperty("errors");
};
const fails = async (name: string): Promise<void> => {
  await scene.call("POST", "/check-runs", { name, head_sha: scene.head, status: "completed", conclusion: "failure" });
  await world.quiet();
};
const told = async () => (await scene.said()).filter((body) => body.includes("It is to be merged into release by now."));

it("what the App armed is disarmed, which is said once, however often it is told", async () => {
  await arm(world.app);
  expect(pull()?.autoMerge).not.toBeNull();
  await base("release");
  expect(pull()?.autoMerge).toBeNull();
  const edited = world.github.deliveries.findLast(({ event, action }) => event === "pull_request" && action === "edited");
  await world.github.redeliver(edited?.id ?? 0);
  await world.quiet();
  expect(await told()).toEqual([expect.stringContaining("Set its base to main again")]);
  expect(await scene.status()).toContain("made pull request");
});

it("fault 28: one that nobody heard of is found by looking, and what the App armed is disarmed", async () => {
  await arm(world.app);
  world.github.setWebhookUrl(null);
  await base("release");
  expect(pull()?.autoMerge).not.toBeNull();
  for (let looked = 0; looked < 12 && pull()?.autoMerge !== null; looked += 1) {
    await world.clock.advance(60_000);
    await world.quiet();
  }
  expect([pull()?.autoMerge, (await told()).length]).toEqual([null, 1]);
});

it("what a person armed stays the person's", async () => {
  await arm(world.maintainer);
  await base("release");
  expect(pull()?.autoMerge?.by).toBe("mona");
});

it("checks that fail there are followed up only when it goes into the default branch again", async () => {
  await base("release");
  await fails("ci");
  expect(scene.followedUp()).toEqual([undefined]);
  await base("main");
  await fails("lint");
  expect(scene.followedUp()).toMatchObject([undefined, { because: "ci", headSha: scene.head }]);
  expect(await told()).toHaveLength(1);
});

it("nothing is armed there at a person's word either", async () => {
  await base("release");
  world.later(5_000);
  await world.call(world.maintainer, "POST", `/repos/acme/calc/issues/${scene.pull}/comments`, { body: `/worktrain approve ${scene.head}` });
  await world.quiet();
  expect(pull()?.autoMerge).toBeNull();
  expect(JSON.stringify(await world.comments(scene.pull)) + (await scene.said()).join()).toContain("There is no open pull request into main whose head");
});

it.each<[string, () => Promise<unknown>]>([
  ["its title was edited", async () => world.call(world.maintainer, "PATCH", `/repos/acme/calc/pulls/${scene.pull}`, { title: "Another" })],
  ["a person has pushed to it before", async () => {
    const { tree } = await scene.call("GET", `/git/commits/${scene.head}`);
    const mine = await scene.call("POST", "/git/commits", { message: "Mine", tree: tree.sha, parents: [scene.head] });
    await scene.call("PATCH", `/git/refs/heads/${scene.branch}`, { sha: mine.sha });
    await base("release");
  }],
  ["the base was set back before it was heard of", async () => {
    const hook = world.hookUrl;
    world.github.setWebhookUrl(null);
    await base("release");
    world.github.setWebhookUrl(hook);
    await base("main");
  }],
])("nothing is said where %s", async (_, happens) => {
  await happens();
  await world.quiet();
  expect(await told()).toEqual([]);
});
