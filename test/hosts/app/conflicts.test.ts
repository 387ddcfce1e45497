/** The default branch moves on under a delivered pull request: GitHub is asked with patience whether it conflicts, and only then work goes on. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { formatTrailers } from "../../../src/record/index.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";
import { deliver, type DeliveredScene } from "./delivered-scene.ts";

let world: AppWorld;
beforeEach(async () => {
  world = await startAppWorld();
});
afterEach(() => world.close());

const mainHead = async (): Promise<string> => (await world.call(world.app, "GET", "/repos/acme/calc/git/ref/heads/main")).body.object.sha;
const asked = (): number => world.github.requests.filter(({ route }) => route === "/graphql#OpenDeliveries" || route === "/graphql#Mergeability").length;

/** The default branch moves, and the App has asked as often as it takes. */
async function moves(files: Readonly<Record<string, string>>): Promise<void> {
  await world.commit(files);
  await world.quiet();
  await askedAgain();
}

async function askedAgain(): Promise<void> {
  const before = asked();
  for (let polls = 0; asked() === before && polls < 10; polls += 1) {
    await world.clock.advance(30_000);
    await world.quiet();
  }
}

it("it conflicts: the same attempt goes on, onto the newest commit, in the name of who asked for the work", async () => {
  const scene = await deliver(world);
  await moves({ "README.md": "another calc\n" });
  expect(scene.followedUp()).toEqual([undefined, { because: "conflict", headSha: scene.head, pullNumber: scene.pull, onto: await mainHead() }]);
  expect(scene.ticket()).toMatchObject({ ok: true, value: { trigger: { kind: "push", actor: { login: "mona" } }, base: { sha: await mainHead() } } });
});

it("the first answer of GitHub is none: it is asked again, once a poll, and no more when it has answered", async () => {
  await deliver(world);
  const before = asked();
  await world.commit({ "README.md": "another calc\n" });
  await world.quiet();
  const first = asked();
  expect(first - before).toBeGreaterThan(0);
  await askedAgain();
  const second = asked();
  await world.clock.advance(120_000);
  await world.quiet();
  expect(asked()).toBe(second);
});

it.each<[string, string, (scene: DeliveredScene) => Promise<void>]>([
  ["it is only behind", "", () => moves({ "OTHER.md": "beside it\n" })],
  ["switched off", "followUp: { conflicts: false }\n", () => moves({ "README.md": "another calc\n" })],
  ["who asked may not write any more", "", async () => (world.github.addUser("mona", "read"), conflictsByAda())],
  ["the label was taken off", "", async ({ issue }) => (await world.unlabel(issue), await world.commit({ "README.md": "another calc\n" }), world.quiet())],
  ["it was closed", "", async ({ call, pull }) => (await call("PATCH", `/pulls/${pull}`, { state: "closed" }), await world.commit({ "README.md": "another calc\n" }), world.quiet())],
  ["another branch moved", "", async ({ call }) => (await call("POST", "/git/refs", { ref: "refs/heads/other", sha: await mainHead() }), world.quiet())],
])("%s: nothing starts", async (_, config, happens) => {
  const scene = await deliver(world, { config });
  await happens(scene);
  expect(scene.followedUp()).toEqual([undefined]);
});

/** Pushed by somebody else. */
async function conflictsByAda(): Promise<void> {
  const ada = world.github.addUser("ada", "write");
  const main = await mainHead();
  const base = (await world.call(ada, "GET", `/repos/acme/calc/git/commits/${main}`)).body;
  const tree = (await world.call(ada, "POST", "/repos/acme/calc/git/trees", { base_tree: base.tree.sha, tree: [{ path: "README.md", mode: "100644", type: "blob", content: "ada's calc\n" }] })).body;
  const commit = (await world.call(ada, "POST", "/repos/acme/calc/git/commits", { message: "Mine", tree: tree.sha, parents: [main] })).body;
  await world.call(ada, "PATCH", "/repos/acme/calc/git/refs/heads/main", { sha: commit.sha });
  await world.quiet();
  await askedAgain();
}

it("G15: after `followUp.most` times a person is asked", async () => {
  const scene = await deliver(world, { config: "followUp: { most: 0 }\n" });
  await moves({ "README.md": "another calc\n" });
  expect(scene.followedUp()).toEqual([undefined]);
  expect(scene.labels()).toContain("worktrain:needs-human");
  expect(await scene.said()).toEqual([expect.stringContaining("It conflicts with the base branch")]);
});

it("several pushes in a row, and webhooks that come twice, lead to one run", async () => {
  const scene = await deliver(world);
  await world.commit({ "README.md": "another calc\n" });
  await moves({ "README.md": "one more calc\n" });
  const push = world.github.deliveries.findLast(({ event }) => event === "push");
  await world.github.redeliver(push?.id ?? 0);
  await world.quiet();
  await askedAgain();
  expect(scene.followedUp()).toHaveLength(2);
});

it("it conflicts while a run is at work on it for failed checks: what that delivers is merged when it is over", async () => {
  const scene = await deliver(world);
  await world.call(world.maintainer, "POST", `/repos/acme/calc/statuses/${scene.head}`, { state: "failure", context: "lint" });
  await world.quiet();
  await moves({ "README.md": "another calc\n" });
  expect(scene.followedUp()).toMatchObject([undefined, { because: "ci" }]);
  const { tree } = await scene.call("GET", `/git/commits/${scene.head}`);
  const trailers = formatTrailers({ item: `${world.repositoryId}/issue-${scene.issue}/1`, key: world.runs(scene.issue)[1]?.inputs["key"] ?? "" });
  const { sha } = await scene.call("POST", "/git/commits", { message: `Mend the check\n\n${trailers}\n`, tree: tree.sha, parents: [scene.head] });
  await scene.call("PATCH", `/git/refs/heads/${scene.branch}`, { sha });
  await scene.ends("delivered", "ready");
  for (let looks = 0; scene.followedUp().length < 3 && looks < 5; looks += 1) await askedAgain();
  expect(scene.followedUp()[2]).toEqual({ because: "conflict", headSha: sha, pullNumber: scene.pull, onto: await mainHead() });
});
