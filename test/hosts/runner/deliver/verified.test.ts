/** What the job `verify` means for a delivery: where it is expected, only a green job about the very files that are delivered opens the gate. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { VerifiedClaim } from "../../../../src/record/index.ts";
import { assertRequestsConform } from "../../../contract/openapi.ts";
import { hastyClock, startWorld, type Item, type World } from "./world.ts";
import { shell } from "../../cli/in-process.ts";

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
const REQUIRED = "commands: { test: npm test }\nverify: { required: true }\n";

/** A job of the item's run as GitHub shows it. */
function played(item: Item, conclusion: "success" | "failure" | "skipped", name = "verify"): number {
  const { jobId } = world.github.actions.createJob(item.runId, { name, permissions: { contents: "read" } });
  world.github.actions.updateJob(jobId, { status: "completed", conclusion });
  return jobId;
}

const claim = (item: Item, change: Partial<VerifiedClaim> = {}): string =>
  JSON.stringify({ v: 1, tree: item.tree, base: item.ticket.base.sha, commands: [{ command: "npm test", exitCode: 0, timedOut: false, durationMs: 2_300 }], sandbox: "bubblewrap", beside: false, ...change });

test("a green job about these files: the proof rests on it, GitHub's word, and verify of the pull request asks GitHub again", async () => {
  await configure(REQUIRED);
  const item = await world.item({ exitCode: null });
  const jobId = played(item, "success");
  expect(await item.deliver({ verifyResult: "success", verified: claim(item) })).toMatchObject({ exitCode: 0 });
  const { pulls, checks } = await item.seen();
  expect(pulls[0]?.body).toMatch(/\| ✅ \| The job `verify` passed on these files \| success: `npm test` in 2\.3 s on tree `[0-9a-f]{40}`, on a fresh runner, in the sandbox \|  \| GitHub \|/);
  expect(pulls[0]?.body).toContain("rests on the job `verify`, whose conclusion GitHub states");
  expect(checks[0]).toMatchObject({ conclusion: "success" });

  const cli = shell({ data: "/nonexistent", world: { clock: hastyClock }, environment: { github: { apiUrl: world.github.url, token: world.maintainer } } });
  const address = `acme/sums#${pulls[0]?.number}`;
  const told = await cli.run("verify", address);
  expect(told.data.attested.filter(({ ok }: { readonly ok: boolean }) => !ok)).toEqual([]);
  expect(told.text).toContain(`the job verify of run ${item.runId} was green`);
  Object.assign(world.github.state().jobs.get(jobId) ?? {}, { conclusion: "failure" });
  expect((await cli.run("verify", address)).text).toContain(`WRONG  the proof rests on job ${jobId}`);
});

test("without the job nothing is asked of GitHub for it, and the proof says whose word the tests are", async () => {
  await configure("commands: { test: npm test }\n");
  const item = await world.item();
  const before = world.github.requests.length;
  expect(await item.deliver({ verifyResult: "skipped" })).toMatchObject({ exitCode: 0 });
  expect(world.github.requests.slice(before).filter(({ path }) => path.includes("/jobs"))).toEqual([]);
  expect((await item.seen()).pulls[0]?.body).toContain("Whether the tests pass, CI says; the agent job's own claim: passed.");
});

test("a job in the weak mode proves nothing: what it tested could have said so itself", async () => {
  await configure(REQUIRED);
  const item = await world.item();
  played(item, "success");
  await item.deliver({ verifyResult: "success", verified: claim(item, { sandbox: "weak" }) });
  expect((await item.seen()).checks[0]).toMatchObject({ conclusion: "neutral" });
});

type Closed = readonly [name: string, config: string, act: (item: Item) => { readonly verifyResult: "" | "success" | "failure" | "skipped"; readonly verified: string }, words: RegExp];
const OTHER_TREE = "b".repeat(40);
test.each<Closed>([
  ["required, and not in the workflow file", REQUIRED, () => ({ verifyResult: "", verified: "" }), /requires the job `verify`, and it did not run/],
  ["required, and skipped", REQUIRED, (item) => (played(item, "skipped"), { verifyResult: "skipped", verified: "" }), /requires the job `verify`, and it did not run/],
  ["required, and only claimed", REQUIRED, (item) => ({ verifyResult: "success", verified: claim(item) }), /requires the job `verify`, and it did not run/],
  ["red by GitHub, whatever its output claims", REQUIRED, (item) => (played(item, "failure"), { verifyResult: "success", verified: claim(item) }), /is red: GitHub says failure/],
  ["red, and not required", "commands: { test: npm test }\n", (item) => (played(item, "failure"), { verifyResult: "failure", verified: claim(item, { commands: [{ command: "npm test", exitCode: 1, timedOut: false, durationMs: 1 }] }) }), /It says: `npm test` ended with exit code 1/],
  ["about another tree", REQUIRED, (item) => (played(item, "success"), { verifyResult: "success", verified: claim(item, { tree: OTHER_TREE }) }), new RegExp(`tested tree ${OTHER_TREE}`)],
  ["on another base", REQUIRED, (item) => (played(item, "success"), { verifyResult: "success", verified: claim(item, { base: OTHER_TREE }) }), /what is to be delivered is tree/],
  ["green without an output", REQUIRED, (item) => (played(item, "success"), { verifyResult: "success", verified: "" }), /does not say what it tested/],
  ["green with a red command", REQUIRED, (item) => (played(item, "success"), { verifyResult: "success", verified: claim(item, { commands: [{ command: "npm test", exitCode: 2, timedOut: false, durationMs: 1 }] }) }), /did not pass: npm test/],
  ["other commands than the default branch's", REQUIRED.replace("true }", "true, commands: [npm run lint] }"), (item) => (played(item, "success"), { verifyResult: "success", verified: claim(item) }), /did not run a command of the default branch's config: npm run lint/],
  ["no command at all", "verify: { required: true }\n", (item) => (played(item, "success"), { verifyResult: "success", verified: claim(item, { commands: [] }) }), /ran no command/],
  ["two of its name", REQUIRED, (item) => (played(item, "success", "verify (1)"), played(item, "success", "verify (2)"), { verifyResult: "success", verified: claim(item) }), /2 jobs called `verify`/],
])("attack 17: %s: nothing is published, and the issue says why", async (_, config, act, words) => {
  await configure(config);
  const item = await world.item();
  const { exitCode, summary } = await item.deliver(act(item));
  expect({ exitCode, summary }).toMatchObject({ exitCode: 1, summary: expect.stringMatching(/\(not-verified\)/) });
  const { branchHead, record, pulls, comments } = await item.seen();
  expect({ branchHead, record, pulls }).toEqual({ branchHead: null, record: null, pulls: [] });
  expect(comments.map(({ body }) => body).join("\n").replaceAll(/\\([\\`*_[\]~])/g, "$1")).toMatch(words);
});
