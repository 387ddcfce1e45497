import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { list } from "../../../src/hosts/mcp/list-tool.ts";
import { readSettings } from "../../../src/hosts/mcp/settings.ts";
import type { McpWorld } from "../../../src/hosts/mcp/world.ts";

const directory = mkdtempSync(join(tmpdir(), "worktrain-list-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("a team's bindings that cannot be read are told also where the index says every workflow", async () => {
  for (const folder of ["workflows", ".worktrain", ".git"]) mkdirSync(join(directory, folder));
  const world: McpWorld = {
    settings: readSettings(["--data", directory], {}),
    packageRoot: directory,
    workingDirectory: directory,
    listingIndex: () => ({}),
    sessions: () => Promise.reject(new Error("No session is asked for.")),
  };
  expect((await list(world, { workspacePath: directory })).data).toEqual({ workflows: [], faults: [] });
  writeFileSync(join(directory, ".worktrain/bindings.json"), '{"design_review": ');
  expect((await list(world, { workspacePath: directory })).data["faults"]).toEqual([expect.stringContaining("bindings.json:1:")]);
});
