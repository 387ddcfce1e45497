import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { configTable } from "../../../src/config/index.ts";
import { shell } from "./in-process.ts";

let clone: string;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "worktrain-config-"));
  execFileSync("git", ["init", "--quiet", clone]);
  mkdirSync(join(clone, ".github"));
});
afterEach(() => rmSync(clone, { recursive: true }));

const shown = (text: string) => {
  writeFileSync(join(clone, ".github/worktrain.yml"), text);
  return shell({ data: clone }).run("config");
};

test("every documented key with the value that holds, and which of them the file sets", async () => {
  const { exitCode, text, data } = await shown("budget: { costUsd: 3 }\n");
  expect(exitCode).toBe(0);
  const documented = [...configTable().matchAll(/^\| `([^`]+)` \|/gm)].map(([, key]) => key);
  expect(new Set(data.keys.map(({ key }: { key: string }) => key))).toEqual(new Set(documented));
  expect(data.keys.filter(({ set }: { set: boolean }) => set)).toEqual([{ key: "budget.costUsd", value: 3, set: true }]);
  expect(text).toMatch(/^\* budget\.costUsd +3$/m);
  expect(text).toMatch(/^ {2}label +"worktrain:ready"$/m);
});

test("a fault is told with its place and what was meant; without a file the defaults are shown and that it is missing", async () => {
  expect(await shown("lable: x\n")).toMatchObject({ exitCode: 1, text: ".github/worktrain.yml:1:1: Unknown key `lable`. Did you mean `label`?" });
  rmSync(join(clone, ".github/worktrain.yml"));
  expect(await shell({ data: clone }).run("config")).toMatchObject({ exitCode: 0, data: { present: false } });
});
