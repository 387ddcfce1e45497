/** The whole way with the exchange on, as the template tells it: the deliver job reads with its own token and publishes as the App. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { assertRequestsConform } from "../contract/openapi.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { scenarioByIssue } from "../fakes/scripts.ts";
import { until } from "../fakes/until.ts";

const TITLE = "Durations are wrong";
const PATIENCE_MS = 110_000;

let world: DemoWorld;
let issueNumber: number;
beforeAll(async () => {
  world = await startDemoWorld(scenarioByIssue({ [TITLE]: {} }), { exchange: true });
  issueNumber = await world.play({ title: TITLE });
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

test("the deliver job's own token only reads, and no other job may have an identity", async () => {
  const { jobs } = parse(await world.read(".github/workflows/worktrain.yml"));
  expect(jobs.deliver.permissions).toEqual({ actions: "read", checks: "read", contents: "read", issues: "read", "pull-requests": "read", "id-token": "write" });
  expect(Object.entries<{ permissions: object }>(jobs).filter(([, job]) => "id-token" in job.permissions).map(([name]) => name)).toEqual(["deliver"]);
});

test("branch, pull request and check run are the App's, and the pull request does not say that CI would not start", () => {
  const state = world.github.state();
  const runId = world.runs(issueNumber)[0]?.id ?? 0;
  expect(world.log(runId, "deliver")).toContain("Delivered pull request");
  const pulls = [...state.issues.values()].filter((issue) => issue.pull !== null);
  expect(pulls.map(({ author }) => author)).toEqual(["worktrain[bot]"]);
  expect(pulls[0]?.body).not.toContain("GITHUB_TOKEN");
  expect([...state.checkRuns.values()].map(({ appSlug, conclusion }) => [appSlug, conclusion])).toEqual([["worktrain", "success"]]);
});

test("a question is answered by the App, by the deliver job of a run of its own, whatever else the comment says", async () => {
  const { body } = await world.call(world.maintainerToken, "POST", `/issues/${issueNumber}/comments`, { body: "/worktrain why\n/worktrain status" });
  const { id } = body as { id: number };
  const answer = () => world.comments(issueNumber).find((comment) => comment.body.startsWith(`<!-- worktrain:answer issue-${issueNumber} comment=${id} -->`));
  await until(() => answer() !== undefined, "the answer", PATIENCE_MS);
  await world.actions.idle();
  await world.github.settled();
  expect(answer()).toMatchObject({ author: "worktrain[bot]", body: expect.stringContaining("### Why it went this way") });
  expect(world.comments(issueNumber).filter((comment) => comment.body.includes("Not done: line 2"))).toHaveLength(1);
  const reactions = [...world.github.state().reactions.values()].filter(({ subject }) => subject.kind === "comment" && subject.id === id);
  expect(reactions.map(({ author, content }) => [author, content])).toContainEqual(["worktrain[bot]", "+1"]);
});

test("three groups, three tokens, none of which or of the identity shows in a log", () => {
  const permissions = [...world.github.state().tokens.values()].flatMap((token) => (token.kind === "installation" ? [Object.keys(token.permissions).toSorted().join(" ")] : []));
  expect(permissions.filter((names) => names !== "actions checks contents issues merge_queues metadata pull_requests statuses")).toEqual(["contents metadata pull_requests", "checks metadata", "issues metadata pull_requests"]);
  const runs = [...world.github.state().runs.values()];
  expect(runs).toHaveLength(2);
  for (const { id } of runs) expect(world.log(id, "deliver")).not.toMatch(/ghs_|eyJ/);
});
