import Anthropic from "@anthropic-ai/sdk";
import { request as httpRequest } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { startModelServer, type ModelAnswer, type ModelServer } from "../../../../src/hosts/demo/model/index.ts";
import { fakeClock } from "../../../fakes/clock.ts";

const MODEL = "claude-sonnet-5-5";
const clock = fakeClock();
let answer: ModelAnswer = { kind: "message", content: [] };
let server: ModelServer;

beforeEach(async () => {
  answer = { kind: "message", content: [{ type: "text", text: "Hello." }] };
  server = await startModelServer({ apiKey: "key", clock, answer: () => answer });
});
afterEach(() => server.close());

const user = (text: string): object => ({ role: "user", content: [{ type: "text", text }] });
const marked = (text: string) => ({ type: "text", text, cache_control: { type: "ephemeral" } });
const use = (id: string) => ({ type: "tool_use", id, name: "read", input: {} });
const result = (id: string) => ({ type: "tool_result", tool_use_id: id, content: "text" });
const cached = (text: string, ttl?: "1h") => ({ type: "text", text, cache_control: { type: "ephemeral", ...(ttl === undefined ? {} : { ttl }) } });
const basic = { model: MODEL, max_tokens: 1_000, stream: true, messages: [user("Hi")] };

const errorBody = z.object({ type: z.literal("error"), error: z.object({ type: z.string(), message: z.string() }), request_id: z.string() });

async function post(body: unknown, headers: Record<string, string> = { authorization: "Bearer key", "anthropic-version": "2026-10-21" }) {
  const response = await fetch(`${server.url}/v1/messages`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: typeof body === "string" ? body : JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, text, requestId: response.headers.get("request-id"), message: response.status === 200 ? "" : errorBody.parse(JSON.parse(text)).error.message };
}

/** One whole exchange by the official SDK, which checks the order of the events. */
async function say(text: string): Promise<Anthropic.Message> {
  const client = new Anthropic({ apiKey: "key", baseURL: server.url, maxRetries: 0 });
  const tools: Anthropic.Tool[] = [{ name: "read", input_schema: { type: "object" } }];
  return client.messages.stream({ model: MODEL, max_tokens: 1_000, tools, messages: [{ role: "user", content: [{ type: "text", text }] }] }).finalMessage();
}

const usageOf = async (body: object) => {
  expect((await post({ ...basic, ...body })).status).toBe(200);
  const usage = server.requests.at(-1)?.usage;
  return { read: usage?.cache_read_input_tokens ?? 0, wrote: usage?.cache_creation_input_tokens ?? 0, plain: usage?.input_tokens ?? 0 };
};

describe("a message", () => {
  it("is streamed so that the official SDK puts it together: thinking, text, tool calls, usage", async () => {
    const text = "Grüße 👋 ".repeat(50);
    const input = { path: "src/ä.ts", lines: [1, 2], deep: { emoji: "👩‍🚀" } };
    answer = { kind: "message", content: [{ type: "thinking", thinking: "Let me think." }, { type: "text", text }, { type: "tool_use", name: "read", input }] };
    const message = await say("Hi");
    expect(message.content).toMatchObject([{ type: "thinking", thinking: "Let me think." }, { type: "text", text }, { type: "tool_use", name: "read", input }]);
    expect(message.stop_reason).toBe("tool_use");
    expect(message.usage).toMatchObject({ cache_read_input_tokens: 0, output_tokens: expect.any(Number) });
  });

  it("comes as the events the API documents, with a ping and a request id", async () => {
    const { text, requestId } = await post(basic);
    const events = [...text.matchAll(/^event: (.+)$/gm)].map(([, name]) => name);
    expect(events[0]).toBe("message_start");
    expect(events[1]).toBe("ping");
    expect(events.slice(-2)).toEqual(["message_delta", "message_stop"]);
    expect(requestId).toMatch(/^req_/);
    expect(server.requests[0]?.requestId).toBe(requestId);
  });

  it("of a model that always thinks begins with a signed thinking block", async () => {
    const message = await say("Hi");
    expect(message.content[0]).toMatchObject({ type: "thinking", thinking: "", signature: expect.stringMatching(/.{20,}/) });
  });

  it("longer than max_tokens is cut with that stop reason", async () => {
    answer = { kind: "message", content: [{ type: "text", text: "word ".repeat(10_000) }] };
    const message = await say("Hi");
    expect(message).toMatchObject({ stop_reason: "max_tokens", usage: { output_tokens: 1_000 } });
  });

  it("can be delayed by the clock", async () => {
    answer = { kind: "delay", ms: 5_000, answer: { kind: "error", status: 529, type: "overloaded_error" } };
    const posted = post(basic);
    while (clock.sleepers() === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(5_000);
    expect((await posted).status).toBe(529);
  });
});

describe("what the API refuses, this server refuses", () => {
  it.each([
    ["no key", { "anthropic-version": "2026-10-21" }, 401],
    ["a wrong key", { authorization: "Bearer other", "anthropic-version": "2026-10-21" }, 401],
    ["no version", { authorization: "Bearer key" }, 400],
  ])("%s", async (_, headers, status) => {
    expect((await post(basic, headers as Record<string, string>)).status).toBe(status);
    expect(server.requests[0]?.status).toBe(status);
  });

  it("takes the key as x-api-key too", async () => {
    expect((await post(basic, { "x-api-key": "key", "anthropic-version": "2026-10-21" })).status).toBe(200);
  });

  it("another path or method", async () => {
    const headers = { authorization: "Bearer key", "anthropic-version": "2026-10-21" };
    expect((await fetch(`${server.url}/v1/complete`, { method: "POST", headers })).status).toBe(404);
    expect((await fetch(`${server.url}/v1/messages`, { headers })).status).toBe(405);
  });

  const thinking = { type: "thinking", thinking: "", signature: "forged" };
  const asked = (assistant: readonly object[], next: readonly object[]) => ({ ...basic, model: "claude-opus-4-8", messages: [user("Hi"), { role: "assistant", content: assistant }, { role: "user", content: next }] });

  it.each([
    ["a body that is no JSON", "{", "not valid JSON"],
    ["an unknown field", { ...basic, temperature: 1 }, "temperature"],
    ["no streaming", { ...basic, stream: false }, "stream"],
    ["a text of white space", { ...basic, messages: [user(" \n")] }, "non-whitespace"],
    ["no messages", { ...basic, messages: [] }, "messages"],
    ["max_tokens over the model's", { ...basic, max_tokens: 128_001 }, "128000"],
    ["roles that do not alternate", { ...basic, messages: [user("Hi"), user("Hi")] }, "alternate"],
    ["a prefilled answer", { ...basic, messages: [user("Hi"), { role: "assistant", content: "Once" }] }, "prefill"],
    ["five cache breakpoints", { ...basic, messages: [{ role: "user", content: ["a", "b", "c", "d", "e"].map(marked) }] }, "maximum of 4"],
    ["a forced tool", { ...basic, tool_choice: { type: "any" } }, "tool_choice"],
    ["thinking switched off", { ...basic, thinking: { type: "disabled" } }, "always thinks"],
    ["two tools of one name", { ...basic, tools: [1, 2].map(() => ({ name: "read", input_schema: { type: "object" } })) }, "unique"],
    ["a tool named with a space", { ...basic, tools: [{ name: "re ad", input_schema: { type: "object" } }] }, "name"],
    ["a forged thinking block", { ...basic, messages: [user("Hi"), { role: "assistant", content: [thinking] }, user("Go on")] }, "signature"],
  ])("%s", async (_, body, reason) => {
    const { status, message } = await post(body);
    expect(status).toBe(400);
    expect(message).toContain(reason);
  });

  it.each([
    ["a tool call without a result", [use("a")], [{ type: "text", text: "?" }], "without `tool_result`"],
    ["a result without a call", [{ type: "text", text: "Hi" }], [result("a")], "unexpected `tool_use_id`"],
    ["two results of one call", [use("a")], [result("a"), result("a")], "single result"],
    ["a result after a text", [use("a")], [{ type: "text", text: "?" }, result("a")], "before other content"],
    ["two calls of one id", [use("a"), use("a")], [result("a")], "unique"],
    ["a tool turn that lost its thinking", [use("a")], [result("a")], "Expected `thinking`"],
    ["an error result without content", [use("a")], [{ type: "tool_result", tool_use_id: "a", content: "", is_error: true }], "is_error"],
  ])("%s", async (_, assistant, next, reason) => {
    const { status, message } = await post({ ...asked(assistant, next), model: MODEL });
    expect(status).toBe(400);
    expect(message).toContain(reason);
  });

  it("an unknown model", async () => {
    expect((await post({ ...basic, model: "claude-9" })).status).toBe(404);
  });

  it("a body over 32 MB", async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const posted = httpRequest(`${server.url}/v1/messages`, { method: "POST", headers: { authorization: "Bearer key", "anthropic-version": "2026-10-21" } }, (response) => resolve(response.resume().statusCode));
      posted.on("error", reject);
      posted.end(Buffer.alloc(32 * 1024 * 1024 + 1, 32));
    });
    expect(status).toBe(413);
  });

  it("fault 64: a thinking block that was altered, or moved to another conversation or model", async () => {
    answer = { kind: "message", content: [{ type: "thinking", thinking: "Honest thought." }, { type: "tool_use", name: "read", input: {} }] };
    const { content } = await say("Hi");
    const [thought, called] = content;
    if (thought?.type !== "thinking" || called?.type !== "tool_use") throw new Error("not as scripted");
    const answered = (first: object, opening = "Hi") => [user(opening), { role: "assistant", content: [first, called] }, { role: "user", content: [result(called.id)] }];
    expect((await post({ ...basic, messages: answered(thought) })).status).toBe(200);
    expect((await post({ ...basic, messages: answered({ ...thought, thinking: "Other thought." }) })).message).toContain("signature");
    expect((await post({ ...basic, messages: answered(thought, "Other conversation") })).message).toContain("signature");
    expect((await post({ ...basic, model: "claude-opus-5-5", messages: answered(thought) })).message).toContain("signature");
  });
});

describe("prompt cache accounting", () => {
  const long = "x".repeat(8_000);

  it("writes a prefix at a breakpoint and reads exactly it the next time", async () => {
    const first = await usageOf({ system: [cached(long)] });
    expect(first.read).toBe(0);
    expect(first.wrote).toBeGreaterThan(2_000);
    const second = await usageOf({ system: [cached(long)], messages: [user("Something else")] });
    expect(second).toMatchObject({ read: first.wrote, wrote: 0 });
  });

  it("misses when one byte of the prefix differs", async () => {
    await usageOf({ system: [cached(long)] });
    expect((await usageOf({ system: [cached(`${long}y`)] })).read).toBe(0);
  });

  it("does not cache below the model's minimum", async () => {
    expect(await usageOf({ system: [cached("short")] })).toMatchObject({ read: 0, wrote: 0 });
  });

  it("forgets after five minutes unless read meanwhile, and after an hour with that time to live", async () => {
    const five = { system: [cached(`five ${long}`)] };
    const hour = { system: [cached(`hour ${long}`, "1h")] };
    await usageOf(five);
    await usageOf(hour);
    await clock.advance(4 * 60_000);
    expect((await usageOf(five)).read).toBeGreaterThan(0);
    await clock.advance(4 * 60_000);
    expect((await usageOf(five)).read).toBeGreaterThan(0);
    await clock.advance(5 * 60_000);
    expect((await usageOf(five)).read).toBe(0);
    expect((await usageOf(hour)).read).toBeGreaterThan(0);
  });

  it("looks back 20 blocks from a breakpoint, not further", async () => {
    const grown = (blocks: number) => ({ messages: [{ role: "user", content: [cached(long), ...Array.from({ length: blocks - 1 }, (_, index) => ({ type: "text", text: `b${index}` })), cached("end")] }] });
    const base = { messages: [{ role: "user", content: [cached(long)] }] };
    await usageOf(base);
    const reach = async (blocks: number) => {
      const { messages } = grown(blocks);
      const content = messages[0]?.content.map((block, index) => (index === 0 ? { type: "text", text: block.text } : block));
      return (await usageOf({ messages: [{ role: "user", content }] })).read;
    };
    expect(await reach(20)).toBeGreaterThan(0);
    expect(await reach(21)).toBe(0);
  });
});
