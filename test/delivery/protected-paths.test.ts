import { expect, test } from "vitest";
import { findProtected } from "../../src/delivery/index.ts";

const refused = (path: string, { target = null, allow = [] }: { target?: string | null; allow?: readonly string[] } = {}): boolean => findProtected([{ path, target }], allow).length === 1;

test.each([
  [".github/workflows/ci.yml"],
  [".github/CODEOWNERS"],
  [".github"],
  ["CODEOWNERS"],
  ["docs/CODEOWNERS"],
  ["action.yml"],
  ["tools/setup/action.yaml"],
  [".worktrain/rules/review.md"],
  [".github/worktrain.yml"],
  [".workrail/bindings.json"],
  [".gitmodules"],
])("attack 13: %s is refused", (path) => {
  expect(refused(path)).toBe(true);
});

test.each([
  ["letter case", ".GitHub/workflows/ci.yml"],
  ["letter case of code owners", "docs/CodeOwners"],
  ["a full-width form", "．ｇｉｔｈｕｂ/workflows/ci.yml"],
  ["the long s", "CODEOWNERſ"],
  ["the Kelvin sign", ".WorKtrain/x".replace("K", "\u212a")],
  ["a dotless i", ".g\u0131thub/x"],
  ["a zero-width character", ".git\u200chub/workflows/ci.yml"],
  ["a variation selector", ".git\ufe0fhub/workflows/ci.yml"],
  ["a trailing dot", ".github./workflows/ci.yml"],
  ["a trailing space", ".github /workflows/ci.yml"],
  ["a stream", ".github::$INDEX_ALLOCATION/workflows/ci.yml"],
  ["a backslash", ".github\\workflows\\ci.yml"],
  ["a short name", "GITHUB~1/workflows/ci.yml"],
  ["a short name with a hash", "GI4C2B~1/workflows/ci.yml"],
  ["a short name of code owners", "CODEOW~1"],
])("attack 13: %s makes it no other path", (_, path) => {
  expect(refused(path)).toBe(true);
});

test.each([["../x"], ["a/../.github/x"], ["a/./b"], ["/etc/passwd"], ["a//b"], [""], ["C:/x"], [".git/config"], ["sub/.GIT/hooks/pre-commit"], ["git~1/config"], ["a/..."]])(
  "attack 13: %s is no path inside the repository, and no config opens it",
  (path) => {
    expect(refused(path, { allow: ["**", path].filter((glob) => glob !== "") })).toBe(true);
  },
);

test.each([
  ["into a protected folder", "docs/x", "../.github/workflows"],
  ["in another spelling", "x", "./.GITHUB/workflows/ci.yml"],
  ["out of the repository", "docs/x", "../../etc/passwd"],
  ["to an absolute path", "x", "/proc/self/environ"],
  ["to a Windows path", "x", "C:\\Windows"],
  ["to the root", "docs/all", ".."],
  ["to git's own files", "x", ".git/config"],
  // With `c/s -> ../src` beside it, this is `.github/workflows`.
  ["through another link, by going down and up again,", "c/x", "s/../.github/workflows"],
])("attack 13: a symbolic link %s is refused", (_, path, target) => {
  expect(refused(path, { target })).toBe(true);
});

test.each([["src/index.ts"], ["docs/github.md"], ["packages/a/.github-notes/x"], ["github/workflows.md"], ["actions/yml.ts"], ["transaction.yml"], ["docs/ÉTÉ.md"], ["weird:name"], ["AGENTS.md"], ["my.worktrain"]])("%s is an ordinary path", (path) => {
  expect(refused(path)).toBe(false);
});

test("a link inside the repository is fine", () => {
  expect(refused("docs/latest", { target: "../src/./index.ts" })).toBe(false);
});

test("attack 13: the config opens exactly what it names, in exactly that spelling", () => {
  const allow = [".github/ISSUE_TEMPLATE/**", ".github/*.md"];
  expect(refused(".github/ISSUE_TEMPLATE/bug.md", { allow })).toBe(false);
  expect(refused(".github/workflows/ci.yml", { allow })).toBe(true);
  expect(refused(".github/ISSUE_TEMPLATE/../workflows/ci.yml", { allow })).toBe(true);
  expect(refused(".GitHub/ISSUE_TEMPLATE/bug.md", { allow })).toBe(true);
  expect(refused(".github/workflows\\x.md", { allow })).toBe(true);
  expect(refused(".github/a\u200b.md", { allow })).toBe(true);
  expect(refused("link", { allow, target: ".github/ISSUE_TEMPLATE/bug.md" })).toBe(false);
  expect(refused("link", { allow, target: ".github/workflows/ci.yml" })).toBe(true);
});

test("attack 13: each refused path is named with its reason", () => {
  const found = findProtected([{ path: "src/a.ts", target: null }, { path: "CODEOWNERS", target: null }, { path: "l", target: "../x" }], []);
  expect(found.map(({ path }) => path)).toEqual(["CODEOWNERS", "l"]);
  expect(found[0]?.why).toContain("review");
});
