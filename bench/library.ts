/** What it costs to know the whole workflow library. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { openLibrary } from "../src/library/index.ts";
import { measure, type BenchRow } from "./row.ts";

const ROOT = join(import.meta.dirname, "..");
const WORKFLOWS = join(ROOT, "workflows");
const RUNS = 25;

/** Row: finding, reading, checking and compiling every shipped workflow, against reading the same files and parsing their YAML. */
export async function run(): Promise<readonly BenchRow[]> {
  const files = readdirSync(WORKFLOWS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".yaml"))
    .map((entry) => join(entry.parentPath, entry.name));
  const compile = (): number => timed(() => openLibrary({ packageRoot: ROOT, workspace: null, extra: [] }));
  const parseAll = (): number => timed(() => files.forEach((file) => parse(readFileSync(file, "utf8"))));
  const { value, floor, ratio } = await measure(compile, parseAll, RUNS);
  return [{ name: `library of ${files.length} workflows compiled`, value, unit: "ms", floor, ratio, goal: 3, ok: ratio <= 3 }];
}

function timed(work: () => unknown): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}
