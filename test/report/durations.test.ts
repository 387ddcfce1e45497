import { expect, test } from "vitest";
import type { Recorded, SessionEvent } from "../../src/record/index.ts";
import { sessionDurations } from "../../src/report/index.ts";

/** @param at seconds, and the epoch of each */
const recorded = (events: readonly (readonly [number, SessionEvent, number?])[]): readonly Recorded<SessionEvent>[] =>
  events.map(([at, event, epoch = 1], index) => ({ ...event, stream: "session/s", seq: index + 1, epoch, at: new Date(1_700_000_000_000 + at * 1_000).toISOString() }));

const started: SessionEvent = { kind: "session_started", data: { sessionId: "s", itemId: null, parentSessionId: null, phase: null, workflow: { id: "w", version: "1.0.0" }, plan: "0".repeat(64), goal: "g", context: {}, autonomy: "guided" } };
const offered = (nodeId: string, stepId: string): SessionEvent => ({ kind: "step_offered", data: { nodeId, parentNodeId: null, stepId, trace: [] } });
const completed = (nodeId: string, stepId: string): SessionEvent => ({ kind: "step_completed", data: { nodeId, stepId } });

test("time at work: not between runs, not while a person is waited for, and not by a clock that was set back", () => {
  const told = sessionDurations(
    "s",
    recorded([
      [0, started],
      [0, offered("n1", "one")],
      [10, { kind: "step_submitted", data: { nodeId: "n1", attempt: 2, output: { notes: "", artifacts: [], context: {} } } }],
      [10, { kind: "verification_requested", data: { nodeId: "n1", requestId: "v", command: "npm test" } }],
      [14, { kind: "verification_finished", data: { nodeId: "n1", requestId: "v", exitCode: 0, timedOut: false, outputTail: "", durationMs: 3_500, sandbox: "weak" } }],
      [14, { kind: "gate_opened", data: { nodeId: "n1", gate: "human_approval", question: "?" } }],
      [5_000, { kind: "gate_resolved", data: { nodeId: "n1", verdict: "approved", reason: "r", by: "b" } }, 2],
      [5_000, completed("n1", "one"), 2],
      [5_000, offered("n2", "two"), 2],
      [4_000, { kind: "turn_completed", data: { turn: 1, turnKey: "k", content: [], stopReason: "end_turn", usage: { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 }, requestId: null, costMicroUsd: 7 } }, 2],
      [4_002, completed("n2", "two"), 2],
      [4_002, { kind: "session_ended", data: { outcome: "completed", reason: null } }, 2],
    ]),
  );
  expect(told).toEqual({
    sessionId: "s",
    workflow: { id: "w", version: "1.0.0" },
    outcome: "completed",
    ms: 16_000,
    turns: 1,
    costMicroUsd: 7,
    steps: [
      { stepId: "one", ms: 14_000, attempts: 2 },
      { stepId: "two", ms: 2_000, attempts: 0 },
    ],
    verifications: [{ command: "npm test", ms: 3_500, timedOut: false }],
    clockJumps: 1,
  });
});
