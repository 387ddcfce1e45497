import { describe, expect, it } from "vitest";
import type { ModelAnswer } from "../../src/hosts/demo/model/index.ts";
import { fakeClock } from "../fakes/clock.ts";
import { call, done, kinds, ofKind, openModel, reader, say, tool, trial, type TrialOptions } from "./harness.ts";

/** Each result is about 1,000 tokens to the server, which counts 4 bytes to a token. */
const big = () => reader((input) => ({ content: JSON.stringify(input).padEnd(4_000, "x"), isError: false }));
const openings = (events: Parameters<typeof ofKind>[0]) => ofKind(events, "conversation_started");

/** Reads files until the conversation is the one that was opened anew so many times, then is done. */
const untilReopened = (times: number) => {
  let count = 0;
  return openModel(({ messages }) => ({
    kind: "message",
    content: [JSON.stringify(messages[0]).includes(`round ${times}.`) ? call("done") : call("read", { path: `${(count += 1)}` })],
  }));
};

/** Says how often the session's conversation was opened anew, this time included. */
const rounds = (history: readonly { readonly kind: string }[] = []) => {
  let round = Math.max(0, history.filter(({ kind }) => kind === "conversation_started").length - 1);
  return () => `This is round ${(round += 1)}.`;
};

describe("fault 62: a conversation that fills the model's context", () => {
  it("is told once, closed at a journaled boundary after the answer, and opened anew with what the host composes", async () => {
    const server = await untilReopened(1);
    let step = 1;
    const read = big();
    const note = tool("note", () => ({ content: "Noted.", isError: false }));
    const options: Partial<TrialOptions> = { tools: [read, note, done()], contextTokens: 10_000, firstMessage: "Step 1: mend it.", reopening: () => `Step ${step}: mend it. This is round 1.` };
    step = 2;
    const { end, events } = await trial({ server, ...options });
    expect(end.code).toBe("completed");
    expect(openings(events)).toMatchObject([
      { conversation: 1, cause: "start", firstMessage: "Step 1: mend it." },
      { conversation: 2, cause: "compacted", firstMessage: expect.stringMatching(/is closed.*\n\nStep 2: mend it\. This is round 1\.$/s) },
    ]);
    const notices = ofKind(events, "steered");
    expect(notices).toMatchObject([{ source: "reminder", text: expect.stringContaining("closed after your next answer") }]);
    // Between the notice and the boundary there is exactly one answer, with its calls carried out.
    const order = kinds(events);
    expect(order.slice(order.indexOf("steered"), order.lastIndexOf("conversation_started"))).toEqual(["steered", "turn_requested", "turn_completed", "tool_started", "tool_completed"]);
    const sizes = server.requests.map(({ usage }) => (usage?.input_tokens ?? 0) + (usage?.cache_read_input_tokens ?? 0) + (usage?.cache_creation_input_tokens ?? 0));
    expect(Math.max(...sizes)).toBeLessThan(10_000);
    const reopened = server.requests.at(-1)?.body?.messages;
    expect(reopened).toHaveLength(1);
    expect(JSON.stringify(reopened)).toContain("Step 2: mend it.");
  });

  it("goes on for as many conversations as it takes, turn numbers and spending counted through", async () => {
    const { end, events } = await trial({ server: await untilReopened(3), tools: [big(), done()], contextTokens: 10_000, reopening: rounds() });
    expect(end.code).toBe("completed");
    expect(openings(events).map(({ cause }) => cause)).toEqual(["start", "compacted", "compacted", "compacted"]);
    const turns = ofKind(events, "turn_completed").map(({ turn }) => turn);
    expect(turns).toEqual(turns.map((_, index) => index + 1));
    expect(end.turns).toBe(turns.length);
  });

  it("a run that is cut off anywhere around the boundary opens one new conversation, not two", async () => {
    const reference = await trial({ server: await untilReopened(1), tools: [big(), done()], contextTokens: 10_000, reopening: rounds() });
    const noticed = reference.recorded.findIndex(({ kind }) => kind === "steered");
    const overAt = reference.recorded.findIndex((event) => event.kind === "tool_started" && event.data.name === "done");
    for (let cut = noticed; cut <= overAt; cut += 1) {
      const history = reference.recorded.slice(0, cut);
      const { end, recorded } = await trial({ server: await untilReopened(1), tools: [big(), done()], contextTokens: 10_000, history, reopening: rounds(history) });
      expect(end.code, `cut after ${cut} events`).toBe("completed");
      expect(openings(recorded).map(({ cause }) => cause)).toEqual(["start", "compacted"]);
      expect(ofKind(recorded, "steered")).toHaveLength(1);
    }
  });

  const full: readonly [string, ModelAnswer][] = [
    ["model_context_window_exceeded", { kind: "message", content: [call("write")], stopReason: "model_context_window_exceeded" }],
    ["413", { kind: "error", status: 413, type: "request_too_large" }],
  ];
  it.each(full)("the API says so first (%s): a new conversation is opened, and the cut turn's calls never run", async (_, answer) => {
    const ran: string[] = [];
    const write = tool("write", () => (ran.push("write"), { content: "", isError: false }));
    const server = await openModel([[call("read", { path: "a" })], [call("read", { path: "b" })], answer, [call("done")]]);
    const { end, events } = await trial({ server, tools: [reader(), write, done()] });
    expect(end.code).toBe("completed");
    expect(openings(events).map(({ cause }) => cause)).toEqual(["start", "compacted"]);
    expect(ran).toEqual([]);
  });

  it.each(full)("context_full is only for a fresh conversation that cannot fit either (%s)", async (_, answer) => {
    const server = await openModel([[call("read", { path: "a" })], answer]);
    const { end, events } = await trial({ server, tools: [reader(), tool("write"), done()] });
    expect(end).toMatchObject({ code: "context_full", message: expect.stringContaining("as full") });
    expect(openings(events)).toHaveLength(1);
  });

  it("by default a conversation is full at the share of the model's own context", async () => {
    const server = await openModel((_, count) => ({ kind: "message", content: [count < 3 ? call("read", { path: `${count}` }) : call("done")], outputTokens: count === 1 ? 810_000 : 10 }));
    const { end, events } = await trial({ server });
    expect(end.code).toBe("completed");
    expect(openings(events).map(({ cause }) => cause)).toEqual(["start", "compacted"]);
  });
});

describe("words of a person", () => {
  const say1 = { source: "person", text: "Use tabs." } as const;

  it("are put in before the next request, journaled, and acknowledged only then", async () => {
    const order: string[] = [];
    let waiting = [{ ...say1, delivered: async () => void order.push("delivered") }];
    const server = await openModel([[call("read", { path: "a" })], [call("done")]]);
    const steers = async () => {
      const now = waiting;
      waiting = [];
      return now;
    };
    const { events } = await trial({ server, steers, onRecord: ({ kind }) => void (kind === "steered" && order.push("journaled")) });
    expect(order).toEqual(["journaled", "delivered"]);
    expect(ofKind(events, "steered")).toEqual([{ turn: 1, source: "person", text: "Use tabs." }]);
    expect(JSON.stringify(server.requests[0]?.body?.messages)).toContain("Use tabs.");
  });

  it("reach a model that just ended its turn, in place of the reminder", async () => {
    const server = await openModel([[say("Finished?")], [call("done")]]);
    let asked = 0;
    const { end, events } = await trial({ server, steers: async () => ((asked += 1) === 2 ? [say1] : []) });
    expect(end.code).toBe("completed");
    expect(ofKind(events, "steered")).toMatchObject([{ source: "person" }]);
  });

  it("that come when the conversation is full go into the next one", async () => {
    const full = { kind: "message", content: [say("...")], stopReason: "model_context_window_exceeded" } as const;
    const server = await openModel([[call("read", { path: "a" })], [call("read", { path: "b" })], full, [call("done")]]);
    let told = false;
    const steers = async () => (server.requests.length < 3 || told ? [] : ((told = true), [say1]));
    const { events } = await trial({ server, steers });
    expect(kinds(events).filter((kind) => kind === "steered" || kind === "conversation_started")).toEqual(["conversation_started", "conversation_started", "steered"]);
    expect(JSON.stringify(server.requests.at(-1)?.body?.messages)).toContain("Use tabs.");
  });

  it("are replayed by a resumed run, not asked for again", async () => {
    const script = ({ messages }: { messages: readonly { role: string }[] }): ModelAnswer => ({ kind: "message", content: [messages.some(({ role }) => role === "assistant") ? call("done") : call("read", { path: "a" })] });
    let told = false;
    const first = await trial({ server: await openModel(script), clock: fakeClock(), steers: async () => (told ? [] : ((told = true), [say1])) });
    const cut = first.recorded.findIndex(({ kind }) => kind === "tool_completed") + 1;
    const server = await openModel(script);
    const second = await trial({ server, history: first.recorded.slice(0, cut), steers: async () => [] });
    expect(second.end.code).toBe("completed");
    expect(second.bodies).toEqual(first.bodies.slice(1));
    expect(JSON.stringify(server.requests[0]?.body?.messages)).toContain("Use tabs.");
  });

  it("lone surrogates in them do not break the request", async () => {
    const server = await openModel([[call("done")]]);
    let told = false;
    const { end } = await trial({ server, steers: async () => (told ? [] : ((told = true), [{ source: "person", text: "a\ud800" }])) });
    expect(end.code).toBe("completed");
  });

  it("an inbox that fails ends the run", async () => {
    await expect(trial({ server: await openModel([]), steers: async () => Promise.reject(new Error("disk")) })).rejects.toThrow("disk");
  });
});
