/** What is read from files is what git says: the same questions are asked of loose objects and refs, then of packed ones, which only git reads. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BareRepository } from "../../../../src/hosts/demo/github/git/bare-repository.ts";
import type { TreeChange } from "../../../../src/hosts/demo/github/git/git.ts";
import { initRepository, runGit } from "../../../../src/hosts/demo/github/git/run-git.ts";
import type { Processes } from "../../../../src/shared/ports.ts";
import { nodeProcesses } from "../../../../src/shared/node-processes.ts";

const directory = mkdtempSync(join(tmpdir(), "worktrain-bare-"));
const who = { name: "Ada", email: "ada@example.org", date: "2026-01-01T00:00:00Z" };
beforeAll(() => initRepository(nodeProcesses, directory, "main"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A repository whose git processes are counted. */
function counted() {
  const started: string[] = [];
  const processes: Processes = { ...nodeProcesses, run: (program, args, options) => (started.push(args.slice(2).join(" ")), nodeProcesses.run(program, args, options)) };
  return { started, git: new BareRepository(processes, directory) };
}

async function history(git: BareRepository) {
  const [one, two] = [await git.writeBlob(Buffer.from("one\n")), await git.writeBlob(Buffer.from("two ü\n"))];
  const commit = async (parents: readonly string[], message: string, changes: readonly TreeChange[]): Promise<string> => {
    const tree = await git.writeTree(parents[0] ?? null, changes);
    return git.writeCommit({ tree: tree.ok ? tree.id : expect.fail(tree.reason), parents, message, author: who, committer: who });
  };
  const file = (path: string, id: string | null, mode = "100644"): TreeChange => ({ path, mode, id });
  const root = await commit([], "Root", [file("a/b/c.txt", one), file("a/ü.txt", two), file("run.sh", one, "100755"), file("link", one, "120000")]);
  const left = await commit([root], "Left\n\nMore.", [file("a/b/c.txt", two), file("link", null)]);
  const right = await commit([root], "Right", [file("new.txt", two), file("run.sh", one, "100644")]);
  const merge = await commit([left, right], "Merge", [file("new.txt", two)]);
  const after = await commit([merge], "After", [file("a/b/c.txt", null)]);
  for (const [name, id] of [["refs/heads/main", after], ["refs/heads/a.b-c_d/e", left], ["refs/heads/ümlaut", right], ["refs/pull/2/head", merge]] as const) expect(await git.moveRef(name, null, id)).toBe(true);
  return { one, two, root, left, right, merge, after };
}

async function answers(git: BareRepository, { one, root, left, right, merge, after }: Awaited<ReturnType<typeof history>>) {
  const missing = "1".repeat(40);
  return {
    refs: await git.refs(),
    pulls: await git.refs("refs/pull/"),
    named: await Promise.all(["main", "a.b-c_d/e", "ümlaut", "pull/2/head", "refs/heads/main", after, missing, "main~1", "nope", "../HEAD", "refs/heads/.x", one].map((name) => git.commitOf(name))),
    inspected: await Promise.all([one, root, missing, "main"].map((id) => git.inspect(id))),
    blobs: (await Promise.all([one, root, missing].map((id) => git.readBlob(id)))).map((bytes) => (bytes === null ? null : Buffer.from(bytes).toString())),
    commits: await Promise.all([root, merge, one, missing].map((id) => git.readCommit(id))),
    trees: await Promise.all([root, "main", missing].flatMap((id) => [git.readTree(id, { recursive: true }), git.readTree(id, { recursive: false })])),
    entries: await Promise.all(["", "a", "a/b", "a/b/c.txt", "a/ü.txt", "link", "a/", "a//b", "run.sh/x", "nowhere", "A"].map((path) => git.entryAt(root, path))),
    ancestors: await Promise.all([git.isAncestor(root, after), git.isAncestor(left, right), git.isAncestor(missing, after), git.isAncestor(after, after)]),
    between: await Promise.all([git.commitsBetween(null, left, 9), git.commitsBetween(root, left, 9), git.commitsBetween(right, after, 9), git.commitsBetween(merge, after, 9), git.commitsBetween(left, root, 9), git.commitsBetween(null, after, 2)]),
    counts: await Promise.all([git.countBetween(root, after), git.countBetween(right, after), git.countBetween(after, root)]),
    found: [await git.mergeBase(left, right), await git.mergeTree(left, right), await git.mergesCleanly(left, right)],
    diffs: [await git.diff(root, after), await git.diff(left, right)],
  };
}

test("loose and packed: the same answers; of what is loose git is asked for nothing that a file says", async () => {
  const made = await history(counted().git);
  const loose = counted();
  // A branch that is no plain name has all refs told by git.
  const before = await answers(loose.git, made);
  expect(before.named.slice(0, 6)).toEqual([made.after, made.left, made.right, made.merge, made.after, made.after]);
  expect(before.between.map((commits) => commits.map(({ message }) => message.split("\n")[0]))).toEqual([["Root", "Left"], ["Left"], ["Left", "Merge", "After"], ["After"], [], ["Merge", "After"]]);

  const again = counted();
  await Promise.all([again.git.commitOf("main"), again.git.readBlob(made.one), again.git.readTree("main", { recursive: true }), again.git.entryAt(made.root, "a/b/c.txt"), again.git.readCommit(made.merge), again.git.isAncestor(made.root, made.after), again.git.commitsBetween(made.root, made.left, 9), again.git.inspect(made.one)]);
  expect(again.started).toEqual([]);

  for (const args of [["pack-refs", "--all"], ["repack", "-a", "-d", "-q"], ["prune-packed", "-q"]]) expect((await runGit(nodeProcesses, directory, args)).exitCode).toBe(0);
  const packed = counted();
  expect(await answers(packed.git, made)).toEqual(before);
  expect(packed.started.some((args) => args.startsWith("cat-file blob"))).toBe(true);
});

test("what moves is seen at once: by its ref, and by those who read it before", async () => {
  const { git } = counted();
  const main = (await git.commitOf("main")) ?? expect.fail("no main");
  const parent = (await git.readCommit(main))?.parents[0] ?? expect.fail("no parent");
  const other = counted().git;
  expect(await other.commitOf("main")).toBe(main);
  expect(await git.moveRef("refs/heads/main", main, parent)).toBe(true);
  expect([await other.commitOf("main"), await git.commitOf("main")]).toEqual([parent, parent]);
  expect(await git.moveRef("refs/heads/main", parent, null)).toBe(true);
  expect([await other.commitOf("main"), (await other.refs("refs/heads/main")).length]).toEqual([null, 0]);
});
