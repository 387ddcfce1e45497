/** Where the check is required, nothing waits for it in vain, and nothing is green without work. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { formatTrailers } from "../../../src/record/index.ts";
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

const config = (text: string) => world.commit({ ".github/worktrain.yml": `checks: { everyPullRequest: true }\n${text}` });

async function label(branch: string): Promise<void> {
  const [{ number }] = (await world.call(world.maintainer, "GET", `${REPO}/pulls?head=acme:${branch}`)).body;
  expect((await world.call(world.maintainer, "POST", `${REPO}/issues/${number}/labels`, { labels: ["Worktrain:Ready"] })).status).toBe(200);
  await world.quiet();
}

async function commit(message: string, parent?: string): Promise<string> {
  const { body: ref } = await world.call(world.maintainer, "GET", `${REPO}/git/ref/heads/main`);
  const on = parent ?? ref.object.sha;
  const { body: made } = await world.call(world.maintainer, "GET", `${REPO}/git/commits/${on}`);
  const tree = await world.call(world.maintainer, "POST", `${REPO}/git/trees`, { base_tree: made.tree.sha, tree: [{ path: "note.txt", mode: "100644", type: "blob", content: message }] });
  return (await world.call(world.maintainer, "POST", `${REPO}/git/commits`, { message, tree: tree.body.sha, parents: [on] })).body.sha;
}

async function pull(branch: string, token = world.maintainer, more: { readonly base?: string; readonly draft?: boolean } = {}): Promise<string> {
  const sha = await commit(branch);
  await world.call(world.maintainer, "POST", `${REPO}/git/refs`, { ref: `refs/heads/${branch}`, sha });
  expect((await world.call(token, "POST", `${REPO}/pulls`, { title: branch, head: branch, base: "main", ...more })).status).toBe(201);
  await world.quiet();
  return sha;
}

async function push(branch: string, on: string, { token = world.maintainer, message = `more on ${branch}` } = {}): Promise<string> {
  const sha = await commit(message, on);
  expect((await world.call(token, "PATCH", `${REPO}/git/refs/heads/${branch}`, { sha })).status).toBe(200);
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
  // What the deliver job pushes later on has its check as well; what another workflow pushes with the same account has none.
  const message = `Fix\n\n${formatTrailers({ item: `${world.repositoryId}/issue-7/1`, key: "0".repeat(32) })}\n`;
  const head = (await world.call(world.maintainer, "GET", `${REPO}/git/ref/heads/worktrain/issue-7-1`)).body.object.sha;
  const followUp = await push("worktrain/issue-7-1", head, { token: job.token, message });
  expect(checks(followUp)).toEqual([]);
  const formatted = await push("worktrain/issue-7-1", followUp, { token: job.token });
  expect(checks(formatted)).toEqual([["completed", "neutral", "Pushed after WorkTrain's delivery"]]);
  // Somebody who copies what a delivery says of itself makes none.
  expect(checks(await push("worktrain/issue-7-1", formatted, { message: `${message}.\n\n${message}` }))).toEqual([["completed", "neutral", "Pushed after WorkTrain's delivery"]]);
  // The name of a branch alone makes nothing ours.
  expect(checks(await pull("worktrain/issue-8-1"))).toEqual([NOT_HANDLED]);
});

it("I9: where a review is due the check is left to it: a labelled pull request, and with `review.pullRequests: all` every one of people", async () => {
  const first = await pull("labelled");
  await label("labelled");
  expect(checks(await push("labelled", first))).toEqual([]);
  await config("review: { pullRequests: all }\n");
  const all = await pull("everyone");
  expect(checks(all)).toEqual([]);
  expect(checks(await push("everyone", all))).toEqual([]);
  expect(checks(await pull("unfinished", world.maintainer, { draft: true }))).toEqual([]);
  // Into another branch none is reviewed, nor what a bot opens.
  expect(checks(await pull("elsewhere", world.maintainer, { base: "everyone" }))).toEqual([NOT_HANDLED]);
  const run = await world.call(world.maintainer, "POST", `${REPO}/actions/workflows/worktrain.yml/dispatches`, { ref: "main", inputs: { key: "1".repeat(32), item: "x", ticket: "x", task: "x" }, return_run_details: true });
  const job = world.github.actions.createJob(run.body.workflow_run_id, { name: "deliver", permissions: { contents: "write", "pull-requests": "write" } });
  expect(checks(await pull("of-a-bot", job.token))).toEqual([NOT_HANDLED]);
  await config("review: { pullRequests: never }\n");
  const never = await pull("never");
  await label("never");
  expect(checks(await push("never", never))).toEqual([NOT_HANDLED]);
  await config("");
});

it.each<[string, () => Promise<unknown>, () => Promise<unknown>, readonly unknown[]]>([
  ["config, which could take the requirement out as well, nobody's merge waits for it", () => config("enabled: false\n"), () => config(""), [["completed", "neutral", "WorkTrain is switched off"]]],
  ["label, nothing passes in the place of the review (I9)", () => stop("POST", ""), () => stop("DELETE", "/worktrain:stop"), []],
])("where a review is due while work is stopped by %s; what is not handled stays mergeable", async (by, off, on, said) => {
  const name = by.slice(0, 5);
  await off();
  const first = await pull(`off-by-${name}`);
  await label(`off-by-${name}`);
  const second = await push(`off-by-${name}`, first);
  expect([checks(first), checks(second)]).toEqual([[NOT_HANDLED], said]);
  await on();
  expect(checks(await push(`off-by-${name}`, second))).toEqual([]);
});

let stopping = 0;
async function stop(method: "POST" | "DELETE", path: string): Promise<void> {
  if (stopping === 0) stopping = await world.openIssue("stop", "stop");
  expect((await world.call(world.maintainer, method, `${REPO}/issues/${stopping}/labels${path}`, method === "POST" ? { labels: ["worktrain:stop"] } : undefined)).status).toBe(200);
  await world.quiet();
}

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
