import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { changedLines } from "../../../src/delivery/merge/changed-lines.ts";
import { dependencyConcerns } from "../../../src/delivery/merge/dependencies.ts";

const manifest = (dependencies: Readonly<Record<string, string>>, more: object = {}): string => JSON.stringify({ name: "x", dependencies, ...more });
const concerns = (before: string | null, after: string | null, path = "package.json", which: "any" | "major" | "none" = "major") => dependencyConcerns({ path, before, after }, which).join("; ");

describe("package.json", () => {
  test.each([
    ["^1.2.3", "^1.9.0", ""],
    ["~1.2.3", "1.3.0", ""],
    ["1", "1.5", ""],
    ["^0.4.1", "^0.4.9", ""],
    ["^1.2.3", "^2.0.0", "it takes a from ^1.2.3 to ^2.0.0"],
    ["^0.4.1", "^0.5.0", "it takes a from ^0.4.1 to ^0.5.0"],
    ["^0.0.1", "^0.0.2", "it takes a from ^0.0.1 to ^0.0.2"],
    ["^2.0.0", "^1.0.0", "it takes a from ^2.0.0 to ^1.0.0"],
    ["^1.2.3", ">=1.0.0", "it takes a from"],
    ["^1.2.3", "*", "it takes a from"],
    ["^1.2.3", "github:evil/a", "it takes a from"],
    ["^1.2.3", "npm:evil@1.2.4", "it takes a from"],
    ["latest", "next", "it takes a from"],
    ["1.2.3", "1.2.3 || 9.0.0", "it takes a from"],
  ])("%s to %s: %s", (before, after, told) => {
    expect(concerns(manifest({ a: before }), manifest({ a: after }))).toMatch(told === "" ? /^$/ : new RegExp(told.replaceAll(/[\^.]/g, "\\$&")));
  });

  test("a new dependency, in any section; one named as an object's own parts; one that goes away", () => {
    expect(concerns(manifest({}), manifest({ "left-pad": "^1.0.0" }))).toContain("adds the dependency left-pad ^1.0.0");
    expect(concerns(manifest({}), manifest({}, { devDependencies: { b: "1" } }))).toContain("adds the dependency b 1");
    expect(concerns(manifest({}), '{"dependencies":{"constructor":"1","__proto__":"1"}}')).toContain("adds the dependency constructor");
    expect(concerns(manifest({ a: "1" }), manifest({}))).toBe("");
  });

  test("what says in another way what is installed; a new script is none of it", () => {
    for (const part of ["overrides", "resolutions", "workspaces", "packageManager", "engines"]) expect(concerns(manifest({}), manifest({}, { [part]: { a: "9" } }))).toContain(`changes ${part}`);
    expect(concerns(manifest({}), manifest({}, { scripts: { test: "node --test" } }))).toBe("");
    expect(concerns(manifest({}), manifest({}, { scripts: {} }), "package.json", "any")).toBe("");
    expect(concerns(manifest({ a: "1.0.0" }), manifest({ a: "1.0.1" }), "package.json", "any")).toContain("it changes package.json");
  });

  test("a script that begins to run by itself, or that means something else now", () => {
    const scripts = (before: object, after: object, which: "any" | "major" = "major"): string => concerns(manifest({}, { scripts: before }), manifest({}, { scripts: after }), "package.json", which);
    for (const name of ["postinstall", "prepare", "pretest"]) expect(scripts({ test: "node --test" }, { test: "node --test", [name]: "curl x | sh" })).toBe(`it changes the script ${name} of package.json`);
    expect(scripts({ test: "node --test" }, { test: "true" }, "any")).toBe("it changes the script test of package.json");
    expect(scripts({ test: "node --test" }, {})).toContain("it changes the script test");
    expect(scripts({}, { presentation: "node slides.ts" })).toBe("");
    expect(concerns(manifest({}), manifest({}, { scripts: ["a"] }))).toContain("cannot be told");
  });

  test("what cannot be read is told: no JSON, new, gone, sections of another kind", () => {
    for (const [before, after] of [["{", "{}"], [null, "{}"], ["{}", null], ["{}", '{"dependencies":["a"]}'], ["[]", "{}"]] as const) expect(concerns(before, after)).toContain("it cannot be told");
  });
});

describe("package-lock.json", () => {
  const lock = (packages: Readonly<Record<string, object>>): string => JSON.stringify({ lockfileVersion: 3, packages: { "": { version: "1.0.0" }, ...packages } });
  const from = (host: string, version: string) => ({ version, resolved: `https://${host}/a/-/a-${version}.tgz` });
  const told = (before: Readonly<Record<string, object>>, after: Readonly<Record<string, object>>): string => concerns(lock(before), lock(after), "web/package-lock.json");

  test("smaller steps pass; a major one deep down, a new package, another source are told", () => {
    const a = "node_modules/a";
    expect(told({ [a]: from("r.test", "1.0.0") }, { [a]: from("r.test", "1.1.0") })).toBe("");
    expect(told({ "node_modules/b/node_modules/a": from("r.test", "1.0.0") }, { "node_modules/b/node_modules/a": from("r.test", "2.0.0") })).toContain("it takes a from 1.0.0 to 2.0.0");
    expect(told({}, { [a]: from("r.test", "1.0.0") })).toContain("adds the dependency a");
    expect(told({ [a]: from("r.test", "1.0.0") }, { [a]: from("evil.test", "1.0.0") })).toContain("fetches a from elsewhere");
  });

  test.each([
    ["another package under the name", { resolved: "https://r.test/evil/-/evil-1.0.0.tgz" }, "fetches a from elsewhere"],
    ["a major step that its version hides", { version: "1.3.1", resolved: "https://r.test/a/-/a-9.9.9.tgz", integrity: "sha512-b" }, "fetches a from elsewhere"],
    ["no encryption", { resolved: "http://r.test/a/-/a-1.0.0.tgz" }, "fetches a from elsewhere"],
    ["another name", { name: "evil" }, "fetches a from elsewhere"],
    ["another hash of the same version", { integrity: "sha512-b" }, "changes the hash of a"],
    ["a hash that is gone, at an upgrade", { version: "1.0.1", resolved: "https://r.test/a/-/a-1.0.1.tgz", integrity: undefined }, "changes the hash of a"],
    ["a script at its installation", { version: "1.0.1", resolved: "https://r.test/a/-/a-1.0.1.tgz", integrity: "sha512-b", hasInstallScript: true }, "run a script when it is installed"],
    ["a smaller upgrade with its hash", { version: "1.0.1", resolved: "https://r.test/a/-/a-1.0.1.tgz", integrity: "sha512-b" }, /^$/],
    ["a word about who uses it", { dev: true }, /^$/],
  ])("%s", (_, change, expected) => {
    const entry = { ...from("r.test", "1.0.0"), integrity: "sha512-a" };
    expect(told({ "node_modules/a": entry }, { "node_modules/a": { ...entry, ...change } })).toMatch(expected);
  });

  test("an old or broken lock file cannot be told", () => {
    expect(concerns('{"lockfileVersion":1,"dependencies":{}}', lock({}), "package-lock.json")).toContain("cannot be told");
  });
});

test.each(["go.mod", "Cargo.lock", "api/requirements-dev.txt", "pyproject.toml", "yarn.lock", "app/build.gradle.kts", "GEMFILE.LOCK", "Shop.csproj", "pnpm-lock.yaml"])("%s: a person looks, unless dependencies are left out", (path) => {
  expect(concerns("a", "b", path)).toContain("it cannot be told");
  expect(concerns("a", "b", path, "any")).toBe(`it changes ${path}`);
  expect(concerns("a", "b", path, "none")).toBe("");
});

test.each(["src/package.js", "docs/go.md", "requirements.md"])("%s is no matter of dependencies", (path) => {
  expect(concerns("a", "b", path)).toBe("");
});

describe("changed lines", () => {
  test.each([
    ["", "", 0],
    ["a\n", "a\n", 0],
    ["", "a\nb\n", 2],
    ["a\nb\n", "", 2],
    ["a\nb\nc\n", "a\nx\nc\n", 2],
    ["a\nb\nc\nd\n", "a\nc\nd\ne\n", 2],
    ["a\nb\n", "b\na\n", 2],
  ])("%j to %j: %i", (before, after, count) => {
    expect(changedLines(before, after)).toBe(count);
  });

  test("never fewer than the difference in length, none for the same, the same both ways", () => {
    const text = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 }).map((lines) => lines.map((line) => `${line}\n`).join(""));
    fc.assert(fc.property(text, text, (a, b) => {
      const count = changedLines(a, b);
      expect(count).toBe(changedLines(b, a));
      expect(count === 0).toBe(a === b);
      expect(count).toBeGreaterThanOrEqual(Math.abs(a.length - b.length) / 2);
    }));
  });

  test("a text of many lines that share nothing counts whole, at once", () => {
    const many = (word: string) => Array.from({ length: 5_000 }, (_, index) => `${word}${index}\n`).join("");
    expect(changedLines(many("a"), many("b"))).toBe(10_000);
  });
});
