/** What was made on an earlier commit, merged with the commit that the workspace is at: with real git, behind the walls and without them. */
import { describe, expect, test } from "vitest";
import { readManifest } from "../../src/record/manifest.ts";
import type { SandboxMode } from "../../src/workspace/index.ts";
import { blobStore, inShell, put, repository, workspaceOn } from "./small-repository.ts";

const FILES = { "a.txt": "one\ntwo\nthree\n", "b.txt": "b\n", "c.txt": "c\n" };
const NAMES = { ours: "delivered", theirs: "base" };

/** A change of the first commit, and a workspace at one behind it in which `moved` was done. */
async function world(mode: SandboxMode, { change, moved }: { readonly change: string; readonly moved: string }) {
  const { directory, base } = repository(FILES);
  const blobs = blobStore();
  const first = await workspaceOn(directory, base, mode);
  inShell(directory, change);
  const delivered = (await first.save(blobs.put)) ?? expect.fail("nothing changed");
  await first.restore(null, blobs.get);
  inShell(directory, `${moved} && git add -A && git commit -qm moved`);
  const now = inShell(directory, "git rev-parse HEAD").trim();
  const workspace = await workspaceOn(directory, now, mode);
  const merge = (snapshot = delivered) => workspace.mergeOntoBase?.({ snapshot, names: NAMES }, blobs) ?? expect.fail("no repository");
  return { directory, blobs, delivered, now, workspace, merge };
}

describe.each<SandboxMode>(["bubblewrap", "weak"])("onto a base that moved on (%s)", (mode) => {
  test("git's own merge: both sides stand between markers that name them, the rest is theirs and ours, and the manifest is over the new base", async () => {
    const { blobs, now, workspace, directory, merge } = await world(mode, { change: "echo ours > a.txt; echo new > d.txt", moved: "echo theirs > a.txt; echo b2 > b.txt" });
    const merged = await merge();
    if (!merged.ok) throw new Error(merged.error.message);
    const { snapshot, conflicts } = merged.value;
    expect(conflicts).toEqual([{ path: "a.txt", kind: "markers" }]);
    expect(snapshot.base).toBe(now);
    const manifest = readManifest((await blobs.get(snapshot.manifest)) ?? new Uint8Array());
    expect(manifest.ok && manifest.value.entries.map(({ path }) => path)).toEqual(["a.txt", "d.txt"]);
    expect(await workspace.restore(snapshot, blobs.get)).toMatchObject({ ok: true });
    expect(inShell(directory, "cat a.txt b.txt d.txt")).toBe("<<<<<<< delivered\nours\n=======\ntheirs\n>>>>>>> base\nb2\nnew\n");
  });

  test("beside each other they merge without a conflict; what one side deleted and the other changed is one", async () => {
    const beside = await (await world(mode, { change: "echo ours >> a.txt", moved: "echo b2 > b.txt" })).merge();
    expect(beside).toMatchObject({ ok: true, value: { conflicts: [] } });
    const deleted = await (await world(mode, { change: "echo ours >> a.txt", moved: "git rm -q a.txt" })).merge();
    expect(deleted).toMatchObject({ ok: true, value: { conflicts: [{ path: "a.txt", kind: "whole" }] } });
  });
});

test("M1: neither a driver nor attributes of the repository take part", async () => {
  const { merge, directory } = await world("weak", { change: "echo ours > a.txt", moved: "echo theirs > a.txt; echo '* merge=ours' > .gitattributes; git config merge.ours.driver true" });
  put(directory, ".git/info/attributes", "* merge=union\n");
  expect(await merge()).toMatchObject({ ok: true, value: { conflicts: [{ path: "a.txt", kind: "markers" }] } });
});

test("a commit that the clone does not hold any more is told, and nothing is merged", async () => {
  const { merge, delivered } = await world("weak", { change: "echo ours > a.txt", moved: "echo theirs > a.txt" });
  expect(await merge({ ...delivered, base: "d".repeat(40) })).toMatchObject({ ok: false, error: { kind: "base-rewritten", message: expect.stringContaining("d".repeat(40)) } });
});
