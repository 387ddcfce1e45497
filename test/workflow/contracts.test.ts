import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { BUILT_IN_CONTRACTS, jsonSchemaOf, verdictOf } from "../../src/workflow/index.ts";

describe("built-in contracts", () => {
  test("are the twelve of the language, and the plan of slices", () => {
    expect(Object.keys(BUILT_IN_CONTRACTS).map((ref) => ref.replace("wr.contracts.", "")).sort()).toEqual(
      ["assessment", "classification", "coding_handoff", "coordinator_result", "coordinator_signal", "differentiation_handoff", "discovery_handoff", "gate_verdict", "investigation", "loop_control", "review_verdict", "shaping_handoff", "slices"],
    );
  });

  test.each([
    ["loop_control", {}, false],
    ["loop_control", { decision: "stop", metadata: { reason: "r", x: 1 } }, true],
    ["assessment", { dimensions: { a: "low", b: { level: "high", rationale: "r" } } }, true],
    ["review_verdict", { verdict: "clean", confidence: "high", findings: [], summary: "s" }, true],
    ["review_verdict", { verdict: "clean", confidence: "high", findings: [] }, false],
    ["review_verdict", { verdict: "clean", confidence: "high", findings: [{ severity: "nit", summary: "s" }], summary: "s" }, true],
    ["review_verdict", { verdict: "clean", confidence: "high", findings: [{ severity: "minor", summary: "s" }], summary: "s" }, false],
    ["review_verdict", { verdict: "minor", confidence: "high", findings: [{ severity: "critical", summary: "s" }], summary: "s" }, false],
    ["review_verdict", { verdict: "blocking", confidence: "low", findings: [], summary: "s" }, true],
    ["review_verdict", { verdict: "clean", confidence: "high", findings: [{ severity: "nit", summary: "s", line: -1 }], summary: "s" }, false],
    ["classification", { taskComplexity: "huge" }, false],
    ["classification", { riskLevel: "low", more: 1 }, true],
    ["investigation", { hypothesisConfidence: 1.1 }, false],
    ["gate_verdict", { verdict: "maybe" }, false],
    ["differentiation_handoff", { direction: "d" }, false],
    ["differentiation_handoff", { direction: "d", rationale: "r" }, true],
    ["differentiation_handoff", { version: 1, shapingHandoff: { rawIdea: "i", problem: "p", noGosHints: ["n"] } }, true],
    ["coding_handoff", { correctedAssumptions: ["it was sorted", { assumed: "sorted", actual: "by chance" }] }, true],
    ["coding_handoff", { correctedAssumptions: [{ assumed: "sorted" }] }, false],
    ["discovery_handoff", { rejectedDirections: [{ direction: "d", reason: "r" }], keyCodebaseLocations: ["src/a.ts", { path: "src/b.ts", relevance: "the seam" }] }, true],
    ["coordinator_signal", { signalKind: "progress", payload: { a: [1] } }, true],
    ["coordinator_result", { outcome: "success", summary: "s", data: null }, true],
  ] as const)("%s: %j accepted: %s", (name, value, accepted) => {
    expect(BUILT_IN_CONTRACTS[`wr.contracts.${name}`].safeParse(value).success).toBe(accepted);
  });

  test("each has a JSON Schema that another validator reads the same way", () => {
    const ajv = new Ajv2020({ strict: false });
    const valid = ajv.compile(jsonSchemaOf(BUILT_IN_CONTRACTS["wr.contracts.review_verdict"]));
    expect(valid({ verdict: "clean", confidence: "high", findings: [{ severity: "nit", summary: "s", own: 1 }], summary: "s", own: 1 })).toBe(true);
    expect(valid({ verdict: "clean", confidence: "high", findings: [{ severity: "bad", summary: "s" }], summary: "s" })).toBe(false);
    const differs = ajv.compile(jsonSchemaOf(BUILT_IN_CONTRACTS["wr.contracts.differentiation_handoff"]));
    expect([{}, { direction: "d" }, { direction: "d", rationale: "r" }, { shapingHandoff: {} }].map((value) => differs(value))).toEqual([false, false, true, true]);
    for (const schema of Object.values(BUILT_IN_CONTRACTS)) expect(() => ajv.compile(jsonSchemaOf(schema))).not.toThrow();
  });

  test("a review comes to the stricter of its word and its findings", () => {
    expect(verdictOf({ verdict: "blocking", findings: [] })).toBe("blocking");
    expect(verdictOf({ verdict: "clean", findings: [{ severity: "nit" }, { severity: "minor" }] })).toBe("minor");
    expect(verdictOf({ verdict: "minor", findings: [{ severity: "major" }] })).toBe("blocking");
  });
});
