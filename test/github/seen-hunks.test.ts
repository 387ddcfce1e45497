/** What of a change counts as reviewed before: the same lines at the same place of the base, and nothing that moved or came once more (attack 5). */
import { expect, test } from "vitest";
import { readSeenHunks, seenHunks, type Comparison } from "../../src/github/read/index.ts";
import { hunkId, hunksOf, type PatchedFile } from "../../src/shared/patch.ts";
import { scriptedGitHub } from "../fakes/github.ts";

type File = Comparison["files"][number];
const hunk = (start: number, line = "  return a - b;"): string => `@@ -${start},2 +${start},3 @@ fn\n export function add(a, b) {\n+${line}\n }`;
const file = (...starts: readonly number[]): File => ({ path: "a.js", patch: starts.map((start) => hunk(start)).join("\n") });
const change = (mergeBase: string, ...files: readonly File[]): Comparison => ({ mergeBase, files });
const ids = (shown: File, of: PatchedFile = shown) => hunksOf(shown.patch ?? "").map((each) => hunkId(of, each));
const seen = (earlier: File, now: File, between: Comparison | null = null) => seenHunks({ earlier: change("m", earlier), now: change(between === null ? "m" : "n", now), between });

test("a hunk at another place, on another path or with other lines or white space is another; so is one of a file that was moved or is gone", () => {
  const at = (start: number, line?: string) => ids({ path: "a.js", patch: hunk(start, line) })[0];
  expect(at(1)).toBe(at(1));
  const of = (more: object) => ids(file(1), { path: "a.js", ...more })[0];
  expect(new Set([at(1), at(77), at(1, " return a - b;"), at(1, "  return a + b;"), of({ path: "b.js" }), of({ from: "b.js" }), of({ removed: true })]).size).toBe(7);
});

test("what was reviewed at one place is not seen where it was moved to, or repeated behind the same lines", () => {
  expect(seen(file(10), file(10))).toEqual({ ok: true, value: ids(file(10)) });
  expect(seen(file(10), file(60))).toEqual({ ok: true, value: [] });
  expect(seen(file(10), file(10, 60))).toEqual({ ok: true, value: ids(file(10)) });
  expect(seen(file(10, 60), file(60, 10))).toEqual({ ok: true, value: ids(file(60, 10)) });
});

test("what was reviewed beside something that is changed or gone by now is not seen: it may have been harmless because of that (attack 5)", () => {
  const other: File = { path: "guard.js", patch: hunk(5) };
  const all = (earlier: readonly File[], now: readonly File[]) => seenHunks({ earlier: change("m", ...earlier), now: change("m", ...now), between: null });
  expect(all([file(10), other], [file(10), other])).toEqual({ ok: true, value: [...ids(file(10)), ...ids(other)] });
  // A guard in the same file was taken out, or another line stands there: the whole file is read. Other files stay as they were.
  expect(all([file(10, 60), other], [file(60), other])).toEqual({ ok: true, value: ids(other) });
  const replaced: File = { path: "a.js", patch: [hunk(10, "  // nothing"), hunk(60)].join("\n") };
  expect(all([file(10, 60), other], [replaced, other])).toEqual({ ok: true, value: ids(other) });
  // In another file, of which nothing is shown any more.
  for (const gone of [[file(10)], [file(10), { ...other, patch: null }], [file(10), { ...other, from: "old.js" }]]) expect(all([file(10), other], gone)).toEqual({ ok: false, error: "taken-back" });
});

test("over a later base a hunk is seen where the base has moved it to, and nowhere else", () => {
  const grown: File = { path: "a.js", patch: `@@ -1,2 +1,4 @@\n one\n+x\n+y\n two\n@@ -90 +92 @@\n-z\n+zz` };
  const later = (shown: File) => change("m", shown);
  expect(seen(file(10), file(12), later(grown))).toEqual({ ok: true, value: ids(file(12)) });
  expect(seen(file(10), file(10), later(grown))).toEqual({ ok: true, value: [] });
  // The base says nothing of this file: it stands where it stood.
  expect(seen(file(10), file(10), later({ ...grown, path: "b.js" }))).toEqual({ ok: true, value: ids(file(10)) });
  // The base changed these very lines, moved the file, or GitHub does not show what it did.
  for (const unclear of [{ path: "a.js", patch: "@@ -8,4 +8,5 @@\n a\n+b\n c\n d\n e" }, { ...grown, patch: null }, { ...grown, from: "old.js" }, { ...grown, path: "new.js", from: "a.js" }]) {
    expect(seen(file(10), file(12), later(unclear))).toEqual({ ok: true, value: [] });
  }
});

test("where a change or its base is not shown whole, or the base is no later one, the whole is looked at and why is said", () => {
  const many = change("m", ...Array.from({ length: 300 }, (_, at) => ({ path: `${at}`, patch: null })));
  const one = change("m", file(1));
  expect(seenHunks({ earlier: null, now: one, between: null })).toEqual({ ok: false, error: "commit-gone" });
  expect(seenHunks({ earlier: one, now: null, between: null })).toEqual({ ok: false, error: "change-not-shown" });
  expect(seenHunks({ earlier: many, now: one, between: null })).toEqual({ ok: false, error: "too-many-files" });
  expect(seenHunks({ earlier: one, now: change("n", file(1)), between: many })).toEqual({ ok: false, error: "too-many-files" });
  for (const between of [null, change("older", file(1))]) expect(seenHunks({ earlier: one, now: change("n", file(1)), between })).toEqual({ ok: false, error: "other-base" });
});

test("the bases are compared where they differ, and only there", async () => {
  const asked: unknown[] = [];
  const github = scriptedGitHub({
    "GET /repos/{owner}/{repo}/compare/{basehead}": ({ basehead }) => {
      asked.push(basehead);
      return { merge_base_commit: { sha: "m" }, files: [{ filename: "a.js", previous_filename: "b.js", patch: hunk(1) }] };
    },
  });
  const now = change("m", { path: "a.js", from: "b.js", patch: hunk(1) });
  expect(await readSeenHunks(github, { owner: "o", repo: "r" }, { since: { headSha: "h", mergeBase: "m" }, now })).toEqual({ ok: true, value: ids(file(1), { path: "a.js", from: "b.js" }) });
  await readSeenHunks(github, { owner: "o", repo: "r" }, { since: { headSha: "h", mergeBase: "m" }, now: { ...now, mergeBase: "n" } });
  expect(asked).toEqual(["m...h", "m...h", "m...n"]);
});
