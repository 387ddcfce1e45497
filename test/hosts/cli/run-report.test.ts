/** Does what a run says at its end tell how to go on, and what it cost? */
import { expect, test } from "vitest";
import { runReport, type RunReport } from "../../../src/hosts/cli/run/run-report.ts";
import { fixOf, foldItem } from "../../../src/engine/pipeline/index.ts";
import type { EndingCode, ItemEvent } from "../../../src/record/index.ts";

const scheduled = (sessionId: string): ItemEvent => ({ kind: "session_scheduled", data: { phase: "code", round: 1, sessionId, workflowId: "wr.x", goal: "g", context: {} } });
const usage = { inputTokens: 10, outputTokens: 5, cacheReadTokens: 0, cacheWriteTokens: 0 };
const concluded = (sessionId: string): ItemEvent => ({
  kind: "session_concluded",
  data: { phase: "code", round: 1, sessionId, outcome: "completed", reason: null, artifacts: [], head: { seq: 1, hash: "a".repeat(64) }, turns: 2, usage, costMicroUsd: 1_000, tokens: 15, snapshot: null },
});

function parked(code: string): RunReport {
  return {
    place: { id: "0/task-1/1", name: "task-1", directory: "/data/task-1" },
    source: "/clone",
    data: { directory: "/data", usual: "/data" },
    result: {
      ending: "budget",
      reason: { code, message: "It is used up.", fix: "" },
      state: foldItem([scheduled("code-1"), concluded("code-1"), scheduled("code-2")]),
      spent: { turns: 3, tokens: 115, inputTokens: 100, outputTokens: 15, costMicroUsd: 41_000, unansweredMicroUsd: 30_000, workedMs: 1, toolMs: 0 },
      estimate: null,
    },
    branch: null,
    sandbox: "bubblewrap",
    undelivered: [],
    leftOut: [],
  };
}

test.each([
  ["budget_turns", "--max-turns N"],
  ["budget_tokens", "--max-tokens N"],
  ["budget_input_tokens", "--max-input-tokens N"],
  ["budget_output_tokens", "--max-output-tokens N"],
  ["budget_cost", "--max-cost USD"],
  ["budget_time", "--max-minutes N"],
  ["budget_tool_time", "--max-tool-minutes N"],
])("what %s stopped goes on with %s", (code, flag) => {
  expect(runReport(parked(code)).data).toMatchObject({ resume: `worktrain resume task-1 ${flag}` });
});

test("what has stopped names the command that goes back in it, and the one for another text; what is over only the latter", () => {
  const stopped = (ending: EndingCode): RunReport => {
    const report = parked("any");
    const end: ItemEvent = { kind: "item_ended", data: { outcome: "stopped", ending, reason: null, snapshot: null } };
    return { ...report, result: { ...report.result, ending, reason: { code: ending, message: "It cannot be routed.", fix: "Say what it is." }, state: foldItem([scheduled("code-1"), concluded("code-1"), end]) } };
  };
  const unclear = runReport(stopped("unclear"));
  expect(unclear).toMatchObject({ exitCode: 1, data: { resume: "worktrain resume task-1" } });
  expect(unclear.text).toContain("Stopped (unclear): It cannot be routed. Say what it is.\nTo go on with it once that is settled: `worktrain resume task-1 --tell TEXT`. It goes back to before its latest phase, with --from PHASE to before that one.\nWith another text it is a new task: worktrain run --workspace /clone --goal TEXT.");
  expect(unclear.text).not.toContain("Nothing is lost");
  const over = runReport(stopped("duplicate"));
  expect(over).toMatchObject({ exitCode: 1, data: { resume: null } });
  expect(over.text).toContain("With another text it is a new task");
  expect(over.text).not.toContain("worktrain resume");
});

test("a session that was left in the middle is shown with what it spent", () => {
  expect(runReport(parked("budget_cost")).data).toMatchObject({
    costUsd: 0.041,
    sessions: [
      { id: "code-1", outcome: "completed", turns: 2, tokens: 15, costUsd: 0.001 },
      { id: "code-2", outcome: "open", turns: 1, tokens: 100, costUsd: 0.04 },
    ],
  });
});

test("what may not have been billed is told apart from what was", () => {
  const report = parked("cancelled");
  expect(report.result.spent.unansweredMicroUsd).toBe(30_000);
  expect(runReport(report)).toMatchObject({ text: expect.stringContaining("$0.0410, at most $0.0300 of it for requests that were not answered."), data: { costUsd: 0.041, unansweredUsd: 0.03 } });
  expect(runReport({ ...report, result: { ...report.result, spent: { ...report.result.spent, unansweredMicroUsd: 0 } } }).text).not.toContain("not answered");
});

test("a model that could not be asked: later, where waiting helps; what to mend, where it does not", () => {
  expect(fixOf("model_unavailable")).toContain("later");
  expect(fixOf("model_rejected")).toContain("Mend");
  expect(fixOf("model_rejected")).not.toContain("later");
});
