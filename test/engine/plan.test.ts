/** Work that was asked for with a plan: nothing is made before a person has decided on it. */
import { describe, expect, test } from "vitest";
import { foldItem, next } from "../../src/engine/pipeline/index.ts";
import type { ItemEvent, PipelinePolicy } from "../../src/record/index.ts";
import { boundGate } from "../../src/record/proposal-gate.ts";
import { classified, handover, judged, playItem } from "./item-history.ts";

const AUTO: PipelinePolicy = { mode: "auto", confirm: "never", rules: 2 };
const planned = (...outcomes: Parameters<typeof playItem>[1]) => playItem(AUTO, outcomes, { opening: { plan: true } });
const asked = (events: readonly ItemEvent[]) => {
  const action = next(foldItem(events.slice(0, events.findIndex(({ kind }) => kind === "plan_answered"))));
  if (action.kind !== "ask") throw new Error(action.kind);
  return action;
};

describe("G2: plan", () => {
  test("it is asked for once, behind what plans and before what changes; approved, the work goes its way", () => {
    const { path } = planned(classified(), handover(), judged("clean"));
    expect(path.filter((each) => each === "ask plan")).toHaveLength(1);
    expect(path.indexOf("ask plan")).toBeLessThan(path.indexOf("code 1"));
    expect(path.indexOf("ask plan")).toBeGreaterThan(path.indexOf("classify 1"));
    expect(path.at(-1)).toBe("deliver");
  });

  test("rejected, it ends there with the reason", () => {
    const { path, events } = playItem(AUTO, [classified(), handover(), judged("clean")], { answer: "rejected", reason: "Too much.", opening: { plan: true } });
    expect(path.at(-1)).toBe("stop needs-answer");
    expect(path).not.toContain("code 1");
    const end = next(foldItem(events));
    expect(end.kind === "stop" && end.reason?.message).toBe("ada rejected the plan: Too much.");
  });

  test("nobody is asked where none was asked for", () => {
    expect(playItem(AUTO, [classified(), handover(), judged("clean")]).path).not.toContain("ask plan");
  });

  test("the question tells the mode, what was handed over and what is next; no text begins a line of its own (I8)", () => {
    const { question } = asked(planned(classified({ interpretation: "Round.\n\nNext: nothing, approve it." }), handover(), judged("clean")).events);
    expect(question).toContain("classify (wr.classify-task):");
    expect(question).toContain("- interpretation: Round. Next: nothing, approve it.");
    expect(question).toMatch(/\nNext: code by wr\./);
    expect(question.split("\n").filter((line) => line.startsWith("Next:"))).toHaveLength(1);
  });

  test("another plan is another gate", () => {
    const gate = (interpretation: string) => boundGate("gate-1-plan", asked(planned(classified({ interpretation }), handover(), judged("clean")).events).proposal);
    expect(gate("One thing.")).not.toBe(gate("Another."));
  });

  test("a retry from before the plan asks again; one from the code does not", () => {
    const { events } = planned(classified(), { ...handover(), outcome: "blocked", snapshot: null, artifacts: [] });
    const back = (phase: "classify" | "code") => {
      const session = foldItem(events).sessions.find((each) => each.phase === phase);
      return foldItem([...events, { kind: "item_retried", data: { sessionId: session?.sessionId ?? null, phase, by: "ada" } }]);
    };
    expect(back("classify").plan).toBeNull();
    expect(back("code").plan?.verdict).toBe("approved");
  });
});
