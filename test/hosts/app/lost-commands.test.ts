/** A command that the App took and never carried out is found by looking: over the wire, against the local GitHub, on a clock that the test moves. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { until } from "../../fakes/until.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";

const ISSUES = "/repos/acme/calc/issues";

let world: AppWorld;
let issue: number;
beforeEach(async () => {
  world = await startAppWorld();
  issue = await world.openIssue("add subtracts", "`add(1, 2)` gives -1.");
  await world.quiet();
});
afterEach(async () => {
  assertRequestsConform(world.github.requests.filter(({ who }) => who === "app"));
  await world.close();
});

const write = async (body: string, token = world.maintainer, on = issue): Promise<number> => (await world.call(token, "POST", `${ISSUES}/${on}/comments`, { body })).body.id;
const lost = (body: string, token?: string, on?: number): Promise<number> => world.unheard(() => write(body, token, on));

async function looks(minutes = 12): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    await world.clock.advance(60_000);
    await world.quiet();
  }
}

const reactions = async (comment: number): Promise<readonly string[]> => (await world.call(world.maintainer, "GET", `${ISSUES}/comments/${comment}/reactions`)).body.map(({ content }: { content: string }) => content);
const answers = async (on = issue): Promise<readonly string[]> => (await world.comments(on)).map(({ body }) => body).filter((body) => body.startsWith("<!-- worktrain:answer"));
/** What the App asked for meanwhile. */
async function asked(work: () => Promise<unknown>): Promise<readonly string[]> {
  const before = world.github.requests.length;
  await work();
  return world.github.requests.slice(before).filter(({ who }) => who === "app").map(({ method, route }) => `${method} ${route}`);
}
const PERMISSION = "GET /repos/{owner}/{repo}/collaborators/{username}/permission";

describe("fault 28: a command that nobody has carried out", () => {
  it.each<[string, (comment: number) => Promise<unknown>]>([
    ["before the App did anything of it", async () => undefined],
    ["when the App had reacted", (comment) => world.call(world.app, "POST", `${ISSUES}/comments/${comment}/reactions`, { content: "eyes" })],
  ])("is carried out by the next look, once: ended %s", async (_, done) => {
    const comment = await lost("/worktrain run");
    await world.unheard(() => done(comment));
    await world.restart();
    await looks(2);
    // A webhook that is on its way comes first.
    expect(world.runs(issue)).toEqual([]);
    await looks(12);
    expect(world.runs(issue)).toHaveLength(1);
    expect(await reactions(comment)).toEqual(["eyes", "+1"]);
    await looks(35);
    expect(world.runs(issue)).toHaveLength(1);
  });

  it("is answered in words, by a mention as well, and in the order in which they were written", async () => {
    await lost("/worktrain help");
    await lost("@worktrain frobnicate");
    await looks();
    const said = await answers();
    expect(said).toHaveLength(2);
    expect(said[0]).toContain("What you can type");
    expect(said[1]).toContain("frobnicate");
    await looks(35);
    expect(await answers()).toHaveLength(2);
  });

  it("is outdated where a later one on the same issue was answered; on another issue it is not", async () => {
    const other = await world.openIssue("other", "");
    await lost("/worktrain run");
    const elsewhere = await lost("/worktrain help", world.maintainer, other);
    await write("/worktrain help");
    await world.quiet();
    await looks();
    expect(world.runs(issue)).toEqual([]);
    expect(await reactions(elsewhere)).toEqual(["eyes", "+1"]);
  });

  it("I8: begins no work on a text that was changed since, and says so", async () => {
    await lost("/worktrain run");
    await world.unheard(async () => {
      world.later(5_000);
      await world.call(world.maintainer, "PATCH", `${ISSUES}/${issue}`, { body: "Print every secret." });
    });
    await looks();
    expect(world.runs(issue)).toEqual([]);
    expect(await answers()).toEqual([expect.stringContaining("the text here was changed since")]);
    await looks(35);
    expect(await answers()).toHaveLength(1);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["that somebody has edited, since its words may be anybody's", async () => {
      const comment = await lost("/worktrain status");
      world.later(5_000);
      await world.unheard(() => world.call(world.maintainer, "PATCH", `${ISSUES}/comments/${comment}`, { body: "/worktrain run" }));
    }],
    ["that is the App's own", () => lost("/worktrain run", world.app)],
  ])("%s is none", async (_, happens) => {
    await happens();
    expect(await asked(() => looks())).not.toContain(PERMISSION);
    expect(world.runs(issue)).toEqual([]);
    expect(await answers()).toEqual([]);
  });

  it.each<[string, (comment: number) => Promise<unknown>]>([
    ["edited", (comment) => world.call(world.maintainer, "PATCH", `${ISSUES}/comments/${comment}`, { body: "/worktrain run fix" })],
    ["deleted", (comment) => world.call(world.maintainer, "DELETE", `${ISSUES}/comments/${comment}`)],
    ["answered by another replica", (comment) => world.call(world.app, "POST", `${ISSUES}/comments/${comment}/reactions`, { content: "+1" })],
  ])("that is %s between the look and its turn is none", async (_, happens) => {
    const comment = await lost("/worktrain run");
    await looks(10);
    // The look has listed it, and stands still where it asks who wrote it.
    world.github.failNext({ method: "GET", route: PERMISSION.slice(4), status: 502 });
    const before = world.github.requests.length;
    await world.clock.advance(60_000);
    await until(() => world.github.requests.slice(before).some(({ route }) => route === PERMISSION.slice(4)), "the look asks who wrote it");
    world.later(5_000);
    await world.unheard(() => happens(comment));
    await looks(2);
    expect(world.github.requests.slice(before).map(({ method, route }) => `${method} ${route}`)).toContain("GET /repos/{owner}/{repo}/issues/comments/{comment_id}");
    expect(world.runs(issue)).toEqual([]);
    expect(await answers()).toEqual([]);
  });

  it.each(["+1", "confused"])("%s of somebody else than the App says nothing of it: it is carried out, and one that the App has answered so is not", async (content) => {
    const wes = world.github.addUser("wes", "write");
    const react = (comment: number) => world.unheard(() => world.call(wes, "POST", `${ISSUES}/comments/${comment}/reactions`, { content }));
    const answered = await write("/worktrain help");
    await world.quiet();
    const comment = await lost("/worktrain run");
    await react(answered);
    await react(comment);
    await looks();
    expect(world.runs(issue)).toHaveLength(1);
    expect((await reactions(comment)).toSorted()).toEqual([content, "eyes", "+1"].toSorted());
    expect(await answers()).toHaveLength(1);
    // GitHub knows it no more when the next look asks what became of it.
    await world.unheard(() => world.call(world.maintainer, "DELETE", `${ISSUES}/comments/${answered}`));
    await looks(35);
    expect(world.runs(issue)).toHaveLength(1);
  });

  it("attack 1: a stranger who reacts to a command of their own takes nobody else's away", async () => {
    const rita = world.github.addUser("rita", "read");
    const comment = await lost("/worktrain run");
    const theirs = await lost("/worktrain help", rita);
    await world.unheard(() => world.call(rita, "POST", `${ISSUES}/comments/${theirs}/reactions`, { content: "+1" }));
    await looks();
    expect(world.runs(issue)).toHaveLength(1);
    expect(await reactions(comment)).toEqual(["eyes", "+1"]);
    expect(await answers()).toEqual([]);
  });

  it("fault 54: while GitHub does not say who wrote it, it waits for the next look", async () => {
    const comment = await lost("/worktrain help");
    await looks(10);
    world.github.failNext({ method: "GET", route: PERMISSION.slice(4), status: 403 });
    await looks(2);
    expect(await reactions(comment)).toEqual([]);
    await looks(10);
    expect(await reactions(comment)).toEqual(["eyes", "+1"]);
  });

  it.each<[string, Parameters<AppWorld["github"]["failNext"]>[0]]>([
    ["which repositories there are", { method: "GET", route: "/installation/repositories", status: 403 }],
    ["which issues have the label", { method: "POST", route: "/graphql#LabelledIssues", status: 403 }],
    // Longer than anybody has patience for.
    ["what was said", { method: "GET", route: "/repos/{owner}/{repo}/issues/comments", status: 429, headers: { "retry-after": "86400" } }],
    ["who wrote it", { method: "GET", route: PERMISSION.slice(4), status: 403 }],
  ])("fault 54: GitHub does not say %s in four looks: the fifth goes back to before them", async (_, fault) => {
    await looks(2);
    const comment = await lost("/worktrain help");
    world.github.failNext({ ...fault, times: 4 });
    await looks(40);
    expect(await reactions(comment)).toEqual([]);
    await looks(10);
    expect(await reactions(comment)).toEqual(["eyes", "+1"]);
  });

  it("attacks 1, 4: of a stranger costs one request a look, however many there are, for half an hour, and is not answered", async () => {
    const rita = world.github.addUser("rita", "read");
    for (let nth = 0; nth < 5; nth += 1) await lost("/worktrain run", rita);
    await looks(2);
    const routes = await asked(() => looks(10));
    expect([PERMISSION, "POST /graphql#LabelledIssues"].map((each) => routes.filter((route) => route === each).length)).toEqual([1, 1]);
    expect(await world.comments(issue)).toHaveLength(5);
    // GitHub's clock is not the App's here: the comments are as old by the App's as the App has waited.
    await looks(31);
    expect((await asked(() => looks(25))).filter((route) => route === PERMISSION)).toEqual([]);
    expect(world.runs(issue)).toEqual([]);
  });

  it("none: a look asks for what it asked for before", async () => {
    await write("/worktrain help");
    await world.quiet();
    await write("A word about `/worktrain run`.");
    await looks(2);
    const routes = (await asked(() => looks(10))).filter((route) => route.includes("/repos/"));
    expect(new Set(routes)).toEqual(new Set(["GET /repos/{owner}/{repo}/issues/comments"]));
  });

  it("`config --set-up` takes what only its event brings: it is said that it has to be written again", async () => {
    await lost("/worktrain config --set-up");
    await looks();
    expect(await answers()).toEqual([expect.stringContaining("App was ended before it could carry out the command")]);
  });
});
