import fc from "../fakes/fast-check.ts";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { pathFault, readManifest } from "../../src/record/manifest.ts";
import { canonicalJson } from "../../src/shared/json.ts";

const oid = "a".repeat(40);
const file = (path: string) => ({ path, mode: "100644", oid, size: 1, sha256: "b".repeat(64) });
const manifest = (entries: readonly unknown[], more: object = {}) => ({ v: 1, base: oid, tree: oid, entries, unsupported: [], ...more });
const read = (value: unknown) => readManifest(new TextEncoder().encode(canonicalJson(value)));

test("a manifest of files, links and deletions is read", () => {
  const value = manifest([file("a"), { ...file("b/c ü.txt"), mode: "120000" }, { path: "d", deleted: true }, file("d/e")], { unsupported: [{ path: "\u0000", reason: "any text" }] });
  expect(read(value)).toEqual({ ok: true, value });
});

test.each([
  ["unsorted", manifest([file("b"), file("a")])],
  ["named twice", manifest([file("a"), file("a")])],
  ["a file below a file", manifest([file("a"), file("a-b"), file("a/b")])],
  ["a submodule", manifest([{ ...file("a"), mode: "160000" }])],
  ["a directory", manifest([{ ...file("a"), mode: "040000" }])],
  ["over GitHub's limit for a blob", manifest([{ ...file("a"), size: 100 * 1024 * 1024 + 1 }])],
  ["an unknown member", manifest([{ ...file("a"), extra: 1 }])],
  ["deleted and not", manifest([{ ...file("a"), deleted: true }])],
  ["a newer version", manifest([], { v: 2 })],
  ["not an object", []],
])("attack 13: %s is refused", (_why, value) => {
  expect(read(value)).toMatchObject({ ok: false, error: { kind: "bad-manifest" } });
});

test("bytes that are no JSON or no UTF-8 are refused", () => {
  for (const bytes of [new Uint8Array(), new Uint8Array([0xff, 0xfe]), new TextEncoder().encode("{")]) expect(readManifest(bytes)).toMatchObject({ ok: false });
});

test("attack 13: paths that some file system reads as outside or as .git are refused", () => {
  const bad = ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", ".git", ".git/x", "a/.git", "a/.Git/x", ".GIT", "git~1", "GIT~1/hooks", ".git.", ".git ", ".git. . ", ".git::$INDEX_ALLOCATION", ".g\u200cit", "\ufeff.git", "a\\.git\\x", "a\0", "a\nb", "\x7f", "\ud800", "x".repeat(4_097), "ü".repeat(2_049)];
  expect(bad.filter((path) => pathFault(path) === null)).toEqual([]);
  const good = ["a", ".gitignore", ".github/workflows/x.yml", ".gitattributes", "git", "a.git", "-rf", "a b", "é", "e\u0301", "日本/語", "a\\b", "...", "..a", "x".repeat(4_096)];
  expect(good.filter((path) => pathFault(path) !== null)).toEqual([]);
});

test("any path that is let through stays below its root and out of .git", () => {
  const risky = fc.string({ unit: fc.constantFrom(".", "/", "g", "i", "t", "\\", "~", "1", " ", "G", "\u200c") });
  fc.assert(
    fc.property(risky.filter((path) => pathFault(path) === null), (path) => {
      expect(resolve("/root", path).startsWith("/root/")).toBe(true);
      expect(path.split("/").some((part) => part.toLowerCase() === ".git")).toBe(false);
    }),
  );
});
