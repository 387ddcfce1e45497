/** `npm run -s demo -- --json --keep DIR`, played once: what it prints, what it leaves, what it may never leave. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { readTrailers } from "../../src/record/index.ts";
import { parseCommitted } from "../../src/record/index.ts";
import { testsPass } from "../../src/hosts/demo/outcome.ts";
import { git } from "../../src/hosts/demo/world.ts";
import type { LoggedRequest } from "../../src/hosts/demo/github/index.ts";
import { nodeProcesses } from "../../src/shared/node-processes.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { shell } from "../hosts/cli/in-process.ts";
import { PROGRAM_ENVIRONMENT } from "../fakes/program-environment.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const sha = z.string().regex(/^[0-9a-f]{40}$/);
const count = z.int().min(1);

/** The shape the demo promises. */
const outcomeSchema = z.object({
  issue: z.looseObject({ number: z.int(), title: z.string() }),
  pullRequest: z.strictObject({ number: z.int(), branch: z.string(), headSha: sha, title: z.string().min(1), body: z.string().min(1), files: z.array(z.string()).min(1) }),
  checkRuns: z.array(z.strictObject({ name: z.string(), headSha: sha, status: z.string(), conclusion: z.string().nullable(), summary: z.string().nullable() })),
  comments: z.array(z.strictObject({ author: z.string(), body: z.string() })),
  sessions: z.array(z.strictObject({ id: z.string(), workflow: z.string(), outcome: z.string(), turns: count, tokens: count, costUsd: z.number().positive(), journal: z.string() })),
  requests: z.looseObject({ app: count, deliver: count }),
  durationMs: count,
});

let directory: string;
let exitCode: number | null;
let stdout: string;
let stderr: string;
let outcome: z.infer<typeof outcomeSchema>;
let requests: readonly LoggedRequest[];
const repository = (): string => join(directory, "repo.git");

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "worktrain-e2e-demo-"));
  const done = await nodeProcesses.run(process.execPath, [join(ROOT, "src/hosts/demo/main.ts"), "--json", "--keep", directory], { env: { ...PROGRAM_ENVIRONMENT }, timeoutMs: 120_000 });
  exitCode = done.exitCode;
  stdout = new TextDecoder().decode(done.stdout);
  stderr = new TextDecoder().decode(done.stderr);
  if (exitCode !== 0) throw new Error(`The demo ended with ${exitCode}: ${stderr.slice(-3000)}`);
  outcome = outcomeSchema.parse(JSON.parse(stdout));
  requests = JSON.parse(readFileSync(join(directory, "requests.json"), "utf8"));
}, 150_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Files below a directory, by path from the demo's. */
const filesBelow = (path: string): readonly string[] =>
  readdirSync(join(directory, path), { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [relative(directory, join(entry.parentPath, entry.name))] : []));

test("it prints exactly one JSON object of the promised shape and tells its progress elsewhere", () => {
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
  for (const word of ["job agent started", "job deliver started", "classify", "review", "turn", "tokens", "$"]) expect(stderr).toContain(word);
  expect(outcome.durationMs).toBeLessThan(120_000);
});

test("the issue has one pull request whose branch stands at the head it names, and its files are those that changed", async () => {
  const { branch, headSha, files, title } = outcome.pullRequest;
  expect(await git(repository(), ["rev-parse", `refs/heads/${branch}`])).toBe(headSha);
  expect((await git(repository(), ["diff", "--name-only", "main", headSha])).split("\n")).toEqual(files);
  expect((await git(repository(), ["for-each-ref", "--format=%(refname)", "refs/heads"])).split("\n").toSorted()).toEqual(["refs/heads/main", `refs/heads/${branch}`]);
  expect(title).not.toContain("\n");
  expect(written("POST /repos/{owner}/{repo}/pulls")).toHaveLength(1);
});

test("the repository is whole; its test command fails at main and passes at the head", async () => {
  await git(repository(), ["fsck", "--strict", "--no-dangling"]);
  const nodePath = process.execPath;
  const main = await git(repository(), ["rev-parse", "main"]);
  const before = await testsPass({ directory, sha: main, nodePath });
  expect({ passed: before.passed, names: before.output.includes("fractions are rounded") }).toEqual({ passed: false, names: true });
  expect((await testsPass({ directory, sha: outcome.pullRequest.headSha, nodePath })).passed).toBe(true);
});

test("the commit builds on main, bears the item's trailers, and keeps file modes", async () => {
  const { headSha } = outcome.pullRequest;
  expect(await git(repository(), ["rev-parse", `${headSha}^`])).toBe(await git(repository(), ["rev-parse", "main"]));
  const message = await git(repository(), ["log", "-1", "--format=%B", headSha]);
  expect(readTrailers(message)?.item).toMatch(/^\d+\/issue-\d+\/1$/);
  const modes = async (commit: string): Promise<string> => (await git(repository(), ["ls-tree", "-r", "--format=%(objectmode) %(path)", commit])).trim();
  expect(await modes(headSha)).toBe(await modes("main"));
});

const written = (route: string): readonly LoggedRequest[] => {
  const [method, template] = route.split(" ");
  return requests.filter((request) => request.method === method && request.route?.endsWith(template ?? "") && request.status < 300);
};

test("there is one reaction, one status comment, one check run, and that is on the head of the pull request", () => {
  expect(written("POST /issues/{issue_number}/reactions")).toHaveLength(1);
  expect(written("POST /issues/{issue_number}/comments")).toHaveLength(1);
  expect(written("POST /check-runs")).toHaveLength(1);
  expect(outcome.checkRuns).toMatchObject([{ headSha: outcome.pullRequest.headSha, status: "completed", conclusion: "success" }]);
  expect(outcome.comments).toHaveLength(1);
  expect(outcome.comments[0]?.author).toBe("worktrain[bot]");
  expect(outcome.comments[0]?.body).toContain("state=ended");
  expect(outcome.comments[0]?.body).toContain(`made pull request #${outcome.pullRequest.number}`);
});

test("the pull request tells what was done, how it was verified and by whom, the cost and every session", () => {
  const { body } = outcome.pullRequest;
  expect(body).toContain(`Fixes #${outcome.issue.number}`);
  for (const word of ["`node --test` passed", "agent job", "deliver job", "GitHub", "model turns"]) expect(body).toContain(word);
  for (const { id } of outcome.sessions) expect(body).toContain(id);
  expect(outcome.sessions.map(({ workflow }) => workflow)).toEqual(["wr.classify-task", "wr.quick-task", "wr.mr-review", "wr.production-readiness-audit", "wr.coding-task", "wr.mr-review", "wr.retrospective"]);
  expect(new Set(outcome.sessions.map((session) => session.outcome))).toEqual(new Set(["completed"]));
});

test("the run's page and the report of its journal tell the whole item, and each session's path and turns", async () => {
  const cli = shell({ data: directory });
  const file = join(directory, "report.html");
  const { data } = await cli.run("report", join(directory, readdirSync(join(directory, "journal")).map((name) => join("journal", name))[0] ?? ""), "--html", file);
  expect(data.report).toMatchObject({ kind: "item", standing: { tone: "good", headline: `WorkTrain made pull request #${outcome.pullRequest.number}` }, proof: { result: "holds" } });
  const page = readFileSync(file, "utf8");
  for (const id of ["first", "asked", "understood", "path", "change", "findings", "proof", "published", "cost", "timeline"]) expect(page).toContain(`<section id="${id}"`);
  for (const { id } of outcome.sessions) expect(page).toContain(id);
  for (const skipped of ["“quick is false” is false", "“findings is not set” is false"]) expect(page).toContain(skipped);
  const summaries = filesBelow("actions/jobs").filter((path) => path.includes("-deliver/") && path.includes("step_summary_"));
  const [summary = ""] = summaries.map((path) => readFileSync(join(directory, path), "utf8")).filter((text) => text !== "");
  expect(summary).toMatch(/^### ✅ WorkTrain delivered pull request \[#/);
  for (const text of ["```mermaid\nflowchart TD", "#### What to look at first", "#### Proof", "| GitHub |", "| deliver job |", "| agent job |", "#### Turns and tools"]) expect(summary).toContain(text);
});

test("every request conforms to GitHub's description; the agent job wrote nothing, the deliver job read no foreign thing", () => {
  assertRequestsConform(requests);
  expect(requests.filter(({ kind }) => kind === "unknown")).toEqual([]);
  expect(requests.filter(({ status, faulted }) => status >= 500 || faulted)).toEqual([]);
  const rest = requests.filter(({ kind }) => kind === "rest");
  expect(requests.filter(({ who, changes }) => who === "agent" && changes)).toEqual([]);
  expect([...new Set(rest.map(({ who }) => who))].toSorted()).toEqual(["ada", "agent", "app", "deliver"]);
});

test("the App and the deliver job send at most 25 requests together, REST and GraphQL, live progress aside", () => {
  expect(outcome.requests.app + outcome.requests.deliver).toBeLessThanOrEqual(25);
  expect(requests.filter(({ who, kind }) => who === "deliver" && (kind === "rest" || kind === "graphql"))).toHaveLength(outcome.requests.deliver);
});

test("I2: the item's record ref names every stream that was delivered, and moved once, with the branch", async () => {
  const refs = await git(repository(), ["for-each-ref", "--format=%(refname)", "refs/worktrain"]);
  expect(refs).toMatch(/^refs\/worktrain\/\d+\/issue-\d+\/1$/);
  expect(await git(repository(), ["rev-list", "--count", refs])).toBe("1");
  const committed = parseCommitted(await git(repository(), ["log", "-1", "--format=%B", refs]));
  for (const { id } of outcome.sessions) expect(committed?.heads).toHaveProperty(`session/${id}`);
  expect(requests.filter(({ changes, who, route }) => changes && who === "deliver" && route?.startsWith("/graphql") === true)).toHaveLength(1);
});

test("the run's first event tells what the App wrote: the signed ticket names reaction and comment", async () => {
  const [comment] = written("POST /issues/{issue_number}/comments");
  expect(comment).toBeDefined();
  const { inputs } = z.object({ inputs: z.object({ ticket: z.string() }) }).parse(written("POST /dispatches")[0]?.body);
  const { wrote } = z.object({ wrote: z.object({ reaction: z.string(), comment: z.string() }) }).parse(JSON.parse(Buffer.from(inputs.ticket.split(".")[0] ?? "", "base64url").toString("utf8")));
  expect(wrote.comment).toMatch(/^\d+$/);
  const lines = filesBelow("journal").flatMap((path) => (path.endsWith(".jsonl") ? readFileSync(join(directory, path), "utf8").split("\n") : []));
  expect(lines.filter((line) => line.includes('"kind":"run_opened"') && line.includes(inputs.ticket))).toHaveLength(1);
});

test("the kept directory holds the journal, the artifacts, the logs and what each job had", () => {
  for (const journal of new Set(outcome.sessions.map((session) => session.journal))) expect(statSync(journal).isDirectory()).toBe(true);
  expect(filesBelow("journal").filter((path) => path.endsWith(".jsonl")).length).toBeGreaterThan(0);
  expect(filesBelow("actions/artifacts").length).toBeGreaterThan(10);
  expect(filesBelow("actions/logs").map((path) => path.replace(/^.*\d-/, "")).toSorted()).toEqual(["agent.log", "deliver.log"]);
});

test("attack 14: each job had a fresh directory with the action and its own files; the deliver job nothing of the repository", () => {
  const jobs = readdirSync(join(directory, "actions/jobs")).toSorted();
  expect(jobs.map((name) => name.replace(/^.*\d-/, ""))).toEqual(["agent", "deliver"]);
  const listing = (...path: readonly string[]): readonly string[] => readdirSync(join(directory, "actions/jobs", ...path)).toSorted();
  for (const job of jobs) {
    expect(listing(job)).toEqual(["home", "hostedtoolcache", "work"]);
    expect(listing(job, "work")).toEqual(["_actions", "_temp", "tidy-time"]);
    expect([...listing(job, "home"), ...listing(job, "hostedtoolcache")]).toEqual([]);
    const [pin = ""] = listing(job, "work/_actions/worktrain/worktrain");
    expect(pin).toMatch(/^[0-9a-f]{40}$/);
    expect(listing(job, "work/_actions/worktrain/worktrain", pin, "action")).toEqual(["action.yml", "dist", "intake"]);
  }
  expect(listing(jobs[1] ?? "", "work/tidy-time/tidy-time")).toEqual([]);
  expect(requests.filter(({ who, kind }) => who === "deliver" && kind === "git")).toEqual([]);
});

/** What keys, tokens and key files look like. Names of variables and words about secrets are no secrets. */
const SECRET = /sk-ant-[\w-]{10,}|gh[pousr]_\w{10,}|github_pat_\w{10,}|-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}/;

test("each job left its report as a page beside the segments, and the pull request links to the agent job's", () => {
  const pages = filesBelow("actions/artifacts").map((path) => readFileSync(join(directory, path), "utf8")).filter((text) => text.startsWith("<!doctype html>"));
  expect(pages).toHaveLength(2);
  for (const page of pages) for (const text of [">What to look at first</h2>", "Told at the start", "Pin down the change"]) expect(page).toContain(text);
  expect(pages.filter((page) => page.includes(">What was published</h2>"))).toHaveLength(1);
  expect(outcome.pullRequest.body).toMatch(/\[the report\]\(http\S+\/actions\/runs\/\d+\/artifacts\/\d+\)/);
});

test("I6: no secret is in any artifact, journal, log, request, job directory, comment, check, pull request or commit", async () => {
  const places = ["journal", "actions/artifacts", "actions/logs", "actions/jobs", "checkout-of-pull-request"].flatMap(filesBelow);
  // The action itself is code, whose own patterns look like what they look for.
  const searched = [...places.filter((path) => !path.includes("/_actions/")), "requests.json", "app.log"];
  expect(searched.length).toBeGreaterThan(50);
  expect(searched.filter((path) => SECRET.test(textOf(join(directory, path))))).toEqual([]);
  const commits = await git(repository(), ["log", "--all", "--patch", "--format=fuller"]);
  for (const text of [stdout, stderr, commits]) expect(text).not.toMatch(SECRET);
});

function textOf(path: string): string {
  const bytes = readFileSync(path);
  const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return (gzipped ? gunzipSync(bytes) : bytes).toString("latin1");
}
