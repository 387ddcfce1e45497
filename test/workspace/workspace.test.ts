import fc from "../fakes/fast-check.ts";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { manifestSchema, type Manifest } from "../../src/record/manifest.ts";
import { canonicalJson } from "../../src/shared/json.ts";
import { hunkId, hunksOf } from "../../src/shared/patch.ts";
import { blobStore, inShell, put, repository, temporaryDirectory, workspaceOn, type Content } from "./small-repository.ts";

type Journal = ReturnType<typeof blobStore>;

const manifestOf = (journal: Journal, sha256: string): Manifest => manifestSchema.parse(JSON.parse(new TextDecoder().decode(journal.blobs.get(sha256))));

/** Every file below a directory but git's own, with what a snapshot must keep of it. */
function filesIn(directory: string, at = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(join(directory, at), { withFileTypes: true })) {
    const path = join(at, entry.name);
    if (path === ".git") continue;
    if (entry.isDirectory()) Object.assign(found, filesIn(directory, path));
    else if (entry.isSymbolicLink()) found[path] = `link ${readlinkSync(join(directory, path))}`;
    else found[path] = `${(statSync(join(directory, path)).mode & 0o100) === 0 ? "file" : "program"} ${readFileSync(join(directory, path)).toString("base64")}`;
  }
  return found;
}

const START: Record<string, Content> = {
  "readme.md": "hello\n",
  "run.sh": { executable: "#!/bin/sh\n" },
  "src/a.ts": "a\n",
  "src/b.ts": "b\n",
  "win.txt": "a\r\nb\r\n",
  link: { link: "readme.md" },
  ".gitattributes": "* text=auto\n*.bat text eol=crlf\n*.x filter=lfs\n",
  ".gitignore": "out/\n",
};

describe.each(["bubblewrap", "weak"] as const)("snapshots, git in %s mode", (mode) => {
  test("what changed since the beginning is saved once, as manifest and blobs, and restores to the same files", async () => {
    const { directory, base } = repository(START);
    const workspace = await workspaceOn(directory, base, mode);
    const journal = blobStore();
    expect(await workspace.save(journal.put)).toBeNull();
    const before = filesIn(directory);

    put(directory, "readme.md", "hello\r\nworld\r\n");
    put(directory, "new/täg ☃.bin", new Uint8Array([0, 255, 13, 10]));
    put(directory, "new/empty", "");
    put(directory, "tool", { executable: "x" });
    put(directory, "link", { link: "/etc/passwd" });
    put(directory, "src", "a file where a directory was");
    inShell(directory, "chmod -x run.sh; rm win.txt; mkdir out; echo > out/ignored");
    const worked = filesIn(directory);
    const saved = await workspace.save(journal.put);
    expect(saved).toMatchObject({ base, changedFiles: 10 });
    expect(manifestOf(journal, saved!.manifest)).toMatchObject({
      base,
      tree: saved!.tree,
      unsupported: [],
      entries: [
        { path: "link", mode: "120000", size: 11 },
        { path: "new/empty", mode: "100644", size: 0 },
        { path: "new/täg ☃.bin", mode: "100644", size: 4 },
        { path: "readme.md", mode: "100644", size: 14 },
        { path: "run.sh", mode: "100644" },
        { path: "src", mode: "100644" },
        { path: "src/a.ts", deleted: true },
        { path: "src/b.ts", deleted: true },
        { path: "tool", mode: "100755" },
        { path: "win.txt", deleted: true },
      ],
    });
    expect(await workspace.save(journal.put)).toBeNull();

    expect(await workspace.restore(null, journal.get)).toEqual({ ok: true, value: undefined });
    expect(filesIn(directory)).toEqual({ ...before, "out/ignored": expect.any(String) });
    expect(await workspace.restore(saved, journal.get)).toEqual({ ok: true, value: undefined });
    expect(filesIn(directory)).toEqual(worked);
    expect(await workspace.save(journal.put)).toBeNull();
  });

  test("another run's fresh clone gets the same files from the journal alone, and describes the change", async () => {
    const { directory, base } = repository(START);
    const clone = join(temporaryDirectory(), "clone");
    inShell(directory, `git clone -q --no-local . ${clone}`);
    const journal = blobStore();
    const first = await workspaceOn(directory, base, mode);
    put(directory, "src/a.ts", "changed\n");
    put(directory, "deep/er/new.ts", "n\n");
    inShell(directory, "rm src/b.ts");
    const saved = await first.save(journal.put);

    const second = await workspaceOn(clone, base, mode);
    const text = await second.describe(saved!, journal.get);
    expect(text).toMatch(/^Files changed: 3 /);
    expect(text).toContain("-a\n+changed\n");
    expect(await second.restore(saved, journal.get)).toMatchObject({ ok: true });
    // The clone's line ends of win.txt are those its .gitattributes ask for: unchanged files are left alone.
    expect(filesIn(clone)).toEqual({ ...filesIn(directory), "win.txt": expect.any(String) });
    expect(await second.save(journal.put)).toBeNull();
    put(clone, "src/a.ts", "again\n");
    expect(await second.save(journal.put)).toMatchObject({ changedFiles: 3 });
  });

});

test("what was reviewed before is left out; moved, repeated, under another name or as a program it is shown", async () => {
  // Every ten lines are the same ten, so that a repeated change stands behind the same lines.
  const text = (...at: readonly number[]) => Array.from({ length: 60 }, (_, line) => `${line % 10}\n${at.includes(line) ? "GUARD\n" : ""}`).join("");
  const { directory, base } = repository({ "a.txt": text(), "b.txt": text() });
  const journal = blobStore();
  const workspace = await workspaceOn(directory, base, "weak");
  const shown = async (files: Readonly<Record<string, Content>>, seen?: ReadonlySet<string>) => {
    await workspace.restore(null, journal.get);
    for (const [path, content] of Object.entries(files)) put(directory, path, content);
    const saved = await workspace.save(journal.put);
    return workspace.describe(saved ?? expect.fail("nothing changed"), journal.get, seen);
  };
  const first = await shown({ "a.txt": text(15), "run.sh": "GUARD\n" });
  const seen = new Set(first.split(/^(?=diff --git )/m).slice(1).flatMap((patch) => hunksOf(patch).map((hunk) => hunkId({ path: / b\/(.*)$/m.exec(patch)?.[1] ?? "" }, hunk))));
  expect(seen.size).toBe(2);
  expect(await shown({ "a.txt": text(15), "run.sh": "GUARD\n", "c.txt": "new\n" }, seen)).toMatch(/left out: 2 whole files[^]*\+new$/);
  const guards = async (files: Readonly<Record<string, Content>>) => (await shown(files, seen)).match(/^\+GUARD$/gm)?.length ?? 0;
  expect(await guards({ "a.txt": text(15), "run.sh": "GUARD\n", "c.txt": "new\n" })).toBe(0);
  expect(await guards({ "a.txt": text(35) })).toBe(1);
  expect(await guards({ "a.txt": text(15, 35) })).toBe(1);
  expect(await guards({ "b.txt": text(15) })).toBe(1);
  expect(await shown({ "a.txt": text(15), "run.sh": { executable: "GUARD\n" } }, seen)).toContain("new file mode 100755");
  // A carriage return alone begins no line of git's own.
  expect(await guards({ "b.txt": `\rdiff --git a/a.txt b/a.txt\r--- a/a.txt\r+++ b/a.txt\n${text(15)}` })).toBe(1);
});

describe("what is part of a snapshot", () => {
  const mode = "bubblewrap";

  test("fault 57: what a snapshot cannot hold is named, and the rest is saved", async () => {
    const { directory, base } = repository({ "a.txt": "a", "big.x": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "gone.txt": "g" });
    inShell(directory, "git init -q module && git -C module -c user.name=a -c user.email=a@b commit -q --allow-empty -m m && git -c protocol.file.allow=always submodule add -q ./module module 2>/dev/null || git add module; git commit -q -m module");
    const withModule = inShell(directory, "git rev-parse HEAD").trim();
    expect(withModule).not.toBe(base);
    const workspace = await workspaceOn(directory, withModule, mode);
    const journal = blobStore();
    inShell(
      directory,
      `git -C module -c user.name=a -c user.email=a@b commit -q --allow-empty -m moved
       git init -q nested && git -C nested -c user.name=a -c user.email=a@b commit -q --allow-empty -m n; echo x > nested/x
       printf x > $'not-utf8-\\xff'; printf x > $'new\\nline'; printf x > A.TXT; mkdir -p sub/'GIT~1'; printf x > sub/'GIT~1'/hook
       truncate -s 105000000 huge; echo smudged > big.x; rm gone.txt; mkfifo gone.txt; mkfifo fifo; echo fine > fine.txt`,
    );
    const saved = await workspace.save(journal.put);
    const { entries, unsupported } = manifestOf(journal, saved!.manifest);
    expect(entries.map((entry) => entry.path)).toEqual(["fine.txt"]);
    expect(Object.fromEntries(unsupported.map((entry) => [entry.path, entry.reason]))).toMatchObject({
      module: expect.stringContaining("submodule"),
      "nested/": expect.stringContaining("repository of its own"),
      "not-utf8-\uFFFD": expect.stringContaining("not UTF-8"),
      "new\\nline": expect.stringContaining("control character"),
      "A.TXT": expect.stringContaining("a.txt only in case"),
      huge: expect.stringContaining("105000000 bytes"),
      "big.x": expect.stringContaining("LFS"),
      "gone.txt": expect.any(String),
    });
  });

  test("files that were there before the work began are not part of the change, tracked ones only with what is done to them", async () => {
    const { directory, base } = repository({ ...START, "x.bat": "one\ntwo\n", "lock.json": "1\n" });
    inShell(directory, "rm x.bat && git checkout -q x.bat && echo set-up >> lock.json && echo left > leftover && mkdir build && echo b > build/b");
    expect(readFileSync(join(directory, "x.bat"), "utf8")).toBe("one\r\ntwo\r\n");
    const workspace = await workspaceOn(directory, base, mode);
    expect(workspace.notes).toEqual([expect.stringMatching(/^2 untracked files/), expect.stringMatching(/^Some tracked files/)]);
    const journal = blobStore();
    expect(await workspace.save(journal.put)).toBeNull();
    put(directory, "build/mine", "m");
    put(directory, "leftover", "changed");
    const saved = await workspace.save(journal.put);
    expect(manifestOf(journal, saved!.manifest).entries.map((entry) => entry.path)).toEqual(["build/mine"]);
    expect(await workspace.restore(null, journal.get)).toMatchObject({ ok: true });
    expect(filesIn(directory)).toMatchObject({ leftover: expect.any(String), "x.bat": expect.any(String) });
    expect(readFileSync(join(directory, "lock.json"), "utf8")).toBe("1\nset-up\n");
    expect(existsSync(join(directory, "build/mine"))).toBe(false);
  });

  test("a save that failed half-way is done again by the next", async () => {
    const { directory, base } = repository(START);
    const workspace = await workspaceOn(directory, base, mode);
    const journal = blobStore();
    put(directory, "n", "1");
    await expect(workspace.save(() => Promise.reject(new Error("disk full")))).rejects.toThrow("disk full");
    expect(await workspace.save(journal.put)).toMatchObject({ changedFiles: 1 });
  });
});

describe("opening", () => {
  test("a clean workspace at another commit is put at the base, without running hooks; a changed one is refused", async () => {
    const { directory, base } = repository(START);
    inShell(directory, "echo later > later.txt && git add . && git commit -q -m later && printf '#!/bin/sh\\ntouch hooked\\n' > .git/hooks/post-checkout && chmod +x .git/hooks/post-checkout");
    const workspace = await workspaceOn(directory, base);
    expect(inShell(directory, "git rev-parse HEAD").trim()).toBe(base);
    expect(existsSync(join(directory, "later.txt"))).toBe(false);
    expect(existsSync(join(directory, "hooked"))).toBe(false);
    expect(await workspace.save(blobStore().put)).toBeNull();

    inShell(directory, "git checkout -q master 2>/dev/null || git checkout -q main; echo dirty >> readme.md");
    await expect(workspaceOn(directory, base)).rejects.toThrow(/not at the base .* changed files/);
    await expect(workspaceOn(directory, "1".repeat(40))).rejects.toThrow(/does not hold the base commit/);
    await expect(workspaceOn(temporaryDirectory(), base)).rejects.toThrow(/no git repository/);
  });

  test("a shallow clone and a SHA-256 repository work alike", async () => {
    const { directory, base } = repository(START);
    inShell(directory, "git commit -q --allow-empty -m two");
    const shallow = join(temporaryDirectory(), "shallow");
    inShell(directory, `git clone -q --depth 1 file://${directory} ${shallow}`);
    const head = inShell(shallow, "git rev-parse HEAD").trim();
    expect(head).not.toBe(base);
    const sha256 = join(temporaryDirectory(), "sha256");
    mkdirSync(sha256);
    inShell(sha256, "git init -q --object-format=sha256 . && echo a > a && git add a && git -c user.name=a -c user.email=a@b commit -q -m a");
    for (const [where, commit] of [[shallow, head], [sha256, inShell(sha256, "git rev-parse HEAD").trim()]] as const) {
      const workspace = await workspaceOn(where, commit);
      const journal = blobStore();
      put(where, "n", "new");
      const saved = await workspace.save(journal.put);
      expect(saved?.tree).toHaveLength(commit.length);
      expect(await workspace.restore(null, journal.get)).toMatchObject({ ok: true });
      expect(await workspace.restore(saved, journal.get)).toMatchObject({ ok: true });
      expect(readFileSync(join(where, "n"), "utf8")).toBe("new");
    }
  });
});

/** A saved snapshot whose files are not there, and what restoring an altered manifest of it comes to. */
async function savedSnapshot() {
  const { directory, base } = repository(START);
  const workspace = await workspaceOn(directory, base, "weak");
  const journal = blobStore();
  put(directory, "n/m", "content");
  const saved = await workspace.save(journal.put);
  if (saved === null) throw new Error("nothing was saved");
  rmSync(join(directory, "n"), { recursive: true });
  const fresh = await workspaceOn(directory, base, "weak");
  const restored = async (alter: (entry: object, manifest: object) => unknown): Promise<string> => {
    const manifest = manifestOf(journal, saved.manifest);
    const altered = alter(manifest.entries[0] ?? {}, manifest);
    const sha256 = await journal.put(new TextEncoder().encode(canonicalJson(altered)));
    const result = await fresh.restore({ ...saved, manifest: sha256 }, journal.get);
    expect(existsSync(join(directory, "n"))).toBe(false);
    return result.ok ? "ok" : result.error.kind;
  };
  return { workspace, journal, saved, restored };
}

describe("a snapshot that is not what it says is refused before a file is touched", () => {
  test("attack 14: paths, contents, modes, order, trees", async () => {
    const { restored, journal } = await savedSnapshot();
    const other = await journal.put(new TextEncoder().encode("different"));
    const withEntries = (make: (entry: object) => readonly object[]) => restored((entry, manifest) => ({ ...manifest, entries: make(entry) }));
    const withChange = (change: object) => withEntries((entry) => [{ ...entry, ...change }]);
    for (const path of ["../n", "/etc/x", ".git/hooks/pre-commit", "a/.GIT/config"]) expect(await withChange({ path })).toBe("bad-manifest");
    expect(await withChange({ sha256: other })).toBe("snapshot-mismatch");
    expect(await withChange({ sha256: other, size: 9 })).toBe("snapshot-mismatch");
    expect(await withChange({ sha256: "0".repeat(64) })).toBe("snapshot-missing");
    expect(await withChange({ mode: "160000" })).toBe("bad-manifest");
    expect(await withChange({ mode: "120000" })).toBe("snapshot-mismatch");
    expect(await withEntries((entry) => [entry, entry])).toBe("bad-manifest");
    expect(await withEntries((entry) => [{ ...entry, path: "n" }, entry])).toBe("bad-manifest");
    expect(await withEntries((entry) => [entry, { path: "readme.md", deleted: true }])).toBe("snapshot-mismatch");
    expect(await restored((_, manifest) => ({ ...manifest, tree: "0".repeat(40) }))).toBe("snapshot-mismatch");
    expect(await restored((_, manifest) => ({ ...manifest, v: 2 }))).toBe("bad-manifest");
  });

  test("another base, a missing manifest", async () => {
    const { workspace, saved, journal } = await savedSnapshot();
    expect(await workspace.restore({ ...saved, base: "1".repeat(40) }, journal.get)).toMatchObject({ ok: false, error: { kind: "other-base" } });
    expect(await workspace.restore(saved, async () => null)).toMatchObject({ ok: false, error: { kind: "snapshot-missing" } });
  });
});

/** Makes room where a file or link is in the place of a directory, then puts or removes. */
function apply(directory: string, where: string, what: Content | null): void {
  const parts = where.split("/");
  for (let depth = 1; depth < parts.length; depth++) {
    const above = join(directory, ...parts.slice(0, depth));
    if (lstatSync(above, { throwIfNoEntry: false })?.isDirectory() === false) rmSync(above);
  }
  if (what === null) rmSync(join(directory, where), { recursive: true, force: true });
  else put(directory, where, what);
}

test("fault 57: restore after save is the identity on any small tree", async () => {
  const { directory, base } = repository(START);
  const workspace = await workspaceOn(directory, base, "weak");
  const begun = filesIn(directory);
  const name = fc.constantFrom("a", "b.ts", "src", "readme.md", "link", "win.txt", "é", "e\u0301x", "日本", " lead", "-rf", "quo\"te", "back\\slash", "*.ts", ":(top)", "a\u202eb", "x.bat", "tab.x");
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  const content: fc.Arbitrary<Content | null> = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom("", "a\r\nb\n", "\r\n", "$Id$\n", "\0", "\uFEFFbom"),
    fc.string().map((text) => ({ executable: text })),
    fc.constantFrom("readme.md", "../../outside", "/etc/passwd", "src/../..", "nowhere").map((link) => ({ link })),
    fc.constant(null),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(path, content), { maxLength: 8 }), async (changes) => {
      const journal = blobStore();
      for (const [where, what] of changes) apply(directory, where, what);
      const worked = filesIn(directory);
      const saved = await workspace.save(journal.put);
      const left = saved === null ? [] : manifestOf(journal, saved.manifest).unsupported;
      expect(left.filter((entry) => !/only in case or Unicode form/.test(entry.reason))).toEqual([]);
      fc.pre(left.length === 0);
      await workspace.restore(null, journal.get);
      expect(await workspace.restore(saved, journal.get)).toEqual({ ok: true, value: undefined });
      expect(filesIn(directory)).toEqual(saved === null ? begun : worked);
      await workspace.restore(null, journal.get);
      expect(filesIn(directory)).toEqual(begun);
    }),
    { numRuns: 12 },
  );
});
