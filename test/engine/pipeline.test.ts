import { describe, expect, test } from "vitest";
import { foldItem, next, type ItemAction } from "../../src/engine/pipeline/index.ts";
import type { ItemEvent } from "../../src/record/index.ts";
import { classification, classify, code, history, historyWithIdentity, review, scheduled, short, snapshot, verdict, type Step } from "./item-history.ts";

const act = (...steps: readonly Step[]): ItemAction => next(foldItem(history(...steps)));
describe("the pipeline of items that were opened before there were modes", () => {
  test.each<{ after: string; steps: readonly Step[]; expected: string }>([
    { after: "nothing", steps: [], expected: "classify 1" },
    { after: "classification", steps: [classify], expected: "code 1" },
    { after: "a classification that is missing", steps: [{ phase: "classify" }], expected: "stop no-verdict" },
    { after: "a classification that is not one", steps: [{ phase: "classify", artifacts: [{ ...classification, value: { taskComplexity: "tiny" } }] }], expected: "stop no-verdict" },
    { after: "code", steps: [classify, code], expected: "review 1" },
    { after: "code that changed nothing", steps: [classify, { phase: "code" }], expected: "stop nothing-to-do" },
    { after: "code that changed and reverted", steps: [classify, { phase: "code", snapshot: { ...snapshot, changedFiles: 0 } }], expected: "stop nothing-to-do" },
    { after: "a clean review", steps: [classify, code, review(1, verdict("clean"))], expected: "deliver" },
    { after: "a review with nits only", steps: [classify, code, review(1, verdict("clean", "nit"))], expected: "deliver" },
    { after: "a minor finding", steps: [classify, code, review(1, verdict("minor", "minor"))], expected: "fix 2" },
    { after: "a blocking finding", steps: [classify, code, review(1, verdict("blocking", "critical"))], expected: "fix 2" },
    { after: "a verdict milder than its findings", steps: [classify, code, review(1, verdict("clean", "major"))], expected: "fix 2|stop no-verdict" },
    { after: "a verdict stricter than its findings", steps: [classify, code, review(1, verdict("blocking"))], expected: "fix 2" },
    { after: "a review without a verdict", steps: [classify, code, review(1)], expected: "stop no-verdict" },
    { after: "a fix", steps: [classify, code, review(1, verdict("minor", "minor")), { phase: "fix", round: 2, snapshot }], expected: "review 2" },
    {
      after: "the last round with findings left",
      steps: [classify, code, review(1, verdict("minor", "minor")), { phase: "fix", round: 2, snapshot }, review(2, verdict("minor", "minor")), { phase: "fix", round: 3, snapshot }, review(3, verdict("minor", "minor"))],
      expected: "stop review-blocking",
    },
    { after: "red tests", steps: [classify, { phase: "code", outcome: "blocked", code: "verification-failed", snapshot }], expected: "stop tests-red" },
    { after: "a model that stopped", steps: [classify, { phase: "code", outcome: "stopped", code: "stopped_without_completing", snapshot }], expected: "stop not-completed" },
    { after: "a spent budget", steps: [classify, { phase: "code", outcome: "stopped", code: "budget_cost" }], expected: "stop budget" },
    { after: "a refusal", steps: [{ phase: "classify", outcome: "stopped", code: "refused" }], expected: "stop model-refused" },
    { after: "the provider's spend limit", steps: [{ phase: "classify", outcome: "stopped", code: "model_spend_limit" }], expected: "stop model-spend-limit" },
    { after: "spent tool time", steps: [classify, { phase: "code", outcome: "stopped", code: "budget_tool_time" }], expected: "stop budget" },
    { after: "a model that went in circles", steps: [classify, { phase: "code", outcome: "stopped", code: "stuck", snapshot }], expected: "stop not-completed" },
    { after: "a model that got nowhere", steps: [classify, { phase: "code", outcome: "stopped", code: "no_progress", snapshot }], expected: "stop not-completed" },
    { after: "a task that fills the model's context", steps: [classify, { phase: "code", outcome: "stopped", code: "context_full" }], expected: "stop not-completed" },
    { after: "a model that fell silent", steps: [classify, { phase: "code", outcome: "stopped", code: "stalled" }], expected: "stop model-unavailable" },
    { after: "a review that went in circles", steps: [classify, code, { phase: "review", outcome: "stopped", code: "stuck" }], expected: "stop not-completed" },
    { after: "a review that did not complete", steps: [classify, code, { phase: "review", outcome: "stopped", code: "malformed_turns" }], expected: "stop not-completed" },
  ])("after $after: $expected", ({ steps, expected }) => {
    expect(expected.split("|")).toContain(short(act(...steps)));
  });

  test("a session that was scheduled and not concluded is resumed, whatever came before", () => {
    const events = [...history(classify), scheduled({ phase: "code" }, 5)];
    expect(next(foldItem(events))).toMatchObject({ kind: "resume-session", session: { sessionId: "s-5" } });
  });

  test("an item that ended stays ended", () => {
    const ended: ItemEvent = { kind: "item_ended", data: { outcome: "deliver", ending: "ready", reason: null, snapshot } };
    expect(next(foldItem([...history(classify, code, review(1, verdict("clean"))), ended]))).toEqual({ kind: "ended" });
  });

  test("I7: only a completed session changes what is delivered", () => {
    const half: Step = { phase: "fix", round: 2, outcome: "stopped", code: "budget_turns", snapshot: { ...snapshot, tree: "f".repeat(40) } };
    const state = foldItem(history(classify, code, review(1, verdict("minor", "minor")), half));
    expect(state.snapshot).toEqual(snapshot);
  });

  test("a fix is a coding session that is given the findings", () => {
    const action = act(classify, code, review(1, verdict("minor", "minor")));
    expect(action).toMatchObject({ kind: "run-session", workflowId: "wr.coding-task", context: { findings: [{ severity: "minor", file: "src/a.js" }] } });
  });

  test("a finding that comes again is told to the fix as one that was not mended, by items that know findings again", () => {
    const steps = [classify, code, review(1, verdict("minor", "minor")), { phase: "fix" as const, round: 2, snapshot }, review(2, verdict("blocking", "minor", "major"))];
    const findings = (events: readonly ItemEvent[]) => {
      const action = next(foldItem(events));
      return action.kind === "run-session" ? action.context["findings"] : action.kind;
    };
    expect(findings(historyWithIdentity(...steps))).toMatchObject([{ severity: "minor", foundBefore: expect.stringMatching(/^Found in round 1 as well/) }, expect.not.objectContaining({ foundBefore: expect.anything() })]);
    expect(JSON.stringify(findings(history(...steps)))).not.toContain("foundBefore");
  });

  test("every stop has a reason and a cure", () => {
    const action = act(classify, { phase: "code", outcome: "blocked", code: "verification-failed", snapshot });
    expect(action).toMatchObject({ kind: "stop", reason: { code: "verification-failed", message: expect.stringContaining("because"), fix: expect.stringMatching(/start it again/) } });
  });
});
