/** A job that dies at the same place each time: the App goes on by itself, and the fourth run stops with a diagnosis (fault 40). */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { scenarioByIssue, straight } from "../fakes/scripts.ts";

const TITLE = "Durations kill the runner";

let world: DemoWorld;
let issueNumber: number;

beforeAll(async () => {
  const code = straight.code.with(1, () => {
    world.actions.killStep([...world.github.state().runs.values()].at(-1)?.id ?? 0);
    return [];
  });
  world = await startDemoWorld(scenarioByIssue({ [TITLE]: { code } }));
  issueNumber = await world.play({ title: TITLE });
});
afterAll(() => world.close());

test("fault 40: three runs crash where they begin, the fourth asks no model and says where it was", () => {
  const runs = world.runs(issueNumber);
  expect(runs.map(({ conclusion }) => conclusion)).toEqual(["failure", "failure", "failure", "success"]);
  const last = world.log(runs[3]?.id ?? 0, "agent");
  expect(last).toMatch(/WorkTrain ended: keeps-crashing: 3 runs in a row ended without a word at the same place: while the model was asked, in session code-1-\w+\./);
  expect(last).not.toContain("turn ");
});

test("fault 40: the issue says so, nothing is published, and no further run is dispatched", () => {
  expect(world.statusComments(issueNumber)[0]).toContain("its runs keep ending at the same place");
  expect(world.statusComments(issueNumber)[0]).toContain("state=ended");
  expect(world.comments(issueNumber).some(({ author, body }) => author !== "worktrain[bot]" && body.includes("at the same place: while the model was asked"))).toBe(true);
  expect([...world.github.state().issues.values()].filter(({ pull }) => pull !== null)).toEqual([]);
});
