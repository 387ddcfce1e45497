import { afterAll, beforeAll, expect, test } from "vitest";
import { fakeClock } from "../../../fakes/clock.ts";
import { startWorld, type World } from "./world.ts";

const REPO = "/repos/acme/calc";
const clock = fakeClock(Date.parse("2026-11-20T10:00:00Z"));
let world: World;
beforeAll(async () => {
  world = await startWorld({ clock });
});
afterAll(() => world.close());

const grant = (body?: unknown) => world.call(world.appJwt(), "POST", `/app/installations/${world.installationId}/access_tokens`, body);

test("the App proves itself with a JWT of its key, for ten minutes at most", async () => {
  const seconds = clock.nowMs() / 1000;
  const app = (overrides?: Readonly<Record<string, unknown>>) => world.call(world.appJwt(overrides), "GET", "/app");
  expect((await app()).body).toMatchObject({ id: 4242, slug: "worktrain" });
  expect((await app({ iss: 1 })).status).toBe(401);
  expect((await app({ exp: seconds - 1 })).status).toBe(401);
  expect((await app({ exp: seconds + 3600 })).status).toBe(401);
  const [head, payload] = world.appJwt().split(".");
  expect((await world.call(`${head}.${payload}.${Buffer.from("forged").toString("base64url")}`, "GET", "/app")).status).toBe(401);
  expect((await world.call(world.app, "GET", "/app")).status).toBe(401);
  expect((await world.call(world.appJwt(), "GET", REPO)).status).toBe(401);
});

test("the installation is found by repository and its token is long, limited, and dead after an hour (fault 55)", async () => {
  expect((await world.call(world.appJwt(), "GET", `${REPO}/installation`)).body.id).toBe(world.installationId);
  const granted = (await grant({ repository_ids: [world.repositoryId], permissions: { issues: "read" } })).body;
  expect(granted.permissions).toEqual({ issues: "read", metadata: "read" });
  expect(granted.token).toMatch(/^ghs_[A-Za-z0-9._-]{480,560}$/);
  expect((await world.call(granted.token, "GET", `${REPO}/issues`)).status).toBe(200);
  await clock.advance(60 * 60 * 1000);
  expect((await world.call(granted.token, "GET", `${REPO}/issues`)).status).toBe(401);
});

test("a token gets neither more permissions nor other repositories than the installation has", async () => {
  expect((await grant({ permissions: { workflows: "write" } })).status).toBe(422);
  expect((await grant({ repositories: ["other"] })).status).toBe(422);
  const other = await world.github.createRepository({ owner: "evil", name: "other" });
  expect((await grant({ repository_ids: [other.id] })).status).toBe(422);
  const app = (await grant()).body.token;
  expect((await world.call(app, "GET", "/repos/evil/other")).status).toBe(404);
});

test.each([
  { permissions: { issues: "read" }, method: "POST", path: "/issues/1/comments", body: { body: "x" } },
  { permissions: { issues: "write" }, method: "GET", path: "/contents/README.md" },
  { permissions: { contents: "read" }, method: "POST", path: "/git/blobs", body: { content: "x" } },
  { permissions: { contents: "write" }, method: "POST", path: "/pulls", body: { title: "t", head: "h", base: "main" } },
  { permissions: { actions: "read" }, method: "POST", path: "/actions/workflows/train.yml/dispatches", body: { ref: "main" } },
  { permissions: { checks: "read" }, method: "POST", path: "/check-runs", body: { name: "n", head_sha: "0".repeat(40) } },
])("a token with $permissions may not $method $path", async ({ permissions, method, path, body }) => {
  const { token } = (await grant({ permissions })).body;
  const refused = await world.call(token, method, REPO + path, body);
  expect([refused.status, refused.body.message]).toEqual([403, "Resource not accessible by integration"]);
});

test("attack 1: a person without a role sees nothing of a private repository, a reader may not label, dispatch or push", async () => {
  const stranger = world.github.addUser("stranger", "none");
  const reader = world.github.addUser("rita", "read");
  expect((await world.call(stranger, "GET", REPO)).status).toBe(404);
  expect((await world.call(null, "GET", REPO)).status).toBe(404);
  const { number } = (await world.call(reader, "POST", `${REPO}/issues`, { title: "t", labels: ["worktrain:ready"] })).body;
  expect((await world.call(reader, "GET", `${REPO}/issues/${number}`)).body.labels).toEqual([]);
  expect((await world.call(reader, "POST", `${REPO}/issues/${number}/labels`, { labels: ["x"] })).status).toBe(403);
  expect((await world.call(reader, "POST", `${REPO}/actions/workflows/train.yml/dispatches`, { ref: "main" })).status).toBe(403);
});

test("rubbish is refused before any route: bad tokens, no agent name, unknown API version, broken JSON", async () => {
  expect((await world.call("ghs_4242_nonsense", "GET", REPO)).status).toBe(401);
  expect((await world.call(world.maintainer, "GET", REPO, undefined, { "user-agent": "" })).status).toBe(403);
  expect((await world.call(world.maintainer, "GET", REPO, undefined, { "x-github-api-version": "2020-01-01" })).status).toBe(400);
  const broken = await fetch(`${world.github.url}${REPO}/issues`, {
    method: "POST",
    body: "{",
    headers: { authorization: `Bearer ${world.maintainer}` },
  });
  expect(broken.status).toBe(400);
});

test("every answer has a request id and a rate limit that goes down", async () => {
  const first = await world.call(world.maintainer, "GET", REPO);
  const second = await world.call(world.maintainer, "GET", REPO);
  expect(first.headers.get("x-github-request-id")).toMatch(/^[0-9A-F-]{36}$/);
  expect(Number(first.headers.get("x-ratelimit-remaining")) - Number(second.headers.get("x-ratelimit-remaining"))).toBe(1);
});
