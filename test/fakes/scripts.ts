/** Short scripts for the model that is played: the least that brings the demo's repository from its issue to a change. */
import type { AnswerBlock } from "../../src/hosts/demo/model/answer.ts";
import type { Turn, View } from "../../src/hosts/demo/model/player.ts";
import type { Scenario } from "../../src/hosts/demo/model/index.ts";
import type { Json } from "../../src/shared/json.ts";

/** What the model says in each kind of session of one issue. */
export interface Script {
  readonly classify: readonly Turn[];
  readonly code: readonly Turn[];
  readonly fix: readonly Turn[];
  readonly review: readonly Turn[];
  readonly audit: readonly Turn[];
}

export const text = (words: string): AnswerBlock => ({ type: "text", text: words });
export const use = (name: string, input: Json): AnswerBlock => ({ type: "tool_use", name, input });
export const completeStep = (notes: string, contractRef?: string, value?: Json): AnswerBlock =>
  use("complete_step", { notes, artifacts: contractRef === undefined ? [] : [{ contractRef, value: value ?? null }], context: {} });

const classification = (deduplicationKey: string): Json => ({
  taskKind: "feature",
  taskComplexity: "small",
  riskLevel: "medium",
  hasUi: false,
  touchesArchitecture: false,
  taskMaturity: "ready",
  interpretation: "Durations must be rounded before they are split into parts.",
  ambiguities: [],
  deduplicationKey,
});
/** @param key by which other issues are known as the same work */
export const classify = (key: string): readonly Turn[] => [[completeStep("The code is src/format.js.")], [completeStep("Small.", "wr.contracts.classification", classification(key))]];

const FORMAT = "src/format.js";
/** Mends the bug of the demo's repository. */
export const mend: Turn = [
  use("read", { path: FORMAT }),
  use("edit", { path: FORMAT, old_string: "formatDuration(totalSeconds) {\n", new_string: "formatDuration(exactSeconds) {\n  const totalSeconds = Math.round(exactSeconds);\n" }),
];

export const handOver = completeStep("Handed over.", "wr.contracts.coding_handoff", {
  prTitle: "Round durations before splitting them",
  prBody: "The whole duration is rounded first.",
  commitSubject: "Round durations before splitting them",
  filesChanged: [FORMAT],
  testsAdded: [],
  sideEffects: [],
});

export const verdict = (findings: readonly Json[]): AnswerBlock =>
  completeStep("Judged.", "wr.contracts.review_verdict", { verdict: findings.length === 0 ? "clean" : "blocking", confidence: "high", summary: "Read the change and ran the tests.", findings: [...findings] });

const result = completeStep("Looked.", "wr.contracts.coordinator_result", { outcome: "success", summary: "A pure function: nothing else can go wrong." });

/** Straight to a good change that a reviewer finds nothing in. */
export const straight: Script = {
  classify: classify("round-durations"),
  code: [[completeStep("Rounding comes after the split.")], mend, [completeStep("Rounded first.")], [completeStep("All tests pass.")], [handOver]],
  fix: [[completeStep("The finding does not hold.")], [completeStep("Nothing to change.")], [completeStep("All tests pass.")], [handOver]],
  review: [[completeStep("Read and traced it.")], [verdict([])]],
  audit: [
    [use("complete_step", { notes: "One pure function.", artifacts: [], context: { surface: "formatDuration of src/format.js: a pure function from seconds to a text." } })],
    [result],
    [completeStep("Nothing to confirm.")],
    [verdict([])],
  ],
};

/**
 * A scenario that plays the script of the issue a conversation is about.
 * @param scripts by issue title; what one leaves out is played straight
 */
export function scenarioByIssue(scripts: Readonly<Record<string, Partial<Script>>>): Scenario {
  const play = (kind: (view: View) => keyof Script) => (view: View): Turn => {
    const title = Object.keys(scripts).find((each) => view.firstMessage.includes(each));
    if (title === undefined) throw new Error(`No script for this conversation: ${view.firstMessage.slice(0, 300)}`);
    // Issues of one world are not each other's duplicates.
    const script = { ...straight, classify: classify(`task ${Object.keys(scripts).indexOf(title)}`), ...scripts[title] };
    return script[kind(view)][view.turnIndex] ?? [text("I have nothing left to say.")];
  };
  return {
    turns: {
      "wr.classify-task": play(() => "classify"),
      "wr.coding-task": play((view) => (view.firstMessage.includes("(resolve-findings)") ? "fix" : "code")),
      "wr.mr-review": play(() => "review"),
      "wr.production-readiness-audit": play(() => "audit"),
      "wr.role-researcher": [[result]],
    },
  };
}
