import { afterAll, beforeAll, expect, test } from "vitest";
import { startWorld, type World } from "./world.ts";

const REPO = "/repos/acme/calc";
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

async function newIssue(title = "sum is wrong"): Promise<number> {
  return (await world.call(world.maintainer, "POST", `${REPO}/issues`, { title, body: "add(1, 2) is -1" })).body.number;
}

test("an issue is made, read, edited and listed as it is", async () => {
  const number = await newIssue("first title");
  await world.call(world.maintainer, "PATCH", `${REPO}/issues/${number}`, { title: "second title", state: "closed" });
  const read = await world.call(world.app, "GET", `${REPO}/issues/${number}`);
  expect(read.body).toMatchObject({
    number,
    title: "second title",
    state: "closed",
    user: { login: "mona", type: "User" },
    author_association: "COLLABORATOR",
  });
  const open = await world.call(world.app, "GET", `${REPO}/issues?per_page=100`);
  expect(open.body.map((issue: { number: number }) => issue.number)).not.toContain(number);
});

test("labels are made when they are new, kept once, removed by name, and told by webhook-worthy happenings", async () => {
  const number = await newIssue();
  await world.call(world.maintainer, "POST", `${REPO}/issues/${number}/labels`, { labels: ["worktrain:ready", "bug"] });
  await world.call(world.maintainer, "POST", `${REPO}/issues/${number}/labels`, { labels: ["WorkTrain:Ready"] });
  const left = await world.call(world.app, "DELETE", `${REPO}/issues/${number}/labels/worktrain%3Aready`);
  expect(left.body.map((label: { name: string }) => label.name)).toEqual(["bug"]);
  expect((await world.call(world.app, "DELETE", `${REPO}/issues/${number}/labels/absent`)).body.message).toBe("Label does not exist");
  expect(world.github.timeline(world.repositoryId, number).map(({ actor, text }) => `${actor} ${text}`)).toEqual([
    "mona opened the issue",
    "mona added the label worktrain:ready",
    "mona added the label bug",
    "worktrain[bot] removed the label worktrain:ready",
  ]);
});

test("comments come in pages with links, and the App's own carry its id", async () => {
  const number = await newIssue();
  for (const body of ["one", "two", "three"]) await world.call(world.app, "POST", `${REPO}/issues/${number}/comments`, { body });
  const first = await world.call(world.app, "GET", `${REPO}/issues/${number}/comments?per_page=2`);
  const next = /<([^>]+)>; rel="next"/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
  const second = await world.call(world.app, "GET", next);
  expect([...first.body, ...second.body].map((comment: { body: string }) => comment.body)).toEqual(["one", "two", "three"]);
  expect(first.body[0]).toMatchObject({ user: { login: "worktrain[bot]", type: "Bot" }, performed_via_github_app: { id: 4242, slug: "worktrain" } });
});

test("fault 47: a body over 65,536 characters is refused, one of exactly that is taken", async () => {
  const number = await newIssue();
  const long = await world.call(world.app, "POST", `${REPO}/issues/${number}/comments`, { body: "x".repeat(65_537) });
  expect([long.status, long.body.errors[0].message]).toEqual([422, "body is too long (maximum is 65536 characters)"]);
  expect((await world.call(world.app, "POST", `${REPO}/issues/${number}/comments`, { body: "x".repeat(65_536) })).status).toBe(201);
});

test("a comment is edited and deleted by who may; a reader may not touch another's", async () => {
  const number = await newIssue();
  const reader = world.github.addUser("rita", "read");
  const { id } = (await world.call(world.app, "POST", `${REPO}/issues/${number}/comments`, { body: "mine" })).body;
  expect((await world.call(reader, "PATCH", `${REPO}/issues/comments/${id}`, { body: "yours" })).status).toBe(403);
  expect((await world.call(world.app, "PATCH", `${REPO}/issues/comments/${id}`, { body: "changed" })).body.body).toBe("changed");
  expect((await world.call(world.maintainer, "DELETE", `${REPO}/issues/comments/${id}`)).status).toBe(204);
  expect((await world.call(world.app, "GET", `${REPO}/issues/comments/${id}`)).status).toBe(404);
});

test("the same reaction a second time is the first one", async () => {
  const number = await newIssue();
  const first = await world.call(world.app, "POST", `${REPO}/issues/${number}/reactions`, { content: "eyes" });
  const second = await world.call(world.app, "POST", `${REPO}/issues/${number}/reactions`, { content: "eyes" });
  expect([first.status, second.status, second.body.id]).toEqual([201, 200, first.body.id]);
  expect((await world.call(world.app, "POST", `${REPO}/issues/${number}/reactions`, { content: "tada" })).status).toBe(422);
  expect((await world.call(world.app, "GET", `${REPO}/issues/${number}`)).body.reactions).toMatchObject({ total_count: 1, eyes: 1 });
});

test("the permission of a person is what their role says, of a stranger none, of nobody 404", async () => {
  world.github.addUser("tom", "triage");
  world.github.addUser("stranger", "none");
  const permission = async (login: string) => {
    const { status, body } = await world.call(world.app, "GET", `${REPO}/collaborators/${encodeURIComponent(login)}/permission`);
    return status === 200 ? [body.permission, body.role_name] : status;
  };
  expect(await permission("mona")).toEqual(["write", "maintain"]);
  expect(await permission("acme")).toEqual(["admin", "admin"]);
  expect(await permission("tom")).toEqual(["read", "triage"]);
  expect(await permission("stranger")).toEqual(["none", "none"]);
  expect(await permission("worktrain[bot]")).toBe(404);
  expect(await permission("nobody")).toBe(404);
});

test("an issue of an unknown number, and a route that does not exist, are 404; the log says which route was unknown", async () => {
  expect((await world.call(world.app, "GET", `${REPO}/issues/999`)).status).toBe(404);
  expect((await world.call(world.app, "GET", `${REPO}/teapots`)).status).toBe(404);
  expect(world.github.requests.at(-1)).toMatchObject({ kind: "unknown", route: null, path: `${REPO}/teapots`, who: "app", token: "installation" });
});

test("a sub-issue is linked once and listed; a second parent, itself, a pull request and one too many are refused as GitHub does", async () => {
  const [parent, other] = [await newIssue("parent"), await newIssue("other parent")];
  const idOf = async (number: number): Promise<number> => (await world.call(world.app, "GET", `${REPO}/issues/${number}`)).body.id;
  const link = (to: number, sub_issue_id: number, more = {}) => world.call(world.app, "POST", `${REPO}/issues/${to}/sub_issues`, { sub_issue_id, ...more });
  const listed = async (number: number): Promise<string[]> => (await world.call(world.app, "GET", `${REPO}/issues/${number}/sub_issues?per_page=100`)).body.map(({ title }: { title: string }) => title);
  const child = await idOf(await newIssue("child"));
  expect(await link(parent, child)).toMatchObject({ status: 201, body: { number: parent } });
  expect(await listed(parent)).toEqual(["child"]);
  expect(await link(parent, child)).toMatchObject({ status: 422, body: { message: expect.stringContaining("duplicate sub-issues") } });
  expect((await link(other, child)).status).toBe(422);
  expect((await link(other, await idOf(other))).status).toBe(422);
  expect((await link(other, 1)).status).toBe(404);
  expect((await link(9_999, child)).status).toBe(404);
  expect((await link(other, child, { replace_parent: true })).status).toBe(201);
  expect([await listed(parent), await listed(other)]).toEqual([[], ["child"]]);
});
