/** Deliveries of one item are totally ordered: two runs, a run that comes back late, a journal that lies about where it began, servers that take no updateRefs. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fenceOf, type Decision } from "../../src/delivery/index.ts";
import { assembleSegments } from "../../src/journal/index.ts";
import { formatCommitted, formatItemId, itemStream, parseCommitted, parseSegmentName, recordRefOf } from "../../src/record/index.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { addressOf, asks, bodyOf, startWorld, textIn, type Item, type World } from "../hosts/runner/deliver/world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  assertRequestsConform(world.github.requests.filter(({ who }) => who === "deliver"));
  await world.close();
});

const OTHER_FILES = { "src/sum.js": { text: "export const sum = () => 0;\n" } };
const BUDGET = { code: "budget", reason: { code: "budget", message: "Used up.", fix: "Raise it." } } as const;
const EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

const changesSince = (index: number) => world.github.requests.slice(index).flatMap(({ changes, route }) => (changes ? [route ?? ""] : []));
const lastSegment = (item: Item) => parseSegmentName(world.github.actions.listArtifacts(item.runId).at(-1)?.name ?? "");

/** A GitHub that changes something just after it answered a GraphQL operation. */
const justAfter = (operation: string, change: () => Promise<unknown>): typeof fetch => {
  let done = false;
  return async (input, init) => {
    const answer = await fetch(input, init);
    if (done || !asks(init, operation)) return answer;
    done = true;
    await change();
    return answer;
  };
};

/** What a run of somebody else would leave in the record ref, on top of what is there. */
async function moveRecord(item: Item): Promise<string> {
  const before = await world.bare.commitOf(recordRefOf(item.ticket.item));
  const message = formatCommitted({ item: item.ticket.item, key: "f".repeat(32), run: 1, heads: {} });
  const sha = textIn(await world.call(world.maintainer, "POST", "/git/commits", { message, tree: EMPTY_TREE, parents: before === null ? [] : [before] }), "sha");
  if (before === null) await world.call(world.maintainer, "POST", "/git/refs", { ref: recordRefOf(item.ticket.item), sha });
  else await world.call(world.maintainer, "PATCH", `/git/${recordRefOf(item.ticket.item)}`, { sha });
  return sha;
}

test("the ref of every item is a name that git takes, and no item's lies below another's", () => {
  const items = fc.record({ repositoryId: fc.nat(), subject: fc.oneof(fc.nat().map((n) => `issue-${n}`), fc.nat().map((n) => `pr-${n}`)), attempt: fc.nat() }).map(formatItemId);
  fc.assert(
    fc.property(items, (item) => {
      execFileSync("git", ["check-ref-format", recordRefOf(item)]);
      expect(recordRefOf(item).split("/")).toHaveLength(5);
    }),
    { numRuns: 20 },
  );
  for (const hostile of ["1/issue-1/1/../../heads/main", "1/issue-1", "../1", "1/issue-1/1\n", "x y"]) expect(() => recordRefOf(hostile)).toThrow(TypeError);
});

describe("the record ref", () => {
  test("I2: moves with the branch in one updateRefs to an empty, signed commit that names every stream's head", async () => {
    const item = await world.item();
    const before = world.github.requests.length;
    expect((await item.deliver()).exitCode).toBe(0);
    expect(changesSince(before).filter((route) => route.startsWith("/graphql") || route.includes("/git/refs"))).toEqual(["/graphql#CommitDelivery"]);
    const { record, branchHead } = await item.seen();
    const commit = await world.bare.readCommit(record ?? "");
    expect(commit).toMatchObject({ tree: EMPTY_TREE, parents: [] });
    expect((await world.call(world.maintainer, "GET", `/git/commits/${record}`)).body).toMatchObject({ verification: { verified: true } });
    const committed = parseCommitted(commit?.message ?? "");
    expect(committed).toMatchObject({ item: item.ticket.item, key: item.ticket.key, run: item.runId });
    const agents = world.github.actions.listArtifacts(item.runId).filter(({ name }) => parseSegmentName(name)?.phase !== "deliver");
    const assembled = assembleSegments(agents.map(({ bytesPath, digest }) => ({ bytes: readFileSync(bytesPath), digest })));
    if (!assembled.ok) throw new Error(assembled.error.message);
    const { reader } = assembled.value;
    for (const stream of await reader.streams()) expect(committed?.heads[stream]).toEqual(await reader.head(stream));
    expect(Object.keys(committed?.heads ?? {})).toHaveLength((await reader.streams()).length);
    expect(branchHead).not.toBeNull();
  });

  test("a delivery without files is in the order too, before its comment", async () => {
    const item = await world.item({ ending: BUDGET });
    const before = world.github.requests.length;
    expect((await item.deliver()).exitCode).toBe(0);
    expect(changesSince(before)).toEqual(["/repos/{owner}/{repo}/git/commits", "/graphql#CommitDelivery", "/repos/{owner}/{repo}/issues/{issue_number}/comments"]);
    const { record, comments } = await item.seen();
    expect((await item.deliver({}, { segments: null })).exitCode).toBe(0);
    expect(await item.seen()).toMatchObject({ record, comments });
  });

  test("a refused journal moves nothing: nothing of it decides", async () => {
    const item = await world.item({ lost: true });
    expect((await item.deliver()).exitCode).toBe(1);
    expect((await item.seen()).record).toBeNull();
  });
});

describe("fault 22: two runs of one item", () => {
  test("the one that began before the other delivered changes nothing on GitHub, says so, and is not red", async () => {
    const first = await world.item();
    const second = await world.item({ of: first, files: OTHER_FILES });
    expect((await first.deliver()).exitCode).toBe(0);
    const delivered = await first.seen();
    const before = world.github.requests.length;
    const result = await second.deliver();
    expect(result).toMatchObject({ exitCode: 0, summary: expect.stringContaining("another run was first") });
    expect(result.stepSummary).toContain(`Run ${first.runId} delivered this item while this run worked`);
    expect(changesSince(before)).toEqual([]);
    expect(await second.seen()).toEqual(delivered);
    expect(lastSegment(second)).toMatchObject({ phase: "deliver", step: "fenced", ending: "fenced" });
  });

  test("also where there is nothing to publish but words, by either of them", async () => {
    const first = await world.item({ ending: BUDGET });
    const others = [await world.item({ of: first }), await world.item({ of: first, ending: BUDGET })];
    await first.deliver();
    const said = await first.seen();
    for (const other of others) expect((await other.deliver()).summary).toContain("another run was first");
    expect(await first.seen()).toEqual(said);
  });

  test("at the same moment: one of them delivers, the other changes nothing", async () => {
    for (let round = 0; round < 3; round += 1) {
      const first = await world.item();
      const second = await world.item({ of: first, files: OTHER_FILES });
      const results = await Promise.all([first.deliver(), second.deliver()]);
      const { branchHead, record, pulls, checks, comments } = await first.seen();
      expect(results.filter(({ summary }) => summary.startsWith("Delivered"))).toHaveLength(1);
      expect(results.filter(({ summary }) => summary.includes("another run was first") || summary.includes("branch-taken"))).toHaveLength(1);
      expect([pulls.length, checks.length, comments.length]).toEqual([1, 1, results.filter(({ exitCode }) => exitCode === 1).length]);
      const winner = parseCommitted((await world.bare.readCommit(record ?? ""))?.message ?? "");
      expect((await world.bare.readCommit(branchHead ?? ""))?.message).toContain(`WorkTrain-Key: ${winner?.key}`);
      expect((await world.bare.readCommit(record ?? ""))?.parents).toEqual([]);
    }
  });

  test("a run that goes on from what was delivered is the next in order", async () => {
    const first = await world.item();
    world.github.failNext({ method: "POST", route: "/repos/{owner}/{repo}/pulls", status: 500, times: 2 });
    expect((await first.deliver()).exitCode).toBe(1);
    const { record, branchHead } = await first.seen();
    const second = await world.item({ of: first, goesOn: true, committed: record });
    expect((await second.deliver()).exitCode).toBe(0);
    const after = await second.seen();
    expect([after.branchHead, after.pulls.length]).toEqual([branchHead, 1]);
    expect((await world.bare.readCommit(after.record ?? ""))?.parents).toEqual([record]);
    expect((await first.deliver({}, { segments: null })).summary).toContain("another run was first");
    expect(await second.seen()).toEqual(after);
  });
});

describe("attack 14: a journal that lies about where it began", () => {
  test("it names the newest record and does not hold what was delivered", async () => {
    const first = await world.item();
    await first.deliver();
    const delivered = await first.seen();
    const liar = await world.item({ of: first, files: OTHER_FILES, committed: delivered.record });
    expect((await liar.deliver()).summary).toContain("does not go on from what was delivered last");
    expect(await liar.seen()).toEqual(delivered);
  });

  const head = { seq: 2, hash: "a".repeat(64) };
  const ITEM = "7/issue-1/1";
  const decision: Decision = { item: ITEM, key: "a".repeat(32), runId: 5, heads: { [itemStream(ITEM)]: head }, startedFrom: undefined, holds: () => true };
  const record = (change: Partial<Parameters<typeof formatCommitted>[0]> = {}) => ({ sha: "c".repeat(40), message: formatCommitted({ item: ITEM, key: "b".repeat(32), run: 4, heads: {}, ...change }) });
  test.each([
    ["it does not say where, and nothing was delivered", decision, null, "free"],
    ["it does not say where, and holds what was delivered", decision, record(), "free"],
    ["it does not say where, and does not hold it", { ...decision, holds: () => false }, record({ heads: decision.heads }), "fenced"],
    ["the record is another item's", { ...decision, startedFrom: "c".repeat(40) }, record({ item: "7/issue-2/1" }), "fenced"],
    ["the record is no record", { ...decision, startedFrom: "c".repeat(40) }, { sha: "c".repeat(40), message: "mine" }, "fenced"],
    ["the record was removed meanwhile", { ...decision, startedFrom: "c".repeat(40) }, null, "fenced"],
    ["the record is this very decision's", { ...decision, startedFrom: null }, record({ key: decision.key, heads: decision.heads }), "committed"],
    ["the same trigger with other streams", { ...decision, startedFrom: null }, record({ key: decision.key, heads: { [itemStream(ITEM)]: { ...head, seq: 3 } } }), "fenced"],
  ])("%s", (_, decided, shown, kind) => {
    expect(fenceOf(decided, shown).kind).toBe(kind);
  });
});

describe("fault 23: a job that comes back after another run took over", () => {
  test.each([
    ["before its commit", "DeliveryState", { branchHead: null, pulls: [], checks: [] }],
    ["between its commit and the pull request", "CommitDelivery", { pulls: [], checks: [] }],
  ])("%s: the next write does not happen", async (_, operation, seen) => {
    const item = await world.item();
    const result = await item.deliver({}, { fetch: justAfter(operation, () => moveRecord(item)) });
    expect(result).toMatchObject({ exitCode: 0, summary: expect.stringContaining("another run was first") });
    expect(await item.seen()).toMatchObject({ ...seen, comments: [] });
    expect(lastSegment(item)?.ending).toBe("fenced");
  });

  test("before its words: no comment", async () => {
    const item = await world.item({ ending: BUDGET });
    expect((await item.deliver({}, { fetch: justAfter("CommitDelivery", () => moveRecord(item)) })).summary).toContain("another run was first");
    expect((await item.seen()).comments).toEqual([]);
  });
});

describe("fault 54: the network at the commit", () => {
  test.each([
    ["done, and the answer lost", { dropResponseAfterApplying: true }],
    ["not done", { status: 502 }],
  ])("updateRefs is %s: one branch and one record, in the same job", async (_, fault) => {
    const item = await world.item();
    world.github.failNext({ method: "POST", route: "/graphql#CommitDelivery", ...fault });
    expect((await item.deliver()).exitCode).toBe(0);
    const { pulls, record, branchHead } = await item.seen();
    expect([pulls.length, branchHead === null, (await world.bare.readCommit(record ?? ""))?.parents]).toEqual([1, false, []]);
  });

  test("fault 53: a rate limit that GraphQL tells inside a 200 is waited out", async () => {
    const item = await world.item();
    let limits = 0;
    const waits: number[] = [];
    const limited: typeof fetch = async (input, init) => {
      if (!asks(init, "CommitDelivery") || (limits += 1) > 2) return fetch(input, init);
      return Response.json({ errors: [{ type: "RATE_LIMITED", message: "API rate limit exceeded" }] }, { headers: { "retry-after": "7" } });
    };
    const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now(), sleep: async (ms: number) => void waits.push(ms) };
    expect((await item.deliver({}, { fetch: limited, clock })).exitCode).toBe(0);
    expect(waits).toEqual([7_000, 7_000]);
  });
});

describe("a server that takes no updateRefs", () => {
  const unknownField = () => Response.json({ errors: [{ message: "Field 'updateRefs' doesn't exist on type 'Mutation'", path: ["mutation", "updateRefs"], extensions: { code: "undefinedField" } }] });
  const without: typeof fetch = async (input, init) => (asks(init, "CommitDelivery") ? unknownField() : fetch(input, init));
  const isRecordRef = (input: Parameters<typeof fetch>[0], init: RequestInit | undefined) => addressOf(input).endsWith("/git/refs") && bodyOf(init).includes("refs/worktrain/");
  const refsOf = (index: number) => world.github.requests.slice(index).flatMap(({ method, route, body }) => (route?.includes("/git/refs") === true ? [[method, String(Object(body).ref ?? route)]] : []));

  test("the branch first, then the record, by REST; a second run is fenced all the same", async () => {
    const item = await world.item();
    const second = await world.item({ of: item, files: OTHER_FILES });
    const before = world.github.requests.length;
    expect((await item.deliver({}, { fetch: without })).exitCode).toBe(0);
    expect(refsOf(before)).toEqual([["POST", `refs/heads/${item.branch}`], ["POST", recordRefOf(item.ticket.item)]]);
    const delivered = await item.seen();
    expect([delivered.pulls.length, delivered.record === null]).toEqual([1, false]);
    expect((await second.deliver({}, { fetch: without })).summary).toContain("another run was first");
    const third = await world.item({ of: item, goesOn: true, committed: delivered.record });
    const later = world.github.requests.length;
    expect((await third.deliver({}, { fetch: without })).exitCode).toBe(0);
    expect(refsOf(later).map(([method]) => method)).toEqual(["PATCH"]);
    expect((await world.bare.readCommit((await item.seen()).record ?? ""))?.parents).toEqual([delivered.record]);
  });

  test("a record that moved in between is not overwritten, and a job that broke off between the two goes on", async () => {
    const item = await world.item();
    const moved: typeof fetch = async (input, init) => {
      if (isRecordRef(input, init)) await moveRecord(item);
      return without(input, init);
    };
    expect((await item.deliver({}, { fetch: moved })).summary).toContain("another run was first");
    const { pulls, comments } = await item.seen();
    expect([pulls, comments]).toEqual([[], []]);

    const other = await world.item();
    const broken: typeof fetch = async (input, init) => (isRecordRef(input, init) ? new Response("{}", { status: 502, headers: { "content-type": "application/json" } }) : without(input, init));
    expect((await other.deliver({}, { fetch: broken })).exitCode).toBe(1);
    const between = await other.seen();
    expect([between.branchHead === null, between.record, between.pulls]).toEqual([false, null, []]);
    expect((await other.deliver({}, { segments: null })).exitCode).toBe(0);
    expect(await other.seen()).toMatchObject({ branchHead: between.branchHead, pulls: [{}], record: expect.any(String) });
  });

  test("where no such ref may be made at all, the branch alone is the commit, and the log says so", async () => {
    const item = await world.item();
    const refused: typeof fetch = async (input, init) => {
      return isRecordRef(input, init) ? Response.json({ message: "Reference name is reserved" }, { status: 422 }) : without(input, init);
    };
    const log: string[] = [];
    expect((await item.deliver({}, { fetch: refused, log: (line) => void log.push(line) })).exitCode).toBe(0);
    expect(await item.seen()).toMatchObject({ pulls: [{}], record: null });
    expect(log.join("\n")).toContain("Reference name is reserved");
  });
});

describe("I10, fault 52: permission, label and issue are asked again before each write", () => {
  const operations = (index: number) => world.github.requests.slice(index).flatMap(({ who, route, changes }) => (who === "deliver" && (changes || route?.endsWith("/permission") === true || route?.startsWith("/graphql") === true) ? [(route ?? "").replace(/^.*\}\//, "")] : []));

  test("in one query with the record and the branch; by REST before the first", async () => {
    const item = await world.item();
    const before = world.github.requests.length;
    await item.deliver();
    expect(operations(before)).toEqual(["/graphql#DeliveryState", "permission", "git/trees", "git/commits", "git/commits", "/graphql#CommitDelivery", "/graphql#DeliveryState", "pulls", "/graphql#DeliveryState", "check-runs"].map((name) => expect.stringContaining(name)));
  });

  test("where GraphQL does not say who may, REST is asked each time, and its no stops the next write", async () => {
    world.github.addUser("gina", "write");
    const id = world.github.state().accounts.get("gina")?.id ?? 0;
    const trigger = { kind: "issues.labeled" as const, id: "1", actor: { login: "gina", id }, verdict: "write" as const };
    const silent = (then: (init: RequestInit | undefined) => void): typeof fetch => async (input, init) => {
      const answer = await fetch(input, init);
      then(init);
      if (!asks(init, "DeliveryState")) return answer;
      const { data } = Object(await answer.json());
      return Response.json({ data: { repository: { ...data.repository, collaborators: null } }, errors: [{ type: "FORBIDDEN", path: ["repository", "collaborators"], message: "Resource not accessible by integration" }] });
    };
    const item = await world.item({ ticket: { trigger } });
    const before = world.github.requests.length;
    expect((await item.deliver({}, { fetch: silent(() => undefined) })).exitCode).toBe(0);
    expect(operations(before).filter((name) => name.endsWith("permission"))).toHaveLength(3);
    const other = await world.item({ ticket: { trigger } });
    const cut = silent((init) => void (asks(init, "CommitDelivery") && world.github.addUser("gina", "read")));
    expect((await other.deliver({}, { fetch: cut })).exitCode).toBe(1);
    expect((await other.seen()).pulls).toEqual([]);
  });

  test.each([
    ["the label is taken off", async (item: Item) => world.call(world.maintainer, "DELETE", `/issues/${item.issueNumber}/labels/worktrain:ready`)],
    ["the issue is closed", async (item: Item) => world.call(world.maintainer, "PATCH", `/issues/${item.issueNumber}`, { state: "closed" })],
  ])("%s between two writes: the next one does not happen", async (_, change) => {
    const item = await world.item();
    await item.deliver({}, { fetch: justAfter("CommitDelivery", () => change(item)) });
    expect(await item.seen()).toMatchObject({ pulls: [], checks: [], comments: [{ body: expect.stringContaining("withdrawn") }] });
  });
});
