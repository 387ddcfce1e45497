/** What sessions hand over and do wrong, through the coordinator: each ends typed, with a reason and a cure, and never as done. */
import { afterEach, describe, expect, test } from "vitest";
import { STALL_MS } from "../../src/agent/silence.ts";
import type { MessagesRequest, Turn } from "../../src/hosts/demo/model/index.ts";
import type { ItemEvent } from "../../src/record/index.ts";
import type { FakeClock } from "../fakes/clock.ts";
import { until } from "../fakes/until.ts";
import { cleanReview, completeStep, decidedOtherwise, itemWorld, workflow, write, type ItemWorld, type ItemWorldOptions } from "./item-world.ts";

const worlds: ItemWorld[] = [];
afterEach(async () => {
  const closed = worlds.splice(0);
  await Promise.all(closed.map((world) => world.model.close()));
  expect((await Promise.all(closed.map(decidedOtherwise))).flat()).toEqual([]);
});

const change = `  - { id: change, title: change, prompt: "Work on {{goal}}", outputContract: { contractRef: wr.contracts.coding_handoff } }\n`;
const tested = `  - { id: change, title: change, prompt: "Work on {{goal}}", verification: { command: "{{commands.test}}" }, outputContract: { contractRef: wr.contracts.coding_handoff } }\n`;
const WORKFLOWS = [workflow("wr.quick-task", change), workflow("wr.coding-task", change), workflow("wr.production-readiness-audit", `  - { id: audit, title: audit, prompt: Look., outputContract: { contractRef: wr.contracts.review_verdict } }\n`)];
const open = async ({ workflows = WORKFLOWS, ...options }: ItemWorldOptions): Promise<ItemWorld> => {
  const world = await itemWorld({ pipeline: { mode: "auto", confirm: "never" }, hostChecks: true, ...options, workflows });
  worlds.push(world);
  return world;
};

const classified = completeStep("wr.contracts.classification", { taskKind: "chore", taskComplexity: "small", riskLevel: "low", taskMaturity: "ready", interpretation: "Mend it.", ambiguities: [] });
const handOver = completeStep("wr.contracts.coding_handoff", { prTitle: "Mend it", filesChanged: ["a.txt"], testsAdded: [], sideEffects: [] });
const verdict = (stated: string, ...severities: readonly string[]): Turn =>
  completeStep("wr.contracts.review_verdict", { verdict: stated, confidence: "high", summary: "Read it.", findings: severities.map((severity) => ({ severity, summary: `A ${severity} thing`, file: "a.txt", line: 1, evidence: "Traced it.", remediation: "Mend it." })) });
const happy: ItemWorldOptions["turns"] = { "wr.classify-task": [classified], "wr.quick-task": [write("a.txt", "mended"), handOver], "wr.mr-review": () => cleanReview };
const sessions = (events: readonly ItemEvent[]) => events.flatMap((event) => (event.kind === "session_scheduled" ? [`${event.data.phase} ${event.data.round}`] : []));

describe("a session that does not do its part", () => {
  test.each<{ what: string; turns: ItemWorldOptions["turns"]; ending: string; says: string; ran: readonly string[] }>([
    { what: "a classification that is never handed over", turns: { "wr.classify-task": () => completeStep() }, ending: "blocked", says: "wr.contracts.classification is missing", ran: ["classify 1"] },
    { what: "a classification of words that are not its own", turns: { "wr.classify-task": () => completeStep("wr.contracts.classification", { taskComplexity: "tiny" }) }, ending: "blocked", says: "taskComplexity", ran: ["classify 1"] },
    { what: "a clean verdict beside a critical finding, kept up to the end", turns: { ...happy, "wr.mr-review": () => verdict("clean", "critical") }, ending: "blocked", says: '"clean" is milder than the findings, which make it "blocking"', ran: ["classify 1", "code 1", "review 1"] },
    { what: "a reviewer that only talks", turns: { ...happy, "wr.mr-review": () => [{ type: "text", text: "Looks good to me, ship it." }] }, ending: "not-completed", says: "The review session did not complete", ran: ["classify 1", "code 1", "review 1"] },
  ])("$what", async ({ turns, ending, says, ran }) => {
    const world = await open({ turns });
    expect(await world.run()).toMatchObject({ ending, reason: { code: expect.any(String), message: expect.stringContaining(says), fix: expect.stringMatching(/start it again/) }, state: { ended: { outcome: "stopped", snapshot: null } } });
    expect(sessions(await world.item())).toEqual(ran);
  });

  test("a clean verdict beside a critical finding that is set right counts as what it is: audited and mended", async () => {
    let said = 0;
    const world = await open({ turns: { ...happy, "wr.mr-review": () => [verdict("clean", "critical"), verdict("blocking", "critical")][said++] ?? cleanReview, "wr.production-readiness-audit": [cleanReview], "wr.coding-task": [write("a.txt", "really mended"), handOver] } });
    expect((await world.run()).ending).toBe("ready");
    expect(sessions(await world.item())).toEqual(["classify 1", "code 1", "review 1", "audit 1", "fix 2", "review 2"]);
  });

  test("a fix that makes it worse is reviewed like any other change, and stops at the cap with what is open", async () => {
    let round = 0;
    const world = await open({ turns: { ...happy, "wr.mr-review": () => (round++ === 0 ? verdict("minor", "minor") : verdict("blocking", "critical", "major")), "wr.coding-task": [write("a.txt", "worse"), handOver] } });
    expect(await world.run()).toMatchObject({ ending: "review-blocking", reason: { message: "After 2 rounds of review there are open findings: critical: A critical thing; major: A major thing.", fix: expect.stringContaining("review.maxRounds") }, state: { ended: { snapshot: null } } });
  });
});

test("a reviewer that cannot be had leaves the item open; a later run goes on at the review and does nothing twice", async () => {
  let away = true;
  const cancel = new AbortController();
  const world = await open({
    turns: happy,
    onRequest: (request) => {
      // The run's time is up while the reviewer keeps silent.
      if (away && JSON.stringify(request.system).includes("wr.mr-review")) cancel.abort();
      return Promise.resolve();
    },
  });
  expect(await world.run({ signal: cancel.signal })).toMatchObject({ ending: "cancelled", state: { ended: null }, reason: { fix: expect.stringContaining("goes on where it stopped") } });
  away = false;
  expect((await world.run()).ending).toBe("ready");
  expect(sessions(await world.item())).toEqual(["classify 1", "code 1", "review 1"]);
});

test("tests that hang are cut off and end it tests-red, with the time they had; those of the base say nothing and stop nothing", async () => {
  const world = await open({ turns: { ...happy, "wr.quick-task": ({ turnIndex }) => (turnIndex === 0 ? write("a.txt", "mended") : handOver) }, workflows: [workflow("wr.quick-task", tested), ...WORKFLOWS.slice(1)], onCommand: () => ({ exitCode: null, timedOut: true, durationMs: 100_000, outputTail: "waiting for a port" }) });
  expect(await world.run()).toMatchObject({ ending: "tests-red", reason: { message: expect.stringMatching(/ran into its time-out after 100\.0 s\..*\nwaiting for a port/s), fix: expect.stringContaining("test output") } });
  expect(world.timeouts).toEqual(world.timeouts.map(() => 900_000));
  expect((await world.item()).find(({ kind }) => kind === "base_tested")).toMatchObject({ data: { result: { timedOut: true } } });
});

describe("a model that never answers", () => {
  /** The requests of these sessions get no answer while it is silent. */
  const silent = (words: string) => {
    const state = { silent: true, asked: 0, clock: null as FakeClock | null };
    return {
      state,
      options: {
        onTurn: (clock: FakeClock) => Promise.resolve(void (state.clock = clock)),
        onRequest: (request: MessagesRequest): Promise<void> => {
          if (!state.silent || !JSON.stringify(request.system).includes(words)) return Promise.resolve();
          state.asked += 1;
          return new Promise(() => undefined);
        },
      },
    };
  };
  /** Lets each silence pass, one request at a time, until the run is over. */
  const passSilences = async <T>(running: Promise<T>, { state }: ReturnType<typeof silent>): Promise<T> => {
    const run = { over: false };
    const done = running.finally(() => (run.over = true));
    for (let nth = 1; !run.over; nth += 1) {
      await until(() => run.over || state.asked >= nth, `request ${nth} is made, or the run is over`);
      if (!run.over) await state.clock?.advance(STALL_MS);
      expect(nth).toBeLessThan(20);
    }
    return done;
  };

  test("as the reviewer: the item stays open and says so, and a later run goes on at the review", async () => {
    const hang = silent("wr.mr-review");
    const world = await open({ turns: happy, ...hang.options });
    expect(await passSilences(world.run({ budget: { ms: 6 * 3_600_000 } }), hang)).toMatchObject({ ending: "model-unavailable", state: { ended: null }, reason: { message: expect.stringContaining("fell silent in 3 requests in a row"), fix: expect.stringContaining("goes on where it stopped") } });
    hang.state.silent = false;
    expect((await world.run({ budget: { ms: 6 * 3_600_000 } })).ending).toBe("ready");
    expect(sessions(await world.item())).toEqual(["classify 1", "code 1", "review 1"]);
  });

  test("as a child of the review: what the others found is kept, the item stays open, and only the silent one is asked again", async () => {
    const hang = silent("Look at two");
    const lookers = workflow("wr.look", `  - { id: look, title: Look, prompt: "Look: {{goal}}", allowedTools: [read] }\n`);
    const review = workflow(
      "wr.mr-review",
      `  - id: examine\n    title: Examine\n    type: parallel\n    parallelDelegations:\n${["one", "two"].map((where) => `      - { workflowId: wr.look, goal: "Look at ${where}" }\n`).join("")}    synthesis: { prompt: Bring it together. }\n  - { id: verdict, title: Verdict, prompt: Judge., outputContract: { contractRef: wr.contracts.review_verdict } }\n`,
    );
    const world = await open({ workflows: [...WORKFLOWS, review, lookers], turns: { ...happy, "wr.look": () => completeStep(), "wr.mr-review": ({ turnIndex }) => (turnIndex === 0 ? completeStep() : cleanReview) }, ...hang.options, onRequest: (request) => hang.options.onRequest({ ...request, system: JSON.stringify(request.messages[0]) }) });
    expect(await passSilences(world.run({ budget: { ms: 6 * 3_600_000 } }), hang)).toMatchObject({ ending: "model-unavailable", state: { ended: null } });
    hang.state.silent = false;
    const before = world.model.requests.length;
    expect((await world.run({ budget: { ms: 6 * 3_600_000 } })).ending).toBe("ready");
    const again = world.model.requests.slice(before).map(({ body }) => JSON.stringify(body?.messages[0]));
    expect([again.some((text) => text.includes("Look at one")), again.some((text) => text.includes("Look at two"))]).toEqual([false, true]);
  });
});
