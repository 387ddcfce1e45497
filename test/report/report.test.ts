/** What a report tells of a log, in its data, its page and its Markdown. Hostile logs are in test/hostile/report.test.ts. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDirectoryReader, openMemoryJournal } from "../../src/journal/index.ts";
import type { EndingCode, ItemEvent, Recorded, RecordEvent, SessionEvent } from "../../src/record/index.ts";
import { isSessionEvent, readItemReport, readStepTitles, reportMarkdown, reportOf, reportPage, sessionTimeline, type Report } from "../../src/report/index.ts";
import { sessionActivity } from "../../src/report/activity.ts";
import { conditionWords, decidedBy } from "../../src/report/condition-words.ts";
import { excerpt } from "../../src/report/excerpt.ts";
import { span } from "../../src/report/span.ts";
import { stepGraph } from "../../src/report/step-graph.ts";
import { stepPath } from "../../src/report/step-path.ts";
import { lookFirst } from "../../src/report/look-first.ts";
import { TerminalError } from "../../src/shared/errors.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { canonicalJson } from "../../src/shared/json.ts";
import { compileWorkflow } from "../../src/workflow/index.ts";
import { nodeFileSystem } from "../../src/shared/node-ports.ts";
import { fakeClock } from "../fakes/clock.ts";
import { writeFinishedItem, type Script } from "../fakes/finished-item.ts";
import { makeTicket } from "../fakes/tickets.ts";

const { ticket, ticketText } = makeTicket();

async function itemReport(change: Partial<Script> = {}): Promise<Report> {
  const journal = openMemoryJournal({ clock: fakeClock() });
  await writeFinishedItem(journal, { ticket, ticketText, runId: 5, tree: "a".repeat(40), files: { "src/sum.js": { text: "x\n" }, "old.txt": { text: null } }, ...change });
  return readItemReport(journal, ticket.item);
}

async function goldenReport(): Promise<Report> {
  const reader = await openDirectoryReader({ directory: join(import.meta.dirname, "..", "golden", "0.1", "journal"), fs: nodeFileSystem });
  const sessions = new Map<string, readonly Recorded<SessionEvent>[]>();
  for (const stream of await reader.streams()) sessions.set(stream.slice("session/".length), (await reader.read(stream)).filter(isSessionEvent));
  return reportOf({ item: null, sessions, files: { changed: [], leftOut: [] } });
}

const recorded = (events: readonly SessionEvent[]): Recorded<SessionEvent>[] => events.map((event, index) => ({ ...event, stream: "session/s", seq: index + 1, epoch: 1, at: `2026-01-01T00:00:${String(index).padStart(2, "0")}.000Z` }));
const offered = (nodeId: string, stepId: string, more: Partial<Extract<SessionEvent, { kind: "step_offered" }>["data"]> = {}): SessionEvent => ({ kind: "step_offered", data: { nodeId, parentNodeId: null, stepId, trace: [{ stepId, decision: "offered" }], ...more } });
const submitted = (nodeId: string, attempt = 1): SessionEvent => ({ kind: "step_submitted", data: { nodeId, attempt, output: { notes: "n", artifacts: [], context: {} } } });
const completed = (nodeId: string, stepId: string): SessionEvent => ({ kind: "step_completed", data: { nodeId, stepId } });
const BLOCKERS = [{ code: "c", message: "Say more.", fix: "f" }];

const SECTIONS = ["What to look at first", "What was asked", "How it was understood", "The path", "The change", "Findings and fixes", "Proof", "What was published", "What it cost", "Turns and tools"];

const delivered = (events: readonly ItemEvent[]): readonly ItemEvent[] =>
  events.flatMap((event): readonly ItemEvent[] =>
    event.kind !== "item_ended"
      ? [event]
      : [event, { kind: "effect_confirmed", data: { key: "pull-request:1", intent: "pull-request", id: "2", url: "https://github.example/acme/shop/pull/2", adopted: false } }, { kind: "delivery_ended", data: { outcome: "delivered", reason: null } }],
  );
const DELIVERED: Partial<Script> = {
  rounds: [[{ severity: "major", summary: "Loses cents", file: "src/sum.js", line: 3 }], [{ severity: "nit", summary: "A name" }]],
  tamper: (stream, events) => (stream.startsWith("item/") ? delivered(events as readonly ItemEvent[]) : events),
};

test("a delivered item has every section on its page and in its Markdown", async () => {
  const report = await itemReport(DELIVERED);
  const page = reportPage(report);
  const markdown = reportMarkdown(report);
  for (const title of SECTIONS) {
    expect(page).toContain(`>${title}</h2>`);
    expect(markdown).toContain(`#### ${title}\n`);
  }
  for (const text of ["WorkTrain made pull request #2", "Totals are off by one cent", "Round once, after summing.", "Loses cents", "npm test", "https://github.example/acme/shop/pull/2", "src/sum.js", "wr.coding-task", "claude-sonnet-5-5"]) expect(page).toContain(text);
});

test("the Markdown of a small item, letter by letter", async () => {
  await expect(`${reportMarkdown(await itemReport(DELIVERED))}\n`).toMatchFileSnapshot("report-of-a-small-item.md");
});

test("what to look at first: findings that were mended, and those left; of a proof that does not hold, that", async () => {
  expect((await itemReport(DELIVERED)).lookFirst.map(({ what, said }) => [what, said])).toEqual([
    ["Check the fix of a major finding", "Loses cents (src/sum.js:3)"],
    ["A nit that was left as it is", "A name"],
  ]);
  const red = await itemReport({ exitCode: 2 });
  expect(red.lookFirst[0]).toMatchObject({ tone: "bad", section: "proof", what: expect.stringContaining("Does not hold: `npm test` passed (exit code 2") });
  expect((await itemReport({ sandbox: "weak" })).lookFirst.map(({ what }) => what)).toContain("Tools ran without a full sandbox (`sandbox: weak` was asked for): what ran in the agent job was not isolated.");
  expect((await itemReport()).lookFirst).toEqual([]);
});

test("I4: the standing is what the log shows: delivered, refused, stopped with a reason, or not at its end", async () => {
  expect((await itemReport(DELIVERED)).standing).toMatchObject({ tone: "good", headline: "WorkTrain made pull request #2" });
  expect((await itemReport()).standing).toMatchObject({ tone: "good", meaning: expect.stringContaining("Whether it was delivered is not in this log") });
  expect((await itemReport({ lost: true })).standing).toMatchObject({ tone: "waiting", headline: "Not at its end" });
  const reason = { code: "tests-red", message: "3 tests fail.", fix: "Mend them." };
  expect((await itemReport({ ending: { code: "tests-red", reason } })).standing).toMatchObject({ tone: "bad", reason, next: "Mend them." });
  const refusal: ItemEvent = { kind: "delivery_ended", data: { outcome: "refused", reason } };
  const refused = await itemReport({ tamper: (_, events) => events.flatMap((event): readonly RecordEvent[] => (event.kind === "item_ended" ? [event, refusal] : [event])) });
  expect(refused.standing).toMatchObject({ tone: "bad", headline: expect.stringContaining("publishing it was refused"), reason });
});

test("I4: a deliver job that refuses a record without an end does not make the work done", async () => {
  const reason = { code: "unfinished", message: "It has no ending.", fix: "Label it again." };
  const refusal: ItemEvent = { kind: "delivery_ended", data: { outcome: "refused", reason } };
  const refused = await itemReport({ tamper: (_, events) => events.map((event): RecordEvent => (event.kind === "item_ended" ? refusal : event)) });
  expect(refused.standing).toMatchObject({ tone: "bad", headline: "The deliver job refused the record", reason });
});

test("a title as long as a text heads nothing; it is quoted whole with what was asked", async () => {
  const title = "Long words ".repeat(60).trim();
  const report = await itemReport({ tamper: (_, events) => events.map((event) => (event.kind === "item_opened" ? { ...event, data: { ...event.data, task: { ...event.data.task, title } } } : event)) });
  expect(/<h1>(.*)<\/h1>/.exec(reportPage(report))?.[1]?.length).toBeLessThan(220);
  expect(reportPage(report)).toContain(`${title}\n\nRounding`);
  expect(reportMarkdown(report)).toContain(`> ${title}\n>\n> Rounding`);
});

test("each line of the proof says whose word it is: what the log shows is the agent job's, that it is whole is the report's", async () => {
  const report = await itemReport();
  expect(report.proof.rows.map(({ attestedBy, result }) => [attestedBy, result])).toEqual([["this report", "holds"], ["agent job", "holds"], ["agent job", "holds"], ["agent job", "holds"]]);
  expect(report.files).toEqual({ changed: [{ path: "old.txt", bytes: null }, { path: "src/sum.js", bytes: 2 }], leftOut: [] });
});

test("the path tells what was passed over and why, what did not count, gates, and what a rewind left behind", () => {
  const trace = [{ stepId: "shape", decision: "skipped" as const, condition: { var: "size", equals: "large" }, values: { size: "small" }, holds: false }, { stepId: "work", decision: "offered" as const }];
  const path = stepPath(
    recorded([
      offered("n1", "work", { trace, loops: [{ loopId: "rounds", iteration: 2 }] }),
      submitted("n1"),
      { kind: "attempt_blocked", data: { nodeId: "n1", attempt: 1, blockers: BLOCKERS } },
      submitted("n1", 2),
      completed("n1", "work"),
      offered("n2", "audit"),
      { kind: "step_reopened", data: { nodeId: "n2", reopenedNodeId: "n1", blockers: [{ code: "c", message: "Again.", fix: "f" }] } },
      completed("n1", "work"),
      offered("n3", "gated"),
      { kind: "gate_opened", data: { nodeId: "n3", gate: "human_approval", question: "May it?" } },
    ]),
  );
  expect(path).toMatchObject([
    { stepId: "shape", state: "skipped", why: '“size is "large"” is false (size = "small")' },
    { stepId: "work", state: "done", attempts: 2, loops: ["rounds 2"], blockers: ["Say more.", "Again."] },
    { stepId: "audit", state: "again" },
    { stepId: "gated", state: "waits", gates: [{ question: "May it?", answer: null }] },
  ]);
});

test("what is out when the session ends was not finished; what was passed over at the end is told", () => {
  const ended = stepPath(recorded([offered("n1", "a"), completed("n1", "a"), { kind: "rewound", data: { nodeId: "n1" } }, offered("n2", "a"), { kind: "session_ended", data: { outcome: "stopped", reason: null, trace: [{ stepId: "b", decision: "skipped", reason: "the loop is over" }] } }]));
  expect(ended.map(({ stepId, state, why }) => [stepId, state, why])).toEqual([["a", "left", ""], ["a", "stopped", ""], ["b", "skipped", "the loop is over"]]);
});

test("a human gate that nobody answered is the first thing to look at; a judge's is not a person's", async () => {
  const withGate = (gate: "human_approval" | "coordinator_eval"): Report => reportOf({ item: null, sessions: new Map([["s", recorded([offered("n1", "go"), { kind: "gate_opened", data: { nodeId: "n1", gate, question: "May it?" } }])]]), files: { changed: [], leftOut: [] } });
  expect(withGate("human_approval").lookFirst[0]).toMatchObject({ tone: "waiting", said: "go (session): May it?" });
  expect(withGate("coordinator_eval").lookFirst).toEqual([]);
});

test("turns come with their tools and results; one without a result says so, and so does a request that failed", () => {
  const turn: SessionEvent = { kind: "turn_completed", data: { turn: 1, turnKey: "1-1", content: [{ type: "thinking", thinking: "Hm." }, { type: "text", text: "Looking." }, { type: "tool_use", id: "t1", name: "bash", input: { command: "npm test" } }, { type: "tool_use", id: "t2", name: "read", input: { path: "a.js" } }], stopReason: "tool_use", usage: { inputTokens: 1, outputTokens: 2, cacheReadTokens: 3, cacheWriteTokens: 4 }, requestId: null, costMicroUsd: 5 } };
  const activity = sessionActivity(recorded([offered("n1", "work"), { kind: "turn_failed", data: { turn: 1, turnKey: "1-1", code: "overloaded", message: "529", retryInMs: 10 } }, turn, { kind: "tool_completed", data: { turn: 1, toolUseId: "t1", name: "bash", isError: true, content: "red", durationMs: 7 } }]));
  expect(activity).toMatchObject([
    { kind: "happening", text: "offered work" },
    { kind: "happening", text: "turn 1 failed (overloaded): 529" },
    { kind: "turn", stepId: "work", thinking: "Hm.", says: "Looking.", tokens: 10, tools: [{ name: "bash", about: "npm test", result: { isError: true, content: "red" } }, { name: "read", about: "a.js", result: null }] },
  ]);
});

test("sessions that worked for another stand behind it, whichever of the two says so", async () => {
  const { sessions } = await goldenReport();
  const names = sessions.map(({ view, depth }) => [view.sessionId.replace("golden-fixture-", ""), depth] as const);
  const at = names.findIndex(([id]) => id === "parallel");
  expect(names.slice(at, at + 3)).toEqual([["parallel", 0], ["parallel-n1-1", 1], ["parallel-n1-2", 1]]);
  expect(new Set(names.map(([id]) => id)).size).toBe(names.length);
});

test("conditions in words", () => {
  const words: readonly (readonly [Parameters<typeof conditionWords>[0], string])[] = [
    [{ var: "findings" }, "findings is set"],
    [{ not: { var: "findings" } }, "findings is not set"],
    [{ var: "n", gte: 1, lt: 3 }, "n ≥ 1 and n < 3"],
    [{ or: [{ var: "a", equals: true }, { not: { var: "b", in: ["x"] } }] }, '(a is true or not (b is one of ["x"]))'],
    [["odd"], '["odd"]'],
  ];
  for (const [condition, expected] of words) expect(conditionWords(condition)).toBe(expected);
  expect(decidedBy({ stepId: "s", decision: "offered", condition: { not: { var: "findings" } }, values: { findings: null }, holds: true })).toBe("“findings is not set” is true");
  expect(decidedBy({ stepId: "s", decision: "skipped", condition: { var: "findings" }, values: { findings: [{ a: 1 }] }, holds: true, reason: "why" })).toBe("“findings is set” is true (findings = a list of 1); why");
});

/** The item as if only sessions of these phases had been begun. */
const endedAfter = (phases: readonly string[], ending: EndingCode): Partial<Script> => ({
  rounds: [[{ severity: "major", summary: "Loses cents", file: "src/sum.js", line: 3 }], []],
  tamper: (stream, events) => {
    if (!stream.startsWith("item/")) return events;
    const kept = (events as readonly ItemEvent[]).filter((event) => event.kind !== "item_ended" && ((event.kind !== "session_scheduled" && event.kind !== "session_concluded") || (phases.includes(event.data.phase) && event.data.round === 1)));
    return [...kept, { kind: "item_ended", data: { outcome: "stopped", ending, reason: null, snapshot: null } }];
  },
});

test.each<[EndingCode, Report["standing"]["tone"]]>([
  ["decomposed", "good"],
  ["reported", "waiting"],
  ["unclear", "waiting"],
])("an item that is %s had nothing to make: its proof says so, and nothing of it is told as missing", async (ending, tone) => {
  const report = await itemReport(endedAfter(["classify"], ending));
  expect(report.standing.tone).toBe(tone);
  expect(report.proof.rows.map(({ check, result }) => [check, result])).toEqual([["The record is whole", "holds"], ["Nothing was changed", "holds"]]);
  expect(report.lookFirst.filter(({ section }) => section === "proof")).toEqual([]);
});

test("of a pull request that was reviewed the proof has the review and its verdict, and the headline no tick", async () => {
  const report = await itemReport(endedAfter(["review"], "reviewed"));
  expect(report.standing.tone).toBe("neutral");
  expect(report.proof.rows.at(-1)).toMatchObject({ check: "The change was reviewed", result: "holds", detail: "review session, round 1: blocking, 1 finding" });
});

test("who worked for a session stands in its box, beside the step that asked; of many some, with the number of the rest", async () => {
  const { sessions: [root], ...report } = await itemReport();
  const [asking, ...after] = root?.path ?? [];
  if (root === undefined || asking === undefined) throw new Error("The item has a session with a step.");
  const helpers = Array.from({ length: 11 }, (_, index) => ({ ...root, name: `reviewer ${index + 1}`, depth: index === 1 ? 2 : 1, view: { ...root.view, sessionId: `h${index}` } }));
  const graph = stepGraph({ ...report, sessions: [{ ...root, path: [{ ...asking, children: ["h0"] }, ...after] }, ...helpers.slice(0, 1), ...helpers] });
  expect(graph).toContain('    s0h0(["reviewer 1: completed"]):::done\n    s0n0 -.- s0h0');
  expect(graph.split("\n").filter((line) => line.includes("subgraph"))).toHaveLength(1);
  expect(graph).toContain('s0more(["4 more"])');
  expect(graph.indexOf("s0more")).toBeLessThan(graph.indexOf("  end"));
});

test("the chart draws each step, dashed what was passed over; where it would be too large, a box a session", async () => {
  const graph = stepGraph(await itemReport(DELIVERED));
  expect(graph).toContain('subgraph s1["code, round 1: completed"]');
  expect(graph).toContain('over(["WorkTrain made pull request #35;2"]):::good');
  const report = await itemReport();
  const [first] = report.sessions;
  const step = first?.path[0];
  if (first === undefined || step === undefined) throw new Error("The item has a session with a step.");
  const large = stepGraph({ ...report, sessions: Array.from({ length: 500 }, () => ({ ...first, path: Array.from({ length: 20 }, () => step) })) });
  expect(large).toContain('["classify, round 1: completed, 20 steps"]');
  expect(large).toContain('|"460 more sessions"|');
  expect(large.length).toBeLessThan(50_000);
});

test("long texts keep their beginning and their end, and say how much is not shown", () => {
  expect(excerpt("abc", 3)).toEqual({ head: "abc", left: 0, tail: "" });
  expect(excerpt("0123456789", 6)).toEqual({ head: "0123", left: 4, tail: "89" });
});

test("spans", () => {
  expect([0, 99.6, 999, 9_960, 59_600, 200_400, 3_599_999, 7_500_000].map(span)).toEqual(["0 ms", "100 ms", "1.0 s", "10 s", "1 min 00 s", "3 min 20 s", "1 h 00 min", "2 h 05 min"]);
});

describe("what a reader who did not write the workflow needs", () => {
  const planOf = (title: string): Uint8Array => {
    const compiled = compileWorkflow({ file: "w.yaml", text: `schemaVersion: 2\nid: wtest\nname: W\nversion: 1.0.0\ndescription: About W.\nsteps:\n  - { id: work, title: ${JSON.stringify(title)}, prompt: P. }\n  - { id: gone, title: Only sometimes, prompt: P. }\n` });
    if (!compiled.ok) throw new Error(compiled.error.map(({ message }) => message).join("\n"));
    return Buffer.from(canonicalJson(compiled.value.plan));
  };
  const start = (plan: string): SessionEvent => ({ kind: "session_started", data: { sessionId: "s", itemId: null, parentSessionId: null, phase: null, workflow: { id: "wtest", version: "1.0.0" }, plan, goal: "Do it", context: {}, autonomy: "guided" } });
  const alone = async (title: string, more: readonly SessionEvent[], getBlob?: (sha256: string) => Promise<Uint8Array | null>): Promise<Report> => {
    const plan = planOf(title);
    const sessions = new Map([["s", recorded([start(sha256Hex(plan)), offered("n1", "work", { scope: { currentItem: "tea" }, trace: [{ stepId: "gone", decision: "skipped", reason: "x" }] }), ...more])]]);
    const titles = await readStepTitles(sessions.values(), getBlob ?? ((sha256) => Promise.resolve(sha256 === sha256Hex(plan) ? plan : null)));
    return reportOf({ item: null, sessions, titles, files: { changed: [], leftOut: [] } });
  };

  test("steps have the titles of the plan that the session stayed on, with the loop's values", async () => {
    const report = await alone("Brew {{currentItem}}", []);
    expect(report.sessions[0]?.path.map(({ stepId, title }) => [stepId, title])).toEqual([["gone", "Only sometimes"], ["work", "Brew tea"]]);
    for (const text of [reportPage(report), reportMarkdown(report), stepGraph(report)]) expect(text).toContain("Brew tea");
    expect(reportPage(report)).toContain('<code class="id">work</code>');
  });

  test("they have their ids where the plan is not there, cannot be read or is none, or the title needs a value that the log does not hold", async () => {
    const damaged = new TerminalError("The blob is damaged.", "Bring it back.");
    const reports = [await alone("Brew {{cup.size}}", []), await alone("Brew", [], () => Promise.resolve(null)), await alone("Brew", [], () => Promise.reject(damaged)), await alone("Brew", [], () => Promise.resolve(Buffer.from("{")))];
    expect(reports.map(({ sessions }) => sessions[0]?.path.at(-1)?.title)).toEqual([null, null, null, null]);
    for (const report of reports) expect(reportPage(report)).toContain("<strong><bdi>work</bdi></strong>");
  });

  test("what a session was told at the start is in the page, the Markdown and the session's timeline, with what was left out", async () => {
    const context = { policy: "custom" as const, budgetTokens: 4_000, tokens: 310, sections: [{ name: "issue", source: "the issue as it was labelled", tokens: 310, sha256: "0".repeat(64) }], leftOut: [{ name: "decisions", what: "1 of 2: </details>\n# Forged", tokens: 9_000, why: "over the budget", how: "read_artifact" }] };
    const started: SessionEvent = { kind: "conversation_started", data: { conversation: 1, model: "m", system: "0".repeat(64), tools: "0".repeat(64), firstMessage: "f", cause: "start", context } };
    const report = await alone("Brew", [started]);
    expect(reportPage(report)).toContain("Told at the start: <strong>custom</strong>");
    expect(reportPage(report)).toContain("1 of 2: &lt;/details&gt;");
    expect(reportMarkdown(report)).toContain("told at the start: custom, about 310 of 4,000 tokens: issue 310 (the issue as it was labelled); left out of decisions: 1 of 2");
    expect(reportMarkdown(report)).not.toMatch(/^# Forged/m);
    expect(sessionTimeline(recorded([started]))[0]?.text).toContain("told at the start: custom");
  });

  test("the pipeline's mode, why each session ran, a person's answer and that a person has to merge", async () => {
    const tamper: Script["tamper"] = (stream, events) =>
      stream.startsWith("item/")
        ? (events as readonly ItemEvent[]).flatMap((event): readonly ItemEvent[] =>
            event.kind === "session_scheduled" && event.data.phase === "code"
              ? [{ kind: "mode_chosen", data: { mode: "quick", why: ["chore, small", "low <risk>"] } }, { kind: "interpretation_answered", data: { verdict: "approved", by: "ann", reason: "That is it." } }, { ...event, data: { ...event.data, why: "the task is small" } }]
              : [event],
          )
        : events;
    const report = await itemReport({ ...DELIVERED, tamper });
    for (const text of ["Pipeline <strong>quick</strong>, since <bdi>chore, small; low &lt;risk&gt;</bdi>.", "the task is small", "What a person said to it", "That is it."]) expect(reportPage(report)).toContain(text);
    expect(reportMarkdown(report)).toContain("Pipeline **quick**, since chore, small; low <\u2060risk>.");
    expect(reportMarkdown(report)).toContain("**Approved** by ann: That is it.");
    expect(reportOf({ item: null, sessions: new Map(), files: { changed: [], leftOut: [] } }).route).toEqual({ mode: null, answer: null, escalated: false });
    expect(lookFirst({ ...report, route: { ...report.route, escalated: true } })[0]).toMatchObject({ tone: "waiting", what: expect.stringContaining("a person has to merge") });
  });
});

describe("sessions that work for others", () => {
  const child = (sessionId: string, goal: string, more: Partial<Extract<SessionEvent, { kind: "session_started" }>["data"]> = {}): readonly [string, Recorded<SessionEvent>[]] => [
    sessionId,
    recorded([{ kind: "session_started", data: { sessionId, itemId: null, parentSessionId: "review-1", phase: "review", workflow: { id: "wr.role-reviewer", version: "1.0.0" }, plan: "0".repeat(64), goal, context: {}, autonomy: "guided", ...more } }]),
  ];
  const told = (...children: ReturnType<typeof child>[]): Report => reportOf({ item: null, sessions: new Map([child("review-1", "Review it", { parentSessionId: null, workflow: { id: "wr.mr-review", version: "1.0.0" } }), ...children]), files: { changed: [], leftOut: [] } });
  const names = (report: Report) => report.sessions.slice(1).map(({ name, why }) => [name, why]);

  test("are told apart by what they are, their number, and the sentence of their brief that is theirs alone", () => {
    const report = told(
      child("review-1-n1-10", "What was asked:\nMend it.\n\nYou look at harm, and at\nnothing else. Start now.\n- What was asked?"),
      child("review-1-n1-2", "What was asked:\nMend it.\n\nYou look at tests"),
      child("review-1-n1-1", "What was asked:\nMend it.\n\nYou look at correctness:\n- Trace a case."),
      child("review-1-audit", "Judge the work of another.", { role: "audit", workflow: { id: "wr.anything", version: "1.0.0" } }),
      child("review-1-own", "Do it.", { workflow: { id: "team.check-style", version: "1.0.0" } }),
    );
    expect(new Set(names(report).map(([name]) => name)).size).toBe(5);
    expect(names(report)).toEqual(expect.arrayContaining([["reviewer 1", "You look at correctness:"], ["reviewer 2", "You look at tests"], ["reviewer 3", "You look at harm, and at nothing else."], ["audit", "Judge the work of another."], ["check-style", "Do it."]]));
    for (const text of [reportPage(report), reportMarkdown(report)]) for (const brief of ["You look at correctness", "You look at tests", "You look at harm"]) expect(text).toContain(brief);
  });

  test("have a name though all were asked the same, or nothing", () => {
    expect(names(told(child("a-1", "Do it.\n"), child("a-2", "Do it.\n"), child("a-3", "")))).toEqual([["reviewer 1", "Do it."], ["reviewer 2", "Do it."], ["reviewer 3", ""]]);
  });

  test("what reviewers brought is told with what the verdict made of it; a dropped finding that would have stopped the change is looked at first", async () => {
    const found = (severity: "critical" | "nit", summary: string) => ({ severity, summary, file: "a.js", line: 3, evidence: "e", remediation: "r" });
    const handed = (childId: string, findings: readonly ReturnType<typeof found>[]): SessionEvent => ({ kind: "child_finished", data: { nodeId: "n1", requestId: "n1.children", childId, sessionId: `review-1-${childId.replace(".", "-")}`, outcome: "completed", summary: "", artifacts: [{ contractRef: "wr.contracts.review_verdict", value: { verdict: "blocking", confidence: "high", summary: "s", findings: [...findings] } }] } });
    const accounts = [{ finding: "n1.1#1", fate: "dropped", reason: "The caller checks it." }, { finding: "n1.1#2", fate: "taken", as: 1, reason: "Seen." }];
    const report = await itemReport({
      rounds: [[{ severity: "nit", summary: "A name" }]],
      tamper: (stream, events) => {
        if (stream !== "session/review-1") return events;
        const answered = events.map((event) => (event.kind === "step_submitted" ? { ...event, data: { ...event.data, output: { ...event.data.output, artifacts: event.data.output.artifacts.map((artifact) => ({ ...artifact, value: { ...Object(artifact.value), accounts } })) } } } : event));
        return answered.flatMap((event, index) => (index === 0 ? [event, handed("n1.1", [found("critical", "Loses <b>money</b>"), found("nit", "A name")]), handed("n1.2", [found("nit", "Nobody answers")])] : [event]));
      },
    });
    expect(report.brought.map(({ id, answer }) => [id, answer?.fate ?? null])).toEqual([["n1.1#1", "dropped"], ["n1.1#2", "taken"], ["n1.2#1", null]]);
    expect(report.lookFirst).toContainEqual(expect.objectContaining({ tone: "waiting", what: expect.stringContaining("critical finding of a reviewer was dropped"), said: expect.stringContaining("The caller checks it.") }));
    const page = reportPage(report);
    expect(page).toContain("What each reviewer brought");
    expect(page).toContain("Loses &lt;b&gt;money&lt;/b&gt;");
    expect(reportMarkdown(report)).toMatch(/What each reviewer brought[^]*dropped: The caller checks it\.[^]*not answered/);
  });

  test("the page's proof names session, workflow and plan, and leads to the session", async () => {
    const report = await itemReport();
    const page = reportPage(report);
    const [row] = report.proof.rows.flatMap(({ session }) => session ?? []);
    expect(row).toBeDefined();
    expect(page).toContain(`<a href="#session-${row?.sessionId}"><code>${row?.sessionId}</code></a>`);
    expect(page).toContain(`id="session-${row?.sessionId}"`);
    expect(page).toContain(`plan <code>${row?.plan?.slice(0, 12)}</code>`);
  });
});
