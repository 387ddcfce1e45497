import { describe, expect, test } from "vitest";
import { foldItem, next } from "../../src/engine/pipeline/index.ts";
import type { PipelinePolicy } from "../../src/record/index.ts";
import type { Json } from "../../src/shared/json.ts";
import { classified, handover, judged, playItem, snapshot, verdict, type Outcome } from "./item-history.ts";

const THIRD: PipelinePolicy = { mode: "auto", confirm: "never", rules: 3 };
const SECOND: PipelinePolicy = { ...THIRD, rules: 2 };
const artifact = (contractRef: string, value: Json): Outcome => ({ artifacts: [{ contractRef, value }] });
const direction = artifact("wr.contracts.discovery_handoff", { selectedDirection: "in place" });
const pitch: Outcome = { ...artifact("wr.contracts.shaping_handoff", { pitchPath: "docs/pitch.md" }), snapshot, changed: ["docs/pitch.md"] };
const spec = artifact("interface_spec", { screens: [] });
const sure = artifact("wr.contracts.investigation", { rootCause: "rounding after the split", hypothesisConfidence: 0.9, severity: "high" });
const last = (played: ReturnType<typeof playItem>) => next(foldItem(played.events));
const workflowsOf = (played: ReturnType<typeof playItem>): readonly string[] => played.events.flatMap((event) => (event.kind === "session_scheduled" ? [event.data.workflowId] : []));

describe("a person confirms what a classifier leaves out", () => {
  test.each<[PipelinePolicy["confirm"], Readonly<Record<string, Json>>, boolean]>([
    ["ambiguous", {}, true],
    ["risky", { riskLevel: "low" }, true],
    ["risky", { ambiguities: [] }, true],
    ["risky", { ambiguities: [], riskLevel: "low" }, false],
    ["never", {}, false],
  ])("I9: %s, and a classifier of the team's own that says only %j: %s", (confirm, said, asks) => {
    const path = (rules: 2 | 3): readonly string[] => playItem({ mode: "quick", confirm, rules }, [artifact("wr.contracts.classification", said)]).path;
    expect(path(3).includes("ask")).toBe(asks);
    expect(path(2)).not.toContain("ask");
  });
});

describe("a verdict without a finding stands for one", () => {
  const change = [classified(), handover()];
  const { summary } = verdict("minor").value;

  test("the fix is told its words, and so is the stop", () => {
    const played = playItem(THIRD, [...change, judged("minor"), handover(), judged("minor", "nit"), handover(), judged("minor")]);
    expect(played.path.slice(4)).toEqual(["fix 2", "review 2", "fix 3", "review 3", "stop review-blocking"]);
    expect(last(playItem(THIRD, [...change, judged("minor")]))).toMatchObject({ phase: "fix", context: { findings: [{ severity: "minor", summary }] } });
    expect(last(playItem(THIRD, [...change, judged("blocking"), judged("clean")]))).toMatchObject({ phase: "fix", context: { findings: [{ severity: "major", summary }] } });
    expect(last(played)).toMatchObject({ reason: { message: expect.stringContaining(`open findings: minor: ${summary}`) } });
  });

  test("what was opened before goes on as it began", () => {
    expect(last(playItem(SECOND, [...change, judged("minor")]))).toMatchObject({ phase: "fix", context: { findings: [] } });
  });
});

describe("what people see is designed, whatever the mode; an idea is no refactoring yet", () => {
  const [refactoring, bug] = [{ taskKind: "refactoring", taskComplexity: "medium" }, { taskKind: "bug", taskMaturity: "specced", taskComplexity: "medium" }];
  test.each<{ name: string; outcomes: readonly Outcome[]; third: readonly string[]; second: readonly string[] }>([
    { name: "a bug with a UI", outcomes: [classified({ ...bug, hasUi: true }), sure, spec], third: ["wr.bug-investigation", "wr.ui-ux-design", "wr.coding-task"], second: ["wr.bug-investigation", "wr.coding-task"] },
    { name: "a bug without one", outcomes: [classified(bug), sure], third: ["wr.bug-investigation", "wr.coding-task"], second: ["wr.bug-investigation", "wr.coding-task"] },
    { name: "a refactoring that is an idea, of the architecture", outcomes: [classified({ ...refactoring, taskMaturity: "idea", touchesArchitecture: true }), direction, pitch], third: ["wr.discovery", "wr.shaping", "wr.refactoring"], second: ["wr.discovery", "wr.refactoring"] },
    { name: "a rough refactoring of the architecture", outcomes: [classified({ ...refactoring, taskMaturity: "rough", touchesArchitecture: true }), pitch, direction], third: ["wr.shaping", "wr.discovery", "wr.refactoring"], second: [] },
    { name: "a clear one, however large", outcomes: [classified({ ...refactoring, taskComplexity: "large" })], third: ["wr.refactoring"], second: ["wr.refactoring"] },
  ])("$name", ({ outcomes, third, second }) => {
    const ran = (policy: PipelinePolicy): readonly string[] => {
      const played = playItem(policy, outcomes);
      const action = last(played);
      return [...workflowsOf(played).slice(1), ...(action.kind === "run-session" ? [action.workflowId] : [])];
    };
    expect(ran(THIRD)).toEqual(third);
    if (second.length > 0) expect(ran(SECOND).slice(0, second.length)).toEqual(second);
  });
});
