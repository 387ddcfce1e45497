/** Large work through the front door: `worktrain run` cuts it, is killed while two slices are at work, and `worktrain resume` makes one branch of them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { availableSandbox } from "../../src/hosts/demo/available-sandbox.ts";
import { playScenario, startModelServer, type MessagesRequest, type ModelServer, type Turn } from "../../src/hosts/demo/model/index.ts";
import type { View } from "../../src/hosts/demo/model/player.ts";
import { git } from "../../src/hosts/demo/world.ts";
import { nodeProcesses } from "../../src/shared/node-processes.ts";
import { processesOf } from "../fakes/processes.ts";
import { completeStep, use } from "../fakes/scripts.ts";
import { until } from "../fakes/until.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const KEY = "sk-ant-slices-0123456789abcdef";
const FILES = ["src/days.js", "test/days.test.js", "src/weeks.js", "test/weeks.test.js"];

let directory: string;
let model: ModelServer;
/** Called with each request before it is answered. */
let onRequest: (request: MessagesRequest) => Promise<void> = () => Promise.resolve();

const slice = (id: string) => ({ id, title: `Parse ${id}`, goal: `parse${id} reads ${id}`, files: [`src/${id}.js`, `test/${id}.test.js`], dependsOn: [] });
const handOver = completeStep("Handed over.", "wr.contracts.coding_handoff", { prTitle: "Read days and weeks", prBody: "Both units are read.", commitSubject: "Read days and weeks", filesChanged: FILES, testsAdded: [], sideEffects: [] });
const approved = completeStep("Judged.", "wr.contracts.gate_verdict", { verdict: "approved", confidence: 0.9, rationale: "Each part stands on its own." });
const sliceOf = (text: string): string => /does one of them and nothing else[\s\S]*?\b(days|weeks)\b/.exec(text)?.[1] ?? "";

/** A module and its test, then each step of the workflow. */
function codes(view: View): Turn {
  const id = sliceOf(view.firstMessage);
  return [
    [completeStep("Nothing reads it yet.")],
    [use("write", { path: `src/${id}.js`, content: `export const ${id} = (text) => Number.parseInt(text, 10);\n` }), use("write", { path: `test/${id}.test.js`, content: `import { test } from "node:test";\nimport assert from "node:assert/strict";\nimport { ${id} } from "../src/${id}.js";\ntest("${id}", () => assert.equal(${id}("2"), 2));\n` })],
    [completeStep("Written with its test.")],
    [completeStep("All tests pass.")],
    [handOver],
  ][view.turnIndex] ?? [];
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "worktrain-e2e-slices-"));
  const play = playScenario({
    repeatsInterrupted: true,
    turns: {
      "wr.classify-task": [[completeStep("Two new units.")], [completeStep("Large.", "wr.contracts.classification", { deduplicationKey: "new-units", taskKind: "feature", taskComplexity: "large", riskLevel: "low", hasUi: false, touchesArchitecture: false, taskMaturity: "ready", interpretation: "Days and weeks are to be read.", ambiguities: [] })]],
      "wr.slicing": (view) => (view.firstMessage.includes(".audit)") ? [approved] : ([[completeStep("Two files each, none shared.")], [completeStep("Cut.", "wr.contracts.slices", { slices: [slice("days"), slice("weeks")], rationale: "They share nothing." })]][view.turnIndex] ?? [])),
      "wr.coding-task": codes,
      "wr.slices-join": [[completeStep("No seam between them.")], [completeStep("All tests pass.")], [handOver]],
      "wr.mr-review": [[completeStep("Read it.")], [completeStep("Judged.", "wr.contracts.review_verdict", { verdict: "clean", confidence: "high", findings: [], summary: "Two small modules with tests." })]],
    },
  });
  const answer: Parameters<typeof startModelServer>[0]["answer"] = async (request) => {
    await onRequest(request);
    return play(request);
  };
  model = await startModelServer({ answer, apiKey: KEY });
});
afterAll(async () => {
  await model.close();
  for (const { pid } of processesOf(directory)) process.kill(pid, "SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

const environment = (): Record<string, string> => ({ PATH: process.env["PATH"] ?? "", HOME: join(directory, "home"), ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: model.url });
const textOf = (request: MessagesRequest): string => JSON.stringify(request.messages[0]).replaceAll("\\", "");

/** One that is gone meanwhile ended with its parent. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

test("killed while two slices are at work, gone on with, delivered as one branch, and nothing of the slices is left", async () => {
  const clone = join(directory, "clone");
  cpSync(join(ROOT, "src/hosts/demo/scenario/small-bug/repository"), clone, { recursive: true });
  // It is red on purpose, for the demo.
  rmSync(join(clone, "test", "format.test.js"));
  mkdirSync(join(clone, ".github"), { recursive: true });
  writeFileSync(join(clone, ".github", "worktrain.yml"), "commands: { test: node --test }\npipeline: { mode: implement, decompose: never }\n");
  await git(clone, ["init", "--quiet", "--initial-branch=trunk"]);
  await git(clone, ["add", "--all"]);
  await git(clone, ["commit", "--quiet", "--message", "Durations as people write them"]);
  const data = join(directory, "data");
  const args = ["--data", data, "--json"];

  // The second slice has written its files and waits for its next turn; the first is wherever it is.
  const written = Promise.withResolvers<void>();
  onRequest = (request) => {
    if (sliceOf(textOf(request)) !== "weeks" || request.messages.length < 5) return Promise.resolve();
    written.resolve();
    return new Promise(() => undefined);
  };
  const lost = spawn(process.execPath, [join(ROOT, "bin/worktrain.mjs"), "run", "--goal", "Read days and weeks\n\nBoth units are missing.", "--workspace", clone, "--sandbox", await availableSandbox(), ...args], { env: environment(), stdio: ["ignore", "pipe", "pipe"], detached: true });
  let told = "";
  lost.stderr.on("data", (chunk) => (told += String(chunk)));
  await Promise.race([written.promise, once(lost, "exit").then(() => expect.fail(told))]);
  const [item = ""] = readdirSync(join(data, "items"));
  const slices = join(data, "items", item, "git", "slices");
  await until(() => readdirSync(slices).filter((name) => !name.endsWith(".private")).length > 0, "the slices have their places");
  const exited = once(lost, "exit");
  // The group: whoever only loses its parent comes to an orderly end.
  process.kill(-(lost.pid ?? Number.NaN), "SIGKILL");
  await exited;
  for (const { pid } of processesOf(directory)) kill(pid);

  onRequest = () => Promise.resolve();
  const before = model.requests.length;
  const done = await nodeProcesses.run(process.execPath, [join(ROOT, "bin/worktrain.mjs"), "resume", item, ...args], { env: environment(), timeoutMs: 120_000 });
  const stderr = new TextDecoder().decode(done.stderr);
  expect(done.exitCode, stderr).toBe(0);
  const result = z.looseObject({ ending: z.literal("ready"), branch: z.string(), sessions: z.array(z.looseObject({ phase: z.string() })) }).parse(JSON.parse(new TextDecoder().decode(done.stdout)));
  expect(result.sessions.map(({ phase }) => phase)).toEqual(["classify", "design", "code", "code", "code", "review"]);
  expect((await git(clone, ["diff", "--name-only", "trunk", result.branch])).split("\n")).toEqual(FILES.toSorted());
  expect(stderr).toMatch(/slice days: integrated[\s\S]*slice weeks: merged into the whole/);
  // The slice that waited had three turns left, the other at most four, then the join and the review with its three reviewers.
  expect(model.requests.length - before).toBeLessThanOrEqual(3 + 4 + 3 + 2 + 3);
  expect(existsSync(slices) ? readdirSync(slices) : []).toEqual([]);
  expect(await git(join(data, "items", item, "workspace"), ["worktree", "list", "--porcelain"])).not.toContain("worktrain-code");
  expect(processesOf(directory)).toEqual([]);

  const file = join(directory, "report.md");
  const report = await nodeProcesses.run(process.execPath, [join(ROOT, "bin/worktrain.mjs"), "report", item, "--data", data, "--markdown", file], { env: environment(), timeoutMs: 60_000 });
  expect(report.exitCode, new TextDecoder().decode(report.stderr)).toBe(0);
  expect(readFileSync(file, "utf8")).toContain("integrated by a three-way merge");
});
