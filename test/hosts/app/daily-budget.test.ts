/** The day's budget over the wire: reserved before a run is dispatched, counted from GitHub alone, refused with words. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LoggedRequest } from "../../../src/hosts/demo/github/index.ts";
import { formatSegmentName, type EndingCode } from "../../../src/record/index.ts";
import { parseStatusMarker } from "../../../src/report/status-marker.ts";
import { createGitHub } from "../../../src/github/create-github.ts";
import { overDailyBudget } from "../../../src/hosts/app/starting/daily-budget.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";

let world: AppWorld;
beforeAll(async () => {
  world = await startAppWorld();
  // Room for one run under way and a half.
  await world.commit({ ".github/worktrain.yml": "budget: { costUsd: 4, dailyCostUsd: 6 }\n" });
});
afterAll(() => world.close());

async function labelled(issue?: number): Promise<number> {
  const number = issue ?? (await world.openIssue("add subtracts", ""));
  await world.label(number);
  await world.quiet();
  return number;
}

/** The runs of the last days. */
const ofTheDay = ({ query }: LoggedRequest): boolean => String(query["created"] ?? "").endsWith("T00:00:00Z");

const lastComment = async (issue: number): Promise<string> => (await world.comments(issue)).at(-1)?.body ?? "";

async function again(issue: number): Promise<void> {
  world.later(5_000);
  await world.unlabel(issue);
  await labelled(issue);
}

function saved(runId: number, issue: number, costMilliUsd: number, ending: EndingCode | null): void {
  world.saveArtifact(runId, formatSegmentName({ item: { repositoryId: world.repositoryId, subject: `issue-${issue}`, attempt: 1 }, runId, runAttempt: 1, index: costMilliUsd, phase: "code", step: "implement", costMilliUsd, ending }));
}

test("a run under way holds its whole budget; one that is over what its artifacts tell", async () => {
  const first = await labelled();
  expect(world.runs(first)).toHaveLength(1);
  expect(world.github.requests.filter(ofTheDay)).toHaveLength(1);
  const second = await labelled();
  expect(world.runs(second)).toEqual([]);
  const comment = await lastComment(second);
  expect(comment).toContain("at most $6 a day (UTC)");
  expect(comment).toContain("$4.00 are spent or reserved");
  expect(comment).toContain("budget.dailyCostUsd");

  const runId = world.runs(first)[0]?.id ?? 0;
  await world.updateRun(runId, { status: "in_progress" });
  saved(runId, first, 900, null);
  saved(runId, first, 2_001, "blocked");
  await world.updateRun(runId, { status: "completed", conclusion: "success" });
  await again(second);
  // $2.001 are gone; $4 more are over $6.
  expect(world.runs(second)).toEqual([]);
  expect(await lastComment(second)).toContain("$2.00 are spent or reserved");
});

test("what an item cost itself is within its own budget: it is gone on with after a lost run", async () => {
  await world.commit({ ".github/worktrain.yml": "budget: { costUsd: 4, dailyCostUsd: 6.5 }\n" });
  const second = 2;
  await again(second);
  expect(world.runs(second)).toHaveLength(1);
  const runId = world.runs(second)[0]?.id ?? 0;
  await world.updateRun(runId, { status: "in_progress" });
  saved(runId, second, 3_000, null);
  await world.updateRun(runId, { status: "completed", conclusion: "failure" });
  expect(world.runs(second)).toHaveLength(2);
});

test("without the key nothing is asked of GitHub for it", async () => {
  await world.commit({ ".github/worktrain.yml": "budget: { costUsd: 4 }\n" });
  const before = world.github.requests.length;
  const issue = await labelled();
  expect(world.runs(issue)).toHaveLength(1);
  expect(world.github.requests.slice(before).filter(ofTheDay)).toEqual([]);
});

test("I5: the installation's day counts what its other repositories spend and reserve, in their own measure", async () => {
  const shared = await startAppWorld({ environment: { WORKTRAIN_DAILY_COST_USD: "10" } });
  try {
    await shared.commit({ ".github/worktrain.yml": "budget: { costUsd: 3 }\n" });
    // One repository has never had a workflow file, the other a run under way.
    const bare = await shared.github.createRepository({ owner: "acme", name: "bare" });
    const sums = await shared.github.createRepository({ owner: "acme", name: "sums" });
    for (const { id } of [bare, sums]) shared.github.installApp(id);
    const mona = shared.github.addUser("mona", "maintain", sums.id);
    const pushed = await shared.git(join(shared.directory, "first-clone"), "push", "--quiet", shared.remote(mona).replace("/calc", "/sums"), "main");
    expect(pushed.err).toBe("");
    await shared.commit({ ".github/worktrain.yml": "budget: { costUsd: 4 }\n" });
    const issues = [await shared.openIssue("one", ""), await shared.openIssue("two", "")];
    await shared.label(issues[0] ?? 0);
    await shared.quiet();
    expect(shared.runs(issues[0] ?? 0)).toHaveLength(1);
    const run = await shared.call(mona, "POST", "/repos/acme/sums/actions/workflows/worktrain.yml/dispatches", { ref: "main", inputs: { key: "0".repeat(32), item: "x", ticket: "x", task: "x" }, return_run_details: true });
    shared.github.actions.setRunName(run.body.workflow_run_id, `WorkTrain ${sums.id}/issue-5/1 ${"0".repeat(32)}`);
    await shared.label(issues[1] ?? 0);
    await shared.quiet();
    // 4 here and 3 there are reserved; 4 more are over 10.
    expect(shared.runs(issues[1] ?? 0)).toEqual([]);
    const said = (await shared.comments(issues[1] ?? 0)).at(-1)?.body ?? "";
    expect(said).toContain("all repositories of this installation");
    expect(said).toContain("$7.00 are spent or reserved");
    expect(said).toContain("WORKTRAIN_DAILY_COST_USD");
    await shared.updateRun(run.body.workflow_run_id, { status: "completed", conclusion: "success" });
    shared.later(5_000);
    await shared.unlabel(issues[1] ?? 0);
    await shared.label(issues[1] ?? 0);
    await shared.quiet();
    expect(shared.runs(issues[1] ?? 0)).toHaveLength(1);
  } finally {
    await shared.close();
  }
});

test("issues that are labelled together do not all find the room that there is for one", async () => {
  const own = await startAppWorld();
  try {
    await own.commit({ ".github/worktrain.yml": "budget: { costUsd: 6, dailyCostUsd: 10 }\n" });
    const issues = [];
    for (const title of ["one", "two", "three", "four"]) issues.push(await own.openIssue(title, ""));
    await Promise.all(issues.map((issue) => own.label(issue)));
    await own.quiet();
    expect(issues.flatMap((issue) => own.runs(issue))).toHaveLength(1);
  } finally {
    await own.close();
  }
});

test("over midnight: what is still spending counts, and of what went on from before only what it cost since", async () => {
  const own = await startAppWorld();
  try {
    const DAY_MS = 24 * 60 * 60_000;
    const place = { github: createGitHub({ token: own.maintainer, baseUrl: own.github.url, userAgent: "test", clock: fakeClock() }), repository: { owner: "acme", repo: "calc" }, repositoryId: own.repositoryId };
    // Of GitHub, which the App's clock does not follow here.
    let dayMs = Date.now();
    const daysLater = async (days: number): Promise<void> => {
      own.later(days * DAY_MS);
      dayMs += days * DAY_MS;
      // So that the App does not take its token for one that GitHub's servers have not all heard of yet.
      await own.clock.advance(6_000);
    };
    /** What is told to be spent or reserved by a limit that has no room. */
    const spent = async (item = `${own.repositoryId}/issue-99/1`): Promise<string | undefined> => {
      const over = await overDailyBudget(place, { config: { budget: { costUsd: 4, dailyCostUsd: 3 } } as Parameters<typeof overDailyBudget>[1]["config"], item, nowMs: dayMs, again: "Again", ofInstallationUsd: null });
      return /\$([\d.]+) are spent or reserved/.exec(over?.message ?? "")?.[1];
    };
    const dispatch = async (issue: number): Promise<number> => {
      const run = await own.call(own.maintainer, "POST", "/repos/acme/calc/actions/workflows/worktrain.yml/dispatches", { ref: "main", inputs: { key: "0".repeat(32), item: "x", ticket: "x", task: "x" }, return_run_details: true });
      own.github.actions.setRunName(run.body.workflow_run_id, `WorkTrain ${own.repositoryId}/issue-${issue}/1 ${"0".repeat(32)}`);
      await own.updateRun(run.body.workflow_run_id, { status: "in_progress" });
      return run.body.workflow_run_id;
    };
    const save = (runId: number, issue: number, costMilliUsd: number): void =>
      own.saveArtifact(runId, formatSegmentName({ item: { repositoryId: own.repositoryId, subject: `issue-${issue}`, attempt: 1 }, runId, runAttempt: 1, index: costMilliUsd, phase: "code", step: "implement", costMilliUsd, ending: null }));
    const end = (runId: number) => own.updateRun(runId, { status: "completed", conclusion: "success" });

    const [late, over] = [await dispatch(5), await dispatch(6)];
    save(late, 5, 1_000);
    save(over, 6, 2_500);
    await end(over);
    expect(await spent()).toBe("6.50");
    await daysLater(1);
    // Made yesterday and still at work: it holds its budget. What ended yesterday is yesterday's.
    expect(await spent()).toBe("4.00");
    save(late, 5, 1_750);
    await end(late);
    expect(await spent()).toBe("0.75");
    const goesOn = await dispatch(6);
    expect(await spent()).toBe("4.75");
    save(goesOn, 6, 2_900);
    await end(goesOn);
    // $0.75 and $0.40, not all of the $2.90 that the second has cost so far.
    expect(await spent()).toBe("1.15");
    expect(await spent(`${own.repositoryId}/issue-6/1`)).toBe("0.75");
    await daysLater(1);
    expect(await spent()).toBe("0.00");
  } finally {
    await own.close();
  }
});

test("the day has no room for a label that is set anew at a gate: the gate waits on, under its name", async () => {
  const own = await startAppWorld();
  try {
    const issue = await own.openIssue("one", "");
    await own.label(issue);
    await own.quiet();
    const runId = own.runs(issue)[0]?.id ?? 0;
    const step = "gate-31-code-1-8dbf2163b3b83e82";
    own.saveArtifact(runId, formatSegmentName({ item: { repositoryId: own.repositoryId, subject: `issue-${issue}`, attempt: 1 }, runId, runAttempt: 1, index: 1, phase: "code", step, costMilliUsd: 1, ending: "awaiting-approval" }));
    await own.updateRun(runId, { status: "completed", conclusion: "success" });
    const marker = async () => parseStatusMarker((await own.comments(issue))[0]?.body ?? "");
    const before = await marker();
    expect(before).toMatchObject({ state: "interrupted", at: `code.${step}`, runId });
    await own.commit({ ".github/worktrain.yml": "budget: { costUsd: 4, dailyCostUsd: 3 }\n" });
    own.later(5_000);
    await own.unlabel(issue);
    await own.label(issue);
    await own.quiet();
    expect(own.runs(issue)).toHaveLength(1);
    expect((await own.comments(issue))[0]?.body).toContain("at most $3 a day (UTC)");
    expect(await marker()).toEqual({ ...before, labelledAt: (await marker())?.labelledAt });
    await own.commit({ ".github/worktrain.yml": "budget: { costUsd: 4 }\n" });
    own.later(5_000);
    await own.call(own.maintainer, "POST", `/repos/acme/calc/issues/${issue}/comments`, { body: "/worktrain approve" });
    await own.quiet();
    expect(own.runs(issue)).toHaveLength(2);
    expect(await marker()).toMatchObject({ state: "waiting", attempt: 1, continuation: 1 });
  } finally {
    await own.close();
  }
});
