/** A delivered pull request whose checks fail: the same work goes on, by App, agent job and deliver job, from the commit it left. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { appJwt } from "../../src/github/app-jwt.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { nodeId } from "../../src/hosts/demo/github/views/view.ts";
import { openIssue } from "../../src/hosts/demo/play.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { eventsOf, savedJournal } from "../fakes/saved-journal.ts";
import { completeStep, handOver, scenarioByIssue, straight, use, type Script } from "../fakes/scripts.ts";
import { until } from "../fakes/until.ts";

const TITLE = "Durations are wrong";
const NIT_TITLE = "Seconds have a nit";
const PATIENCE_MS = 110_000;

const NIT = completeStep("Judged.", "wr.contracts.review_verdict", { verdict: "clean", confidence: "high", summary: "Read it.", findings: [{ severity: "nit", findingCategory: "style", summary: "The rounding is not explained", file: "src/format.js", line: 2, evidence: "No comment says why.", remediation: "Say why." }] });
const EXPLAINED: Script["fix"] = [[completeStep("The finding holds.")], [use("read", { path: "src/format.js" }), use("edit", { path: "src/format.js", old_string: "  const totalSeconds = Math.round(exactSeconds);", new_string: "  // Rounded whole, so that 59.7 seconds are a minute.\n  const totalSeconds = Math.round(exactSeconds);" })], [completeStep("Explained.")], [completeStep("All tests pass.")], [handOver]];

/** Whether who answers the nit mends it; else it is left as it is. */
let explains = false;
let world: DemoWorld;
let issue: number;
beforeAll(async () => {
  world = await startDemoWorld(
    scenarioByIssue({
      [NIT_TITLE]: {
        review: [[completeStep("Read and traced it.")], [NIT]],
        get fix() {
          return explains ? EXPLAINED : straight.fix;
        },
      },
      [TITLE]: {
        fix: [[completeStep("The check wants the rounding explained.")], [use("read", { path: "src/format.js" }), use("edit", { path: "src/format.js", old_string: "  const totalSeconds = Math.round(exactSeconds);", new_string: "  // Rounded whole, so that 59.7 seconds are a minute.\n  const totalSeconds = Math.round(exactSeconds);" })], [completeStep("Explained.")], [completeStep("All tests pass.")], [handOver], ...straight.fix],
      },
    }),
  );
  issue = await world.play({ title: TITLE });
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

const pull = () => [...world.github.state().issues.values()].flatMap((each) => (each.pull === null ? [] : [{ ...each, pull: each.pull }]))[0];
const head = (): string => pull()?.pull.head.sha ?? "";

/** A token of an App that may write checks. */
async function ciToken(): Promise<string> {
  const { app, installations } = world.github.state();
  const answer = await fetch(`${world.github.url}/app/installations/${[...installations.keys()][0]}/access_tokens`, { method: "POST", headers: { authorization: `Bearer ${appJwt(app.id, world.secrets.appKey, Date.now())}`, "user-agent": "ci" } });
  return ((await answer.json()) as { token: string }).token;
}

/** What CI says of the head. */
async function ciSays(conclusion: "failure" | "success"): Promise<void> {
  const { status } = await world.call(await ciToken(), "POST", "/check-runs", { name: "ci", head_sha: head(), status: "completed", conclusion, output: { title: "lint", summary: "src/format.js:4 has no comment" } });
  expect(status).toBe(201);
}

/** Arms or disarms GitHub's auto-merge of the pull request. */
async function autoMerge(token: string, what: "enable" | "disable"): Promise<void> {
  const [field, type] = [`${what}PullRequestAutoMerge`, `${what === "enable" ? "Enable" : "Disable"}PullRequestAutoMergeInput`];
  const query = `mutation Test($input: ${type}!) { ${field}(input: $input) { clientMutationId } }`;
  const answer = await fetch(`${world.github.url}/graphql`, { method: "POST", headers: { authorization: `Bearer ${token}`, "user-agent": "tests" }, body: JSON.stringify({ query, variables: { input: { pullRequestId: nodeId("PR", pull()?.pull.id ?? 0) } } }) });
  expect(await answer.json()).not.toHaveProperty("errors");
}
const mergeRules = (...requiredChecks: readonly string[]): void => {
  for (const { id } of world.github.state().repositories.values()) world.github.setMergeRules(id, { autoMergeAllowed: true, requiredChecks });
};

async function settled(): Promise<void> {
  await world.github.settled();
  await world.actions.idle();
  await world.github.settled();
}

test("red checks: one more commit on the same branch, reviewed, with the proof of both in the same pull request", async () => {
  const [first, before] = [head(), pull()];
  expect(world.runs(issue)).toHaveLength(1);
  // Armed by an App for that commit, as an earlier delivery leaves it.
  mergeRules("ci");
  await autoMerge(await ciToken(), "enable");
  const from = world.github.requests.length;
  await ciSays("failure");
  await until(() => world.runs(issue).length === 2 && (world.statusComments(issue)[0] ?? "").includes(" state=ended "), "the second run", PATIENCE_MS);
  await settled();
  expect(head()).not.toBe(first);
  const commit = await world.call(world.maintainerToken, "GET", `/git/commits/${head()}`);
  expect((commit.body as { parents: { sha: string }[] }).parents.map(({ sha }) => sha)).toEqual([first]);
  expect(pull()).toMatchObject({ number: before?.number, state: "open" });
  expect(pull()?.body).not.toBe(before?.body);
  expect([...world.github.state().checkRuns.values()].filter(({ name, headSha }) => name === "WorkTrain" && headSha === head())).toHaveLength(1);
  const { item } = await savedJournal([...world.github.state().artifacts.values()]);
  // A person merges by this config: what was armed is not before the branch moves.
  expect(pull()?.pull.autoMerge).toBeNull();
  const moves = world.github.requests.slice(from).filter(({ changes, who }) => changes && who === "deliver").map(({ route }) => route);
  expect(moves.indexOf("/graphql#DisarmAutoMerge")).toBeGreaterThan(-1);
  expect(moves.indexOf("/graphql#DisarmAutoMerge")).toBeLessThan(moves.indexOf("/graphql#CommitDelivery"));
  expect(eventsOf(item, "effect_confirmed").filter(({ data }) => data.intent === "disarm")).toHaveLength(1);
  expect(eventsOf(item, "item_followed_up")[0]).toMatchObject({ data: { because: "ci", headSha: first, findings: [{ summary: expect.stringContaining('"ci"'), evidence: expect.stringContaining("has no comment") }] } });
});

test("green checks, and checks on a commit that is not the head any more, start nothing", async () => {
  await ciSays("success");
  await settled();
  expect(world.runs(issue)).toHaveLength(2);
});

test("a reviewer asks for changes: the same, in the reviewer's name; somebody who may only read is not heard", async () => {
  const [first, number] = [head(), pull()?.number];
  const asked = (token: string, body: string) => world.call(token, "POST", `/pulls/${number}/reviews`, { event: "REQUEST_CHANGES", body, comments: [{ path: "src/format.js", line: 3, side: "RIGHT", body: "Say which seconds." }] });
  expect((await asked(world.github.addUser("rita", "read"), "Burn it.")).status).toBe(200);
  await settled();
  expect(world.runs(issue)).toHaveLength(2);
  // What a person armed stays the person's.
  mergeRules("ci", "security");
  await autoMerge(world.maintainerToken, "enable");
  expect((await asked(world.github.addUser("grace", "write"), "Please explain it better.")).status).toBe(200);
  await until(() => world.runs(issue).length === 3 && (world.statusComments(issue)[0] ?? "").includes(" state=ended "), "the third run", PATIENCE_MS);
  await settled();
  const commit = await world.call(world.maintainerToken, "GET", `/git/commits/${head()}`);
  expect((commit.body as { parents: { sha: string }[] }).parents.map(({ sha }) => sha)).toEqual([first]);
  const { item } = await savedJournal([...world.github.state().artifacts.values()]);
  expect(eventsOf(item, "item_followed_up").at(-1)).toMatchObject({ data: { because: "review", by: expect.stringMatching(/^grace /), findings: [{ evidence: "Please explain it better." }, { file: "src/format.js", line: 3, evidence: "Say which seconds." }] } });
  expect(pull()?.body).toContain("grace");
  expect(pull()?.pull.autoMerge).not.toBeNull();
  await autoMerge(world.maintainerToken, "disable");
});

test("a person who pushes has taken over", async () => {
  const { body: at } = await world.call(world.maintainerToken, "GET", `/git/commits/${head()}`);
  const { body: made } = await world.call(world.maintainerToken, "POST", "/git/commits", { message: "Mine", tree: (at as { tree: { sha: string } }).tree.sha, parents: [head()] });
  await world.call(world.maintainerToken, "PATCH", `/git/refs/heads/${pull()?.pull.head.ref}`, { sha: (made as { sha: string }).sha });
  await ciSays("failure");
  await settled();
  expect(world.runs(issue)).toHaveLength(3);
});

test("fix: a nit of the last review is dealt with by one more commit, at somebody's word; asked once more where a first answer left it", async () => {
  // Else an open pull request has the work of the next issue already.
  for (const { number: other, pull: own } of world.github.state().issues.values()) if (own !== null) await world.call(world.maintainerToken, "PATCH", `/pulls/${other}`, { state: "closed" });
  const number = await openIssue(world, { title: NIT_TITLE, body: "" });
  const ended = (continuation: number) => () => (world.statusComments(number)[0] ?? "").includes(` continuation=${continuation} `) && (world.statusComments(number)[0] ?? "").includes(" state=ended ");
  const write = async (body: string, condition: () => boolean): Promise<void> => {
    await world.call(world.maintainerToken, "POST", `/issues/${number}/comments`, { body });
    await until(condition, body, PATIENCE_MS);
    await settled();
  };
  const ours = () => [...world.github.state().issues.values()].find(({ pull: own, body }) => own !== null && (body ?? "").includes(`Fixes #${number}`));
  await write("/worktrain run", ended(0));
  const first = ours()?.pull?.head.sha;
  const [, id = ""] = /`([0-9a-f]{8})` \| left as it is/.exec(ours()?.body ?? "") ?? [];
  expect(id, `${ours()?.body ?? "no pull request"} ${world.statusComments(number)[0] ?? ""}`).not.toBe("");
  await write(`/worktrain fix ${id}`, ended(1));
  expect(ours()?.pull?.head.sha).toBe(first);
  expect(world.statusComments(number)[0]).toContain("found nothing to do");
  explains = true;
  await write(`/worktrain fix ${id}`, ended(2));
  expect(ours()?.pull?.head.sha).not.toBe(first);
  expect(world.runs(number)).toHaveLength(3);
});
