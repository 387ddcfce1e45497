/** Whoever installs or runs this gets exactly what was tested. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseDocument, visit, isScalar } from "yaml";
import { z } from "zod";

const ROOT = join(import.meta.dirname, "..", "..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const versions = z.record(z.string(), z.string()).default({});
const manifest = z.object({ dependencies: versions, devDependencies: versions, overrides: versions }).parse(JSON.parse(read("package.json")));

test("package-lock.json names no registry: no `resolved`, no host", () => {
  const lock = read("package-lock.json");
  expect(lock).not.toContain('"resolved"');
  // Addresses in it are those of funding pages and licences; none is a package's.
  expect([...lock.matchAll(/https?:\/\/[^"\s]+/g)].map(([url]) => url).filter((url) => url.endsWith(".tgz") || /registry|npmjs|\bnpm\b/.test(new URL(url).hostname))).toEqual([]);
});

test("every package in the lockfile has a checksum", () => {
  const { packages } = z.object({ packages: z.record(z.string(), z.looseObject({ integrity: z.string().optional(), link: z.boolean().optional() })) }).parse(JSON.parse(read("package-lock.json")));
  const entries = Object.entries(packages).filter(([path]) => path !== "");
  expect(entries.length).toBeGreaterThan(50);
  expect(entries.filter(([, entry]) => entry.integrity?.startsWith("sha512-") !== true).map(([path]) => path)).toEqual([]);
});

test("package.json pins every dependency to one version", () => {
  const pinned = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.overrides });
  expect(pinned.length).toBeGreaterThan(20);
  expect(pinned.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([]);
});

/** The workflow files we run or hand out. */
const WORKFLOWS = [...readdirSync(join(ROOT, ".github/workflows")).map((name) => `.github/workflows/${name}`), "templates/worktrain.yml"];

test.each(WORKFLOWS)("%s pins every action of others to a commit and names its version", (file) => {
  const uses: { readonly action: string; readonly comment: string }[] = [];
  visit(parseDocument(read(file)), {
    Pair(_key, pair) {
      if (!isScalar(pair.key) || pair.key.value !== "uses" || !isScalar(pair.value)) return undefined;
      uses.push({ action: String(pair.value.value), comment: pair.value.comment ?? "" });
      return undefined;
    },
  });
  expect(uses.length).toBeGreaterThan(0);
  const others = uses.filter(({ action }) => action !== "__ACTION__");
  expect(others.filter(({ action, comment }) => !/^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/.test(action) || !/^ v\d+\.\d+\.\d+$/.test(comment))).toEqual([]);
});
