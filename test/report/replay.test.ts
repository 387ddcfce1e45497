/** Replaying: the same log gives the same decisions, and any other is told with its place. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { openDirectoryReader, type JournalReader } from "../../src/journal/index.ts";
import { itemStream, type Recorded, type SessionEvent } from "../../src/record/index.ts";
import { readItemJournal, replayItem, replaySession, together, type Replayed } from "../../src/report/index.ts";
import { readSession } from "../../src/session/index.ts";
import { nodeFileSystem } from "../../src/shared/node-ports.ts";
import { classification, cleanReview, completeStep, handoff, ITEM, itemWorld, majorFinding, write, type ItemWorld } from "../coordinator/item-world.ts";

const GOLDEN = join(import.meta.dirname, "..", "golden");
const versions = readdirSync(GOLDEN, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);

const sessionEvents = async (reader: JournalReader, stream: string) => (await reader.read(stream)) as readonly Recorded<SessionEvent>[];
async function replayStream(reader: JournalReader, stream: string, change: (events: readonly Recorded<SessionEvent>[]) => readonly Recorded<SessionEvent>[] = (events) => events): Promise<Replayed> {
  const { plan } = await readSession(reader, stream.slice("session/".length));
  return replaySession(plan, change(await sessionEvents(reader, stream)));
}

/**
 * Decisions that WorkTrain made otherwise then, by stream and seq. 0.1 as it stands in the golden log completed a step whose jump had
 * reached its limit; now a person is asked.
 */
const DECIDED_OTHERWISE: Readonly<Record<string, readonly string[]>> = { "0.1": ["session/golden-fixture-acceptance 51"] };

describe.each(versions)("I3: the logs of WorkTrain %s", (version) => {
  const open = () => openDirectoryReader({ directory: join(GOLDEN, version, "journal"), fs: nodeFileSystem });

  test("give the same decisions, but for those that are known to have changed", async () => {
    const reader = await open();
    const streams = await reader.streams();
    const all = together(await Promise.all(streams.map((stream) => replayStream(reader, stream))));
    const otherwise = all.differences.filter(({ wordsOnly }) => !wordsOnly).map(({ stream, seq }) => `${stream} ${seq}`);
    expect(otherwise).toEqual(DECIDED_OTHERWISE[version] ?? []);
    const events = (await Promise.all(streams.map((stream) => reader.read(stream)))).flat();
    expect(all.recomputed).toBe(events.length);
  });

  test("with any event that the engine decided left out, or another put in its place, show where", async () => {
    const reader = await open();
    for (const stream of await reader.streams()) {
      const events = await sessionEvents(reader, stream);
      const before = new Set((await replayStream(reader, stream)).differences.map(({ seq }) => seq));
      for (const [index, event] of events.entries()) {
        const decided = !["session_started", "step_submitted", "rewound", "checkpoint_made", "gate_resolved", "context_gathered", "child_finished", "verification_finished"].includes(event.kind);
        if (before.has(event.seq) || before.has(event.seq + 1) || !decided || index === events.length - 1) continue;
        const { differences } = await replayStream(reader, stream, (all) => all.toSpliced(index, 1));
        expect(differences.find(({ seq }) => !before.has(seq)), `${stream} without seq ${event.seq} (${event.kind})`).toMatchObject({ stream, seq: event.seq + 1 });
      }
    }
  });
});

describe("a work item", () => {
  let world: ItemWorld;
  afterEach(() => world.model.close());
  const play = async (): Promise<void> => {
    const rounds = [majorFinding, cleanReview];
    world = await itemWorld({ turns: { "wr.classify-task": [classification], "wr.coding-task": ({ turnIndex }) => (turnIndex === 0 ? write(`${rounds.length}.txt`, "mended") : turnIndex < 5 ? completeStep() : handoff), "wr.mr-review": () => rounds.shift() ?? cleanReview }, exitCode: (nth) => (nth % 2 === 0 ? 1 : 0) });
    await world.run();
  };

  test("is decided again in its own stream and in those of its sessions, and says what comes from outside", async () => {
    await play();
    const journal = await readItemJournal(world.journal, ITEM);
    const item = replayItem(journal);
    expect(item).toMatchObject({ differences: [], recomputed: journal.item.length - 2 });
    expect(item.notRecomputable).toEqual(expect.arrayContaining([{ what: "run_opened", count: 1, reason: expect.stringContaining("outside") }, { what: "ids of sessions", count: 5, reason: "they hold random bytes" }]));
    const sessions = await Promise.all([...journal.sessions.keys()].map((id) => replayStream(world.journal, `session/${id}`)));
    expect(together(sessions).differences).toEqual([]);
    expect(together(sessions).notRecomputable).toContainEqual({ what: "turn_completed", count: expect.any(Number), reason: "what the model answered comes from outside" });
  });

  test("a verdict turned to clean, a skipped review, a conclusion its session does not bear out: each is told with what should stand there", async () => {
    await play();
    const journal = await readItemJournal(world.journal, ITEM);
    const changed = (change: (event: (typeof journal.item)[number]) => (typeof journal.item)[number] | null) => replayItem({ ...journal, item: journal.item.flatMap((event) => change(event) ?? []) }).differences;

    const deliveredAtOnce = changed((event) => (event.kind === "session_scheduled" && event.data.phase === "fix" ? { ...event, kind: "item_ended", data: { outcome: "deliver", ending: "ready", reason: null, snapshot: null } } : event));
    expect(deliveredAtOnce[0]).toMatchObject({ stream: itemStream(ITEM), expected: { kind: "session_scheduled", data: { phase: "fix", round: 2 } }, found: { kind: "item_ended" }, wordsOnly: false });

    const cleared = changed((event) => (event.kind === "session_concluded" && event.data.phase === "review" ? { ...event, data: { ...event.data, artifacts: [{ contractRef: "wr.contracts.review_verdict", value: { verdict: "clean", findings: [] } }] } } : event));
    expect(cleared[0]).toMatchObject({ expected: { kind: "session_concluded", data: { artifacts: [{ value: { verdict: "blocking" } }] } } });

    const skipped = changed((event) => ("phase" in event.data && event.data.phase === "review" ? null : event));
    expect(skipped[0]).toMatchObject({ expected: { kind: "session_scheduled", data: { phase: "review" } } });

    const opened = journal.item.find(({ kind }) => kind === "run_opened");
    const [ended] = journal.item.slice(-1);
    const retried = (sessionId: string | null) => replayItem({ ...journal, item: journal.item.flatMap((event) => (event === ended && opened !== undefined ? [{ ...event, kind: "item_ended" as const, data: { outcome: "stopped" as const, ending: "review-blocking" as const, reason: null, snapshot: null } }, opened, { ...event, kind: "item_retried" as const, data: { sessionId, phase: "fix" as const, by: "ada" } }] : [event])) }).differences.at(-1);
    const fix = journal.item.findLast((event) => event.kind === "session_scheduled" && event.data.phase === "fix");
    const from = fix?.kind === "session_scheduled" ? fix.data.sessionId : null;
    for (const other of [null, "classify-1"]) expect(retried(other)).toMatchObject({ expected: { kind: "item_retried", data: { sessionId: from } }, found: { kind: "item_retried" }, wordsOnly: false });
    expect([from === null, retried(from)?.found.kind]).toEqual([false, "item_ended"]);

    const [reworded, ...more] = changed((event) => (event.kind === "session_concluded" && event.data.outcome === "completed" ? { ...event, data: { ...event.data, reason: { code: "x", message: "other" } } } : event));
    expect([reworded?.wordsOnly, more.length > 0]).toEqual([false, true]);
  });
});

test("a text that only people read is told apart from another decision", async () => {
  const reader = await openDirectoryReader({ directory: join(GOLDEN, versions[0] ?? "", "journal"), fs: nodeFileSystem });
  const stream = "session/golden-fixture-gather";
  const reword = (events: readonly Recorded<SessionEvent>[]) => events.map((event) => (event.kind === "gap_recorded" ? { ...event, data: { ...event.data, message: "In other words." } } : event.kind === "gate_opened" ? { ...event, data: { ...event.data, question: "Well?" } } : event));
  const { differences } = await replayStream(reader, stream, reword);
  expect(differences.length).toBeGreaterThan(0);
  expect(differences.every(({ wordsOnly }) => wordsOnly)).toBe(true);
});
