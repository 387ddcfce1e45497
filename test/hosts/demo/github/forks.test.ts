/** Forks: another repository, whose commits the base can be asked for by their ids, and whose owner may do nothing in the base. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startWorld, writeFiles, type World } from "./world.ts";

const REPO = "/repos/acme/calc";
let world: World;
let mallory: string;
beforeAll(async () => {
  world = await startWorld({ visibility: "public" });
  mallory = world.github.addUser("mallory", "none");
});
afterAll(() => world.close());

const remoteOf = (name: string): string => `${world.github.url.replace("http://", `http://x-access-token:${mallory}@`)}/mallory/${name}.git`;

/** Pushes a file to a branch of the fork. Returns the commit. */
async function push(branch: string, text: string): Promise<string> {
  const clone = join(world.directory, "clone-of-mallory");
  await world.git(world.directory, "clone", "--quiet", remoteOf("calc"), clone);
  await world.git(clone, "switch", "--quiet", "-C", branch);
  writeFiles(clone, { "words.js": text });
  await world.git(clone, "add", "-A");
  await world.git(clone, "commit", "--quiet", "-m", text);
  const pushed = await world.git(clone, "push", "--quiet", "--force", "origin", branch);
  if (pushed.code !== 0) throw new Error(pushed.err);
  await world.github.settled();
  return (await world.git(clone, "rev-parse", "HEAD")).out.trim();
}

test("who may read makes a fork of their own, once; an App may not without the permission, nor somebody of what is theirs", async () => {
  const made = await world.call(mallory, "POST", `${REPO}/forks`, {});
  expect([made.status, made.body.full_name, made.body.fork, made.body.parent.full_name, made.body.permissions]).toEqual([202, "mallory/calc", true, "acme/calc", undefined]);
  expect((await world.call(mallory, "POST", `${REPO}/forks`, {})).body.id).toBe(made.body.id);
  expect((await world.call(mallory, "GET", "/repos/mallory/calc/branches/main")).body.commit.sha).toBe((await world.call(world.maintainer, "GET", `${REPO}/branches/main`)).body.commit.sha);
  expect((await world.call(mallory, "GET", REPO)).body).toMatchObject({ fork: false, forks_count: 1 });
  expect((await world.call(world.app, "POST", `${REPO}/forks`, {})).status).toBe(403);
  expect((await world.call(mallory, "POST", "/repos/mallory/calc/forks", {})).status).toBe(422);
});

test("its branch is asked to be taken: the head is the fork's, and is had from the base by the pull request's ref and by id", async () => {
  const sha = await push("words", "one\n");
  // Who may only read opens one of a fork, and none of a branch of the base.
  expect((await world.call(mallory, "POST", `${REPO}/pulls`, { title: "t", head: "main", base: "main" })).status).toBe(403);
  expect((await world.call(world.maintainer, "POST", `${REPO}/pulls`, { title: "t", head: "mallory:words", base: "main" })).status).toBe(403);
  const opened = await world.call(mallory, "POST", `${REPO}/pulls`, { title: "Words", head: "mallory:words", base: "main" });
  expect(opened.status).toBe(201);
  const { number } = opened.body;
  const { head, base, user } = (await world.call(world.app, "GET", `${REPO}/pulls/${number}`)).body;
  expect([head.label, head.sha, head.repo.full_name, head.repo.fork, head.user.login, base.repo.full_name, user.login]).toEqual(["mallory:words", sha, "mallory/calc", true, "mallory", "acme/calc", "mallory"]);
  expect((await world.call(world.app, "GET", `${REPO}/pulls?head=mallory:words`)).body).toHaveLength(1);
  expect((await world.call(world.app, "GET", `${REPO}/pulls?head=acme:words`)).body).toHaveLength(0);
  const clone = join(world.directory, "clone-of-mona");
  await world.git(world.directory, "clone", "--quiet", world.remote(world.maintainer), clone);
  expect((await world.git(clone, "fetch", "--quiet", "origin", `refs/pull/${number}/head`)).code).toBe(0);
  expect((await world.git(clone, "rev-parse", "FETCH_HEAD")).out.trim()).toBe(sha);
  expect((await world.git(clone, "branch", "--remotes", "--list", "origin/words")).out).toBe("");
  expect((await world.call(world.app, "GET", `${REPO}/git/commits/${sha}`)).body.message.trim()).toBe("one");
  const check = await world.call(world.app, "POST", `${REPO}/check-runs`, { name: "c", head_sha: sha, status: "completed", conclusion: "success" });
  expect([check.status, check.body.pull_requests]).toEqual([201, []]);
});

test("a push to the fork is the pull request's, told in the base", async () => {
  const sha = await push("words", "two\n");
  expect((await world.call(world.app, "GET", `${REPO}/pulls/1`)).body.head.sha).toBe(sha);
  expect((await world.git(join(world.directory, "clone-of-mona"), "ls-remote", "origin", "refs/pull/1/head")).out).toContain(sha);
  expect(world.github.state().history.filter(({ kind, repositoryId }) => kind === "pull_request" && repositoryId === world.repositoryId).map((each) => ("action" in each ? each.action : ""))).toEqual(["opened", "synchronize"]);
  // A branch of the same name in the base is another one.
  const clone = join(world.directory, "clone-of-mona");
  await world.git(clone, "push", "--quiet", "origin", "HEAD:refs/heads/words");
  expect((await world.call(world.app, "GET", `${REPO}/pulls/1`)).body.head.sha).toBe(sha);
});

test("its owner may push nothing to the base; merged it is in the base", async () => {
  const clone = join(world.directory, "clone-of-mallory");
  expect((await world.git(clone, "push", "--quiet", world.remote(mallory), "HEAD:refs/heads/own")).code).not.toBe(0);
  expect((await world.call(mallory, "POST", `${REPO}/issues/1/labels`, { labels: ["worktrain:ready"] })).status).toBe(403);
  expect((await world.call(world.maintainer, "PUT", `${REPO}/pulls/1/merge`, {})).status).toBe(200);
  expect((await world.call(world.maintainer, "GET", `${REPO}/contents/words.js`)).body.type).toBe("file");
});
