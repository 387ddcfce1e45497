import { describe, expect, it, test } from "vitest";
import { publicTicketKey, verifyTicket } from "../../../src/github/trust/index.ts";
import { createEditBudget, MOST_EDITS } from "../../../src/hosts/app/runs/edit-budget.ts";
import { createEffectRunner } from "../../../src/github/write/index.ts";
import { restoreStatus } from "../../../src/hosts/app/runs/restore-status.ts";
import { createRunFollower } from "../../../src/hosts/app/runs/run-follower.ts";
import { reportRun } from "../../../src/hosts/app/runs/run-report.ts";
import { formatSegmentName, type EndingCode, type Phase } from "../../../src/record/index.ts";
import { ENDING_WORDS } from "../../../src/report/ending-words.ts";
import { statusComment } from "../../../src/report/status-comment.ts";
import { parseStatusMarker, type StatusMarker } from "../../../src/report/status-marker.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { requestError } from "../../fakes/github.ts";
import { APP_ID, person, smallWorld } from "../../fakes/small-world.ts";
import { startAgain, tryAgain } from "../../../src/hosts/app/starting/try-again.ts";
import { commandScene } from "./command-scene.ts";
import { DISPATCH, labelScene, TICKET_KEY } from "./label-scene.ts";

const KEY = "0123456789abcdef0123456789abcdef";
const RUN_ID = 500;
const MARKER: StatusMarker = { issueNumber: 12, attempt: 1, continuation: 0, key: KEY, state: "waiting", runId: RUN_ID, labelledAt: "2026-01-01T00:00:00.000Z", at: null, recreated: false };
const PATCH = "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}";

function scene(marker: StatusMarker = MARKER) {
  const clock = fakeClock();
  const world = smallWorld(() => new Date(clock.nowMs()).toISOString());
  const quiet = () => undefined;
  const tools = { clock, log: { info: quiet, warn: quiet, error: quiet }, effects: createEffectRunner({ clock }), author: { appId: APP_ID, botLogin: null }, ticketKeyPem: TICKET_KEY, edits: createEditBudget(clock) };
  const place = { github: world.github, repository: { owner: "acme", repo: "shop" }, repositoryId: 99 };
  const run = { id: RUN_ID, title: `WorkTrain 99/issue-12/1 ${KEY}`, status: "in_progress", conclusion: null as string | null, attempt: 1, path: ".github/workflows/worktrain.yml" };
  world.runs.push(run);
  world.comments.push({ id: 1, body: statusComment(marker, { kind: "waiting", runUrl: null }), appId: APP_ID, login: "worktrain[bot]" });
  let index = 0;
  const save = (phase: Phase | "probe", step: string, ending: EndingCode | null = null, runAttempt = 1) => {
    index += 1;
    const name = formatSegmentName({ item: { repositoryId: 99, subject: "issue-12", attempt: 1 }, runId: RUN_ID, runAttempt, index, phase, step, costMilliUsd: index * 120, ending });
    world.artifacts.push({ id: index, name });
  };
  const body = () => world.comments[0]?.body ?? "";
  return { clock, world, tools, place, run, save, body, edits: () => world.github.count(PATCH), report: () => reportRun(place, tools, RUN_ID) };
}

const complete = (run: { status: string; conclusion: string | null }, conclusion: string) => Object.assign(run, { status: "completed", conclusion });

describe("does the comment show where the run is?", () => {
  it("phase, step and cost from the artifact names; an edit only when phase or step changes", async () => {
    const { save, report, body, edits } = scene();
    save("probe", "start");
    expect(await report()).toBe("going");
    save("classify", "classify");
    save("code", "implement");
    await report();
    expect(body()).toContain("- ✔ Classify\n- ● **Code**, step `implement`\n- ○ Review\n- ○ Deliver");
    expect(body()).toContain("cost $0.360 as of 2026-01-01 00:05 UTC");
    const before = edits();
    save("code", "implement");
    await report();
    expect(edits()).toBe(before);
    save("code", "verify");
    await report();
    expect(edits()).toBe(before + 1);
  });

  it("no more than an installation's edits an hour; what was left out is shown by the next look, and the end always", async () => {
    const { clock, tools, run, save, report, body, edits } = scene();
    for (let made = 0; made < MOST_EDITS; made += 1) tools.edits.take("acme");
    save("code", "implement");
    await report();
    expect(edits()).toBe(0);
    expect(tools.edits.take("another-owner")).toBe(true);

    await clock.advance(60 * 60_000);
    await report();
    expect(body()).toContain("● **Code**, step `implement`");

    for (let made = 0; made < MOST_EDITS; made += 1) tools.edits.take("acme");
    save("review", "verdict", "blocked");
    complete(run, "success");
    expect(await report()).toBe("over");
    expect(parseStatusMarker(body())).toMatchObject({ state: "ended" });
  });

  it("foreign artifact names and those of another run or item are not read", async () => {
    const { world, report, body } = scene();
    world.artifacts.push({ id: 1, name: "worktrain.99.issue-13.1.r500.a1.0001.code.implement.m1.ready" }, { id: 2, name: "worktrain.99.issue-12.1.r501.a1.0001.code.implement.m1.ready" }, { id: 3, name: "coverage" }, { id: 4, name: "worktrain-report.99.issue-12.1.r500.a1.agent.html" });
    await report();
    expect(body()).not.toContain("implement");
  });
});

describe("I4: does the comment say what happened?", () => {
  it("where GitHub does not take the label or the comment that asks for a person, the end is told all the same", async () => {
    const { world, run, save, report, body } = scene();
    save("code", "implement", "keeps-crashing");
    complete(run, "success");
    world.fault = (route) => {
      if (route === "POST /repos/{owner}/{repo}/issues/{issue_number}/labels") throw requestError(422, "Validation Failed");
      if (route === "POST /repos/{owner}/{repo}/issues/{issue_number}/comments") throw requestError(403, "Unable to create comment because issue is locked.");
    };
    expect(await report()).toBe("over");
    expect(body()).toContain("its runs keep ending at the same place");
    expect(parseStatusMarker(body())).toMatchObject({ state: "ended" });
  });

  it("a pull request that is there", async () => {
    const { world, run, save, report, body } = scene();
    save("code", "implement");
    save("review", "verdict", "ready");
    complete(run, "success");
    world.pulls.push({ number: 31, ref: "worktrain/issue-12-1", headRepositoryId: 99 });
    expect(await report()).toBe("over");
    expect(body()).toContain("made pull request #31");
    expect(parseStatusMarker(body())).toMatchObject({ state: "ended", at: "review.verdict" });
  });

  it("fault 56: a pull request whose delivery was refused half-way is told as that, and the next run delivers the rest", async () => {
    const { world, run, save, report, body } = scene();
    save("review", "verdict", "ready");
    save("deliver", "refused", "ready");
    complete(run, "failure");
    world.pulls.push({ number: 31, ref: "worktrain/issue-12-1", headRepositoryId: 99 });
    await report();
    expect(body()).toContain("delivering it failed");
    expect(body()).toMatch(/Pull request \[#31\]\(\S+\) has its branch; not all that belongs to it is published/);
    expect(body()).not.toContain("made pull request");
    expect(parseStatusMarker(body())).toMatchObject({ state: "interrupted", at: "deliver.refused" });
  });

  it.each([
    ["its machine was lost", "failure", null],
    ["GitHub had an outage", "failure", "failed"],
    ["somebody cancelled it", "cancelled", null],
  ])("fault 56: a pull request whose deliver job broke off behind it, since %s, is not told as made", async (_, conclusion, step) => {
    const { world, run, save, report, body } = scene();
    save("review", "verdict", "ready");
    if (step !== null) save("deliver", step, "ready");
    complete(run, conclusion);
    world.deliverConclusion = conclusion;
    world.pulls.push({ number: 31, ref: "worktrain/issue-12-1", headRepositoryId: 99 });
    await report();
    expect(body()).not.toContain("made pull request");
    expect(body()).toMatch(/Pull request \[#31\]\(\S+\) has its branch; not all that belongs to it is published/);
    expect(parseStatusMarker(body())).toMatchObject({ state: "interrupted" });
  });

  it.each(["MERGED", "CLOSED"] as const)("fault 51: one that a person has %s meanwhile is told as it is, and nothing more is published behind it", async (state) => {
    const { world, run, save, report, body } = scene();
    save("review", "verdict", "ready");
    complete(run, "failure");
    world.pulls.push({ number: 31, ref: "worktrain/issue-12-1", headRepositoryId: 99, state });
    expect(await report()).toBe("over");
    expect(body()).toContain("made pull request #31");
    expect(world.dispatches).toEqual([]);
  });

  it("a deliver job that could not save its part of the record has published all the same, whatever another job of the run came to", async () => {
    const { world, run, save, report, body } = scene();
    save("review", "verdict", "ready");
    complete(run, "failure");
    world.deliverConclusion = "success";
    world.pulls.push({ number: 31, ref: "worktrain/issue-12-1", headRepositoryId: 99 });
    await report();
    expect(body()).toContain("made pull request #31");
  });

  it("a finished work without a pull request is a failed delivery, whatever the conclusion; a fork's branch of that name does not count", async () => {
    const { world, run, save, report, body } = scene();
    save("review", "verdict", "ready");
    complete(run, "success");
    world.pulls.push({ number: 31, ref: "worktrain/issue-12-1", headRepositoryId: 98 });
    await report();
    expect(body()).toContain("delivering it failed");
    expect(body()).toContain("https://github.example/job/1");
  });

  it.each([["ready", "It finished the work."], ["reviewed", "It reviewed the pull request."], ["nothing-to-do", "It found nothing to do."]] as const)("a trial that ended with %s published nothing, and the next label delivers it, also where a pull request was there before", async (ending, words) => {
    const { world, run, save, report, body } = scene();
    save("code", "implement", ending);
    world.artifacts.push({ id: 90, name: `worktrain-staged.99.issue-12.1.r${RUN_ID}.md` });
    world.pulls.push({ number: 31, ref: "worktrain/issue-12-1", headRepositoryId: 99 });
    complete(run, "success");
    await report();
    expect(body()).toContain("### WorkTrain published nothing: the delivery was a trial");
    expect(body()).toContain(words);
    expect(body()).toContain("**What to do:** take the input `staged` out");
    expect(body()).not.toMatch(/made pull request|Review the pull request|delivering it failed|Read the review/);
    expect(parseStatusMarker(body())).toMatchObject({ state: "interrupted" });
  });

  it("a preview of another run or item makes no trial of this one; a gate that a trial came to is told all the same", async () => {
    const { world, run, save, report, body } = scene();
    save("code", "gate-7-code-1", "awaiting-approval");
    world.artifacts.push({ id: 90, name: "worktrain-staged.99.issue-12.1.r501.md" }, { id: 91, name: `worktrain-staged.99.issue-13.1.r${RUN_ID}.md` });
    complete(run, "success");
    await report();
    expect(body()).toContain("waits for a person's approval");
    // Nor one beside what the deliver job saved when it had published.
    const delivered = scene();
    delivered.save("deliver", "delivered", "ready");
    delivered.world.artifacts.push({ id: 90, name: `worktrain-staged.99.issue-12.1.r${RUN_ID}.md` });
    delivered.world.pulls.push({ number: 31, ref: "worktrain/issue-12-1", headRepositoryId: 99 });
    complete(delivered.run, "success");
    await delivered.report();
    expect(delivered.body()).toContain("made pull request #31");
    const other = scene();
    other.save("code", "gate-7-code-1", "awaiting-approval");
    other.world.artifacts.push({ id: 90, name: `worktrain-staged.99.issue-12.1.r${RUN_ID}.md` });
    complete(other.run, "success");
    await other.report();
    expect(other.body()).toContain("the delivery was a trial");
    expect(other.body()).toContain("`/worktrain approve gate-7-code-1`");
    expect(other.body()).not.toContain("take the input");
  });

  it.each(Object.keys(ENDING_WORDS).filter((code) => code !== "ready") as EndingCode[])("ending %s is told in words with what to do", async (ending) => {
    const { world, run, save, report, body } = scene();
    save("code", "implement", ending);
    complete(run, "failure");
    world.deliverConclusion = "success";
    await report();
    expect(body()).toContain(ENDING_WORDS[ending].headline);
    expect(body()).toContain(`**What to do:** ${ENDING_WORDS[ending].next}`);
    expect(body()).not.toContain("made pull request");
  });

  it.each<[EndingCode, string, string | null, boolean]>([
    ["reported", "failure", null, true],
    ["awaiting-approval", "cancelled", null, true],
    ["reported", "success", null, false],
    ["reported", "skipped", null, false],
    ["reported", "failure", "said", false],
  ])("I4: the work ended with %s, and the deliver job, which has words of its own for it, with %s (saved: %s): that they were not said is told: %s", async (ending, conclusion, step, told) => {
    const { world, run, save, report, body } = scene();
    save("investigate", "end", ending);
    if (step !== null) save("deliver", step, ending);
    complete(run, "failure");
    world.deliverConclusion = conclusion;
    await report();
    expect(body()).toContain(ENDING_WORDS[ending].headline);
    expect(body().includes("was to say in a comment of its own, and did not: it broke off")).toBe(told);
  });

  it.each([["cancelled", "was cancelled"], ["failure", "lost its run"], ["timed_out", "lost its run"], ["startup_failure", "lost its run"], ["success", "lost its run"]])(
    "fault 38: without an ending code the conclusion %s tells",
    async (conclusion, words) => {
      const { run, save, report, body } = scene();
      save("code", "implement");
      complete(run, conclusion);
      await report();
      expect(body()).toContain(words);
    },
  );

  it.each<[string, string, string | null, string]>([
    ["GitHub refused the workflow", "startup_failure", null, "GitHub ended the run without starting"],
    ["it has no agent job", "failure", null, "GitHub ended the run without starting"],
    ["it waits for somebody to allow it", "action_required", null, "GitHub ended the run without starting"],
    ["its agent job was skipped", "success", "skipped", "The job `agent` was skipped"],
    ["its agent job failed before it had saved anything", "failure", "failure", "lost its run"],
    ["its runner was lost before it had saved anything", "failure", "cancelled", "lost its run"],
  ])("I4: a run that saved nothing, where %s", async (_, conclusion, agent, words) => {
    const { world, run, report, body } = scene();
    world.agentConclusion = agent;
    complete(run, conclusion);
    await report();
    expect(body()).toContain(words);
    const isBlocked = agent === null || agent === "skipped";
    expect([body().includes("blocked before it began"), body().includes("from what is saved"), world.dispatches]).toEqual([isBlocked, !isBlocked, []]);
    expect(parseStatusMarker(body())).toMatchObject({ state: "interrupted" });
  });

  it("a run that was cancelled before its agent job started was cancelled, and not blocked", async () => {
    const { world, run, report, body } = scene();
    world.agentConclusion = null;
    complete(run, "cancelled");
    await report();
    expect(body()).toContain("was cancelled");
  });

  it("a final comment is not turned back by late, early or repeated events", async () => {
    const { run, save, report, body } = scene();
    save("code", "implement", "tests-red");
    complete(run, "failure");
    await report();
    const final = body();
    Object.assign(run, { status: "in_progress", conclusion: null });
    await report();
    complete(run, "cancelled");
    await report();
    expect(body()).toBe(final);
  });

  it("fault 24: what a re-run does and says changes nothing", async () => {
    const { run, save, report, body } = scene();
    save("code", "end", "tests-red");
    complete(run, "success");
    await report();
    const final = body();
    Object.assign(run, { attempt: 2, status: "in_progress" });
    save("probe", "refused", "bad-ticket", 2);
    expect(await report()).toBe("over");
    complete(run, "failure");
    await report();
    expect(body()).toBe(final);
  });

  it("fault 24: a re-run is not believed even where the first attempt's end was never heard of", async () => {
    const { run, save, report, body } = scene();
    save("code", "end", "tests-red");
    Object.assign(run, { attempt: 2 });
    save("probe", "refused", "bad-ticket", 2);
    complete(run, "failure");
    await report();
    expect(body()).toContain("the tests stay red");
  });
});

describe("is a run ours?", () => {
  it.each<[string, (run: ReturnType<typeof scene>["run"]) => void]>([
    ["another workflow", (run) => (run.path = ".github/workflows/evil.yml")],
    ["another key", (run) => (run.title = `WorkTrain 99/issue-12/1 ${"f".repeat(32)}`)],
    ["another attempt", (run) => (run.title = `WorkTrain 99/issue-12/2 ${KEY}`)],
    ["another repository", (run) => (run.title = `WorkTrain 98/issue-12/1 ${KEY}`)],
    ["a name nobody gave", (run) => (run.title = "WorkTrain")],
  ])("not %s: the comment stays", async (_, change) => {
    const { run, report, body } = scene();
    change(run);
    const before = body();
    complete(run, "success");
    expect(await report()).toBe("over");
    expect(body()).toBe(before);
  });

  it("fault 32: of two runs with one key the lower id counts", async () => {
    const { world, place, tools, run, body } = scene({ ...MARKER, runId: null });
    world.runs.push({ ...run, id: RUN_ID + 1, status: "completed", conclusion: "success" });
    expect(await reportRun(place, tools, RUN_ID + 1)).toBe("over");
    expect(parseStatusMarker(body())).toMatchObject({ runId: null });
    expect(await reportRun(place, tools, RUN_ID)).toBe("going");
    expect(parseStatusMarker(body())).toMatchObject({ runId: RUN_ID, state: "running" });
  });

  it("fault 45: a status comment forged by somebody else is not edited", async () => {
    const { world, report, edits } = scene();
    world.comments = world.comments.map((comment) => ({ ...comment, appId: null, login: "mallory" }));
    expect(await report()).toBe("over");
    expect(edits()).toBe(0);
  });
});

describe("fault 46: what if somebody deletes the comment?", () => {
  it("it comes back once with a note, and stays away the second time", async () => {
    const { world, tools, place, run, save, report, body } = scene();
    const remove = () => {
      const text = body();
      world.comments = [];
      return { body: text, marker: parseStatusMarker(text) ?? MARKER };
    };
    await restoreStatus(place, tools, remove());
    expect(body()).toContain("deleted and made again once");
    save("code", "implement");
    await report();
    expect(body()).toContain("deleted and made again once");
    await restoreStatus(place, tools, remove());
    expect(world.comments).toHaveLength(0);
    complete(run, "success");
    expect(await report()).toBe("over");
    expect(world.comments).toHaveLength(0);
  });

  it("a duplicate taken back is no deletion", async () => {
    const { world, tools, place, body } = scene();
    await restoreStatus(place, tools, { body: body(), marker: MARKER });
    expect(world.comments).toHaveLength(1);
  });
});

test("of an owner whose edits are an hour past nothing is remembered", async () => {
  const clock = fakeClock();
  const edits = createEditBudget(clock);
  for (const owner of ["a", "b", "c"]) expect(edits.take(owner)).toBe(true);
  expect(edits.owners()).toBe(3);
  await clock.advance(60 * 60_000);
  edits.take("d");
  expect(edits.owners()).toBe(1);
});

describe("is a run followed to its end?", () => {
  it("polls at its interval, once a run, over outages, and hears of an end no webhook told", async () => {
    const { clock, world, run, save, report, body } = scene();
    const quiet = () => undefined;
    const follower = createRunFollower({ clock, log: { info: quiet, warn: quiet, error: quiet }, pollMs: 30_000 });
    let looks = 0;
    const look = () => {
      looks += 1;
      return report();
    };
    follower.follow(RUN_ID, look);
    follower.follow(RUN_ID, look);
    await clock.advance(29_000);
    expect(looks).toBe(0);
    await clock.advance(1_000);
    expect(looks).toBe(1);
    await clock.advance(29_000);
    expect(looks).toBe(1);
    world.fault = (route) => {
      if (route.startsWith("GET") && looks === 2) throw requestError(502, "Bad Gateway");
    };
    await clock.advance(1_000);
    save("code", "implement", "budget");
    complete(run, "success");
    await clock.advance(30_000);
    expect(body()).toContain("budget is used up");
    await clock.advance(120_000);
    expect(looks).toBe(3);
    await follower.stop();
    expect(clock.sleepers()).toBe(0);
  });

  it("what an event told needs no further look, neither by the poll that waits its turn nor by a late event", async () => {
    const { clock, run, save, report } = scene();
    const quiet = () => undefined;
    const follower = createRunFollower({ clock, log: { info: quiet, warn: quiet, error: quiet }, pollMs: 30_000 });
    const signals: AbortSignal[] = [];
    const look = (signal: AbortSignal) => {
      signals.push(signal);
      return report();
    };
    follower.leave(RUN_ID);
    expect(follower.isOver(RUN_ID)).toBe(false);
    follower.follow(RUN_ID, look);
    await clock.advance(30_000);
    follower.leave(RUN_ID);
    await clock.advance(60_000);
    expect([signals.length, signals[0]?.aborted, follower.isOver(RUN_ID)]).toEqual([1, true, true]);

    follower.follow(RUN_ID + 1, look);
    await clock.advance(30_000);
    save("code", "implement", "budget");
    complete(run, "success");
    await clock.advance(45_000);
    expect([signals.length, follower.isOver(RUN_ID + 1)]).toEqual([3, true]);
    follower.follow(RUN_ID + 2, () => Promise.resolve("over"));
    await clock.advance(30_000);
    expect(follower.isOver(RUN_ID + 2)).toBe(false);
    await follower.stop();
  });

  it("what stays as it is costs less and less, up to two minutes between two looks; what changes is looked at often again", async () => {
    const { clock } = scene();
    const quiet = () => undefined;
    const follower = createRunFollower({ clock, log: { info: quiet, warn: quiet, error: quiet }, pollMs: 30_000 });
    const looks: number[] = [];
    let outlook: "going" | "still" = "still";
    const look = () => (looks.push(clock.nowMs()), Promise.resolve(outlook));
    const pauses = () => looks.map((at, nth) => (at - (looks[nth - 1] ?? 0)) / 1_000).slice(1);
    follower.follow(RUN_ID, look);
    await clock.advance(60 * 60_000);
    expect(pauses().slice(0, 7)).toEqual([45, 67.5, 101.25, 120, 120, 120, 120]);
    outlook = "going";
    await clock.advance(10 * 60_000);
    expect(pauses().slice(-3)).toEqual([30, 30, 30]);
    // Somebody else sees it change in the middle of a long pause.
    outlook = "still";
    await clock.advance(20 * 60_000);
    const seen = looks.length;
    follower.follow(RUN_ID, look);
    await clock.advance(20_000);
    follower.follow(RUN_ID, look);
    await clock.advance(10_000);
    expect(looks.length).toBe(seen + 1);
    await follower.stop();
    expect(clock.sleepers()).toBe(0);
  });

  it("stops at once when the App stops", async () => {
    const { clock, report } = scene();
    const quiet = () => undefined;
    const follower = createRunFollower({ clock, log: { info: quiet, warn: quiet, error: quiet }, pollMs: 30_000 });
    follower.follow(RUN_ID, report);
    await clock.advance(1);
    await follower.stop();
    expect(clock.sleepers()).toBe(0);
  });
});

/** A labelled issue whose run has saved something. */
async function working() {
  const labelled = labelScene();
  const first = await labelled.settle(labelled.label());
  const run = () => labelled.world.runs.at(-1);
  const save = (ending: EndingCode | null = null, step = "implement") => {
    const index = labelled.world.artifacts.length + 1;
    const name = { item: { repositoryId: 99, subject: "issue-12", attempt: 1 }, runId: run()?.id ?? 0, runAttempt: 1, index, phase: "code" as const, step, costMilliUsd: 1, ending };
    labelled.world.artifacts = [...labelled.world.artifacts.filter(({ name: other }) => other.includes(`.r${run()?.id}.`)), { id: index, name: formatSegmentName(name) }];
  };
  const end = async (conclusion: string) => {
    const last = run();
    if (last === undefined) throw new Error("There is no run.");
    Object.assign(last, { status: "completed", conclusion });
    return labelled.settle(reportRun(labelled.place, labelled.tools, last.id));
  };
  const marker = () => parseStatusMarker(labelled.body());
  return { ...labelled, first, run, save, end, marker };
}

describe("fault 22: does the App see to what a fenced run was asked for?", () => {
  it("another run goes on from the newest state, in the name of who labelled", async () => {
    const { world, save, end, marker, run } = await working();
    save("fenced", "fenced");
    expect(await end("success")).toEqual({ goesOnIn: run()?.id });
    expect(world.dispatches).toHaveLength(2);
    expect(marker()).toMatchObject({ attempt: 1, continuation: 1, state: "waiting" });
  });

  it("what it was asked for is there: the comment names it, and nothing is dispatched", async () => {
    const { world, save, end, marker, body } = await working();
    save("fenced", "fenced");
    world.pulls.push({ number: 31, ref: "worktrain/issue-12-1", headRepositoryId: 99 });
    expect(await end("success")).toBe("over");
    expect(world.dispatches).toHaveLength(1);
    expect(marker()?.state).toBe("ended");
    expect(body()).toContain("made pull request #31");
  });

  it("nobody may be asked for any more: the comment says that another run was first, and what to do", async () => {
    const { world, save, end, marker, body } = await working();
    save("fenced", "fenced");
    world.permission = person("read");
    expect(await end("success")).toBe("over");
    expect([world.dispatches.length, marker()?.state]).toEqual([1, "interrupted"]);
    expect(body()).toContain("another run of this item was first");
  });
});

describe("fault 51: is a label after work that can never be delivered a new attempt?", () => {
  it("what was refused for good ends the attempt; what another day may take is gone on with", async () => {
    for (const [ending, attempt, continuation] of [["undeliverable", 2, 0], ["ready", 1, 1]] as const) {
      const { world, save, end, marker, body, label, clock, settle } = await working();
      save(ending, "refused");
      expect(await end("failure")).toBe("over");
      expect(body()).toContain("add it again");
      await clock.advance(60_000);
      await settle(label());
      expect(world.dispatches).toHaveLength(2);
      expect(marker()).toMatchObject({ attempt, continuation });
    }
  });
});

describe("faults 38, 39: does the App go on by itself with a run that was cut off?", () => {
  it("a lost one: the same attempt, one continuation on, in the name of who labelled, and the comment says so", async () => {
    const { world, first, save, end, run, marker, body } = await working();
    save();
    expect(await end("failure")).toEqual({ goesOnIn: run()?.id });
    expect(run()?.id).not.toBe(first);
    expect(marker()).toMatchObject({ attempt: 1, continuation: 1, state: "waiting", runId: run()?.id, by: { id: 42, login: "octocat" }, auto: 1 });
    expect(body()).toContain("The run before this one was lost, ran out of time");
    expect(world.dispatches).toHaveLength(2);
    expect(world.dispatches[1]?.["item"]).toBe(world.dispatches[0]?.["item"]);
    expect(world.dispatches[1]?.["key"]).not.toBe(world.dispatches[0]?.["key"]);
    expect(world.reactions).toBe(1);
  });

  it("fault 56: one whose deliver job broke off behind the pull request; not where somebody cancelled it, or something was refused", async () => {
    for (const [conclusion, step, runs] of [["failure", "end", 2], ["failure", "failed", 2], ["cancelled", "end", 1], ["failure", "refused", 1]] as const) {
      const { world, end, marker, run, body } = await working();
      world.artifacts.push({ id: 1, name: formatSegmentName({ item: { repositoryId: 99, subject: "issue-12", attempt: 1 }, runId: run()?.id ?? 0, runAttempt: 1, index: 1, phase: step === "end" ? "review" : "deliver", step, costMilliUsd: 1, ending: "ready" }) });
      world.pulls.push({ number: 31, ref: "worktrain/issue-12-1", headRepositoryId: 99 });
      world.deliverConclusion = conclusion;
      await end(conclusion);
      expect([step, conclusion, world.dispatches.length]).toEqual([step, conclusion, runs]);
      expect(marker()).toMatchObject(runs === 2 ? { attempt: 1, continuation: 1, state: "waiting", auto: 1 } : { continuation: 0, state: "interrupted" });
      expect(body()).not.toContain("made pull request");
    }
  });

  it("one whose job's time was up, and one that was lost between its last save and its delivery", async () => {
    const time = await working();
    time.save("time-limit", "parked");
    await time.end("success");
    expect(time.world.dispatches).toHaveLength(2);
    const late = await working();
    late.world.deliverConclusion = "skipped";
    late.save("ready", "end");
    await late.end("failure");
    expect(late.world.dispatches).toHaveLength(2);
  });

  it("the same event twice, or by another replica, dispatches nothing more", async () => {
    const { world, first, save, end, place, tools, settle } = await working();
    save();
    await end("failure");
    await settle(reportRun(place, tools, first ?? 0));
    expect(world.dispatches).toHaveLength(2);
  });

  it("an App that died before it dispatched finds the run as it was, and goes on then", async () => {
    const { world, run, save, end, place, tools, settle, marker } = await working();
    save();
    world.fault = (route) => {
      if (route === "POST /graphql#IssueState") throw requestError(500);
    };
    await expect(end("failure")).rejects.toThrow(/./);
    expect(marker()?.state).toBe("waiting");
    world.fault = null;
    await settle(reportRun(place, tools, run()?.id ?? 0));
    expect(world.dispatches).toHaveLength(2);
  });

  it.each<[string, (work: Awaited<ReturnType<typeof working>>) => void, string]>([
    ["its set-up failed: it saved nothing", ({ world }) => (world.artifacts = []), "failure"],
    ["somebody cancelled it", () => undefined, "cancelled"],
    ["the label was taken off", ({ world }) => (world.issue.labels = []), "failure"],
    ["the issue was closed", ({ world }) => (world.issue.state = "closed"), "failure"],
    ["the text was changed since", ({ world }) => (world.issue.body = "Something else."), "failure"],
    ["who labelled may write no more", ({ world }) => (world.permission = person("read")), "failure"],
    ["the account of who labelled is another now", ({ world }) => (world.permission = person("write", "write", "User", 43)), "failure"],
  ])("not when %s: the comment says what a person can do", async (_, change, conclusion) => {
    const work = await working();
    work.save();
    change(work);
    expect(await work.end(conclusion)).toBe("over");
    expect(work.world.dispatches).toHaveLength(1);
    expect(work.marker()?.state).toBe("interrupted");
    expect(work.body()).toContain("**What to do:**");
  });

  it("five times in a row and no more; a label begins to count anew", async () => {
    const { world, save, end, marker, label, clock, settle } = await working();
    for (let nth = 1; nth <= 5; nth += 1) {
      save();
      await end("failure");
      expect(marker()?.auto).toBe(nth);
    }
    save();
    expect(await end("failure")).toBe("over");
    expect(world.github.count(DISPATCH)).toBe(6);
    await clock.advance(60_000);
    await settle(label({}, "d-2"));
    expect(world.github.count(DISPATCH)).toBe(7);
    expect(marker()).toMatchObject({ attempt: 1, continuation: 6 });
    expect(marker()?.auto).toBeUndefined();
  });
});

describe("fault 63: how often is it tried again, and what then?", () => {
  it("eight times in a row, each wait at least as long as the one before, some twenty hours in all; then it waits for a person", async () => {
    const { world, place, tools, clock, save, end, settle, marker, body } = await working();
    const again = () => settle(tryAgain(place, tools, 12));
    const waits: number[] = [];
    for (let nth = 1; nth <= 8; nth += 1) {
      save("model-unavailable", "parked");
      expect(await end("success")).toBe("over");
      expect(body()).toContain(`(try ${nth} of 8)`);
      const dueMs = Date.parse(marker()?.due ?? "");
      waits.push(Math.ceil((dueMs - clock.nowMs()) / 60_000));
      expect(await again()).toBeNull();
      await clock.advance(dueMs - clock.nowMs());
      expect(await again()).toBe(world.runs.at(-1)?.id);
      expect(await again()).toBeNull();
      expect(marker()).toMatchObject({ state: "waiting", tries: nth, continuation: nth });
    }
    expect(waits.map((wait) => Math.round(wait / 15) * 15)).toEqual([15, 30, 60, 120, 240, 240, 240, 240]);
    save("model-unavailable", "parked");
    await end("success");
    expect(world.dispatches).toHaveLength(9);
    expect(marker()).toMatchObject({ state: "interrupted", tries: 8 });
    expect(marker()?.due).toBeUndefined();
    expect(body()).toContain("It is not gone on with by itself: it was tried 8 times in a row.\n\n**What to do:**");
  });

  it("I10: what does not hold any more when it is due stands in the comment, once", async () => {
    const { world, place, tools, clock, save, end, settle, marker, body } = await working();
    save("model-unavailable", "parked");
    await end("success");
    await clock.advance(16 * 60_000);
    world.issue.labels = [];
    expect(await settle(tryAgain(place, tools, 12))).toBeNull();
    expect(body()).toContain("It is not gone on with by itself: the label was taken off.");
    expect([world.dispatches.length, marker()?.state, marker()?.due]).toEqual([1, "interrupted", undefined]);
  });

  it("a run that was lost in between counts for itself, and keeps the tries", async () => {
    const { place, tools, clock, save, end, settle, marker } = await working();
    save("model-unavailable", "parked");
    await end("success");
    await clock.advance(16 * 60_000);
    await settle(tryAgain(place, tools, 12));
    save();
    await end("failure");
    expect(marker()).toMatchObject({ tries: 1, auto: 1, state: "waiting" });
  });
});

describe("fault 32: is a start that the App did not live to make made later?", () => {
  it("with the same key, so that there is one run; and not where the text was changed since", async () => {
    const labelled = labelScene();
    labelled.world.fault = (route) => {
      if (route === DISPATCH) throw new TypeError("the App ends here");
    };
    await expect(labelled.settle(labelled.label())).rejects.toThrow("the App ends here");
    labelled.world.fault = null;
    const key = parseStatusMarker(labelled.body())?.key;
    const start = () => labelled.settle(startAgain(labelled.place, labelled.tools, 12));
    const text = labelled.world.issue.body;
    labelled.world.issue.body = "Something else.";
    expect(await start()).toBeNull();
    expect(labelled.body()).toContain("the issue's text was changed since");
    labelled.world.issue.body = text;
    expect([await start(), labelled.world.dispatches.length]).toEqual([null, 0]);

    const second = labelScene();
    second.world.fault = (route) => {
      if (route === DISPATCH) throw new TypeError("the App ends here");
    };
    await expect(second.settle(second.label())).rejects.toThrow("the App ends here");
    second.world.fault = null;
    expect(await second.settle(startAgain(second.place, second.tools, 12))).toBe(second.world.runs[0]?.id);
    expect(second.world.dispatches.map((inputs) => inputs["key"])).toEqual([key]);
    expect(parseStatusMarker(second.body())).toMatchObject({ state: "waiting", key });
  });

  it("a command's run that did start is found, and nobody is told to write it again", async () => {
    const asked = commandScene();
    asked.world.fault = (route) => {
      if (route === PATCH && asked.world.dispatches.length > 0) throw new TypeError("the App ends here");
    };
    await asked.comment("/worktrain run");
    asked.world.fault = null;
    expect(asked.marker()).toMatchObject({ state: "starting", runId: null });
    const [run] = asked.world.runs;
    expect(await asked.settle(startAgain(asked.place, asked.tools, 12))).toBe(run?.id);
    expect(asked.marker()).toMatchObject({ state: "waiting", runId: run?.id });
    expect(asked.world.dispatches).toHaveLength(1);
  });

  it("what of its delivery the attempt is at goes with it", async () => {
    const labelled = labelScene();
    labelled.world.fault = (route) => {
      if (route === DISPATCH) throw new TypeError("the App ends here");
    };
    await expect(labelled.settle(labelled.label())).rejects.toThrow("the App ends here");
    labelled.world.fault = null;
    const [comment] = labelled.world.comments;
    const marker = parseStatusMarker(comment?.body ?? "");
    if (comment === undefined || marker === null) throw new Error("no status comment");
    const followUp = { because: "review" as const, headSha: "c".repeat(40), pullNumber: 31, reviewId: 7 };
    comment.body = statusComment({ ...marker, followed: 2, followUp }, { kind: "starting" });
    await labelled.settle(startAgain(labelled.place, labelled.tools, 12));
    const [inputs] = labelled.world.dispatches;
    expect(verifyTicket(String(inputs?.["ticket"]), publicTicketKey(TICKET_KEY), { runCreatedAt: new Date(labelled.clock.nowMs()).toISOString() })).toMatchObject({ ok: true, value: { followUp } });
    expect(parseStatusMarker(labelled.body())).toMatchObject({ followed: 2, followUp });
  });
});
