import { expect, test } from "vitest";
import type { Recorded, SessionEvent } from "../../src/record/index.ts";
import { sessionTimeline, traceLine } from "../../src/report/index.ts";

const recorded = (events: readonly SessionEvent[]): Recorded<SessionEvent>[] =>
  events.map((event, index) => ({ ...event, stream: "session/s", seq: index + 1, epoch: 1, at: "2026-01-01T00:00:00.000Z" }));

test("fault 61: the timeline tells what a person said, what we nudged for, and why the agent left; not each reminder and turn", () => {
  const events: SessionEvent[] = [
    { kind: "steered", data: { turn: 1, source: "reminder", text: "Not completed." } },
    { kind: "steered", data: { turn: 2, source: "person", text: "Use tabs.\nAlways." } },
    { kind: "steered", data: { turn: 3, source: "nudge", text: "This was the same call." } },
    { kind: "agent_ended", data: { conversation: 1, code: "budget_cost", message: "The next turn could pass the budget." } },
    { kind: "agent_ended", data: { conversation: 1, code: "stuck", message: "There was the same call." } },
    { kind: "agent_ended", data: { conversation: 1, code: "completed", message: "The work was completed." } },
  ];
  expect(sessionTimeline(recorded(events)).map(({ text }) => text)).toEqual([
    "told by a person: Use tabs.",
    "nudged: This was the same call.",
    "the agent left (budget_cost): The next turn could pass the budget.",
    "the agent left (stuck): There was the same call.",
  ]);
});

test("a line of the trace says what the condition came to, which is not always what was decided", () => {
  const seen = { condition: { var: "done" }, values: { done: false } };
  expect(traceLine({ stepId: "fix", decision: "skipped", ...seen, holds: false })).toBe('skipped fix because {"var":"done"} is false for {"done":false}');
  expect(traceLine({ stepId: "until-done", decision: "offered", ...seen, holds: false, reason: "it runs until that holds" })).toBe('offered until-done because {"var":"done"} is false for {"done":false} (it runs until that holds)');
  expect(traceLine({ stepId: "old-log", decision: "offered", ...seen })).toBe('offered old-log, looking at {"var":"done"} for {"done":false}');
});
