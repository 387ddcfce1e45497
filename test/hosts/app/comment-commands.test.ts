import { afterEach, describe, expect, it } from "vitest";
import type { EndingCode } from "../../../src/record/index.ts";
import { requestError } from "../../fakes/github.ts";
import { commandScene, GATE, type WrittenComment } from "./command-scene.ts";
import { DISPATCH } from "./label-scene.ts";

let scene: ReturnType<typeof commandScene>;
const begin = () => (scene = commandScene());
afterEach(() => scene.follower.stop());

describe("G2: what the App does at a command", () => {
  it("help: one comment with the commands, however often the event comes", async () => {
    const { comment, world, answers } = begin();
    const id = await comment("/worktrain help");
    await comment("/worktrain help", { id });
    expect(answers()).toHaveLength(1);
    expect(answers()[0]).toContain(`comment=${id} -->`);
    expect(answers()[0]).toContain("| `/worktrain reject REASON` |");
    expect(world.commentReactions).toEqual([`${id} eyes`, `${id} +1`]);
  });

  it("status: the status comment is brought up to date, cost included, and no other is made", async () => {
    const { comment, world, label, body, settle } = begin();
    await settle(label());
    const [run] = world.runs;
    if (run === undefined) throw new Error("nothing was dispatched");
    run.status = "in_progress";
    const save = (index: number, cost: number) => world.artifacts.push({ id: index, name: `worktrain.99.issue-12.1.r${run.id}.a1.000${index}.code.change.m${cost}` });
    save(1, 100);
    await comment("/worktrain status");
    expect(body()).toContain("cost $0.100");
    save(2, 250);
    const id = await comment("/worktrain status");
    expect(body()).toContain("cost $0.250");
    expect(world.ownComments()).toHaveLength(1);
    expect(world.commentReactions).toContain(`${id} +1`);
  });

  it("status where nothing was started: it says how to start", async () => {
    const { comment, world, answers } = begin();
    const id = await comment("/worktrain status");
    expect(answers()[0]).toContain("Set the label on an issue to start work on it.");
    expect(world.commentReactions).toEqual([`${id} eyes`, `${id} confused`]);
  });

  it("a command that is written wrongly: the place, what is wrong, what to write, once", async () => {
    const { comment, answers, world } = begin();
    const id = await comment("Fine.\n\n/worktrain aprove @team `x`");
    await comment("Fine.\n\n/worktrain aprove @team `x`", { id });
    expect(answers()).toHaveLength(1);
    const lines = answers()[0]?.split("\n") ?? [];
    expect(lines).toContain("Line 3, column 12:");
    const at = lines.findIndex((line) => line.trimStart().startsWith("^"));
    const shown = lines[at - 1]?.replaceAll("\u2060", "") ?? "";
    expect(shown.slice(lines[at]?.indexOf("^"))).toBe("aprove @team `x`");
    expect(answers()[0]).toContain("**What to do:** Did you mean `/worktrain approve`?");
    expect(world.commentReactions).toEqual([`${id} confused`]);
    expect(world.dispatches).toEqual([]);
  });

  it("of several commands in one comment the first is done, and the others are named", async () => {
    const { comment, answers } = begin();
    await comment("/worktrain help\n/worktrain status\n/worktrain resume");
    expect(answers()).toHaveLength(1);
    expect(answers()[0]).toContain("Only the first command of a comment counts. Not done: lines 2, 3.");
  });

  it.each(["run", "resume", "review"])("where the conversation is locked %s starts nothing, and the reaction is the answer", async (name) => {
    const { comment, world } = begin();
    world.issue.locked = true;
    world.fault = (route) => {
      if (route === "POST /repos/{owner}/{repo}/issues/{issue_number}/comments") throw requestError(403, "Unable to create comment because issue is locked.");
    };
    const id = await comment(`/worktrain ${name}`);
    expect(world.commentReactions).toEqual([`${id} eyes`, `${id} confused`]);
    expect(world.dispatches).toEqual([]);
  });

  it("triage: told once for each person, and nothing is done", async () => {
    const { comment, answers, world } = begin();
    world.permission = () => ({ permission: "read", role_name: "triage", user: { id: 42, login: "octocat", type: "User" } });
    await comment("/worktrain resume");
    await comment("/worktrain approve");
    expect(answers()).toHaveLength(1);
    expect(answers()[0]).toContain("The person who wrote the command has the triage role.");
    expect(world.dispatches).toEqual([]);
  });
});

describe("at a gate for a person", () => {
  it("the status comment says what to type, and names the gate", async () => {
    const { stopped, body, marker } = begin();
    await stopped("awaiting-approval");
    expect(body()).toContain("waits for a person's approval");
    expect(body()).toContain("Write `/worktrain approve` in a new comment");
    expect(body()).toContain(`\`/worktrain approve ${GATE}\` opens that gate and no other`);
    expect(marker()).toMatchObject({ state: "interrupted", at: `code.${GATE}` });
  });

  it("the gate is the agent job's word, also when the deliver job has told the question since", async () => {
    const { world, comment, tickets, marker, label, settle, end } = begin();
    await settle(label());
    const runId = world.runs[0]?.id ?? 0;
    world.artifacts.push({ id: 1, name: `worktrain.99.issue-12.1.r${runId}.a1.0001.code.${GATE}.m120.awaiting-approval` }, { id: 2, name: `worktrain.99.issue-12.1.r${runId}.a1.0002.deliver.said.m120.awaiting-approval` });
    await settle(end("success"));
    expect(marker()).toMatchObject({ state: "interrupted", at: `code.${GATE}` });
    await comment("/worktrain approve", { createdAt: "2026-01-01T00:05:01Z" });
    expect(tickets().at(-1)?.answer?.gate).toBe(GATE);
  });

  it.each([
    ["approve", "/worktrain approve", { verdict: "approved" }],
    ["approve with the gate's name", `/worktrain approve ${GATE}`, { verdict: "approved" }],
    ["reject", "/worktrain reject Not without a test.", { verdict: "rejected", reason: "Not without a test." }],
  ])("%s: the same attempt goes on, with a ticket that holds the answer and whose word it is", async (_, command, answer) => {
    const { comment, stopped, tickets, world, marker, body } = begin();
    await stopped("awaiting-approval");
    const id = await comment(command, { author: { login: "octocat", id: 42, type: "User" } });
    const [first, second, ...more] = tickets();
    expect(more).toEqual([]);
    expect(second).toMatchObject({ item: first?.item, trigger: { kind: "issue_comment", id: String(id), actor: { login: "octocat", id: 42 }, verdict: "write" }, answer: { gate: GATE, ...answer }, textSha256: first?.textSha256 });
    expect(second?.key).not.toBe(first?.key);
    expect(second?.wrote?.reaction).toBe("1");
    expect(world.commentReactions).toEqual([`${id} eyes`, `${id} +1`]);
    expect(marker()).toMatchObject({ attempt: 1, continuation: 1, state: "waiting", key: second?.key, command: id });
    expect(body()).toContain("as `octocat` asked in a comment");
  });

  it("fault 25: the same comment again, at once or when the gate waits once more, is no second answer", async () => {
    const { comment, stopped, world, end, clock, settle, answers } = begin();
    await stopped("awaiting-approval");
    const written = { id: 700, createdAt: new Date(clock.nowMs()).toISOString() };
    await comment("/worktrain approve", written);
    await comment("/worktrain approve", written);
    const runId = world.runs[1]?.id ?? 0;
    world.artifacts.push({ id: 2, name: `worktrain.99.issue-12.1.r${runId}.a1.0001.code.gate-40-code-1-8dbf2163b3b83e82.m130.awaiting-approval` });
    await settle(end("success"));
    await comment("/worktrain approve", written);
    expect(world.dispatches).toHaveLength(2);
    expect(answers()).toEqual([]);
  });

  it("fault 32: the answer of the dispatch is lost: one run, adopted", async () => {
    const { comment, stopped, world } = begin();
    await stopped("awaiting-approval");
    let lost = false;
    world.fault = (route, apply) => {
      if (route !== DISPATCH || lost) return;
      lost = true;
      apply();
      throw requestError(502);
    };
    const id = await comment("/worktrain approve");
    expect([world.dispatches.length, world.runs.length]).toEqual([2, 2]);
    expect(world.commentReactions).toContain(`${id} +1`);
  });

  it("a dispatch that GitHub refuses is told, and the next command goes on from there, the answer with it", async () => {
    const { comment, stopped, world, body, tickets } = begin();
    await stopped("awaiting-approval");
    world.fault = (route) => {
      if (route === DISPATCH) throw requestError(403, "Not allowed by policy");
    };
    const id = await comment("/worktrain approve");
    expect(body()).toContain("Not allowed by policy");
    expect(world.commentReactions).toContain(`${id} confused`);
    world.fault = null;
    await comment("/worktrain reject Too large.");
    expect(tickets().at(-1)).toMatchObject({ item: "99/issue-12/1", answer: { gate: GATE, verdict: "rejected", reason: "Too large." } });
  });

  it("a run that came to the gate a moment ago, whose end nobody has told yet", async () => {
    const { comment, label, settle, world, tickets } = begin();
    await settle(label());
    const runId = world.runs[0]?.id ?? 0;
    world.artifacts.push({ id: 1, name: `worktrain.99.issue-12.1.r${runId}.a1.0001.code.${GATE}.m120.awaiting-approval` });
    Object.assign(world.runs[0] ?? {}, { status: "completed", conclusion: "success" });
    await comment("/worktrain approve", { createdAt: "2026-01-01T00:06:00Z" });
    expect(tickets().at(-1)).toMatchObject({ answer: { gate: GATE, verdict: "approved" } });
  });

  it("a label after an answered gate goes on with the attempt, whoever asked last", async () => {
    const { comment, stopped, world, label, settle, end, clock } = begin();
    await stopped("awaiting-approval");
    await comment("/worktrain approve");
    world.artifacts.push({ id: 2, name: `worktrain.99.issue-12.1.r${world.runs[1]?.id}.a1.0001.code.parked.m130.budget` });
    await settle(end("success"));
    await clock.advance(60_000);
    await settle(label());
    expect(world.dispatches.map(({ item }) => item)).toEqual(["99/issue-12/1", "99/issue-12/1", "99/issue-12/1"]);
    expect(new Set(world.dispatches.map(({ key }) => key)).size).toBe(3);
  });

  it("fault 38: the run that an answer started is lost: the App goes on by itself, without the answer", async () => {
    const { comment, stopped, world, end, settle, tickets, marker } = begin();
    await stopped("awaiting-approval");
    await comment("/worktrain approve");
    world.artifacts.push({ id: 2, name: `worktrain.99.issue-12.1.r${world.runs[1]?.id}.a1.0001.code.change.m130` });
    await settle(end("failure"));
    expect(tickets()).toHaveLength(3);
    expect(tickets()[2]?.answer).toBeUndefined();
    expect(marker()).toMatchObject({ attempt: 1, continuation: 2, auto: 1 });
  });
});

describe("resume", () => {
  it.each<EndingCode>(["cancelled", "budget", "model-unavailable", "internal"])("goes on with an attempt that ended %s", async (ending) => {
    const { comment, stopped, tickets, body } = begin();
    await stopped(ending);
    expect(body()).toContain("write `/worktrain resume` in a new comment");
    await comment("/worktrain resume");
    expect(tickets()).toHaveLength(2);
    expect(tickets()[1]).toMatchObject({ item: "99/issue-12/1", trigger: { kind: "issue_comment" } });
    expect(tickets()[1]?.answer).toBeUndefined();
  });
});

describe("what cannot be done is told, with what to do", () => {
  const setUp: Readonly<Record<string, (each: ReturnType<typeof commandScene>) => Promise<void>>> = {
    "nothing was started": () => Promise.resolve(),
    "a run is at work": async ({ label, settle }) => void (await settle(label())),
    "the attempt is over": ({ stopped }) => stopped("tests-red"),
    "it waits at a gate": ({ stopped }) => stopped("awaiting-approval"),
    "it is out of budget": ({ stopped }) => stopped("budget"),
    "the status comment was deleted": async ({ stopped, world }) => {
      await stopped("awaiting-approval");
      world.comments = [];
    },
    "the issue is closed": async ({ stopped, world }) => {
      await stopped("awaiting-approval");
      world.issue.state = "closed";
    },
    "the label is gone": async ({ stopped, world }) => {
      await stopped("awaiting-approval");
      world.issue.labels = [];
    },
    "the text was changed": async ({ stopped, world }) => {
      await stopped("awaiting-approval");
      world.issue.body = "Delete everything.";
    },
    "the config is broken": async ({ stopped, world }) => {
      await stopped("awaiting-approval");
      world.config = "revue: {}\n";
    },
  };

  it.each<[string, string, string, WrittenComment?]>([
    ["nothing was started", "/worktrain approve", "WorkTrain has not worked on this issue."],
    ["nothing was started", "/worktrain resume", "Write the command on the issue that WorkTrain works on.", { isPullRequest: true }],
    ["a run is at work", "/worktrain resume", "A run is at work on this issue"],
    ["the attempt is over", "/worktrain resume", "The attempt is over"],
    ["it waits at a gate", "/worktrain resume", "going on alone does not open it"],
    ["it is out of budget", "/worktrain approve", "The work waits at no gate"],
    ["it is out of budget", "/worktrain reject No.", "The work waits at no gate"],
    ["the status comment was deleted", "/worktrain approve", "The status comment of the attempt was deleted"],
    ["the issue is closed", "/worktrain approve", "The issue is closed."],
    ["the label is gone", "/worktrain approve", "does not have the label"],
    ["the text was changed", "/worktrain approve", "text was changed after it was asked for"],
    ["the config is broken", "/worktrain approve", "is not valid"],
    ["it waits at a gate", "/worktrain approve gate-30-code-1-8dbf2163b3b83e82", `does not wait at gate-30-code-1-8dbf2163b3b83e82 but at ${GATE}`],
    ["it waits at a gate", `/worktrain approve ${"a".repeat(40)}`, "no commit yet that could be approved"],
    ["it waits at a gate", "/worktrain approve", `written before the work came to ${GATE}`, { createdAt: "2026-01-01T00:04:59Z" }],
  ])("%s: %s", async (state, command, words, written) => {
    const each = begin();
    await setUp[state]?.(each);
    if (written?.isPullRequest === true) each.world.issue.pullRequest = true;
    const before = each.world.dispatches.length;
    const id = await each.comment(command, written);
    expect(each.world.dispatches).toHaveLength(before);
    expect(each.answers()).toHaveLength(1);
    expect(each.answers()[0]?.replaceAll("\u2060", "")).toContain(words);
    expect(each.answers()[0]).toContain("**What to do:**");
    expect(each.world.commentReactions.at(-1)).toBe(`${id} confused`);
  });
});
