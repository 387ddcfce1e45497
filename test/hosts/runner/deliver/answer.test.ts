/** What a comment asks of a record, answered by the deliver job of a run of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runDeliver, type DeliverSettings } from "../../../../src/hosts/runner/deliver/deliver.ts";
import type { Ticket } from "../../../../src/github/trust/index.ts";
import { formatAskId } from "../../../../src/record/index.ts";
import { sha256Hex } from "../../../../src/shared/hash.ts";
import { nodeFileSystem } from "../../../../src/shared/node-ports.ts";
import { makeTicket } from "../../../fakes/tickets.ts";
import { assertRequestsConform } from "../../../contract/openapi.ts";
import { DELIVER_PERMISSIONS, hastyClock, numberIn, startWorld, type Item, type World } from "./world.ts";

let world: World;
let item: Item;
let temp: string;
beforeAll(async () => {
  temp = mkdtempSync(join(tmpdir(), "answer-test-"));
  world = await startWorld();
  item = await world.item();
});
afterAll(async () => {
  assertRequestsConform(world.github.requests.filter(({ who }) => who === "deliver"));
  await world.close();
  rmSync(temp, { recursive: true, force: true });
});

type Ask = NonNullable<Ticket["ask"]>;

/** Somebody asks in a comment, and the agent job has found the record. */
async function ask(question: Ask["question"], more: { readonly step?: string; readonly about?: string; readonly ticket?: Partial<Ticket>; readonly settings?: Partial<DeliverSettings> } = {}) {
  const commentId = numberIn(await world.call(world.maintainer, "POST", `/issues/${item.issueNumber}/comments`, { body: `/worktrain ${question}` }), "id");
  const itemId = formatAskId({ repositoryId: world.repositoryId, issueNumber: item.issueNumber, commentId });
  const key = sha256Hex(itemId).slice(0, 32);
  const about = more.about ?? item.ticket.item;
  const { ticketText } = makeTicket({ ...item.ticket, key, item: itemId, command: question, trigger: { ...item.ticket.trigger, kind: "issue_comment", id: String(commentId) }, ask: { about, question, ...(more.step === undefined ? {} : { step: more.step }) }, ...more.ticket });
  const runId = numberIn(await world.call(world.maintainer, "POST", "/actions/workflows/worktrain.yml/dispatches", { ref: "main", inputs: { key, item: itemId, ticket: ticketText, task: "x" }, return_run_details: true }), "workflow_run_id");
  world.github.actions.setRunName(runId, `WorkTrain ${itemId} ${key}`);
  const job = world.github.actions.createJob(runId, { name: "deliver", permissions: DELIVER_PERMISSIONS });
  const before = (await item.seen()).comments.length;
  const settings: DeliverSettings = { ...item.settings, runId, key, item: itemId, ticket: ticketText, token: job.token, runnerTemp: temp, ...more.settings };
  const again = () => runDeliver(settings, { clock: hastyClock, fs: nodeFileSystem, fetch: globalThis.fetch, segments: null, log: () => undefined, mask: () => undefined });
  const result = await again();
  const seen = await item.seen();
  return { result, seen, again, said: seen.comments.slice(before).map(({ body }) => body), commentId };
}

test("why: pipeline, sessions and ending, from the record, in one comment however often its job runs; nothing else changes", async () => {
  const { result, said, seen, again, commentId } = await ask("why");
  expect(result).toMatchObject({ exitCode: 0 });
  expect(said).toHaveLength(1);
  expect(said[0]).toContain(`comment=${commentId} -->`);
  expect(said[0]).toContain("`wr.coding-task`");
  expect(said[0]).toContain("It ended with `ready`");
  expect(seen).toMatchObject({ branchHead: null, record: null, pulls: [], checks: [] });
  const count = seen.comments.length;
  await again();
  expect((await item.seen()).comments).toHaveLength(count);
  expect([...world.github.state().reactions.values()].filter(({ content }) => content === "+1")).toHaveLength(1);
});

test("explain: each step with what decided it; a step that is not there is said to be none", async () => {
  const { said } = await ask("explain");
  expect(said[0]).toContain("### How each step was decided");
  const other = await ask("explain", { step: "no-such-step" });
  expect(other.said[0]).toContain("No session of it has come to a step `no-such-step`");
});

test("verify: what was checked; a byte that is not GitHub's is told instead", async () => {
  const { said } = await ask("verify");
  expect(said[0]).toContain("### The record holds");
  expect(said[0]).toMatch(/\d+ artifacts of 1 run/);
  const forged = item.refs.map((ref, index) => (index === 0 ? { ...ref, digest: "0".repeat(64) } : ref));
  const wrong = await ask("verify", { settings: { segments: JSON.stringify(forged) } });
  expect(wrong.said[0]).toContain("The record could not be read");
  expect(wrong.said[0]).toContain("not the one named");
});

test("no record: that is the answer", async () => {
  const { said } = await ask("why", { settings: { segments: "[]" } });
  expect(said[0]).toContain("No run has saved anything of");
});

test("I7: artifacts of another item than the ticket names answer nothing", async () => {
  const other = await world.item();
  const { said } = await ask("why", { settings: { segments: JSON.stringify(other.refs) } });
  expect(said[0]).toContain("The record could not be read");
});

test("I10: who asked may not any more: nothing is said", async () => {
  await world.push({ ".github/worktrain.yml": "permissions: { why: admin }\n" }, "only admins ask");
  const { result, said } = await ask("why");
  expect(result.exitCode).toBe(1);
  expect(result.summary).toContain("`permissions.why`");
  expect(said).toEqual([]);
  await world.push({ ".github/worktrain.yml": "" }, "as before");
});

test.each<[string, (world: World) => Partial<Ticket>]>([
  ["another repository's item", () => ({ ask: { about: "7/issue-1/1", question: "why" } })],
  ["another comment than the run is named for", () => ({ trigger: { ...item.ticket.trigger, kind: "issue_comment", id: "1" } })],
  ["work under a question's name", () => ({ ask: undefined })],
])("attack 14: a ticket for %s is refused", async (_, change) => {
  const { result, said } = await ask("why", { ticket: change(world) });
  expect(result.exitCode).toBe(1);
  expect(said).toEqual([]);
});
