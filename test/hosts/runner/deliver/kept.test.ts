/** Work that may not be published is kept as a patch, and a staged delivery shows everything and does nothing. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeProcesses } from "../../../../src/shared/node-processes.ts";
import { assertRequestsConform } from "../../../contract/openapi.ts";
import { bodyOf, EVERY_KIND, startWorld, treeOf, type Item, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  assertRequestsConform(world.github.requests.filter(({ who }) => who === "deliver"));
  await world.close();
});

const keptOf = (item: Item, what: "patch" | "staged") => {
  const found = world.github.actions.listArtifacts(item.runId).filter(({ name }) => name.startsWith(`worktrain-${what}.`));
  return found.map(({ name, bytesPath }) => ({ name, text: readFileSync(bytesPath, "utf8"), bytesPath }));
};

/** The tree that git makes of the base and the patch; `onto`: applied three-way on that commit. */
async function applied(item: Item, onto?: string): Promise<string> {
  const [kept] = keptOf(item, "patch");
  const clone = mkdtempSync(join(tmpdir(), "kept-patch-"));
  const git = async (...args: string[]): Promise<string> => {
    const done = await nodeProcesses.run("git", args, { cwd: clone, env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: clone, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" } });
    if (done.exitCode !== 0) throw new Error(Buffer.from(done.stderr).toString());
    return Buffer.from(done.stdout).toString().trim();
  };
  try {
    await git("clone", "--quiet", `${world.github.url.replace("http://", `http://x-access-token:${world.maintainer}@`)}/acme/sums.git`, ".");
    await git("switch", "--quiet", "--create", "by-hand", onto ?? item.ticket.base.sha);
    await git("apply", ...(onto === undefined ? ["--index"] : ["--3way"]), kept?.bytesPath ?? "");
    return await git("write-tree");
  } finally {
    rmSync(clone, { recursive: true });
  }
}

const LINES = Array.from({ length: 30 }, (_, index) => `line ${index}\n`).join("");
const AWKWARD = {
  ".github/workflows/ci.yml": { text: "on: push\n" },
  "a b/ünï \"q\".txt": { text: "no line end" },
  "empty.txt": { text: "" },
  "big.txt": { text: LINES.replace("line 3\n", "LINE 3\r\n").replace("line 20\n", "") },
  "old.txt": { text: null },
  "run.sh": { mode: "100755" as const, text: "echo\n" },
  "turns.txt": { mode: "120000" as const, text: "big.txt" },
  "was.bin": { text: new Uint8Array(500).map((_, index) => (index * 7) % 256) },
  "gone.bin": { text: null },
};

test("a change with a protected path is kept: git makes the reviewed tree of it, whatever kind of file", async () => {
  await world.push({ "big.txt": LINES, "run.sh": "echo\n", "turns.txt": "x\n", "was.bin": "\0old", "gone.bin": "\0", "empty.txt": "full\n" }, "files");
  const item = await world.item({ files: { ...AWKWARD, ...EVERY_KIND, "old.txt": { text: null } } });
  const result = await item.deliver();
  expect([result.exitCode, result.summary]).toEqual([1, expect.stringContaining("protected-path")]);
  const [kept, ...more] = keptOf(item, "patch");
  expect([kept?.name, more]).toEqual([`worktrain-patch.${item.ticket.item.replaceAll("/", ".")}.r${item.runId}.patch`, []]);
  expect(await applied(item)).toBe(item.tree);
  expect(kept?.text).toContain("-line 3\n");
  const { comments, branchHead, pulls } = await item.seen();
  expect([branchHead, pulls]).toEqual([null, []]);
  expect(comments[0]?.body).toContain(`git switch --create worktrain-issue-${item.issueNumber} ${item.ticket.base.sha}\ngit apply --index ${kept?.name ?? ""}`);
  expect(comments[0]?.body).toMatch(/\/artifacts\/\d+\)/);
  expect(result.stepSummary).toContain("The change is kept");
});

test("a branch that somebody took, and pull requests that are forbidden: the patch is named; it merges on a later state", async () => {
  const taken = await world.item();
  await world.call(world.maintainer, "POST", "/git/refs", { ref: `refs/heads/${taken.branch}`, sha: taken.ticket.base.sha });
  expect((await taken.deliver()).summary).toContain("branch-taken");
  expect(await applied(taken)).toBe(taken.tree);
  const head = await world.push({ "other.txt": "new\n" }, "moves on");
  const merged = await applied(taken, head);
  expect(merged).toBe(await treeOf(world.bare, head, { "src/sum.js": { text: readKept(taken) } }));

  const forbidden = await world.item();
  const refusing: typeof fetch = async (input, init) => (init?.method === "POST" && bodyOf(init).includes('"head":') ? Response.json({ message: "GitHub Actions is not permitted to create or approve pull requests." }, { status: 403 }) : fetch(input, init));
  expect((await forbidden.deliver({}, { fetch: refusing })).summary).toContain("pull-requests-forbidden");
  expect(await applied(forbidden)).toBe(forbidden.tree);
  expect((await forbidden.seen()).comments[0]?.body).toContain("The change is kept");
});

test.each([
  ["moving all refs at once and one by one", (url: string, body: string) => (url.endsWith("/graphql") && body.includes("CommitDelivery")) || (url.endsWith("/git/refs") && body.includes("refs/heads/"))],
  ["the making of its tree", (url: string) => url.endsWith("/git/trees")],
])("a rule against the branch that GitHub holds against %s: its name is said, and that resume delivers what is saved", async (_, isRefused) => {
  const item = await world.item();
  const said = "Repository rule violations found\n\nCannot create ref due to creations being restricted.\n\n";
  const refusing: typeof fetch = async (input, init) => (init?.method === "POST" && isRefused(String(input instanceof Request ? input.url : input), bodyOf(init)) ? Response.json({ message: said }, { status: 422 }) : fetch(input, init));
  await item.deliver({}, { fetch: refusing });
  const [comment] = (await item.seen()).comments;
  expect(comment?.body).toContain("Cannot create ref due to creations being restricted.");
  expect(comment?.body).toContain("take `worktrain/**` out of what it applies to");
  expect(comment?.body).toContain("Then write `/worktrain resume`");
  await item.deliver();
  expect((await item.seen()).pulls).toHaveLength(1);
});

test("what was refused and is published by a later run: its comment says that it is settled, and keeps what it said", async () => {
  const reason = { code: "branch-taken", message: "A rule.", fix: "Lift it." };
  const item = await world.item({ afterwards: async (journal) => {
    const stream = (await journal.streams()).find((each) => each.startsWith("item/")) ?? "";
    await journal.append(stream, await journal.head(stream), [{ kind: "delivery_ended", data: { outcome: "refused", reason } }]);
  } });
  await world.call(world.maintainer, "POST", `/issues/${item.issueNumber}/comments`, { body: `<!-- worktrain:comment ${item.ticket.item} key=${"1".repeat(32)} -->\n**WorkTrain refused to publish the result** (\`copied\`)` });
  const refusing: typeof fetch = async (input, init) => (init?.method === "POST" && String(input instanceof Request ? input.url : input).endsWith("/git/trees") ? Response.json({ message: "Repository rule violations found" }, { status: 422 }) : fetch(input, init));
  await item.deliver({}, { fetch: refusing });
  await item.deliver();
  const { comments, pulls: [pull] } = await item.seen();
  expect(comments.map(({ body }) => body.split("\n")[1])).toEqual(["**WorkTrain refused to publish the result** (`copied`)", `**Settled:** a later run published, see #${pull?.number ?? 0}.`]);
  expect(comments[1]?.body).toContain("Repository rule violations found");
});

/** The new text of the one file of the default change. */
const readKept = (item: Item): string => [...(keptOf(item, "patch")[0]?.text ?? "").matchAll(/^\+(?!\+\+ )(.*\n)/gm)].map(([, line]) => line).join("");

test("attack 13: no patch is left that leads out of the repository, and none of a journal that is not trusted", async () => {
  const out = await world.item({ files: { "src/out": { mode: "120000", text: "../../etc/passwd" } } });
  expect((await out.deliver()).summary).toContain("protected-path");
  expect(keptOf(out, "patch")).toEqual([]);
  const wrong = await world.item({ tree: "1".repeat(40), files: { ".github/x.yml": { text: "x\n" } } });
  await wrong.deliver();
  const lost = await world.item({ lost: true, files: { ".github/x.yml": { text: "x\n" } } });
  await lost.deliver();
  expect(keptOf(lost, "patch")).toEqual([]);
  expect((await out.seen()).comments[0]?.body).not.toContain("The change is kept");
});

test("a store that is down loses the patch, not the words", async () => {
  const item = await world.item({ files: { ".github/x.yml": { text: "x\n" } } });
  const said: string[] = [];
  const result = await item.deliver({}, { segments: { put: async () => Promise.reject(new Error("the store is down")), find: async () => null }, log: (line) => said.push(line) });
  expect(result.summary).toContain("protected-path");
  expect(said.join("\n")).toContain("could not be kept as a patch: the store is down");
  expect((await item.seen()).comments[0]?.body).toContain("protected-path");
});

test("staged: all of it is shown letter by letter, and nothing is written", async () => {
  const item = await world.item({ handoff: { prBody: "````\nfence\n````", commitSubject: "round once" } });
  const writes = (): number => world.github.requests.filter((request) => request.changes && request.who === "deliver").length;
  const before = [writes(), await item.seen()];
  const result = await item.deliver({ staged: true });
  expect([writes(), await item.seen()]).toEqual(before);
  expect([result.exitCode, result.summary]).toEqual([0, expect.stringContaining("nothing was published")]);
  expect(world.github.actions.listArtifacts(item.runId).map(({ name }) => name).filter((name) => name.includes(".deliver."))).toEqual([]);
  const preview = keptOf(item, "staged")[0]?.text ?? "";
  for (const text of [`Branch \`${item.branch}\``, "round once", "WorkTrain-Item", "Pull request from", "<!-- worktrain:pull-request", "Check run `WorkTrain`", "success"]) expect(preview).toContain(text);
  expect(result.stepSummary).toContain("WorkTrain would publish this");
  expect(await applied(item)).toBe(item.tree);
  // Switched off again, what is shown is what comes.
  expect((await item.deliver()).exitCode).toBe(0);
  const { pulls, checks } = await item.seen();
  expect(preview).toContain(pulls[0]?.body.trimEnd());
  expect(preview).toContain(checks[0]?.output.summary.trimEnd());
});

test("staged: a refusal, and words without a change, are shown as well", async () => {
  const refused = await world.item({ files: { ".github/x.yml": { text: "x\n" } } });
  const result = await refused.deliver({ staged: true });
  expect([result.exitCode, result.summary]).toEqual([1, expect.stringContaining("would be refused")]);
  expect((await refused.seen()).comments).toEqual([]);
  expect(keptOf(refused, "staged")[0]?.text).toContain("WorkTrain refused to publish the result");
  const stopped = await world.item({ ending: { code: "tests-red", reason: { code: "verification-failed", message: "Red.", fix: "Mend it." } } });
  expect((await stopped.deliver({ staged: true })).exitCode).toBe(0);
  expect(await stopped.seen()).toMatchObject({ comments: [], record: null });
  expect(keptOf(stopped, "staged")[0]?.text).toMatch(/Record ref[\s\S]*Comment on #/);
});

test("what is shown cannot leave its fence", async () => {
  const item = await world.item({ handoff: { prBody: "`````\n<b>out</b>\n`````" } });
  const { stepSummary } = await item.deliver({ staged: true });
  expect(stepSummary).toContain("``````markdown\n");
});
