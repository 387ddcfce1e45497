/** What was decided on the way to a change stands in its proof: by people, judges and auditors. */
import { expect, test } from "vitest";
import { attestations } from "../../src/delivery/attestations.ts";
import { openMemoryJournal } from "../../src/journal/index.ts";
import type { PipelinePolicy, RecordEvent } from "../../src/record/index.ts";
import { itemView, journalProof, readItemJournal, type ItemView } from "../../src/report/index.ts";
import { fakeClock } from "../fakes/clock.ts";
import { writeFinishedItem, type Script } from "../fakes/finished-item.ts";
import { makeTicket } from "../fakes/tickets.ts";

const { ticket, ticketText } = makeTicket();
const ADA = { verdict: "approved", by: "ada (GitHub user 7)" } as const;

/** @param rules edition of the pipeline that the item was opened with; @param more events of a stream behind what stands there */
async function viewOf(rules: PipelinePolicy["rules"], more: (stream: string, events: readonly RecordEvent[]) => readonly RecordEvent[] = (_, events) => events): Promise<ItemView> {
  const pipeline: PipelinePolicy = { mode: "auto", confirm: "never", ...(rules === undefined ? {} : { rules }) };
  const tamper: Script["tamper"] = (stream, events) => more(stream, events).map((event) => (event.kind === "item_opened" ? { ...event, data: { ...event.data, pipeline } } : event));
  const journal = openMemoryJournal({ clock: fakeClock() });
  await writeFinishedItem(journal, { ticket, ticketText, runId: 5, tree: "a".repeat(40), files: { "a.txt": { text: "a\n" } }, rounds: [[{ severity: "minor", summary: "x" }], []], tamper });
  return itemView(await readItemJournal(journal, ticket.item));
}

const rowsOf = (view: ItemView) => {
  const attested = attestations({ ticket, view, role: "admin", record: { runId: 5, lines: 1, streams: 1, artifacts: [] }, verified: null, change: { base: ticket.base.sha, tree: "a".repeat(40), files: [], unsupported: [] } });
  return [...attested, ...journalProof(view)];
};
const decided = (view: ItemView) => rowsOf(view).flatMap(({ gate, detail, result, attestedBy, session }) => (["approval", "judged", "audited", "audit"].includes(gate) ? [[gate, detail, result, attestedBy, session?.sessionId ?? null]] : []));

const answered: Parameters<typeof viewOf>[1] = (stream, events) =>
  stream.startsWith("item/") ? events.flatMap((event): readonly RecordEvent[] => (event.kind === "item_opened" ? [event, { kind: "interpretation_answered", data: ADA }, { kind: "decomposition_answered", data: { ...ADA, verdict: "rejected" } }, { kind: "plan_answered", data: ADA }] : [event])) : events;

test("what a person said to the item's questions is a line each, vouched for by the deliver job, which saw the ticket", async () => {
  expect(decided(await viewOf(4, answered))).toEqual([
    ["approval", "`ada (GitHub user 7)` approved: how the task was understood", "holds", "deliver job", null],
    ["approval", "`ada (GitHub user 7)` approved: the plan of the work", "holds", "deliver job", null],
    ["approval", "`ada (GitHub user 7)` rejected: that the work is cut into sub-issues", "holds", "deliver job", null],
  ]);
});

const gate = (kind: "human_approval" | "coordinator_eval", question: string, verdict: "approved" | "rejected", by: string): readonly RecordEvent[] => [
  { kind: "gate_opened", data: { nodeId: "n1", gate: kind, question } },
  { kind: "gate_resolved", data: { nodeId: "n1", verdict, reason: "Seen.", by } },
];
const judged: Parameters<typeof viewOf>[1] = (stream, events) =>
  stream !== "session/code-1"
    ? events
    : events.flatMap((event): readonly RecordEvent[] =>
        event.kind !== "session_ended"
          ? [event]
          : [...gate("coordinator_eval", "Is it pinned?", "rejected", "coordinator"), ...gate("coordinator_eval", "Is it pinned?", "approved", "coordinator"), ...gate("coordinator_eval", "Is it told?", "rejected", "coordinator"), ...gate("human_approval", "May it?", "approved", ADA.by), { kind: "step_completed", data: { nodeId: "n1.a", stepId: "compare.audit" } }, event],
      );

test("a session's judges and auditors are a line each with their last word; a no that nothing came after leaves the proof open", async () => {
  expect(decided(await viewOf(4, judged))).toEqual([
    ["approval", "`ada (GitHub user 7)` approved: May it?", "holds", "deliver job", "code-1"],
    ["judged", "`coordinator` approved: Is it pinned?", "holds", "agent job", "code-1"],
    ["judged", "`coordinator` rejected: Is it told?", "unknown", "agent job", "code-1"],
    ["audited", "approved by its rubric, by a conversation that did not do the work", "holds", "agent job", "code-1"],
  ]);
});

test("an auditor's own session says the same once more, and has no line", async () => {
  const view = await viewOf(4, judged);
  const [code] = view.sessions.filter(({ sessionId }) => sessionId === "code-1");
  if (code === undefined) return expect.fail("no such session");
  expect(decided({ ...view, sessions: [], helpers: [{ ...code, gates: [], role: "audit", name: "auditor", brief: "" }] })).toEqual([]);
});

test("each audit of what is behind a blocking finding is a line; one that did not come to its end fails", async () => {
  const view = await viewOf(4);
  const [first, ...others] = view.sessions;
  if (first === undefined) return expect.fail("no session");
  const audits = (["completed", "blocked"] as const).map((outcome, index) => ({ ...first, phase: "audit" as const, round: 1, sessionId: `audit-${index}`, outcome }));
  expect(decided({ ...view, sessions: [first, ...audits, ...others] })).toEqual([
    ["audit", "audit session, round 1: completed", "holds", "agent job", "audit-0"],
    ["audit", "audit session, round 1: blocked", "fails", "agent job", "audit-1"],
  ]);
});

test.each([undefined, 2, 3] as const)("I3: the proof of an item of edition %s is made again as it was", async (rules) => {
  expect(decided(await viewOf(rules, answered))).toEqual([]);
  expect(decided(await viewOf(rules, judged))).toEqual([["approval", "`ada (GitHub user 7)` approved: May it?", "holds", "deliver job", "code-1"]]);
});
