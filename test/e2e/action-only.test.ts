/** Without an App (fault 28, where there is none to come up again): labels, comments and schedules are heard by the repository's own workflow, from the built actions on the local GitHub. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { assertRequestsConform } from "../contract/openapi.ts";
import { isPull } from "../../src/hosts/demo/github/records.ts";
import { smallBug } from "../../src/hosts/demo/scenario/small-bug/scenario.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";

let world: DemoWorld;
beforeAll(async () => {
  world = await startDemoWorld(smallBug.model, { actionOnly: true });
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

const ofFile = (name: string) => [...world.github.state().runs.values()].filter((run) => world.github.state().workflows.get(run.workflowId)?.path.endsWith(`/${name}`));
const quiet = async () => {
  for (let before = -1; before !== world.github.state().runs.size; ) {
    before = world.github.state().runs.size;
    await world.github.settled();
    await world.actions.idle();
  }
};

test("from the label to the pull request: the ticket is signed, one status comment tells the end, by the job that no App follows", async () => {
  const issueNumber = await world.play({ title: "59.7 seconds are printed as 60s", body: "There is a failing test for it." });
  expect(world.statusComments(issueNumber)).toHaveLength(1);
  expect(world.statusComments(issueNumber)[0]).toContain("made pull request #");
  expect([...world.github.state().issues.values()].filter(isPull)).toHaveLength(1);
  expect(world.runs(issueNumber)).toHaveLength(1);
  expect(ofFile("worktrain.yml").map(({ actor, event }) => [actor, event])).toEqual([["github-actions[bot]", "workflow_dispatch"]]);
  await quiet();
  expect(ofFile("worktrain-intake.yml").map(({ event, actor, conclusion }) => [event, actor, conclusion])).toEqual([
    ["issues", "ada", "success"],
    ["workflow_dispatch", "github-actions[bot]", "success"],
  ]);
});

test("a comment without a command starts no job, a command is answered, and a scheduled look at what is in order does nothing", async () => {
  const before = ofFile("worktrain-intake.yml").length;
  const [issue] = world.github.state().issues.values();
  const write = (body: string) => world.call(world.maintainerToken, "POST", `/issues/${issue?.number}/comments`, { body });
  await write("Nice.");
  await write("/worktrain help");
  await quiet();
  world.github.fireSchedules(world.repository.id);
  await quiet();
  expect(ofFile("worktrain-intake.yml").slice(before).map(({ event, conclusion }) => [event, conclusion])).toEqual([
    ["issue_comment", "skipped"],
    ["issue_comment", "success"],
    ["schedule", "success"],
  ]);
  expect(world.comments(issue?.number ?? 0).map(({ body }) => body).join()).toContain("What you can type");
  expect(ofFile("worktrain.yml")).toHaveLength(1);
});

test("without its key the job is red, says which secret is missing, and starts nothing", async () => {
  world.github.setEnvironmentSecret("worktrain-intake", "WORKTRAIN_TICKET_KEY", "");
  expect((await world.call(world.maintainerToken, "POST", "/issues", { title: "Another" })).status).toBe(201);
  const number = [...world.github.state().issues.values()].find(({ title }) => title === "Another")?.number ?? 0;
  await world.call(world.maintainerToken, "POST", `/issues/${number}/labels`, { labels: ["worktrain:ready"] });
  await quiet();
  const run = ofFile("worktrain-intake.yml").at(-1);
  expect(run?.conclusion).toBe("failure");
  expect(world.log(run?.id ?? 0, "intake")).toContain("Set the secret WORKTRAIN_TICKET_KEY in the environment worktrain-intake");
  expect(world.runs(number)).toEqual([]);
});
