/** The Actions and the MCP server that are committed are what these sources build, and the Action stays small. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeProcesses } from "../../src/shared/node-processes.ts";

const ROOT = join(import.meta.dirname, "..", "..");
/** All that the Action may load but the artifact client, which is a lazy chunk of its own (docs/decisions/0013-left-out-of-the-bundle.md). */
const MAX_BYTES = 1_200_000;

/** The App as a job is started at every event that it hears: what it may load in all. */
const MAX_INTAKE_BYTES = 500_000;

const fresh = mkdtempSync(join(tmpdir(), "worktrain-bundle-"));
beforeAll(async () => {
  const built = await nodeProcesses.run(process.execPath, [join(ROOT, "scripts/build.ts"), fresh], { cwd: ROOT, env: { PATH: process.env["PATH"] ?? "" }, timeoutMs: 60_000 });
  if (built.exitCode !== 0) throw new Error(`The build failed: ${new TextDecoder().decode(built.stderr)}`);
});
afterAll(() => [fresh, `${fresh}-intake`, `${fresh}-mcp`].forEach((directory) => rmSync(directory, { recursive: true, force: true })));

const filesOf = (directory: string): ReadonlyMap<string, Buffer> =>
  new Map(
    readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      return entry.isFile() ? [[relative(directory, path), readFileSync(path)] as const] : [];
    }),
  );

test.each([
  ["action/dist", fresh],
  ["action/intake/dist", `${fresh}-intake`],
  ["dist/mcp", `${fresh}-mcp`],
])("%s is what a fresh build makes, byte for byte (else: npm run build)", (place, made) => {
  const [built, committed] = [filesOf(made), filesOf(join(ROOT, place))];
  const names = new Set([...built.keys(), ...committed.keys()]);
  expect(names.size).toBeGreaterThan(5);
  expect([...names].filter((name) => built.get(name)?.equals(committed.get(name) ?? Buffer.alloc(0)) !== true)).toEqual([]);
});

test("nothing of the machine that built it is in the bundle", () => {
  const names = [...filesOf(fresh)].filter(([, bytes]) => bytes.includes(ROOT) || bytes.includes(fresh)).map(([name]) => name);
  expect(names).toEqual([]);
});

test(`without the artifact client's chunk the bundle has at most ${MAX_BYTES / 1e6} MB`, () => {
  const files = [...filesOf(fresh)].filter(([name]) => name.endsWith(".js"));
  expect(files.filter(([name]) => name === "chunks/artifact.js")).toHaveLength(1);
  const bytes = files.filter(([name]) => name !== "chunks/artifact.js").reduce((sum, [, content]) => sum + content.length, 0);
  expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
});

test(`the App as a job has at most ${MAX_INTAKE_BYTES / 1e6} MB, and loads of it what the job needs`, () => {
  const files = filesOf(`${fresh}-intake`);
  expect([...files.values()].reduce((sum, content) => sum + content.length, 0)).toBeLessThanOrEqual(MAX_INTAKE_BYTES);
  const started = loadedWith(files, "main.js");
  for (const job of ["decide", "tell", "watch"]) {
    expect(files.has(`chunks/${job}.js`)).toBe(true);
    expect(started.has(`chunks/${job}.js`)).toBe(false);
  }
  const bytes = (job: string): number => [...loadedWith(files, "main.js", `chunks/${job}.js`)].reduce((sum, name) => sum + (files.get(name)?.length ?? 0), 0);
  expect(bytes("tell")).toBeLessThan((bytes("decide") * 2) / 3);
});

/** What a file loads with itself: an import, or in CommonJS a `require` that no promise puts off. */
const EAGER = /(?:\bfrom|\bimport|(?<!\.then\(\(\)=>)\brequire\()\s*["'](\.[^"']+)["']/g;

/** The files of a bundle that are loaded with some of them, lazy imports aside. */
function loadedWith(files: ReadonlyMap<string, Buffer>, ...entries: readonly string[]): ReadonlySet<string> {
  const loaded = new Set<string>();
  const load = (name: string): void => {
    if (loaded.has(name)) return;
    loaded.add(name);
    const text = files.get(name)?.toString("utf8") ?? "";
    for (const [, path = ""] of text.matchAll(EAGER)) load(join(name, "..", path));
  };
  entries.forEach(load);
  return loaded;
}

test("a start loads neither the artifact client nor the agent's work: main.js imports them lazily only", () => {
  const files = filesOf(fresh);
  const loaded = loadedWith(files, "main.js");
  expect(loaded.size).toBeGreaterThan(1);
  for (const lazy of ["chunks/artifact.js", "chunks/work.js", "chunks/deliver.js", "chunks/agent.js"]) {
    expect(files.has(lazy)).toBe(true);
    expect(loaded.has(lazy)).toBe(false);
  }
});

test("the MCP server lists the shipped workflows without loading the compiler or the engine", () => {
  const files = filesOf(`${fresh}-mcp`);
  const loaded = loadedWith(files, "main.cjs", "chunks/list-tool.cjs");
  expect(files.has("chunks/list-tool.cjs")).toBe(true);
  expect(loaded.size).toBeGreaterThan(3);
  for (const lazy of ["chunks/library.cjs", "chunks/workflow.cjs", "chunks/stored.cjs"]) {
    expect(files.has(lazy)).toBe(true);
    expect(loaded.has(lazy)).toBe(false);
  }
  expect([...loaded].filter((name) => name !== "main.cjs").reduce((sum, name) => sum + (files.get(name)?.length ?? 0), 0)).toBeLessThan(160_000);
});
