/**
 * Every scenario of the demo but the one that demo.test.ts plays. Those in which people do more than label an issue are played on the
 * local GitHub; of the others `worktrain run` works on the issue in a clone, which takes no processes of the App and the Action.
 * `npm run demo -- --scenario NAME` plays each whole every night.
 */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { availableSandbox } from "../../src/hosts/demo/available-sandbox.ts";
import { playScenario, startModelServer } from "../../src/hosts/demo/model/index.ts";
import { testsPass } from "../../src/hosts/demo/outcome.ts";
import type { People } from "../../src/hosts/demo/scenario/scenario.ts";
import { endsAsItShould, jsonOf, playThrough, type CameOfAll } from "../../src/hosts/demo/play-through.ts";
import { ambiguous } from "../../src/hosts/demo/scenario/ambiguous/scenario.ts";
import { dependencyBump } from "../../src/hosts/demo/scenario/dependency-bump/scenario.ts";
import { scenarios } from "../../src/hosts/demo/scenario/index.ts";
import { largeIssue } from "../../src/hosts/demo/scenario/large-issue/scenario.ts";
import { plantedDefect } from "../../src/hosts/demo/scenario/planted-defect/scenario.ts";
import { refactoring } from "../../src/hosts/demo/scenario/refactoring/scenario.ts";
import { review } from "../../src/hosts/demo/scenario/review/scenario.ts";
import type { DemoScenario } from "../../src/hosts/demo/scenario/scenario.ts";
import { smallBug } from "../../src/hosts/demo/scenario/small-bug/scenario.ts";
import { twoIssuesOneFile } from "../../src/hosts/demo/scenario/two-issues-one-file/scenario.ts";
import { uncertainBug } from "../../src/hosts/demo/scenario/uncertain-bug/scenario.ts";
import { git } from "../../src/hosts/demo/world.ts";
import { openDirectoryReader } from "../../src/journal/index.ts";
import { itemView, readItemJournal } from "../../src/report/index.ts";
import { nodeClock, nodeFileSystem } from "../../src/shared/node-ports.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { shell } from "../hosts/cli/in-process.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const KEY = "sk-ant-cli-0123456789abcdef";
const ON_A_CLONE = [plantedDefect, uncertainBug, refactoring, dependencyBump];
const ON_GITHUB = [ambiguous, largeIssue, twoIssuesOneFile, review];

test("each scenario is played: by demo.test.ts, on a clone or on the local GitHub", () => {
  expect([smallBug, ...ON_A_CLONE, ...ON_GITHUB].map(({ name }) => name).toSorted()).toEqual(scenarios.map(({ name }) => name).toSorted());
});

/** The issue that people open; what they do beside that is left out. */
async function issueOf({ people }: DemoScenario): Promise<string> {
  const opened: string[] = [];
  const nothing = async (): Promise<void> => undefined;
  const listening: People = {
    join: () => undefined,
    openIssue: async ({ title, body }) => opened.push(`${title}\n\n${body}`),
    openPull: async () => 0,
    label: nothing,
    comment: async () => 0,
    merge: nothing,
    untilReaction: nothing,
    untilOver: nothing,
  };
  await people(listening);
  return opened[0] ?? "";
}

describe("on a clone", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "worktrain-scenarios-"));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test.each(ON_A_CLONE)("$name ends as it must", async (scenario) => {
    const clone = join(directory, scenario.name);
    cpSync(join(ROOT, scenario.repository.directory), join(clone, "checkout"), { recursive: true });
    for (const args of [["init", "--quiet", "--initial-branch=main"], ["add", "--all"], ["commit", "--quiet", "--message", scenario.repository.commit]]) await git(join(clone, "checkout"), args);
    const model = await startModelServer({ answer: playScenario(scenario.model), apiKey: KEY });
    const cli = shell({ data: join(clone, "data"), environment: { apiKey: KEY, model: () => ({ apiKey: KEY, baseUrl: model.url }) } });
    const { data } = await cli.run("run", "--goal", await issueOf(scenario), "--workspace", join(clone, "checkout"), "--data", join(clone, "data"), "--sandbox", await availableSandbox());
    await model.close();

    const [end] = scenario.ends;
    expect({ ending: data.ending, reason: data.reason }).toMatchObject({ ending: end?.endings[0] });
    const view = itemView(await readItemJournal(await openDirectoryReader({ directory: data.journal, fs: nodeFileSystem }), data.item));
    expect(view.mode?.mode).toBe(end?.mode);
    expect({ made: view.findings.length, mended: view.findings.filter(({ fate }) => fate === "gone").length, redThenGreen: view.findings.filter(({ check }) => check?.kind === "red-then-green").length }).toEqual(end?.findings);
    expect(data.branch === null ? "none" : "open").toBe(end?.pullRequest);
    await git(clone, ["clone", "--quiet", "--bare", join(clone, "checkout"), join(clone, "repo.git")]);
    const colourAt = async (sha: string): Promise<"red" | "green"> => ((await testsPass({ directory: clone, sha, nodePath: process.execPath })).passed ? "green" : "red");
    expect({ before: await colourAt("main"), after: data.headSha === null ? null : await colourAt(data.headSha) }).toEqual({ before: end?.tests.before, after: end?.tests.after });
    if (scenario === uncertainBug) for (const words of end?.says ?? []) expect(data.reason.message).toContain(words);
  });
});

/** Two runs of the built Action one after the other, or side by side, on a machine that has other work. */
const WHOLE_TIMEOUT_MS = 240_000;

/** Plays it whole, and says how it ended. */
async function play(world: DemoWorld, scenario: DemoScenario): Promise<CameOfAll> {
  const { directory } = world;
  const came = await playThrough({ world, directory, scenario, nodePath: process.execPath, started: nodeClock.monotonicMs(), say: () => undefined, signal: new AbortController().signal });
  expect(came.map(({ end }) => end)).toEqual(scenario.ends);
  expect(endsAsItShould(scenario, came)).toBe(true);
  assertRequestsConform(world.github.requests);
  return came;
}

test("ambiguous: asks first, obeys only who may approve, and says so; then it delivers. Another end than the wanted one is told apart", async () => {
  const world = await startDemoWorld(ambiguous.model, ambiguous);
  const came = await play(world, ambiguous).finally(() => world.close());
  const [{ outcome, end }] = came;
  // The App may answer grace after ada has written.
  expect(outcome.comments.map(({ author, body }) => `${author}: ${/WorkTrain (?:made pull request #2|waits for a person's approval|did not do what)/.exec(body)?.[0] ?? body}`).toSorted()).toEqual([
    "ada: /worktrain approve",
    "github-actions[bot]: WorkTrain waits for a person's approval",
    "grace: /worktrain approve",
    "worktrain[bot]: WorkTrain did not do what",
    "worktrain[bot]: WorkTrain made pull request #2",
  ]);
  expect(outcome.pullRequest?.body).toMatch(/A gate for a person was answered by one \| `ada \(GitHub user \d+\)` approved: how the task was understood \|  \| deliver job \|/);
  expect(jsonOf(ambiguous, came, undefined)).toMatchObject({ scenario: "ambiguous", outcome: ambiguous.ends, ends: ambiguous.ends, issue: { number: 1 }, otherIssues: [] });
  for (const other of [{ endings: ["ready"] }, { pullRequest: "none" }, { tests: { ...end.tests, after: "red" } }, { says: [] }] as const) expect(endsAsItShould({ ...ambiguous, ends: [{ ...end, ...other }] }, came)).toBe(false);
  expect(endsAsItShould({ ...ambiguous, ends: [end, end] }, came)).toBe(false);
}, WHOLE_TIMEOUT_MS);

test("large-issue: its pitch is taken, how it is cut is asked, and the approved sub-issues are made without a label", async () => {
  const world = await startDemoWorld(largeIssue.model, largeIssue);
  try {
    await play(world, largeIssue);
    const { body } = await world.call(world.maintainerToken, "GET", "/issues?state=all");
    expect(body).toMatchObject([{ number: 4, labels: [] }, { number: 3, labels: [] }, { number: 2, labels: [] }, { number: 1, labels: [{ name: "worktrain:ready" }] }]);
  } finally {
    await world.close();
  }
}, WHOLE_TIMEOUT_MS);

test("two-issues-one-file: each pull request is told on the base it was made on, and main has the work of both once both are merged", async () => {
  const world = await startDemoWorld(twoIssuesOneFile.model, twoIssuesOneFile);
  try {
    const [slug, ...others] = await play(world, twoIssuesOneFile);
    const shorten = others[0]?.outcome.pullRequest;
    const first = await git(join(world.directory, "repo.git"), ["rev-list", "--max-parents=0", "main"]);
    for (const pull of [slug.outcome.pullRequest, shorten]) expect(pull?.body).toContain(`on base \`${first}\``);
    const { body } = await world.call(world.maintainerToken, "GET", `/pulls/${shorten?.number}`);
    expect(body).toMatchObject({ state: "open", merged: false, mergeable: true });
    expect(await world.read("src/headings.js")).toContain("match(/");
    expect(await world.read("src/headings.js")).not.toContain("[...heading]");
    expect((await world.call(world.maintainerToken, "GET", "/issues/1")).body).toMatchObject({ state: "closed" });
    expect((await world.call(world.maintainerToken, "GET", "/issues/2")).body).toMatchObject({ state: "open" });
  } finally {
    await world.close();
  }
}, WHOLE_TIMEOUT_MS);

test("review: a planted bug is found by reading and stands on its line; nothing is pushed, the record is whole, and a review that says the same twice is told apart", async () => {
  const world = await startDemoWorld(review.model, review);
  try {
    const [{ outcome, end }] = await play(world, review);
    expect(outcome.pullRequest?.branch).toBe("word-count");
    const { body: reviews } = await world.call(world.maintainerToken, "GET", "/pulls/1/reviews");
    expect(reviews).toMatchObject([{ state: "COMMENTED", commit_id: outcome.pullRequest?.headSha, user: { login: "github-actions[bot]" } }]);
    const { body: comments } = await world.call(world.maintainerToken, "GET", "/pulls/1/comments");
    expect(comments).toMatchObject([{ path: "src/words.js", line: 7, side: "RIGHT", body: expect.stringContaining("An empty heading is counted as one word") }]);
    expect(outcome.checkRuns).toMatchObject([{ name: "WorkTrain progress", conclusion: "neutral" }, { name: "WorkTrain", conclusion: "failure", summary: expect.stringContaining(String(outcome.pullRequest?.headSha)) }]);
    expect((await git(join(world.directory, "repo.git"), ["for-each-ref", "--format=%(refname)", "refs/heads"])).split("\n").toSorted()).toEqual(["refs/heads/main", "refs/heads/word-count"]);
    for (const other of [{ review: null }, { review: { ...end.review, inline: [] } }, { endings: ["ready"] }]) expect(endsAsItShould({ ...review, ends: [{ ...end, ...other } as typeof end] }, [{ outcome, end, tests: null }])).toBe(false);
  } finally {
    await world.close();
  }
}, WHOLE_TIMEOUT_MS);
