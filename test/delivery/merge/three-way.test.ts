/** Against git itself: what git merges we say merges, where git conflicts we say so. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { conflictingLine, type Sides } from "../../../src/delivery/merge/three-way.ts";
import { nodeProcesses } from "../../../src/shared/node-processes.ts";

const LINES = Array.from({ length: 12 }, (_, index) => `line ${index}`);
const text = (change: (lines: string[]) => readonly string[]): string => `${change([...LINES]).join("\n")}\n`;

test.each<[string, Omit<Sides, "base">, number | null]>([
  ["in other places", { ours: text((all) => all.with(1, "x")), theirs: text((all) => all.with(8, "y")) }, null],
  ["of the same line", { ours: text((all) => all.with(3, "x")), theirs: text((all) => all.with(3, "y")) }, 4],
  ["of lines that touch", { ours: text((all) => all.with(3, "x")), theirs: text((all) => all.with(4, "y")) }, 5],
  ["the same on both sides", { ours: text((all) => all.with(3, "x")), theirs: text((all) => all.with(3, "x")) }, null],
  ["partly the same", { ours: text((all) => all.with(3, "x").with(9, "z")), theirs: text((all) => all.with(3, "x")) }, null],
  ["added at one place", { ours: text((all) => all.toSpliced(6, 0, "x")), theirs: text((all) => all.toSpliced(6, 0, "y")) }, 7],
  ["deleted and changed", { ours: text((all) => all.toSpliced(2, 3)), theirs: text((all) => all.with(3, "y")) }, 4],
  ["added at both ends", { ours: text((all) => ["x", ...all]), theirs: text((all) => [...all, "y"]) }, null],
  ["of all and of one", { ours: "x\n", theirs: text((all) => all.with(5, "y")) }, 6],
  ["the line end alone", { ours: text((all) => all).trimEnd(), theirs: text((all) => all.with(11, "y")) }, 12],
])("changes %s", async (_, sides, line) => {
  const base = text((all) => all);
  expect(conflictingLine({ base, ...sides })).toBe(line);
  const directory = mkdtempSync(join(tmpdir(), "three-way-"));
  for (const [name, content] of Object.entries({ base, ...sides })) writeFileSync(join(directory, name), content);
  const merged = await nodeProcesses.run("git", ["merge-file", "--stdout", "ours", "base", "theirs"], { cwd: directory, env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: directory } });
  rmSync(directory, { recursive: true });
  expect(merged.exitCode === 0).toBe(line === null);
});
