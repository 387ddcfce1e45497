/** Every shipped workflow and every feature fixture, driven by the official MCP client from start to completion. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { JsonObject } from "../../../src/shared/json.ts";
import { driveMcp, startMcp, type McpProcess } from "../../fakes/mcp-client.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const FIXTURES = join(ROOT, "test/fixtures/workflows");
const directory = mkdtempSync(join(tmpdir(), "worktrain-mcp-drive-"));
const workspacePath = join(directory, "workspace");
mkdirSync(join(workspacePath, "docs"), { recursive: true });
writeFileSync(join(workspacePath, "docs/spec.md"), "the spec");
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const listSchema = z.object({ workflows: z.array(z.object({ id: z.string() })) });

describe("shipped workflows", () => {
  let server: McpProcess;
  beforeAll(async () => {
    server = await startMcp({ data: join(directory, "shipped"), cwd: workspacePath });
  });
  afterAll(() => server.close());

  test("each one that is listed completes", async () => {
    const { workflows } = listSchema.parse((await server.tool("list_workflows", {})).data);
    const ids = workflows.map(({ id }) => id);
    expect(ids.length).toBeGreaterThanOrEqual(readdirSync(join(ROOT, "workflows")).filter((name) => name.endsWith(".yaml")).length);
    const outcomes = [];
    for (const workflowId of ids) {
      const first = await server.session("start_workflow", { workflowId, workspacePath, goal: "Mend the total", context: { commands: { test: "true" } } });
      const { last, steps } = await driveMcp(server, first);
      outcomes.push([workflowId, last.status, last.outcome, steps.length > 0]);
    }
    expect(outcomes).toEqual(ids.map((id) => [id, "complete", "completed", true]));
  });
});

/** What the fixtures want to be started with. */
const CONTEXT: Readonly<Record<string, JsonObject>> = {
  acceptance: { again: true },
  parallel: { area: "engine", areas: ["a", "b", "c"] },
  templates: { flag: true },
};

describe.concurrent("feature fixtures, each in a process of its own", () => {
  test.each(readdirSync(FIXTURES).filter((name) => !name.startsWith("routine-")))("%s completes", async (file) => {
    const name = file.split(".")[0] ?? "";
    const server = await startMcp({ data: join(directory, name), cwd: workspacePath });
    const first = await server.session("start_workflow", { workflowPath: join(FIXTURES, file), workspacePath, goal: "Mend https://example.org/issue/1 please", context: CONTEXT[name] ?? {} });
    const { last, steps } = await driveMcp(server, first);
    expect(last).toMatchObject({ status: "complete", outcome: "completed" });
    expect(steps.length).toBeGreaterThan(0);
    await server.close();
  });
});
