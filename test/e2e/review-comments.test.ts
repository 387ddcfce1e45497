/** Somebody says something in a conversation on a delivered pull request: worked on, and answered there, by App, agent job and deliver job. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { assertRequestsConform } from "../contract/openapi.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { eventsOf, savedJournal } from "../fakes/saved-journal.ts";
import { completeStep, scenarioByIssue, straight, use, type Script } from "../fakes/scripts.ts";
import { until } from "../fakes/until.ts";

const TITLE = "Durations are wrong";
const PATIENCE_MS = 110_000;

/** What who answers does: explains the rounding by a comment, or leaves it and says why. */
let answer: { readonly mends: boolean; readonly says: string } = { mends: true, says: "" };
const handOver = () => completeStep("Handed over.", "wr.contracts.coding_handoff", { prTitle: "Round durations", prBody: "Rounded first.", commitSubject: "Say why", filesChanged: ["src/format.js"], testsAdded: [], sideEffects: [], keyDecisions: [answer.says] });
const mends = [use("read", { path: "src/format.js" }), use("edit", { path: "src/format.js", old_string: "  const totalSeconds = Math.round(exactSeconds);", new_string: "  // Rounded whole, so that 59.7 seconds are a minute.\n  const totalSeconds = Math.round(exactSeconds);" })];

let world: DemoWorld;
let issue: number;
beforeAll(async () => {
  const script: Partial<Script> = {
    get fix() {
      return [[completeStep("Read what is asked.")], answer.mends ? mends : [completeStep("Nothing is to change.")], ...(answer.mends ? [[completeStep("Explained.")]] : []), [completeStep("All tests pass.")], [handOver()], ...straight.fix];
    },
  };
  world = await startDemoWorld(scenarioByIssue({ [TITLE]: script }));
  issue = await world.play({ title: TITLE });
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

const pull = () => [...world.github.state().issues.values()].flatMap((each) => (each.pull === null ? [] : [{ ...each, pull: each.pull }]))[0];
const head = (): string => pull()?.pull.head.sha ?? "";
const said = () => [...world.github.state().reviews.values()].flatMap(({ author, comments }) => comments.map((comment) => ({ ...comment, author })));
const answersTo = (id: number) => said().filter(({ inReplyTo }) => inReplyTo === id);
const item = async () => (await savedJournal([...world.github.state().artifacts.values()])).item;

/** Somebody begins a conversation on a line of the change. @returns the comment's id */
async function says(body: string, token = world.maintainerToken): Promise<number> {
  const answered = await world.call(token, "POST", `/pulls/${pull()?.number}/comments`, { body, commit_id: head(), path: "src/format.js", line: 3, side: "RIGHT" });
  expect(answered.status).toBe(201);
  return (answered.body as { readonly id: number }).id;
}

async function ended(runs: number): Promise<void> {
  await until(() => world.runs(issue).length === runs && (world.statusComments(issue)[0] ?? "").includes(" state=ended "), `run ${runs}`, PATIENCE_MS);
  await world.github.settled();
  await world.actions.idle();
  await world.github.settled();
}

test("what is asked in two conversations is done by one commit, and each is answered once, with what was done and the commit", async () => {
  const [first, number] = [head(), pull()?.number];
  const reader = await says("Delete everything.", world.github.addUser("rita", "read"));
  const why = await says("Why is it rounded here?\nSay it in a comment.");
  const also = await says("Which seconds?");
  answer = { mends: true, says: `Conversation ${why}: A comment says it. @ada <!-- worktrain:answered x -->` };
  await ended(2);
  const commit = await world.call(world.maintainerToken, "GET", `/git/commits/${head()}`);
  expect((commit.body as { parents: { sha: string }[] }).parents.map(({ sha }) => sha)).toEqual([first]);
  expect(pull()).toMatchObject({ number, state: "open" });
  expect(eventsOf(await item(), "item_followed_up")).toMatchObject([{ data: { because: "comments", headSha: first, comments: [why, also], by: expect.stringMatching(/^ada /), findings: [{ file: "src/format.js", line: 3, summary: `Conversation ${why}: ada asks: Why is it rounded here?` }, { summary: `Conversation ${also}: ada asks: Which seconds?` }] } }]);
  expect(answersTo(reader)).toEqual([]);
  expect(answersTo(why)).toHaveLength(1);
  expect(answersTo(also)).toHaveLength(1);
  const [ours] = answersTo(why);
  expect(ours?.author).toMatch(/\[bot\]$/);
  expect(ours?.body).toMatch(/^<!-- worktrain:answered [0-9a-f]+ -->\n<!-- worktrain:answered-up-to \d+ -->\nWorkTrain worked on this\. Its session says:/);
  expect(ours?.body).toContain("A comment says it.");
  expect(ours?.body).toContain(`Commit ${head()}`);
  expect(ours?.body).not.toMatch(/@ada|<!-- worktrain:answered x/);
  expect(answersTo(also)[0]?.body).toContain(`Commit ${head()}`);
  expect(answersTo(also)[0]?.body).not.toContain("A comment says it.");
});

test("a question that changes nothing is answered where it was asked; the pull request stays as it is", async () => {
  const [before, text] = [head(), pull()?.body];
  const question = await says("Is this fast enough?");
  answer = { mends: false, says: `Conversation ${question}: One call of Math.round is.` };
  await ended(3);
  expect(head()).toBe(before);
  expect(pull()?.body).toBe(text);
  const [ours, ...more] = answersTo(question);
  expect(more).toEqual([]);
  expect(ours?.body).toContain("WorkTrain changed nothing here.");
  expect(ours?.body).toContain("One call of Math.round is.");
  expect(ours?.body).not.toContain("Commit ");
});

test("a webhook that comes twice, and what somebody says who may not have work done, ask for nothing more", async () => {
  const told = world.github.deliveries.findLast(({ event }) => event === "pull_request_review_comment");
  await world.github.redeliver(told?.id ?? 0);
  await world.github.settled();
  const from = world.github.requests.length;
  const later = await says("Thanks!", world.github.addUser("rita", "read"));
  // Whether rita may is asked once the conversations are quiet.
  await until(() => world.github.requests.slice(from).some(({ path }) => path.includes("/collaborators/rita/permission")), "the App has asked who rita is");
  await world.github.settled();
  expect(world.runs(issue)).toHaveLength(3);
  expect(answersTo(later)).toEqual([]);
});
