import { describe, expect, it } from "vitest";
import { createEffectRunner } from "../../../src/github/write/index.ts";
import { restoreStatus } from "../../../src/hosts/app/restore-status.ts";
import { createRunFollower } from "../../../src/hosts/app/run-follower.ts";
import { reportRun } from "../../../src/hosts/app/run-report.ts";
import { formatSegmentName, type EndingCode, type Phase } from "../../../src/record/index.ts";
import { ENDING_WORDS } from "../../../src/report/ending-words.ts";
import { statusComment } from "../../../src/report/status-comment.ts";
import { parseStatusMarker, type StatusMarker } from "../../../src/report/status-marker.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { requestError } from "../../fakes/github.ts";
import { APP_ID, smallWorld } from "../../fakes/small-world.ts";

const KEY = "0123456789abcdef0123456789abcdef";
const RUN_ID = 500;
const MARKER: StatusMarker = { issueNumber: 12, attempt: 1, continuation: 0, key: KEY, state: "waiting", runId: RUN_ID, labelledAt: "2026-01-01T00:00:00.000Z", at: null, recreated: false };
const PATCH = "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}";

function scene(marker: StatusMarker = MARKER) {
  const clock = fakeClock();
  const world = smallWorld(() => new Date(clock.nowMs()).toISOString());
  const quiet = () => undefined;
  const tools = { clock, log: { info: quiet, warn: quiet, error: quiet }, effects: createEffectRunner({ clock }), author: { appId: APP_ID, botLogin: null } };
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

  it("foreign artifact names and those of another run or item are not read", async () => {
    const { world, report, body } = scene();
    world.artifacts.push({ id: 1, name: "worktrain.99.issue-13.1.r500.a1.0001.code.implement.m1.ready" }, { id: 2, name: "worktrain.99.issue-12.1.r501.a1.0001.code.implement.m1.ready" }, { id: 3, name: "coverage" });
    await report();
    expect(body()).not.toContain("implement");
  });
});

describe("I4: does the comment say what happened?", () => {
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

  it("a finished work without a pull request is a failed delivery, whatever the conclusion; a fork's branch of that name does not count", async () => {
    const { world, run, save, report, body } = scene();
    save("review", "verdict", "ready");
    complete(run, "success");
    world.pulls.push({ number: 31, ref: "worktrain/issue-12-1", headRepositoryId: 98 });
    await report();
    expect(body()).toContain("delivering it failed");
    expect(body()).toContain("https://github.example/job/1");
  });

  it.each(Object.keys(ENDING_WORDS).filter((code) => code !== "ready") as EndingCode[])("ending %s is told in words with what to do", async (ending) => {
    const { run, save, report, body } = scene();
    save("code", "implement", ending);
    complete(run, "failure");
    await report();
    expect(body()).toContain(ENDING_WORDS[ending].headline);
    expect(body()).toContain(`**What to do:** ${ENDING_WORDS[ending].next}`);
    expect(body()).not.toContain("made pull request");
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
    expect(looks).toBe(1);
    world.fault = (route) => {
      if (route.startsWith("GET") && looks === 2) throw requestError(502, "Bad Gateway");
    };
    await clock.advance(30_000);
    save("code", "implement", "budget");
    complete(run, "success");
    await clock.advance(30_000);
    expect(body()).toContain("budget is used up");
    await clock.advance(120_000);
    expect(looks).toBe(3);
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
