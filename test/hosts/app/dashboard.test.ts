/** The dashboard issue over the wire, against the local GitHub: kept up to date, its boxes as controls. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatSegmentName, type EndingCode } from "../../../src/record/index.ts";
import { dashboardText, tickedIn } from "../../../src/report/dashboard.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";

const MINUTE = 60_000;

let world: AppWorld;
beforeEach(async () => {
  world = await startAppWorld();
});
afterEach(() => world.close());

/** Lets the reconciler look once. */
async function look(): Promise<void> {
  for (let minute = 0; minute < 11; minute += 1) {
    await world.clock.advance(MINUTE);
    await world.quiet();
  }
}

async function labelled(): Promise<{ issue: number; runId: number }> {
  const issue = await world.openIssue("add subtracts", "`add(1, 2)` gives -1.");
  await world.label(issue);
  await world.quiet();
  return { issue, runId: world.runs(issue).at(-1)?.id ?? 0 };
}

async function endRun(issue: number, runId: number, ending: EndingCode): Promise<void> {
  world.saveArtifact(runId, formatSegmentName({ item: { repositoryId: world.repositoryId, subject: `issue-${issue}`, attempt: 1 }, runId, runAttempt: 1, index: 1, phase: "code", step: "parked", costMilliUsd: 120, ending }));
  await world.updateRun(runId, { status: "completed", conclusion: "success" });
}

const dashboards = () => [...world.github.state().issues.values()].filter(({ title }) => title === "WorkTrain dashboard");
const text = (): string => dashboards()[0]?.body ?? "";
const path = (): string => `/repos/acme/calc/issues/${dashboards()[0]?.number ?? 0}`;
const tick = async (what: string, token = world.maintainer): Promise<number> => {
  const { status } = await world.call(token, "PATCH", path(), { body: text().replace(`- [ ] <!-- worktrain:do ${what} -->`, `- [x] <!-- worktrain:do ${what} -->`) });
  await world.quiet();
  return status;
};

describe("is there a dashboard where the repository wants one?", () => {
  it("none without the config key, and no request for it", async () => {
    await labelled();
    await look();
    expect(dashboards()).toEqual([]);
  });

  it("one, which tells what is at work and what waits as it happens", async () => {
    await world.commit({ ".github/worktrain.yml": "dashboard: true\n" });
    const { issue, runId } = await labelled();
    await look();
    expect(dashboards()).toHaveLength(1);
    expect(text()).toContain(`### At work (1)\n\n- #${issue}: WorkTrain is working on this (attempt 1) · [status](`);
    await endRun(issue, runId, "budget");
    expect(text()).toContain(`### Waits for a person (1)\n\n- [ ] <!-- worktrain:do go-on ${issue} --> Go on with #${issue}: WorkTrain `);
    expect(dashboards()).toHaveLength(1);
  });

  it("I2: of two that replicas made at the same moment the first stays, and is kept up", async () => {
    await world.commit({ ".github/worktrain.yml": "dashboard: true\n" });
    await look();
    const [first] = dashboards();
    expect((await world.call(world.app, "POST", "/repos/acme/calc/issues", { title: "WorkTrain dashboard", body: text(), labels: ["worktrain:dashboard"] })).status).toBe(201);
    const { issue } = await labelled();
    await look();
    expect(dashboards().map(({ number, state }) => [number, state])).toEqual([[first?.number, "open"], [(first?.number ?? 0) + 1, "closed"]]);
    expect(text()).toContain(`#${issue}`);
  });

  it("closed by a person it is left alone, reopened it is kept up again", async () => {
    await world.commit({ ".github/worktrain.yml": "dashboard: true\n" });
    await look();
    const first = text();
    await world.call(world.maintainer, "PATCH", path(), { state: "closed" });
    const { issue } = await labelled();
    await look();
    expect([text(), dashboards().length]).toEqual([first, 1]);
    await world.call(world.maintainer, "PATCH", path(), { state: "open" });
    await look();
    expect(text()).toContain(`#${issue}`);
  });
});

describe("is a ticked box carried out?", () => {
  async function waiting(): Promise<number> {
    await world.commit({ ".github/worktrain.yml": "dashboard: true\n" });
    const { issue, runId } = await labelled();
    await look();
    await endRun(issue, runId, "budget");
    world.later(2 * MINUTE);
    return issue;
  }

  it("by somebody who may: the work goes on in the same attempt, and the box is unticked", async () => {
    const issue = await waiting();
    expect(await tick(`go-on ${issue}`)).toBe(200);
    expect(world.runs(issue).map(({ inputs }) => inputs["item"])).toEqual([1, 1].map((attempt) => `${world.repositoryId}/issue-${issue}/${attempt}`));
    expect(tickedIn(text())).toEqual([]);
    expect(text()).toContain("### At work (1)");
  });

  it("I10: by somebody who may triage and not write: nothing runs, and the box is unticked", async () => {
    const issue = await waiting();
    const triager = world.github.addUser("tina", "triage");
    expect(await tick(`go-on ${issue}`, triager)).toBe(200);
    expect(world.runs(issue)).toHaveLength(1);
    expect(tickedIn(text())).toEqual([]);
  });

  it("attack 1: boxes in an issue of somebody else with our marker do nothing", async () => {
    const issue = await waiting();
    const opened = await world.call(world.maintainer, "POST", "/repos/acme/calc/issues", { title: "WorkTrain dashboard", body: text() });
    await world.call(world.maintainer, "PATCH", `/repos/acme/calc/issues/${opened.body.number}`, { body: text().replace("- [ ] <!-- worktrain:do go-on", "- [x] <!-- worktrain:do go-on") });
    await world.quiet();
    expect(world.runs(issue)).toHaveLength(1);
  });

  it("I8: a task whose text was changed after the tick is not started on it", async () => {
    const issue = await waiting();
    await world.call(world.maintainer, "PATCH", `/repos/acme/calc/issues/${issue}`, { body: "Something else" });
    await tick(`go-on ${issue}`);
    expect(world.runs(issue)).toHaveLength(1);
  });
});

describe("does it say that everything is stopped?", () => {
  it.each<[string, (issue: number) => Promise<unknown>, (issue: number) => Promise<unknown>, RegExp]>([
    ["the label", (issue) => world.call(world.maintainer, "POST", `/repos/acme/calc/issues/${issue}/labels`, { labels: ["worktrain:stop"] }), (issue) => world.call(world.maintainer, "DELETE", `/repos/acme/calc/issues/${issue}/labels/worktrain:stop`), /\*\*Everything is stopped\*\* by the label `worktrain:stop` on #\d+/],
    ["the config", () => world.commit({ ".github/worktrain.yml": "dashboard: true\nenabled: false\n" }), () => world.commit({ ".github/worktrain.yml": "dashboard: true\n" }), /\*\*Everything is stopped\*\* by `enabled: false`/],
  ])("by %s, and nothing as tried again or to be gone on with; taken back, it does not", async (_, stop, takeBack, words) => {
    await world.commit({ ".github/worktrain.yml": "dashboard: true\n" });
    const { issue, runId } = await labelled();
    await endRun(issue, runId, "model-unavailable");
    await look();
    expect(text()).toContain("### Tried again by itself (1)");
    await stop(issue);
    await world.quiet();
    expect(text()).toMatch(words);
    expect(text()).toContain("### Tried again by itself when work may go on (1)");
    expect(text()).not.toContain("worktrain:do go-on");
    await takeBack(issue);
    await look();
    expect(text()).not.toContain("Everything is stopped");
  });
});

describe("does the text read back what it says?", () => {
  const entry = (state: "interrupted" | "running", at: string | null) => ({
    marker: { issueNumber: 12, attempt: 1, key: null, continuation: 0, state, runId: 1, labelledAt: "2026-01-01T00:00:00Z", at, recreated: false },
    url: "https://github.example/c/1",
    headline: "WorkTrain stopped",
  });
  it("nothing is ticked in what is written; a gate has no box", () => {
    const written = dashboardText([entry("interrupted", "code.parked"), entry("running", null)]);
    expect(tickedIn(written)).toEqual([]);
    expect(tickedIn(written.replaceAll("[ ]", "[x]"))).toEqual([{ kind: "go-on", issueNumber: 12 }, { kind: "refresh" }]);
    expect(dashboardText([entry("interrupted", "classify.gate-interpretation")])).toContain("at a gate: answer it there");
    expect(tickedIn(dashboardText([entry("interrupted", "classify.gate-interpretation")]).replaceAll("[ ]", "[x]"))).toEqual([{ kind: "refresh" }]);
  });
});
