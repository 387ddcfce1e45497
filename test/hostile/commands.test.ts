import { afterEach, describe, expect, it } from "vitest";
import { requestError } from "../fakes/github.ts";
import { APP_ID, person } from "../fakes/small-world.ts";
import { commandScene, GATE, type WrittenComment } from "../hosts/app/command-scene.ts";

let scene: ReturnType<typeof commandScene>;
const begin = () => (scene = commandScene());
afterEach(() => scene.follower.stop());
const COMMANDS = ["/worktrain approve", "/worktrain reject no", "/worktrain resume", "/worktrain status", "/worktrain help", "/worktrain aprove"];

describe("attack 1: who can make it move by a comment?", () => {
  it.each([
    ["a reader", person("read")],
    ["nobody's collaborator", () => { throw requestError(404, "Not Found"); }],
    ["a bot with admin rights", person("admin", "admin", "Bot")],
    ["somebody who took over the login", person("admin", "admin", "User", 43)],
    ["a custom role that may only read", person("helper", "read")],
  ])("%s: no run, no comment, no reaction, whatever they write", async (_, permission) => {
    const { stopped, comment, world, silence } = begin();
    await stopped("awaiting-approval");
    world.permission = permission;
    const before = silence();
    for (const command of COMMANDS) await comment(command);
    expect(silence()).toEqual(before);
  });

  it.each([500, 503, 403])("the permission check answered with %i is a no: at most a reaction", async (status) => {
    const { stopped, comment, world, answers } = begin();
    await stopped("awaiting-approval");
    world.permission = () => {
      throw requestError(status, "no");
    };
    const id = await comment("/worktrain approve");
    expect([world.dispatches.length, answers(), world.commentReactions]).toEqual([1, [], [`${id} confused`]]);
  });

  it.each<[string, WrittenComment]>([
    ["a foreign App's bot", { author: { login: "helper[bot]", id: 42, type: "Bot" }, app: { id: 99 } }],
    ["our own App", { author: { login: "worktrain[bot]", id: 42, type: "Bot" }, app: { id: APP_ID } }],
    ["an App in a person's name", { app: { id: 99 } }],
    ["somebody else than the author", { senderId: 43 }],
    ["an organisation", { author: { login: "acme", id: 42, type: "Organization" } }],
  ])("a comment by %s is not even looked at", async (_, written) => {
    const { stopped, comment, world, silence } = begin();
    await stopped("awaiting-approval");
    const before = [silence(), world.github.sent.length];
    await comment("/worktrain approve", written);
    expect([silence(), world.github.sent.length]).toEqual(before);
  });

  it("a person named like a bot is asked for by account, not by name", async () => {
    const { stopped, comment, world } = begin();
    await stopped("awaiting-approval");
    await comment("/worktrain approve", { author: { login: "octocat", id: 42, type: "User" } });
    expect(world.dispatches).toHaveLength(2);
    expect(world.github.sent.filter(({ route }) => route.endsWith("/permission")).at(-1)?.parameters["username"]).toBe("octocat");
  });

  it("what we write ourselves, the person's command in it, is no command again", async () => {
    const { stopped, comment, world, answers } = begin();
    await stopped("awaiting-approval");
    await comment("/worktrain aprove\n/worktrain approve");
    const [answer = ""] = answers();
    const before = world.github.sent.length;
    await comment(answer, { author: { login: "worktrain[bot]", id: 42, type: "Bot" }, app: { id: APP_ID } });
    expect(world.github.sent).toHaveLength(before);
    // Copied by a person it is no command either.
    await comment(answer);
    expect(world.dispatches).toHaveLength(1);
  });
});

describe("attack 2: which words are a command?", () => {
  it.each<[string, string, WrittenComment?]>([
    ["a comment that was edited", "/worktrain approve", { event: "issue_comment.edited" }],
    ["a comment that was changed since it was made", "/worktrain approve", { editedAt: "2026-01-01T00:30:00Z" }],
    ["a fence", "```\n/worktrain approve\n```"],
    ["a quote", "> /worktrain approve"],
    ["a comment in HTML", "<!--\n/worktrain approve\n-->"],
    ["a link", "[/worktrain approve](https://example.org)"],
    ["words in the middle of a line", "please /worktrain approve"],
  ])("%s: GitHub is not asked, nothing is said", async (_, body, written) => {
    const { stopped, comment, world, silence } = begin();
    await stopped("awaiting-approval");
    const before = [silence(), world.github.sent.length];
    await comment(body, written);
    expect([silence(), world.github.sent.length]).toEqual(before);
  });

  it.each(["/worktrain\u200b approve", "/wоrktrain approve", "/worktrain аpprove", "> said\n/worktrain approve", "<blockquote>\n\n/worktrain approve", "/worktrain approve --force"])("%j does nothing, and its author is told", async (body) => {
    const { stopped, comment, world, answers } = begin();
    await stopped("awaiting-approval");
    await comment(body);
    expect(world.dispatches).toHaveLength(1);
    expect(answers()).toHaveLength(1);
  });
});

describe("attack 5: what was approved is what goes on", () => {
  it("an answer to an older gate, by name or by time, and an abbreviated name open nothing", async () => {
    const { stopped, comment, world, answers } = begin();
    await stopped("awaiting-approval");
    for (const word of ["gate-30-code-1-8dbf2163b3b83e82", "gate-31", "8dbf216", "b".repeat(40)]) await comment(`/worktrain approve ${word}`);
    await comment("/worktrain approve", { createdAt: "2026-01-01T00:01:00Z" });
    expect(world.dispatches).toHaveLength(1);
    expect(answers()).toHaveLength(5);
  });

  it("permission taken away while the command waits in the queue: asked when it is its turn", async () => {
    const { stopped, comment, world, silence } = begin();
    await stopped("awaiting-approval");
    const before = silence();
    world.permission = person("read");
    await comment(`/worktrain approve ${GATE}`);
    expect(silence()).toEqual(before);
  });
});

describe("attack 8: does an answer speak for somebody else?", () => {
  it("mentions, closing words, other bots' commands, HTML and markers of the command's line come back dead", async () => {
    const { comment, answers } = begin();
    await comment("/worktrain aprove @everyone Fixes #1 </pre> <!-- worktrain:status issue-12 --> ```");
    const [answer = ""] = answers();
    const behind = answer.slice(answer.indexOf("-->") + 3);
    expect(behind).not.toMatch(/@everyone|#1|<\/pre|<!--/);
    // Four blanks before the line: no fence in it opens or closes anything.
    expect(behind).toMatch(/^ {4}\/\u2060?worktrain aprove/m);
  });
});
