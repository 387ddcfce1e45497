/** Working trees of slices and the merging of what they changed: with real git, behind the walls and without them. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { SnapshotRef } from "../../src/record/index.ts";
import { readManifest } from "../../src/record/manifest.ts";
import { nodeProcesses } from "../../src/shared/node-processes.ts";
import { leavesMarkers, openWorkspace, type SandboxMode, type Workspace, type WorkspaceSlices } from "../../src/workspace/index.ts";
import { blobStore, inShell, put, repository, sandboxOn, temporaryDirectory, workspaceOn } from "./small-repository.ts";

const FILES = { "a.txt": "one\ntwo\nthree\n", "b.txt": "b\n", ".gitignore": "node_modules\n" };

async function opened(files: Parameters<typeof repository>[0], mode: SandboxMode = "weak", prepare: (directory: string) => void = () => undefined) {
  const { directory, base } = repository(files);
  prepare(directory);
  const blobs = blobStore();
  const workspace = await workspaceOn(directory, base, mode);
  return { directory, base, workspace, slices: slicesOf(workspace), blobs };
}

const slicesOf = ({ slices }: Workspace): WorkspaceSlices => slices ?? expect.fail("no slices");

type World = Awaited<ReturnType<typeof opened>>;

/** What a slice that makes these changes leaves. */
async function left({ slices, blobs }: World, id: string, files: Readonly<Record<string, string | null>>, from: SnapshotRef | null = null): Promise<SnapshotRef> {
  const slice = await slices.open(id);
  expect(await slice.restore(from, blobs.get)).toMatchObject({ ok: true });
  for (const [path, content] of Object.entries(files)) {
    if (content === null) inShell(slice.directory, `rm ${path}`);
    else put(slice.directory, path, content);
  }
  const saved = await slice.save(blobs.put);
  await slice.close();
  return saved ?? expect.fail("nothing changed");
}

async function merged({ slices, blobs }: World, sides: { readonly base?: SnapshotRef | null; readonly ours: SnapshotRef | null; readonly theirs: SnapshotRef | null }) {
  const result = await slices.merge({ base: null, name: "x", ...sides }, blobs);
  return result.ok ? result.value : expect.fail(result.error.message);
}

async function contents({ blobs }: World, { manifest }: SnapshotRef): Promise<Readonly<Record<string, string | null>>> {
  const read = readManifest((await blobs.get(manifest)) ?? new Uint8Array());
  if (!read.ok) throw new Error(read.error.message);
  return Object.fromEntries(await Promise.all(read.value.entries.map(async (entry) => [entry.path, "deleted" in entry ? null : new TextDecoder().decode((await blobs.get(entry.sha256)) ?? new Uint8Array())])));
}

describe.each<SandboxMode>(["bubblewrap", "weak"])("a slice's working tree (%s)", (mode) => {
  test("is a worktree of the repository with all that the workspace held when it was opened, and is gone when it is closed", async () => {
    const world = await opened(FILES, mode, (directory) => {
      put(directory, "node_modules/x/index.js", "x");
      put(directory, "set-up.txt", "made by set-up");
      put(directory, "link", { link: "a.txt" });
    });
    put(world.directory, "a.txt", "half-done");
    const slice = await world.slices.open("code-1");
    expect(readFileSync(join(slice.directory, "a.txt"), "utf8")).toBe(FILES["a.txt"]);
    expect(readFileSync(join(slice.directory, "node_modules/x/index.js"), "utf8")).toBe("x");
    expect(readFileSync(join(slice.directory, "link"), "utf8")).toBe(FILES["a.txt"]);
    expect(inShell(world.directory, "git worktree list --porcelain")).toContain(slice.directory);
    put(slice.directory, "a.txt", "changed\n");
    put(slice.directory, "set-up.txt", "changed");
    const saved = (await slice.save(world.blobs.put)) ?? expect.fail("nothing saved");
    expect(await contents(world, saved)).toEqual({ "a.txt": "changed\n" });
    expect(readFileSync(join(world.directory, "a.txt"), "utf8")).toBe(FILES["a.txt"]);
    await slice.close();
    expect(existsSync(slice.directory)).toBe(false);
    expect(inShell(world.directory, "git worktree list --porcelain").match(/^worktree /gm)).toHaveLength(1);
  });

  test("shows its own changes to git inside the sandbox, cannot reach the files of the others, and writes nothing of the repository", async () => {
    const world = await opened(FILES, mode);
    const [slice, other] = [await world.slices.open("code-1"), await world.slices.open("code-2")];
    const sandbox = await sandboxOn(slice.directory, mode, { linked: slice.linked });
    put(slice.directory, "a.txt", "changed\n");
    const run = (command: string) => sandbox.call("bash", { command });
    expect((await run("git status --short && git log --format=%s")).content).toContain(" M a.txt\nbase");
    expect((await run("git diff")).content).toContain("+changed");
    if (mode === "bubblewrap") {
      const { content } = await run(`cat ${join(world.directory, "b.txt")} ${join(other.directory, "b.txt")}; echo x > .git; echo x > ${join(world.directory, ".git", "config")}; git commit -qam x`);
      expect(content).not.toMatch(/^b$/m);
      expect(content).toMatch(/No such file[\s\S]*No such file[\s\S]*Read-only file system/);
    }
    await Promise.all([slice.close(), other.close()]);
  });
});

test("T3: what a lost run left is gone when the workspace is opened again, and worktrees of somebody else stay", async () => {
  const { directory, base } = repository(FILES);
  const privateDirectory = temporaryDirectory();
  const elsewhere = join(temporaryDirectory(), "mine");
  inShell(directory, `git worktree add -q --detach ${elsewhere}`);
  const options = { directory, base, privateDirectory, processes: nodeProcesses };
  const lost = await slicesOf(await openWorkspace(options)).open("code-1");
  mkdirSync(join(lost.directory, "shut"), { mode: 0o000 });
  await openWorkspace(options);
  expect(existsSync(lost.directory)).toBe(false);
  expect(readdirSync(join(directory, ".git", "worktrees"))).toEqual(["mine"]);
});

test("a slice whose agent shut its own directories is removed all the same, and a name that is there already is made anew", async () => {
  const world = await opened(FILES);
  const slice = await world.slices.open("code-1");
  inShell(slice.directory, "mkdir -p shut/in && touch shut/in/x && chmod 0 shut/in shut");
  const again = await world.slices.open("code-1");
  expect(existsSync(join(again.directory, "shut"))).toBe(false);
  inShell(again.directory, "mkdir shut && touch shut/x && chmod 0 shut");
  await again.close();
  expect(existsSync(again.directory)).toBe(false);
});

describe("a merge", () => {
  test("of different places of one file, of an added, a deleted and a moved one comes together, whichever goes first", async () => {
    const lines = Array.from({ length: 30 }, (_, index) => `line ${index}\n`).join("");
    const world = await opened({ ...FILES, "long.txt": lines, "gone.txt": "x\n" });
    const one = await left(world, "one", { "long.txt": lines.replace("line 1\n", "ONE\n"), "new.txt": "new\n" });
    const two = await left(world, "two", { "long.txt": null, "moved.txt": lines.replace("line 20\n", "TWENTY\n"), "gone.txt": null });
    const [first, second] = [await merged(world, { ours: one, theirs: two }), await merged(world, { ours: two, theirs: one })];
    expect(first.conflicts).toEqual([]);
    expect(first.snapshot.tree).toBe(second.snapshot.tree);
    expect(await contents(world, first.snapshot)).toEqual({ "gone.txt": null, "long.txt": null, "moved.txt": lines.replace("line 1\n", "ONE\n").replace("line 20\n", "TWENTY\n"), "new.txt": "new\n" });
  });

  test("builds on what both began with: a slice of the second wave does not bring back what the first replaced", async () => {
    const world = await opened(FILES);
    const first = await left(world, "one", { "a.txt": "first\n" });
    const left2 = await left(world, "two", { "a.txt": "second\n" }, first);
    const ours = await merged(world, { base: first, ours: first, theirs: await left(world, "three", { "c.txt": "c\n" }, first) });
    const whole = await merged(world, { base: first, ours: ours.snapshot, theirs: left2 });
    expect(await contents(world, whole.snapshot)).toEqual({ "a.txt": "second\n", "c.txt": "c\n" });
    expect(whole.conflicts).toEqual([]);
  });

  test("of the same places holds both sides between markers that name them; what has no lines is one side, and told as such", async () => {
    const world = await opened(FILES, "bubblewrap");
    const [ours, theirs] = [await left(world, "one", { "a.txt": "one\nOURS\nthree\n", "b.txt": "ours\n" }), await left(world, "two", { "a.txt": "one\nTHEIRS\nthree\n", "b.txt": null, "é space.txt": "x\n" })];
    const { snapshot, conflicts } = await merged(world, { ours, theirs });
    expect(conflicts).toEqual([{ path: "a.txt", kind: "markers" }, { path: "b.txt", kind: "whole" }]);
    expect(await contents(world, snapshot)).toEqual({ "a.txt": "one\n<<<<<<< whole\nOURS\n=======\nTHEIRS\n>>>>>>> slice-x\nthree\n", "b.txt": "ours\n", "é space.txt": "x\n" });
    expect(await world.workspace.restore(snapshot, world.blobs.get)).toMatchObject({ ok: true });
  });

  test("M1: no merge driver, filter, hook or marker size of the repository takes part", async () => {
    const marker = join(temporaryDirectory(), "ran");
    const world = await opened({ ...FILES, ".gitattributes": "* merge=evil filter=evil conflict-marker-size=3\n*.md merge=union\n", "doc.md": "doc\n" }, "weak", (directory) => {
      inShell(directory, `git config merge.evil.driver 'touch ${marker}; exit 0' && git config filter.evil.smudge 'touch ${marker}; cat' && git config filter.evil.clean 'touch ${marker}; cat' && git config merge.default evil && git config core.fsmonitor 'touch ${marker}'`);
      for (const hook of ["post-checkout", "post-index-change", "reference-transaction"]) put(directory, `.git/hooks/${hook}`, { executable: `#!/bin/sh\ntouch ${marker}\n` });
    });
    const sides = { ours: await left(world, "one", { "a.txt": "ours\n", "doc.md": "ours\n" }), theirs: await left(world, "two", { "a.txt": "theirs\n", "doc.md": "theirs\n" }) };
    const { snapshot, conflicts } = await merged(world, sides);
    expect(conflicts.map(({ path }) => path)).toEqual(["a.txt", "doc.md"]);
    expect((await contents(world, snapshot))["a.txt"]).toBe("<<<<<<< whole\nours\n=======\ntheirs\n>>>>>>> slice-x\n");
    expect(existsSync(marker)).toBe(false);
  });

  test("of a side that the journal does not hold is refused", async () => {
    const world = await opened(FILES);
    const ours = await left(world, "one", { "a.txt": "x\n" });
    const result = await world.slices.merge({ base: null, ours, theirs: { ...ours, manifest: "f".repeat(64) }, name: "x" }, world.blobs);
    expect(result).toMatchObject({ ok: false, error: { kind: "snapshot-missing" } });
  });
});

test.each([
  ["a whole conflict", "<<<<<<< whole\na\n=======\nb\n>>>>>>> slice-x\n", true],
  ["its end alone", "a\n>>>>>>> slice-x\n", true],
  ["its middle alone", "a\n=======\nb\n", true],
  ["with Windows line ends", "<<<<<<< whole\r\na\r\n", true],
  ["nothing", "a\nb\n", false],
  ["a heading that was there", "Title\n=======\n", false],
  ["a longer row of signs", "<<<<<<<<<< a\n========\n", false],
])("marks of a conflict: %s", (_, text, marked) => {
  expect(leavesMarkers(text, [text.includes("Title") ? "Title\n=======\n" : "a\nb\n"])).toBe(marked);
});
