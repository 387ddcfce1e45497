/** `worktrain run` on a person's own clone: what it leaves, what it never touches, and how it says no. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { availableSandbox } from "../../src/hosts/demo/available-sandbox.ts";
import { playScenario, startModelServer, type ModelServer } from "../../src/hosts/demo/model/index.ts";
import { testsPass } from "../../src/hosts/demo/outcome.ts";
import { git } from "../../src/hosts/demo/world.ts";
import { nodeProcesses } from "../../src/shared/node-processes.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { descendantsOf, processesOf } from "../fakes/processes.ts";
import { scenarioByIssue } from "../fakes/scripts.ts";
import { until } from "../fakes/until.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const KEY = "sk-ant-cli-0123456789abcdef";
const GOAL = "Durations are wrong\n\nThe README says that they are rounded.";
const SECRET = "the person's own secret";

let directory: string;
let model: ModelServer;
let sandbox: "bubblewrap" | "weak";

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "worktrain-e2e-cli-"));
  model = await startModelServer({ answer: playScenario(scenarioByIssue({ [GOAL.split("\n")[0] ?? ""]: {} })), apiKey: KEY });
  sandbox = await availableSandbox();
});
afterAll(async () => {
  await model.close();
  rmSync(directory, { recursive: true, force: true });
});

const environment = (): Record<string, string> => ({ PATH: process.env["PATH"] ?? "", HOME: join(directory, "home"), ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: model.url });

interface Said {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function worktrain(args: readonly string[], env: Record<string, string> = environment()): Promise<Said> {
  const done = await nodeProcesses.run(process.execPath, [join(ROOT, "bin/worktrain.mjs"), ...args], { env, timeoutMs: 60_000 });
  return { exitCode: done.exitCode, stdout: new TextDecoder().decode(done.stdout), stderr: new TextDecoder().decode(done.stderr) };
}

/** A clone as a person has one while working: something staged, something changed, something untracked, something ignored. */
async function personsClone(name: string): Promise<string> {
  const clone = join(directory, name);
  cpSync(join(ROOT, "src/hosts/demo/scenario/small-bug/repository"), clone, { recursive: true });
  writeFileSync(join(clone, ".gitignore"), "node_modules/\n.env\n");
  await git(clone, ["init", "--quiet", "--initial-branch=trunk"]);
  await git(clone, ["add", "--all"]);
  await git(clone, ["commit", "--quiet", "--message", "Durations as people write them"]);
  writeFileSync(join(clone, "staged.md"), "staged\n");
  await git(clone, ["add", "staged.md"]);
  writeFileSync(join(clone, "README.md"), "half a sent\n");
  writeFileSync(join(clone, "notes.txt"), "untracked\n");
  writeFileSync(join(clone, ".env"), `TOKEN=${SECRET}\n`);
  // Git would note the new time in the index when it looks at the clone.
  utimesSync(join(clone, "package.json"), 1, 1);
  return clone;
}

/** Every file of a directory with its content's hash; git's objects are told by `git count-objects` and left out. */
const contents = (root: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !path.includes("/.git/objects/"))
      .map((path) => [relative(root, path), sha256Hex(readFileSync(path))]),
  );

const resultSchema = z.looseObject({ item: z.string(), ending: z.literal("ready"), branch: z.string(), headSha: z.string(), journal: z.string(), estimate: z.object({ lowUsd: z.number(), highUsd: z.number(), basis: z.string() }), sessions: z.array(z.looseObject({ phase: z.string(), outcome: z.literal("completed") })) });

describe("a run that ends well", () => {
  let clone: string;
  let data: string;
  let before: Readonly<Record<string, string>>;
  let said: Said;
  let result: z.infer<typeof resultSchema>;

  beforeAll(async () => {
    clone = await personsClone("clone");
    data = join(directory, "data");
    before = contents(clone);
    said = await worktrain(["run", "--goal", GOAL, "--workspace", clone, "--data", data, "--sandbox", sandbox, "--json"]);
    expect(said, said.stderr).toMatchObject({ exitCode: 0 });
    result = resultSchema.parse(JSON.parse(said.stdout));
  });

  test("prints one JSON object and tells its progress beside it", () => {
    expect(said.stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(result.sessions.map(({ phase }) => phase)).toEqual(["classify", "code", "review"]);
    for (const word of ["Estimated cost", "classify", "turn", "tokens", "3 uncommitted files"]) expect(said.stderr).toContain(word);
    expect(result.estimate.lowUsd).toBeLessThan(result.estimate.highUsd);
  });

  test("leaves one branch on top of HEAD whose tests pass", async () => {
    expect(result.branch).toMatch(/^worktrain\/local-/);
    expect(await git(clone, ["for-each-ref", "--format=%(refname:short)"])).toBe(["trunk", result.branch].join("\n"));
    expect(await git(clone, ["rev-parse", result.branch])).toBe(result.headSha);
    expect(await git(clone, ["rev-parse", `${result.branch}^`])).toBe(await git(clone, ["rev-parse", "trunk"]));
    expect(await git(clone, ["diff", "--name-only", "trunk", result.branch])).toBe("src/format.js");
    await git(directory, ["clone", "--quiet", "--bare", clone, join(directory, "repo.git")]);
    expect((await testsPass({ directory, sha: result.headSha, nodePath: process.execPath })).passed).toBe(true);
  });

  test("touches nothing else: files, index, HEAD and configuration are the same, byte for byte", () => {
    const after = Object.entries(contents(clone)).filter(([path]) => !path.endsWith(`refs/heads/${result.branch}`));
    expect(Object.fromEntries(after)).toEqual(before);
  });

  test("takes no uncommitted or ignored file along, and keeps the journal in the data directory", () => {
    const [item = "", ...more] = readdirSync(join(data, "items"));
    expect(more).toEqual([]);
    const copy = join(data, "items", item, "workspace");
    expect([".env", "notes.txt", "staged.md"].filter((name) => existsSync(join(copy, name)))).toEqual([]);
    expect(readFileSync(join(copy, "README.md"), "utf8")).not.toContain("half a sent");
    expect(relative(data, result.journal)).toBe(join("items", item, "journal"));
    expect(Object.keys(contents(result.journal)).some((path) => path.endsWith(".jsonl"))).toBe(true);
  });

  test("I6: neither the key nor the person's secret is in the data directory or in what was printed", () => {
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const leaks = files.filter((entry) => [KEY, SECRET].some((secret) => readFileSync(join(entry.parentPath, entry.name), "latin1").includes(secret)));
    expect(leaks.map(({ name }) => name)).toEqual([]);
    for (const secret of [KEY, SECRET]) expect(said.stdout + said.stderr).not.toContain(secret);
    expect(JSON.stringify(model.requests.map(({ body }) => body))).not.toContain(SECRET);
  });

  test("the user's data directory is the default, and words the default output", async () => {
    const plain = await worktrain(["run", "--goal", GOAL, "--workspace", clone, "--sandbox", sandbox], { ...environment(), XDG_DATA_HOME: join(directory, "xdg") });
    expect(plain).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Ready: branch worktrain\/local-\S+ /) });
    expect(existsSync(join(directory, "xdg/worktrain/items"))).toBe(true);
  });
});

test("Ctrl-C ends the run at once, leaves no process and no branch, and the journal is kept", async () => {
  const clone = await personsClone("interrupted");
  const data = join(directory, "interrupted-data");
  const args = ["run", "--goal", GOAL, "--workspace", clone, "--data", data, "--sandbox", sandbox, "--json"];
  const child = spawn(process.execPath, [join(ROOT, "bin/worktrain.mjs"), ...args], { env: environment(), detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const exited = once(child, "exit");
  await until(() => /code ·/.test(stderr) || child.exitCode !== null, "the agent codes");
  expect(descendantsOf(child.pid ?? 0).length).toBeGreaterThan(1);
  process.kill(-(child.pid ?? 0), "SIGINT");
  const [exitCode] = await exited;
  expect(exitCode, stderr).not.toBe(0);
  await until(() => processesOf(data).length === 0, "nothing is left");
  expect(await git(clone, ["branch", "--list", "worktrain/*"])).toBe("");
  expect(Object.keys(contents(data)).some((path) => path.endsWith(".jsonl"))).toBe(true);
});

describe("bad input: one readable line, no stack", () => {
  const goal = ["--goal", "x"];
  test.each<[string, () => { readonly args: readonly string[]; readonly env?: Record<string, string> }, string]>([
    ["no key", () => ({ args: ["run", ...goal, "--workspace", ROOT], env: { ...environment(), ANTHROPIC_API_KEY: "" } }), "ANTHROPIC_API_KEY"],
    ["no git clone", () => ({ args: ["run", ...goal, "--workspace", made("no-clone")] }), "is not a git clone"],
    ["a directory that is not there", () => ({ args: ["run", ...goal, "--workspace", join(directory, "nowhere")] }), "is not a git clone"],
    ["an unknown command", () => ({ args: ["fly"] }), '"fly"'],
    ["an unknown flag", () => ({ args: ["run", ...goal, "--workspace", ROOT, "--fast"] }), "--fast"],
    ["no goal", () => ({ args: ["run", "--workspace", ROOT] }), "--goal"],
    ["no workspace", () => ({ args: ["run", ...goal] }), "--workspace"],
    ["an unknown sandbox", () => ({ args: ["run", ...goal, "--workspace", ROOT, "--sandbox", "none"] }), "--sandbox none"],
    ["an address that is none", () => ({ args: ["run", ...goal, "--workspace", ROOT], env: { ...environment(), ANTHROPIC_BASE_URL: "nonsense" } }), "ANTHROPIC_BASE_URL"],
  ])("%s", async (_, input, words) => {
    const { args, env } = input();
    const { exitCode, stdout, stderr } = await worktrain(args, env);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(/^worktrain: [^\n]+\n$/);
    expect(stderr).toContain(words);
    expect(stderr).not.toMatch(/\bat \S+:\d+|node:internal/);
  });

  test.each<[string, readonly string[]]>([
    ["an unknown flag", ["run", ...goal, "--workspace", ROOT, "--fast", "--json"]],
    ["no git clone", ["run", ...goal, "--workspace", tmpdir(), "--json"]],
  ])("with --json %s is one JSON object with the cure", async (_, args) => {
    const { exitCode, stdout, stderr } = await worktrain(args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "" });
    z.strictObject({ error: z.strictObject({ message: z.string().min(10), fix: z.string().min(10) }) }).parse(JSON.parse(stdout));
  });

  test("a repository without a commit", async () => {
    const empty = made("empty");
    await git(empty, ["init", "--quiet"]);
    const { exitCode, stderr } = await worktrain(["run", ...goal, "--workspace", empty]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^worktrain: \S+ has no commit yet\. [^\n]+\n$/);
  });

  test("a broken configuration is named with file and line", async () => {
    const clone = await personsClone("broken");
    writeFileSync(join(clone, ".github/worktrain.yml"), "review: 3\n");
    await git(clone, ["commit", "--quiet", "--all", "--message", "Break it"]);
    const { exitCode, stderr } = await worktrain(["run", ...goal, "--workspace", clone, "--data", join(directory, "broken-data")]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^worktrain: \.github\/worktrain\.yml:1:9: [^\n]+\n$/m);
  });
});

function made(name: string): string {
  const path = join(directory, name);
  mkdirSync(path, { recursive: true });
  return path;
}
