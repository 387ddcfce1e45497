/** G8: a fault in the configuration is shown on its line of the pull request that brings it. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";

let world: AppWorld;
beforeAll(async () => {
  world = await startAppWorld();
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

const REPO = "/repos/acme/calc";
let nth = 0;

/** Opens a pull request as Mona that makes one change. Returns its head. */
async function pull(path: string, content: string | null): Promise<string> {
  const branch = `change-${(nth += 1)}`;
  const { body: ref } = await world.call(world.maintainer, "GET", `${REPO}/git/ref/heads/main`);
  const parent = await world.call(world.maintainer, "GET", `${REPO}/git/commits/${ref.object.sha}`);
  const entry = { path, mode: "100644", type: "blob", ...(content === null ? { sha: null } : { content }) };
  const tree = await world.call(world.maintainer, "POST", `${REPO}/git/trees`, { base_tree: parent.body.tree.sha, tree: [entry] });
  const commit = await world.call(world.maintainer, "POST", `${REPO}/git/commits`, { message: "change", tree: tree.body.sha, parents: [ref.object.sha] });
  await world.call(world.maintainer, "POST", `${REPO}/git/refs`, { ref: `refs/heads/${branch}`, sha: commit.body.sha });
  const opened = await world.call(world.maintainer, "POST", `${REPO}/pulls`, { title: branch, head: branch, base: "main" });
  expect(opened.status).toBe(201);
  await world.quiet();
  return commit.body.sha;
}

const checks = (sha: string) => [...world.github.state().checkRuns.values()].filter((run) => run.headSha === sha);

it("each fault is an annotation on its line, with the key that was meant; the check is red", async () => {
  const [check, ...more] = checks(await pull(".github/worktrain.yml", "label: go\nbudgett:\n  costUsd: 5\nreview: { maxRounds: 99 }\n"));
  expect(more).toEqual([]);
  expect(check).toMatchObject({ name: "WorkTrain config", status: "completed", conclusion: "failure", output: { title: "The configuration has 2 faults" } });
  expect(check?.annotations.map(({ path, start_line: line, message }) => [path, line, message])).toEqual([
    [".github/worktrain.yml", 2, "Unknown key `budgett`. Did you mean `budget`?"],
    [".github/worktrain.yml", 4, expect.stringContaining("at most 10")],
  ]);
});

it("a valid one is green, a file taken away is neutral, a pull request that leaves it alone has no check", async () => {
  expect(checks(await pull(".github/worktrain.yml", "label: go\n"))).toMatchObject([{ conclusion: "success" }]);
  expect(checks(await pull(".github/worktrain.yml", null))).toMatchObject([{ conclusion: "neutral" }]);
  expect(checks(await pull("src/add.js", "x"))).toEqual([]);
});

it("a repeated webhook makes no second check run, and none is made on the default branch", async () => {
  const sha = await pull(".github/worktrain.yml", "label: [");
  const delivery = world.github.deliveries.findLast(({ event, action }) => event === "pull_request" && action === "opened");
  await world.github.redeliver(delivery?.id ?? 0);
  await world.quiet();
  expect(checks(sha)).toHaveLength(1);
  await world.commit({ ".github/worktrain.yml": "lable: x\n" });
  await world.quiet();
  const { body } = await world.call(world.maintainer, "GET", `${REPO}/git/ref/heads/main`);
  expect(checks(body.object.sha)).toEqual([]);
});

it("more faults than GitHub takes at once: the first fifty, and the number of all", async () => {
  const [check] = checks(await pull(".github/worktrain.yml", Array.from({ length: 70 }, (_, index) => `key${index}: 1\n`).join("")));
  expect(check?.output.title).toBe("The configuration has 70 faults");
  expect(check?.annotations).toHaveLength(50);
});
