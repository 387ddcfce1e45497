/** What else is at an issue's work, read from a GitHub with its real wire protocol. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createGitHub } from "../../../src/github/create-github.ts";
import { readRun } from "../../../src/github/read/index.ts";
import { NameTakenError, type SegmentStore } from "../../../src/journal/index.ts";
import { RetryableError } from "../../../src/shared/errors.ts";
import { surroundingsOf } from "../../../src/hosts/runner/agent/surroundings.ts";
import { formatSegmentName, parseItemId, type EndingCode } from "../../../src/record/index.ts";
import { taskKeyArtifact, taskKeyMarker, taskKeyOf } from "../../../src/record/task-key.ts";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { artifactStore, hastyClock, startWorld, type Item, type World } from "./deliver/world.ts";

const KEY = taskKeyOf("round totals") ?? "";
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  const sent = world.github.requests.filter(({ who }) => who === "agent");
  expect(sent.length).toBeGreaterThan(10);
  assertRequestsConform(sent);
  await world.close();
});

/** As the agent job of the item looks: with the permissions of the workflow file. */
async function around(item: Item, segments?: SegmentStore) {
  const log: string[] = [];
  const { token } = world.github.actions.createJob(item.runId, { name: "agent", permissions: { contents: "read", issues: "read", "pull-requests": "read", actions: "read", checks: "read", statuses: "read" } });
  const github = createGitHub({ token, baseUrl: world.github.url, graphqlUrl: `${world.github.url}/graphql`, userAgent: "worktrain-agent", clock: hastyClock, fetch: globalThis.fetch });
  const run = await readRun(github, { owner: "acme", repo: "sums" }, item.runId);
  if (run === null) throw new Error("no run");
  const settings = { owner: "acme", repo: "sums", item: item.ticket.item } as Parameters<typeof surroundingsOf>[0];
  return { log, ...surroundingsOf(settings, { log: (line) => void log.push(line), segments: segments ?? told(item) }, { github, admitted: { ticket: item.ticket, run, task: { title: "", body: "" }, committed: null }, requires: [] }) };
}

/** Uploads as the artifact client does: a name is given once in a run. */
function told(item: Item): SegmentStore {
  const store = artifactStore(world.github, item.runId, mkdtempSync(join(tmpdir(), "told-")));
  return { put: (name, bytes) => (world.github.actions.listArtifacts(item.runId).some((each) => each.name === name) ? Promise.reject(new NameTakenError(name)) : store.put(name, bytes)) };
}

function save(item: Item, step: string, index: number, ending: EndingCode | null = null): void {
  const name = parseItemId(item.ticket.item);
  if (name === null) throw new Error("no item");
  world.github.actions.addArtifact(item.runId, { name: formatSegmentName({ item: name, runId: item.runId, runAttempt: 1, index, phase: "classify", step, costMilliUsd: 0, ending }), size: 1, digest: `sha256:${"a".repeat(64)}`, bytesPath: "/dev/null" });
}

/** An agent job at work: what `item()` saved at the end is taken back. */
async function atWork(): Promise<Item> {
  const item = await world.item();
  for (const { name } of world.github.actions.listArtifacts(item.runId)) world.github.actions.deleteArtifact(item.runId, name);
  world.github.actions.updateRun(item.runId, { status: "in_progress" });
  return item;
}
const over = (...items: readonly Item[]): void => items.forEach(({ runId }) => world.github.actions.updateRun(runId, { status: "completed", conclusion: "success" }));

async function pull(who: string, branch: string, body: string): Promise<number> {
  const base = (await world.bare.commitOf("refs/heads/main")) ?? "";
  const { body: commit } = await world.call(world.maintainer, "POST", "/git/commits", { message: branch, tree: (await world.bare.readCommit(base))?.tree ?? "", parents: [base] });
  await world.call(world.maintainer, "POST", "/git/refs", { ref: `refs/heads/${branch}`, sha: (commit as { readonly sha: string }).sha });
  const made = await world.call(who, "POST", "/pulls", { title: branch, head: branch, base: "main", body });
  return (made.body as { readonly number: number }).number;
}

test("an open pull request that closes the issue has its work, whoever made it; a mention, another issue's and a closed one do not", async () => {
  const item = await atWork();
  await pull(world.maintainer, "mentions", `See #${item.issueNumber}, and fixes #${item.issueNumber}00`);
  const { duplicates, labels } = await around(item);
  expect(await duplicates(null)).toEqual([]);
  expect(await labels()).toEqual(["worktrain:ready"]);
  const number = await pull(world.maintainer, "closes", `Resolves: #${item.issueNumber}`);
  expect(await duplicates(null)).toMatchObject([{ kind: "pull-request", what: `pull request #${number}, which closes this issue`, url: expect.stringContaining(`/pull/${number}`) }]);
  await world.call(world.maintainer, "PATCH", `/pulls/${number}`, { state: "closed" });
  expect(await duplicates(null)).toEqual([]);
  over(item);
});

test("the attempt's own branch does not stand in its own way", async () => {
  const item = await atWork();
  await pull(world.maintainer, item.branch, `Fixes #${item.issueNumber}`);
  expect(await (await around(item)).duplicates(null)).toEqual([]);
  over(item);
});

test("an earlier attempt that a run is at has the work; the later one of the two yields", async () => {
  const first = await atWork();
  const second = await world.item({ of: first, ticket: { item: first.ticket.item.replace(/1$/, "2") }, runName: "later" });
  world.github.actions.setRunName(second.runId, `WorkTrain ${second.ticket.item} ${second.ticket.key}`);
  expect(await (await around(second)).duplicates(null)).toMatchObject([{ kind: "attempt", what: expect.stringContaining("attempt 1 on this issue") }]);
  expect(await (await around(first)).duplicates(null)).toEqual([]);
  over(first);
  expect(await (await around(second)).duplicates(null)).toEqual([]);
  over(second);
});

test("a run that told the same key has the work of another issue; of two the one that told it first goes on", async () => {
  const [early, late] = [await atWork(), await atWork()];
  expect(await (await around(late)).duplicates(KEY)).toEqual([]);
  expect(world.github.actions.listArtifacts(late.runId).map(({ name }) => name)).toContain(taskKeyArtifact(KEY));
  expect(await (await around(early)).duplicates(KEY)).toMatchObject([{ kind: "same-key" }]);
  expect(await (await around(late)).duplicates(KEY)).toEqual([]);
  expect(await (await around(early)).duplicates(KEY)).toMatchObject([{ kind: "same-key", what: expect.stringContaining(`issue ${late.issueNumber}, which a run is at`), url: expect.stringContaining(String(late.runId)) }]);
  expect(await (await around(early)).duplicates("0".repeat(16))).toEqual([]);
  save(late, "end", 3, "nothing-to-do");
  expect(await (await around(early)).duplicates(KEY)).toEqual([]);
  over(early, late);
});

test("a marker counts in an App's pull request on a branch of ours alone, and not the own issue's", async () => {
  const item = await atWork();
  const marked = (line: string): string => `<!-- worktrain:pull-request 1/issue-99/1 key=${"a".repeat(32)} -->\n${line}\nText.`;
  await pull(world.maintainer, "worktrain/issue-97-1", marked(taskKeyMarker(KEY)));
  const job = world.github.actions.createJob(item.runId, { name: "deliver", permissions: { contents: "write", "pull-requests": "write" } });
  await pull(job.token, "other/issue-98-1", marked(taskKeyMarker(KEY)));
  await pull(job.token, "worktrain/issue-98-1", marked(`Text\n${taskKeyMarker(KEY)}`));
  await pull(job.token, `worktrain/issue-${item.issueNumber}-7`, marked(taskKeyMarker(KEY)));
  const { duplicates } = await around(item);
  expect(await duplicates(KEY)).toEqual([]);
  const number = await pull(job.token, "worktrain/issue-99-1", marked(taskKeyMarker(KEY)));
  expect(await duplicates(KEY)).toMatchObject([{ kind: "same-key", what: expect.stringContaining(`pull request #${number}`) }]);
  over(item);
});

test("what cannot be told is logged, and the look goes on", async () => {
  const item = await atWork();
  const { duplicates, log } = await around(item, { put: () => Promise.reject(new RetryableError("the artifact service is down")) });
  expect(await duplicates("f".repeat(16))).toEqual([]);
  expect(log).toEqual([expect.stringContaining("Other runs cannot see what this task asks for: the artifact service is down")]);
  over(item);
});

test("a deduplication key is the same in another order, case and spelling, and none without a word", () => {
  expect(new Set(["Round totals", "totals-round", "ＲＯＵＮＤ_totals", "round round totals"].map(taskKeyOf)).size).toBe(1);
  expect(taskKeyOf(" -- ")).toBeNull();
  expect(taskKeyOf("arrondir-été")).not.toBe(taskKeyOf("arrondir"));
});
