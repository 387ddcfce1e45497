import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readTrailers } from "../../../../src/record/index.ts";
import { assembleSegments } from "../../../../src/journal/index.ts";
import { itemStream, parseSegmentName } from "../../../../src/record/index.ts";
import { assertRequestsConform } from "../../../contract/openapi.ts";
import { workedOnAgain } from "../../../fakes/finished-item.ts";
import { anotherTicket } from "../../../fakes/tickets.ts";
import { artifactStore, EVERY_KIND, numberIn, startWorld, textIn, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  const sent = world.github.requests.filter(({ who }) => who === "deliver");
  expect(sent.length).toBeGreaterThan(100);
  assertRequestsConform(sent);
  await world.close();
});

test("a finished item becomes a signed commit, a pull request and a green check on its head", async () => {
  const item = await world.item({ files: EVERY_KIND });
  const result = await item.deliver();
  expect(result.summary).toContain("Delivered pull request");
  expect(result.exitCode).toBe(0);
  expect(result.stepSummary).toMatch(/^### ✅ WorkTrain delivered pull request \[#\d+\]\(http/);
  for (const text of ["```mermaid\nflowchart TD", "Round once, after summing.", "`npm test` passed", "| GitHub |", "| deliver job |", "| agent job |", "#### What was published\n- branch `"]) expect(result.stepSummary).toContain(text);

  const { branchHead, pulls, checks, comments } = await item.seen();
  const { body: commit } = await world.call(world.maintainer, "GET", `/git/commits/${branchHead}`);
  expect(commit).toMatchObject({ tree: { sha: item.tree }, parents: [{ sha: item.ticket.base.sha }], verification: { verified: true } });
  const { message } = (await world.bare.readCommit(branchHead ?? "")) ?? { message: "" };
  expect(message.split("\n")[0]).toBe("fix(sum): round once, at the end");
  expect(readTrailers(message)).toEqual({ item: item.ticket.item, key: item.ticket.key });

  const listing = await world.bare.readTree(branchHead ?? "", { recursive: true });
  const modes = Object.fromEntries((listing?.entries ?? []).map(({ path, mode }) => [path, mode]));
  expect(modes).toMatchObject({ "bin/run.sh": "100755", "src/latest": "120000", "logo.bin": "100644" });
  expect(modes).not.toHaveProperty("old.txt");

  expect(pulls).toHaveLength(1);
  expect(pulls[0]).toMatchObject({ title: "Round totals once", state: "open", head: { ref: item.branch, sha: branchHead }, base: { ref: "main" } });
  expect(pulls[0]?.body).toContain(`Fixes #${item.issueNumber}\n`);
  expect(pulls[0]?.body).toContain("> Sums first, rounds last.");
  for (const word of ["`wr.coding-task` 1.0.0", "review-1", "agent job", "GitHub", "$0.0045"]) expect(pulls[0]?.body).toContain(word);

  expect(checks).toHaveLength(1);
  expect(checks[0]).toMatchObject({ name: "WorkTrain", external_id: item.ticket.key, status: "completed", conclusion: "success", app: { slug: "github-actions" } });
  expect(checks[0]?.output.summary).toContain("exit code 0");
  expect(comments).toEqual([]);
});

test("the agent job's report is linked to, by its name in this run alone; no report is taken for a part of the record", async () => {
  const item = await world.item();
  const page = mkdtempSync(join(tmpdir(), "worktrain-report-"));
  const put = (runId: number, name: string) => artifactStore(world.github, runId, page).put(name, Buffer.from("<!doctype html>"));
  const name = `worktrain-report.${item.ticket.item.replaceAll("/", ".")}.r${item.runId}.a1.agent.html`;
  await put(item.runId, name.replace(".agent.", ".other."));
  const { id } = await put(item.runId, name);
  const result = await item.deliver();
  expect(result).toMatchObject({ exitCode: 0, report: { kind: "item", id: item.ticket.item } });
  expect((await item.seen()).pulls[0]?.body).toContain(`([the report](${world.github.url}/acme/sums/actions/runs/${item.runId}/artifacts/${id}) of the work, as the agent job tells it)`);

  const stopped = await world.item({ ending: { code: "tests-red", reason: { code: "verification-failed", message: "Red.", fix: "Mend it." } } });
  const other = await put(stopped.runId, `worktrain-report.${stopped.ticket.item.replaceAll("/", ".")}.r${stopped.runId}.a1.agent.html`);
  await stopped.deliver();
  expect((await stopped.seen()).comments[0]?.body).toContain(`/actions/runs/${stopped.runId}/artifacts/${other.id})`);
  rmSync(page, { recursive: true });
});

test("what was done is in the record: the deliver job's segment goes on from the agent's", async () => {
  const item = await world.item();
  await item.deliver();
  const artifacts = world.github.actions.listArtifacts(item.runId);
  const last = parseSegmentName(artifacts.at(-1)?.name ?? "");
  expect(last).toMatchObject({ phase: "deliver", step: "delivered", ending: "ready" });
  const assembled = assembleSegments(artifacts.map(({ bytesPath, digest }) => ({ bytes: readFileSync(bytesPath), digest })));
  expect(assembled.ok ? "" : assembled.error.message).toBe("");
  if (!assembled.ok) return;
  const events = await assembled.value.reader.read(itemStream(item.ticket.item));
  const effects = events.flatMap((event) => (event.kind === "effect_confirmed" ? [[event.data.intent, event.data.adopted]] : []));
  expect(effects).toEqual([["branch", false], ["pull-request", false], ["check-run", false]]);
  expect(events.at(-1)).toMatchObject({ kind: "delivery_ended", data: { outcome: "delivered" } });
});

test("I2: delivering once more changes nothing and adopts everything", async () => {
  const item = await world.item();
  await item.deliver();
  const before = await item.seen();
  const writes = world.github.requests.filter((request) => request.changes).length;
  const again = await item.deliver({}, { segments: null });
  expect(again.exitCode).toBe(0);
  expect(await item.seen()).toEqual(before);
  expect(world.github.requests.filter((request) => request.changes)).toHaveLength(writes);
});

test("an item that stopped says why on its issue, once, and nothing is published", async () => {
  const reason = { code: "verification-failed", message: "The code session did not complete: `npm test` exits 1\n@everyone Fixes #1", fix: "Say what is expected, then label it again." };
  const item = await world.item({ ending: { code: "tests-red", reason }, classification: { ambiguities: ["Which currency?"] } });
  const result = await item.deliver();
  expect(result.exitCode).toBe(0);
  // The job's page says why, and below it how it came to that.
  expect(result.stepSummary).toMatch(/^### WorkTrain stopped: the tests stay red\n\n`verification-failed`\n[\s\S]*\n#### The path\n```mermaid\n/);
  expect(result.stepSummary).not.toMatch(/@everyone|#1\b/);
  expect((await item.deliver({}, { segments: null })).exitCode).toBe(0);
  const { branchHead, pulls, comments } = await item.seen();
  expect([branchHead, pulls]).toEqual([null, []]);
  expect(comments).toHaveLength(1);
  expect(comments[0]?.body).toContain("npm test");
  expect(comments[0]?.body).toContain("Which currency?");
  expect(comments[0]?.body).not.toMatch(/@everyone|#1\b/);
});

test.each([[true], [false]])("fault 51: the answer to what was said of a pull request is published onto an open one alone (%s), whichever run goes on with it", async (open) => {
  const headSha = "c".repeat(40);
  const by = (await world.item()).ticket.trigger.actor;
  const said = { because: "ci" as const, by: `${by.login} (GitHub user ${by.id})`, headSha, findings: [{ summary: "red" }] };
  // The run that took it up was lost: the ticket of this one names no follow-up.
  const item = await world.item({ rounds: [[], []], tamper: workedOnAgain({ ticketFor: (own) => anotherTicket(own, { key: "f".repeat(32), followUp: { because: "ci", headSha, pullNumber: 5 } }), said }) });
  const made = await world.call(world.maintainer, "POST", "/git/commits", { message: "Made before", tree: item.tree, parents: [item.ticket.base.sha] });
  await world.call(world.maintainer, "POST", "/git/refs", { ref: `refs/heads/${item.branch}`, sha: textIn(made, "sha") });
  const pull = await world.call(world.maintainer, "POST", "/pulls", { title: "Made before", head: item.branch, base: "main" });
  const number = numberIn(pull, "number");
  if (!open) await world.call(world.maintainer, "PATCH", `/pulls/${number}`, { state: "closed" });
  const { summary } = await item.deliver();
  expect(summary.includes(`Pull request ${number} was closed while the work on it went on.`)).toBe(!open);
});

test.each(["merged", "closed"])("fault 51: the pull request was %s and its branch deleted before this run delivers: nothing is pushed for it, and it is said why", async (end) => {
  const item = await world.item();
  const made = await world.call(world.maintainer, "POST", "/git/commits", { message: "Made before", tree: item.tree, parents: [item.ticket.base.sha] });
  await world.call(world.maintainer, "POST", "/git/refs", { ref: `refs/heads/${item.branch}`, sha: textIn(made, "sha") });
  // The others here go on from main.
  await world.call(world.maintainer, "POST", "/git/refs", { ref: `refs/heads/taken-${end}`, sha: item.ticket.base.sha });
  const number = numberIn(await world.call(world.maintainer, "POST", "/pulls", { title: "Made before", body: "By hand.", head: item.branch, base: `taken-${end}` }), "number");
  if (end === "merged") await world.call(world.maintainer, "PUT", `/pulls/${number}/merge`, { merge_method: "merge" });
  else await world.call(world.maintainer, "PATCH", `/pulls/${number}`, { state: "closed" });
  await world.call(world.maintainer, "DELETE", `/git/refs/heads/${item.branch}`);
  const result = await item.deliver();
  expect(result.exitCode).toBe(0);
  const { branchHead, comments } = await item.seen();
  expect(branchHead).toBeNull();
  expect(comments).toHaveLength(1);
  expect(comments[0]?.body).toContain(`was ${end} and its branch deleted while the work went on`);
  expect(comments[0]?.body).toContain(end === "merged" ? "begins a new attempt" : "Reopen it");
});

test("I4: an agent job that broke off is red and does not end silent", async () => {
  const item = await world.item({ lost: true });
  expect((await item.deliver()).exitCode).toBe(1);
  const { pulls, comments } = await item.seen();
  expect(pulls).toEqual([]);
  expect(comments[0]?.body).toContain("has no ending");
});

test("I4: without a command that ran, the check is not green; a weak sandbox is named", async () => {
  const item = await world.item({ exitCode: null, sandbox: "weak" });
  await item.deliver();
  const { checks, pulls } = await item.seen();
  expect(checks[0]?.conclusion).toBe("neutral");
  expect(pulls[0]?.body).toContain("without a full sandbox");
});

test("rounds of review and what became of each finding are told", async () => {
  const rounds = [[{ severity: "major", summary: "Loses | cents <b>", file: "src/sum.js", line: 1 }], [{ severity: "nit", summary: "Name it total" }]];
  const item = await world.item({ rounds });
  expect((await item.deliver()).exitCode).toBe(0);
  const body = (await item.seen()).pulls[0]?.body ?? "";
  expect(body).toMatch(/\| 1 \| major \| Loses .*not found again/);
  expect(body).toMatch(/\| 2 \| nit \| Name it total .*left as it is/);
});

test("fault 51: when the base branch has moved on, the work is delivered on its own base, and says so", async () => {
  const item = await world.item();
  await world.push({ "other.txt": "new\n" }, "moves on");
  expect((await item.deliver()).exitCode).toBe(0);
  const { branchHead, pulls } = await item.seen();
  expect((await world.bare.readCommit(branchHead ?? ""))?.parents).toEqual([item.ticket.base.sha]);
  expect(pulls[0]?.body).toContain("has moved on");
});

test("fault 57: what could not be taken along is named", async () => {
  const item = await world.item({ unsupported: [{ path: "vendor/lib", reason: "a submodule" }] });
  await item.deliver();
  expect((await item.seen()).pulls[0]?.body).toMatch(/`vendor\/lib` differs and is \*\*not\*\* in this pull request: a submodule/);
});

test("fault 47: texts over GitHub's limits are cut with a note, never refused", async () => {
  const findings = Array.from({ length: 900 }, (_, index) => ({ severity: "nit", summary: `${index} ${"x".repeat(200)}` }));
  const item = await world.item({ rounds: [findings], handoff: { prBody: "long line\n".repeat(20_000), prTitle: "t".repeat(5_000), keyDecisions: Array.from({ length: 500 }, () => "d".repeat(5_000)) } });
  const result = await item.deliver();
  expect(result.exitCode).toBe(0);
  expect(Buffer.byteLength(result.stepSummary)).toBeLessThan(1024 * 1024);
  const { pulls, checks } = await item.seen();
  expect(pulls[0]?.body.length).toBeLessThanOrEqual(65_536);
  expect(pulls[0]?.body).toContain("Made by WorkTrain");
  expect(checks).toHaveLength(1);
});
