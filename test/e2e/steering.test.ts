/** A run that a person looks at before, talks to, stops and goes on with: `--dry-run`, `tell`, `cancel`, `--resume`, over real HTTP and processes. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { availableSandbox } from "../../src/hosts/demo/available-sandbox.ts";
import { playScenario, startModelServer, type ModelServer } from "../../src/hosts/demo/model/index.ts";
import { git } from "../../src/hosts/demo/world.ts";
import { nodeProcesses } from "../../src/shared/node-processes.ts";
import { canonicalJson, type Json } from "../../src/shared/json.ts";
import { completeStep, scenarioByIssue, verdict } from "../fakes/scripts.ts";
import { until } from "../fakes/until.ts";
import { PROGRAM_ENVIRONMENT } from "../fakes/program-environment.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const KEY = "sk-ant-steering-0123456789abcdef";
const TITLE = "Durations are wrong";
const GOAL = `${TITLE}\n\nThe README says that they are rounded.`;
const UNCLEAR = "Say the seconds as a person would";

let directory: string;
let clone: string;
let model: ModelServer;
let sandbox: "bubblewrap" | "weak";
/** Answers wait for this; a test replaces it. */
let gate: () => Promise<void> = () => Promise.resolve();
const children: ChildProcess[] = [];
/** How the unclear task is classified, and what its reviewers find; a test replaces them. */
let understood = wish("idea");
let objections: readonly Json[] = [];

function wish(taskMaturity: "idea" | "ready"): Json {
  return { taskKind: taskMaturity === "idea" ? "bug" : "feature", taskComplexity: "small", riskLevel: "medium", hasUi: false, touchesArchitecture: false, taskMaturity, interpretation: "Seconds are to be rounded before they are split.", ambiguities: [], deduplicationKey: "seconds-as-said" };
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "worktrain-e2e-steering-"));
  const play = playScenario(
    scenarioByIssue({
      [TITLE]: {},
      [UNCLEAR]: {
        get classify() {
          return [[completeStep("The code is src/format.js.")], [completeStep("Small.", "wr.contracts.classification", understood)]];
        },
        get review() {
          return [[completeStep("Read and traced it.")], [verdict(objections)]];
        },
      },
    }),
  );
  model = await startModelServer({
    apiKey: KEY,
    answer: async (request) => {
      await gate();
      return play(request);
    },
  });
  sandbox = await availableSandbox();
  clone = join(directory, "clone");
  cpSync(join(ROOT, "src/hosts/demo/scenario/small-bug/repository"), clone, { recursive: true });
  await git(clone, ["init", "--quiet", "--initial-branch=trunk"]);
  await git(clone, ["add", "--all"]);
  await git(clone, ["commit", "--quiet", "--message", "Durations as people write them"]);
});
afterEach(async () => {
  gate = () => Promise.resolve();
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGTERM");
    await once(child, "exit");
  }
});
afterAll(async () => {
  await model.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Each test has its own data directory, and with it its own list of runs. */
const environment = (home: string, more: Record<string, string> = {}): Record<string, string> => ({ ...PROGRAM_ENVIRONMENT, HOME: join(directory, home), ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: model.url, ...more });
const dataOf = (home: string): string => join(directory, home, ".local/share/worktrain");

async function worktrain(args: readonly string[], env: Record<string, string>) {
  const done = await nodeProcesses.run(process.execPath, [join(ROOT, "src/hosts/cli/main.ts"), ...args], { env, timeoutMs: 60_000 });
  return { exitCode: done.exitCode, stdout: new TextDecoder().decode(done.stdout), stderr: new TextDecoder().decode(done.stderr) };
}

interface Run {
  readonly child: ChildProcess;
  stderr(): string;
  /** Its exit code and what it printed as JSON. */
  readonly over: Promise<{ readonly exitCode: number | null; readonly result: z.infer<typeof resultSchema> }>;
}

const resultSchema = z.looseObject({ name: z.string(), ending: z.string(), branch: z.string().nullable(), resume: z.string().nullable(), turns: z.int(), undelivered: z.array(z.string()) });

function start(env: Record<string, string>, args: readonly string[] = ["--goal", GOAL, "--workspace", clone]): Run {
  const child = spawn(process.execPath, [join(ROOT, "src/hosts/cli/main.ts"), "run", ...args, "--sandbox", sandbox, "--json"], { env, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const over = once(child, "close").then(([exitCode]: unknown[]) => ({ exitCode: z.number().nullable().parse(exitCode), result: resultSchema.parse(JSON.parse(stdout === "" ? `{"stderr":${JSON.stringify(stderr)}}` : stdout)) }));
  return { child, stderr: () => stderr, over };
}

/** Holds the model's answers from now on until it is let go. */
/** `reached`: the model was asked, so that what is told from then on waits for the turn after that. */
function hold(): { release(): void; readonly reached: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  gate = () => {
    asked.resolve();
    return promise;
  };
  return { release: resolve, reached: asked.promise };
}

const sessionOf = async (run: Run, phase: string): Promise<string> => {
  const found = () => new RegExp(`^${phase}: session (\\S+?),?$`, "m").exec(run.stderr())?.[1];
  await until(() => found() !== undefined || run.child.exitCode !== null, `${phase} begins`);
  return found() ?? "";
};
const texts = (body: unknown): string => JSON.stringify(body);

describe("--dry-run", () => {
  const dryRunSchema = z.looseObject({
    request: z.looseObject({ model: z.string() }),
    layers: z.array(z.object({ name: z.string(), source: z.string(), trusted: z.boolean(), characters: z.int(), tokens: z.int() })),
    tokens: z.object({ tools: z.int(), total: z.int(), how: z.string() }),
    models: z.record(z.string(), z.string()),
  });

  test("shows the very request that the run then sends, asks no model, and writes nothing", async () => {
    const env = environment("dry");
    const before = model.requests.length;
    const dry = await worktrain(["run", "--goal", GOAL, "--workspace", clone, "--sandbox", sandbox, "--dry-run", "--json"], env);
    expect(dry, dry.stderr).toMatchObject({ exitCode: 0 });
    expect(model.requests.slice(before).filter(({ body }) => body !== null)).toEqual([]);
    expect(existsSync(join(directory, "dry"))).toBe(false);
    expect(await git(clone, ["status", "--porcelain"])).toBe("");
    const shown = dryRunSchema.parse(JSON.parse(dry.stdout));

    const held = hold();
    const run = start(env);
    await until(() => run.child.exitCode !== null || /classify: session/.test(run.stderr()), "it begins");
    held.release();
    await run.over;
    const first = model.requests.slice(before).find(({ body }) => body !== null);
    expect(canonicalJson(shown.request)).toBe(canonicalJson(first?.body));
    expect(shown.layers.map(({ name }) => name)).toEqual(["base", "workflow", "files", "task"]);
  });

  test("names an estimate as one where the API does not count, and shows texts as they are", async () => {
    const dry = await worktrain(["run", "--goal", GOAL, "--workspace", clone, "--dry-run"], environment("dry-text"));
    expect(dry.stdout).toContain("Tokens are estimated at 3.5 characters a token, since the API did not count them");
    expect(dry.stdout).toContain("===== system prompt =====\nYou are WorkTrain's agent.");
    expect(dry.stdout).toContain("The README says that they are rounded.");
    expect((await worktrain(["run", "--goal", GOAL, "--workspace", clone, "--dry-run"], environment("dry-text", { ANTHROPIC_API_KEY: "" }))).stdout).toContain("since ANTHROPIC_API_KEY is not set");
  });

  test("counts by the API's own count where there is one", async () => {
    const counted: unknown[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
        counted.push({ url: request.url, body });
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ input_tokens: 10 + Math.floor(JSON.stringify(body).length / 4) }));
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = z.object({ port: z.int() }).parse(server.address());
    const dry = await worktrain(["run", "--goal", GOAL, "--workspace", clone, "--dry-run", "--json"], environment("dry-count", { ANTHROPIC_BASE_URL: `http://127.0.0.1:${port}` }));
    server.close();
    const { tokens, layers } = dryRunSchema.parse(JSON.parse(dry.stdout));
    expect(tokens.how).toContain("counted by the API");
    expect(layers.every((layer) => layer.tokens > 0) && tokens.tools > 0 && tokens.total > 0).toBe(true);
    expect(counted.every((each) => z.object({ url: z.string() }).parse(each).url === "/v1/messages/count_tokens")).toBe(true);
  });
});

describe("tell", () => {
  test("reaches the session before its next turn, by its id or its item's name, and stands in its record", async () => {
    const env = environment("tell");
    const held = hold();
    const run = start(env);
    const session = await sessionOf(run, "classify");
    await held.reached;
    const before = model.requests.length;
    const telling = worktrain(["tell", session, "Leave the README alone.", "--json"], env);
    await until(() => readdirSync(join(dataOf("tell"), "items"), { recursive: true }).some((name) => /inbox\/[^/]+\.json$/.test(String(name))), "it is in the inbox");
    for (const place of ["running", join("items", readdirSync(join(dataOf("tell"), "items"))[0] ?? "", "inbox")]) expect(statSync(join(dataOf("tell"), place)).mode & 0o77).toBe(0);
    held.release();
    expect(await telling).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('"delivered":true') });
    const { exitCode, result } = await run.over;
    expect({ exitCode, undelivered: result.undelivered }).toEqual({ exitCode: 0, undelivered: [] });
    expect(texts(model.requests.slice(before).map(({ body }) => body))).toContain("Leave the README alone.");
    const shown = await worktrain(["session", "show", result.name, "--json"], env);
    expect(shown.stdout).toContain("told by a person: Leave the README alone.");
  });

  test("after the last turn is said to be undelivered, by the run and by the command", async () => {
    const env = environment("late");
    let turns = 0;
    const last = Promise.withResolvers<void>();
    gate = async () => {
      turns += 1;
      if (turns > 11) await last.promise;
    };
    const run = start(env);
    await until(() => turns > 11 || run.child.exitCode !== null, "the last session's last turn is asked for");
    const item = readdirSync(join(dataOf("late"), "items"))[0] ?? "";
    const telling = worktrain(["tell", item, "One more thing.", "--wait", "30"], env);
    await until(() => readdirSync(join(dataOf("late"), "items", item, "inbox")).some((name) => name.endsWith(".json")), "it is in the inbox");
    last.resolve();
    const [told, { result }] = await Promise.all([telling, run.over]);
    expect(result).toMatchObject({ ending: "ready", undelivered: ["One more thing."] });
    expect(told.exitCode).toBe(1);
    expect(told.stderr).toMatch(/^worktrain: Not delivered: [^\n]+\n$/);
    const again = await worktrain(["tell", item, "And another."], env);
    expect(again).toMatchObject({ exitCode: 1, stdout: "", stderr: expect.stringMatching(/^worktrain: Nothing was told: \S+ is not running\. [^\n]+\n$/) });
  });

  test.each<[string, readonly string[], string]>([
    ["a session that never was", ["tell", "code-1-0000", "Hello"], 'There is no session or item "code-1-0000"'],
    ["nothing to say", ["tell", "code-1-0000"], "needs a session and what to say"],
    ["a text over the limit", ["tell", "code-1-0000", "x".repeat(16_001)], "16001 characters"],
    ["a wait that is no number", ["tell", "x", "y", "--wait", "soon"], "--wait soon"],
    ["cancelling what is not running", ["cancel", "code-1-0000"], "code-1-0000 is not running"],
    ["cancelling nothing", ["cancel"], "needs a session, or --all"],
    ["going on with what never was", ["run", "--resume", "local-x"], 'There is no item "local-x"'],
    ["resuming what never was", ["resume", "local-x"], 'There is no item "local-x"'],
    ["resuming where there is nothing", ["resume"], "There is no task to resume"],
    ["resuming two", ["resume", "local-x", "local-y"], '`worktrain resume` does not take "local-y"'],
    ["going on with another task", ["run", "--resume", "local-x", "--goal", "y"], "--resume goes with neither"],
    ["a limit of nothing", ["run", "--goal", "x", "--workspace", ".", "--max-cost", "0"], "--max-cost 0 is no number above zero"],
    ["half a turn", ["run", "--goal", "x", "--workspace", ".", "--max-turns", "1.5"], "--max-turns 1.5 is no whole number above zero"],
  ])("%s: one line, exit code 1", async (_, args, words) => {
    const said = await worktrain(args, environment("wrong"));
    expect(said).toMatchObject({ exitCode: 1, stdout: "" });
    expect(said.stderr).toMatch(/^worktrain: [^\n]+\n$/);
    expect(said.stderr).toContain(words);
  });
});

describe("cancel and going on", () => {
  test("cancel --all ends every run within seconds, whatever its data directory, and each goes on where it stopped", async () => {
    const env = environment("all");
    const held = hold();
    const runs = [start(env), start(env, ["--goal", GOAL, "--workspace", clone, "--data", join(directory, "elsewhere")])];
    for (const run of runs) await sessionOf(run, "classify");
    await until(() => model.requests.length >= 0 && runs.every((run) => /classify ·/.test(run.stderr())), "both are at work");
    const second = await worktrain(["run", "--resume", readdirSync(join(dataOf("all"), "items"))[0] ?? ""], env);
    expect(second.stderr).toMatch(/is being worked on by process \d+/);
    const startedMs = performance.now();
    const cancelled = await worktrain(["cancel", "--all", "--json"], env);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    expect(cancelled, cancelled.stderr).toMatchObject({ exitCode: 0 });
    const { runs: stopped } = z.object({ runs: z.array(z.looseObject({ item: z.string(), stopped: z.literal(true) })) }).parse(JSON.parse(cancelled.stdout));
    expect(stopped).toHaveLength(2);
    held.release();
    gate = () => Promise.resolve();
    for (const run of runs) {
      const { exitCode, result } = await run.over;
      expect({ exitCode, ending: result.ending }).toEqual({ exitCode: 1, ending: "cancelled" });
      const on = start(env, ["--resume", ...(result.resume ?? "").split(" ").slice(2)]);
      expect((await on.over).result).toMatchObject({ name: result.name, ending: "ready", branch: `worktrain/${result.name}` });
    }
    expect(await worktrain(["cancel", "--all"], env)).toMatchObject({ exitCode: 0, stdout: "Nothing is running.\n" });
  });

  test("what a limit stopped goes on with a higher one, in the same session, and what was spent counts", async () => {
    const env = environment("limit");
    const first = await start(env, ["--goal", GOAL, "--workspace", clone, "--max-turns", "4"]).over;
    expect(first).toMatchObject({ exitCode: 1, result: { ending: "budget", turns: 4, resume: expect.stringContaining(`worktrain resume ${first.result.name} --max-turns N`) } });
    const same = await start(env, ["--resume", first.result.name]).over;
    expect(same.result, "the limit that was given still holds").toMatchObject({ ending: "budget", turns: 4 });
    const higher = await start(env, ["--resume", first.result.name, "--max-turns", "50"]).over;
    expect(higher).toMatchObject({ exitCode: 0, result: { ending: "ready", turns: 12 } });
    const over = await start(env, ["--resume", first.result.name]).over;
    expect(over).toMatchObject({ exitCode: 0, result: { ending: "ready", turns: 12 } });
  });

  test("what came to a stop goes on from before its latest phase with a person's answer, and from before a phase that is named; the journal holds both", async () => {
    const env = environment("stopped");
    const own = join(directory, "own");
    cpSync(clone, own, { recursive: true });
    mkdirSync(join(own, ".github"), { recursive: true });
    writeFileSync(join(own, ".github/worktrain.yml"), "commands: { test: node --test }\nreview: { maxRounds: 1 }\n");
    await git(own, ["add", "--all"]);
    await git(own, ["commit", "--quiet", "--message", "One round of review"]);
    const first = await start(env, ["--goal", `${UNCLEAR}\n\nNot as 60s.`, "--workspace", own]).over;
    const { name } = first.result;
    expect(first).toMatchObject({ exitCode: 1, result: { ending: "unclear", resume: `worktrain resume ${name}` } });
    const before = model.requests.length;
    understood = wish("ready");
    objections = [{ severity: "major", summary: "Half a second is lost", file: "src/format.js", line: 1, evidence: "Read it.", remediation: "Round first." }];
    const second = await worktrain(["resume", name, "--tell", "It is a bug: 59.7 has to be 1m.", "--sandbox", sandbox, "--json"], env);
    expect(resultSchema.parse(JSON.parse(second.stdout)), second.stderr).toMatchObject({ name, ending: "review-blocking", undelivered: [], resume: `worktrain resume ${name}` });
    expect(texts(model.requests.slice(before).map(({ body }) => body))).toContain("It is a bug: 59.7 has to be 1m.");
    objections = [];
    const third = await worktrain(["resume", name, "--from", "review", "--sandbox", sandbox, "--json"], env);
    expect(resultSchema.parse(JSON.parse(third.stdout)), third.stderr).toMatchObject({ name, ending: "ready", branch: `worktrain/${name}` });
    const replayed = await worktrain(["replay", name], env);
    expect(replayed, replayed.stdout).toMatchObject({ exitCode: 0 });
    const report = await worktrain(["report", name, "--markdown"], env);
    expect(report.stdout).toContain("59.7 has to be 1m");
  });

  test("a run that was killed is no longer on the list, what was told it is not lost, and it goes on", async () => {
    const env = environment("killed");
    const held = hold();
    const run = start(env);
    const session = await sessionOf(run, "classify");
    const item = readdirSync(join(dataOf("killed"), "items"))[0] ?? "";
    expect(await worktrain(["tell", session, "Mind the tests.", "--wait", "0"], env)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("is busy with its turn") });
    run.child.kill("SIGKILL");
    await Promise.allSettled([run.over]);
    held.release();
    expect(await worktrain(["cancel", "--all"], env)).toMatchObject({ exitCode: 0, stdout: "Nothing is running.\n" });
    const before = model.requests.length;
    const on = await worktrain(["resume", "--json"], env);
    expect({ ...on, stdout: JSON.parse(on.stdout) }).toMatchObject({ exitCode: 0, stdout: { name: item, ending: "ready", undelivered: [] } });
    expect(await worktrain(["resume"], env)).toMatchObject({ exitCode: 1, stdout: "", stderr: expect.stringMatching(/^worktrain: There is no task to resume in [^\n]+\n$/) });
    expect(texts(model.requests.slice(before).map(({ body }) => body))).toContain("Mind the tests.");
  });

  test("a run that waits for a model that cannot be reached says so, each time", async () => {
    const gone = await startModelServer({ apiKey: KEY, answer: () => ({ kind: "error", status: 500, type: "api_error" }) });
    await gone.close();
    const run = start(environment("away", { ANTHROPIC_BASE_URL: gone.url }));
    await until(() => (run.stderr().match(/waiting: .*Next try in \d+ s\./g) ?? []).length >= 2 || run.child.exitCode !== null, "two waits are told");
    expect(run.stderr()).toMatch(/waiting: The model's API could not be reached: .* Next try in 1 s\./);
    await worktrain(["cancel", "--all"], environment("away"));
    expect((await run.over).result.ending).toBe("cancelled");
  });
});
