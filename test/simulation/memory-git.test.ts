/** The git in memory beside a real bare repository: the same deeds give the same object names and answers. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MemoryGit } from "../../simulation/memory-git.ts";
import { BareRepository } from "../../src/hosts/demo/github/git/bare-repository.ts";
import type { Git } from "../../src/hosts/demo/github/git/git.ts";
import { initRepository } from "../../src/hosts/demo/github/git/run-git.ts";
import { nodeProcesses } from "../../src/shared/node-processes.ts";

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "worktrain-memory-git-"));
  await initRepository(nodeProcesses, directory, "main");
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const who = { name: "Ada", email: "ada@example.org", date: "2026-01-01T00:00:00Z" };

/** Writes a small history and asks everything there is to ask of it. */
async function deeds(git: Git): Promise<unknown> {
  const [one, two, odd] = [await git.writeBlob(bytes("one\n")), await git.writeBlob(bytes("two\n")), await git.writeBlob(Uint8Array.of(0, 255, 10))];
  const first = await git.writeTree(null, [
    { path: "a/b.txt", mode: "100644", id: one },
    { path: "a.txt", mode: "100644", id: two },
    { path: "a/c/run.sh", mode: "100755", id: two },
    { path: "link", mode: "120000", id: one },
  ]);
  const firstId = first.ok ? first.id : "";
  const root = await git.writeCommit({ tree: firstId, parents: [], message: "First\n\nWith a body.\n", author: who, committer: who });
  const second = await git.writeTree(root, [{ path: "a/b.txt", mode: "100644", id: two }, { path: "raw.bin", mode: "100644", id: odd }, { path: "link", mode: "100644", id: null }]);
  const left = await git.writeCommit({ tree: second.ok ? second.id : "", parents: [root], message: "Left", author: who, committer: who });
  const third = await git.writeTree(root, [{ path: "a.txt", mode: "100644", id: one }]);
  const right = await git.writeCommit({ tree: third.ok ? third.id : "", parents: [root], message: "Right", author: who, committer: who });
  const clash = await git.writeTree(root, [{ path: "a/b.txt", mode: "100644", id: odd }]);
  const clashing = await git.writeCommit({ tree: clash.ok ? clash.id : "", parents: [root], message: "Clash", author: who, committer: who });
  const moves = [
    await git.moveRef("refs/heads/main", null, root),
    await git.moveRef("refs/heads/main", left, right),
    await git.moveRef("refs/heads/main", root, left),
    await git.moveRef("refs/heads/a..b", null, root),
    await git.moveRefs([{ name: "refs/heads/x", from: null, to: root }, { name: "refs/heads/main", from: right, to: root }]),
    await git.moveRefs([{ name: "refs/worktrain/7/issue-1", from: null, to: right }, { name: "refs/heads/main", from: left, to: right }]),
  ];
  return {
    first,
    second,
    third,
    commits: [root, left, right, await git.readCommit(left)],
    moves,
    refs: await git.refs(),
    named: [await git.commitOf("main"), await git.commitOf("refs/worktrain/7/issue-1"), await git.commitOf("nope")],
    inspected: [await git.inspect(one), await git.inspect(firstId), await git.inspect("0".repeat(40))],
    flat: await git.readTree(root, { recursive: false }),
    deep: await git.readTree(left, { recursive: true }),
    entries: [await git.entryAt(left, "a/c/run.sh"), await git.entryAt(left, "a"), await git.entryAt(left, ""), await git.entryAt(left, "link")],
    blobs: [await git.readBlob(odd), await git.readBlob(root)].map((blob) => (blob === null ? null : [...blob])),
    ancestors: [await git.isAncestor(root, left), await git.isAncestor(left, root), await git.mergeBase(left, right)],
    between: [await git.countBetween(root, right), await git.commitsBetween(root, left, 10)],
    merges: [await git.mergesCleanly(left, right), await git.mergesCleanly(left, clashing)],
    changed: (await git.diff(root, left)).map(({ path, status, id }) => ({ path, status, id })),
    refused: await git.writeTree(root, [{ path: "nowhere", mode: "100644", id: null }]),
  };
}

test("names, trees, refs and histories are git's own", async () => {
  expect(await deeds(new MemoryGit())).toEqual(await deeds(new BareRepository(nodeProcesses, directory)));
});
