import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { person } from "../../fakes/small-world.ts";
import { decodeTask, TASK_NOT_CARRIED, taskDigest, type Ticket } from "../../../src/github/trust/index.ts";
import { formatSegmentName } from "../../../src/record/index.ts";
import { requestError } from "../../fakes/github.ts";
import { commandScene, GATE, type WrittenComment } from "./command-scene.ts";

let scene: ReturnType<typeof commandScene>;
const begin = () => (scene = commandScene());
afterEach(() => scene.follower.stop());

describe("run", () => {
  it("starts as the label does, sets the label, and the ticket says whose word it is", async () => {
    const { comment, world, tickets, body, marker } = begin();
    world.issue.labels = [];
    const id = await comment("/worktrain run");
    expect(world.issue.labels).toEqual(["worktrain:ready"]);
    expect(tickets()).toMatchObject([{ item: "99/issue-12/1", trigger: { kind: "issue_comment", id: String(id), actor: { login: "octocat", id: 42 }, verdict: "write" } }]);
    expect(world.commentReactions).toEqual([`${id} eyes`, `${id} +1`]);
    expect(body()).toContain("`octocat` asked for it in a comment.");
    expect(marker()).toMatchObject({ attempt: 1, state: "waiting", command: id });
  });

  it("attack 5: the text is the one at the command, whatever the issue says by the time it is read", async () => {
    const { comment, world, tickets } = begin();
    await comment("/worktrain run");
    const first = tickets()[0]?.textSha256;
    await scene.follower.stop();
    const other = begin();
    other.world.issue.title = "Delete everything";
    await other.comment("/worktrain run", { title: world.issue.title });
    expect(other.tickets()[0]?.textSha256).toBe(first);
  });

  it("a repeated delivery (attack 3), and a command while a run is at work, start nothing more", async () => {
    const { comment, world, answers, clock } = begin();
    const id = await comment("/worktrain run", { createdAt: new Date(clock.nowMs()).toISOString() });
    await comment("/worktrain run", { id, createdAt: new Date(clock.nowMs() - 40_000).toISOString() });
    expect(world.dispatches).toHaveLength(1);
    await comment("/worktrain run");
    expect(world.dispatches).toHaveLength(1);
    expect(answers()).toHaveLength(1);
    expect(answers()[0]).toContain("A run is at work on this issue already.");
  });

  it("after an attempt that is over: a new one; after one that was interrupted: the same goes on", async () => {
    const over = begin();
    await over.stopped("blocked", "end");
    await over.comment("/worktrain run");
    expect(over.tickets().map(({ item }) => item)).toEqual(["99/issue-12/1", "99/issue-12/2"]);
    await scene.follower.stop();
    const open = begin();
    await open.stopped("budget");
    await open.comment("/worktrain run");
    expect(open.tickets().map(({ item }) => item)).toEqual(["99/issue-12/1", "99/issue-12/1"]);
  });

  it.each<[string, (world: ReturnType<typeof commandScene>["world"]) => void, string]>([
    ["a closed issue", (world) => void (world.issue.state = "closed"), "The issue is closed."],
    ["no configuration", (world) => void (world.config = null), "There is no .github/worktrain.yml on the default branch."],
    ["a faulty configuration", (world) => void (world.config = "labl: x\n"), "is not valid"],
    ["an archived repository", (world) => void (world.archived = true), "The repository is archived."],
  ])("%s: says why and what to do", async (_, change, words) => {
    const { comment, world, answers } = begin();
    change(world);
    const id = await comment("/worktrain run");
    expect(answers()[0]).toContain(words);
    expect(answers()[0]).toContain("**What to do:**");
    expect(world.dispatches).toEqual([]);
    expect(world.commentReactions).toEqual([`${id} eyes`, `${id} confused`]);
  });

  it("GitHub does not let us label: it says so, and nothing is dispatched", async () => {
    const { comment, world, answers } = begin();
    world.issue.labels = [];
    world.fault = (route) => {
      if (route.endsWith("/labels")) throw requestError(403, "Resource not accessible by integration");
    };
    await comment("/worktrain run");
    expect(world.dispatches).toEqual([]);
    expect(answers()[0]).toContain("WorkTrain did not do what `");
  });
});

describe("a mention of the App", () => {
  it("alone on an issue starts as `run` does; the same event again starts nothing more", async () => {
    const { comment, world, tickets } = begin();
    const id = await comment("Over to you.\n\n@our-train");
    await comment("Over to you.\n\n@our-train", { id });
    expect(tickets()).toMatchObject([{ command: "run", trigger: { kind: "issue_comment", id: String(id), actor: { login: "octocat", id: 42 } } }]);
    expect(world.commentReactions).toEqual([`${id} eyes`, `${id} +1`]);
  });

  it("with words that are no command: the place, and what is meant", async () => {
    const { comment, world, answers } = begin();
    await comment("@our-train statsu");
    expect(answers()[0]).toContain("Line 1, column 12:");
    expect(answers()[0]).toContain("Did you mean `/worktrain status`?");
    expect(world.dispatches).toEqual([]);
  });

  it.each<[string, string, WrittenComment]>([
    ["by an App", "@our-train run", { author: { login: "some[bot]", id: 3, type: "Bot" } }],
    ["of somebody else", "@hubot run", {}],
    ["in a quote", "> @our-train run", {}],
    ["that an edit brought", "@our-train run", { editedAt: "2027-01-01T00:00:00Z" }],
  ])("attack 2: %s starts nothing and is not answered", async (_, body, written) => {
    const { comment, silence } = begin();
    const before = silence();
    await comment(body, written);
    expect(silence()).toEqual(before);
  });
});

describe("an issue that is given to somebody", () => {
  it.each([
    ["our-machine", 1],
    ["Our-Machine", 1],
    ["hubot", 0],
    // P-assign: GitHub lets no App be assigned, so nothing hangs on its name.
    ["our-train[bot]", 0],
  ])("%s: runs %i", async (login, runs) => {
    const { assign, world } = begin();
    world.config = "start: { assignees: [our-machine] }\n";
    world.issue.labels = [];
    await assign(login);
    expect(world.dispatches).toHaveLength(runs);
    expect(world.issue.labels).toHaveLength(runs);
  });

  it("GitHub does not let us label: nothing is dispatched, and the status comment says so", async () => {
    const { assign, world, body } = begin();
    world.config = "start: { assignees: [our-machine] }\n";
    world.issue.labels = [];
    world.fault = (route) => {
      if (route.endsWith("/labels")) throw requestError(403, "Resource not accessible by integration");
    };
    await assign("our-machine");
    expect(world.dispatches).toEqual([]);
    expect(body()).toContain("**What to do:**");
  });
});

describe("run with a workflow or a goal", () => {
  const digest = (body: string, title = begin().world.issue.title) => taskDigest({ title, body });

  it.each<[string, string, Ticket["wish"]]>([
    ["a workflow", "wr.research", { workflow: "wr.research" }],
    ["a routine of the library", "wr.routine-ideation", { workflow: "wr.routine-ideation" }],
    ["a goal", '"Only the import --> <!-- x"', { goal: "Only the import --> <!-- x" }],
    ["both", "wr.research Why is it slow?", { workflow: "wr.research", goal: "Why is it slow?" }],
  ])("%s is signed, and the text is the issue's with the goal", async (_, words, wish) => {
    const { comment, tickets, world, marker } = begin();
    await comment(`/worktrain run ${words}`);
    const text = wish?.goal === undefined ? world.issue.body : `${world.issue.body}\n\n## What is asked for now\n\n${wish.goal}`;
    expect(tickets()).toMatchObject([{ wish, command: "run", textSha256: digest(text, world.issue.title) }]);
    expect(decodeTask(String(world.dispatches[0]?.["task"]))).toEqual({ ok: true, value: { title: world.issue.title, body: text } });
    expect(marker()).toMatchObject({ state: "waiting", wish });
  });

  it("a workflow that is not there is refused at once, with the one that was meant or that words stand in quotes", async () => {
    const { comment, world, answers } = begin();
    await comment("/worktrain run some words");
    await comment("/worktrain run wr.reserch");
    await comment("/worktrain run research");
    expect(answers().map((each) => each.replaceAll("\u2060", ""))).toMatchObject([/There is no workflow `some`.*stand in quotes: `\/worktrain run "GOAL"`/s, /Did you mean `wr\.research`\?/, /Did you mean `wr\.research`\?/].map((words) => expect.stringMatching(words)));
    expect([world.dispatches, world.commentReactions.filter((each) => each.endsWith(" confused")).length]).toEqual([[], 3]);
  });

  it("where the team has workflows of its own the run knows; what it was understood as stands in the status comment", async () => {
    const { comment, world, body } = begin();
    world.teamWorkflows = true;
    await comment("/worktrain run ours Only @octo/team's import");
    expect(world.dispatches).toHaveLength(1);
    expect(body()).toContain("It runs the workflow `ours` instead of the pipeline.");
    expect(body()).toMatch(/\n> Only .*import\n/);
    expect(body()).not.toContain("@octo");
  });

  it.each(["/worktrain resume", "/worktrain run", "label"])("an attempt that was interrupted keeps what it was asked for with: %s", async (how) => {
    const { comment, settle, label, tickets, end, world, clock } = begin();
    await comment('/worktrain run wr.research "Only the import"');
    world.artifacts.push({ id: 1, name: formatSegmentName({ item: { repositoryId: 99, subject: "issue-12", attempt: 1 }, runId: world.runs[0]?.id ?? 0, runAttempt: 1, index: 1, phase: "code", step: "parked", costMilliUsd: 120, ending: "budget" }) });
    await settle(end("success"));
    await clock.advance(10 * 60_000);
    await (how === "label" ? settle(label()) : comment(how));
    const [first, second] = tickets();
    expect(second).toMatchObject({ item: first?.item, wish: { workflow: "wr.research", goal: "Only the import" }, textSha256: first?.textSha256 });
    expect(second?.key).not.toBe(first?.key);
  });

  it.each<[string, string]>([
    ["another goal", '"Something else"'],
    ["another workflow", 'wr.discovery "Only the import"'],
  ])("%s on an attempt that was interrupted is a new attempt", async (_, words) => {
    const { comment, settle, tickets, end, world, clock } = begin();
    await comment('/worktrain run "Only the import"');
    world.artifacts.push({ id: 1, name: formatSegmentName({ item: { repositoryId: 99, subject: "issue-12", attempt: 1 }, runId: world.runs[0]?.id ?? 0, runAttempt: 1, index: 1, phase: "code", step: "parked", costMilliUsd: 120, ending: "budget" }) });
    await settle(end("success"));
    await clock.advance(10 * 60_000);
    await comment(`/worktrain run ${words}`);
    expect(tickets().map(({ item }) => item)).toEqual(["99/issue-12/1", "99/issue-12/2"]);
    expect(tickets()[1]?.wish).not.toEqual(tickets()[0]?.wish);
  });

  it("after an attempt that is over the label asks for the plain issue", async () => {
    const { comment, settle, label, tickets, end, world, clock } = begin();
    await comment('/worktrain run "Only the import"');
    world.artifacts.push({ id: 1, name: formatSegmentName({ item: { repositoryId: 99, subject: "issue-12", attempt: 1 }, runId: world.runs[0]?.id ?? 0, runAttempt: 1, index: 1, phase: "code", step: "end", costMilliUsd: 120, ending: "blocked" }) });
    await settle(end("success"));
    await clock.advance(10 * 60_000);
    await settle(label());
    expect(tickets()[1]).toMatchObject({ item: "99/issue-12/2", textSha256: digest(world.issue.body, world.issue.title) });
    expect(tickets()[1]?.wish).toBeUndefined();
  });

  it("an issue's text that leaves no room is not carried; the run reads it, and the goal stands in the ticket", async () => {
    const { comment, world, tickets } = begin();
    world.issue.body = randomBytes(44_900).toString("base64");
    await comment(`/worktrain run "${"ж".repeat(990)}"`);
    expect(world.dispatches[0]?.["task"]).toBe(TASK_NOT_CARRIED);
    expect(tickets()[0]?.wish?.goal).toHaveLength(990);
  });
});

describe("plan", () => {
  const PLAN_GATE = "gate-9-plan-8dbf2163b3b8";
  const atPlan = async (config = "") => {
    const all = begin();
    all.world.config = config;
    await all.comment("/worktrain plan");
    const runId = all.world.runs[0]?.id ?? 0;
    all.world.artifacts.push({ id: 1, name: formatSegmentName({ item: { repositoryId: 99, subject: "issue-12", attempt: 1 }, runId, runAttempt: 1, index: 1, phase: "classify", step: PLAN_GATE, costMilliUsd: 20, ending: "awaiting-approval" }) });
    await all.settle(all.end("success"));
    await all.clock.advance(10 * 60_000);
    return all;
  };

  it("is run with a plan in its ticket; approve and run both approve it, and the attempt keeps it", async () => {
    for (const command of ["/worktrain approve", "/worktrain run"]) {
      const { comment, tickets, marker } = await atPlan();
      expect(tickets()).toMatchObject([{ command: "plan", wish: { plan: true } }]);
      expect(marker()?.at).toBe(`classify.${PLAN_GATE}`);
      await comment(command);
      expect(tickets()[1]).toMatchObject({ item: tickets()[0]?.item, command: "approve", wish: { plan: true }, answer: { gate: PLAN_GATE, verdict: "approved" } });
      await scene.follower.stop();
    }
  });

  it("I10: refused at first, it is a plan at the label too; run is what it says", async () => {
    for (const [word, wish] of [["label", { plan: true }], ["command", undefined]] as const) {
      const all = begin();
      // No room in the day.
      all.world.config = "budget: { costUsd: 4, dailyCostUsd: 1 }\n";
      await all.comment("/worktrain plan");
      expect(all.world.dispatches).toEqual([]);
      expect(all.body()).toContain("Write the command again tomorrow");
      // Again, and refused for another reason.
      all.world.config = "budgett: {}\n";
      await all.clock.advance(60_000);
      await all.settle(all.label());
      expect(all.world.dispatches).toEqual([]);
      all.world.config = "";
      await all.clock.advance(60_000);
      if (word === "label") await all.settle(all.label());
      else await all.comment("/worktrain run");
      expect(all.tickets()).toMatchObject([{ item: "99/issue-12/1" }]);
      expect(all.tickets()[0]?.wish).toEqual(wish);
      await scene.follower.stop();
    }
  });

  it("a plan that cannot begin says to write the command again, not to set the label", async () => {
    const { comment, world, answers } = begin();
    world.config = "budgett: {}\n";
    await comment("/worktrain plan");
    expect(answers()[0]).toContain("Then write the command again.");
    expect(answers()[0]).not.toContain("the label");
  });

  it("run approves only for who may approve (I10)", async () => {
    const { comment, world, answers } = await atPlan("permissions: { approve: maintain }\n");
    await comment("/worktrain run");
    expect(world.dispatches).toHaveLength(1);
    expect(answers()[0]).toContain("approving takes the role maintain here");
  });

  it("run with a goal is another attempt, and so is a plan of one that had none", async () => {
    const { comment, tickets } = await atPlan();
    await comment('/worktrain run "Only the import"');
    expect(tickets()[1]).toMatchObject({ item: "99/issue-12/2", wish: { goal: "Only the import" } });
    expect(tickets()[1]?.answer).toBeUndefined();
    await scene.follower.stop();
    const other = begin();
    await other.stopped("budget");
    await other.comment("/worktrain plan");
    expect(other.tickets()[1]).toMatchObject({ item: "99/issue-12/2", wish: { plan: true } });
  });
});

describe("cancel", () => {
  const running = async () => {
    const all = begin();
    await all.settle(all.label());
    const run = all.world.runs[0];
    if (run === undefined) throw new Error("nothing was dispatched");
    run.status = "in_progress";
    return { ...all, run };
  };

  it("asks GitHub to end the run, says so, and afterwards that the work is kept", async () => {
    const { comment, world, body, marker, run, end, settle, answers } = await running();
    const id = await comment("/worktrain cancel");
    expect(world.cancels).toEqual([`${run.id} cancel`]);
    expect(body()).toContain("It is being cancelled");
    expect(world.commentReactions).toEqual([`${id} eyes`, `${id} +1`]);
    expect(answers()).toEqual([]);
    world.artifacts.push({ id: 1, name: `worktrain.99.issue-12.1.r${run.id}.a1.0001.code.change.m120.cancelled` });
    await settle(end("cancelled"));
    expect(marker()).toMatchObject({ state: "interrupted" });
    expect(body()).toContain("was cancelled");
    expect(body()).toContain("/worktrain resume");
    await comment("/worktrain resume");
    expect(world.dispatches).toHaveLength(2);
    expect(marker()?.cancel).toBeUndefined();
  });

  it("a run that does not obey is ended by force, after ten minutes and not before", async () => {
    const { comment, world, run, clock } = await running();
    await comment("/worktrain cancel");
    await clock.advance(8 * 60_000);
    expect(world.cancels).toEqual([`${run.id} cancel`]);
    await clock.advance(3 * 60_000);
    expect(world.cancels.at(-1)).toBe(`${run.id} force-cancel`);
  });

  it("a run that was cut off while it was being cancelled is not gone on with", async () => {
    const { comment, world, run, end, settle, body } = await running();
    world.artifacts.push({ id: 1, name: `worktrain.99.issue-12.1.r${run.id}.a1.0001.code.change.m120` });
    await comment("/worktrain cancel");
    await settle(end("failure"));
    expect(world.dispatches).toHaveLength(1);
    expect(body()).toContain("lost its run");
  });

  it("nothing runs: it says so", async () => {
    const { comment, stopped, answers, world } = begin();
    await comment("/worktrain cancel");
    expect(answers()[0]).toContain("there is nothing to cancel");
    await stopped("awaiting-approval", GATE);
    await comment("/worktrain cancel");
    expect(answers()[1]).toContain("No run of WorkTrain is under way here.");
    expect(world.cancels).toEqual([]);
  });

  it("what would be tried again by itself is not", async () => {
    const { comment, stopped, marker, body, world, clock } = begin();
    await stopped("model-unavailable");
    expect(marker()?.due).toBeDefined();
    await comment("/worktrain cancel");
    expect(marker()?.due).toBeUndefined();
    expect(body()).toContain("`octocat` cancelled it in a comment");
    await clock.advance(24 * 60 * 60_000);
    expect(world.dispatches).toHaveLength(1);
  });

  it("attack 3: a cancel from before the present run ends nothing", async () => {
    const { comment, world, answers } = await running();
    await comment("/worktrain cancel", { createdAt: "2025-12-31T23:00:00Z" });
    expect(world.cancels).toEqual([]);
    expect(answers()[0]).toContain("before the present run was asked for");
  });

  it("GitHub does not let us: it says so", async () => {
    const { comment, world, answers } = await running();
    world.fault = (route) => {
      if (route.endsWith("/cancel")) throw requestError(403, "Resource not accessible by integration");
    };
    await comment("/worktrain cancel");
    expect(answers()[0]).toContain("cancel the run on its page");
  });
});

describe("config", () => {
  it("shows what holds, defaults included, as code", async () => {
    const { comment, world, answers } = begin();
    world.config = "rules: ['Ask @octocat about #1']\n";
    await comment("/worktrain config");
    expect(answers()[0]).toContain("    label: worktrain:ready");
    expect(answers()[0]).toContain("    rules:");
    expect(answers()[0]).not.toContain("@octocat");
  });

  it("a faulty file: each fault with its place", async () => {
    const { comment, world, answers } = begin();
    world.config = "labl: x\n";
    await comment("/worktrain config");
    expect(answers()[0]).toContain("worktrain.yml:1:1");
  });
});

describe("I10: who may give which command is the config's word", () => {
  it.each<[string, string, string, string]>([
    ["a writer at a command for maintainers", "permissions: { run: maintain }\n", "write", "takes the role maintain here"],
    ["triage at a command that spends", "permissions: { cancel: triage }\n", "triage", "has the triage role"],
  ])("%s: told once, nothing done", async (_, config, role, words) => {
    const { comment, world, answers } = begin();
    world.config = config;
    world.permission = person(role, role === "triage" ? "read" : role);
    await comment("/worktrain run");
    await comment("/worktrain run");
    expect(answers()).toHaveLength(1);
    expect(answers()[0]).toContain(words);
    expect(world.dispatches).toEqual([]);
  });

  it("a maintainer at it, and triage at what is opened to it, are heard", async () => {
    const maintainer = begin();
    maintainer.world.config = "permissions: { run: maintain }\n";
    maintainer.world.permission = person("maintain", "write");
    await maintainer.comment("/worktrain run");
    expect(maintainer.world.dispatches).toHaveLength(1);
    await scene.follower.stop();
    const triage = begin();
    await triage.settle(triage.label());
    triage.world.config = "permissions: { cancel: triage }\n";
    triage.world.permission = person("triage", "read");
    await triage.comment("/worktrain cancel");
    expect(triage.world.cancels).toHaveLength(1);
  });

  it("what spends cannot be opened to people who cannot write: such a configuration is faulty", async () => {
    const { comment, world } = begin();
    world.config = "permissions: { run: triage }\n";
    world.permission = person("triage", "read");
    await comment("/worktrain run");
    expect(world.dispatches).toEqual([]);
  });

  it.each<[string, WrittenComment & { readonly role?: string }, string]>([
    ["a reader", { role: "read" }, "/worktrain run"],
    ["a bot", { author: { login: "helper[bot]", id: 9, type: "Bot" } }, "/worktrain run"],
    ["an App in a person's name", { app: { id: 3 } }, "/worktrain cancel"],
    ["an edited comment", { editedAt: "2026-01-01T09:00:00Z" }, "/worktrain run"],
    ["an edit", { event: "issue_comment.edited" }, "/worktrain run"],
    ["a quote", {}, "> /worktrain run"],
    ["code", {}, "```\n/worktrain cancel\n```"],
  ])("attacks 1, 2: %s is not heard", async (_, { role, ...written }, body) => {
    const { comment, world, silence } = begin();
    if (role !== undefined) world.permission = person(role, "read");
    await comment(body, written);
    expect(silence()).toEqual([0, 0, 0, 0]);
    expect(world.cancels).toEqual([]);
  });
});

describe("retry", () => {
  it.each([
    ["/worktrain retry", null],
    ["/worktrain retry review", "review"],
  ])("%s: an attempt that stopped goes on, with a ticket that says from where", async (command, phase) => {
    const { comment, stopped, tickets, world, marker } = begin();
    await stopped("review-blocking", "end");
    const id = await comment(command);
    await comment(command, { id });
    expect(tickets()).toHaveLength(2);
    expect(tickets()[1]).toMatchObject({ item: tickets()[0]?.item, retry: { phase }, command: "retry", trigger: { id: String(id) } });
    expect(marker()).toMatchObject({ attempt: 1, continuation: 1 });
    expect(world.commentReactions).toEqual([`${id} eyes`, `${id} +1`]);
  });

  it("also from a gate, which is not answered by it", async () => {
    const { comment, stopped, tickets } = begin();
    await stopped("awaiting-approval", GATE);
    await comment("/worktrain retry code");
    expect(tickets()[1]?.retry).toEqual({ phase: "code" });
    expect(tickets()[1]?.answer).toBeUndefined();
  });

  it("not while a run is at work, and not from what was done for good", async () => {
    const { comment, world, label, settle, answers } = begin();
    await settle(label());
    await comment("/worktrain retry");
    expect(answers()[0]).toContain("A run is at work on this issue");
    await scene.follower.stop();
    const over = begin();
    await over.stopped("duplicate", "end");
    await over.comment("/worktrain retry");
    expect(over.answers()[0]).toContain("it ended with `duplicate`");
    expect([world.dispatches.length, over.world.dispatches.length]).toEqual([1, 1]);
  });

  it.each(["approve", "resume"])("%s after an end for good does not point to a retry, which would be refused as well", async (command) => {
    const { comment, stopped, answers } = begin();
    await stopped("duplicate", "end");
    await comment(`/worktrain ${command}`);
    expect(answers()[0]).toContain("it ended with `duplicate`, so there is nothing that waits to be gone on with");
    expect(answers()[0]).not.toContain("/worktrain retry");
  });

  it("resume where an attempt stopped for good reasons points to a retry", async () => {
    const { comment, stopped, answers } = begin();
    await stopped("review-blocking", "end");
    await comment("/worktrain resume");
    expect(answers()[0]).toContain("/worktrain retry");
  });

  it("a phase that there is not is refused with its place", async () => {
    const { comment, answers } = begin();
    await comment("/worktrain retry deploy");
    expect(answers()[0]).toContain("It must be a phase as the status comment names it");
  });
});
