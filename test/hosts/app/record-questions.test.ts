import { afterEach, describe, expect, it } from "vitest";
import { requestError } from "../../fakes/github.ts";
import { person } from "../../fakes/small-world.ts";
import { commandScene } from "./command-scene.ts";
import { DISPATCH } from "./label-scene.ts";

let scene: ReturnType<typeof commandScene>;
const begin = () => (scene = commandScene());
afterEach(() => scene.follower.stop());

describe("why, explain and verify: a run of its own reads the record", () => {
  it.each([
    ["/worktrain why", { question: "why" }],
    ["/worktrain verify", { question: "verify" }],
    ["/worktrain explain", { question: "explain" }],
    ["/worktrain explain step-2", { question: "explain", step: "step-2" }],
  ])("%s: dispatched once, under a name of its own; the status comment stays as it is", async (command, ask) => {
    const { comment, stopped, tickets, world, body, marker } = begin();
    await stopped("blocked", "end");
    const before = body();
    const id = await comment(command);
    await comment(command, { id });
    expect(tickets().slice(1)).toMatchObject([{ item: `99/ask-12-${id}/1`, ask: { about: "99/issue-12/1", ...ask }, command: ask.question, trigger: { kind: "issue_comment", id: String(id), actor: { id: 42 }, verdict: "write" } }]);
    expect(world.dispatches[1]?.["item"]).toBe(`99/ask-12-${id}/1`);
    expect(body()).toBe(before);
    expect(marker()?.runId).toBe(world.runs[0]?.id);
    // Its deliver job says the rest.
    expect(world.commentReactions).toEqual([`${id} eyes`]);
  });

  it("a dispatch that GitHub refuses is told with the cure, and how to ask again", async () => {
    const { comment, stopped, answers, world } = begin();
    await stopped("blocked", "end");
    world.fault = (route) => {
      if (route === DISPATCH) throw requestError(403, "Resource not accessible by integration");
    };
    await comment("/worktrain why");
    expect(answers()[0]).toContain("`actions: write`");
    expect(answers()[0]).toContain("Then write the command again.");
  });

  it("where nothing was worked on it says so, and nothing is dispatched", async () => {
    const { comment, world, answers } = begin();
    await comment("/worktrain why");
    expect(answers()[0]).toContain("WorkTrain has no record of work here.");
    expect(world.dispatches).toEqual([]);
  });

  it("I4: a further command in the comment is told under a key of its own: the answer's stays free for the run", async () => {
    const { comment, stopped, answers, hear, world } = begin();
    await stopped("blocked", "end");
    const id = await comment("/worktrain why\n/worktrain status");
    await comment("/worktrain why\n/worktrain status", { id });
    expect(answers()).toHaveLength(1);
    expect(answers()[0]).toContain("Not done: line 2");
    expect(answers().filter((body) => body.startsWith(`<!-- worktrain:answer issue-12 comment=${id} -->`))).toEqual([]);
    // So that its run failed is told as well.
    const run = world.runs[1];
    if (run === undefined) throw new Error("nothing was dispatched");
    Object.assign(run, { status: "completed", conclusion: "failure" });
    await hear(run);
    expect(answers()).toHaveLength(2);
  });

  it("its run is none of the item's: what follows takes no notice of it", async () => {
    const { comment, stopped, tickets } = begin();
    await stopped("budget");
    await comment("/worktrain why");
    await comment("/worktrain resume");
    expect(tickets().map(({ item }) => item.split("/")[1]?.split("-")[0])).toEqual(["issue", "ask", "issue"]);
    expect(tickets()[2]).toMatchObject({ item: "99/issue-12/1" });
  });

  it("I10: a question costs a run, so it is not open to triage", async () => {
    const { comment, stopped, world } = begin();
    await stopped("blocked", "end");
    world.permission = person("triage", "read");
    await comment("/worktrain why");
    expect(world.dispatches).toHaveLength(1);
  });

  it("I4: its run fails: that is told, once, and of no run that only bears such a name", async () => {
    const { comment, stopped, world, answers, hear } = begin();
    await stopped("blocked", "end");
    await comment("/worktrain why");
    const run = world.runs[1];
    if (run === undefined) throw new Error("nothing was dispatched");
    Object.assign(run, { status: "completed", conclusion: "failure" });
    await hear(run);
    await hear(run);
    expect(answers()).toHaveLength(1);
    expect(answers()[0]).toContain("ended without an answer");
    const forged = { ...run, id: 4_000, title: `WorkTrain 99/ask-12-777/1 ${"a".repeat(32)}` };
    world.runs.push(forged);
    await hear(forged);
    expect(answers()).toHaveLength(1);
  });
});
