import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startWorld, writeFiles, type World } from "./world.ts";

const REPO = "/repos/acme/calc";
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const head = async (branch = "main"): Promise<string> => (await world.call(world.app, "GET", `${REPO}/branches/${branch}`)).body.commit.sha;

async function commitTree(entries: readonly object[], parent: string): Promise<{ readonly tree: string; readonly commit: string }> {
  const tree = (await world.call(world.app, "POST", `${REPO}/git/trees`, { base_tree: parent, tree: entries })).body.sha;
  const commit = (await world.call(world.app, "POST", `${REPO}/git/commits`, { message: "made by REST", tree, parents: [parent] })).body.sha;
  return { tree, commit };
}

test("what is pushed is read by REST, and what REST commits is cloned, file modes and deletions included", async () => {
  const base = await head();
  const blob = (
    await world.call(world.app, "POST", `${REPO}/git/blobs`, { content: Buffer.from([0, 255, 10]).toString("base64"), encoding: "base64" })
  ).body.sha;
  const made = await commitTree(
    [
      { path: "src/add.js", mode: "100755", type: "blob", content: "export const add = (a, b) => a + b;\n" },
      { path: "data/raw.bin", mode: "100644", type: "blob", sha: blob },
      { path: "link", mode: "120000", type: "blob", content: "README.md" },
      { path: "README.md", mode: "100644", type: "blob", sha: null },
    ],
    base,
  );
  expect((await world.call(world.app, "POST", `${REPO}/git/refs`, { ref: "refs/heads/worktrain/issue-1-1", sha: made.commit })).status).toBe(201);

  const clone = join(world.directory, "clone");
  expect((await world.git(world.directory, "clone", "--quiet", "--branch", "worktrain/issue-1-1", world.remote(world.app), clone)).code).toBe(0);
  expect((await world.git(clone, "ls-tree", "-r", "HEAD")).out.replaceAll(/ [0-9a-f]{40}/g, "").split("\n")).toEqual([
    "100644 blob\t.github/workflows/train.yml",
    "100644 blob\tdata/raw.bin",
    "120000 blob\tlink",
    "100755 blob\tsrc/add.js",
    "",
  ]);
  expect((await world.git(clone, "log", "-1", "--format=%an <%ae> %cn %B")).out.trim()).toMatch(
    /^worktrain\[bot\] <\d+\+worktrain\[bot\]@users\.noreply\.github\.com> GitHub made by REST$/,
  );
  expect((await world.git(clone, "fsck", "--strict")).code).toBe(0);
  const raw = await fetch(`${world.github.url}${REPO}/git/blobs/${blob}`, {
    headers: { authorization: `Bearer ${world.app}`, accept: "application/vnd.github.raw+json" },
  });
  expect([...new Uint8Array(await raw.arrayBuffer())]).toEqual([0, 255, 10]);
});

test("files are read at a ref, as JSON and raw; folders are listed; what is not there is 404", async () => {
  const file = await world.call(world.app, "GET", `${REPO}/contents/src/add.js?ref=main`);
  expect(Buffer.from(file.body.content, "base64").toString()).toContain("a - b");
  const raw = await world.call(world.app, "GET", `${REPO}/contents/src/add.js`, undefined, { accept: "application/vnd.github.raw+json" });
  expect(raw.body).toBe("export const add = (a, b) => a - b;\n");
  const listing = await world.call(world.app, "GET", `${REPO}/contents/src`);
  expect(listing.body.map((entry: { path: string; type: string }) => [entry.path, entry.type])).toEqual([["src/add.js", "file"]]);
  expect((await world.call(world.app, "GET", `${REPO}/contents/absent.txt`)).status).toBe(404);
  expect((await world.call(world.app, "GET", `${REPO}/contents/README.md?ref=absent`)).status).toBe(404);
});

test("fault 50: a branch moves only forward unless forced, and only when it exists", async () => {
  const base = await head();
  const [one, other] = [
    await commitTree([{ path: "one", mode: "100644", type: "blob", content: "1" }], base),
    await commitTree([{ path: "two", mode: "100644", type: "blob", content: "2" }], base),
  ];
  await world.call(world.app, "POST", `${REPO}/git/refs`, { ref: "refs/heads/moving", sha: one.commit });
  const move = (sha: string, force?: boolean) =>
    world.call(world.app, "PATCH", `${REPO}/git/refs/heads/moving`, { sha, ...(force === undefined ? {} : { force }) });
  const refused = await move(other.commit);
  expect([refused.status, refused.body.message]).toEqual([422, "Update is not a fast forward"]);
  expect((await move(other.commit, true)).body.object.sha).toBe(other.commit);
  expect((await world.call(world.app, "POST", `${REPO}/git/refs`, { ref: "refs/heads/moving", sha: base })).body.message).toBe(
    "Reference already exists",
  );
  expect((await world.call(world.app, "PATCH", `${REPO}/git/refs/heads/absent`, { sha: base })).body.message).toBe("Reference does not exist");
  expect((await world.call(world.app, "GET", `${REPO}/git/matching-refs/heads/mov`)).body.map((ref: { ref: string }) => ref.ref)).toEqual([
    "refs/heads/moving",
  ]);
  expect((await world.call(world.app, "GET", `${REPO}/git/ref/heads/mov`)).status).toBe(404);
});

test("custom refs live beside branches (refs/worktrain)", async () => {
  const base = await head();
  expect((await world.call(world.app, "POST", `${REPO}/git/refs`, { ref: "refs/worktrain/issue-1", sha: base })).status).toBe(201);
  expect((await world.call(world.app, "GET", `${REPO}/git/ref/worktrain/issue-1`)).body.object.sha).toBe(base);
});

test.each(["../escape", ".git/config", "a/../b", "/absolute", "a//b", ".GIT/hooks/x"])("attack 13: a tree cannot hold the path %s", async (path) => {
  const made = await world.call(world.app, "POST", `${REPO}/git/trees`, { tree: [{ path, mode: "100644", type: "blob", content: "x" }] });
  expect([made.status, made.body.message]).toEqual([422, "tree.path contains a malformed path component"]);
});

test("attack 13: a token without the permission `workflows` cannot bring a changed workflow file to a branch", async () => {
  const { commit } = await commitTree([{ path: ".github/workflows/evil.yml", mode: "100644", type: "blob", content: "on: push" }], await head());
  expect((await world.call(world.app, "POST", `${REPO}/git/refs`, { ref: "refs/heads/evil", sha: commit })).status).toBe(403);
  expect((await world.call(world.maintainer, "POST", `${REPO}/git/refs`, { ref: "refs/heads/fine", sha: commit })).status).toBe(201);
});

test("git over HTTP asks for credentials, and refuses those that may not read or write", async () => {
  const remote = (token: string | null) => (token === null ? `${world.github.url}/acme/calc.git` : world.remote(token));
  const readOnly = (
    await world.call(world.appJwt(), "POST", `/app/installations/${world.installationId}/access_tokens`, { permissions: { contents: "read" } })
  ).body.token;
  const noContents = (
    await world.call(world.appJwt(), "POST", `/app/installations/${world.installationId}/access_tokens`, { permissions: { issues: "read" } })
  ).body.token;
  expect((await world.git(world.directory, "ls-remote", remote(null))).code).not.toBe(0);
  expect((await world.git(world.directory, "ls-remote", remote(readOnly), "refs/heads/main")).out).toContain(await head());
  expect((await world.git(world.directory, "ls-remote", remote(noContents))).code).not.toBe(0);
  const clone = join(world.directory, "first-clone");
  const pushed = await world.git(clone, "push", remote(readOnly), "HEAD:refs/heads/forbidden");
  expect(pushed.code).not.toBe(0);
  expect((await world.call(world.app, "GET", `${REPO}/branches/forbidden`)).status).toBe(404);
  expect((await world.git(clone, "push", "--quiet", world.remote(world.maintainer), "HEAD:refs/pull/7/head")).code).not.toBe(0);
});

test("a pull request is opened once for a branch, follows pushes to it, and counts its changes", async () => {
  const clone = join(world.directory, "first-clone");
  writeFiles(clone, { "src/add.js": "export const add = (a, b) => a + b;\n" });
  await world.git(clone, "commit", "--quiet", "-am", "fix");
  await world.git(clone, "push", "--quiet", world.remote(world.maintainer), "HEAD:refs/heads/fix");
  const wish = { title: "Fix add", head: "fix", base: "main", body: "Closes #1" };
  const opened = await world.call(world.app, "POST", `${REPO}/pulls`, wish);
  expect(opened.body).toMatchObject({
    state: "open",
    additions: 1,
    deletions: 1,
    changed_files: 1,
    commits: 1,
    mergeable: true,
    user: { login: "worktrain[bot]" },
  });
  const again = await world.call(world.app, "POST", `${REPO}/pulls`, wish);
  expect([again.status, again.body.errors[0].message]).toEqual([422, "A pull request already exists for acme:fix."]);
  expect((await world.call(world.app, "POST", `${REPO}/pulls`, { ...wish, head: "absent" })).body.errors[0].field).toBe("head");
  expect((await world.call(world.app, "POST", `${REPO}/pulls`, { ...wish, head: "main" })).body.errors[0].message).toBe(
    "No commits between main and main",
  );

  writeFiles(clone, { "src/add.js": "export const add = (a, b) => a + b; // fixed\n" });
  await world.git(clone, "commit", "--quiet", "-am", "say so");
  await world.git(clone, "push", "--quiet", world.remote(world.maintainer), "HEAD:refs/heads/fix");
  const { number } = opened.body;
  const now = await world.call(world.app, "GET", `${REPO}/pulls/${number}`);
  expect(now.body).toMatchObject({ commits: 2, head: { ref: "fix", sha: (await world.git(clone, "rev-parse", "HEAD")).out.trim() } });
  expect((await world.git(clone, "ls-remote", world.remote(world.app), `refs/pull/${number}/head`)).out).toContain(now.body.head.sha);
  const files = await world.call(world.app, "GET", `${REPO}/pulls/${number}/files`);
  expect(files.body).toMatchObject([{ filename: "src/add.js", status: "modified", additions: 1, deletions: 1 }]);
  expect((await world.call(world.app, "GET", `${REPO}/pulls?head=acme:fix&state=all`)).body.map((pull: { number: number }) => pull.number)).toEqual([
    number,
  ]);
  const comparison = await world.call(world.app, "GET", `${REPO}/compare/main...fix`);
  expect(comparison.body).toMatchObject({ status: "ahead", ahead_by: 2, behind_by: 0 });
  expect(world.github.timeline(world.repositoryId, number).map(({ actor }) => actor)).toEqual(["worktrain[bot]", "mona"]);
});

test("a pull request whose head is pushed to its base is merged, and the issue it fixes is closed", async () => {
  const { body: issue } = await world.call(world.maintainer, "POST", `${REPO}/issues`, { title: "Numbers are not added" });
  const clone = join(world.directory, "merging-clone");
  await world.git(world.directory, "clone", "--quiet", world.remote(world.maintainer), clone);
  await world.git(clone, "checkout", "--quiet", "-b", "land");
  writeFiles(clone, { "src/land.js": "export const land = 1;\n" });
  await world.git(clone, "add", "--all");
  await world.git(clone, "commit", "--quiet", "-m", "land");
  await world.git(clone, "push", "--quiet", world.remote(world.maintainer), "HEAD:refs/heads/land");
  const { body: opened } = await world.call(world.app, "POST", `${REPO}/pulls`, { title: "Land", head: "land", base: "main", body: `Fixes #${issue.number}` });
  const { body: other } = await world.call(world.app, "GET", `${REPO}/pulls?state=open`);
  await world.git(clone, "checkout", "--quiet", "main");
  await world.git(clone, "merge", "--quiet", "--no-ff", "-m", "Merge land", "land");
  expect((await world.git(clone, "push", "--quiet", world.remote(world.maintainer), "main")).code).toBe(0);
  const { body: landed } = await world.call(world.app, "GET", `${REPO}/pulls/${opened.number}`);
  expect(landed).toMatchObject({ state: "closed", merged: true, merged_by: { login: "mona" }, merge_commit_sha: (await world.git(clone, "rev-parse", "main")).out.trim() });
  expect((await world.call(world.maintainer, "GET", `${REPO}/issues/${issue.number}`)).body).toMatchObject({ state: "closed" });
  const stillOpen = (await world.call(world.app, "GET", `${REPO}/pulls?state=open`)).body.map((pull: { number: number }) => pull.number);
  expect(stillOpen).toEqual(other.map((pull: { number: number }) => pull.number).filter((number: number) => number !== opened.number));
  expect(world.github.timeline(world.repositoryId, opened.number).map(({ actor, text }) => `${actor} ${text}`)).toEqual(["worktrain[bot] opened the pull request", "mona merged it"]);
});
