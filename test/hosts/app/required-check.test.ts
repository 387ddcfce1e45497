/** Where the check is required, nothing waits for it in vain, and nothing is green without work. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";

let world: AppWorld;
beforeAll(async () => {
  world = await startAppWorld();
  await world.commit({ ".github/worktrain.yml": "checks: { everyPullRequest: true }\n" });
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

const REPO = "/repos/acme/calc";

async function commit(message: string, parent?: string): Promise<string> {
  const { body: ref } = await world.call(world.maintainer, "GET", `${REPO}/git/ref/heads/main`);
  const on = parent ?? ref.object.sha;
  const { body: made } = await world.call(world.maintainer, "GET", `${REPO}/git/commits/${on}`);
  const tree = await world.call(world.maintainer, "POST", `${REPO}/git/trees`, { base_tree: made.tree.sha, tree: [{ path: "note.txt", mode: "100644", type: "blob", content: message }] });
  return (await world.call(world.maintainer, "POST", `${REPO}/git/commits`, { message, tree: tree.body.sha, parents: [on] })).body.sha;
}

async function pull(branch: string, token = world.maintainer): Promise<string> {
  const sha = await commit(branch);
  await world.call(world.maintainer, "POST", `${REPO}/git/refs`, { ref: `refs/heads/${branch}`, sha });
  expect((await world.call(token, "POST", `${REPO}/pulls`, { title: branch, head: branch, base: "main" })).status).toBe(201);
  await world.quiet();
  return sha;
}

async function push(branch: string, on: string): Promise<string> {
  const sha = await commit(`more on ${branch}`, on);
  expect((await world.call(world.maintainer, "PATCH", `${REPO}/git/refs/heads/${branch}`, { sha })).status).toBe(200);
  await world.quiet();
  return sha;
}

const checks = (sha: string) => [...world.github.state().checkRuns.values()].filter((run) => run.headSha === sha && run.name === "WorkTrain").map(({ status, conclusion, output }) => [status, conclusion, output.title]);
const NOT_HANDLED = ["completed", "neutral", "WorkTrain does not handle this commit"];

it("each head of somebody's pull request has one neutral check, also after the webhook comes again", async () => {
  const first = await pull("by-hand");
  expect(checks(first)).toEqual([NOT_HANDLED]);
  expect(checks(await push("by-hand", first))).toEqual([NOT_HANDLED]);
  const opened = world.github.deliveries.findLast(({ event, action }) => event === "pull_request" && action === "opened");
  await world.github.redeliver(opened?.id ?? 0);
  await world.quiet();
  expect(checks(first)).toEqual([NOT_HANDLED]);
});

it("WorkTrain's own head is the deliver job's to check; what is pushed on top of it is told as such", async () => {
  const run = await world.call(world.maintainer, "POST", `${REPO}/actions/workflows/worktrain.yml/dispatches`, { ref: "main", inputs: { key: "0".repeat(32), item: "x", ticket: "x", task: "x" }, return_run_details: true });
  const job = world.github.actions.createJob(run.body.workflow_run_id, { name: "deliver", permissions: { contents: "write", "pull-requests": "write" } });
  const own = await pull("worktrain/issue-7-1", job.token);
  expect(checks(own)).toEqual([]);
  expect(checks(await push("worktrain/issue-7-1", own))).toEqual([["completed", "neutral", "Pushed after WorkTrain's delivery"]]);
  // The name of a branch alone makes nothing ours.
  expect(checks(await pull("worktrain/issue-8-1"))).toEqual([NOT_HANDLED]);
});

it("a merge group is answered", async () => {
  const sha = await commit("group");
  const { body: main } = await world.call(world.maintainer, "GET", `${REPO}/git/ref/heads/main`);
  await world.call(world.maintainer, "POST", `${REPO}/git/refs`, { ref: `refs/heads/gh-readonly-queue/main/pr-7-${main.object.sha}`, sha });
  await world.quiet();
  expect(world.github.deliveries.findLast(({ event }) => event === "merge_group")).toMatchObject({ action: "checks_requested" });
  expect(checks(sha)).toEqual([["completed", "neutral", "Nothing to check in a merge group"]]);
});

it("I9: with a config that does not ask for it, or cannot be read, nothing is answered", async () => {
  for (const text of ["checks: { everyPullRequest: false }\n", "", "checks: [\n"]) {
    await world.commit({ ".github/worktrain.yml": text });
    expect(checks(await pull(`quiet-${text.length}`))).toEqual([]);
  }
});
