import { expect, test } from "vitest";
import { openMemoryJournal } from "../../src/journal/index.ts";
import type { RecordEvent } from "../../src/record/index.ts";
import { findingsTable, formatCost, itemView, journalProof, proofOf, proofTable, readItemJournal, sessionTable, type ItemView } from "../../src/report/index.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { fakeClock } from "../fakes/clock.ts";
import { writeFinishedItem, type Script } from "../fakes/finished-item.ts";
import { makeTicket } from "../fakes/tickets.ts";

const { ticket, ticketText } = makeTicket();

async function viewOf(change: Partial<Script> = {}): Promise<ItemView> {
  const journal = openMemoryJournal({ clock: fakeClock() });
  await writeFinishedItem(journal, { ticket, ticketText, runId: 5, tree: "a".repeat(40), files: { "a.txt": { text: "a\n" } }, ...change });
  return itemView(await readItemJournal(journal, ticket.item));
}

const results = (view: ItemView) => journalProof(view).map(({ result }) => result);

test("the view is the fold of the streams: sessions in their slots, sums counted from turns", async () => {
  const view = await viewOf({ rounds: [[{ severity: "major", summary: "x" }], []] });
  expect(view.sessions.map(({ phase, round, outcome, turns }) => [phase, round, outcome, turns])).toEqual([
    ["classify", 1, "completed", 1],
    ["code", 1, "completed", 1],
    ["review", 1, "completed", 1],
    ["fix", 2, "completed", 1],
    ["review", 2, "completed", 1],
  ]);
  expect([view.turns, view.costMicroUsd, view.usage.inputTokens, view.reviewRounds]).toEqual([5, 7_500, 4_500, 2]);
  expect(view.classification?.interpretation).toBe("Round once, after summing.");
  expect(view.handoff?.prTitle).toBe("Round totals once");
  expect(view.runs).toMatchObject([{ runId: 5, sandbox: "bubblewrap" }]);
});

test("what the item cost is told beside what its first run expected", async () => {
  const estimate = { lowMicroUsd: 4_000, highMicroUsd: 2_500_000, basis: "typical turns" };
  const tamper: Script["tamper"] = (_, events) => events.map((event) => (event.kind === "run_opened" ? { ...event, data: { ...event.data, estimate } } : event));
  const view = await viewOf({ tamper });
  expect(view.estimate).toEqual(estimate);
  expect(formatCost(view)).toBe("$0.0045 (expected: $0.0040 to $2.50)");
  expect(formatCost(await viewOf())).toBe("$0.0045");
});

test("each finding is told with what became of it", async () => {
  const view = await viewOf({
    rounds: [
      [{ severity: "major", summary: "Loses  cents", file: "a.js" }, { severity: "minor", summary: "Slow" }],
      [{ severity: "major", summary: "loses cents", file: "a.js" }],
      [{ severity: "nit", summary: "Name" }, { severity: "minor", summary: "New" }],
    ],
  });
  expect(view.findings.map(({ round, summary, fate }) => [round, summary, fate])).toEqual([
    [1, "Loses  cents", "repeated"],
    [1, "Slow", "gone"],
    [2, "loses cents", "gone"],
    [3, "Name", "accepted"],
    [3, "New", "open"],
  ]);
  expect(findingsTable(view).split("\n")).toHaveLength(7);
});

test("an item that was opened since findings have an identity knows one again in other words; one from before keeps what was proved of it", async () => {
  const rounds = [[{ severity: "major", summary: "Total loses cents", file: "a.js" }], [{ severity: "major", summary: "Totals still lose cents: line 4 loses the total cents", file: "./a.js" }, { severity: "major", summary: "The total loses cents (a.js:9)", file: "a.js" }], []];
  const since: Script["tamper"] = (_, events) => events.map((event) => (event.kind === "item_opened" ? { ...event, data: { ...event.data, sameFindings: "identity" } } : event));
  const [old, now] = [await viewOf({ rounds }), await viewOf({ rounds, tamper: since })];
  expect([old, now].map(({ findings }) => findings[0]?.fate)).toEqual(["gone", "repeated"]);
  expect(now.findings.map(({ fingerprint }) => fingerprint)).toEqual(old.findings.map(({ fingerprint }) => fingerprint));
  expect(new Set(now.findings.map(({ fingerprint }) => fingerprint)).size).toBe(3);
});

test("I4: the proof holds only if the change was completed, its commands passed, and its last review is clean", async () => {
  expect(results(await viewOf())).toEqual(["holds", "holds", "holds"]);
  expect(results(await viewOf({ exitCode: 2 }))).toEqual(["holds", "fails", "holds"]);
  expect(results(await viewOf({ exitCode: null }))).toEqual(["holds", "unknown", "holds"]);
  expect(results(await viewOf({ rounds: [[{ severity: "minor", summary: "x" }]] }))).toEqual(["holds", "holds", "fails"]);
  expect(results(await viewOf({ tamper: (stream, events) => (stream === "session/review-1" ? events.filter(({ kind }) => kind !== "session_ended") : events) }))).toEqual(["holds", "holds", "fails"]);
});

test("attack 7, I4: a command that passed before files were changed once more proves nothing of those files", async () => {
  const saved: RecordEvent = { kind: "workspace_saved", data: { base: "b".repeat(40), tree: "c".repeat(40), manifest: "d".repeat(64), changedFiles: 1 } };
  const tool: RecordEvent = { kind: "tool_started", data: { turn: 1, toolUseId: "t9", name: "bash" } };
  const afterVerification = (...more: readonly RecordEvent[]): Script["tamper"] => (stream, events) =>
    stream === "session/code-1" ? events.flatMap((event) => (event.kind === "step_completed" ? [event, ...more] : [event])) : events;
  expect(results(await viewOf({ tamper: afterVerification(saved) }))).toEqual(["holds", "holds", "holds"]);
  expect(results(await viewOf({ tamper: afterVerification(saved, tool) }))).toEqual(["holds", "holds", "holds"]);
  const changed = await viewOf({ tamper: afterVerification(saved, tool, saved) });
  expect(results(changed)).toEqual(["holds", "unknown", "holds"]);
  expect(proofTable(proofOf(journalProof(changed)))).toContain("files were changed after it");
});

test("what the sessions left is the agent job's word, the review's verdict too: a compromised one can write any record", async () => {
  expect(journalProof(await viewOf()).map(({ attestedBy }) => attestedBy)).toEqual(["agent job", "agent job", "agent job"]);
});

test("I4: one line that fails makes a proof fail, one that is not known leaves it open, none at all proves nothing", () => {
  const row = (result: "holds" | "fails" | "unknown") => ({ gate: "x", check: "x", result, detail: "", attestedBy: "GitHub" as const });
  expect(proofOf([row("holds"), row("unknown"), row("fails")]).result).toBe("fails");
  expect(proofOf([row("holds"), row("unknown")]).result).toBe("unknown");
  expect(proofOf([row("holds")]).result).toBe("holds");
  expect(proofOf([]).result).toBe("unknown");
});

test("tables show who vouches, what it cost, and each session's id with its workflow's version", async () => {
  const view = await viewOf();
  const table = proofTable(proofOf(journalProof(view)));
  expect(table).toContain(`| ✅ | \`npm test\` passed | exit code 0 in 1.2 s, in the sandbox | \`code-1\`, \`wr.coding-task\` 1.0.0, \`${sha256Hex("code-1").slice(0, 12)}\` | agent job |`);
  expect(sessionTable(view)).toContain("| code 1 | completed | 1 | 1,000 | $0.0015 | `wr.coding-task` 1.0.0 | `claude-sonnet-5-5` | `code-1` |");
});

test("a session that was lost mid-way is shown as not ended, and nothing is made up for it", async () => {
  const view = await viewOf({ lost: true, tamper: (stream, events) => (stream === "session/review-1" ? events.slice(0, 3) : events) });
  expect(view.sessions.at(-1)).toMatchObject({ outcome: null, artifacts: [], turns: 0 });
  expect(view.ended).toBeNull();
});
