/** Somebody says something in a conversation on a delivered pull request, over the wire against the local GitHub: one run for what is said together. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { createGitHub } from "../../../src/github/create-github.ts";
import { createEffectRunner } from "../../../src/github/write/index.ts";
import { createEditBudget } from "../../../src/hosts/app/runs/edit-budget.ts";
import type { RunFollower } from "../../../src/hosts/app/runs/run-follower.ts";
import type { RunOutlook } from "../../../src/hosts/app/runs/run-report.ts";
import { FAILED_CHECKS } from "../../../src/hosts/app/starting/causes.ts";
import { answerSoon, followUpSoon } from "../../../src/hosts/app/starting/follow-up-soon.ts";
import { createSubjectQueue } from "../../../src/hosts/app/subject-queue.ts";
import { subjectOf } from "../../../src/hosts/app/workplace.ts";
import { formatSegmentName, formatTrailers } from "../../../src/record/index.ts";
import { startAppWorld, type AppWorld } from "./app-world.ts";
import { ticketKeyPem } from "./running-app.ts";
import { deliver, type DeliveredScene } from "./delivered-scene.ts";

let world: AppWorld;
beforeEach(async () => {
  world = await startAppWorld();
});
afterEach(() => world.close());

const PULLS = "/repos/acme/calc/pulls";

/** Somebody comments on the first line of the README. @returns the comment's id */
async function says({ pull, head }: DeliveredScene, body: string, token = world.maintainer): Promise<number> {
  const answered = await world.call(token, "POST", `${PULLS}/${pull}/comments`, { body, commit_id: head, path: "README.md", line: 1, side: "RIGHT" });
  expect(answered.status).toBe(201);
  await world.quiet();
  return answered.body.id;
}

/** The App has looked as often as it takes. */
async function passes(ms = 240_000): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10_000) {
    await world.clock.advance(10_000);
    await world.quiet();
  }
}

it("several comments in short order, and one more, lead to one run in the name of who said the last, and one that names them all", async () => {
  const scene = await deliver(world);
  const ada = world.github.addUser("ada", "write");
  const first = await says(scene, "Why mended?");
  const second = await says(scene, "And say calc 2.", ada);
  expect(scene.followedUp()).toEqual([undefined]);
  await passes();
  expect(scene.followedUp()).toEqual([undefined, { because: "comments", headSha: scene.head, pullNumber: scene.pull, comments: [first, second] }]);
  expect(scene.ticket()).toMatchObject({ ok: true, value: { trigger: { kind: "pull_request_review_comment", actor: { login: "ada" } } } });
});

it.each<[string, string, (scene: DeliveredScene) => Promise<unknown>]>([
  ["somebody who may only read", "", (scene) => says(scene, "Burn it.", world.github.addUser("rita", "read"))],
  ["our own App", "", (scene) => says(scene, "I say so.", world.app)],
  ["switched off", "followUp: { comments: false }\n", (scene) => says(scene, "Why?")],
  ["the label was taken off", "", async (scene) => (await says(scene, "Why?"), world.unlabel(scene.issue))],
  ["the conversation was resolved meanwhile", "", async (scene) => (await says(scene, "Why?"), resolveConversation())],
  ["our answer stands behind it", "", async (scene) => world.call(world.app, "POST", `${PULLS}/${scene.pull}/comments/${await says(scene, "Why?")}/replies`, { body: "<!-- worktrain:answered 0123456789abcdef -->\nSo." })],
  ["our deliver job's answer, with GITHUB_TOKEN, stands behind it", "", async (scene) => world.call(await actions(), "POST", `${PULLS}/${scene.pull}/comments/${await says(scene, "Why?")}/replies`, { body: "<!-- worktrain:answered 0123456789abcdef -->\nSo." })],
  ["it stands in an approval, which asks for nothing", "", (scene) => world.call(world.maintainer, "POST", `${PULLS}/${scene.pull}/reviews`, { event: "APPROVE", body: "Good.", comments: [{ path: "README.md", line: 1, body: "Nice." }] })],
])("%s: nothing starts", async (_, config, happens) => {
  const scene = await deliver(world, { config });
  await happens(scene);
  await passes();
  expect(scene.followedUp()).toEqual([undefined]);
});

/** A token of a job of GitHub Actions. */
async function actions(): Promise<string> {
  const { body } = await world.call(world.maintainer, "POST", "/repos/acme/calc/actions/workflows/train.yml/dispatches", { ref: "main", inputs: { key: "it" }, return_run_details: true });
  return world.github.actions.createJob(body.workflow_run_id, { name: "deliver", permissions: { "pull-requests": "write" } }).token;
}

/** The one conversation there is. */
async function resolveConversation(): Promise<void> {
  const query = `query Threads { repository(owner: "acme", name: "calc") { pullRequest(number: 2) { reviewThreads(first: 1) { nodes { id } } } } }`;
  const { body } = await world.call(world.maintainer, "POST", `${world.github.url}/graphql`, { query });
  const threadId: string = body.data.repository.pullRequest.reviewThreads.nodes[0].id;
  await world.call(world.maintainer, "POST", `${world.github.url}/graphql`, { query: "mutation Resolve($input: ResolveReviewThreadInput!) { resolveReviewThread(input: $input) { thread { isResolved } } }", variables: { input: { threadId } } });
}

it("attacks 1, 4: who may only read costs one request, and holds nobody up by talking on", async () => {
  const scene = await deliver(world);
  const rita = world.github.addUser("rita", "read");
  const requests = () => world.github.requests.filter(({ who }) => who === "app").map(({ route }) => route);
  const before = requests().length;
  await says(scene, "Burn it.", rita);
  await world.clock.advance(30_000);
  await world.quiet();
  expect(requests().slice(before)).toEqual(["/repos/{owner}/{repo}/collaborators/{username}/permission"]);
  const asked = await says(scene, "Say calc 2.");
  for (let looks = 0; looks < 4; looks += 1) {
    world.later(30_000);
    await says(scene, "No.", rita);
    await passes(30_000);
  }
  expect(scene.followedUp()).toMatchObject([undefined, { because: "comments", comments: [asked] }]);
});

it("a review that asks for changes leads to one run, its comments to none of their own", async () => {
  const scene = await deliver(world);
  await world.call(world.maintainer, "POST", `${PULLS}/${scene.pull}/reviews`, { event: "REQUEST_CHANGES", body: "Please.", comments: [{ path: "README.md", line: 1, body: "Say calc 2." }] });
  await world.quiet();
  await passes(120_000);
  await scene.ends("delivered", "ready");
  await passes(120_000);
  expect(scene.followedUp()).toMatchObject([undefined, { because: "review" }]);
});

it("what is said while a run is at work is answered when that is over", async () => {
  const scene = await deliver(world);
  await says(scene, "Why mended?");
  await passes(120_000);
  expect(scene.followedUp()).toHaveLength(2);
  const later = await says(scene, "And calc 2.");
  await passes(120_000);
  expect(scene.followedUp()).toHaveLength(2);
  await scene.ends("delivered", "ready");
  await passes(120_000);
  expect(scene.followedUp()[2]).toMatchObject({ because: "comments", comments: expect.arrayContaining([later]) });
});

it("what is said is answered behind a run that checks asked for first: the look at it waits for its turn", async () => {
  const scene = await deliver(world);
  world.github.setWebhookUrl(null);
  const said = await says(scene, "Why mended?");
  await scene.call("POST", "/check-runs", { name: "ci", head_sha: scene.head, status: "completed", conclusion: "failure" });
  const looks: (() => Promise<RunOutlook>)[] = [];
  const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now(), sleep: () => Promise.resolve() };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const signal = new AbortController().signal;
  const follower: RunFollower = { pollMs: 30_000, follow: (_, look) => void looks.push(() => look(signal)), leave: () => undefined, isOver: () => false, forget: () => undefined, idle: () => Promise.resolve(), stop: () => Promise.resolve() };
  const tools = { clock, log, follower, queue: createSubjectQueue(log), dashboards: new Set<number>(), edits: createEditBudget(clock), effects: createEffectRunner({ clock }), author: { appId: 4242, botLogin: null }, ticketKeyPem };
  const place = { github: createGitHub({ token: world.app, baseUrl: world.github.url, graphqlUrl: `${world.github.url}/graphql`, userAgent: "test", clock, fetch }), repository: { owner: "acme", repo: "calc" }, repositoryId: world.repositoryId };
  const head = { issueNumber: scene.issue, attempt: 1, headSha: scene.head };
  answerSoon(place, tools, { ...head, pullNumber: scene.pull, author: (await scene.call("GET", `/issues/${scene.issue}`)).user });
  await tools.queue.idle();
  const [look] = looks;
  let free = (): void => undefined;
  const blocked = tools.queue.run(subjectOf(world.repositoryId, scene.issue), () => new Promise<void>((resolve) => (free = resolve)));
  followUpSoon(place, tools, { cause: FAILED_CHECKS, head, coalesce: "checks" });
  clock.nowMs = () => Date.now() + 120_000;
  const outlook = look?.();
  await world.comments(scene.issue);
  free();
  expect([await blocked, await outlook]).toEqual([undefined, "still"]);
  await tools.queue.idle();
  expect(scene.followedUp()).toMatchObject([undefined, { because: "ci" }]);
  world.github.setWebhookUrl(world.hookUrl);
  await scene.ends("delivered", "ready");
  expect(await look?.()).toBe("over");
  expect(scene.followedUp()[2]).toMatchObject({ because: "comments", comments: [said] });
});

/** So much time passes that the App looks through its repositories. */
const looks = () => passes(120_000);

it("an App that ends while it waits for quiet finds what was said by looking", async () => {
  const scene = await deliver(world);
  const said = await says(scene, "Why mended?");
  await world.restart();
  await looks();
  expect(scene.followedUp()).toEqual([undefined, { because: "comments", headSha: scene.head, pullNumber: scene.pull, comments: [said] }]);
});

it("what a run was started for is not found again, however that ended; what is said behind it is", async () => {
  const scene = await deliver(world);
  const first = await says(scene, "Why mended?");
  await passes(120_000);
  await scene.ends("said", "nothing-to-do");
  await world.restart();
  await looks();
  expect(scene.followedUp()).toHaveLength(2);
  world.github.setWebhookUrl(null);
  const second = await says(scene, "And say calc 2.");
  await passes(720_000);
  expect(scene.followedUp().slice(2)).toMatchObject([{ because: "comments", comments: [first, second] }]);
});

it.each([["failure", 3], ["success", 2]] as const)("a run that pushed and ended with %s before it answered: %i runs in all, the last of which goes on with what broke off", async (conclusion, runs) => {
  const scene = await deliver(world);
  const said = await says(scene, "Why mended?");
  await passes(120_000);
  expect(scene.followedUp()).toHaveLength(2);
  const run = world.runs(scene.issue).at(-1);
  const message = `Mend more\n\n${formatTrailers({ item: `${world.repositoryId}/issue-${scene.issue}/1`, key: run?.inputs["key"] ?? "" })}\n`;
  const commit = await scene.call("POST", "/git/commits", { message, tree: (await scene.call("GET", `/git/commits/${scene.head}`)).tree.sha, parents: [scene.head] });
  await scene.call("PATCH", `/git/refs/heads/${scene.branch}`, { sha: commit.sha });
  world.saveArtifact(run?.id ?? 0, formatSegmentName({ item: { repositoryId: world.repositoryId, subject: `issue-${scene.issue}`, attempt: 1 }, runId: run?.id ?? 0, runAttempt: 1, index: 1, phase: "code", step: "done", costMilliUsd: 120, ending: "ready" }));
  await world.updateRun(run?.id ?? 0, { status: "completed", conclusion });
  world.github.setWebhookUrl(null);
  await passes(720_000);
  expect(scene.followedUp().slice(2)).toMatchObject(runs === 2 ? [] : [{ because: "comments", headSha: scene.head, comments: [said] }]);
});

it("a run that had an answer, whose deliver job was lost before it gave it: it is owed still", async () => {
  const scene = await deliver(world);
  const said = await says(scene, "Why mended?");
  await passes(120_000);
  const run = world.runs(scene.issue).at(-1);
  world.saveArtifact(run?.id ?? 0, formatSegmentName({ item: { repositoryId: world.repositoryId, subject: `issue-${scene.issue}`, attempt: 1 }, runId: run?.id ?? 0, runAttempt: 1, index: 1, phase: "fix", step: "end", costMilliUsd: 120, ending: "nothing-to-do" }));
  await world.updateRun(run?.id ?? 0, { status: "completed", conclusion: "failure" });
  world.github.setWebhookUrl(null);
  await passes(720_000);
  expect(scene.followedUp().slice(2)).toMatchObject([{ because: "comments", headSha: scene.head, comments: [said] }]);
});

it("what a run ended red with is answered once more; red again, a person is asked, once, and it waits until something is said", async () => {
  const scene = await deliver(world, { config: "followUp: { most: 9 }\n" });
  const said = await says(scene, "Why mended?");
  await passes(120_000);
  const endsRed = async (): Promise<void> => {
    const run = world.runs(scene.issue).at(-1);
    world.saveArtifact(run?.id ?? 0, formatSegmentName({ item: { repositoryId: world.repositoryId, subject: `issue-${scene.issue}`, attempt: 1 }, runId: run?.id ?? 0, runAttempt: 1, index: 1, phase: "fix", step: "end", costMilliUsd: 120, ending: "nothing-to-do" }));
    await world.updateRun(run?.id ?? 0, { status: "completed", conclusion: "failure" });
    await passes(720_000);
  };
  await endsRed();
  expect(scene.followedUp().slice(1)).toMatchObject([{ comments: [said] }, { comments: [said] }]);
  await endsRed();
  await passes(1_440_000);
  expect(scene.followedUp()).toHaveLength(3);
  expect((await scene.said()).filter((body) => body.includes("two runs that were to answer it ended red"))).toHaveLength(1);
  expect(scene.labels()).toContain("worktrain:needs-human");
  const more = await says(scene, "Say calc 2, then.");
  await passes(120_000);
  expect(scene.followedUp().slice(3)).toMatchObject([{ because: "comments", comments: [said, more] }]);
  // The count begins anew with it.
  await endsRed();
  expect(scene.followedUp()).toHaveLength(5);
});

it.each<[string, (scene: DeliveredScene) => Promise<unknown>]>([
  ["nothing was said", async () => undefined],
  ["somebody who may only read said something", (scene) => says(scene, "Burn it.", world.github.addUser("rita", "read"))],
  ["it was resolved", async (scene) => (await says(scene, "Why?"), resolveConversation())],
  ["the label was taken off", async (scene) => (await says(scene, "Why?"), world.unlabel(scene.issue))],
  ["the pull request was closed", async (scene) => (await says(scene, "Why?"), scene.call("PATCH", `/pulls/${scene.pull}`, { state: "closed" }))],
  ["somebody pushed", async (scene) => (await says(scene, "Why?"), push(scene))],
])("by looking, too: nothing starts where %s", async (_, happens) => {
  const scene = await deliver(world);
  world.github.setWebhookUrl(null);
  await happens(scene);
  await world.restart();
  await looks();
  expect(scene.followedUp()).toEqual([undefined]);
});

/** A person's commit behind the delivered one. */
async function push({ call, head, branch }: DeliveredScene): Promise<void> {
  const commit = await call("POST", "/git/commits", { message: "Mine", tree: (await call("GET", `/git/commits/${head}`)).tree.sha, parents: [head] });
  await call("PATCH", `/git/refs/heads/${branch}`, { sha: commit.sha });
}

it.each<[string, (scene: DeliveredScene) => Promise<unknown>, object]>([
  ["checks that failed", ({ call, head }) => call("POST", "/check-runs", { name: "ci", head_sha: head, status: "completed", conclusion: "failure" }), { because: "ci" }],
  ["requested changes", ({ pull }) => world.call(world.maintainer, "POST", `${PULLS}/${pull}/reviews`, { event: "REQUEST_CHANGES", body: "Please." }), { because: "review" }],
  ["a conflict", () => world.commit({ "README.md": "another calc\n" }), { because: "conflict" }],
])("%s while no App was there are found by looking, once for a commit", async (_, happens, wish) => {
  const scene = await deliver(world);
  world.github.setWebhookUrl(null);
  await happens(scene);
  await world.restart();
  await looks();
  expect(scene.followedUp()).toMatchObject([undefined, { ...wish, headSha: scene.head }]);
  await scene.ends("said", "nothing-to-do");
  await passes(720_000);
  expect(scene.followedUp()).toHaveLength(2);
});
