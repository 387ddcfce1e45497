/** Refusals explain themselves once to each person, and only to people who could do something about it: every way to ask, over the wire against the local GitHub. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";

let world: AppWorld;
const people: Record<"tria" | "tess" | "rita" | "wes" | "ann", string> = { tria: "", tess: "", rita: "", wes: "", ann: "" };
beforeAll(async () => {
  world = await startAppWorld();
  people.tria = world.github.addUser("tria", "triage");
  people.tess = world.github.addUser("tess", "triage");
  people.rita = world.github.addUser("rita", "read");
  people.ann = world.github.addUser("ann", "write");
  people.wes = world.github.addUser("wes", "write");
  world.github.addUser("our-machine", "write");
  await world.commit({ ".github/worktrain.yml": "start: { assignees: [our-machine] }\npermissions: { plan: admin, cancel: admin }\n" });
});
afterAll(async () => {
  assertRequestsConform(world.github.requests.filter(({ who }) => who === "app"));
  await world.close();
});

const call = async (token: string, method: string, path: string, body?: unknown) => {
  const answered = await world.call(token, method, `/repos/acme/calc${path}`, body);
  await world.quiet();
  world.later(2_000);
  return answered;
};
const ours = async (number: number): Promise<readonly string[]> => (await world.comments(number)).flatMap(({ body, user }) => (user.login === "worktrain[bot]" && !body.startsWith("<!-- worktrain:click") ? [body] : []));
const comment = (text: string) => (number: number, token: string) => call(token, "POST", `/issues/${number}/comments`, { body: text });
const label = async (number: number, token: string): Promise<unknown> => {
  await call(token, "DELETE", `/issues/${number}/labels/worktrain:ready`);
  return call(token, "POST", `/issues/${number}/labels`, { labels: ["worktrain:ready"] });
};
const assign = async (number: number, token: string): Promise<unknown> => {
  await call(token, "DELETE", `/issues/${number}/assignees`, { assignees: ["our-machine"] });
  return call(token, "POST", `/issues/${number}/assignees`, { assignees: ["our-machine"] });
};
const issue = (): Promise<number> => world.openIssue("add subtracts", "`add(1, 2)` gives -1.");
/** One on which a run is at work: its status comment tells of that. */
const atWork = async (): Promise<number> => {
  const number = await issue();
  await world.label(number);
  await world.quiet();
  world.later(2_000);
  return number;
};
let branches = 0;
const pull = async (): Promise<number> => {
  branches += 1;
  const main = (await call(world.maintainer, "GET", "/git/ref/heads/main")).body.object.sha;
  const { tree } = (await call(world.maintainer, "GET", `/git/commits/${main}`)).body;
  const { sha } = (await call(world.maintainer, "POST", "/git/commits", { message: "Words", tree: tree.sha, parents: [main] })).body;
  await call(world.maintainer, "POST", "/git/refs", { ref: `refs/heads/words-${branches}`, sha });
  return (await call(world.maintainer, "POST", "/pulls", { title: "Words", body: "", head: `words-${branches}`, base: "main" })).body.number;
};
const tick = async (number: number, token: string): Promise<unknown> => {
  const { id, body } = (await world.comments(number)).find((each) => each.body.startsWith("<!-- worktrain:status ")) ?? { id: 0, body: "" };
  expect(body).toContain("- [ ] <!-- worktrain:do cancel -->");
  return call(token, "PATCH", `/issues/comments/${id}`, { body: body.replace("- [ ] <!-- worktrain:do cancel -->", "- [x] <!-- worktrain:do cancel -->") });
};

type Way = (number: number, token: string) => Promise<unknown>;
type Person = keyof typeof people;

describe("is each who asks told once, however often they ask?", () => {
  it.each<[string, () => Promise<number>, Way, readonly Person[], string]>([
    ["a label", issue, label, ["tria", "tria", "tess", "tria", "tess"], "The person who set the label has the triage role"],
    ["a label where a run is at work", atWork, label, ["tria", "tria", "tess", "tria", "tess"], "The person who set the label has the triage role"],
    ["an assignment", issue, assign, ["tria", "tria", "tess", "tria", "tess"], "The person who assigned the issue has the triage role"],
    ["a mention", issue, comment("@worktrain"), ["tria", "tria", "tess", "tria", "tess"], "The person who wrote the command has the triage role"],
    ["a command", issue, comment("/worktrain run"), ["tria", "tess", "tria", "tess"], "The person who wrote the command has the triage role"],
    ["a command that takes another role", issue, comment("/worktrain plan"), ["wes", "wes", "wes"], "takes the role admin here"],
    ["a command that cannot be read", issue, comment("/worktrain rum"), ["wes", "wes", "wes"], "Line 1, column 12"],
    ["a command that has nothing to act on", issue, comment("/worktrain approve"), ["wes", "ann", "wes", "ann"], "WorkTrain has not worked on this issue"],
    ["a box", atWork, tick, ["wes", "wes", "wes"], "takes the role admin here"],
    ["a label on a pull request", pull, label, ["tria", "tria", "tess", "tria", "tess"], "The person who set the label has the triage role"],
    ["a command on a pull request", pull, comment("/worktrain review"), ["tria", "tess", "tria", "tess"], "The person who wrote the command has the triage role"],
  ])("%s", async (_, about, way, who, words) => {
    const number = await about();
    const before = await ours(number);
    for (const person of who) await way(number, people[person]);
    const after = await ours(number);
    const told = new Set(who);
    expect(after.filter((body) => body.includes(words))).toHaveLength(told.size);
    expect(after.length - before.length).toBe(told.size);
    // Who is told second is told by name.
    for (const person of [...told].slice(1)) expect(after.filter((body) => body.includes(`did not do what \`${person}\` asked for`) && body.includes(words))).toHaveLength(1);
  });

  it("a label that is taken off and set again tells nobody a second time, also after a run has begun in between", async () => {
    const number = await issue();
    for (const person of ["tria", "tess", "tria"] as const) await label(number, people[person]);
    await label(number, world.maintainer);
    for (const person of ["tess", "tria", "tria", "tess"] as const) await label(number, people[person]);
    // What told tria first is the status of the run by now: it is told beside it, once.
    expect((await ours(number)).map((body) => /did not do what `(\w+)`|worktrain:status/.exec(body)?.[1] ?? "status")).toEqual(["status", "tess", "tria"]);
  });

  it("another reason is told as well, and so is what is no refusal, however often it is asked", async () => {
    const number = await issue();
    for (const text of ["/worktrain approve", "/worktrain rum", "/worktrain help", "/worktrain help"]) await comment(text)(number, people.wes);
    expect((await ours(number)).map((body) => body.includes("did not do what `wes` asked for"))).toEqual([true, true, false, false]);
  });
});

describe("who may only read hears nothing", () => {
  it.each<[string, () => Promise<number>, Way]>([
    ["a mention", issue, comment("@worktrain")],
    ["a command", issue, comment("/worktrain run")],
    ["a command that cannot be read", issue, comment("/worktrain rum")],
    ["a command on a pull request", pull, comment("/worktrain review")],
    ["the text of an issue", async () => (await call(people.rita, "POST", "/issues", { title: "wish", body: "@worktrain run" })).body.number, async () => undefined],
  ])("%s", async (_, about, way) => {
    const number = await about();
    await way(number, people.rita);
    expect(await ours(number)).toEqual([]);
    expect(world.github.timeline(world.repositoryId, number).map(({ text }) => text).join()).not.toContain("reacted");
  });
});

describe("what is to be done again is what was done", () => {
  it.each<[string, (token: string) => Promise<number>, string]>([
    ["a label", async (token) => { const number = await issue(); await label(number, token); return number; }, "Then remove the label and add it again."],
    ["an assignment", async (token) => { const number = await issue(); await assign(number, token); return number; }, "Then unassign the issue and assign it again."],
    ["the issue's own text", async (token) => (await call(token, "POST", "/issues", { title: "wish", body: "@worktrain run" })).body.number, "Then write the command in a comment."],
    ["a command", async (token) => { const number = await issue(); await comment("/worktrain run")(number, token); return number; }, "Then write the command again."],
    ["a review by a command", async (token) => { const number = await pull(); await comment("/worktrain review")(number, token); return number; }, "Then write the command again."],
  ])("%s", async (_, ask, words) => {
    const stop = await issue();
    await call(world.maintainer, "POST", `/issues/${stop}/labels`, { labels: ["worktrain:stop"] });
    const number = await ask(people.wes);
    await call(world.maintainer, "DELETE", `/issues/${stop}/labels/worktrain:stop`);
    expect(await ours(number)).toEqual([expect.stringContaining(`Take it off #${stop} when work may go on. ${words}`)]);
  });
});
