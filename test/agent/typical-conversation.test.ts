import { expect, it } from "vitest";
import { typicalCostMicroUsd } from "../../src/agent/index.ts";
import { modelPrice } from "../../src/shared/models.ts";
import { call, done, MODEL, openModel, reader, say, trial } from "./harness.ts";

it.each([2, 12, 40])("a conversation of %i typical turns costs what the formula says, by the cache's rules and the loop's breakpoints", async (turns) => {
  const price = modelPrice(MODEL);
  if (!price.ok) throw new Error("no price");
  // At 4 bytes a token, as the server counts: 400 tokens of output and 1,100 of results a turn, 6,000 to open with.
  const server = await openModel((_, count) => ({ kind: "message", outputTokens: 400, content: [say("y".repeat(1_350)), count === turns - 1 ? call("done") : call("read", { path: `${count}` })] }));
  let files = 0;
  const read = reader(() => ({ content: `file ${(files += 1)}`.padEnd(4_250, "x"), isError: false }));
  const { end } = await trial({ server, tools: [read, done()], system: "s".repeat(23_400) });
  expect(end).toMatchObject({ code: "completed", turns });
  const ratio = end.costMicroUsd / typicalCostMicroUsd(price.value, turns);
  expect(ratio).toBeGreaterThan(0.95);
  expect(ratio).toBeLessThan(1.05);
});
