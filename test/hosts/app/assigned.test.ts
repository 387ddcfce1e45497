/** Work that is asked for by assigning an issue, or by its own text, over the wire against the local GitHub. */
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { publicTicketKey, verifyTicket } from "../../../src/github/trust/index.ts";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";
import { ticketKeyPem } from "./running-app.ts";

let world: AppWorld;
let issue: number;
beforeAll(async () => {
  world = await startAppWorld();
  world.github.addUser("our-machine", "write");
  world.github.addUser("hubot", "write");
  await world.commit({ ".github/worktrain.yml": "start: { assignees: [our-machine] }\npermissions: { plan: admin }\n" });
});
afterAll(async () => {
  assertRequestsConform(world.github.requests.filter(({ who }) => who === "app"));
  await world.close();
});
beforeEach(async () => {
  issue = await world.openIssue("add subtracts", "`add(1, 2)` gives -1.");
});

const assign = async (login: string, method: "POST" | "DELETE" = "POST", token = world.maintainer): Promise<void> => {
  const { status } = await world.call(token, method, `/repos/acme/calc/issues/${issue}/assignees`, { assignees: [login] });
  expect(status).toBeLessThan(300);
  await world.quiet();
};
const labels = async (): Promise<string[]> => (await world.call(world.maintainer, "GET", `/repos/acme/calc/issues/${issue}/labels`)).body.map(({ name }: { name: string }) => name);
const ticketOf = (number: number) => verifyTicket(world.runs(number)[0]?.inputs["ticket"] ?? "", publicTicketKey(ticketKeyPem), { runCreatedAt: new Date().toISOString() });
const opened = async (body: string, token = world.maintainer): Promise<number> => {
  const { body: made } = await world.call(token, "POST", "/repos/acme/calc/issues", { title: "add subtracts", body });
  await world.quiet();
  return made.number;
};

it("an issue given to a named account: the label, one run at the word of who assigned, however often it is delivered", async () => {
  await assign("our-machine");
  const delivery = world.github.deliveries.findLast(({ event, action }) => event === "issues" && action === "assigned");
  await world.github.redeliver(delivery?.id ?? 0);
  await world.quiet();
  expect(world.runs(issue)).toHaveLength(1);
  expect(await labels()).toEqual(["worktrain:ready"]);
  expect(ticketOf(issue)).toMatchObject({ ok: true, value: { item: `${world.repositoryId}/issue-${issue}/1`, trigger: { kind: "issues.assigned", actor: { login: "mona" }, verdict: "maintain" } } });
  expect((await world.comments(issue)).map(({ user }) => user.login)).toEqual(["worktrain[bot]"]);
  expect(world.github.timeline(world.repositoryId, issue).map(({ text }) => text)).toContain("reacted with eyes to the issue");
});

it("taken from it: the label goes; given back before that was heard, it stays", async () => {
  await assign("our-machine");
  await assign("our-machine", "DELETE");
  expect(await labels()).toEqual([]);
  world.later(2_000);
  await assign("our-machine");
  expect(await labels()).toEqual(["worktrain:ready"]);
  const late = world.github.deliveries.findLast(({ event, action }) => event === "issues" && action === "unassigned");
  await world.github.redeliver(late?.id ?? 0);
  await world.quiet();
  expect(await labels()).toEqual(["worktrain:ready"]);
});

it("fault 27: taken from it before somebody set the label by hand, and heard only after that: the label stays", async () => {
  await assign("our-machine");
  await assign("our-machine", "DELETE");
  world.later(2_000);
  await world.label(issue);
  await world.quiet();
  const late = world.github.deliveries.findLast(({ event, action }) => event === "issues" && action === "unassigned");
  await world.github.redeliver(late?.id ?? 0);
  await world.quiet();
  expect(await labels()).toEqual(["worktrain:ready"]);
});

it.each<[string, () => Promise<void>]>([
  ["somebody else", () => assign("hubot")],
  ["at the word of somebody who may only triage", () => assign("our-machine", "POST", world.github.addUser("tina", "triage"))],
  ["at the word of somebody whose permission is gone by then", async () => {
    const token = world.github.addUser("dora", "write");
    world.github.setWebhookUrl("http://127.0.0.1:9/nobody");
    await assign("our-machine", "POST", token);
    world.github.addUser("dora", "read");
    world.github.setWebhookUrl(world.hookUrl);
    await world.github.redeliver(world.github.deliveries.findLast(({ action }) => action === "assigned")?.id ?? 0);
    await world.quiet();
    expect(world.logged.at(-1)).toMatchObject({ msg: "issues.assigned ignored", fields: { reason: "actor-may-not-start" } });
  }],
])("given to %s: nothing starts, and no label is set", async (_, given) => {
  await given();
  expect(world.runs(issue)).toEqual([]);
  expect(await labels()).toEqual([]);
});

it("while the stop label is on: told once, nothing starts", async () => {
  await world.call(world.maintainer, "POST", `/repos/acme/calc/issues/${issue}/labels`, { labels: ["worktrain:stop"] });
  await world.quiet();
  await assign("our-machine");
  expect(world.runs(issue)).toEqual([]);
  expect((await world.comments(issue)).at(-1)?.body).toContain("stops all work of WorkTrain");
  await world.call(world.maintainer, "DELETE", `/repos/acme/calc/issues/${issue}/labels/worktrain:stop`);
  await world.quiet();
});

it("unassigning somebody else leaves the label", async () => {
  await world.label(issue);
  await assign("hubot");
  await assign("hubot", "DELETE");
  expect(await labels()).toEqual(["worktrain:ready"]);
});

it("a new issue whose text mentions the App: work on it, with the wish of that line", async () => {
  const number = await opened('`add(1, 2)` gives -1.\n\n@worktrain run "Fix it in add alone"');
  expect(world.runs(number)).toHaveLength(1);
  expect(ticketOf(number)).toMatchObject({ ok: true, value: { command: "run", wish: { goal: "Fix it in add alone" }, trigger: { kind: "issues.opened", actor: { login: "mona" } } } });
});

it.each<[string, string, RegExp]>([
  ["a command that is none", "@worktrain rum", /Line 1, column 12/],
  ["a command that acts on what is there", "Hello.\n\n@worktrain cancel", /in the text of a new issue/],
  ["a command that takes another role here (I10)", "@worktrain plan", /takes the role admin here/],
])("%s is told, and nothing starts", async (_, body, said) => {
  const number = await opened(body);
  expect(world.runs(number)).toEqual([]);
  expect((await world.comments(number)).map((comment) => comment.body)).toEqual([expect.stringMatching(said)]);
});

it("attack 1: an issue of a passer-by that mentions the App is not answered", async () => {
  const number = await opened("@worktrain", world.github.addUser("eve", "read"));
  expect(world.runs(number)).toEqual([]);
  expect(await world.comments(number)).toEqual([]);
});

it("`permissions.run` holds for the label and for assigning as for the command (I10)", async () => {
  await world.commit({ ".github/worktrain.yml": "start: { assignees: [our-machine] }\npermissions: { run: admin }\n" });
  await assign("our-machine");
  expect(world.runs(issue)).toEqual([]);
  const said = (await world.comments(issue)).map(({ body }) => body);
  expect(said).toEqual([expect.stringContaining("This takes the role admin here, by `permissions.run` of .github/worktrain.yml. The person who assigned the issue has the role maintain.")]);
  expect(said[0]).toContain("Ask somebody with the role admin to unassign it and assign it again.");
  await world.label(issue);
  await world.quiet();
  expect(world.runs(issue)).toEqual([]);
  await world.unlabel(issue);
  world.later(2_000);
  await world.label(issue, world.github.addUser("root", "admin"));
  await world.quiet();
  expect(world.runs(issue)).toHaveLength(1);
});
