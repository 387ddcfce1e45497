import { describe, expect, it } from "vitest";
import { typicalCostMicroUsd } from "../../src/agent/index.ts";
import { estimateItem, estimateWords } from "../../src/coordinator/index.ts";
import { modelPrice } from "../../src/shared/models.ts";
import { compileWorkflow, type Plan } from "../../src/workflow/index.ts";

const MODEL = "claude-sonnet-5-5";
const priced = modelPrice(MODEL);
if (!priced.ok) throw new Error("no price");

const plan = (id: string, steps: string): Plan => {
  const compiled = compileWorkflow({ file: `${id}.yaml`, text: `schemaVersion: 2\nid: ${id}\nname: ${id}\nversion: 1.0.0\ndescription: For tests.\nsteps:\n${steps}` });
  if (!compiled.ok) throw new Error(compiled.error.map((fault) => `${fault.line}: ${fault.message}`).join("\n"));
  return compiled.value.plan;
};
const step = (id: string, more = ""): string => `  - { id: ${id}, title: ${id}, prompt: Work.${more} }\n`;

const PLANS = [
  plan("wr.classify-task", step("classify")),
  plan("wr.coding-task", step("change") + step("polish", ", runCondition: { var: goal, equals: x }")),
  plan("wr.mr-review", step("review")),
  plan("heavy", step("think", ", modelTier: heavy")),
];

type Source = Parameters<typeof estimateItem>[0];
const source = (budgetUsd: number, model: Partial<Source["model"]> = {}): Source => ({
  findPlan: (id) => {
    const found = PLANS.find((candidate) => candidate.id === id);
    return found === undefined ? { ok: false, error: { kind: "unknown-workflow", message: "No.", fix: "No." } } : { ok: true, value: found };
  },
  model: { name: MODEL, tiers: { lightweight: MODEL, mid: MODEL, heavy: "claude-opus-5-5" }, ...model },
  budget: { turns: 300, tokens: 20_000_000, costMicroUsd: budgetUsd * 1_000_000, ms: 1 },
});

/** Turn by turn by the price table: 6,000 tokens to open with, 1,500 more a turn, each written once and read ever after; 400 written. */
const byHand = (turns: number): number => {
  let cost = 0;
  for (let turn = 0; turn < turns; turn += 1) {
    const before = turn === 0 ? 0 : 6_000 + 1_500 * (turn - 1);
    cost += Math.ceil(before * 0.1 + (turn === 0 ? 6_000 : 1_500) * 2.5 + 400 * 10);
  }
  return cost;
};

describe("the estimate before a run", () => {
  it("adds up typical turns of each step of each session, the low end without conditional steps and repeats", () => {
    const estimate = estimateItem(source(100), { maxReviewRounds: 3 });
    expect(estimate?.lowMicroUsd).toBe(3 * byHand(1));
    expect(estimate?.highMicroUsd).toBe(byHand(12) + 3 * byHand(24) + 3 * byHand(12));
  });

  it("says in words what it is based on", () => {
    const estimate = estimateItem(source(100), { maxReviewRounds: 3 });
    expect(estimate?.basis).toContain("wr.classify-task once (1 to 12 turns), wr.coding-task 1 to 3 times (1 to 24 turns)");
    expect(estimate?.basis).toContain(`list prices of ${MODEL}`);
    expect(estimateWords(estimate ?? { lowMicroUsd: 0, highMicroUsd: 0, basis: "" })).toMatch(/^\$0\.\d{4} to \$\d\.\d\d$/);
  });

  it("never passes the budget, and says so", () => {
    const estimate = estimateItem(source(0.1), { maxReviewRounds: 3 });
    expect(estimate).toMatchObject({ highMicroUsd: 100_000, basis: expect.stringContaining("never more than the budget of $0.10") });
  });

  it("takes each step's model into account", () => {
    const heavy = estimateItem(source(100), { workflowId: "heavy", maxReviewRounds: 1 });
    const same = estimateItem(source(100, { tiers: { lightweight: MODEL, mid: MODEL, heavy: MODEL } }), { workflowId: "heavy", maxReviewRounds: 1 });
    expect(heavy?.lowMicroUsd).toBeGreaterThan((same?.lowMicroUsd ?? Infinity) * 1.9);
  });

  it("says nothing where a workflow is not known or a model has no price", () => {
    expect(estimateItem(source(100), { workflowId: "none", maxReviewRounds: 1 })).toBeNull();
    expect(estimateItem(source(100, { name: "gpt-oss" }), { maxReviewRounds: 1 })).toBeNull();
  });

  it("twice the turns cost more than twice: what was sent is read again", () => {
    expect(typicalCostMicroUsd(priced.value, 200)).toBeGreaterThan(2 * typicalCostMicroUsd(priced.value, 100));
  });
});
