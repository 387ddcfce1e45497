/** The outlet of pull requests over the wire against the local GitHub: what a later delivery does with the text of the one that is there. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { PullRequestIntent } from "../../src/delivery/intents.ts";
import { GITHUB_ACTIONS, marker, type Publisher } from "../../src/delivery/names.ts";
import { applyIntent, type OutletContext } from "../../src/delivery/outlets/index.ts";
import { ended } from "../../src/delivery/text/renewed-body.ts";
import { createGitHub } from "../../src/github/create-github.ts";
import { readDeliveryState } from "../../src/github/read/index.ts";
import { createEffectRunner } from "../../src/github/write/index.ts";
import { fakeClock } from "../fakes/clock.ts";
import { makeTicket } from "../fakes/tickets.ts";
import { startAppWorld, type AppWorld } from "../hosts/app/app-world.ts";

let world: AppWorld;
let actions: string;
beforeAll(async () => {
  world = await startAppWorld();
  const run = await world.call(world.maintainer, "POST", `${PATH}/actions/workflows/worktrain.yml/dispatches`, { ref: "main", inputs: { key: "0".repeat(32), item: "x", ticket: "x", task: "x" }, return_run_details: true });
  actions = world.github.actions.createJob(run.body.workflow_run_id, { name: "deliver", permissions: { contents: "write", "pull-requests": "write", issues: "write" } }).token;
});
afterAll(() => world.close());

const PATH = "/repos/acme/calc";
const REPOSITORY = { owner: "acme", repo: "calc" };
const TICKET = makeTicket().ticket;
const APP: Publisher = { appId: 4242, appSlug: "worktrain", botLogin: "worktrain[bot]" };
const own = (text: string): string => ended(`${marker("pull-request", TICKET)}\nFixes #1\n\n${text}`);

let branch = "";
let made = 0;
beforeEach(async () => {
  made += 1;
  branch = `worktrain/issue-${made}-1`;
  const { body: main } = await world.call(world.maintainer, "GET", `${PATH}/git/ref/heads/main`);
  const { body: base } = await world.call(world.maintainer, "GET", `${PATH}/git/commits/${main.object.sha}`);
  const { body: commit } = await world.call(world.maintainer, "POST", `${PATH}/git/commits`, { message: `Work ${made}`, tree: base.tree.sha, parents: [main.object.sha] });
  await world.call(world.maintainer, "POST", `${PATH}/git/refs`, { ref: `refs/heads/${branch}`, sha: commit.sha });
});

async function apply(publisher: Publisher, wish: Partial<PullRequestIntent>) {
  const clock = fakeClock();
  const token = publisher === APP ? world.app : actions;
  const github = createGitHub({ token, baseUrl: world.github.url, graphqlUrl: `${world.github.url}/graphql`, userAgent: "test", clock, fetch });
  const state = await readDeliveryState(github, REPOSITORY, { issueNumber: 1, configPath: ".github/worktrain.yml", baseBranch: "main", branch, recordRef: "refs/worktrain/none", login: "mona" });
  const context = { github, repository: REPOSITORY, runner: createEffectRunner({ clock }), publisher, ticket: TICKET, state, applied: new Map(), note: () => undefined } as unknown as OutletContext;
  return applyIntent({ kind: "pull-request", branch, base: "main", title: "Fix it", body: own("First."), renewed: false, ...wish }, context);
}

const pulls = async (): Promise<{ number: number; body: string }[]> => (await world.call(world.maintainer, "GET", `${PATH}/pulls?state=all&head=acme:${branch}`)).body;
const body = async (): Promise<string> => (await pulls())[0]?.body ?? "";
const edit = async (text: string): Promise<void> => {
  expect((await world.call(world.maintainer, "PATCH", `${PATH}/pulls/${(await pulls())[0]?.number}`, { body: text })).status).toBe(200);
};

test.each([["as the App", APP], ["with GITHUB_TOKEN", GITHUB_ACTIONS]])("%s: made once; a later delivery brings the text up to date, once", async (_, publisher) => {
  for (const adopted of [false, true]) expect(await apply(publisher, {})).toMatchObject({ ok: true, value: { adopted } });
  expect(await body()).toBe(own("First."));
  for (const adopted of [false, true]) expect(await apply(publisher, { body: own("Second."), renewed: true })).toMatchObject({ ok: true, value: { adopted } });
  expect(await body()).toBe(own("Second."));
  expect(await pulls()).toHaveLength(1);
});

test("what people wrote above and below our text stays, below the new one, also when GitHub keeps their line ends", async () => {
  await apply(APP, {});
  await edit(`Please look at the rounding, @grace.\r\n\r\n${(await body()).replaceAll("\n", "\r\n")}\r\n\r\n- [x] deployed to staging\r\n`);
  await apply(APP, { body: own("Second."), renewed: true });
  const kept = "Please look at the rounding, @grace.\n\n- [x] deployed to staging";
  expect(await body()).toBe(`${own("Second.")}\n\n${kept}`);
  expect(await apply(APP, { body: own("Second."), renewed: true })).toMatchObject({ ok: true, value: { adopted: true } });
  await apply(APP, { body: own("Third."), renewed: true });
  expect(await body()).toBe(`${own("Third.")}\n\n${kept}`);
});

test("I8: where somebody changed our own text it is kept as a quotation, once, and no mark or mention in it acts", async () => {
  await apply(APP, {});
  await edit((await body()).replace("First.", "First. Not on Windows, @grace."));
  await apply(APP, { body: own("Second."), renewed: true });
  const shown = await body();
  expect(shown.startsWith(`${own("Second.")}\n\n### The description before\n`)).toBe(true);
  expect(shown).toContain("> First. Not on Windows, ");
  expect(shown).not.toContain("@grace");
  expect(shown.match(/<!-- worktrain:/g)).toHaveLength(2);
  await apply(APP, { body: own("Third."), renewed: true });
  expect(await body()).toBe(shown.replace(own("Second."), own("Third.")));
  // One of before these ends were written is not known to be as it was made.
  await edit(`${marker("pull-request", TICKET)}\nOld.`);
  await apply(APP, { body: own("Fourth."), renewed: true });
  expect(await body()).toContain("> Old.");
});

test("fault 47: what people wrote is cut where GitHub takes no more, and says so", async () => {
  await apply(APP, {});
  const long = own("Second.\n".repeat(7_300));
  await edit(`${await body()}\n\n${"word ".repeat(10_000)}`);
  expect(await apply(APP, { body: long, renewed: true })).toMatchObject({ ok: true });
  expect((await body()).length).toBeLessThanOrEqual(65_536);
  expect((await body()).startsWith(long)).toBe(true);
  expect(await body()).toContain("word word");
  expect(await body()).toMatch(/\*Cut here\. .*\*$/);
});

test("switched to the App: what GITHUB_TOKEN made is gone on with, and its text is made ours", async () => {
  await apply(GITHUB_ACTIONS, {});
  expect(await apply(APP, { body: own("Second."), renewed: true })).toMatchObject({ ok: true });
  expect(await body()).toBe(own("Second."));
  // Also where the first delivery had only come that far; other workflows have that account too, so nothing in its text is believed.
  await edit(`${marker("pull-request", TICKET)}\nAll is well.`);
  for (const adopted of [false, true]) expect(await apply(APP, { body: own("Third.") })).toMatchObject({ ok: true, value: { adopted } });
  expect((await body()).startsWith(own("Third."))).toBe(true);
  expect(await pulls()).toHaveLength(1);
});

test("what a person opened from the branch is not ours, whatever its text says", async () => {
  await world.call(world.maintainer, "POST", `${PATH}/pulls`, { title: "Mine", head: branch, base: "main", body: own("First.") });
  const refused = { ok: false, error: { kind: "pull-request-taken" } };
  for (const renewed of [false, true]) expect(await apply(APP, { renewed })).toMatchObject(refused);
  expect(await body()).toBe(own("First."));
});
