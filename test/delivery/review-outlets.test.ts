/** Outlets of a review over the wire against the local GitHub: done once, gone on with after a crash, and within GitHub's limits. */
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { applyIntent, type OutletContext } from "../../src/delivery/outlets/index.ts";
import { GITHUB_ACTIONS } from "../../src/delivery/names.ts";
import type { Intent } from "../../src/delivery/intents.ts";
import { FIXED_MARK } from "../../src/delivery/reconcile.ts";
import { createGitHub } from "../../src/github/create-github.ts";
import { readReviewThreads } from "../../src/github/read/index.ts";
import { createEffectRunner } from "../../src/github/write/index.ts";
import { fakeClock } from "../fakes/clock.ts";
import { makeTicket } from "../fakes/tickets.ts";
import { startWorld, writeFiles, type World } from "../hosts/demo/github/world.ts";

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

const TICKET = makeTicket().ticket;
const REPOSITORY = { owner: "acme", repo: "calc" };

function context(): OutletContext {
  const clock = fakeClock();
  const github = createGitHub({ token: world.app, baseUrl: world.github.url, graphqlUrl: `${world.github.url}/graphql`, userAgent: "test", clock, fetch });
  return { github, repository: REPOSITORY, runner: createEffectRunner({ clock }), publisher: { appId: 4242, appSlug: "worktrain", botLogin: "worktrain[bot]" }, ticket: TICKET, applied: new Map(), note: () => undefined } as unknown as OutletContext;
}
const apply = <Kind extends Intent["kind"]>(intent: Extract<Intent, { kind: Kind }>) => applyIntent(intent, context());

async function push(text: string): Promise<string> {
  const clone = join(world.directory, "outlets-clone");
  if ((await world.git(world.directory, "clone", "--quiet", world.remote(world.maintainer), clone)).code === 0) await world.git(clone, "switch", "--quiet", "-c", "words");
  writeFiles(clone, { "words.js": text });
  await world.git(clone, "add", "-A");
  await world.git(clone, "-c", "user.name=m", "-c", "user.email=m@example.com", "commit", "--quiet", "-m", "words");
  const { code, err } = await world.git(clone, "push", "--quiet", world.remote(world.maintainer), "words");
  if (code !== 0) throw new Error(err);
  return (await world.git(clone, "rev-parse", "HEAD")).out.trim();
}

const checkOf = (headSha: string, many: number): Extract<Intent, { kind: "check-run" }> => ({
  kind: "check-run",
  headSha,
  conclusion: "failure",
  title: "t",
  summary: "s",
  text: "",
  detailsUrl: "https://example.org/run",
  annotations: Array.from({ length: many }, (_, at) => ({ path: "words.js", startLine: 1, endLine: 1, level: "warning" as const, title: "minor", message: `Number ${at}` })),
});
const annotationsOf = (headSha: string): readonly string[] => [...world.github.state().checkRuns.values()].filter((check) => check.headSha === headSha).flatMap(({ annotations }) => annotations.map(({ message }) => message));

test.each([0, 50, 51, 120])("fault 47: %i annotations are sent in batches that GitHub takes, each once", async (many) => {
  const head = await push("one\n");
  for (const _ of [1, 2]) {
    expect(await apply(checkOf(head, many))).toMatchObject({ ok: true });
    expect(annotationsOf(head)).toEqual(Array.from({ length: many }, (__, at) => `Number ${at}`));
  }
});

test("a delivery that ended between two batches is gone on with where it stopped", async () => {
  const head = await push("one\n");
  await apply(checkOf(head, 50));
  await apply(checkOf(head, 120));
  expect(new Set(annotationsOf(head)).size).toBe(120);
  expect(annotationsOf(head)).toHaveLength(120);
});

test("the check run that the App made when the review began is the one the verdict is given in, once; with buttons only where the App hears of them", async () => {
  const head = await push("one\n");
  await world.call(world.app, "POST", "/repos/acme/calc/check-runs", { name: "WorkTrain", head_sha: head, external_id: TICKET.key, status: "in_progress", output: { title: "Working", summary: "s" } });
  for (const _ of [1, 2]) expect(await apply({ ...checkOf(head, 60), actions: ["fix", "explain"] })).toMatchObject({ ok: true });
  const shown = () => [...world.github.state().checkRuns.values()].map(({ name, conclusion, output, annotations, actions }) => [name, conclusion, output.title, annotations.length, actions.map(({ identifier }) => identifier)]);
  expect(shown()).toEqual([["WorkTrain", "failure", "t", 60, ["fix", "explain"]]]);
  const asJob = { ...context(), publisher: GITHUB_ACTIONS };
  await applyIntent({ ...checkOf(head, 0), actions: ["explain"] }, asJob);
  expect(shown()[1]).toEqual(["WorkTrain", "failure", "t", 0, []]);
});

test("fault 48: a superseded check turns neutral where it was green and stays red where it was red (I9)", async () => {
  const head = await push("one\n");
  await apply({ ...checkOf(head, 1), conclusion: "success" });
  await world.call(world.app, "POST", "/repos/acme/calc/check-runs", { name: "WorkTrain", head_sha: head, external_id: "another", status: "completed", conclusion: "failure", output: { title: "t", summary: "s" } });
  await world.call(world.app, "POST", "/repos/acme/calc/check-runs", { name: "WorkTrain", head_sha: head, external_id: "waits", status: "completed", conclusion: "action_required", output: { title: "t", summary: "s" } });
  await world.call(world.app, "POST", "/repos/acme/calc/check-runs", { name: "Lint", head_sha: head, status: "completed", conclusion: "success", output: { title: "t", summary: "s" } });
  const stale = { kind: "stale-check", headSha: head, supersededBy: "d".repeat(40) } as const;
  for (const adopted of [false, true]) expect(await apply(stale)).toMatchObject({ ok: true, value: { adopted } });
  expect([...world.github.state().checkRuns.values()].map(({ name, conclusion, output }) => [name, conclusion, output.title])).toEqual([
    ["WorkTrain", "neutral", "Superseded by dddddddddddd"],
    ["WorkTrain", "failure", "Superseded by dddddddddddd"],
    ["WorkTrain", "action_required", "Superseded by dddddddddddd"],
    ["Lint", "success", "t"],
  ]);
  expect(await apply({ ...stale, headSha: "e".repeat(40) })).toMatchObject({ ok: true, value: { adopted: true } });
});

test("a finding's lines: on one or several of the diff; GitHub refuses others, and tells when they have changed", async () => {
  const head = await push("one\ntwo\nthree\n");
  const { body: pull } = await world.call(world.maintainer, "POST", "/repos/acme/calc/pulls", { title: "Words", body: "", head: "words", base: "main" });
  const reviewOf = (comments: Extract<Intent, { kind: "review" }>["comments"]) => apply({ kind: "review", pullNumber: pull.number, headSha: head, body: `<!-- worktrain:review ${TICKET.item} key=${TICKET.key} -->\nR`, comments });
  await expect(reviewOf([{ path: "words.js", startLine: 3, line: 9, body: "b" }])).rejects.toThrow("422");
  for (const adopted of [false, true]) expect(await reviewOf([{ path: "words.js", startLine: 1, line: 2, body: "a" }, { path: "words.js", line: 3, body: "b" }])).toMatchObject({ ok: true, value: { adopted } });
  const read = () => readReviewThreads(context().github, REPOSITORY, { number: pull.number, botLogins: ["worktrain[bot]"] });
  expect(await read()).toMatchObject([{ line: 2, outdated: false, resolved: false }, { line: 3, outdated: false }]);
  await push("zero\none\ntwo\n3\n");
  const [first, second] = await read();
  expect([first?.line, first?.outdated, second?.line, second?.outdated]).toEqual([3, false, null, true]);
  expect(await readReviewThreads(context().github, REPOSITORY, { number: pull.number, botLogins: ["another[bot]"] })).toEqual([]);

  // The job ended between the answer and the resolving: the next one resolves, and says nothing twice.
  const intent = { kind: "thread", place: 1, pullNumber: pull.number, threadId: second?.id ?? "", commentId: second?.first.id ?? 0, body: `${FIXED_MARK}at=x -->\nGone.` } as const;
  for (const resolve of [false, true, true]) expect(await apply({ ...intent, resolve })).toMatchObject({ ok: true });
  expect((await read())[1]).toMatchObject({ resolved: true, answers: [intent.body] });
  // Behind many answers of people ours is still found (I2).
  for (let at = 1; at <= 25; at += 1) await world.call(world.maintainer, "POST", `/repos/acme/calc/pulls/${pull.number}/comments/${first?.first.id}/replies`, { body: `Thought ${at}` });
  const busy = { ...intent, place: 2, threadId: first?.id ?? "", commentId: first?.first.id ?? 0 };
  for (let round = 1; round <= 2; round += 1) expect(await apply({ ...busy, resolve: false })).toMatchObject({ ok: true, value: { adopted: round === 2 } });
  expect((await read())[0]?.answers).toEqual([intent.body]);
  // A conversation that is not there any more is left alone.
  expect(await apply({ ...intent, threadId: "gone", resolve: true })).toMatchObject({ ok: true, value: { adopted: true } });
});
