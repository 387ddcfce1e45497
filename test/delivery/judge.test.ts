import { describe, expect, test } from "vitest";
import { judge, readChange } from "../../src/delivery/index.ts";
import { verifyTicket } from "../../src/github/trust/index.ts";
import { openMemoryJournal, type Journal } from "../../src/journal/index.ts";
import { sessionStream, type Head, type ItemEvent, type RecordEvent, type SessionEvent } from "../../src/record/index.ts";
import { readItemJournal } from "../../src/report/index.ts";
import { fakeClock } from "../fakes/clock.ts";
import { workedOnAgain, writeFinishedItem, type Script } from "../fakes/finished-item.ts";
import { anotherTicket, makeTicket, TICKET_PUBLIC_KEY } from "../fakes/tickets.ts";

const { ticket, ticketText } = makeTicket();
type Opening = Extract<ItemEvent, { kind: "item_opened" }>["data"];
const RUN = 77;
const MAJOR = [[{ severity: "major", summary: "Wrong" }]];

/** The ticket of the deliver job; without it the one that everything else here is written under. */
type JudgedChange = NonNullable<Parameters<typeof write>[0]> & { readonly judgedTicket?: ReturnType<typeof makeTicket> };

async function write(change: Partial<Script> & { readonly afterwards?: (journal: Journal) => Promise<void> } = {}): Promise<Journal> {
  const journal = openMemoryJournal({ clock: fakeClock() });
  await writeFinishedItem(journal, { ticket, ticketText, runId: RUN, tree: "a".repeat(40), files: { "a.txt": { text: "a\n" } }, ...change });
  await change.afterwards?.(journal);
  return journal;
}

async function judged({ judgedTicket, ...change }: JudgedChange = {}) {
  const journal = await write(change);
  const heads = new Map<string, Head>();
  for (const stream of await journal.streams()) heads.set(stream, (await journal.head(stream)) ?? { seq: 0, hash: "" });
  const readTicket = (text: string) => {
    const read = verifyTicket(text, TICKET_PUBLIC_KEY, { runCreatedAt: new Date(0).toISOString() });
    return read.ok ? read.value : null;
  };
  return judge({ ticket, ticketText, ...judgedTicket, readTicket, runId: RUN, journal: await readItemJournal(journal, ticket.item), heads });
}

const refusal = async (change: JudgedChange | undefined): Promise<string> => {
  const judgement = await judged(change);
  return judgement.ok ? `ok: ${judgement.value.kind}` : judgement.error.kind;
};

/** Changes or drops single events of the item's stream or of one session's. */
const onItem =
  (change: (event: ItemEvent) => RecordEvent | null): Script["tamper"] =>
  (stream, events) =>
    stream.startsWith("item/") ? events.flatMap((event) => change(event as ItemEvent) ?? []) : events;
const onSession =
  (sessionId: string, change: (event: SessionEvent) => RecordEvent | null): Script["tamper"] =>
  (stream, events) =>
    stream === sessionStream(sessionId) ? events.flatMap((event) => change(event as SessionEvent) ?? []) : events;
/** Changes the text of everything that is appended. */
const inText =
  (change: (text: string) => string, where = ""): Script["tamper"] =>
  (stream, events) =>
    stream.startsWith(where) ? JSON.parse(change(JSON.stringify(events))) : events;

test("a finished item with a clean review may be delivered, nits or not", async () => {
  expect(await refusal({})).toBe("ok: deliver");
  expect(await refusal({ rounds: [[{ severity: "nit", summary: "Name" }]] })).toBe("ok: deliver");
  expect(await refusal({ rounds: [...MAJOR, [{ severity: "minor", summary: "x" }], []] })).toBe("ok: deliver");
});

test("an item that stopped is told with its reason", async () => {
  const reason = { code: "budget", message: "Used up.", fix: "Raise it." };
  const judgement = await judged({ ending: { code: "budget", reason } });
  expect(judgement).toMatchObject({ ok: true, value: { kind: "say", ending: "budget", reason } });
});

test.each([
  ["major", "blocking"],
  ["critical", "blocking"],
  ["minor", "minor"],
])("I7: a %s finding in the last review stops it, whatever the verdict says", async (severity, verdict) => {
  const rounds = [[{ severity, summary: "Wrong" }]];
  expect(await refusal({ rounds })).toBe("review-not-clean");
  expect(await refusal({ rounds, tamper: inText((text) => text.replaceAll(`"verdict":"${verdict}"`, '"verdict":"clean"')) })).toBe("review-not-clean");
});

test("I7: the item's stream cannot say of a review what its own stream does not", async () => {
  const forge = (text: string) => text.replace(/"findings":\[[^\]]*\]/g, '"findings":[]').replaceAll('"blocking"', '"clean"');
  expect(await refusal({ rounds: MAJOR, tamper: inText(forge, "item/") })).toBe("session-mismatch");
});

test("attack 7: without a review of the last change nothing is delivered", async () => {
  let reviews = 0;
  const dropSecond = onItem((event) => {
    if (event.kind === "session_scheduled" && event.data.phase === "review") reviews += 1;
    const ofReview = (event.kind === "session_scheduled" || event.kind === "session_concluded") && event.data.phase === "review";
    return ofReview && reviews === 2 ? null : event;
  });
  const tamper: Script["tamper"] = (stream, events) => (stream === sessionStream("review-2") ? [] : (dropSecond?.(stream, events) ?? events));
  expect(await refusal({ rounds: [...MAJOR, []], tamper })).toBe("review-not-clean");
});

test("attack 7: a review that was scheduled before the change was there does not count", async () => {
  const early: RecordEvent = { kind: "session_scheduled", data: { phase: "review", round: 1, sessionId: "review-1", workflowId: "wr.mr-review", goal: "x", context: {} } };
  const tamper = onItem((event) => event);
  const moved: Script["tamper"] = (stream, events) => {
    const kept = (tamper?.(stream, events) ?? events).filter((event) => !(event.kind === "session_scheduled" && event.data.phase === "review"));
    return kept.length < events.length ? [] : kept.flatMap((event) => (event.kind === "session_scheduled" && event.data.phase === "code" ? [event, early] : [event]));
  };
  expect(await refusal({ tamper: moved })).toBe("review-not-clean");
});

test.each<[string, Parameters<typeof write>[0], string]>([
  ["the review never ended", { tamper: onSession("review-1", (event) => (event.kind === "session_ended" ? null : event)) }, "not-completed"],
  ["the review's step was never completed", { tamper: onSession("review-1", (event) => (event.kind === "step_completed" ? null : event)) }, "session-mismatch"],
  ["the coding session failed, its conclusion says completed", { tamper: inText((text) => text.replace('"session_ended","data":{"outcome":"completed"', '"session_ended","data":{"outcome":"failed"'), sessionStream("code-1")) }, "not-completed"],
  ["the coding session's conclusion says failed", { tamper: inText((text) => text.replace('"sessionId":"code-1","outcome":"completed"', '"sessionId":"code-1","outcome":"failed"'), "item/") }, "not-completed"],
  ["its command was red", { exitCode: 1 }, "not-completed"],
  ["its command timed out", { tamper: inText((text) => text.replace('"timedOut":false', '"timedOut":true'), sessionStream("code-1")) }, "not-completed"],
  ["a session's stream is another item's", { tamper: inText((text) => text.replace(`"itemId":"${ticket.item}"`, '"itemId":"7/issue-99/1"'), sessionStream("code-1")) }, "session-mismatch"],
  ["a session's stream is of another phase", { tamper: inText((text) => text.replace('"phase":"review"', '"phase":"classify"'), sessionStream("review-1")) }, "session-mismatch"],
  ["a session's stream goes on after its conclusion", { afterwards: (journal) => extend(journal, sessionStream("code-1")) }, "session-mismatch"],
  ["a stream is along that the item never scheduled", { afterwards: (journal) => extend(journal, sessionStream("stranger")) }, "foreign-journal"],
  ["the delivered tree is not the coding session's", { tamper: onItem((event) => (event.kind === "item_ended" ? JSON.parse(JSON.stringify(event).replace("a".repeat(40), "e".repeat(40))) : event)) }, "session-mismatch"],
  ["the delivered list of files is not the coding session's", { tamper: onItem((event) => (event.kind === "item_ended" ? JSON.parse(JSON.stringify(event).replace(/"manifest":"[0-9a-f]{64}"/, `"manifest":"${"0".repeat(64)}"`)) : event)) }, "session-mismatch"],
  ["nothing is named to deliver", { tamper: inText((text) => text.replace(/("item_ended".*)"snapshot":\{[^}]*\}/, '$1"snapshot":null'), "item/") }, "not-completed"],
  ["the base is another commit", { tamper: inText((text) => text.replaceAll(`"base":"${ticket.base.sha}"`, `"base":"${"c".repeat(40)}"`)) }, "foreign-journal"],
  ["the base is another branch", { tamper: inText((text) => text.replace('"ref":"main"', '"ref":"release"'), "item/") }, "foreign-journal"],
  ["the task text is not the labelled one", { tamper: inText((text) => text.replace("Rounding happens too early", "Print the environment"), "item/") }, "foreign-journal"],
  ["the ticket is another", { ticketText: "other.ticket" }, "foreign-journal"],
  ["the run is another", { runId: 1 }, "foreign-journal"],
  ["the item was ended twice", { afterwards: (journal) => endAgain(journal) }, "foreign-journal"],
  ["it has no ending", { lost: true }, "not-ended"],
])("I7, attack 14: refused when %s", async (_, change, kind) => {
  expect(await refusal(change)).toBe(kind);
});

/** The whole journal builds on another commit; before this run another one opened it under `earlier`. */
function onOtherBase(sha: string, earlier: string | null): Script["tamper"] {
  return (stream, events) => {
    const moved = (JSON.parse(JSON.stringify(events).replaceAll(`"${ticket.base.sha}"`, `"${sha}"`)) as RecordEvent[]);
    return stream.startsWith("item/") ? moved.flatMap((event) => (event.kind === "run_opened" && earlier !== null ? [{ ...event, data: { ...event.data, runId: 1, ticket: earlier } }, event] : [event])) : moved;
  };
}

test("attack 14: the base is a signed ticket's of this item: this run's, or of a resumed item an earlier one's, expired or not", async () => {
  const sha = "c".repeat(40);
  const base = { ref: "main", sha };
  const earlier = makeTicket({ base, expiresAt: "2020-01-01T00:00:00Z" }).ticketText;
  expect(await refusal({ tamper: onOtherBase(sha, earlier) })).toBe("ok: deliver");
  expect(await refusal({ tamper: onOtherBase(sha, null) })).toBe("foreign-journal");
  expect(await refusal({ tamper: onOtherBase(sha, `${earlier.slice(0, -8)}AAAAAAAA`) })).toBe("foreign-journal");
  expect(await refusal({ tamper: onOtherBase(sha, makeTicket({ base, item: "7/issue-12/2" }).ticketText) })).toBe("foreign-journal");
  expect(await refusal({ tamper: onOtherBase(sha, makeTicket().ticketText) })).toBe("foreign-journal");
});

test("a fix that rebutted every finding and changed nothing leaves the files of the session before it", async () => {
  const unchanged: Script["tamper"] = (stream, events) =>
    events.flatMap((event): RecordEvent[] => {
      if (stream === sessionStream("fix-2") && event.kind === "workspace_saved") return [];
      return event.kind === "session_concluded" && event.data.phase === "fix" ? [{ ...event, data: { ...event.data, snapshot: null } }] : [event];
    });
  expect(await refusal({ rounds: [...MAJOR, []], tamper: unchanged })).toBe("ok: deliver");
});

async function extend(journal: Journal, stream: string): Promise<void> {
  await journal.append(stream, await journal.head(stream), [{ kind: "gap_recorded", data: { nodeId: null, code: "late", message: "late" } }]);
}

async function endAgain(journal: Journal): Promise<void> {
  const stream = `item/${ticket.item}`;
  await journal.append(stream, await journal.head(stream), [{ kind: "item_ended", data: { outcome: "deliver", ending: "ready", reason: null, snapshot: null } }]);
}

test("the files are read with their git names checked; a changed list, a missing or another content is refused", async () => {
  const journal = await write({ files: { "a.txt": { text: "a\n" }, "b.sh": { mode: "100755", text: "b\n" }, "gone.txt": { text: null } } });
  const judgement = await judged({ files: { "a.txt": { text: "a\n" }, "b.sh": { mode: "100755", text: "b\n" }, "gone.txt": { text: null } } });
  if (!judgement.ok || judgement.value.kind !== "deliver") throw new Error("not deliverable");
  const { snapshot } = judgement.value;
  const getBlob = (sha256: string) => journal.getBlob(sha256);
  const read = await readChange(snapshot, getBlob);
  expect(read.ok && read.value.files.map((file) => [file.kind, file.path])).toEqual([["content", "a.txt"], ["content", "b.sh"], ["deleted", "gone.txt"]]);

  const kind = async (...[from, get]: Parameters<typeof readChange>) => {
    const result = await readChange(from, get);
    return result.ok ? "ok" : result.error.kind;
  };
  expect(await kind(snapshot, async () => null)).toBe("broken-change");
  expect(await kind(snapshot, async (sha256) => (sha256 === snapshot.manifest ? getBlob(sha256) : null))).toBe("broken-change");
  expect(await kind(snapshot, async (sha256) => (sha256 === snapshot.manifest ? getBlob(sha256) : Buffer.from("x\n")))).toBe("broken-change");
  expect(await kind({ ...snapshot, tree: "e".repeat(40) }, getBlob)).toBe("broken-change");
  expect(await kind(snapshot, async () => Buffer.from("{"))).toBe("broken-change");
});

describe("attack 17: a gate for a person", () => {
  const QUESTION = "May the session go on?";
  /** The coding session came to a gate, which is line 6 of its stream, before its step was completed. */
  const gated = (by: string, verdict: "approved" | "rejected" | null, earlier: string | null): Script["tamper"] => (stream, events) => {
    if (stream.startsWith("item/")) return events.flatMap((event): readonly RecordEvent[] => (event.kind === "run_opened" && earlier !== null ? [{ ...event, data: { ...event.data, runId: 1, ticket: earlier } }, event] : [event]));
    if (stream !== sessionStream("code-1")) return events;
    const opened: RecordEvent = { kind: "gate_opened", data: { nodeId: "n1", gate: "human_approval", question: QUESTION } };
    const resolved: readonly RecordEvent[] = verdict === null ? [] : [{ kind: "gate_resolved", data: { nodeId: "n1", verdict, reason: "It is fine.", by } }];
    return [...events.slice(0, 5), opened, ...resolved, ...events.slice(5)];
  };
  const GATE = "gate-6-code-1";
  const actor = { login: "mona", id: 5 };
  const said = (answer: NonNullable<Parameters<typeof makeTicket>[0]>["answer"], more: Parameters<typeof makeTicket>[0] = {}): string =>
    makeTicket({ trigger: { kind: "issue_comment", id: "9", actor, verdict: "write" }, ...(answer === undefined ? {} : { answer }), ...more }).ticketText;
  const approval = { gate: GATE, verdict: "approved", reason: "x" } as const;
  const MONA = "mona (GitHub user 5)";

  test("that is open is told as a question, with what was handed over, and nothing is delivered", async () => {
    const parked: Script["tamper"] = (stream, events) => {
      if (stream === sessionStream("review-1")) return [];
      if (stream !== sessionStream("code-1")) return events.filter((event) => !((event.kind === "session_scheduled" && event.data.phase === "review") || (event.kind === "session_concluded" && event.data.phase !== "classify")));
      const submitted = events.findIndex(({ kind }) => kind === "step_submitted");
      return [...events.slice(0, submitted + 1), { kind: "gate_opened", data: { nodeId: "n1", gate: "human_approval", question: QUESTION } }];
    };
    expect(await judged({ lost: true, tamper: parked })).toMatchObject({
      ok: true,
      value: { kind: "say", ending: "awaiting-approval", reason: { code: "awaiting_approval", message: expect.stringMatching(/^May the session go on\? \(gate-\d+-code-1\)\n\nWhat was handed over:\nDid it\.$/), fix: expect.stringContaining("/worktrain approve") } },
    });
  });

  test("was opened by the person whose word a ticket of the App holds, of this run or an earlier one, expired or not", async () => {
    expect(await refusal({ tamper: gated(MONA, "approved", said(approval)) })).toBe("ok: deliver");
    expect(await refusal({ tamper: gated(MONA, "approved", said(approval, { expiresAt: "2020-01-01T00:00:00Z" })) })).toBe("ok: deliver");
  });

  test.each<[string, Script["tamper"]]>([
    ["nobody answered it", gated(MONA, null, said(approval))],
    ["no ticket holds an answer", gated(MONA, "approved", said(undefined))],
    ["no ticket is there but the label's", gated(MONA, "approved", null)],
    ["the ticket is forged", gated(MONA, "approved", `${said(approval).slice(0, -8)}AAAAAAAA`)],
    ["the ticket is of another item", gated(MONA, "approved", said(approval, { item: "7/issue-13/1" }))],
    ["the ticket answers another gate", gated(MONA, "approved", said({ ...approval, gate: "gate-7-code-1" }))],
    ["the ticket says no", gated(MONA, "approved", said({ ...approval, verdict: "rejected" }))],
    ["the ticket is another person's", gated("ada (GitHub user 1)", "approved", said(approval))],
    ["the coordinator answered it", gated("coordinator", "approved", said(approval))],
  ])("is not passed where %s", async (_, tamper) => {
    const judgement = await judged({ tamper });
    expect(judgement).toMatchObject({ ok: false, error: { kind: "unvouched-approval", message: expect.stringContaining("code-1") } });
  });
});

describe("attack 17: the question whether the task was understood", () => {
  const opened = (event: RecordEvent): RecordEvent => (event.kind === "item_opened" ? { ...event, data: { ...event.data, pipeline: { mode: "quick", confirm: "always" } } } : event);
  const actor = { login: "mona", id: 5 };
  const ticketThat = (gate: string, verdict: "approved" | "rejected"): string => makeTicket({ trigger: { kind: "issue_comment", id: "9", actor, verdict: "write" }, answer: { gate, verdict, reason: "x" } }).ticketText;
  /** The mode is chosen in line 6 of the item's stream, after a run under an earlier ticket. */
  const answered = (by: string, earlier: string): Script["tamper"] => (stream, events) =>
    !stream.startsWith("item/")
      ? events
      : events.map(opened).flatMap((event): readonly RecordEvent[] => {
          if (event.kind === "run_opened") return [{ ...event, data: { ...event.data, runId: 1, ticket: earlier } }, event];
          if (event.kind !== "session_concluded" || event.data.phase !== "classify") return [event];
          return [event, { kind: "mode_chosen", data: { mode: "quick", why: ["x"] } }, { kind: "interpretation_answered", data: { verdict: "approved", by } }];
        });

  test("that is open is told with the interpretation, and nothing is delivered", async () => {
    const asking: Script["tamper"] = (stream, events) => {
      if (!stream.startsWith("item/")) return stream === sessionStream("classify-1") ? events : [];
      const kept = events.map(opened).filter((event) => !("phase" in event.data) || event.data.phase === "classify");
      return kept.flatMap((event): readonly RecordEvent[] => (event.kind === "session_concluded" ? [event, { kind: "mode_chosen", data: { mode: "quick" } }] : [event]));
    };
    expect(await judged({ lost: true, tamper: asking })).toMatchObject({
      ok: true,
      value: { kind: "say", ending: "awaiting-approval", reason: { message: expect.stringMatching(/Round once, after summing\. \(gate-5-interpretation\)$/), fix: expect.stringContaining("/worktrain approve") } },
    });
  });

  test("counts as answered only by a ticket of the App that says so, for this question, of this person", async () => {
    const MONA = "mona (GitHub user 5)";
    expect(await refusal({ tamper: answered(MONA, ticketThat("gate-6-interpretation", "approved")) })).toBe("ok: deliver");
    expect(await refusal({ tamper: answered(MONA, ticketThat("gate-6-interpretation", "rejected")) })).toBe("unvouched-approval");
    expect(await refusal({ tamper: answered(MONA, ticketThat("gate-5-interpretation", "approved")) })).toBe("unvouched-approval");
    expect(await refusal({ tamper: answered("ada (GitHub user 1)", ticketThat("gate-6-interpretation", "approved")) })).toBe("unvouched-approval");
    expect(await refusal({ tamper: answered(MONA, ticketText) })).toBe("unvouched-approval");
  });

  test("stays answered when its session finds that it is no quick task, so that another mode is chosen", async () => {
    const again: Script["tamper"] = (stream, events) =>
      (answered("mona (GitHub user 5)", ticketThat("gate-6-interpretation", "approved"))?.(stream, events) ?? events).flatMap((event): RecordEvent[] => (event.kind === "interpretation_answered" ? [event, { kind: "mode_chosen", data: { mode: "implement", why: ["it is larger"] } }] : [event]));
    expect(await refusal({ tamper: again })).toBe("ok: deliver");
  });

  test.each<[string, Opening["pipeline"], Readonly<Record<string, string[]>>, string]>([
    ["that has to be asked and was not, is no delivery", { mode: "quick", confirm: "always" }, {}, "unvouched-approval"],
    ["that an ambiguous task has to be asked and was not, is no delivery", { mode: "quick", confirm: "ambiguous" }, { ambiguities: ["per line?"] }, "unvouched-approval"],
    ["that nobody has to be asked is not missed", { mode: "quick", confirm: "ambiguous" }, { ambiguities: [] }, "ok: deliver"],
    ["that nobody is to be asked is not missed", { mode: "quick", confirm: "never" }, { ambiguities: ["per line?"] }, "ok: deliver"],
  ])("%s", async (_, pipeline, classification, outcome) => {
    const tamper = onItem((event) => (event.kind === "item_opened" && pipeline !== undefined ? { ...event, data: { ...event.data, pipeline } } : event));
    expect(await refusal({ tamper, classification })).toBe(outcome);
  });

  test("is not passed by at the journal's own word for the policy: the tickets say what the config said", async () => {
    const under = (policy: NonNullable<Parameters<typeof makeTicket>[0]>["policy"], opening: Partial<Opening>) => {
      const made = makeTicket(policy === undefined ? {} : { policy });
      return refusal({ ...made, judgedTicket: made, tamper: onItem((event) => (event.kind === "item_opened" ? { ...event, data: { ...event.data, ...opening } } : event)) });
    };
    const never = { mode: "auto", confirm: "never" } as const;
    expect(await under(never, { pipeline: never })).toBe("ok: deliver");
    expect(await under({ mode: "auto", confirm: "always" }, { pipeline: never })).toBe("foreign-journal");
    expect(await under({ mode: "full", confirm: "never" }, { pipeline: never })).toBe("foreign-journal");
    expect(await under(never, {})).toBe("foreign-journal");
    expect(await under(undefined, { pipeline: never })).toBe("ok: deliver");
  });

  test.each<[string, string | undefined, string | undefined, string]>([
    ["what it asks for", "wr.coding-task", "wr.coding-task", "ok: deliver"],
    ["another workflow", "wr.coding-task", "wr.quick-task", "foreign-journal"],
    ["none", "wr.coding-task", undefined, "foreign-journal"],
    ["one that nobody asked for", undefined, "wr.coding-task", "foreign-journal"],
  ])("which workflow is run is the ticket's word: %s", async (_, asked, workflowId, outcome) => {
    const made = makeTicket(asked === undefined ? {} : { wish: { workflow: asked } });
    const openedAs = (event: RecordEvent): RecordEvent => (event.kind === "item_opened" && workflowId !== undefined ? { ...event, data: { ...event.data, workflowId } } : event);
    expect(await refusal({ ...made, judgedTicket: made, tamper: onItem(openedAs) })).toBe(outcome);
  });

  test("a workflow that is run by its name classifies nothing, so that nobody has to confirm how the task was understood", async () => {
    const made = makeTicket({ wish: { workflow: "wr.coding-task" }, policy: { mode: "auto", confirm: "always" } });
    const openedAs = (event: RecordEvent): RecordEvent => (event.kind === "item_opened" ? { ...event, data: { ...event.data, workflowId: "wr.coding-task", pipeline: { mode: "auto", confirm: "always" } } } : event);
    expect(await refusal({ ...made, judgedTicket: made, tamper: onItem(openedAs) })).toBe("ok: deliver");
  });

  test("a plan that the ticket asks for is in the journal, and a person's word for it", async () => {
    const made = makeTicket({ wish: { plan: true } });
    const openedAs = (event: RecordEvent): RecordEvent => (event.kind === "item_opened" ? { ...event, data: { ...event.data, plan: true } } : event);
    const said = onItem(openedAs);
    const forged: Script["tamper"] = (stream, events) => said?.(stream, events).flatMap((event): RecordEvent[] => (event.kind === "item_ended" ? [{ kind: "plan_answered", data: { verdict: "approved", by: "octocat (GitHub user 42)" } }, event] : [event])) ?? events;
    expect(await refusal({ ...made, judgedTicket: made })).toBe("foreign-journal");
    expect(await refusal({ ...made, judgedTicket: made, tamper: said })).toBe("unvouched-approval");
    expect(await refusal({ ...made, judgedTicket: made, tamper: forged })).toBe("unvouched-approval");
  });

  test("goes by the policy of the ticket that the item was opened under, though the config has changed since", async () => {
    const earlier = makeTicket({ policy: { mode: "auto", confirm: "never" }, expiresAt: "2020-01-01T00:00:00Z" }).ticketText;
    const made = makeTicket({ policy: { mode: "full", confirm: "never" } });
    const resumed: Script["tamper"] = (stream, events) =>
      !stream.startsWith("item/")
        ? events
        : events.flatMap((event): RecordEvent[] => {
            if (event.kind === "item_opened") return [{ ...event, data: { ...event.data, pipeline: { mode: "auto", confirm: "never" } } }];
            return event.kind === "run_opened" ? [{ ...event, data: { ...event.data, runId: 1, ticket: earlier } }, event] : [event];
          });
    expect(await refusal({ ...made, judgedTicket: made, tamper: resumed })).toBe("ok: deliver");
  });
});

const ran = { exitCode: 1, timedOut: false, outputTail: "", durationMs: 5, sandbox: "bubblewrap" } as const;

describe("a command that is red before the work and after it", () => {
  /** The base's run in the item's stream, and the names in the session's. */
  const redBoth =
    (base: { readonly command?: string; readonly exitCode?: number; readonly failing?: string[] }, failing: string[] | undefined): Script["tamper"] =>
    (_, events) =>
      events.flatMap((event): RecordEvent[] => {
        const { command = "npm test", ...result } = base;
        if (event.kind === "run_opened") return [event, { kind: "base_tested", data: { command, result: { ...ran, ...result }, skipped: null } }];
        return event.kind === "verification_finished" ? [{ ...event, data: { ...event.data, ...(failing === undefined ? {} : { failing }), redBefore: { same: true, fresh: [] } } }] : [event];
      });

  test("may be delivered where every failure has a name that failed before", async () => {
    expect(await refusal({ exitCode: 1, tamper: redBoth({ failing: ["sums up", "rounds"] }, ["rounds"]) })).toBe("ok: deliver");
  });

  test.each<[string, Script["tamper"]]>([
    ["one has not", redBoth({ failing: ["sums up"] }, ["sums up", "rounds"])],
    ["the names before are not known", redBoth({}, ["rounds"])],
    ["the names after are not known", redBoth({ failing: ["rounds"] }, undefined)],
    ["it was green before", redBoth({ exitCode: 0, failing: ["rounds"] }, ["rounds"])],
    ["another command was red before", redBoth({ command: "npm run lint", failing: ["rounds"] }, ["rounds"])],
  ])("is refused where %s, whatever the session's stream claims", async (_, tamper) => {
    expect(await refusal({ exitCode: 1, tamper })).toBe("not-completed");
  });
});

test("files on which the command of a finding fails are not delivered, though the last review is clean", async () => {
  const checked = (tree: string): Script["tamper"] => (_, events) => events.flatMap((event): RecordEvent[] => (event.kind === "item_ended" ? [{ kind: "finding_checked", data: { round: 2, tree, command: "exit 1", result: ran, skipped: null } }, event] : [event as RecordEvent]));
  expect(await refusal({ rounds: [...MAJOR, []], tamper: checked("a".repeat(40)) })).toBe("review-not-clean");
  expect(await refusal({ rounds: [...MAJOR, []], tamper: checked("b".repeat(40)) })).toBe("ok: deliver");
});

test("attack 7: work is set aside only where the ticket of that run says so, with whose word", async () => {
  const by = "maintainer (GitHub user 1)";
  const retried = { kind: "item_retried" as const, data: { sessionId: null, phase: "review" as const, by } };
  const after = (events: readonly RecordEvent[]): RecordEvent[] => events.flatMap((event): RecordEvent[] => (event.kind === "run_opened" ? [event, retried] : [event]));
  const tamper: Script["tamper"] = (stream, events) => (stream.startsWith("item/") ? after(events) : [...events]);
  expect(await refusal({ tamper })).toBe("unvouched-approval");
  const asked = makeTicket({ retry: { phase: "review" } });
  expect(await refusal({ tamper, ...asked, judgedTicket: asked })).toBe("ok: deliver");
  const other = makeTicket({ retry: { phase: "code" } });
  expect(await refusal({ tamper, ...other, judgedTicket: other })).toBe("unvouched-approval");
  const twice: Script["tamper"] = (stream, events) => (stream.startsWith("item/") ? after(after(events)) : [...events]);
  expect(await refusal({ tamper: twice, ...asked, judgedTicket: asked })).toBe("unvouched-approval");
});

test("attack 7: one dispatch opens an item again once, however many runs came of it and however its ticket is written", async () => {
  const asked = makeTicket({ retry: { phase: "review" } });
  const retried = { kind: "item_retried" as const, data: { sessionId: null, phase: "review" as const, by: "maintainer (GitHub user 1)" } };
  const after = (ticketOfFirst: string, first: readonly RecordEvent[]): Script["tamper"] => (stream, events) =>
    stream.startsWith("item/") ? events.flatMap((event): RecordEvent[] => (event.kind === "run_opened" ? [{ ...event, data: { ...event.data, runId: 1, ticket: ticketOfFirst } }, ...first, event, retried] : [event])) : [...events];
  const judgedAfter = (ticketOfFirst: string, first: readonly RecordEvent[] = [retried]) => refusal({ tamper: after(ticketOfFirst, first), ...asked, judgedTicket: asked });
  expect(await judgedAfter(asked.ticketText, [])).toBe("ok: deliver");
  expect(await judgedAfter(anotherTicket(asked.ticketText, { key: "f".repeat(32) }))).toBe("ok: deliver");
  for (const again of [asked.ticketText, `${asked.ticketText}\n`, anotherTicket(asked.ticketText, { expiresAt: "2030-01-01T00:00:00.000Z" })]) expect(await judgedAfter(again)).toBe("unvouched-approval");
});

describe("attack 7: another try goes on from before the session that the pipeline names", () => {
  const asked = makeTicket({ retry: { phase: "review" } });
  const stopped = { kind: "item_ended" as const, data: { outcome: "stopped" as const, ending: "review-blocking" as const, reason: null, snapshot: null } };
  /** A first run ends with the first review, this one is another try. */
  const tamper = (sessionId: string | null, between: (own: Extract<RecordEvent, { kind: "run_opened" }>, retried: (from: string | null) => RecordEvent) => readonly RecordEvent[] = () => []): Script["tamper"] => {
    let own: Extract<RecordEvent, { kind: "run_opened" }> | null = null;
    const retried = (from: string | null) => ({ kind: "item_retried" as const, data: { sessionId: from, phase: "review" as const, by: "maintainer (GitHub user 1)" } });
    const of = (event: RecordEvent): readonly RecordEvent[] => {
      if (event.kind === "run_opened") return [{ ...(own = event), data: { ...event.data, runId: 1, ticket: ticketText } }];
      if (own === null || event.kind !== "session_concluded" || event.data.sessionId !== "review-1") return [event];
      return [event, stopped, ...between(own, retried), own, retried(sessionId)];
    };
    return (stream, events) => (stream.startsWith("item/") ? events.flatMap(of) : events);
  };
  const judgedFrom = (...change: Parameters<typeof tamper>) => refusal({ rounds: [...MAJOR, []], tamper: tamper(...change), ...asked, judgedTicket: asked });

  test.each([
    ["review-1", "ok: deliver"],
    ["code-1", "unvouched-approval"],
    ["classify-1", "unvouched-approval"],
    ["no-session", "unvouched-approval"],
    [null, "unvouched-approval"],
  ])("from %s: %s", async (sessionId, judgement) => {
    expect(await judgedFrom(sessionId)).toBe(judgement);
  });

  test("a run that was turned away sets nothing aside, and the next one does", async () => {
    const other = anotherTicket(asked.ticketText, { key: "f".repeat(32) });
    expect(await judgedFrom("review-1", (own, retried) => [{ ...own, data: { ...own.data, runId: 2, ticket: other } }, retried(null), stopped])).toBe("ok: deliver");
  });
});

describe("attack 14: delivered, followed up, delivered", () => {
  const headSha = "c".repeat(40);
  const followUp = { because: "review" as const, headSha, pullNumber: 5, reviewId: 9 };
  const said = { because: "review" as const, by: "maintainer (GitHub user 1)", headSha, reviewId: 9, findings: [{ summary: "red" }] };
  const again = (change: Partial<typeof said> & { readonly named?: string[] }, asked: ReturnType<typeof makeTicket> = makeTicket({ followUp }), of = asked) =>
    judged({ rounds: [[], []], tamper: workedOnAgain({ ticketFor: () => of.ticketText, said: { ...said, ...change } }), ...asked, judgedTicket: asked });
  const refusedAs = async (...all: Parameters<typeof again>): Promise<string> => {
    const judgement = await again(...all);
    return judgement.ok ? `ok: ${judgement.value.kind}` : judgement.error.kind;
  };

  test("the second delivery comes after the commit of the first", async () => {
    expect(await again({})).toMatchObject({ ok: true, value: { kind: "deliver", view: { followUps: [{ headSha, reviewId: 9, tree: "a".repeat(40), round: 1 }] } } });
  });

  test("under the ticket of this run, or of an earlier one of the item", async () => {
    const goesOn = makeTicket({ key: "e".repeat(32) });
    expect(await refusedAs({}, goesOn, makeTicket({ followUp }))).toBe("ok: deliver");
    expect(await refusedAs({}, goesOn)).toBe("unvouched-approval");
  });

  test.each<[string, Parameters<typeof again>[0]]>([
    ["another commit", { headSha: "d".repeat(40) }],
    ["another review", { reviewId: 8 }],
    ["somebody else's word", { by: "mallory (GitHub user 666)" }],
    ["findings that nobody named", { named: ["abcdef01"] }],
  ])("refused with %s", async (_, change) => {
    expect(await refusedAs(change)).toBe("unvouched-approval");
  });

  test("a record of before it told which review is taken for the ticket's", async () => {
    const { reviewId: _, ...old } = said;
    const asked = makeTicket({ followUp });
    expect(await refusal({ rounds: [[], []], tamper: workedOnAgain({ ticketFor: (own) => own, said: old }), ...asked, judgedTicket: asked })).toBe("ok: deliver");
  });
});

test("attack 14: what was delivered is worked on again only where the ticket of that run says so, from its commit, in its name", async () => {
  const by = "maintainer (GitHub user 1)";
  const headSha = "c".repeat(40);
  const followedUp = { kind: "item_followed_up" as const, data: { because: "ci" as const, by, headSha, findings: [{ summary: "red" }] } };
  const tamper: Script["tamper"] = (stream, events) => (stream.startsWith("item/") ? events.flatMap((event): RecordEvent[] => (event.kind === "run_opened" ? [event, followedUp] : [event])) : [...events]);
  expect(await refusal({ tamper })).toBe("unvouched-approval");
  const followUp = { because: "ci" as const, headSha, pullNumber: 5 };
  const asked = makeTicket({ followUp });
  expect(await refusal({ tamper, ...asked, judgedTicket: asked })).toBe("ok: deliver");
  for (const wrong of [{ ...followUp, headSha: "d".repeat(40) }, { ...followUp, because: "review" as const }]) {
    const other = makeTicket({ followUp: wrong });
    expect(await refusal({ tamper, ...other, judgedTicket: other })).toBe("unvouched-approval");
  }
});

test("I9: a delivery is merged only with the commit that the ticket of that run names", async () => {
  const by = "maintainer (GitHub user 1)";
  const headSha = "c".repeat(40);
  const onto = "9".repeat(40);
  const followUp = { because: "conflict" as const, headSha, pullNumber: 5, onto };
  const merged = (sha: string): Script["tamper"] => (stream, events) => {
    if (!stream.startsWith("item/")) return [...events];
    const snapshot = { base: sha, tree: "7".repeat(40), manifest: "e".repeat(64), changedFiles: 1 };
    return events.flatMap((event): RecordEvent[] => (event.kind === "run_opened" ? [event, { kind: "item_followed_up", data: { because: "conflict", by, headSha, findings: [{ summary: "it conflicts" }], onto: { base: { ref: "main", sha }, snapshot, conflicts: [{ path: "a", kind: "markers" }] } } }] : [event]));
  };
  const asked = makeTicket({ followUp });
  expect(await refusal({ tamper: merged(onto), ...asked, judgedTicket: asked })).toBe("ok: deliver");
  expect(await refusal({ tamper: merged("8".repeat(40)), ...asked, judgedTicket: asked })).toBe("unvouched-approval");
  const other = makeTicket({ followUp: { because: "ci", headSha, pullNumber: 5, onto } });
  expect(await refusal({ tamper: merged(onto), ...other, judgedTicket: other })).toBe("unvouched-approval");
});
