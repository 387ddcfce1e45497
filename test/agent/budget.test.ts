import fc from "../fakes/fast-check.ts";
import { describe, expect, it } from "vitest";
import { costMicroUsd, tokensOf } from "../../src/agent/index.ts";
import { MODEL_PRICES, modelPrice } from "../../src/shared/models.ts";
import { fakeClock } from "../fakes/clock.ts";
import { AMPLE, call, done, ofKind, openModel, reader, tool, trial } from "./harness.ts";

const usage = (inputTokens: number) => ({ inputTokens, outputTokens: 1_000, cacheReadTokens: 0, cacheWriteTokens: 0 });

/** A model that reads one file after the other for ever. */
const reading = () => openModel((_, count) => ({ kind: "message", content: [call("read", { path: `${count}` })] }));

describe("I5: budgets hold", () => {
  it("turns: the one past the limit is not sent", async () => {
    const server = await reading();
    const { end } = await trial({ server, budget: { ...AMPLE, maxTurns: 4 } });
    expect(end).toMatchObject({ code: "budget_turns", turns: 4 });
    expect(server.requests).toHaveLength(4);
  });

  it("attack 20: whatever the limits and the model's answers, tokens and cost stay within, and every turn within its reservation", async () => {
    const limits = fc.record({
      maxTokens: fc.integer({ min: 0, max: 200_000 }),
      maxInputTokens: fc.integer({ min: 0, max: 200_000 }),
      maxOutputTokens: fc.integer({ min: 0, max: 100_000 }),
      maxCostMicroUsd: fc.integer({ min: 0, max: 600_000 }),
      outputBytes: fc.integer({ min: 0, max: 150_000 }),
      resultBytes: fc.integer({ min: 0, max: 60_000 }),
      failEvery: fc.integer({ min: 2, max: 6 }),
      model: fc.constantFrom(...MODEL_PRICES.map(({ model }) => model)),
    });
    await fc.assert(
      fc.asyncProperty(limits, async ({ maxTokens, maxInputTokens, maxOutputTokens, maxCostMicroUsd, outputBytes, resultBytes, failEvery, model }) => {
        const clock = fakeClock();
        const server = await openModel((_, count) => {
          const content = [{ type: "text", text: "x".repeat(outputBytes) }, call("read", { path: `${count}` })] as const;
          return count % failEvery === failEvery - 1 ? { kind: "cut", afterEvents: 12, content } : { kind: "message", content };
        }, clock);
        const read = reader(() => ({ content: "y".repeat(resultBytes), isError: false }));
        const budget = { ...AMPLE, maxTurns: 12, maxTokens, maxInputTokens, maxOutputTokens, maxCostMicroUsd };
        const { end, events } = await trial({ server, clock, model, tools: [read], budget });
        const requested = ofKind(events, "turn_requested");
        for (const turn of ofKind(events, "turn_completed")) {
          const reserved = requested.find(({ turnKey }) => turnKey === turn.turnKey);
          expect(turn.costMicroUsd).toBeLessThanOrEqual(reserved?.reservedMicroUsd ?? 0);
          expect(tokensOf(turn.usage)).toBeLessThanOrEqual(reserved?.reservedTokens ?? 0);
        }
        expect(end.costMicroUsd).toBeLessThanOrEqual(maxCostMicroUsd);
        const price = modelPrice(model);
        const billed = server.requests.reduce((sum, { usage: used }) => {
          if (used === null || !price.ok) return sum;
          const { input_tokens: inputTokens, output_tokens: outputTokens, cache_read_input_tokens: cacheReadTokens, cache_creation_input_tokens: cacheWriteTokens } = used;
          const counted = { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens };
          return { cost: sum.cost + costMicroUsd(price.value, counted), tokens: sum.tokens + tokensOf(counted), output: sum.output + outputTokens };
        }, { cost: 0, tokens: 0, output: 0 });
        expect(billed.cost).toBeLessThanOrEqual(maxCostMicroUsd);
        expect(billed.tokens).toBeLessThanOrEqual(maxTokens);
        expect(billed.output).toBeLessThanOrEqual(maxOutputTokens);
        expect(billed.tokens - billed.output).toBeLessThanOrEqual(maxInputTokens);
        expect(server.requests.length).toBeLessThanOrEqual(12);
        await server.close();
      }),
      { numRuns: 25, seed: 5 },
    );
  });

  it("money: max_tokens is lowered until the worst case fits, and the end says what was left", async () => {
    const server = await reading();
    const { end, events } = await trial({ server, budget: { ...AMPLE, maxCostMicroUsd: 30_000 } });
    expect(end.code).toBe("budget_cost");
    expect(end.message).toContain("$0.0300");
    const [first] = ofKind(events, "turn_requested");
    expect(first?.maxTokens).toBeLessThan(3_000);
    expect(first?.reservedMicroUsd).toBeLessThanOrEqual(30_000);
    // Reading is reserved at the rate of a cache write, $2.50/MTok here: what was cached may be gone by then.
    const { maxTokens = 0, reservedTokens = 0, reservedMicroUsd = 0 } = first ?? {};
    expect(reservedMicroUsd).toBe(Math.ceil(maxTokens * 10 + (reservedTokens - maxTokens) * 2.5));
    expect(server.requests[0]?.body?.max_tokens).toBe(first?.maxTokens);
  });

  it("tokens: a budget too small for one turn sends nothing", async () => {
    const server = await reading();
    const { end } = await trial({ server, budget: { ...AMPLE, maxTokens: 2_500 } });
    expect(end.code).toBe("budget_tokens");
    expect(server.requests).toHaveLength(0);
  });

  it("time: a tool that runs on is aborted when the time is up", async () => {
    const clock = fakeClock();
    const server = await openModel([[call("slow")]], clock);
    const slow = tool("slow", (_, { signal }) => clock.sleep(3_600_000, signal).then(() => ({ content: "late", isError: false })));
    const { end } = await trial({ server, clock, tools: [slow], budget: { ...AMPLE, maxMs: 60_000 } });
    expect(end.code).toBe("budget_time");
    expect(clock.monotonicMs()).toBeLessThan(63_000);
  });

  it("time: waiting for an overloaded API counts", async () => {
    const clock = fakeClock();
    const server = await openModel(() => ({ kind: "error", status: 529, type: "overloaded_error" }), clock);
    const { end } = await trial({ server, clock, budget: { ...AMPLE, maxMs: 20_000 } });
    expect(end.code).toBe("budget_time");
  });
});

describe("I5: budgets are counted from the log", () => {
  it("a resumed run goes on with what is left, and with a higher limit goes further", async () => {
    const server = await reading();
    const first = await trial({ server, budget: { ...AMPLE, maxTurns: 2 } });
    const same = await trial({ server, budget: { ...AMPLE, maxTurns: 2 }, history: first.recorded });
    expect(same.end).toMatchObject({ code: "budget_turns", turns: 2, costMicroUsd: first.end.costMicroUsd });
    const higher = await trial({ server, budget: { ...AMPLE, maxTurns: 3 }, history: same.recorded });
    expect(higher.end).toMatchObject({ code: "budget_turns", turns: 3 });
    expect(server.requests).toHaveLength(3);
  });

  it("a request whose end the log does not hold counts with its reservation", async () => {
    const server = await reading();
    const { recorded } = await trial({ server, budget: { ...AMPLE, maxTurns: 1 } });
    const cut = recorded.slice(0, recorded.findIndex(({ kind }) => kind === "turn_requested") + 1);
    const { end } = await trial({ server, history: cut, budget: { ...AMPLE, maxTurns: 1 } });
    expect(end).toMatchObject({ code: "budget_turns", turns: 0 });
    expect(server.requests).toHaveLength(1);
  });

  it("fault 12: time of earlier runs is time at work: pauses between runs and clocks set back add nothing", async () => {
    const clock = fakeClock();
    const server = await openModel((_, count) => ({ kind: "message", content: [count < 4 ? call("work") : call("done")] }), clock);
    const work = tool("work", async () => {
      await clock.sleep(10_000);
      clock.jump(-3_600_000);
      return { content: "", isError: false };
    });
    const tools = [work, done()];
    const first = await trial({ server, clock, tools, budget: { ...AMPLE, maxMs: 15_000 } });
    expect(first.end.code).toBe("budget_time");
    await clock.advance(7 * 24 * 3_600_000);
    const second = await trial({ server, clock, tools, budget: { ...AMPLE, maxMs: 60_000, maxTurns: first.end.turns + 1 }, history: first.recorded });
    expect(second.end.code).toBe("budget_turns");
    await clock.advance(7 * 24 * 3_600_000);
    const third = await trial({ server, clock, tools, budget: { ...AMPLE, maxMs: 60_000 }, history: second.recorded });
    expect(third.end.code).toBe("completed");
  });
});

describe("prices", () => {
  it("a turn costs what the table says, cache rates included, rounded up to the micro-dollar", () => {
    const price = modelPrice("claude-opus-5-5");
    if (!price.ok) throw new Error("no price");
    expect(costMicroUsd(price.value, { inputTokens: 1_000, outputTokens: 100, cacheReadTokens: 50_000, cacheWriteTokens: 2_000 })).toBe(4_000 + 2_000 + 10_000 + 10_000);
  });

  it("a long prompt is priced as a whole by the higher rates", () => {
    const price = modelPrice("claude-haiku-5-5");
    if (!price.ok) throw new Error("no price");
    expect(costMicroUsd(price.value, usage(100_000))).toBe(10_500);
    expect(costMicroUsd(price.value, usage(100_001))).toBe(50_001 + 2_500);
  });

  it("an unknown model is refused with the known ones", () => {
    const price = modelPrice("claude-9");
    expect(price).toMatchObject({ ok: false, error: { kind: "unknown-model", fix: expect.stringContaining("claude-sonnet-5-5") } });
  });
});
