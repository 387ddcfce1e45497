/**
 * Attack 6, I8: a report of a log in which every text is an attack. Whatever stands in it, the page has the elements and attributes that
 * it has for harmless text, and the Markdown its fences, elements and lines.
 */
import { expect, test } from "vitest";
import { openMemoryJournal, type Journal } from "../../src/journal/index.ts";
import type { ItemEvent, RecordEvent, SessionEvent } from "../../src/record/index.ts";
import { isSessionEvent, readItemReport, reportMarkdown, reportOf, reportPage, type Report } from "../../src/report/index.ts";
import { inline, link } from "../../src/report/html/markup.ts";
import { fakeClock } from "../fakes/clock.ts";
import { writeFinishedItem, type Script } from "../fakes/finished-item.ts";
import { makeTicket } from "../fakes/tickets.ts";

const { ticket, ticketText } = makeTicket();

const PAYLOADS = [
  `<script>alert(1)</script>`,
  `</pre></div></details></section></main></body></html><img src=x onerror=alert(1)>`,
  `"><a href="javascript:alert(1)" style="position:fixed">x</a>`,
  `' onmouseover='alert(1)`,
  `</title></style><style>*{display:none}</style>`,
  `<!-- worktrain -->`,
  `&lt;script&gt;&#60;b&#x3e;`,
  `</summary></details><details open>`,
  "```\n</details>\n# Heading\n::error::x\n```mermaid\nflowchart TD\nclick a href \"javascript:alert(1)\"",
  "~~~~\n@everyone fixes #1 ![x](https://evil.example/?q=1) [x]: https://evil.example",
  "::add-mask::x\n::stop-commands::t\n##[error]x",
  `"]:::good end subgraph x %%{init: {"theme":"dark"}}%% --> over`,
  "| a | b |\n|---|---|\n| **x** | `y` |",
  "user\u202Etxt.exe\u2066 zero\u200Bwidth \u{E0041}tag \u001B[31mred\u0007 \uFEFF",
  "ends in a backslash \\",
  "lone \uD800 surrogate",
];
const HARMLESS = "harmless";

/** Every string of an outside event that has no form of its own becomes the payload. */
function filledWith(payload: string): Script["tamper"] {
  const stepId = payload.slice(0, 100);
  const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 };
  const inSession: readonly SessionEvent[] = [
    { kind: "turn_failed", data: { turn: 2, turnKey: "2-1", code: payload, message: payload, retryInMs: null } },
    { kind: "turn_completed", data: { turn: 2, turnKey: "2-2", content: [{ type: "thinking", thinking: payload }, { type: "text", text: payload }, { type: "tool_use", id: "h1", name: payload, input: { [payload]: payload, command: payload } }, { type: "tool_use", id: "h2", name: payload, input: { other: [payload] } }], stopReason: payload, usage, requestId: null, costMicroUsd: 1 } },
    { kind: "tool_completed", data: { turn: 2, toolUseId: "h1", name: payload, isError: true, content: payload, durationMs: 1 } },
    { kind: "gap_recorded", data: { nodeId: null, code: payload, message: payload } },
    { kind: "issue_reported", data: { severity: "error", summary: payload, detail: payload } },
    { kind: "workflow_problem_reported", data: { stepId, summary: payload, suggestion: payload } },
    { kind: "coordinator_signalled", data: { stepId: null, signalKind: "finding", summary: payload, payload, decision: "noted", reason: payload } },
    { kind: "network_reached", data: { hosts: [{ host: payload, requests: 1, refused: 1, sentBytes: 1, receivedBytes: 1 }] } },
    { kind: "steered", data: { turn: 2, source: "person", text: payload } },
    { kind: "child_started", data: { sessionId: payload, role: payload, workflowId: payload, goal: payload, toolUseId: null } },
    { kind: "step_offered", data: { nodeId: "h9", parentNodeId: null, stepId, trace: [{ stepId, decision: "skipped", condition: { var: payload, equals: payload }, values: { [payload]: payload }, holds: false, reason: payload }, { stepId, decision: "offered", reason: payload }], loops: [{ loopId: stepId, iteration: 1 }], jumpedFrom: stepId } },
    { kind: "attempt_blocked", data: { nodeId: "h9", attempt: 1, blockers: [{ code: payload, message: payload, fix: payload }] } },
    { kind: "gate_opened", data: { nodeId: "h9", gate: "human_approval", question: payload } },
    { kind: "gate_resolved", data: { nodeId: "h9", verdict: "approved", reason: payload, by: payload } },
    { kind: "verification_requested", data: { nodeId: "h9", requestId: "h9", command: payload } },
    { kind: "verification_finished", data: { nodeId: "h9", requestId: "h9", exitCode: 1, timedOut: false, outputTail: payload, durationMs: 1, sandbox: "bubblewrap" } },
  ];
  const changed = (event: RecordEvent): RecordEvent => {
    switch (event.kind) {
      case "item_opened":
        return { ...event, data: { ...event.data, task: { ...event.data.task, title: payload, body: payload }, base: { ...event.data.base, ref: payload } } };
      case "run_opened":
        return { ...event, data: { ...event.data, restored: payload, estimate: { lowMicroUsd: 0, highMicroUsd: 1, basis: payload } } };
      case "session_started":
        return { ...event, data: { ...event.data, goal: `${payload}\n\n${payload}`, workflow: { id: payload, version: payload } } };
      case "conversation_started":
        return { ...event, data: { ...event.data, model: payload } };
      default:
        return event;
    }
  };
  const afterEnd: readonly ItemEvent[] = [
    { kind: "effect_confirmed", data: { key: "k", intent: payload, id: payload, url: payload, adopted: true } },
    { kind: "effect_confirmed", data: { key: "k2", intent: "pull-request", id: payload, url: payload, adopted: false } },
    { kind: "delivery_ended", data: { outcome: "refused", reason: { code: payload, message: payload, fix: payload } } },
  ];
  return (_, events) => events.flatMap((event) => (event.kind === "step_completed" ? [event, ...inSession] : event.kind === "item_ended" ? [changed(event), ...afterEnd] : [changed(event)]));
}

async function journalFilledWith(payload: string): Promise<Journal> {
  const journal = openMemoryJournal({ clock: fakeClock() });
  const texts = [payload, payload];
  const finding = { severity: "major", summary: payload, file: payload, line: 1, evidence: payload, remediation: payload, suggestion: payload, reproduce: payload };
  await writeFinishedItem(journal, {
    ticket,
    ticketText,
    runId: 5,
    tree: "a".repeat(40),
    files: { "a.txt": { text: "a\n" } },
    unsupported: [{ path: payload, reason: payload }],
    handoff: { prTitle: payload, prBody: payload, keyDecisions: texts, knownLimitations: texts, testsAdded: texts, sideEffects: texts, correctedAssumptions: [{ assumed: payload, actual: payload }] },
    classification: { interpretation: payload, ambiguities: texts, deduplicationKey: payload },
    rounds: [[finding], [{ severity: "nit", summary: payload }]],
    tamper: filledWith(payload),
  });
  return journal;
}

const reportFilledWith = async (payload: string): Promise<Report> => readItemReport(await journalFilledWith(payload), ticket.item);

/** A session by itself is named after its workflow. */
async function sessionFilledWith(payload: string): Promise<Report> {
  const events = (await (await journalFilledWith(payload)).read("session/code-1")).filter(isSessionEvent);
  return reportOf({ item: null, sessions: new Map([["code-1", events]]), files: { changed: [], leftOut: [] } });
}

/** Tags with the names of their attributes, as a browser reads them; code and emphasis aside, which a command's own words may be. */
function skeleton(page: string): readonly string[] {
  const withoutStyle = page.replace(/<style>[\s\S]*?<\/style>/, "<style></style>");
  const tags = [...withoutStyle.matchAll(/<[!/?]?[a-z][^>]*>/gi)].map(([tag]) => tag);
  return tags.map((tag) => tag.replaceAll(/="[^"]*"/g, "=")).filter((tag) => !/^<\/?(?:code|strong)>$/.test(tag));
}

const HIDDEN = /(?![\n\t\r]|\ufe0f)[\p{Default_Ignorable_Code_Point}\p{Cc}\u2028\u2029]/v;

test.each(PAYLOADS.map((payload) => [JSON.stringify(payload).slice(0, 50), payload] as const))("attack 6: the page of a log full of %s has the elements of a harmless one, and hides nothing", async (_, payload) => {
  for (const made of [reportFilledWith, sessionFilledWith]) {
    const page = reportPage(await made(payload));
    expect(skeleton(page)).toEqual(skeleton(reportPage(await made(HARMLESS))));
    expect(page).not.toMatch(HIDDEN);
    expect(page).not.toMatch(/javascript:[^<]*"/i);
    expect(page.isWellFormed()).toBe(true);
  }
});

test("the page asks for nothing and runs nothing: no script, no image, no address but links that are shown; its policy forbids the rest", async () => {
  const page = reportPage(await reportFilledWith("https://evil.example/?a=1&b=2"));
  const attributes = new Set(skeleton(page).flatMap((tag) => [...tag.matchAll(/\s([\w-]+)=?/g)].map((match) => match[1])));
  expect([...attributes].filter((name) => name === undefined || /^on|^style$|^src|^srcset$|^action$|^formaction$|^background$/.test(name))).toEqual([]);
  expect(skeleton(page).filter((tag) => /^<(?:script|img|iframe|object|embed|link|base|form|audio|video|image|use|foreignObject|animate)/i.test(tag))).toEqual([]);
  const addresses = [...page.matchAll(/href="([^"]*)"/g)].map((match) => match[1] ?? "").filter((address) => !address.startsWith("#"));
  expect(new Set(addresses)).toEqual(new Set(["https://evil.example/?a=1&amp;b=2"]));
  expect(page).toMatch(/<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-[\w+/]{43}=&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;">/);
  expect(page.match(/<style>([\s\S]*?)<\/style>/)?.[1]).not.toMatch(/url\(|@import|</);
});

test("what is not seen is named on the page", async () => {
  const page = reportPage(await reportFilledWith("safe\u202Egnp.exe"));
  expect(page).toContain("safe[U+202E]gnp.exe");
});

test("only plain web addresses become links, and those show where they lead", () => {
  expect(link("https://github.com/a/b/pull/1?x=<y>").text).toBe('<a href="https://github.com/a/b/pull/1?x=%3Cy%3E" rel="noopener noreferrer">https://github.com/a/b/pull/1?x=%3Cy%3E</a>');
  for (const address of ["javascript:alert(1)", "data:text/html,x", "https://user:pw@evil.example/", "file:///etc/passwd", "not an address"]) expect(link(address).text).not.toContain("<a");
  expect(inline("`a\\|b` **c** \\*d\\* <e>").text).toBe("<code>a|b</code> <strong>c</strong> *d* &lt;e&gt;");
});

const CHART = /^```mermaid\n([\s\S]*?)\n```\n/m;

/** The Markdown without its chart. */
const outsideChart = (markdown: string): string => markdown.replace(CHART, "");

test.each(PAYLOADS.map((payload) => [JSON.stringify(payload).slice(0, 50), payload] as const))("attack 8: the Markdown of a log full of %s mentions, closes, fetches and forges nothing", async (_, payload) => {
  for (const made of [reportFilledWith, sessionFilledWith]) {
    const markdown = reportMarkdown(await made(payload));
    expect([...markdown.matchAll(/^```.*$/gm)].map(([fence]) => fence)).toEqual(["```mermaid", "```"]);
    const text = outsideChart(markdown);
    expect(text).not.toMatch(/@(?=\w)|(?<!&)#(?=\d)|!\[|<!--|<(?!\/?(?:details|summary|sub)>)[a-z/!?]/i);
    for (const element of ["details", "summary", "sub"]) expect([element, [...text.matchAll(new RegExp(`<${element}>`, "g"))].length]).toEqual([element, [...text.matchAll(new RegExp(`</${element}>`, "g"))].length]);
    // What stands in a summary is read as HTML, where no escape of Markdown's helps.
    for (const [, summary] of text.matchAll(/<summary>(.*)<\/summary>/g)) expect(summary).not.toMatch(/<|&(?!amp;|lt;)/);
    expect(text).not.toMatch(/^\s*::|^(?:~~~|#{1,2} )/m);
    expect(text).not.toMatch(/(?![\n\t\u2060]|\ufe0f)[\p{Default_Ignorable_Code_Point}\p{Cc}]/v);
  }
});

test.each(PAYLOADS.map((payload) => [JSON.stringify(payload).slice(0, 50), payload] as const))("the chart of a log full of %s has the lines of a harmless one", async (_, payload) => {
  const lines = (markdown: string): readonly string[] => (CHART.exec(markdown)?.[1] ?? "").split("\n").map((line) => line.replaceAll(/"[^"]*"/g, '""'));
  const chart = lines(reportMarkdown(await reportFilledWith(payload)));
  expect(chart).toEqual(lines(reportMarkdown(await reportFilledWith(HARMLESS))));
  expect(chart.length).toBeGreaterThan(20);
});

test("fault 47: a log of huge outputs makes a page and a Markdown that stay within their limits, and say what is left out", async () => {
  const report = await reportFilledWith("y".repeat(100_000));
  const [first] = report.sessions;
  const turn = first?.activity.find(({ kind }) => kind === "turn");
  if (first === undefined || turn === undefined) throw new Error("The log has a turn.");
  const many = { ...first, activity: Array.from({ length: 1_500 }, () => turn), view: { ...first.view, toolCalls: 3_000 } };
  const large = { ...report, sessions: Array.from({ length: 12 }, () => many) };
  const page = reportPage(large);
  expect(page.length).toBeLessThan(40_000_000);
  expect(page).toContain("characters left out; the log has them");
  const markdown = reportMarkdown(large, `### ${"h".repeat(15_000)}`);
  expect(markdown.length).toBeLessThanOrEqual(250_000);
  expect(markdown).toMatch(/\*The turns of \d+ more sessions do not fit here; the log has them\.\*\n\n<sub>From the log of/);
  expect([...markdown.matchAll(/<details>/g)]).toHaveLength([...markdown.matchAll(/<\/details>/g)].length);
});
