/** `worktrain run --workflow`: children, a person's gate and a killed process, as a shell sees them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createGitRefSegmentStore, decodeSegment, localGit } from "../../src/journal/index.ts";
import { parseItemId } from "../../src/record/index.ts";
import { availableSandbox } from "../../src/hosts/demo/available-sandbox.ts";
import { playScenario, startModelServer, type MessagesRequest, type ModelServer } from "../../src/hosts/demo/model/index.ts";
import { git } from "../../src/hosts/demo/world.ts";
import { nodeProcesses } from "../../src/shared/node-processes.ts";
import { completeStep } from "../fakes/scripts.ts";
import { PROGRAM_ENVIRONMENT } from "../fakes/program-environment.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const KEY = "sk-ant-cli-0123456789abcdef";
const FAN = `schemaVersion: 2
id: own.fan
name: Fan out
version: 1.0.0
description: Looks at three places, one after the other.
steps:
  - id: look
    title: Look at each
    type: parallel
    maxParallel: 1
    parallelDelegations:
      - { workflowId: own.place, goal: one, args: { place: one } }
      - { workflowId: own.place, goal: two, args: { place: two } }
      - { workflowId: own.place, goal: three, args: { place: three } }
    synthesis: { prompt: Bring the places together. }
    requireConfirmation: { kind: human_approval }
`;
const PLACE = `schemaVersion: 2
id: own.place
name: Place
version: 1.0.0
description: Looks at one place.
steps:
  - { id: look, title: Look, prompt: "Look closely at {{place}}.", allowedTools: [read] }
`;

let directory: string;
let workspace: string;
let model: ModelServer;
let common: readonly string[];
/** What is done before a request is answered. */
let onRequest: (request: MessagesRequest) => Promise<void> = () => Promise.resolve();

function writeFlows(): void {
  mkdirSync(join(directory, "flows"));
  writeFileSync(join(directory, "flows/fan.yaml"), FAN);
  writeFileSync(join(directory, "flows/place.yaml"), PLACE);
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "worktrain-e2e-workflow-"));
  workspace = join(directory, "clone");
  mkdirSync(workspace);
  writeFileSync(join(workspace, "a.txt"), "a\n");
  writeFlows();
  await git(workspace, ["init", "--quiet", "--initial-branch=trunk"]);
  await git(workspace, ["add", "--all"]);
  await git(workspace, ["commit", "--quiet", "--message", "First"]);
  const play = playScenario({ turns: { "own.fan": [[completeStep("All places are fine.")]], "own.place": [[completeStep("Fine here.")]] } });
  model = await startModelServer({
    apiKey: KEY,
    answer: async (request) => {
      await onRequest(request);
      return play(request);
    },
  });
  common = ["--sandbox", await availableSandbox()];
});
afterAll(async () => {
  await model.close();
  rmSync(directory, { recursive: true, force: true });
});

const environment = (): Record<string, string> => ({ ...PROGRAM_ENVIRONMENT, HOME: join(directory, "home"), ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: model.url });
const command = (args: readonly string[]): readonly string[] => [join(ROOT, "bin/worktrain.mjs"), ...args];

async function worktrain(...args: readonly string[]) {
  const done = await nodeProcesses.run(process.execPath, command(args), { env: environment(), timeoutMs: 60_000 });
  return { exitCode: done.exitCode, stdout: new TextDecoder().decode(done.stdout), stderr: new TextDecoder().decode(done.stderr) };
}
const reportSchema = z.looseObject({ name: z.string(), ending: z.string(), resume: z.string().nullable(), sessions: z.array(z.looseObject({ id: z.string(), workflow: z.string() })) });
const start = (data: string) => ["run", "--goal", "Look around", "--workspace", workspace, "--workflow", join(directory, "flows/fan.yaml"), "--data", join(directory, data), ...common];
/** By the requests that came, in their order. */
const placesAsked = (from: number): readonly string[] => model.requests.slice(from).flatMap(({ body }) => /Look closely at (\w+)/.exec(JSON.stringify(body?.messages ?? ""))?.[1] ?? []);

test("it stops at a person's gate with the question, and goes on after `session approve`", async () => {
  const first = await worktrain(...start("gate"), "--json");
  const report = reportSchema.parse(JSON.parse(first.stdout));
  expect(first.exitCode).toBe(1);
  expect(report).toMatchObject({ ending: "awaiting-approval", sessions: [{ workflow: "own.fan" }] });
  const id = report.sessions[0]?.id ?? "";
  const data = ["--data", join(directory, "gate")];
  const before = model.requests.length;

  expect(await worktrain("session", "approve", id, ...data)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("needs --reason") });
  const approved = await worktrain("session", "approve", id, "--reason", "Seen.", "--by", "ada", ...data);
  expect(approved).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`worktrain resume ${report.name}`) });
  expect(await worktrain("session", "approve", id, "--reason", "Again.", ...data)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("is at no gate") });

  const second = await worktrain("run", "--resume", report.name, ...data);
  expect(second).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("Completed: Every step of own.fan was done") });
  expect(model.requests.length).toBe(before);
  const shown = await worktrain("session", "show", id, ...data);
  expect(shown.stdout).toContain("approved by ada: Seen.");
  expect(shown.stdout).toContain("child at work in session");
  const child = await worktrain("session", "show", `${id}-n1-1`, ...data);
  expect(child.stdout).toContain(`child of ${id}`);
});

test("a process that is killed while a child is at work goes on with that child and repeats none", async () => {
  const from = model.requests.length;
  const reached = Promise.withResolvers<void>();
  onRequest = async (request) => {
    if (!JSON.stringify(request.messages).includes("Look closely at two")) return;
    reached.resolve();
    // Until the process that asked is gone.
    await gone;
  };
  // A process group: the command starts another process, on the Node it is made for, and both have to go. The pipe closes with the last.
  const child = spawn(process.execPath, command(start("killed")), { env: environment(), stdio: ["ignore", "pipe", "ignore"], detached: true });
  child.stdout.resume();
  const gone = once(child, "close");
  await reached.promise;
  process.kill(-(child.pid ?? 0), "SIGKILL");
  await gone;
  onRequest = () => Promise.resolve();
  const [item = ""] = readdirSync(join(directory, "killed", "items"));
  // The last child has not begun, and its file is gone: what it runs is in the record.
  rmSync(join(directory, "flows"), { recursive: true });
  expect(await worktrain("verify", item, "--data", join(directory, "killed"))).toMatchObject({ exitCode: 0 });
  const again = await worktrain("run", "--resume", item, "--data", join(directory, "killed"), "--json");
  writeFlows();
  expect(again).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('"ending":"awaiting-approval"') });
  // The first child is not asked again; the second is, as the answer it waited for reached nobody.
  expect(placesAsked(from)).toEqual(["one", "two", "two", "three"]);
});

test("a record on a git ref is fetched into another clone, verified, reported and gone on with there; nothing is asked again", async () => {
  const first = await worktrain(...start("recorded"), "--record", "ref", "--json");
  const { name, record, sessions } = reportSchema.extend({ record: z.object({ ref: z.string() }) }).parse(JSON.parse(first.stdout));
  expect(record.ref).toBe(`refs/worktrain-journal/0/${name}/1`);
  const other = join(directory, "other");
  await git(directory, ["clone", "--quiet", workspace, other]);
  const elsewhere = ["--data", join(directory, "elsewhere")];
  expect(await worktrain("import", record.ref, "--workspace", other, ...elsewhere)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`has no ${record.ref}`) });
  await git(other, ["fetch", "--quiet", "origin", `${record.ref}:${record.ref}`]);
  expect(await worktrain("import", record.ref, "--workspace", other, ...elsewhere)).toMatchObject({ exitCode: 0, stderr: "" });
  expect(await worktrain("import", record.ref, "--workspace", other, ...elsewhere)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("line for line") });
  expect(await worktrain("verify", name, ...elsewhere)).toMatchObject({ exitCode: 0 });
  expect((await worktrain("report", name, ...elsewhere)).stdout).toContain("own.fan");

  const segments = async (): Promise<number> => (await git(workspace, ["ls-tree", "--name-only", record.ref])).split("\n").filter((line) => line !== "").length;
  const stored = await segments();
  const before = model.requests.length;
  const approved = await worktrain("session", "approve", sessions[0]?.id ?? "", "--reason", "Seen.", "--by", "ada", ...elsewhere);
  expect(approved).toMatchObject({ exitCode: 0 });
  expect(await worktrain("resume", name, ...elsewhere)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("Completed: Every step of own.fan was done") });
  expect(model.requests.length).toBe(before);

  // And back: the newest log on the ref is the one that counts.
  expect(await worktrain("export", name, "--ref-of", workspace, ...elsewhere)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`push origin ${record.ref}`) });
  expect(await worktrain("export", name, "--ref-of", workspace, ...elsewhere)).toMatchObject({ exitCode: 0 });
  expect(await segments()).toBe(stored + 1);
  expect(await worktrain("import", record.ref, "--workspace", workspace, "--data", join(directory, "third"))).toMatchObject({ exitCode: 0 });
  expect((await worktrain("report", name, "--data", join(directory, "third"))).stdout).toContain("completed");
});

test("a record that has lost what a child is to run says so", async () => {
  const data = ["--data", join(directory, "gate")];
  const [item = ""] = readdirSync(join(directory, "gate", "items"));
  const journal = join(directory, "gate", "items", item, "journal");
  const lines = readdirSync(join(journal, "epochs")).flatMap((file) => readFileSync(join(journal, "epochs", file), "utf8").split("\n"));
  const [, sha256 = ""] = /"childPlans":\{"own\.place":"([0-9a-f]{64})"\}/.exec(lines.join("\n")) ?? [];
  expect(await worktrain("verify", item, ...data)).toMatchObject({ exitCode: 0 });
  rmSync(join(journal, "blobs", sha256.slice(0, 2), sha256));
  expect(await worktrain("verify", item, ...data)).toMatchObject({ exitCode: 1, stdout: expect.stringContaining(`blob ${sha256}`) });
});

/** Sessions whose end is on the ref. */
async function endedOnRef(ref: string): Promise<number> {
  const item = parseItemId(ref.replace("refs/worktrain-journal/", ""));
  if (item === null) return 0;
  const stored = await createGitRefSegmentStore({ git: localGit({ directory: join(workspace, ".git"), processes: nodeProcesses }), item, runId: 0 }).stored();
  return stored.flatMap(({ bytes }) => {
    const segment = decodeSegment(bytes);
    return segment.ok ? segment.value.lines.filter((line) => line.includes('"kind":"session_ended"')) : [];
  }).length;
}

/** Looks at once, and again whenever something moves in the directory. It is watched before it is looked at, so that no move is missed. */
async function seen<T>(path: string, look: () => Promise<T | null>): Promise<T> {
  let moved = Promise.withResolvers<void>();
  const watcher = watch(path, () => moved.resolve());
  try {
    for (;;) {
      const found = await look();
      if (found !== null) return found;
      await moved.promise;
      moved = Promise.withResolvers();
    }
  } finally {
    watcher.close();
  }
}

/** The record that is none of the earlier ones, when so many sessions have ended on it: its ref is not there before the first part is saved. */
async function newRefWith(count: number, earlier: readonly string[]): Promise<string> {
  const items = join(workspace, ".git/refs/worktrain-journal/0");
  const name = await seen(items, async () => readdirSync(items).find((each) => !earlier.includes(`refs/worktrain-journal/0/${each}/1`)) ?? null);
  const ref = `refs/worktrain-journal/0/${name}/1`;
  return seen(join(items, name), async () => ((await endedOnRef(ref)) >= count ? ref : null));
}

test("J1: a run is killed and its machine lost: what is on the git ref is gone on with elsewhere, and no step that is on it is asked for again", async () => {
  // The third place may not have begun in what is on the ref, so its workflow has to be where the work goes on: in the repository.
  mkdirSync(join(workspace, ".worktrain/workflows"), { recursive: true });
  writeFileSync(join(workspace, ".worktrain/workflows/place.yaml"), PLACE);
  await git(workspace, ["add", "--all"]);
  await git(workspace, ["commit", "--quiet", "--message", "A team's workflow"]);
  const from = model.requests.length;
  const earlier = (await git(workspace, ["for-each-ref", "--format=%(refname)", "refs/worktrain-journal/"])).split("\n");
  const reached = Promise.withResolvers<undefined>();
  onRequest = async (request) => {
    if (!JSON.stringify(request.messages).includes("Look closely at three")) return;
    reached.resolve(undefined);
    await gone;
  };
  const child = spawn(process.execPath, command([...start("lost"), "--record", "ref"]), { env: environment(), stdio: ["ignore", "pipe", "ignore"], detached: true });
  child.stdout.resume();
  const gone = once(child, "close");
  await reached.promise;
  // The second place's step was handed over before the third is asked for; it goes up while the work goes on.
  const ref = await newRefWith(2, earlier);
  process.kill(-(child.pid ?? 0), "SIGKILL");
  await gone;
  onRequest = () => Promise.resolve();
  rmSync(join(directory, "lost"), { recursive: true });

  const elsewhere = ["--data", join(directory, "found")];
  expect(await worktrain("import", ref, "--workspace", workspace, ...elsewhere)).toMatchObject({ exitCode: 0, stderr: "" });
  const name = ref.split("/").at(-2) ?? "";
  expect(await worktrain("verify", name, ...elsewhere)).toMatchObject({ exitCode: 0 });
  const again = await worktrain("resume", name, ...elsewhere, "--json");
  expect(again).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('"ending":"awaiting-approval"') });
  expect(placesAsked(from)).toEqual(["one", "two", "three", "three"]);
});

test("the command's first process is killed alone: the one that works saves, ends, and is gone on with", async () => {
  const from = model.requests.length;
  const reached = Promise.withResolvers<undefined>();
  const held = Promise.withResolvers<undefined>();
  onRequest = async (request) => {
    if (!JSON.stringify(request.messages).includes("Look closely at two")) return;
    reached.resolve(undefined);
    await held.promise;
  };
  const child = spawn(process.execPath, command(start("orphaned")), { env: environment(), stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.on("data", (chunk) => (said += String(chunk)));
  child.stderr.resume();
  // The pipe closes with the last process that holds it.
  const gone = once(child, "close");
  await reached.promise;
  child.kill("SIGKILL");
  await gone;
  held.resolve(undefined);
  onRequest = () => Promise.resolve();
  expect(said).toContain("cancelled");
  const [item = ""] = readdirSync(join(directory, "orphaned", "items"));
  const again = await worktrain("run", "--resume", item, "--data", join(directory, "orphaned"), "--json");
  expect(again).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('"ending":"awaiting-approval"') });
  expect(placesAsked(from)).toEqual(["one", "two", "two", "three"]);
});

test("a workflow that is not there, or has faults, is told before anything is made", async () => {
  const run = (name: string) => worktrain("run", "--goal", "x", "--workspace", workspace, "--workflow", name, "--data", join(directory, "none"), ...common);
  expect(await run("no.such")).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('There is no workflow "no.such"') });
  writeFileSync(join(directory, "flows/broken.yaml"), "schemaVersion: 2\nid: own.broken\n");
  expect(await run(join(directory, "flows/broken.yaml"))).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("line ") });
  expect(() => readdirSync(join(directory, "none"))).toThrow("ENOENT");
});
