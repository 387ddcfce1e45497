/** Approved sub-issues: each is made and linked once, whatever GitHub and the runner do in between. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSubTasks } from "../../../../src/engine/pipeline/index.ts";
import type { Issue } from "../../../../src/hosts/demo/github/records.ts";
import type { Json } from "../../../../src/shared/json.ts";
import { boundGate } from "../../../../src/record/proposal-gate.ts";
import { assertRequestsConform } from "../../../contract/openapi.ts";
import { addressOf, startWorld, type Item, type ItemWish, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  assertRequestsConform(world.github.requests.filter(({ who }) => who === "deliver"));
  await world.close();
});

const piece = (title: string, ...dependsOn: readonly number[]): Json => ({ title, body: `What ${title} is.`, acceptance: ["One sees it."], outOfScope: ["The rest."], files: [], dependsOn: [...dependsOn], questions: ["Which?"] });
const TICKETS = [piece("Second", 1), piece("First"), piece("Third", 0)];
const ending = { code: "decomposed" as const, reason: { code: "decomposed", message: "Cut into 3.", fix: "Label the first." } };

/** The item whose proposal was approved by a ticket of the App, unless a test says otherwise. */
async function cut(wish: ItemWish & { readonly approves?: Json } = {}): Promise<Item> {
  const mona = world.github.state().accounts.get("mona");
  const by = `mona (GitHub user ${mona?.id ?? 0})`;
  const approved = readSubTasks({ tickets: wish.approves ?? TICKETS });
  const gate = boundGate("gate-7-decomposition", approved.ok ? (JSON.parse(JSON.stringify(approved.value)) as Json) : null);
  const { approves: _, ticket, ...more } = wish;
  return world.item({
    ending,
    classification: { taskComplexity: "large" },
    cut: { tickets: TICKETS, answered: { verdict: "approved", by } },
    ticket: { trigger: { kind: "issue_comment", id: "9", actor: { login: "mona", id: mona?.id ?? 0 }, verdict: "write" }, answer: { gate, verdict: "approved", reason: "" }, ...ticket },
    ...more,
  });
}

const issues = (): readonly Issue[] => [...world.github.state().issues.values()];
const childrenOf = ({ issueNumber }: Item): readonly Issue[] => {
  const { parents, issues: all } = world.github.state();
  const parent = issues().find(({ number }) => number === issueNumber);
  return [...parents].flatMap(([child, of]) => (of === parent?.id ? (all.get(child) ?? []) : []));
};
const madeFor = ({ ticket }: Item): readonly Issue[] => issues().filter(({ body }) => (body ?? "").startsWith(`<!-- worktrain:sub-issue ${ticket.item} `));
const titles = (all: readonly Issue[]): readonly string[] => all.map(({ title }) => title);

test("they are made in the order they can be done, linked, and listed on the parent; delivering again changes nothing", async () => {
  const item = await cut();
  const result = await item.deliver();
  expect([result.exitCode, result.summary]).toEqual([0, expect.stringContaining("cut the work into sub-issues")]);
  const made = childrenOf(item);
  expect(titles(made)).toEqual(["First", "Second", "Third"]);
  expect(made.map(({ labelIds }) => labelIds)).toEqual([[], [], []]);
  expect(made[1]?.body).toMatch(/^<!-- worktrain:sub-issue \S+ 2 -->\nPart 2 of 3 of #\d+, cut by WorkTrain in \[this run\]\(\S+\) and approved by `mona`\.\n\n\*\*Comes after\*\*\n- First\n\n> What Second is\.\n\n\*\*Done when\*\*\n- One sees it\.\n\n\*\*Not part of it\*\*\n- The rest\.\n\n\*\*Open questions\*\*\n- Which\?$/);
  const [a, b, c] = made.map(({ number }) => number);
  const { comments, record } = await item.seen();
  expect(comments[0]?.body).toContain(`1. #${a}\n2. #${b} (after #${a})\n3. #${c} (after #${b})`);
  expect(record).not.toBeNull();
  const writes = world.github.requests.filter(({ changes }) => changes).length;
  expect((await item.deliver({}, { segments: null })).exitCode).toBe(0);
  expect(madeFor(item)).toHaveLength(3);
  expect(world.github.requests.filter(({ changes }) => changes)).toHaveLength(writes);
});

test("I10: work that was asked for with a plan and is large: who approved its pieces has approved what is made, and nobody else has", async () => {
  const opened: ItemWish["tamper"] = (_, events) => events.map((event) => (event.kind === "item_opened" ? { ...event, data: { ...event.data, plan: true as const } } : event));
  const item = await cut({ tamper: opened, ticket: { wish: { plan: true } } });
  expect(await item.deliver()).toMatchObject({ exitCode: 0, summary: expect.stringContaining("cut the work into sub-issues") });
  expect(titles(childrenOf(item))).toEqual(["First", "Second", "Third"]);
  const unasked = await cut({ tamper: opened, ticket: { wish: { plan: true } }, cut: { tickets: TICKETS, answered: null } });
  expect(await unasked.deliver()).toMatchObject({ exitCode: 1, summary: expect.stringContaining("unvouched-approval") });
  expect(madeFor(unasked)).toEqual([]);
});

describe("a delivery that broke off is gone on with", () => {
  const isWrite = (what: "issues" | "sub_issues", input: Parameters<typeof fetch>[0], init: RequestInit | undefined): boolean => init?.method === "POST" && addressOf(input).endsWith(what === "issues" ? "/repos/acme/sums/issues" : "/sub_issues");

  test.each<{ what: string; which: "issues" | "sub_issues"; nth: number; done: boolean }>([
    { what: "before the second is made", which: "issues", nth: 2, done: false },
    { what: "after the second is made, its answer lost", which: "issues", nth: 2, done: true },
    { what: "before the second is linked", which: "sub_issues", nth: 2, done: false },
    { what: "after the third is linked, its answer lost", which: "sub_issues", nth: 3, done: true },
  ])("lost for good $what: the next job makes what is missing and nothing twice", async ({ which, nth, done }) => {
    const item = await cut();
    let seen = 0;
    let dead = false;
    const dying: typeof fetch = async (input, init) => {
      if (dead) throw new TypeError("the runner is gone");
      if (!isWrite(which, input, init) || (seen += 1) < nth) return fetch(input, init);
      dead = true;
      if (done) await fetch(input, init);
      throw new TypeError("the runner is gone");
    };
    expect((await item.deliver({}, { fetch: dying })).exitCode).toBe(1);
    expect((await item.deliver()).exitCode).toBe(0);
    expect(titles(childrenOf(item))).toEqual(["First", "Second", "Third"]);
    expect(madeFor(item)).toHaveLength(3);
  });

  test("an answer that is lost once is found again within the job", async () => {
    const item = await cut();
    let lost = false;
    const flaky: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init);
      if (lost || !isWrite("issues", input, init)) return answer;
      lost = true;
      throw new TypeError("connection reset");
    };
    expect((await item.deliver({}, { fetch: flaky })).exitCode).toBe(0);
    expect(madeFor(item)).toHaveLength(3);
  });

  test("the next run of the item goes on with it as well", async () => {
    const item = await cut();
    const half: typeof fetch = (input, init) => (isWrite("sub_issues", input, init) ? Promise.reject(new TypeError("gone")) : fetch(input, init));
    expect((await item.deliver({}, { fetch: half })).exitCode).toBe(1);
    const { record } = await item.seen();
    const next = await world.item({ of: item, goesOn: true, committed: record });
    expect((await next.deliver()).exitCode).toBe(0);
    expect(titles(childrenOf(item))).toEqual(["First", "Second", "Third"]);
    expect(madeFor(item)).toHaveLength(3);
  });
});

describe("nothing is made", () => {
  test.each<{ why: string; wish: () => Parameters<typeof cut>[0]; says: string }>([
    { why: "without a ticket that approves", wish: () => ({ ticket: { answer: undefined } }), says: "unvouched-approval" },
    { why: "where the ticket rejects", wish: () => ({ ticket: { answer: { gate: "gate-7-decomposition", verdict: "rejected", reason: "x" } } }), says: "unvouched-approval" },
    { why: "where another proposal was approved", wish: () => ({ approves: [piece("First"), piece("Harmless")] }), says: "unvouched-approval" },
    { why: "where the journal skips the answer", wish: () => ({ cut: { tickets: TICKETS, answered: null } }), says: "unvouched-approval" },
    { why: "of a hundred pieces", wish: () => ({ cut: { tickets: Array.from({ length: 100 }, (_, index) => piece(`P${index}`)), answered: { verdict: "approved", by: "mona" } } }), says: "unvouched-approval" },
    { why: "in an ending that no session stands behind", wish: () => ({ cut: undefined }), says: "not-completed" },
  ])("$why", async ({ wish, says }) => {
    const item = await cut(wish());
    const result = await item.deliver();
    expect(result.exitCode).toBe(1);
    expect(result.summary).toContain(says);
    expect(madeFor(item)).toEqual([]);
  });

  test("when the label was taken off meanwhile: that is said, and the job is not red", async () => {
    const item = await cut();
    await world.call(world.maintainer, "DELETE", `/issues/${item.issueNumber}/labels/worktrain:ready`);
    expect((await item.deliver()).exitCode).toBe(0);
    expect(madeFor(item)).toEqual([]);
    expect((await item.seen()).comments[0]?.body).toContain("taken off");
  });

  test("a marker that somebody else wrote is not taken for ours", async () => {
    const item = await cut();
    await world.call(world.maintainer, "POST", "/issues", { title: "Mine", body: `<!-- worktrain:sub-issue ${item.ticket.item} 1 -->\nMine.` });
    expect((await item.deliver()).exitCode).toBe(0);
    expect(titles(childrenOf(item))).toEqual(["First", "Second", "Third"]);
  });
});
