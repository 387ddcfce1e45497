import { describe, expect, test } from "vitest";
import { decideGate, type GateEvidence } from "../../src/coordinator/gate-rule.ts";
import { decideSignal } from "../../src/coordinator/tools/signal-coordinator.ts";

const nothing: GateEvidence = { asks: "judgement", artifacts: [], verified: false, assessed: false };
const having = (contractRef: string, value: GateEvidence["artifacts"][number]["value"]): GateEvidence => ({ ...nothing, artifacts: [{ contractRef: `wr.contracts.${contractRef}`, value }] });
const claim: GateEvidence["artifacts"] = [{ contractRef: "mine", value: { verdict: "approved" } }];
const finding = (severity: string) => ({ severity, summary: "Off by one", evidence: "ran it" });
const review = (verdict: string, findings: readonly object[]) => having("review_verdict", { verdict, confidence: "high", summary: "Read it.", findings: JSON.parse(JSON.stringify(findings)) });

describe("the rule of a gate", () => {
  test.each([
    ["an approved verdict", having("gate_verdict", { verdict: "approved", rationale: "Seen." }), "approved"],
    ["a rejected verdict", having("gate_verdict", { verdict: "rejected", rationale: "Half." }), "rejected"],
    ["an uncertain verdict", having("gate_verdict", { verdict: "uncertain", rationale: "?" }), "rejected"],
    ["a verdict that says nothing", having("gate_verdict", {}), "rejected"],
    ["a verdict that is no object", having("gate_verdict", "approved"), "rejected"],
    ["an approval of low confidence", having("gate_verdict", { verdict: "approved", confidence: "low" }), "rejected"],
    ["an approval of confidence 0.4", having("gate_verdict", { verdict: "approved", confidence: 0.4 }), "rejected"],
    ["an approval of confidence 0.9", having("gate_verdict", { verdict: "approved", confidence: 0.9 }), "approved"],
    ["a clean review", review("clean", []), "approved"],
    ["a review that is blocking by its findings", review("blocking", [finding("critical")]), "rejected"],
    ["a review that calls itself milder than its findings", review("clean", [finding("critical")]), "rejected"],
    ["a result that succeeded", having("coordinator_result", { outcome: "success", summary: "Done." }), "approved"],
    ["a result that is partial", having("coordinator_result", { outcome: "partial", summary: "Half." }), "rejected"],
    ["a signal that a person is needed", having("coordinator_signal", { signalKind: "blocked" }), "rejected"],
    ["a verification that passed", { ...nothing, verified: true }, "approved"],
    ["assessments that ask for nothing", { ...nothing, assessed: true }, "approved"],
    ["a no beside a yes", { ...having("gate_verdict", { verdict: "rejected", rationale: "No." }), verified: true }, "rejected"],
    ["nothing, for a nod", { ...nothing, asks: "any" }, "approved"],
    ["nothing, for a judgement", nothing, null],
    ["an artifact that judges nothing", having("coding_handoff", { prTitle: "x" }), null],
    ["an artifact of a contract of the file that claims approval", { ...nothing, artifacts: claim }, null],
  ] satisfies readonly (readonly [string, GateEvidence, string | null])[])("%s", (_, evidence, verdict) => {
    const decision = decideGate(evidence);
    expect(decision.verdict).toBe(verdict);
    expect(decision.reason).not.toBe("");
  });
});

test("a signal that needs a person stops a session, unless it never stops for people", () => {
  const decisions = (autonomy: Parameters<typeof decideSignal>[1]) => (["progress", "finding", "data_needed", "approval_needed", "blocked"] as const).map((kind) => decideSignal(kind, autonomy).decision);
  expect(decisions("full_auto_stop_on_user_deps")).toEqual(["noted", "noted", "stopped", "stopped", "stopped"]);
  expect(decisions("full_auto_never_stop")).toEqual(["noted", "noted", "gap", "gap", "gap"]);
});
