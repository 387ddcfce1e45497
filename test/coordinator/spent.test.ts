import fc from "../fakes/fast-check.ts";
import { expect, test } from "vitest";
import type { ItemBudget } from "../../src/coordinator/index.ts";
import { add, limitsOf, nothingSpent, remaining, sessionLimits } from "../../src/coordinator/spent.ts";

const item: ItemBudget = { turns: 100, tokens: 1_000_000, inputTokens: 900_000, outputTokens: 100_000, costMicroUsd: 5_000_000, ms: 600_000, toolMs: 60_000 };

test("what was spent is taken off every limit, and none goes below nothing", () => {
  const spent = { ...nothingSpent, turns: 30, tokens: 400_000, inputTokens: 300_000, outputTokens: 100_001, costMicroUsd: 1, workedMs: 700_000, toolMs: 10_000 };
  expect(remaining(item, spent)).toEqual({ turns: 70, tokens: 600_000, inputTokens: 600_000, outputTokens: 0, costMicroUsd: 4_999_999, ms: 0, toolMs: 50_000 });
  expect(limitsOf(remaining({ turns: 1, tokens: 1, costMicroUsd: 1, ms: 1 }, nothingSpent))).toEqual({ maxTurns: 1, maxTokens: 1, maxCostMicroUsd: 1 });
});

test("a session has the narrower of its own limit and the item's, for each", () => {
  expect(sessionLimits({ ...item, session: { turns: 10, outputTokens: 999_999, ms: 5_000 } }, 600_000)).toMatchObject({ maxTurns: 10, maxOutputTokens: 100_000, maxTokens: 1_000_000, maxMs: 5_000 });
  expect(sessionLimits({ turns: 5, tokens: 5, costMicroUsd: 5, ms: 5, session: { toolMs: 7 } }, 3)).toEqual({ maxTurns: 5, maxTokens: 5, maxCostMicroUsd: 5, maxToolMs: 7, maxMs: 3 });
});

test("I5: however work is split into sessions, what remains is the same", () => {
  const amounts = fc.record({ turns: fc.nat(50), tokens: fc.nat(500_000), inputTokens: fc.nat(400_000), outputTokens: fc.nat(100_000), costMicroUsd: fc.nat(3_000_000), unansweredMicroUsd: fc.nat(1_000), workedMs: fc.nat(300_000), toolMs: fc.nat(30_000) });
  fc.assert(
    fc.property(fc.array(amounts, { maxLength: 6 }), (parts) => {
      const together = parts.reduce(add, nothingSpent);
      const oneByOne = parts.reduce<ItemBudget>((left, part) => remaining(left, part), item);
      expect(oneByOne).toEqual(remaining(item, together));
    }),
  );
});
