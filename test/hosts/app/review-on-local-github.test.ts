/** Reviews of pull requests by the real App over the wire, against the local GitHub: pushes, missed events, lost runs, checks that are asked for again. */
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { publicTicketKey, verifyTicket } from "../../../src/github/trust/index.ts";
import { formatSegmentName, type EndingCode } from "../../../src/record/index.ts";
import { parseStatusMarker } from "../../../src/report/status-marker.ts";
import { writeFiles } from "../demo/github/world.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";
import { ticketKeyPem } from "./running-app.ts";

const MINUTE = 60_000;
let world: AppWorld;
beforeEach(async () => {
  world = await startAppWorld();
});
afterEach(() => world.close());

async function pass(ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += MINUTE) {
    await world.clock.advance(MINUTE);
    await world.quiet();
  }
}

async function push(text: string, token = world.maintainer): Promise<string> {
  const clone = join(world.directory, "first-clone");
  await world.git(clone, "switch", "--quiet", "-C", "words");
  writeFiles(clone, { "words.js": text });
  await world.git(clone, "add", "-A");
  await world.git(clone, "commit", "--quiet", "-m", text);
  const { code, err } = await world.git(clone, "push", "--quiet", "--force", world.remote(token), "words");
  if (code !== 0) throw new Error(err);
  await world.github.settled();
  return (await world.git(clone, "rev-parse", "HEAD")).out.trim();
}

async function open(): Promise<{ number: number; head: string }> {
  const head = await push("one\n");
  const { body } = await world.call(world.maintainer, "POST", "/repos/acme/calc/pulls", { title: "Words", body: "", head: "words", base: "main" });
  return { number: body.number, head };
}

const runs = () => [...world.github.state().runs.values()].filter(({ displayTitle }) => displayTitle.includes("/pr-"));
const ticketOf = (at: number) => {
  const read = verifyTicket(runs()[at]?.inputs["ticket"] ?? "", publicTicketKey(ticketKeyPem), { runCreatedAt: "2026-01-01T00:00:00Z" });
  return read.ok ? read.value : null;
};
const marker = async (number: number) => parseStatusMarker((await world.comments(number))[0]?.body ?? "");

function save(number: number, ending: EndingCode | null): number {
  const run = runs().at(-1);
  const runId = run?.id ?? 0;
  const attempt = Number(run?.inputs["item"]?.split("/")[2]);
  world.saveArtifact(runId, formatSegmentName({ item: { repositoryId: world.repositoryId, subject: `pr-${number}`, attempt }, runId, runAttempt: 1, index: 1, phase: "review", step: "end", costMilliUsd: 1, ending }));
  return runId;
}

async function reviewed(number: number): Promise<void> {
  await world.updateRun(save(number, "reviewed"), { status: "completed", conclusion: "success" });
}

it("G13: a label and a push that nobody heard of are found within a quarter of an hour, each once", async () => {
  world.github.setWebhookUrl(null);
  const { number, head } = await open();
  await world.label(number);
  await pass(16 * MINUTE);
  expect(ticketOf(0)).toMatchObject({ item: `${world.repositoryId}/pr-${number}/1`, review: { headSha: head } });
  world.github.actions.updateRun(save(number, "reviewed"), { status: "completed", conclusion: "success" });
  const next = await push("two\n");
  await pass(32 * MINUTE);
  expect(ticketOf(1)).toMatchObject({ item: `${world.repositoryId}/pr-${number}/2`, review: { headSha: next } });
  await pass(32 * MINUTE);
  expect(runs()).toHaveLength(2);
});

it("fault 38: a review whose run was lost goes on at its own commit; once the head is another one, that is reviewed instead", async () => {
  const { number, head } = await open();
  await world.label(number);
  await world.quiet();
  await world.updateRun(save(number, null), { status: "completed", conclusion: "failure" });
  await world.quiet();
  expect(ticketOf(1)).toMatchObject({ item: `${world.repositoryId}/pr-${number}/1`, review: { headSha: head } });
  expect(await marker(number)).toMatchObject({ attempt: 1, continuation: 1, head });
  const next = await push("two\n");
  await world.quiet();
  expect(runs()).toHaveLength(2);
  await world.updateRun(save(number, null), { status: "completed", conclusion: "failure" });
  await world.quiet();
  expect(ticketOf(2)).toMatchObject({ item: `${world.repositoryId}/pr-${number}/2`, review: { headSha: next } });
});

it("attack 14: each run that goes on with a lost review has a ticket that names the review before it, so that no journal can leave that out", async () => {
  const { number, head } = await open();
  await world.label(number);
  await world.quiet();
  await world.call(world.app, "POST", `/repos/acme/calc/pulls/${number}/reviews`, { commit_id: head, event: "COMMENT", body: `<!-- worktrain:review ${world.repositoryId}/pr-${number}/1 key=${runs()[0]?.inputs["key"]} -->\nR` });
  await reviewed(number);
  const next = await push("two\n");
  await world.quiet();
  const since = { headSha: head, by: "worktrain[bot]" };
  expect(ticketOf(1)).toMatchObject({ item: `${world.repositoryId}/pr-${number}/2`, review: { headSha: next, since } });
  for (const at of [2, 3]) {
    await world.updateRun(save(number, null), { status: "completed", conclusion: "failure" });
    await world.quiet();
    expect(ticketOf(at)).toMatchObject({ item: `${world.repositoryId}/pr-${number}/2`, review: { headSha: next, since } });
    expect(ticketOf(at)?.review).toEqual(ticketOf(1)?.review);
  }
  // Of the next attempt it is that one's own.
  await reviewed(number);
  await push("three\n");
  await world.quiet();
  expect(ticketOf(4)?.review?.since).toBeUndefined();
});

it("Re-run beside a check run reviews once more, whole; at the word of somebody who may write, and of a run of ours only", async () => {
  const { number, head } = await open();
  await world.label(number);
  await world.quiet();
  const run = runs()[0];
  const check = async (details: string, externalId: string) => (await world.call(world.app, "POST", "/repos/acme/calc/check-runs", { name: "WorkTrain", head_sha: head, external_id: externalId, status: "completed", conclusion: "neutral", details_url: details, output: { title: "t", summary: "s" } })).body.id;
  const url = `${world.github.url}/acme/calc/actions/runs/${run?.id}`;
  const [own, forged, elsewhere] = [await check(url, run?.inputs["key"] ?? ""), await check(url, "0".repeat(32)), await check("https://example.org/", run?.inputs["key"] ?? "")];
  await reviewed(number);
  const ask = async (id: number, token = world.maintainer): Promise<void> => {
    await world.call(token, "POST", `/repos/acme/calc/check-runs/${id}/rerequest`);
    await world.quiet();
  };
  await ask(forged);
  await ask(elsewhere);
  expect(runs()).toHaveLength(1);
  await ask(own);
  expect(runs()).toHaveLength(2);
  expect(ticketOf(1)).toMatchObject({ item: `${world.repositoryId}/pr-${number}/2`, review: { headSha: head } });
  expect(ticketOf(1)?.review?.since).toBeUndefined();
  await reviewed(number);
  // The same delivery once more, and a reader's click.
  await ask(own);
  const reader = world.github.addUser("rita", "write");
  world.github.addUser("rita", "read");
  await ask(own, reader);
  expect(runs()).toHaveLength(2);
});

it("I4: the status comment speaks of the commit and of what a push does, not of a label that nobody set", async () => {
  await world.commit({ ".github/worktrain.yml": "review: { pullRequests: all }\n" });
  await world.quiet();
  const { number, head } = await open();
  await world.quiet();
  const at = async (): Promise<string> => (await world.comments(number))[0]?.body ?? "";
  expect(await at()).toContain(`It reviews the commit \`${head.slice(0, 12)}\``);
  expect(await at()).not.toContain("when the label was set");
  await reviewed(number);
  expect(await at()).toContain("a push by somebody who can write is reviewed by itself");
  expect(await at()).not.toContain("remove the label and add it again");
});
