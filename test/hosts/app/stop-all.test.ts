/** The switch that stops everything at once, over the wire against the local GitHub: what is at work is ended, and says so. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { nodeId } from "../../../src/hosts/demo/github/views/view.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";
import { deliver } from "./delivered-scene.ts";

let world: AppWorld;
beforeEach(async () => {
  world = await startAppWorld();
});
afterEach(() => world.close());

async function working(title: string): Promise<{ issue: number; runId: number }> {
  const issue = await world.openIssue(title, "`add(1, 2)` gives -1.");
  await world.label(issue);
  await world.quiet();
  const runId = world.runs(issue)[0]?.id ?? 0;
  await world.updateRun(runId, { status: "in_progress" });
  return { issue, runId };
}

const asked = (): number[] => world.github.state().history.flatMap((each) => (each.kind === "cancel_requested" ? [each.runId] : [])).toSorted((a, b) => a - b);
const stop = async (issue: number, token = world.maintainer) => world.call(token, "POST", `/repos/acme/calc/issues/${issue}/labels`, { labels: ["worktrain:stop"] });

it("the label on any issue ends every item's run, and each says that it is being cancelled", async () => {
  const [first, second] = [await working("add subtracts"), await working("sub adds")];
  const other = await world.openIssue("Something is wrong", "");
  await stop(other);
  await world.quiet();
  expect(asked()).toEqual([first.runId, second.runId]);
  for (const { issue } of [first, second]) expect((await world.comments(issue))[0]?.body).toMatch(/ cancel=[^]*\*\*It is being cancelled\*\*, as was asked at /);
  await world.updateRun(first.runId, { status: "completed", conclusion: "cancelled" });
  expect(world.runs(first.issue)).toHaveLength(1);
});

it("a run whose status comment was deleted for good is ended as well", async () => {
  const { issue, runId } = await working("add subtracts");
  // Once it is made again, twice is respected (fault 46).
  for (const { id } of await world.comments(issue)) await world.call(world.maintainer, "DELETE", `/repos/acme/calc/issues/comments/${id}`);
  await world.quiet();
  for (const { id } of await world.comments(issue)) await world.call(world.maintainer, "DELETE", `/repos/acme/calc/issues/comments/${id}`);
  await world.quiet();
  expect(await world.comments(issue)).toEqual([]);
  await stop(issue);
  await world.quiet();
  expect(asked()).toEqual([runId]);
});

it("`enabled: false` on the default branch does the same; another change of it ends nothing", async () => {
  const { runId } = await working("add subtracts");
  await world.commit({ ".github/worktrain.yml": "model: claude-sonnet-5-5\n" });
  await world.quiet();
  expect(asked()).toEqual([]);
  await world.commit({ ".github/worktrain.yml": "enabled: false\n" });
  await world.quiet();
  expect(asked()).toEqual([runId]);
});

it("I9: on a closed issue it stops nothing, and neither does a label that is only called alike", async () => {
  await working("add subtracts");
  const other = await world.openIssue("Something is wrong", "");
  await world.call(world.maintainer, "POST", `/repos/acme/calc/issues/${other}/labels`, { labels: ["worktrain:stopped"] });
  await world.call(world.maintainer, "PATCH", `/repos/acme/calc/issues/${other}`, { state: "closed" });
  await stop(other);
  await world.quiet();
  expect(asked()).toEqual([]);
});

it.each(["label", "config"])("I9: by %s what the App armed is disarmed, which is said once; what a person armed is the person's", async (by) => {
  const config = "merge: { auto: true }\n";
  const scene = await deliver(world, { config });
  world.github.setMergeRules(world.repositoryId, { autoMergeAllowed: true, requiredChecks: ["ci"] });
  const pull = () => [...world.github.state().issues.values()].find(({ number }) => number === scene.pull)?.pull;
  const arm = async (token: string): Promise<void> => {
    const { body } = await world.call(token, "POST", `${world.github.url}/graphql`, { query: "mutation Arm($input: EnablePullRequestAutoMergeInput!) { enablePullRequestAutoMerge(input: $input) { clientMutationId } }", variables: { input: { pullRequestId: nodeId("PR", pull()?.id ?? 0) } } });
    expect(body).not.toHaveProperty("errors");
  };
  const other = await world.openIssue("Something is wrong", "");
  const halt = async (): Promise<void> => {
    if (by === "label") await stop(other);
    else await world.commit({ ".github/worktrain.yml": `enabled: false\n${config}` });
    await world.quiet();
  };
  const goOn = async (): Promise<void> => {
    if (by === "label") await world.call(world.maintainer, "DELETE", `/repos/acme/calc/issues/${other}/labels/worktrain:stop`);
    else await world.commit({ ".github/worktrain.yml": config });
    await world.quiet();
  };
  await arm(world.app);
  // Nobody has to have the label on it any more; that it was taken off nobody has heard.
  if (by === "label") {
    world.github.setWebhookUrl(null);
    await world.unlabel(scene.issue);
    world.github.setWebhookUrl(world.hookUrl);
  }
  await halt();
  expect(pull()?.autoMerge).toBeNull();
  const told = async () => (await scene.said()).filter((body) => body.includes("disarms auto-merge"));
  expect(await told()).toEqual([expect.stringContaining(by === "label" ? "stopped by the label `worktrain:stop` on #" : "stopped by `enabled: false` in .github/worktrain.yml")]);
  await goOn();
  expect(pull()?.autoMerge).toBeNull();
  await arm(world.maintainer);
  await halt();
  expect(pull()?.autoMerge).not.toBeNull();
  expect(await told()).toHaveLength(1);
});

it("fault 28: set while no App heard of it, it is found by the next look", async () => {
  const { issue, runId } = await working("add subtracts");
  world.github.setWebhookUrl(null);
  await stop(await world.openIssue("Something is wrong", ""));
  world.github.setWebhookUrl(world.hookUrl);
  for (let minute = 0; minute < 11; minute += 1) {
    await world.clock.advance(60_000);
    await world.quiet();
  }
  // Asked again by each look that still finds it at work, and by force in the end.
  expect([...new Set(asked())]).toEqual([runId]);
  expect(world.runs(issue)).toHaveLength(1);
});
