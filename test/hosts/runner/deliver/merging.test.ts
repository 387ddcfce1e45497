/** Merging without a person: armed by the deliver job for the commit it made, done by GitHub, told in words where it is not. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assertRequestsConform } from "../../../contract/openapi.ts";
import { readMergeMark } from "../../../../src/delivery/index.ts";
import { shell } from "../../cli/in-process.ts";
import { asks, hastyClock, startWorld, type Item, type ItemWish, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  assertRequestsConform(world.github.requests.filter(({ who }) => who === "deliver"));
  await world.close();
});

let configured = "";
async function configure(text: string): Promise<void> {
  if (text !== configured) await world.push({ ".github/worktrain.yml": text }, "config");
  configured = text;
}
const rules = (autoMergeAllowed: boolean, ...requiredChecks: readonly string[]): void => world.github.setMergeRules(world.repositoryId, { autoMergeAllowed, requiredChecks });
const AUTO = "commands: { test: npm test }\nmerge: { auto: true, tests: ci }\n";

/** A small item of low risk whose pipeline is known. */
const small = (wish: ItemWish = {}): Promise<Item> =>
  world.item({
    classification: { riskLevel: "low" },
    tamper: (_, events) => events.flatMap((event) => (event.kind === "session_concluded" && event.data.phase === "classify" ? [event, { kind: "mode_chosen" as const, data: { mode: "implement" as const, why: ["small"] } }] : [event])),
    ...wish,
  });
const pullOf = async (item: Item) => {
  const [seen] = (await item.seen()).pulls;
  const pull = [...world.github.state().issues.values()].find(({ number, pull: part }) => number === seen?.number && part !== null);
  if (pull === undefined || pull.pull === null) throw new Error("There is no pull request.");
  return { ...pull, pull: pull.pull };
};
async function check(item: Item, name: string, conclusion: string): Promise<void> {
  const job = world.github.actions.createJob(item.runId, { name: "ci", permissions: { checks: "write" } });
  await world.call(job.token, "POST", "/check-runs", { name, head_sha: (await item.seen()).branchHead, status: "completed", conclusion, output: { title: name, summary: name, text: name } });
  await world.github.settled();
}

test("armed for the reviewed commit: GitHub merges it when the required check is green, and not before", async () => {
  await configure(AUTO);
  rules(true, "test");
  const item = await small();
  const { exitCode, summary } = await item.deliver();
  expect({ exitCode, summary }).toMatchObject({ exitCode: 0 });
  const armed = await pullOf(item);
  expect(armed.pull.autoMerge).toMatchObject({ method: "SQUASH", by: "github-actions[bot]", headSha: armed.pull.head.sha });
  expect(armed.body).toContain("| ✅ | Who merges | GitHub's auto-merge (squash), for this commit alone and where GitHub takes it: the review is clean, GitHub waits for the branch's required checks, risk low, mode implement, 1 file and 2 lines changed |");
  const [own] = (await item.seen()).checks;
  expect(readMergeMark(own?.output.summary ?? "")).toMatchObject({ within: true });
  await check(item, "test", "failure");
  expect((await pullOf(item)).state).toBe("open");
  await check(item, "test", "success");
  const merged = await pullOf(item);
  expect(merged).toMatchObject({ state: "closed", pull: { merged: { by: "github-actions[bot]" } } });
  expect((await world.bare.readCommit((await world.bare.commitOf("refs/heads/main")) ?? ""))?.tree).toBe(item.tree);

  const told = await shell({ data: "/nonexistent", world: { clock: hastyClock }, environment: { github: { apiUrl: world.github.url, token: world.maintainer } } }).run("verify", `acme/sums#${merged.number}`);
  expect(told.data.attested.filter(({ ok, what }: { readonly ok: boolean; readonly what: string }) => !ok && !what.includes("decisions come out otherwise"))).toEqual([]);
});

test("armed is the last thing done, once: delivering again asks and changes nothing", async () => {
  await configure(AUTO);
  rules(true, "test");
  const item = await small({ files: { "src/more.js": { text: "export {};\n" } } });
  const from = world.github.requests.length;
  await item.deliver();
  const writes = world.github.requests.slice(from).filter(({ changes }) => changes).map(({ route }) => route);
  expect(writes.at(-1)).toBe("/graphql#ArmAutoMerge");
  await item.deliver({}, { segments: null });
  expect(world.github.requests.slice(from).filter(({ route }) => route === "/graphql#ArmAutoMerge")).toHaveLength(1);
  // What somebody with write permission pushes is merged by the same arming (P-auto-merge).
  const { pull, number } = await pullOf(item);
  const next = await world.call(world.maintainer, "POST", "/git/commits", { message: "more", tree: (await world.bare.readCommit(pull.head.sha))?.tree, parents: [pull.head.sha] });
  await world.call(world.maintainer, "PATCH", `/git/refs/heads/${item.branch}`, { sha: (next.body as { sha: string }).sha });
  await check(item, "test", "success");
  expect(await pullOf(item)).toMatchObject({ number, state: "closed", pull: { merged: { by: "github-actions[bot]" } } });
});

test("an answer that is lost: armed once", async () => {
  await configure(AUTO);
  rules(true, "test");
  world.github.failNext({ method: "POST", route: "/graphql#ArmAutoMerge", dropResponseAfterApplying: true });
  const item = await small({ files: { "src/lost.js": { text: "export {};\n" } } });
  expect(await item.deliver()).toMatchObject({ exitCode: 0 });
  expect((await pullOf(item)).pull.autoMerge).not.toBeNull();
});

describe("GitHub does not take it: the delivery is whole, and words say why", () => {
  test.each<readonly [string, () => void, string]>([
    ["not allowed in the repository", () => rules(false, "test"), "Auto merge is not allowed for this repository"],
    ["no rule to wait for", () => rules(true), "Protected branch rules not configured for this branch"],
    ["nothing left to wait for", () => rules(true, "WorkTrain"), "Pull request is in clean status"],
  ])("%s", async (name, prepare, words) => {
    await configure(AUTO);
    prepare();
    const item = await small({ files: { [`src/${name.replaceAll(" ", "-")}.js`]: { text: "export {};\n" } } });
    const said: string[] = [];
    const { exitCode, stepSummary } = await item.deliver({}, { log: (line) => void said.push(line) });
    expect(exitCode).toBe(0);
    expect(stepSummary).toContain(words);
    expect(said.join("\n")).toContain(words);
    expect((await pullOf(item)).pull.autoMerge).toBeNull();
    expect((await item.seen()).comments).toEqual([]);
  });

  test("the head moved between the pull request and the arming", async () => {
    await configure(AUTO);
    rules(true, "test");
    const item = await small({ files: { "src/moved.js": { text: "export {};\n" } } });
    const deliver = item.deliver({}, {
      fetch: async (input, init) => {
        if (asks(init, "ArmAutoMerge")) {
          const head = (await item.seen()).branchHead ?? "";
          const next = await world.call(world.maintainer, "POST", "/git/commits", { message: "more", tree: (await world.bare.readCommit(head))?.tree, parents: [head] });
          await world.call(world.maintainer, "PATCH", `/git/refs/heads/${item.branch}`, { sha: (next.body as { sha: string }).sha });
        }
        return fetch(input, init);
      },
    });
    expect((await deliver).stepSummary).toContain("does not match the expected head oid");
    expect((await pullOf(item)).pull.autoMerge).toBeNull();
  });

  test("a person set another base meanwhile", async () => {
    await configure(AUTO);
    rules(true, "test");
    await world.call(world.maintainer, "POST", "/git/refs", { ref: "refs/heads/release", sha: await world.bare.commitOf("refs/heads/main") });
    const item = await small({ files: { "src/based.js": { text: "export {};\n" } } });
    const deliver = item.deliver({}, {
      fetch: async (input, init) => {
        if (asks(init, "AutoMerge")) await world.call(world.maintainer, "PATCH", `/pulls/${(await item.seen()).pulls[0]?.number}`, { base: "release" });
        return fetch(input, init);
      },
    });
    expect((await deliver).stepSummary).toContain("is to be merged into release by now; it was reviewed for main");
    expect((await pullOf(item)).pull.autoMerge).toBeNull();
  });
});

describe("a person merges, and the proof says why", () => {
  test.each<readonly [string, string, ItemWish, RegExp]>([
    ["escalated", AUTO, { files: { "src/e.js": { text: "1\n" } }, rounds: [[{ severity: "major", summary: "Loses cents", file: "src/sum.js" }], []] }, /a person: an earlier review found something blocking/],
    ["a risk that is too high", AUTO, { files: { "src/r.js": { text: "1\n" } }, classification: { riskLevel: "high" } }, /the risk is high, at most low/],
    ["a migration", AUTO, { files: { "db/migrations/1.sql": { text: "drop table x;\n" } } }, /it touches a database schema: db\/migrations\/1\.sql/],
    ["a major upgrade", AUTO, { files: { "package.json": { text: '{"dependencies":{"a":"^2.0.0"}}\n' } } }, /it takes a from \^1\.0\.0 to \^2\.0\.0/],
    ["too many lines", AUTO.replace("tests: ci", "tests: ci, maxLines: 3"), { files: { "src/long.js": { text: "1\n2\n3\n4\n" } } }, /4 lines are changed, at most 3/],
    ["no green job verify", "commands: { test: npm test }\nmerge: { auto: true }\n", { files: { "src/x.js": { text: "1\n" } } }, /the job verify has not vouched/],
    ["a label that the issue lacks", AUTO.replace("tests: ci", "tests: ci, labels: [automerge]"), { files: { "src/y.js": { text: "1\n" } } }, /does not bear the label automerge/],
    ["an approval that is waited for", AUTO.replace("tests: ci", "tests: ci, approval: true"), { files: { "src/p.js": { text: "1\n" } } }, /nobody has approved this commit yet/],
  ])("%s", async (name, config, wish, words) => {
    await configure(config);
    if ((await world.bare.entryAt("main", "package.json")) === null) await world.push({ "package.json": '{"dependencies":{"a":"^1.0.0"}}\n' }, "manifest");
    rules(true, "test");
    const item = await small(wish);
    expect(await item.deliver()).toMatchObject({ exitCode: 0 });
    const pull = await pullOf(item);
    expect(pull.pull.autoMerge).toBeNull();
    const within = name === "a label that the issue lacks" || name === "an approval that is waited for";
    expect(readMergeMark((await item.seen()).checks[0]?.output.summary ?? "")).toMatchObject({ within });
    expect((pull.body ?? "").replaceAll(/\\([\\`*_[\]~])/g, "$1")).toMatch(words);
  });
});

test("by default nothing is asked and nothing is said of merging", async () => {
  await configure("commands: { test: npm test }\n");
  const item = await small({ files: { "src/z.js": { text: "1\n" } } });
  const from = world.github.requests.length;
  await item.deliver();
  const asked = world.github.requests.slice(from).map(({ route }) => route);
  expect(asked).not.toContain("/graphql#Texts");
  expect(asked).not.toContain("/graphql#AutoMerge");
  expect((await pullOf(item)).body).not.toContain("Who merges");
  expect((await item.seen()).checks[0]?.output.summary).not.toContain("worktrain:merge");
});
