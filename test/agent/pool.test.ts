import fc from "../fakes/fast-check.ts";
import { describe, expect, it } from "vitest";
import { costMicroUsd, openBudgetPool, spentBy, tokensOf, type Limits } from "../../src/agent/index.ts";
import type { ModelServer } from "../../src/hosts/demo/model/index.ts";
import { modelPrice } from "../../src/shared/models.ts";
import { fakeClock } from "../fakes/clock.ts";
import { AMPLE, call, done, MODEL, ofKind, openModel, reader, say, tool, trial } from "./harness.ts";

const priced = modelPrice(MODEL);
if (!priced.ok) throw new Error("no price");
const price = priced.value;

/** What the API would bill for everything it answered, whatever the client made of it. */
function billed(server: ModelServer) {
  let [turns, cost, tokens, output] = [0, 0, 0, 0];
  for (const { usage: used } of server.requests) {
    if (used === null) continue;
    const usage = { inputTokens: used.input_tokens, outputTokens: used.output_tokens, cacheReadTokens: used.cache_read_input_tokens, cacheWriteTokens: used.cache_creation_input_tokens };
    turns += 1;
    cost += costMicroUsd(price, usage);
    tokens += tokensOf(usage);
    output += usage.outputTokens;
  }
  return { turns, cost, tokens, output };
}

const LIMITS: Limits = { maxTurns: 1_000, maxTokens: 50_000_000, maxCostMicroUsd: 100_000_000 };

describe("I5: sessions side by side draw from one budget", () => {
  it("attack 20: whatever the turns cost and however many go at once, together they never pass a limit of the run", async () => {
    const cases = fc.record({
      maxTurns: fc.integer({ min: 0, max: 20 }),
      maxTokens: fc.integer({ min: 0, max: 300_000 }),
      maxOutputTokens: fc.integer({ min: 0, max: 100_000 }),
      maxCostMicroUsd: fc.integer({ min: 0, max: 900_000 }),
      outputBytes: fc.array(fc.integer({ min: 0, max: 120_000 }), { minLength: 1, maxLength: 8 }),
      resultBytes: fc.integer({ min: 0, max: 40_000 }),
      failEvery: fc.integer({ min: 2, max: 5 }),
      sessions: fc.integer({ min: 2, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ outputBytes, resultBytes, failEvery, sessions, ...limits }) => {
        const server = await openModel((_, count) => {
          const content = [{ type: "text", text: "x".repeat(outputBytes[count % outputBytes.length] ?? 0) }, call("read", { path: `${count}` })] as const;
          return count % failEvery === failEvery - 1 ? { kind: "cut", afterEvents: 12, content } : { kind: "message", content };
        });
        const pool = openBudgetPool(limits, fakeClock());
        const read = reader((input) => ({ content: JSON.stringify(input).padEnd(resultBytes, "y"), isError: false }));
        const ends = await Promise.all(Array.from({ length: sessions }, () => trial({ server, pool, tools: [read], budget: { ...AMPLE, maxTurns: 12 } })));
        const spent = billed(server);
        expect(spent.turns).toBeLessThanOrEqual(limits.maxTurns);
        expect(spent.tokens).toBeLessThanOrEqual(limits.maxTokens);
        expect(spent.output).toBeLessThanOrEqual(limits.maxOutputTokens);
        expect(spent.cost).toBeLessThanOrEqual(limits.maxCostMicroUsd);
        for (const { end } of ends) expect(end.code).toMatch(/^budget_/);
        await server.close();
      }),
      { numRuns: 25, seed: 11 },
    );
  }, 60_000);

  it("the end says that the limit is the run's", async () => {
    const server = await openModel((_, count) => ({ kind: "message", content: [call("read", { path: `${count}` })] }));
    const pool = openBudgetPool({ ...LIMITS, maxTurns: 2 }, fakeClock());
    const { end } = await trial({ server, pool });
    expect(end).toMatchObject({ code: "budget_turns", turns: 2, message: "All 2 turns of the budget that this run had left are used." });
  });

  it("a session waits for what others hold before it takes less or gives up", async () => {
    // One whole reservation is about $0.33 at $10/MTok of output: two at once do not fit, two after each other do.
    const pool = openBudgetPool({ ...LIMITS, maxCostMicroUsd: 400_000 }, fakeClock());
    const server = await openModel(() => ({ kind: "message", content: [call("done")] }));
    const both = await Promise.all([trial({ server, pool }), trial({ server, pool })]);
    expect(both.map(({ end }) => end.code)).toEqual(["completed", "completed"]);
    expect(both.flatMap(({ events }) => ofKind(events, "turn_requested")).map(({ maxTokens }) => maxTokens)).toEqual([32_000, 32_000]);
  });

  it("a session's own narrower limit does not make it wait for others", async () => {
    const pool = openBudgetPool(LIMITS, fakeClock());
    const hold = pool.hold({ turns: 1, inputTokens: 1, outputTokens: 1, costMicroUsd: 1 });
    const { end } = await trial({ server: await openModel([[call("done")]]), pool, budget: { ...AMPLE, maxTokens: 10_000 } });
    expect(end.code).toBe("completed");
    hold.settle({ turns: 0, inputTokens: 0, outputTokens: 0, costMicroUsd: 0 });
    expect(pool.nextSettled()).toBeNull();
  });

  it("a cancel reaches a session that waits for others", async () => {
    const pool = openBudgetPool({ ...LIMITS, maxTurns: 1 }, fakeClock());
    pool.hold({ turns: 1, inputTokens: 1, outputTokens: 1, costMicroUsd: 1 });
    const cancel = new AbortController();
    const server = await openModel([]);
    const running = trial({ server, pool, signal: cancel.signal });
    for (let tick = 0; tick < 20; tick += 1) await new Promise((resolve) => setImmediate(resolve));
    cancel.abort();
    expect((await running).end.code).toBe("cancelled");
    expect(server.requests).toHaveLength(0);
  });

  it("a journal that breaks leaves nothing held that others would wait for", async () => {
    const pool = openBudgetPool(LIMITS, fakeClock());
    const onRecord = ({ kind }: { kind: string }): void => {
      if (kind === "turn_requested") throw new Error("disk");
    };
    await expect(trial({ server: await openModel([]), pool, onRecord })).rejects.toThrow("disk");
    expect(pool.nextSettled()).toBeNull();
  });

  it("a turn that was refused unread takes nothing of the run", async () => {
    const pool = openBudgetPool({ ...LIMITS, maxTurns: 1 }, fakeClock());
    const server = await openModel([{ kind: "error", status: 529, type: "overloaded_error" }, [call("done")]]);
    expect((await trial({ server, pool })).end.code).toBe("completed");
  });
});

describe("I5: tokens in and out have limits of their own", () => {
  it("input: the turn that could read past it is not sent", async () => {
    const server = await openModel((_, count) => ({ kind: "message", content: [call("read", { path: `${count}` })] }));
    const { end } = await trial({ server, budget: { ...AMPLE, maxInputTokens: 6_000 } });
    expect(end).toMatchObject({ code: "budget_input_tokens", message: expect.stringContaining("6000 input tokens") });
    expect(end.usage.inputTokens + end.usage.cacheReadTokens + end.usage.cacheWriteTokens).toBeLessThanOrEqual(6_000);
    expect(end.turns).toBeGreaterThan(0);
  });

  it("output: max_tokens is lowered to what is left, then no turn is sent", async () => {
    const server = await openModel((_, count) => ({ kind: "message", content: [say("word ".repeat(2_000)), call("read", { path: `${count}` })] }));
    const { end, events } = await trial({ server, budget: { ...AMPLE, maxOutputTokens: 8_000 } });
    expect(end).toMatchObject({ code: "budget_output_tokens", message: expect.stringContaining("8000 output tokens") });
    expect(ofKind(events, "turn_requested")[0]?.maxTokens).toBe(8_000);
    expect(end.usage.outputTokens).toBeLessThanOrEqual(8_000);
  });
});

describe("I5: tool time", () => {
  const slow = (clock: ReturnType<typeof fakeClock>, ms: number, readOnly = false) =>
    tool("slow", async (_, { signal }) => clock.sleep(ms, signal).then(() => ({ content: `${clock.monotonicMs()}`, isError: false })), readOnly);

  it("a tool is aborted when it is used up; waiting for the model does not count", async () => {
    const clock = fakeClock();
    const server = await openModel([{ kind: "error", status: 529, type: "overloaded_error" }, [call("slow")]], clock);
    const { end, events } = await trial({ server, clock, tools: [slow(clock, 3_600_000)], budget: { ...AMPLE, maxToolMs: 60_000 } });
    expect(end).toMatchObject({ code: "budget_tool_time", message: expect.stringContaining("60 seconds") });
    expect(clock.monotonicMs()).toBeLessThan(65_000);
    const [ended] = ofKind(events, "agent_ended");
    expect(ended?.interruptedToolMs).toBeGreaterThanOrEqual(60_000);
  });

  it("what no tool took is no tool's time: a slow journal is not counted, and nothing counts as interrupted that was not", async () => {
    const time = fakeClock();
    let journalMs = 0;
    const clock = { ...time, monotonicMs: () => time.monotonicMs() + journalMs };
    const server = await openModel([[call("slow")], [call("done")]], clock);
    const onRecord = ({ kind }: { readonly kind: string }): void => void (kind === "tool_completed" && (journalMs += 5_000));
    const { end, events } = await trial({ server, clock, tools: [slow(clock, 1_000), done()], onRecord, budget: { ...AMPLE, maxToolMs: 4_000 } });
    expect(end.code).toBe("completed");
    expect(ofKind(events, "agent_ended")[0]?.interruptedToolMs).toBeUndefined();
  });

  it("calls side by side each count", async () => {
    const clock = fakeClock();
    const server = await openModel([[call("slow"), call("slow"), call("slow")]], clock);
    const { end } = await trial({ server, clock, tools: [slow(clock, 30_000, true)], budget: { ...AMPLE, maxToolMs: 60_000 } });
    expect(end.code).toBe("budget_tool_time");
    expect(clock.monotonicMs()).toBeLessThan(25_000);
  });

  it("calls side by side that ended each count", async () => {
    const clock = fakeClock();
    const server = await openModel([[call("slow"), call("slow"), call("slow")], [call("slow")]], clock);
    let nth = 0;
    const timed = tool("slow", async (_, { signal }) => clock.sleep((nth += 1) <= 3 ? 15_000 : 100_000, signal).then(() => ({ content: `${nth}`, isError: false })), true);
    const { end } = await trial({ server, clock, tools: [timed], budget: { ...AMPLE, maxToolMs: 60_000 } });
    expect(end.code).toBe("budget_tool_time");
    // 15 seconds side by side are 45 of the 60: 15 are left.
    expect(clock.monotonicMs()).toBeLessThan(35_000);
  });

  it("counts over runs, aborted calls included, and with more of it the session goes on", async () => {
    const clock = fakeClock();
    const script = () => openModel(({ messages }) => ({ kind: "message", content: [messages.length < 6 ? call("slow") : call("done")] }), clock);
    const tools = [slow(clock, 40_000), done()];
    const first = await trial({ server: await script(), clock, tools, budget: { ...AMPLE, maxToolMs: 60_000 } });
    expect(first.end.code).toBe("budget_tool_time");
    const second = await trial({ server: await script(), clock, tools, budget: { ...AMPLE, maxToolMs: 60_000 }, history: first.recorded });
    expect(second.end.code).toBe("budget_tool_time");
    expect(ofKind(second.events, "tool_completed")).toEqual([]);
    const third = await trial({ server: await script(), clock, tools, budget: { ...AMPLE, maxToolMs: 200_000 }, history: second.recorded });
    expect(third.end.code).toBe("completed");
  });

  it("a tool whose time is counted elsewhere takes none", async () => {
    const clock = fakeClock();
    const server = await openModel([[call("slow")], [call("done")]], clock);
    const { end, events, recorded } = await trial({ server, clock, tools: [{ ...slow(clock, 90_000), untimed: true }, done()], budget: { ...AMPLE, maxToolMs: 60_000 } });
    expect(end.code).toBe("completed");
    expect(spentBy(recorded).toolMs).toBe(0);
    expect(ofKind(events, "tool_completed")[0]).toMatchObject({ untimed: true });
  });

  it("and is not aborted when others have used it up", async () => {
    const clock = fakeClock();
    const server = await openModel([[call("slow"), call("helper")], [call("done")]], clock);
    const helper = { ...tool("helper", async (_, { signal }) => clock.sleep(5_000, signal).then(() => ({ content: "helped", isError: false }))), untimed: true };
    const pool = openBudgetPool({ ...LIMITS, maxToolMs: 60_000 }, clock);
    const other = pool.tools.start();
    const { end, events } = await trial({ server, clock, pool, tools: [helper, { ...slow(clock, 90_000), untimed: true }, done()], passTime: () => clock.sleepers() > (pool.tools.signal.aborted ? 1 : 2) });
    other();
    expect(ofKind(events, "tool_completed").map(({ isError }) => isError)).toEqual([false, false]);
    expect(end.code).toBe("budget_tool_time");
  });

  it("sessions side by side share the run's", async () => {
    const clock = fakeClock();
    const server = await openModel(() => ({ kind: "message", content: [call("slow")] }), clock);
    const pool = openBudgetPool({ ...LIMITS, maxToolMs: 60_000 }, clock);
    const passTime = () => clock.sleepers() > 3;
    const both = await Promise.all([0, 1].map(() => trial({ server, clock, pool, tools: [slow(clock, 50_000)], passTime })));
    expect(both.map(({ end }) => end.code)).toEqual(["budget_tool_time", "budget_tool_time"]);
    expect(both[0]?.end.message).toContain("of the run");
    expect(clock.monotonicMs()).toBeLessThan(40_000);
  });
});
