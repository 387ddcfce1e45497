/** The App as a job: its own decisions with a job's token of the shipped template, on the local GitHub, over the wire. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { publicTicketKey, verifyTicket } from "../../../src/github/trust/index.ts";
import { decide } from "../../../src/hosts/app/job/decide.ts";
import { createJobLog } from "../../../src/hosts/app/job/job-log.ts";
import { readJobSettings, type JobSettings } from "../../../src/hosts/app/job/settings.ts";
import { tell } from "../../../src/hosts/app/job/tell.ts";
import { PATIENCE_MS, watch } from "../../../src/hosts/app/job/watch.ts";
import { formatSegmentName, formatTrailers } from "../../../src/record/index.ts";
import { TerminalError } from "../../../src/shared/errors.ts";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";
import { ticketKeyPem } from "./running-app.ts";

const PIN = `acme/worktrain/action/intake@${"a".repeat(40)}`;
const shipped = (name: string): string => readFileSync(`templates/${name}`, "utf8").replaceAll("__INTAKE__", PIN);
const permissionsOf = (name: string, job: string): Record<string, "read" | "write"> => parse(shipped(name)).jobs[job].permissions;

let world: AppWorld;
let directory: string;
let webhooks: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "intake-"));
  world = await startAppWorld();
  webhooks = world.hookUrl;
  await world.commit({ ".github/workflows/worktrain-intake.yml": shipped("worktrain-intake.yml") });
  await world.quiet();
  // Nobody of these tests hears a webhook but where it says so.
  world.github.setWebhookUrl(null);
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => world.github.setWebhookUrl(null));

/** A token such as the shipped workflow file's job gets. */
async function token(name: string, job: string): Promise<{ runId: number; token: string }> {
  const dispatched = await world.call(world.maintainer, "POST", "/repos/acme/calc/actions/workflows/train.yml/dispatches", { ref: "main", inputs: { key: "it" }, return_run_details: true });
  const runId: number = dispatched.body.workflow_run_id;
  return { runId, token: world.github.actions.createJob(runId, { name: job, permissions: permissionsOf(name, job) }).token };
}

async function settings(more: Partial<JobSettings>, [file, job]: readonly [string, string] = ["worktrain-intake.yml", "intake"]): Promise<JobSettings> {
  return { job: "decide", owner: "acme", repo: "calc", repositoryId: world.repositoryId, branch: "main", eventName: "schedule", eventPath: "", apiUrl: world.github.url, graphqlUrl: `${world.github.url}/graphql`, endedRun: null, ticketKeyPem, ...(await token(file, job)), ...more };
}

/** What the job did, with everything that it could not do. */
async function decided(more: Partial<JobSettings>): Promise<readonly string[]> {
  const log = createJobLog({ log: () => undefined });
  await decide(await settings(more), { clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now(), sleep: () => Promise.resolve() }, fetch, log });
  return log.failures;
}

/** The event that the local GitHub gave the run it started for it. */
function lastEvent(eventName: "issues" | "issue_comment"): Partial<JobSettings> {
  const run = [...world.github.state().runs.values()].findLast(({ event }) => event === eventName);
  const eventPath = join(directory, `${run?.id}.json`);
  writeFileSync(eventPath, JSON.stringify(run?.payload));
  return { eventName, eventPath };
}

async function labelled(): Promise<{ issue: number; event: Partial<JobSettings> }> {
  const issue = await world.openIssue("add subtracts", "`add(1, 2)` gives -1.");
  await world.label(issue);
  await world.github.settled();
  return { issue, event: lastEvent("issues") };
}

async function comment(issue: number, body: string, by = world.maintainer): Promise<Partial<JobSettings>> {
  expect((await world.call(by, "POST", `/repos/acme/calc/issues/${issue}/comments`, { body })).status).toBe(201);
  await world.github.settled();
  return lastEvent("issue_comment");
}

/** A pull request that came of an issue, with one file. */
async function delivered(): Promise<{ issue: number; pull: number; head: string }> {
  const { issue, event } = await labelled();
  await decided(event);
  const [run] = world.runs(issue);
  const branch = `worktrain/issue-${issue}-1`;
  const make = async (path: string, body: unknown) => (await world.call(world.maintainer, "POST", `/repos/acme/calc${path}`, body)).body;
  const main = (await world.call(world.maintainer, "GET", "/repos/acme/calc/git/ref/heads/main")).body.object.sha;
  const base = (await world.call(world.maintainer, "GET", `/repos/acme/calc/git/commits/${main}`)).body;
  const tree = await make("/git/trees", { base_tree: base.tree.sha, tree: [{ path: "fixed.md", mode: "100644", type: "blob", content: "fixed\n" }] });
  const { sha: head } = await make("/git/commits", { message: `Fix\n\n${formatTrailers({ item: `${world.repositoryId}/issue-${issue}/1`, key: run?.inputs["key"] ?? "" })}\n`, tree: tree.sha, parents: [main] });
  await make("/git/refs", { ref: `refs/heads/${branch}`, sha: head });
  const { number: pull } = await make("/pulls", { title: "Fix", head: branch, base: "main" });
  world.saveArtifact(run?.id ?? 0, formatSegmentName({ item: { repositoryId: world.repositoryId, subject: `issue-${issue}`, attempt: 1 }, runId: run?.id ?? 0, runAttempt: 1, index: 1, phase: "deliver", step: "delivered", costMilliUsd: 120, ending: "ready" }));
  world.github.actions.updateRun(run?.id ?? 0, { status: "completed", conclusion: "success" });
  await decided({ eventName: "workflow_dispatch", endedRun: run?.id ?? 0 });
  return { issue, pull, head };
}

const bodies = async (issue: number) => (await world.comments(issue)).map(({ user, body }) => `${user.login}: ${body}`);

describe("decide: what the App would do, by a job", () => {
  it("starts the work of a label once, however often the event is played", async () => {
    const { issue, event } = await labelled();
    expect(await decided(event)).toEqual([]);
    expect(await decided(event)).toEqual([]);
    const [run, ...more] = world.runs(issue);
    expect(more).toEqual([]);
    const stored = world.github.state().runs.get(run?.id ?? 0);
    expect(stored?.actor).toBe("github-actions[bot]");
    expect(verifyTicket(run?.inputs["ticket"] ?? "", publicTicketKey(ticketKeyPem), { runCreatedAt: stored?.createdAt ?? "" })).toMatchObject({ ok: true, value: { issueNumber: issue, trigger: { kind: "issues.labeled", actor: { login: "mona" }, verdict: "maintain" } } });
    expect(await bodies(issue)).toEqual([expect.stringContaining("github-actions[bot]: <!-- worktrain:status")]);
  });

  it("I10: asks the API who may: a label of somebody who may not write is told why, a stranger's command is not answered", async () => {
    const triage = world.github.addUser("tria", "triage");
    const issue = await world.openIssue("wish", "wish");
    await world.label(issue, triage);
    await world.github.settled();
    expect(await decided(lastEvent("issues"))).toEqual([]);
    expect(world.runs(issue)).toEqual([]);
    expect((await bodies(issue)).join()).toContain("has the triage role");
    const before = await bodies(issue);
    const stranger = world.github.addUser("stranger", "read");
    expect(await decided(await comment(issue, "/worktrain run", stranger))).toEqual([]);
    expect(world.runs(issue)).toEqual([]);
    expect(await bodies(issue)).toHaveLength(before.length + 1);
  });

  it("answers a command, and tells the end of a run when its last job says so", async () => {
    const { issue, event } = await labelled();
    await decided(event);
    await decided(await comment(issue, "/worktrain config"));
    expect((await bodies(issue)).join()).toContain("The configuration that holds");
    const [run] = world.runs(issue);
    world.github.actions.updateRun(run?.id ?? 0, { status: "in_progress" });
    world.github.actions.updateRun(run?.id ?? 0, { status: "completed", conclusion: "failure" });
    expect(await decided({ eventName: "workflow_dispatch", endedRun: run?.id ?? 0 })).toEqual([]);
    expect((await bodies(issue))[0]).toContain("state=interrupted");
  });

  it("reviews a pull request without a check run, which its token may not make, and shows no boxes, of which it would not hear", async () => {
    const main = (await world.call(world.maintainer, "GET", "/repos/acme/calc/git/ref/heads/main")).body.object.sha;
    const { tree } = (await world.call(world.maintainer, "GET", `/repos/acme/calc/git/commits/${main}`)).body;
    const { sha } = (await world.call(world.maintainer, "POST", "/repos/acme/calc/git/commits", { message: "Words", tree: tree.sha, parents: [main] })).body;
    await world.call(world.maintainer, "POST", "/repos/acme/calc/git/refs", { ref: "refs/heads/words", sha });
    const { number } = (await world.call(world.maintainer, "POST", "/repos/acme/calc/pulls", { title: "Words", body: "", head: "words", base: "main" })).body;
    expect(await decided(await comment(number, "/worktrain review"))).toEqual([]);
    const [run] = [...world.github.state().runs.values()].filter(({ displayTitle }) => displayTitle.includes(`/pr-${number}/`));
    expect((await bodies(number)).join()).toContain(`run=${run?.id}`);
    expect((await bodies(number)).join()).not.toContain("- [ ]");
    world.github.actions.updateRun(run?.id ?? 0, { status: "completed", conclusion: "failure" });
    expect(await decided({ eventName: "workflow_dispatch", endedRun: run?.id ?? 0 })).toEqual([]);
    expect((await bodies(number)).join()).not.toContain("- [ ]");
  });

  it("merge: says that only the App can have GitHub merge", async () => {
    await world.commit({ ".github/worktrain.yml": "commands: { test: npm test }\nmerge: { auto: true, tests: ci }\n" });
    const { issue } = await delivered();
    expect(await decided(await comment(issue, "/worktrain merge"))).toEqual([]);
    expect((await bodies(issue)).join()).toContain("There is no App here");
  });

  it("finds by its schedule what was said in a conversation on a delivered pull request, and answers it by a run", async () => {
    const { issue, pull, head } = await delivered();
    const said = await world.call(world.maintainer, "POST", `/repos/acme/calc/pulls/${pull}/comments`, { body: "Why fixed?", commit_id: head, path: "fixed.md", line: 1, side: "RIGHT" });
    expect([said.status, await decided({})]).toEqual([201, []]);
    const followedUp = (): readonly unknown[] => world.runs(issue).map(({ id, inputs }) => verifyTicket(inputs["ticket"] ?? "", publicTicketKey(ticketKeyPem), { runCreatedAt: world.github.state().runs.get(id)?.createdAt ?? "" })).map((ticket) => (ticket.ok ? ticket.value.followUp : ticket.error));
    expect(followedUp()).toEqual([undefined, { because: "comments", headSha: head, pullNumber: pull, comments: [said.body.id] }]);
    expect(await decided({})).toEqual([]);
    expect(followedUp()).toHaveLength(2);
  });

  it("fault 28: finds by its schedule a label that nobody heard, and acts only once it is not just being dealt with", async () => {
    const { issue } = await labelled();
    expect(await decided({})).toEqual([]);
    expect(world.runs(issue)).toEqual([]);
    const clock = { nowMs: () => Date.now() + 10 * 60_000, monotonicMs: () => performance.now(), sleep: () => Promise.resolve() };
    const log = createJobLog({ log: () => undefined });
    await decide(await settings({}), { clock, fetch, log });
    expect([log.failures, world.runs(issue).length]).toEqual([[], 1]);
  });

  it("the kill switch holds: nothing starts while an issue has worktrain:stop", async () => {
    const stopping = await world.openIssue("stop", "stop");
    await world.call(world.maintainer, "POST", `/repos/acme/calc/issues/${stopping}/labels`, { labels: ["worktrain:stop"] });
    const { issue, event } = await labelled();
    await decided(event);
    expect(world.runs(issue)).toEqual([]);
    await world.call(world.maintainer, "DELETE", `/repos/acme/calc/issues/${stopping}/labels/worktrain:stop`);
  });
});

describe("tell: a run's last job", () => {
  it("dispatches the intake with the run's id, and nothing else is allowed to it", async () => {
    expect(tellPermissions()).toEqual({ actions: "write" });
    const told = await settings({ job: "tell", ticketKeyPem: "" });
    expect(await tell(told, { clock: { nowMs: () => Date.now(), monotonicMs: () => 0, sleep: () => Promise.resolve() }, fetch })).toBeNull();
    const run = [...world.github.state().runs.values()].at(-1);
    expect([run?.event, run?.inputs]).toEqual(["workflow_dispatch", { run: String(told.runId) }]);
  });
});

describe("watch: whether the App answers", () => {
  const look = async (laterMs: number) => watch(await settings({ job: "watch" }, ["worktrain-watch.yml", "watch"]), { clock: { nowMs: () => Date.now() + laterMs, monotonicMs: () => 0, sleep: () => Promise.resolve() }, fetch });

  it("fault 28: says so once where it has been silent for longer than it ever is; an App that has answered owes nothing", async () => {
    const silent = await labelled();
    world.github.setWebhookUrl(webhooks);
    const answered = await labelled();
    await world.quiet();
    world.github.setWebhookUrl(null);
    expect((await look(PATIENCE_MS - 60_000)).unanswered).not.toContain(silent.issue);
    const late = await look(PATIENCE_MS + 60_000);
    expect(late.labelled).toEqual(expect.arrayContaining([silent.issue, answered.issue]));
    expect(late.unanswered).toContain(silent.issue);
    expect(late.unanswered).not.toContain(answered.issue);
    await look(PATIENCE_MS + 120_000);
    expect(await bodies(silent.issue)).toEqual([expect.stringContaining("WorkTrain's App does not answer")]);
    expect(world.runs(silent.issue)).toEqual([]);
  });
});

describe("what the job takes from its runner", () => {
  const environment = { GITHUB_REPOSITORY: "acme/calc", GITHUB_REPOSITORY_ID: "7", GITHUB_RUN_ID: "8", GITHUB_REF_NAME: "main", GITHUB_EVENT_NAME: "issues", GITHUB_EVENT_PATH: "/e.json" };
  const read = (inputs: Record<string, string>) => () => readJobSettings(environment, (name) => ({ job: "decide", "github-token": "t", ...inputs })[name] ?? "");

  it.each([
    [{}, "WORKTRAIN_TICKET_KEY in the environment worktrain-intake"],
    [{ "ticket-key": "what is this" }, "not an Ed25519 private key"],
    [{ "ticket-key": ticketKeyPem, run: "1; rm" }, "The input run is missing or wrong"],
  ])("says what is missing or wrong: %#", (inputs, words) => {
    let said: unknown;
    try {
      read(inputs)();
    } catch (error) {
      said = error;
    }
    expect(said).toBeInstanceOf(TerminalError);
    expect(said instanceof TerminalError ? `${said.message} ${said.fix}` : "").toContain(words);
  });

  it("a key on one line, as some put it into a secret, is read", () => {
    expect(read({ "ticket-key": ticketKeyPem.replaceAll("\n", "\\n") })().ticketKeyPem).toContain("BEGIN PRIVATE KEY");
  });
});

const tellPermissions = (): unknown => parse(`jobs:\n${shipped("worktrain-tell.yml")}`).jobs.tell.permissions;
