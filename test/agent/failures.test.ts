import { createServer } from "node:net";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { spentBy } from "../../src/agent/index.ts";
import type { ModelAnswer } from "../../src/hosts/demo/model/index.ts";
import { fakeClock } from "../fakes/clock.ts";
import { AMPLE, call, kinds, ofKind, openModel, REMINDER, say, tool, trial, done } from "./harness.ts";

const error = (status: number, type: string, extra: object = {}): ModelAnswer => ({ kind: "error", status, type, ...extra });
const overloaded = error(529, "overloaded_error");

describe("fault 63: an API that fails for a while", () => {
  it("a rate limit is waited out as long as it asks for", async () => {
    const clock = fakeClock();
    const server = await openModel([error(429, "rate_limit_error", { retryAfter: 37 }), [call("done")]], clock);
    const { end, events } = await trial({ server, clock });
    expect(end.code).toBe("completed");
    expect(ofKind(events, "turn_failed")).toMatchObject([{ turn: 1, code: "rate_limited", retryInMs: 37_000 }]);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(37_000);
    expect(ofKind(events, "turn_requested").map(({ turnKey }) => turnKey)).toEqual(["1-1", "1-2"]);
  });

  it.each([
    [529, "overloaded_error"],
    [500, "api_error"],
    [504, "timeout_error"],
    [409, "conflict_error"],
  ])("status %i backs off by doubling and goes on", async (status, type) => {
    const clock = fakeClock();
    const server = await openModel([...Array.from({ length: 8 }, () => error(status, type)), [call("done")]], clock);
    const { end, events } = await trial({ server, clock });
    expect(end).toMatchObject({ code: "completed", turns: 1 });
    expect(ofKind(events, "turn_failed").map(({ retryInMs }) => retryInMs)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it("shortens waits by a seeded jitter of up to a quarter", async () => {
    const server = await openModel([overloaded, overloaded, [call("done")]]);
    const { events } = await trial({ server, random: { bytes: () => new Uint8Array([128]) } });
    expect(ofKind(events, "turn_failed").map(({ retryInMs }) => retryInMs)).toEqual([438, 875]);
  });

  it("overload for longer than the patience ends as model_unavailable, with nothing counted as spent", async () => {
    const clock = fakeClock();
    const server = await openModel(() => overloaded, clock);
    const { end, events } = await trial({ server, clock, overloadPatienceMs: 120_000 });
    expect(end).toMatchObject({ code: "model_unavailable", turns: 0, costMicroUsd: 0 });
    expect(end.message).toContain("2 minutes");
    expect(clock.monotonicMs()).toBeLessThanOrEqual(121_000);
    expect(ofKind(events, "turn_failed").at(-1)?.retryInMs).toBeNull();
  });

  it("a wait longer than the patience is not begun", async () => {
    const clock = fakeClock();
    const server = await openModel([error(429, "rate_limit_error", { retryAfter: 3_600 })], clock);
    const { end } = await trial({ server, clock });
    expect(end.code).toBe("model_unavailable");
    expect(end.message).toContain("left alone for 60 minutes, and a run waits 10 minutes at most");
    expect(clock.monotonicMs()).toBeLessThan(1_000);
  });

  it("an address that fetch never asks ends the run at once and costs nothing", async () => {
    const server = await openModel([]);
    const { end } = await trial({ server: { ...server, url: "http://127.0.0.1:1" } });
    expect(end).toMatchObject({ code: "model_rejected", turns: 0, costMicroUsd: 0, message: expect.stringContaining("ANTHROPIC_BASE_URL") });
  });

  it("a server that is not there counts as unavailable after the patience, not as spent turns", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const address = closed.address();
    closed.close();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    const { end, events } = await trial({ server: { url }, overloadPatienceMs: 2_000, budget: { ...AMPLE, maxTurns: 1 } });
    expect(end.code).toBe("model_unavailable");
    expect(ofKind(events, "turn_failed")[0]).toMatchObject({ code: "unreachable", retryInMs: 500 });
  });
});

describe("what the API said", () => {
  it.each<[string, ModelAnswer, string]>([
    ["without a full stop", error(401, "authentication_error", { message: "invalid x-api-key" }), "The API said (401): invalid x-api-key."],
    ["in several lines", error(403, "permission_error", { message: "Not\nallowed!" }), "Not allowed!"],
    ["at the length of a proxy's error page", error(403, "permission_error", { message: `<html>${"x".repeat(1_000_000)}` }), "... (1000006 characters)."],
  ])("%s becomes one sentence of bounded length", async (_, answer, words) => {
    const { end, events } = await trial({ server: await openModel([answer]) });
    expect(end.message.endsWith(words)).toBe(true);
    expect(end.message.length).toBeLessThan(1_000);
    expect(ofKind(events, "turn_failed")[0]?.message).toBe(end.message);
  });
});

describe("fault 63: a stream that breaks", () => {
  const broken: [string, ModelAnswer, string][] = [
    ["is cut", { kind: "cut", afterEvents: 6, content: [call("write")] }, "stream_cut"],
    ["is cut right before message_stop", { kind: "cut", afterEvents: 10, content: [call("write")] }, "stream_cut"],
    ["ends cleanly, but without message_stop", { kind: "cut", afterEvents: 10, cleanly: true, content: [call("write")] }, "stream_cut"],
    ["ends with an error event", { kind: "stream-error", type: "overloaded_error", afterEvents: 6, content: [call("write")] }, "stream_error"],
  ];
  it.each(broken)("that %s: the turn did not happen, no tool runs, and it is asked again", async (_, answer, code) => {
    const server = await openModel([answer, [call("done")]]);
    let ran = false;
    const write = tool("write", () => {
      ran = true;
      return { content: "", isError: false };
    });
    const { end, events } = await trial({ server, tools: [write, done()] });
    expect(end).toMatchObject({ code: "completed", turns: 1 });
    expect(ran).toBe(false);
    expect(ofKind(events, "turn_failed")).toMatchObject([{ code }]);
    expect(server.requests.map(({ body }) => body?.messages)).toEqual([server.requests[0]?.body?.messages, server.requests[0]?.body?.messages]);
  });

  it("attack 20: five times in a row is enough, since each may be billed: the item is parked with the reason", async () => {
    const server = await openModel(() => ({ kind: "cut", afterEvents: 4 }));
    const { end, events } = await trial({ server });
    expect(end).toMatchObject({ code: "model_unavailable", message: expect.stringContaining("5 answers in a row broke off") });
    expect(server.requests).toHaveLength(5);
    expect(ofKind(events, "turn_failed").map(({ retryInMs }) => retryInMs)).toEqual([500, 1_000, 2_000, 4_000, null]);
  });

  it("counts with its whole reservation, since it may have been billed", async () => {
    const server = await openModel(() => ({ kind: "cut", afterEvents: 4 }));
    const { end, events } = await trial({ server, budget: { ...AMPLE, maxTurns: 3 } });
    expect(end).toMatchObject({ code: "budget_turns", turns: 0 });
    expect(server.requests).toHaveLength(3);
    const reserved = ofKind(events, "turn_requested").map(({ reservedMicroUsd }) => reservedMicroUsd);
    expect(end.costMicroUsd).toBe(reserved.reduce((sum, cost) => sum + cost, 0));
  });

  it("is told apart in what was spent from what the API answered, also when the run was lost in the middle of it", async () => {
    const server = await openModel([{ kind: "cut", afterEvents: 4 }, [call("done")]]);
    const { recorded, events } = await trial({ server });
    const [first = 0, second = 0] = ofKind(events, "turn_requested").map(({ reservedMicroUsd }) => reservedMicroUsd);
    const spent = spentBy(recorded);
    expect(spent.unansweredMicroUsd).toBe(first);
    expect(spent.costMicroUsd - spent.unansweredMicroUsd).toBe(ofKind(events, "turn_completed")[0]?.costMicroUsd);
    const lost = recorded.slice(0, recorded.findLastIndex(({ kind }) => kind === "turn_requested") + 1);
    expect(spentBy(lost)).toMatchObject({ costMicroUsd: first + second, unansweredMicroUsd: first + second });
  });
});

describe("fault 63: an API that says no", () => {
  const rejections: [string, ModelAnswer, string, string][] = [
    ["a spend limit (429)", error(429, "rate_limit_error", { details: { error_code: "enforced_spend_limit_reached" } }), "model_spend_limit", "Raise the limit"],
    ["no credit (402)", error(402, "billing_error"), "model_spend_limit", "add credit"],
    ["an own spend limit (400)", error(400, "invalid_request_error", { message: "You have reached your specified API usage limits." }), "model_spend_limit", "Raise the limit"],
    ["no permission", error(403, "permission_error"), "model_key_rejected", "give its workspace access"],
    ["an unknown model", error(404, "not_found_error"), "model_rejected", 'set "model"'],
    ["an invalid request", error(400, "invalid_request_error", { message: "messages: no" }), "model_rejected", "messages: no"],
    ["a request over 32 MB", error(413, "request_too_large"), "context_full", "too large"],
  ];
  it("a long answer that is cut off is tried again: patience counts from the first failure, not from the request", async () => {
    const clock = fakeClock();
    const server = await openModel([{ kind: "delay", ms: 20 * 60_000, answer: { kind: "cut", afterEvents: 4 } }, [call("done")]], clock);
    expect((await trial({ server, clock })).end.code).toBe("completed");
  });

  it("each wait is shown with its reason and length", async () => {
    const server = await openModel([overloaded, [call("done")]]);
    const waits: unknown[] = [];
    await trial({ server, onProgress: ({ wait }) => void (wait !== undefined && waits.push(wait)) });
    expect(waits).toEqual([{ reason: expect.stringContaining("overloaded"), ms: 500 }]);
  });

  it.each(rejections)("%s ends at once, naming the cure", async (_, answer, code, cure) => {
    const clock = fakeClock();
    const server = await openModel([answer], clock);
    const { end, events } = await trial({ server, clock });
    expect(end).toMatchObject({ code, costMicroUsd: 0 });
    expect(end.message).toContain(cure);
    expect(server.requests).toHaveLength(1);
    expect(kinds(events).slice(-2)).toEqual(["turn_failed", "agent_ended"]);
    expect(clock.monotonicMs()).toBe(0);
  });

  it("a wrong key is named, and never repeated in what is journaled", async () => {
    const server = await openModel([]);
    const { end, events } = await trial({ server, apiKey: "sk-wrong-key" });
    expect(end.code).toBe("model_key_rejected");
    expect(end.message).toContain("ANTHROPIC_API_KEY");
    expect(JSON.stringify(events)).not.toContain("sk-wrong-key");
  });

  it("attack 17: a refusal ends as refused with its category, and its tool calls never run", async () => {
    let ran = false;
    const write = tool("write", () => {
      ran = true;
      return { content: "", isError: false };
    });
    const refused: ModelAnswer = { kind: "message", content: [call("write")], stopReason: "refusal", stopDetails: { category: "cyber", explanation: "No exploits." } };
    const server = await openModel([refused]);
    const { end, events } = await trial({ server, tools: [write] });
    expect(end).toMatchObject({ code: "refused", turns: 1 });
    expect(end.message).toContain("cyber: No exploits.");
    expect(ran).toBe(false);
    expect(ofKind(events, "turn_completed")).toHaveLength(1);
  });
});

describe("fault 62: stop reasons", () => {
  it("pause_turn: the content is sent back verbatim and the model goes on", async () => {
    const server = await openModel([{ kind: "message", content: [say("searching")], stopReason: "pause_turn" }, { kind: "message", content: [say("more")], stopReason: "pause_turn" }, [call("done")]]);
    const { end, events } = await trial({ server });
    expect(end.code).toBe("completed");
    expect(ofKind(events, "steered")).toEqual([]);
    const sent = server.requests[2]?.body?.messages.at(-1);
    expect(sent?.role).toBe("assistant");
    expect(sent?.content).toEqual(ofKind(events, "turn_completed").slice(0, 2).flatMap(({ content }) => content));
  });

  it("max_tokens in a tool call: the call never runs, the one before it does, and the model is told", async () => {
    const ran: string[] = [];
    const note = (name: string) => tool(name, () => (ran.push(name), { content: "", isError: false }));
    const server = await openModel([{ kind: "message", content: [call("first"), { type: "tool_use", name: "second", input: {}, inputText: '{"text": "half a sen' }], stopReason: "max_tokens" }, [call("done")]]);
    const { end, events } = await trial({ server, tools: [note("first"), note("second"), done()] });
    expect(end.code).toBe("completed");
    expect(ran).toEqual(["first"]);
    expect(ofKind(events, "tool_completed")[1]).toMatchObject({ name: "second", isError: true, content: expect.stringContaining("output limit") });
  });

  it("max_tokens in a call whose arguments happen to be whole: it does not run either", async () => {
    let ran = false;
    const write = tool("write", () => {
      ran = true;
      return { content: "", isError: false };
    });
    const server = await openModel([{ kind: "message", content: [{ type: "tool_use", name: "write", input: {}, inputText: "" }], stopReason: "max_tokens" }, [call("done")]]);
    expect((await trial({ server, tools: [write, done()] })).end.code).toBe("completed");
    expect(ran).toBe(false);
  });

  it("max_tokens in a text: the model is told to go on in smaller pieces, without using up the reminder", async () => {
    const server = await openModel([{ kind: "message", content: [say("a long")], stopReason: "max_tokens" }, [say("done?")], [call("done")]]);
    const { end, events } = await trial({ server });
    expect(end.code).toBe("completed");
    expect(ofKind(events, "steered").map(({ text }) => text)).toEqual([expect.stringContaining("cut off"), REMINDER]);
  });

  it("model_context_window_exceeded ends as context_full and runs nothing", async () => {
    const server = await openModel([{ kind: "message", content: [call("write")], stopReason: "model_context_window_exceeded" }]);
    const { end, events } = await trial({ server });
    expect(end.code).toBe("context_full");
    expect(ofKind(events, "tool_started")).toEqual([]);
  });

  it("tool calls after a refusal are never run, not even by a later run", async () => {
    const ran: string[] = [];
    const write = tool("write", () => (ran.push("write"), { content: "", isError: false }));
    const server = await openModel([[call("write")], { kind: "message", content: [say("I will not."), call("write"), call("done")], stopReason: "refusal" }]);
    const { end, recorded } = await trial({ server, tools: [write, done()] });
    expect(end.code).toBe("refused");
    expect(ran).toEqual(["write"]);
    const next = await openModel([[call("done")]]);
    await trial({ server: next, tools: [write, done()], history: recorded });
    expect(ran).toEqual(["write"]);
    expect(next.requests[0]?.body?.messages).toHaveLength(1);
  });

  it("an answer longer than max_tokens is cut by the server, and the loop copes", async () => {
    const server = await openModel([[say("word ".repeat(40_000))], [call("done")]]);
    const { end, events } = await trial({ server });
    expect(ofKind(events, "turn_completed")[0]).toMatchObject({ stopReason: "max_tokens", usage: { outputTokens: 32_000 } });
    expect(end.code).toBe("completed");
  });
});
