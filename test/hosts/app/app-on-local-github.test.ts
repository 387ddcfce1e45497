import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { verifyTicket, publicTicketKey } from "../../../src/github/trust/index.ts";
import { formatSegmentName, type EndingCode, type Phase } from "../../../src/record/index.ts";
import { APP_PERMISSIONS } from "../demo/github/world.ts";
import { CONFIG_TEXT, startAppWorld, WORKFLOW_TEXT, type AppWorld } from "./app-world.ts";
import { ticketKeyPem } from "./running-app.ts";

let world: AppWorld;
beforeAll(async () => {
  world = await startAppWorld();
});
afterAll(() => world.close());

const segment = (runId: number, issue: number, index: number, phase: Phase, step: string, ending: EndingCode | null = null) =>
  formatSegmentName({ item: { repositoryId: world.repositoryId, subject: `issue-${issue}`, attempt: 1 }, runId, runAttempt: 1, index, phase, step, costMilliUsd: index * 10, ending });

const DISPATCHES = "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches";

async function labelledIssue(): Promise<{ issue: number; runId: number }> {
  const issue = await world.openIssue("add subtracts", "`add(1, 2)` gives -1.");
  await world.label(issue);
  await world.quiet();
  const [run] = world.runs(issue);
  if (run === undefined) throw new Error("nothing was dispatched");
  return { issue, runId: run.id };
}

describe("from the label to the end, over the wire", () => {
  it("reaction, one comment, a run with a valid ticket, progress, the pull request", async () => {
    const { issue, runId } = await labelledIssue();
    const run = world.github.state().runs.get(runId);
    const ticket = verifyTicket(run?.inputs["ticket"] ?? "", publicTicketKey(ticketKeyPem), { runCreatedAt: run?.createdAt ?? "" });
    expect(ticket).toMatchObject({ ok: true, value: { issueNumber: issue, base: { ref: "main", sha: run?.headSha }, trigger: { actor: { login: "mona" }, verdict: "maintain" } } });
    expect(world.github.timeline(world.repositoryId, issue).map((entry) => entry.text)).toContain("reacted with eyes to the issue");

    await world.updateRun(runId, { status: "in_progress" });
    world.saveArtifact(runId, segment(runId, issue, 1, "code", "implement"));
    await world.clock.advance(30_000);
    await world.quiet();
    expect((await world.comments(issue)).map(({ user, body }) => [user.login, body.includes("step `implement`")])).toEqual([["worktrain[bot]", true]]);

    world.saveArtifact(runId, segment(runId, issue, 2, "review", "verdict", "ready"));
    const base = await world.call(world.app, "GET", "/repos/acme/calc/git/ref/heads/main");
    const commit = await world.call(world.app, "POST", "/repos/acme/calc/git/commits", { message: "fix", tree: (await world.call(world.app, "GET", `/repos/acme/calc/git/commits/${base.body.object.sha}`)).body.tree.sha, parents: [base.body.object.sha] });
    await world.call(world.app, "POST", "/repos/acme/calc/git/refs", { ref: `refs/heads/worktrain/issue-${issue}-1`, sha: commit.body.sha });
    const pull = await world.call(world.app, "POST", "/repos/acme/calc/pulls", { title: "Fix add", head: `worktrain/issue-${issue}-1`, base: "main" });
    expect(pull.status).toBe(201);
    await world.updateRun(runId, { status: "completed", conclusion: "success" });
    const [comment, ...more] = await world.comments(issue);
    expect(comment?.body).toContain(`made pull request #${pull.body.number}`);
    expect(more).toEqual([]);
  });

  it("the end is told by polling when the webhook of the run's end is lost", async () => {
    const { issue, runId } = await labelledIssue();
    await world.updateRun(runId, { status: "in_progress" });
    world.github.setWebhookUrl(null);
    world.github.actions.updateRun(runId, { status: "completed", conclusion: "cancelled" });
    await world.github.settled();
    world.github.setWebhookUrl(world.hookUrl);
    await world.clock.advance(30_000);
    await world.quiet();
    expect((await world.comments(issue))[0]?.body).toContain("was cancelled");
  });

  it("faults 25, 26: a redelivery starts nothing; the label set again after a lost run goes on with the attempt", async () => {
    const { issue, runId } = await labelledIssue();
    const delivery = world.github.deliveries.findLast((candidate) => candidate.event === "issues" && candidate.action === "labeled");
    await world.github.redeliver(delivery?.id ?? 0);
    await world.quiet();
    await world.updateRun(runId, { status: "completed", conclusion: "failure" });
    await world.github.redeliver(delivery?.id ?? 0);
    await world.quiet();
    expect(world.runs(issue)).toHaveLength(1);
    world.later(5_000);
    await world.unlabel(issue);
    await world.label(issue);
    await world.quiet();
    expect(world.runs(issue).map((run) => run.displayTitle.split(" ")[1])).toEqual([`${world.repositoryId}/issue-${issue}/1`, `${world.repositoryId}/issue-${issue}/1`]);
    expect(await world.comments(issue)).toHaveLength(1);
  });

  it("attack 4: fifty toggles of the label at once are one run and one comment", async () => {
    const issue = await world.openIssue("add subtracts", "");
    for (let toggle = 0; toggle < 50; toggle += 1) {
      await world.label(issue);
      await world.unlabel(issue);
    }
    await world.label(issue);
    await world.quiet();
    expect(world.runs(issue)).toHaveLength(1);
    expect(await world.comments(issue)).toHaveLength(1);
  });

  it("attack 1: labels by people who cannot write", async () => {
    const issue = await world.openIssue("add subtracts", "");
    const triage = world.github.addUser("trixie", "triage");
    await world.label(issue, triage);
    await world.quiet();
    expect(world.runs(issue)).toEqual([]);
    expect((await world.comments(issue)).map(({ body }) => body.includes("triage role"))).toEqual([true]);
  });

  it("attack 1: permission taken away between the label and its handling", async () => {
    const issue = await world.openIssue("add subtracts", "");
    const dana = world.github.addUser("dana", "write");
    world.github.setWebhookUrl("http://127.0.0.1:9/nobody");
    await world.label(issue, dana);
    await world.github.settled();
    world.github.addUser("dana", "read");
    world.github.setWebhookUrl(world.hookUrl);
    const delivery = world.github.deliveries.findLast((candidate) => candidate.event === "issues" && candidate.action === "labeled");
    await world.github.redeliver(delivery?.id ?? 0);
    await world.quiet();
    expect([world.runs(issue).length, (await world.comments(issue)).length]).toEqual([0, 0]);
  });

  it("fault 32: dispatch accepted, answer lost: one run, adopted", async () => {
    world.github.failNext({ method: "POST", route: DISPATCHES, dropResponseAfterApplying: true });
    const issue = await world.openIssue("add subtracts", "");
    await world.label(issue);
    for (let step = 0; step < 50 && !(await world.comments(issue))[0]?.body.includes("/actions/runs/"); step += 1) {
      await world.github.settled();
      await world.clock.advance(2_000);
    }
    await world.quiet();
    expect(world.runs(issue)).toHaveLength(1);
    expect((await world.comments(issue))[0]?.body).toContain(`/actions/runs/${world.runs(issue)[0]?.id}`);
  });

  it("fault 33: a workflow that cannot be dispatched is told once, with the cure, and not dispatched", async () => {
    const before = world.github.requests.length;
    await world.commit({ ".github/workflows/worktrain.yml": "name: other\non: push\njobs: {}\n" });
    const issue = await world.openIssue("add subtracts", "");
    await world.label(issue);
    await world.quiet();
    const [comment, ...more] = await world.comments(issue);
    expect(comment?.body).toContain("is not WorkTrain's");
    expect(comment?.body).toContain("template");
    expect(more).toEqual([]);
    expect(world.github.requests.slice(before).filter((request) => request.route === DISPATCHES)).toHaveLength(0);
    await world.commit({ ".github/workflows/worktrain.yml": WORKFLOW_TEXT });
  });

  it.each<[string, Record<string, string | null>, string]>([
    ["no configuration", { ".github/worktrain.yml": null }, ".github/worktrain.yml"],
    ["a broken one", { ".github/worktrain.yml": "revue: {}\n" }, "worktrain.yml:1:1"],
    ["no workflow file", { ".github/workflows/worktrain.yml": null }, "templates/worktrain.yml"],
  ])("%s: one comment with the cure, nothing runs", async (_, change, words) => {
    await world.commit(change);
    const issue = await world.openIssue("add subtracts", "");
    await world.label(issue);
    await world.quiet();
    expect((await world.comments(issue)).map(({ body }) => body.includes(words))).toEqual([true]);
    expect(world.runs(issue)).toEqual([]);
    await world.commit({ ".github/workflows/worktrain.yml": WORKFLOW_TEXT, ".github/worktrain.yml": CONFIG_TEXT });
  });

  it("fault 46: the status comment comes back once when it is deleted", async () => {
    const { issue } = await labelledIssue();
    const remove = async () => {
      const [comment] = await world.comments(issue);
      await world.call(world.maintainer, "DELETE", `/repos/acme/calc/issues/comments/${comment?.id}`);
      await world.quiet();
    };
    await remove();
    expect((await world.comments(issue)).map(({ body }) => body.includes("made again once"))).toEqual([true]);
    await remove();
    expect(await world.comments(issue)).toEqual([]);
  });

  it("attack 1: our own comment, our own label: no loop", async () => {
    const { issue } = await labelledIssue();
    const before = world.github.requests.length;
    const [comment] = await world.comments(issue);
    await world.call(world.app, "POST", `/repos/acme/calc/issues/${issue}/comments`, { body: comment?.body });
    await world.quiet();
    await world.call(world.app, "POST", `/repos/acme/calc/issues/${issue}/labels`, { labels: ["worktrain:ready"] });
    await world.quiet();
    expect(world.runs(issue)).toHaveLength(1);
    expect(world.github.requests.length - before).toBeLessThan(25);
  });
});

describe("G2: commands in comments, over the wire", () => {
  const comment = async (issue: number, body: string, token = world.maintainer): Promise<number> => {
    const made = await world.call(token, "POST", `/repos/acme/calc/issues/${issue}/comments`, { body });
    expect(made.status).toBe(201);
    await world.quiet();
    return made.body.id;
  };
  const reactions = async (id: number): Promise<string[]> => (await world.call(world.maintainer, "GET", `/repos/acme/calc/issues/comments/${id}/reactions`)).body.map(({ content, user }: { content: string; user: { login: string } }) => `${user.login} ${content}`);
  const answers = async (issue: number): Promise<string[]> => (await world.comments(issue)).flatMap(({ body, user }) => (user.login === "worktrain[bot]" && body.startsWith("<!-- worktrain:answer ") ? [body] : []));

  it("help and a command that is misspelt: one comment each, redelivered or not", async () => {
    const issue = await world.openIssue("add subtracts", "");
    const helped = await comment(issue, "/worktrain help");
    const misspelt = await comment(issue, "/worktrain aprove");
    for (const delivery of world.github.deliveries.filter(({ event }) => event === "issue_comment").slice(-4)) await world.github.redeliver(delivery.id);
    await world.quiet();
    expect((await answers(issue)).map((body) => body.includes("Did you mean"))).toEqual([false, true]);
    expect(await reactions(helped)).toEqual(["worktrain[bot] eyes", "worktrain[bot] +1"]);
    expect(await reactions(misspelt)).toEqual(["worktrain[bot] confused"]);
  });

  it("a gate is answered: the dispatch's ticket holds the answer, the comment says where it runs, a redelivery does nothing", async () => {
    const { issue, runId } = await labelledIssue();
    world.saveArtifact(runId, segment(runId, issue, 1, "code", "gate-9-code-1-8dbf2163b3b83e82", "awaiting-approval"));
    await world.updateRun(runId, { status: "completed", conclusion: "success" });
    world.later(2_000);
    const id = await comment(issue, "/worktrain reject Needs a test.");
    const delivery = world.github.deliveries.findLast(({ event, action }) => event === "issue_comment" && action === "created");
    await world.github.redeliver(delivery?.id ?? 0);
    await world.quiet();
    const [, second, ...more] = world.runs(issue);
    expect(more).toEqual([]);
    const ticket = verifyTicket(second?.inputs["ticket"] ?? "", publicTicketKey(ticketKeyPem), { runCreatedAt: new Date(0).toISOString() });
    expect(ticket).toMatchObject({
      ok: true,
      value: { trigger: { kind: "issue_comment", id: String(id), actor: { login: "mona" }, verdict: "maintain" }, answer: { gate: "gate-9-code-1-8dbf2163b3b83e82", verdict: "rejected", reason: "Needs a test." } },
    });
    expect((await world.comments(issue))[0]?.body).toContain(`/actions/runs/${second?.id}`);
    expect(await reactions(id)).toEqual(["worktrain[bot] eyes", "worktrain[bot] +1"]);
    expect(await answers(issue)).toEqual([]);
  });

  it("attack 1: a reader, a person named like a bot without rights, an App: nothing at all", async () => {
    const { issue, runId } = await labelledIssue();
    world.saveArtifact(runId, segment(runId, issue, 1, "code", "gate-9-code-1-8dbf2163b3b83e82", "awaiting-approval"));
    await world.updateRun(runId, { status: "completed", conclusion: "success" });
    world.later(2_000);
    const before = (await world.comments(issue)).length;
    const ids = [];
    for (const token of [world.github.addUser("rita", "read"), world.github.addUser("worktrain-bot", "read"), world.app]) ids.push(await comment(issue, "/worktrain approve", token));
    expect(world.runs(issue)).toHaveLength(1);
    expect(await world.comments(issue)).toHaveLength(before + ids.length);
    for (const id of ids) expect(await reactions(id)).toEqual([]);
  });

  it("I4: on WorkTrain's own pull request a command for the issue is sent there, in words once and by a reaction each time", async () => {
    const base = await world.call(world.app, "GET", "/repos/acme/calc/git/ref/heads/main");
    const tree = (await world.call(world.app, "GET", `/repos/acme/calc/git/commits/${base.body.object.sha}`)).body.tree.sha;
    const commit = await world.call(world.app, "POST", "/repos/acme/calc/git/commits", { message: "fix", tree, parents: [base.body.object.sha] });
    await world.call(world.app, "POST", "/repos/acme/calc/git/refs", { ref: "refs/heads/worktrain/issue-77-1", sha: commit.body.sha });
    const pull = (await world.call(world.app, "POST", "/repos/acme/calc/pulls", { title: "Fix", head: "worktrain/issue-77-1", base: "main" })).body.number;
    for (const command of ["fix", "status", "cancel", "retry"]) {
      expect(await reactions(await comment(pull, `/worktrain ${command}`)), command).toEqual(["worktrain[bot] eyes", "worktrain[bot] confused"]);
    }
    expect(await answers(pull)).toEqual([expect.stringContaining("Write the command on #77.")]);
  });

  it("a mention by the name that GitHub gave the App: run, asked of GitHub once", async () => {
    const issue = await world.openIssue("add subtracts", "`add(1, 2)` gives -1.");
    const stranger = world.github.addUser("passer-by", "read");
    const asked = () => world.github.requests.filter(({ route }) => route === "/app").length;
    const before = asked();
    const say = (token: string, body: string) => world.call(token, "POST", `/repos/acme/calc/issues/${issue}/comments`, { body });
    await say(stranger, "@worktrain run");
    await world.quiet();
    expect(world.runs(issue)).toEqual([]);
    await say(world.maintainer, "@worktrain");
    await world.quiet();
    expect(world.runs(issue)).toHaveLength(1);
    expect(asked()).toBeLessThanOrEqual(before + 1);
  });

  it("attack 2: a comment that is edited into a command is none", async () => {
    const issue = await world.openIssue("add subtracts", "");
    const id = await comment(issue, "Hello.");
    await world.call(world.maintainer, "PATCH", `/repos/acme/calc/issues/comments/${id}`, { body: "/worktrain help" });
    await world.quiet();
    expect(await answers(issue)).toEqual([]);
    expect(await reactions(id)).toEqual([]);
  });
});

describe("does the App ask for no more than it needs?", () => {
  it("app.yml has the least permissions and events", () => {
    const manifest = parse(readFileSync("app.yml", "utf8"));
    expect(manifest.default_permissions).toEqual(APP_PERMISSIONS);
    expect(manifest.default_events).toEqual(["issues", "issue_comment", "pull_request", "pull_request_review", "pull_request_review_comment", "workflow_run", "push", "status", "merge_group"]);
  });
});
