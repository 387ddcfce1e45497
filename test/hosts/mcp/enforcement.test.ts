/** What an author demands, tried to be got past by a client over MCP. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/shared/json.ts";
import { startMcp, type McpProcess } from "../../fakes/mcp-client.ts";

const directory = mkdtempSync(join(tmpdir(), "worktrain-enforced-"));
const workspacePath = join(directory, "workspace");
mkdirSync(join(workspacePath, ".worktrain/workflows"), { recursive: true });
mkdirSync(join(directory, "data"));
const team = (id: string, steps: string): void => writeFileSync(join(workspacePath, `.worktrain/workflows/${id}.yaml`), `schemaVersion: 2\nid: ${id}\nname: N\nversion: 1.0.0\ndescription: D.\nsteps:\n${steps}`);
team("team.named", `  - {id: named, title: Named, prompt: Do it, produces: {pkg: {type: string}}, verification: {command: "sh -c 'exit 1' {{pkg}}"}}\n`);
team("team.unset", `  - {id: unset, title: Unset, prompt: Do it, verification: {command: "test -n x {{pkg}}"}}\n`);
team("wr.routine-short", `  - {id: one, title: One, prompt: Do it}\n  - {id: two, title: Two, prompt: Do it, runCondition: {var: never}}\n`);
team("team.call", `  - id: call\n    title: Call\n    templateCall: {templateId: wr.templates.routine.short}\n    outputContract: {contractRef: wr.contracts.coding_handoff}\n    requireConfirmation: true\n`);
team("team.gather", `  - {id: look, title: Look, type: context-gather, contextType: spec, outputVar: spec, sources: [{kind: local_paths, paths: [spec.md]}]}\n  - {id: use, title: Use, prompt: "Use {{spec}}"}\n`);
team("team.wide", `${["one", "two", "three"].map((name) => `  - {id: ${name}-is, title: G, type: context-gather, contextType: ${name}, outputVar: ${name}, optional: true, sources: [{kind: local_paths, paths: [wide.md]}]}\n`).join("")}  - {id: use, title: Use, prompt: Use it}\n`);
writeFileSync(join(workspacePath, "spec.md"), "The spec.");
writeFileSync(join(workspacePath, "wide.md"), "x".repeat(120 * 1024));

let server: McpProcess;
beforeAll(async () => {
  server = await startMcp({ data: join(directory, "data"), cwd: workspacePath });
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

const start = (workflowId: string) => server.session("start_workflow", { workflowId, workspacePath, goal: "Mend it" });
const go = (continueToken: string | undefined, more: JsonObject) => server.session("continue_workflow", { continueToken: continueToken ?? "", ...more });
const output = { notesMarkdown: "Done." };

describe("attack 7: a value an agent sends is never run", () => {
  test.each(["|| true", "; exit 0", "x\ntouch owned", "$(touch owned)", "' || touch owned || '"])("%j", async (pkg) => {
    const begun = await start("team.named");
    const answer = await go(begun.continueToken, { output, context: { pkg } });
    expect(answer).toMatchObject({ status: "blocked", blockers: [{ code: "verification-failed" }] });
    expect(existsSync(join(workspacePath, "owned"))).toBe(false);
  });
});

test("a verification whose value nobody may send keeps the step blocked with the cure", async () => {
  const begun = await start("team.unset");
  const answer = await go(begun.continueToken, { output, context: { pkg: "x" } });
  expect(answer).toMatchObject({ status: "blocked", step: { id: "unset" }, blockers: [{ code: "verification-not-run", message: expect.stringContaining("has no value for pkg") }] });
});

test("a call's contract and gate are asked for when the routine's last step is passed over", async () => {
  const begun = await start("team.call");
  const closing = await go(begun.continueToken, { output });
  expect(closing).toMatchObject({ status: "step", step: { id: "call.close" }, requires: [{ kind: "artifact", ref: "wr.contracts.coding_handoff" }] });
  const missing = await go(closing.continueToken, { output });
  expect(missing).toMatchObject({ status: "blocked", blockers: [{ code: "artifact-missing" }] });
  expect(await go(missing.continueToken, { output: { artifacts: [{ ref: "wr.contracts.coding_handoff", value: {} }] } })).toMatchObject({ status: "gate" });
});

test("context is looked for before the first step is told", async () => {
  const begun = await start("team.gather");
  expect(begun).toMatchObject({ status: "step", step: { id: "use", prompt: expect.stringContaining("Use The spec.") } });
});

test("context that would be over the limit is left out with both numbers, and the session goes on", async () => {
  const begun = await start("team.wide");
  expect(begun).toMatchObject({ status: "step", step: { id: "use" } });
  const over = await go(begun.continueToken, { output });
  expect(over).toMatchObject({ status: "complete", outcome: "completed" });
  const epochs = join(directory, "data/sessions", begun.sessionId, "journal/epochs");
  const log = readdirSync(epochs).map((file) => readFileSync(join(epochs, file), "utf8")).join("");
  expect(log).toMatch(/wide\.md was not read: The session's context would take \d+ bytes; the limit is 262144\./);
});

test("a misspelt output is refused by its name and is no attempt", async () => {
  const begun = await start("team.call");
  const { data, isError } = await server.tool("continue_workflow", { continueToken: begun.continueToken ?? "", output: { notesMarkdwn: "Done." } });
  expect([isError, JSON.stringify(data["blockers"])]).toEqual([true, expect.stringContaining("notesMarkdwn")]);
  expect(await go(begun.continueToken, { output: { notes: "Done." } })).toMatchObject({ status: "step", step: { id: "call.close" } });
});
