/** What is said of a delivered commit, over the wire against the local GitHub: when its work goes on, and when a person is asked. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { publicTicketKey, verifyTicket } from "../../../src/github/trust/index.ts";
import { formatSegmentName, formatTrailers, type EndingCode, type Phase } from "../../../src/record/index.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";
import { ticketKeyPem } from "./running-app.ts";

let world: AppWorld;
let issue: number;
let head: string;
beforeEach(async () => {
  world = await startAppWorld();
});
afterEach(() => world.close());

const call = async (method: string, path: string, body?: unknown) => (await world.call(world.app, method, `/repos/acme/calc${path}`, body)).body;

/** A labelled issue whose run has delivered a pull request. */
async function deliver(config = ""): Promise<void> {
  await world.commit({ ".github/worktrain.yml": `commands: { test: npm test }\n${config}` });
  issue = await world.openIssue("add subtracts", "`add(1, 2)` gives -1.");
  await world.label(issue);
  await world.quiet();
  const run = world.runs(issue)[0];
  const item = { repositoryId: world.repositoryId, subject: `issue-${issue}` as const, attempt: 1 };
  const main = await call("GET", "/git/ref/heads/main");
  const base = await call("GET", `/git/commits/${main.object.sha}`);
  const commit = await call("POST", "/git/commits", { message: `Fix add\n\n${formatTrailers({ item: `${world.repositoryId}/issue-${issue}/1`, key: run?.inputs["key"] ?? "" })}\n`, tree: base.tree.sha, parents: [main.object.sha] });
  head = commit.sha;
  await call("POST", "/git/refs", { ref: `refs/heads/worktrain/issue-${issue}-1`, sha: head });
  await call("POST", "/pulls", { title: "Fix add", head: `worktrain/issue-${issue}-1`, base: "main" });
  world.saveArtifact(run?.id ?? 0, formatSegmentName({ item, runId: run?.id ?? 0, runAttempt: 1, index: 1, phase: "deliver", step: "delivered", costMilliUsd: 120, ending: "ready" }));
  await world.updateRun(run?.id ?? 0, { status: "completed", conclusion: "success" });
}

async function check(name: string, conclusion: "failure" | "success" | null): Promise<void> {
  await call("POST", "/check-runs", { name, head_sha: head, ...(conclusion === null ? { status: "in_progress" } : { status: "completed", conclusion }) });
  await world.quiet();
}

/** What each run was dispatched to follow up, oldest first. */
const followedUp = () =>
  world.runs(issue).map(({ inputs }) => {
    const ticket = verifyTicket(inputs["ticket"] ?? "", publicTicketKey(ticketKeyPem), { runCreatedAt: new Date().toISOString() });
    return ticket.ok ? ticket.value.followUp : ticket.error;
  });

/** The newest run of the issue comes to its end. */
async function ends(step: string, ending: EndingCode | null, conclusion: "success" | "failure" = "success", phase: Phase = "fix"): Promise<void> {
  const id = world.runs(issue).at(-1)?.id ?? 0;
  const item = { repositoryId: world.repositoryId, subject: `issue-${issue}` as const, attempt: 1 };
  world.saveArtifact(id, formatSegmentName({ item, runId: id, runAttempt: 1, index: 1, phase, step, costMilliUsd: 120, ending }));
  await world.updateRun(id, { status: "completed", conclusion });
}

const command = async (text: string): Promise<void> => {
  // GitHub's times have no milliseconds, and a command has to be newer than what the last dispatch was asked by.
  world.later(2_000);
  await world.call(world.maintainer, "POST", `/repos/acme/calc/issues/${issue}/comments`, { body: text });
  await world.quiet();
};

const asking = () => [...world.github.state().checkRuns.values()].filter(({ appSlug, name }) => appSlug === "worktrain" && name === "WorkTrain progress").map(({ name, headSha, conclusion, actions }) => [name, headSha, conclusion, actions.map(({ identifier }) => identifier)]);

const labels = () => [...world.github.state().issues.values()].find(({ number }) => number === issue)?.labelIds.map((id) => world.github.state().labels.get(id)?.name);

it("a red check goes on with the same attempt, by a ticket that names the commit, in the name of who labelled", async () => {
  await deliver();
  await check("ci", "failure");
  const [, second, ...more] = world.runs(issue);
  expect(more).toEqual([]);
  const ticket = verifyTicket(second?.inputs["ticket"] ?? "", publicTicketKey(ticketKeyPem), { runCreatedAt: new Date().toISOString() });
  expect(ticket).toMatchObject({ ok: true, value: { item: `${world.repositoryId}/issue-${issue}/1`, trigger: { kind: "check_run", actor: { login: "mona" } }, followUp: { because: "ci", headSha: head } } });
});

it("not while another check is still going; once that is over, one run for all of them", async () => {
  await deliver();
  await check("slow", null);
  await check("ci", "failure");
  expect(world.runs(issue)).toHaveLength(1);
  const slow = [...world.github.state().checkRuns.values()].find(({ name }) => name === "slow");
  await call("PATCH", `/check-runs/${slow?.id}`, { status: "completed", conclusion: "success" });
  await world.quiet();
  expect(world.runs(issue)).toHaveLength(2);
});

it.each([
  ["green checks", async () => check("ci", "success")],
  ["our own check", async () => check("WorkTrain", "failure")],
  ["the label was taken off", async () => (await world.unlabel(issue), check("ci", "failure"))],
  ["who labelled may not write any more", async () => (world.github.addUser("mona", "read"), check("ci", "failure"))],
  ["the issue's conversation was locked", async () => (Object.assign([...world.github.state().issues.values()].find(({ number }) => number === issue) ?? {}, { locked: true }), check("ci", "failure"))],
  ["the pull request was closed", async () => (await call("PATCH", `/pulls/${issue + 1}`, { state: "closed" }), check("ci", "failure"))],
])("%s: nothing starts", async (_, happens) => {
  await deliver();
  await happens();
  expect(world.runs(issue)).toHaveLength(1);
});

it("fault 51: a person closes the pull request while a run works on it once more: that run ends; reopened before it is looked at, it goes on", async () => {
  const cancels = (): number => world.github.requests.filter(({ who, path }) => who === "app" && path.endsWith(`/runs/${world.runs(issue).at(-1)?.id ?? 0}/cancel`)).length;
  await deliver();
  await check("ci", "failure");
  expect(world.runs(issue)).toHaveLength(2);
  await world.updateRun(world.runs(issue).at(-1)?.id ?? 0, { status: "in_progress" });
  for (const [states, wanted] of [[["closed", "open"], 0], [["closed"], 1]] as const) {
    for (const state of states) await call("PATCH", `/pulls/${issue + 1}`, { state });
    await world.quiet();
    await world.clock.advance(30_000);
    await world.quiet();
    expect(cancels()).toBe(wanted);
  }
});

it("a check that is green, or not the last, costs a request or two", async () => {
  await deliver();
  const asked = async (happens: () => Promise<void>): Promise<readonly string[]> => {
    const before = world.github.requests.length;
    await happens();
    return world.github.requests.slice(before).filter(({ token, method }) => token === "installation" && method === "GET").map(({ path }) => path.replace(/^.*\/commits\/[0-9a-f]{40}\//, ""));
  };
  expect(await asked(() => check("ci", "success"))).toEqual(["check-runs", "status"]);
  await check("slow", null);
  expect(await asked(() => check("lint", "failure"))).toEqual(["check-runs"]);
});

it("switched off by the configuration: nothing starts", async () => {
  await deliver("followUp: { ci: false }\n");
  await check("ci", "failure");
  expect(world.runs(issue)).toHaveLength(1);
});

it("G15: after `followUp.most` times a person is asked, once for a commit", async () => {
  await deliver("followUp: { most: 0 }\n");
  await check("ci", "failure");
  await check("lint", "failure");
  expect(world.runs(issue)).toHaveLength(1);
  expect(labels()).toContain("worktrain:needs-human");
  expect((await world.comments(issue)).filter(({ body }) => body.includes("needs a person here"))).toHaveLength(1);
  expect(asking()).toEqual([["WorkTrain progress", head, "action_required", []]]);
});

it("work on it that stops at a gate asks for a person on the delivered commit, with a button that opens the gate; answered, it asks no more", async () => {
  await deliver();
  await check("ci", "failure");
  const run = world.runs(issue)[1];
  world.saveArtifact(run?.id ?? 0, formatSegmentName({ item: { repositoryId: world.repositoryId, subject: `issue-${issue}`, attempt: 1 }, runId: run?.id ?? 0, runAttempt: 1, index: 1, phase: "fix", step: "gate-31-fix-1-8dbf2163b3b83e82", costMilliUsd: 120, ending: "awaiting-approval" }));
  await world.updateRun(run?.id ?? 0, { status: "completed", conclusion: "success" });
  expect(asking()).toEqual([["WorkTrain progress", head, "action_required", ["approve", "explain"]]]);
  world.later(60_000);
  await world.clock.advance(60_000);
  const [progress] = [...world.github.state().checkRuns.values()].filter(({ name }) => name === "WorkTrain progress");
  world.github.pressButton("mona", { checkRunId: progress?.id ?? 0, identifier: "approve" });
  await world.quiet();
  expect(world.runs(issue)).toHaveLength(3);
  const ticket = verifyTicket(world.runs(issue)[2]?.inputs["ticket"] ?? "", publicTicketKey(ticketKeyPem), { runCreatedAt: new Date().toISOString() });
  expect(ticket).toMatchObject({ ok: true, value: { command: "approve", answer: { gate: "gate-31-fix-1-8dbf2163b3b83e82", verdict: "approved" } } });
  expect(asking()).toEqual([["WorkTrain progress", head, "neutral", []]]);
});

it("at a gate, what cannot be started takes nothing of it away: neither the gate nor the check run that asks for a person", async () => {
  await deliver();
  await check("ci", "failure");
  await ends("gate-31-fix-1-8dbf2163b3b83e82", "awaiting-approval");
  const waits = [["WorkTrain progress", head, "action_required", ["approve", "explain"]]];
  expect(asking()).toEqual(waits);
  // The label once more, with a config that cannot be read.
  await world.commit({ ".github/worktrain.yml": "checks: [\n" });
  world.later(60_000);
  await world.clock.advance(60_000);
  await world.unlabel(issue);
  await world.label(issue);
  await world.quiet();
  const status = async (): Promise<string> => (await world.comments(issue))[0]?.body ?? "";
  expect(await status()).toContain("The configuration .github/worktrain.yml on the default branch is not valid.");
  expect(await status()).toContain("What was begun before it is left as it was");
  expect([world.runs(issue).length, asking()]).toEqual([2, waits]);
  // Approved, with a dispatch that GitHub does not take.
  await world.commit({ ".github/worktrain.yml": "commands: { test: npm test }\n" });
  world.github.failNext({ method: "POST", route: "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", status: 422 });
  await command("/worktrain approve");
  expect([world.runs(issue).length, asking()]).toEqual([2, waits]);
  await command("/worktrain approve");
  expect(world.runs(issue)).toHaveLength(3);
  expect(asking()).toEqual([["WorkTrain progress", head, "neutral", []]]);
});

it("I9: a status comment that somebody edited to name the verdict's check run does not turn that one neutral", async () => {
  await deliver();
  const { id } = await call("POST", "/check-runs", { name: "WorkTrain", head_sha: head, status: "completed", conclusion: "failure" });
  const [status] = await world.comments(issue);
  await world.call(world.maintainer, "PATCH", `/repos/acme/calc/issues/comments/${status?.id}`, { body: status?.body.replace(" -->", ` check=${id} -->`) });
  await check("ci", "failure");
  expect(world.runs(issue)).toHaveLength(2);
  expect(world.github.state().checkRuns.get(id)?.conclusion).toBe("failure");
});

it.each<[string, () => Promise<void>]>([
  ["is lost", () => ends("work", null, "failure")],
  ["is out of time", () => ends("parked", "time-limit")],
  ["is out of budget, and somebody resumes it", async () => (await ends("parked", "budget"), command("/worktrain resume"))],
  ["stops, and somebody has it tried again", async () => (await ends("end", "review-blocking"), command("/worktrain retry"))],
  ["is out of budget, and the label is set again", async () => (await ends("parked", "budget"), world.later(2_000), await world.unlabel(issue), await world.label(issue), world.quiet())],
])("a run of a follow-up %s: the next one is told the same, and it counts in the attempt", async (_, happens) => {
  await deliver("followUp: { most: 1 }\n");
  await check("ci", "failure");
  await happens();
  const wish = { because: "ci", headSha: head, pullNumber: issue + 1 };
  expect(followedUp()).toEqual([undefined, wish, wish]);
  await ends("end", "nothing-to-do");
  await check("lint", "failure");
  expect(world.runs(issue)).toHaveLength(3);
  expect(labels()).toContain("worktrain:needs-human");
});

const status = async () => (await world.comments(issue)).find(({ body }) => body.startsWith("<!-- worktrain:status"))?.body ?? "";

/** A commit behind the delivered one, on its branch. */
async function pushed(message: string): Promise<void> {
  const base = await call("GET", `/git/commits/${head}`);
  const commit = await call("POST", "/git/commits", { message, tree: base.tree.sha, parents: [head] });
  await call("PATCH", `/git/refs/heads/worktrain/issue-${issue}-1`, { sha: commit.sha });
  await world.quiet();
}

it("I4: a follow-up that was not delivered is told as that, though the first delivery's pull request is there; and resumed", async () => {
  await deliver();
  await check("ci", "failure");
  await ends("refused", "ready", "success", "deliver");
  expect(await status()).toContain("delivering it failed");
  expect(await status()).toContain(`it is not on pull request #${issue + 1}`);
  await command("/worktrain resume");
  expect(followedUp().slice(1)).toEqual([followedUp()[1], followedUp()[1]]);
});

it.each<[string, boolean, (key: string) => Promise<void>]>([
  ["the deliver job says that it delivered it", true, () => ends("delivered", "ready", "success", "deliver")],
  ["its commit is there, whatever the deliver job could save", true, async (key) => (await pushed(`Mend\n\n${formatTrailers({ item: `${world.repositoryId}/issue-${issue}/1`, key })}\n`), ends("end", "ready"))],
  ["another run was first with it", true, async (key) => (await pushed(`Mend\n\n${formatTrailers({ item: `${world.repositoryId}/issue-${issue}/1`, key: key.replace(/./, (digit) => (digit === "0" ? "1" : "0")) })}\n`), ends("fenced", "fenced", "success", "deliver"))],
  ["somebody pushed meanwhile", false, async () => (await pushed("Mine\n"), ends("refused", "ready", "success", "deliver"))],
])("I4: %s: the pull request counts as made by it: %s", async (_, made, happens) => {
  await deliver();
  await check("ci", "failure");
  await happens(world.runs(issue).at(-1)?.inputs["key"] ?? "");
  expect((await status()).includes(`made pull request #${issue + 1}`)).toBe(made);
  expect(world.runs(issue)).toHaveLength(2);
});

it("fault 22: where another run was first, and not with the answer, the attempt goes on by itself", async () => {
  await deliver();
  await check("ci", "failure");
  await ends("fenced", "fenced", "success", "deliver");
  expect(followedUp().slice(1)).toEqual([followedUp()[1], followedUp()[1]]);
});

it("I4: without room in the day's budget what was delivered stays told, why it is not worked on again is said once, and with room it is", async () => {
  await deliver("budget: { costUsd: 4 }\n");
  const before = await status();
  expect(before).toContain("made pull request #");
  const budget = (dailyCostUsd: number) => world.commit({ ".github/worktrain.yml": `budget: { costUsd: 4, dailyCostUsd: ${dailyCostUsd} }\n` });
  await budget(3);
  await check("ci", "failure");
  await check("lint", "failure");
  expect(world.runs(issue)).toHaveLength(1);
  expect(await status()).toBe(before);
  const said = (await world.comments(issue)).filter(({ body }) => body.includes("did not go on with #"));
  expect(said).toHaveLength(1);
  expect(said[0]?.body).toContain("Run a failed check again tomorrow");
  await budget(40);
  await check("types", "failure");
  expect(world.runs(issue)).toHaveLength(2);
});

it("I4: a dispatch that GitHub does not take leaves the delivery told as it was, and the next check tries again", async () => {
  await deliver();
  const before = await status();
  world.github.failNext({ method: "POST", route: "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", status: 422 });
  await check("ci", "failure");
  expect(world.runs(issue)).toHaveLength(1);
  expect(await status()).toBe(before);
  expect((await world.comments(issue)).filter(({ body }) => body.includes("did not go on with #"))).toHaveLength(1);
  await check("lint", "failure");
  expect(world.runs(issue)).toHaveLength(2);
});

it.each([
  ["the switch in the configuration", async () => world.commit({ ".github/worktrain.yml": "enabled: false\nfollowUp: { most: 0 }\n" })],
  ["the label that stops all work", async () => call("POST", `/issues/${(await world.openIssue("stop", ""))}/labels`, { labels: ["worktrain:stop"] })],
])("%s: nobody is asked either", async (_, stops) => {
  await deliver("followUp: { most: 0 }\n");
  await stops();
  await check("ci", "failure");
  expect(labels()).not.toContain("worktrain:needs-human");
  expect((await world.comments(issue)).filter(({ body }) => body.includes("needs a person here"))).toEqual([]);
});

it("the label that asks for a person stays off once it was taken off", async () => {
  await deliver("followUp: { most: 0 }\n");
  await check("ci", "failure");
  expect(labels()).toContain("worktrain:needs-human");
  await call("DELETE", `/issues/${issue}/labels/worktrain:needs-human`);
  await check("lint", "failure");
  expect(labels()).not.toContain("worktrain:needs-human");
});

/** A service that reports commit statuses says this of the delivered commit. */
async function service(context: string, state: "pending" | "failure" | "success"): Promise<void> {
  expect((await world.call(world.maintainer, "POST", `/repos/acme/calc/statuses/${head}`, { context, state, description: "lint" })).status).toBe(201);
  await world.quiet();
}

it("a red commit status is a failed check, once nothing is pending any more; a green one is none", async () => {
  await deliver();
  await service("green", "success");
  await service("slow", "pending");
  await service("lint", "failure");
  expect(world.runs(issue)).toHaveLength(1);
  await service("slow", "success");
  expect(followedUp()).toEqual([undefined, { because: "ci", headSha: head, pullNumber: issue + 1 }]);
});

it("I4: the issue's text was changed since: nothing starts, and one comment for the commit says why", async () => {
  await deliver();
  await world.call(world.maintainer, "PATCH", `/repos/acme/calc/issues/${issue}`, { body: "`add(1, 2)` gives -1, and so on." });
  await check("ci", "failure");
  await check("lint", "failure");
  expect(world.runs(issue)).toHaveLength(1);
  const told = (await world.comments(issue)).filter(({ body }) => body.includes("did not go on with"));
  expect(told).toEqual([expect.objectContaining({ body: expect.stringContaining("text was changed since") })]);
});

it("G15: a stop that no run gets over asks for a person, once", async () => {
  await deliver();
  await check("ci", "failure");
  await ends("end", "undeliverable");
  expect(labels()).toContain("worktrain:needs-human");
  expect((await world.comments(issue)).filter(({ body }) => body.includes("needs a person here"))).toHaveLength(1);
});
