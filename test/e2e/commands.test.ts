/** Work that is started and asked about by comments, through App, agent job and deliver job. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openIssue } from "../../src/hosts/demo/play.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { scenarioByIssue } from "../fakes/scripts.ts";
import { until } from "../fakes/until.ts";

const TITLE = "Durations are wrong";
const PLANNED_TITLE = "Hours are planned";
const OTHER_TITLE = "Minutes overflow";
const PATIENCE_MS = 110_000;

let world: DemoWorld;
let issue: number;
beforeAll(async () => {
  world = await startDemoWorld(scenarioByIssue({ [TITLE]: {}, [OTHER_TITLE]: {}, [PLANNED_TITLE]: {} }));
  issue = await openIssue(world, { title: TITLE, body: "" });
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

const asked = () => [...world.github.state().runs.values()].filter(({ displayTitle }) => displayTitle.includes("/ask-"));
async function ask(body: string, condition: () => boolean): Promise<void> {
  await world.call(world.maintainerToken, "POST", `/issues/${issue}/comments`, { body });
  await until(condition, body, PATIENCE_MS);
  await world.actions.idle();
  await world.github.settled();
}

test("run with a workflow that there is not is refused with the nearest; with a goal, the session is told it", async () => {
  const number = await openIssue(world, { title: OTHER_TITLE, body: "" });
  const write = async (body: string, condition: () => boolean): Promise<void> => {
    await world.call(world.maintainerToken, "POST", `/issues/${number}/comments`, { body });
    await until(condition, body, PATIENCE_MS);
    await world.actions.idle();
    await world.github.settled();
  };
  const shown = (): string => world.statusComments(number).at(-1) ?? "";
  await write("/worktrain run wr.codin-task", () => world.comments(number).some(({ body }) => body.includes("Did you mean `wr.coding-task`?")));
  expect(world.runs(number)).toEqual([]);
  await write('/worktrain run wr.coding-task "Only <minutes>"', () => shown().includes(" attempt=1 ") && shown().includes(" state=ended "));
  const pull = [...world.github.state().issues.values()].findLast((each) => each.pull !== null);
  expect(pull?.body).toContain("started in a comment by");
  expect(pull?.body).toContain("> Only");
});

test("plan stops before anything is made and tells the plan; run goes on with it to a pull request", async () => {
  const number = await openIssue(world, { title: PLANNED_TITLE, body: "" });
  const write = async (body: string, condition: () => boolean): Promise<void> => {
    await world.call(world.maintainerToken, "POST", `/issues/${number}/comments`, { body });
    await until(condition, body, PATIENCE_MS);
    await world.actions.idle();
    await world.github.settled();
  };
  // Else an open pull request has the work of the next issue already.
  for (const { number: other, pull } of world.github.state().issues.values()) if (pull !== null) await world.call(world.maintainerToken, "PATCH", `/pulls/${other}`, { state: "closed" });
  const shown = (): string => world.statusComments(number)[0] ?? "";
  await write("/worktrain plan", () => shown().includes(" state=interrupted "));
  const plan = world.comments(number).find(({ body }) => body.includes("This is the plan; nothing is changed yet."));
  expect(plan?.body).toContain("Durations must be rounded before they are split into parts.");
  expect(shown()).toMatch(/gate-\d+-plan-/);
  await write("/worktrain run", () => shown().includes(" state=ended "));
  expect([...world.github.state().issues.values()].some(({ pull, body }) => pull !== null && (body ?? "").includes(`Fixes #${number}`))).toBe(true);
});

test("run starts it without a label; why and verify are answered from its record by runs of their own", async () => {
  // Else an open pull request has the work of the next issue already.
  for (const { number: other, pull } of world.github.state().issues.values()) if (pull !== null) await world.call(world.maintainerToken, "PATCH", `/pulls/${other}`, { state: "closed" });
  await ask("/worktrain run", () => (world.statusComments(issue)[0] ?? "").includes(" state=ended "));
  expect(world.runs(issue)).toHaveLength(1);
  for (const [index, [command, words]] of [["why", "### Why it went this way"], ["verify", "### The record holds\n"]].entries()) {
    await ask(`/worktrain ${command ?? ""}`, () => asked().length === index + 1 && asked().every(({ conclusion }) => conclusion !== null));
    expect(asked().at(-1)?.conclusion).toBe("success");
    const answer = world.comments(issue).findLast(({ body }) => body.startsWith("<!-- worktrain:answer "));
    expect(answer?.author).toBe("github-actions[bot]");
    expect(answer?.body).toContain(words);
  }
  expect(world.runs(issue)).toHaveLength(1);
});
