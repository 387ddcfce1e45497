/** Buttons of our check runs, and Re-run all, over the wire against the local GitHub. */
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { publicTicketKey, verifyTicket } from "../../../src/github/trust/index.ts";
import { checkActions } from "../../../src/github/write/index.ts";
import { formatSegmentName } from "../../../src/record/index.ts";
import { formatTrailers } from "../../../src/record/trailers.ts";
import { writeFiles } from "../demo/github/world.ts";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { GATE, startReviewScene, type ReviewScene } from "./review-scene.ts";
import { ticketKeyPem } from "./running-app.ts";

let scene: ReviewScene;
afterEach(async () => {
  assertRequestsConform(scene.world.github.requests);
  await scene.world.close();
});

const ticketOf = (run: { readonly inputs: Readonly<Record<string, string>> } | undefined) => {
  const read = verifyTicket(run?.inputs["ticket"] ?? "", publicTicketKey(ticketKeyPem), { runCreatedAt: "2026-01-01T00:00:00Z" });
  return read.ok ? read.value : null;
};
const press = async (identifier: string, { login = "mona", checkRunId = scene.checks().at(-1)?.id ?? 0 }: { readonly login?: string; readonly checkRunId?: number } = {}): Promise<void> => {
  scene.world.github.pressButton(login, { checkRunId, identifier });
  await scene.world.quiet();
};
const clicks = async (number: number): Promise<readonly string[]> => (await scene.world.comments(number)).flatMap(({ body }) => (body.startsWith("<!-- worktrain:click ") ? [body.split("\n\n")[1] ?? ""] : []));
const answers = async (number: number): Promise<readonly string[]> => (await scene.world.comments(number)).flatMap(({ body }) => (body.startsWith("<!-- worktrain:answer ") ? [body] : []));

/** A review that waits at a gate. */
async function waiting(): Promise<{ readonly number: number; readonly head: string }> {
  scene = await startReviewScene({ exchange: true });
  const pull = await scene.open();
  await scene.world.label(pull.number);
  await scene.world.quiet();
  await scene.end(pull.number, "awaiting-approval");
  scene.world.later(60_000);
  await scene.world.clock.advance(60_000);
  return pull;
}

it("Approve opens the gate that the check run tells of, in the name of who pressed it, once; the App says so in words", async () => {
  const { number } = await waiting();
  await press("approve");
  expect(scene.runs()).toHaveLength(2);
  expect(ticketOf(scene.runs()[1])).toMatchObject({ item: `${scene.world.repositoryId}/pr-${number}/1`, command: "approve", trigger: { kind: "issue_comment", actor: { login: "mona" } }, answer: { gate: GATE, verdict: "approved" } });
  expect(await clicks(number)).toEqual([expect.stringMatching(/^`mona` pressed \*\*Approve\*\* on the check run of `[0-9a-f]{12}`\.$/)]);
  const pressed = scene.world.github.deliveries.filter(({ action }) => action === "requested_action");
  await scene.world.github.redeliver(pressed[0]?.id ?? 0);
  await scene.world.quiet();
  expect(scene.runs()).toHaveLength(2);
  expect([await clicks(number), await answers(number)].map(({ length }) => length)).toEqual([1, 0]);
});

it("attack 1, I10: a reader's click is not heard; who lacks the role that the config asks for is told", async () => {
  const { number } = await waiting();
  scene.world.github.addUser("rita", "read");
  const before = (await scene.world.comments(number)).length;
  await press("approve", { login: "rita" });
  expect((await scene.world.comments(number)).length).toBe(before);
  await scene.world.commit({ ".github/worktrain.yml": "permissions: { approve: admin }\n" });
  await scene.world.quiet();
  await press("approve");
  expect(scene.runs()).toHaveLength(1);
  expect((await answers(number))[0]).toContain("takes the role admin here");
});

it("attack 5: what was pressed beside a commit that is not the head any more approves nothing", async () => {
  const { number, head } = await waiting();
  const [old] = scene.checks();
  const next = await scene.push("two\n");
  const runs = scene.runs().length;
  await press("approve", { checkRunId: old?.id ?? 0 });
  expect(scene.runs()).toHaveLength(runs);
  expect((await answers(number)).join()).toContain(`the commit ${head}, which is not the head any more`);
  expect(next).not.toBe(head);
});

it("the label that stops everything stops buttons too", async () => {
  await waiting();
  const stop = await scene.world.openIssue("Stop", "");
  await scene.world.call(scene.world.maintainer, "POST", `/repos/acme/calc/issues/${stop}/labels`, { labels: ["worktrain:stop"] });
  await scene.world.quiet();
  await press("approve");
  expect(scene.runs()).toHaveLength(1);
});

it("Explain has a run answer from the record; a forged check run, whatever it is named, is about nothing", async () => {
  const { number, head } = await waiting();
  const asked = () => [...scene.world.github.state().runs.values()].filter(({ displayTitle }) => displayTitle.includes("/ask-"));
  const [own] = scene.checks();
  const make = async (externalId: string): Promise<number> => (await scene.world.call(scene.world.app, "POST", "/repos/acme/calc/check-runs", { name: "WorkTrain", head_sha: head, external_id: externalId, status: "completed", conclusion: "success", details_url: `${scene.world.github.url}/acme/calc/actions/runs/${scene.runs()[0]?.id}`, output: { title: "t", summary: "s" }, actions: checkActions(["explain"]) })).body.id;
  await press("explain", { checkRunId: await make("0".repeat(32)) });
  await press("explain", { checkRunId: await make("*") });
  expect(asked()).toEqual([]);
  await press("explain", { checkRunId: own?.id ?? 0 });
  const once = [{ about: `${scene.world.repositoryId}/pr-${number}/1`, question: "explain" }];
  expect(asked().map((run) => ticketOf(run)?.ask)).toEqual(once);
  scene.world.later(300_000);
  await scene.world.clock.advance(300_000);
  await scene.world.github.redeliver(scene.world.github.deliveries.findLast(({ action }) => action === "requested_action")?.id ?? 0);
  await scene.world.quiet();
  expect(asked().map((run) => ticketOf(run)?.ask)).toEqual(once);
});

it("Fix these: what an issue delivered is worked on again, from the pull request's check run", async () => {
  scene = await startReviewScene({ exchange: true });
  const { world } = scene;
  const issue = await world.openIssue("add subtracts", "`add(1, 2)` gives -1.");
  await world.label(issue);
  await world.quiet();
  const [run] = world.runs(issue);
  const key = run?.inputs["key"] ?? "";
  const clone = join(world.directory, "first-clone");
  await world.git(clone, "switch", "--quiet", "-C", `worktrain/issue-${issue}-1`);
  writeFiles(clone, { "add.js": "a + b\n" });
  await world.git(clone, "add", "-A");
  await world.git(clone, "commit", "--quiet", "-m", `Add\n\n${formatTrailers({ item: `${world.repositoryId}/issue-${issue}/1`, key })}`);
  await world.git(clone, "push", "--quiet", world.remote(world.maintainer), `worktrain/issue-${issue}-1`);
  const head = (await world.git(clone, "rev-parse", "HEAD")).out.trim();
  await world.call(world.app, "POST", "/repos/acme/calc/pulls", { title: "Add", body: "| 1 | minor | A name | `add.js:1` | `0123abcd` | left as it is |", head: `worktrain/issue-${issue}-1`, base: "main" });
  await world.call(world.app, "POST", "/repos/acme/calc/check-runs", { name: "WorkTrain", head_sha: head, external_id: key, status: "completed", conclusion: "success", details_url: `${world.github.url}/acme/calc/actions/runs/${run?.id}`, output: { title: "t", summary: "s" }, actions: checkActions(["fix", "explain"]) });
  world.saveArtifact(run?.id ?? 0, formatSegmentName({ item: { repositoryId: world.repositoryId, subject: `issue-${issue}`, attempt: 1 }, runId: run?.id ?? 0, runAttempt: 1, index: 1, phase: "deliver", step: "end", costMilliUsd: 1, ending: "ready" }));
  await world.updateRun(run?.id ?? 0, { status: "completed", conclusion: "success" });
  world.later(60_000);
  await world.clock.advance(60_000);
  await press("fix");
  expect(world.runs(issue)).toHaveLength(2);
  expect(ticketOf(world.runs(issue)[1])).toMatchObject({ command: "fix", followUp: { because: "asked", headSha: head, findings: [] }, trigger: { actor: { login: "mona" } } });
  expect(await clicks(issue)).toHaveLength(1);
  // Pressed once more, when the first had come to nothing.
  await world.updateRun(world.runs(issue)[1]?.id ?? 0, { status: "completed", conclusion: "failure" });
  await press("fix");
  expect(world.runs(issue)).toHaveLength(2);
  expect(await clicks(issue)).toHaveLength(2);
  expect((await answers(issue)).at(-1)).toContain("is not the last one of this work");
});

it("Re-run all reviews the head once more, once; on a commit that is not the head any more the check run says so and nothing runs", async () => {
  scene = await startReviewScene({ exchange: true });
  const { number, head } = await scene.open();
  await scene.world.label(number);
  await scene.world.quiet();
  const [open] = scene.checks();
  await scene.world.call(scene.world.app, "PATCH", `/repos/acme/calc/check-runs/${open?.id}`, { status: "completed", conclusion: "success", output: { title: "No finding", summary: "s" } });
  await scene.end(number, "reviewed");
  const [suite] = [...scene.world.github.state().checkSuites.values()].filter(({ appSlug }) => appSlug === "worktrain");
  const rerunAll = async (): Promise<void> => {
    expect((await scene.world.call(scene.world.maintainer, "POST", `/repos/acme/calc/check-suites/${suite?.id}/rerequest`)).status).toBe(201);
    await scene.world.quiet();
  };
  await rerunAll();
  expect(scene.runs()).toHaveLength(2);
  expect(ticketOf(scene.runs()[1])).toMatchObject({ review: { headSha: head } });
  const again = scene.checks().at(-1);
  expect(again).toMatchObject({ head, state: "queued", key: scene.runs()[1]?.inputs["key"] });
  await scene.world.call(scene.world.app, "PATCH", `/repos/acme/calc/check-runs/${again?.id}`, { status: "completed", conclusion: "failure", output: { title: "A finding", summary: "s" } });
  await scene.end(number, "reviewed");
  await scene.world.unlabel(number);
  const next = await scene.push("two\n");
  expect(scene.runs()).toHaveLength(2);
  await rerunAll();
  expect(scene.runs()).toHaveLength(2);
  const superseded = `Superseded by ${next.slice(0, 12)}`;
  expect(scene.checks().map(({ state, title }) => [state, title])).toEqual([["neutral", superseded], ["failure", superseded]]);
});
