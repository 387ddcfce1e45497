import { describe, expect, it } from "vitest";
import type { AnswerBlock, MessagesRequest, ModelAnswer } from "../../src/hosts/demo/model/index.ts";
import { agentEventSchema, type AgentEvent, type Recorded } from "../../src/record/index.ts";
import { fakeClock } from "../fakes/clock.ts";
import { call, done, kinds, ofKind, openModel, reader, REMINDER, say, tool, trial } from "./harness.ts";

const TURNS: readonly (readonly AnswerBlock[])[] = [
  [{ type: "thinking", thinking: "Let me look." }, say("Looking."), call("read", { path: "a" }), call("read", { path: "b" })],
  [call("write"), call("read", { path: "c" }), call("write")],
  [say("I think that is it.")],
  [call("write")],
  [call("done")],
];

/** Answers by how far the conversation is, so that a restarted one is answered alike. */
const script = ({ messages }: MessagesRequest): ModelAnswer => ({
  kind: "message",
  content: TURNS[messages.filter(({ role }) => role === "assistant").length] ?? [call("done")],
});

const open = () => openModel(script);

function tools(): { writes: number[]; list: ReturnType<typeof tool>[] } {
  const writes: number[] = [];
  const write = tool("write", () => (writes.push(writes.length), { content: "written", isError: false }));
  return { writes, list: [reader(), write, done()] };
}

const quiet = () => openModel(() => ({ kind: "message", content: [say("Done.")] }));

/** A history that ends in the third turn's request. */
const midway = async (): Promise<readonly Recorded<AgentEvent>[]> => {
  const { recorded } = await trial({ server: await open(), tools: tools().list });
  return recorded.slice(0, recorded.findIndex((event) => event.kind === "turn_requested" && event.data.turn === 3) + 1);
};

/** The history with one text replaced in one event. */
const altered = (history: readonly Recorded<AgentEvent>[], from: string, to: string): Recorded<AgentEvent>[] =>
  history.map((event) => ({ ...event, ...agentEventSchema.parse(JSON.parse(JSON.stringify({ kind: event.kind, data: event.data }).replace(from, to))) }));

/** Without cache breakpoints, which move. */
const bare = (body: MessagesRequest | null | undefined): unknown => JSON.parse(JSON.stringify(body?.messages ?? [], (key, value: unknown) => (key === "cache_control" ? undefined : value)));

describe("A3: a run that is cut off after any event and resumed", () => {
  it("completes, repeats no completed turn or tool, and replays what was recorded byte for byte", async () => {
    const reference = await trial({ server: await open(), tools: tools().list });
    expect(reference.end.code).toBe("completed");
    // From there on the session itself is over, so nobody resumes its conversation.
    const overAt = reference.recorded.findIndex((event) => event.kind === "tool_started" && event.data.name === "done");
    for (let cut = 0; cut <= overAt; cut += 1) {
      const history = reference.recorded.slice(0, cut);
      const server = await open();
      const { writes, list } = tools();
      const { end, recorded, events, bodies } = await trial({ server, tools: list, history });
      expect(end.code, `cut after ${cut} events`).toBe("completed");
      expect(ofKind(events, "conversation_started")).toHaveLength(cut === 0 ? 1 : 0);

      const keys = ofKind(recorded, "turn_completed").map(({ turn }) => turn);
      expect(keys).toEqual(TURNS.map((_, index) => index + 1));
      const started = ofKind(history, "tool_started").filter(({ name }) => name === "write").length;
      expect(writes.length + started, "each write is started once").toBe(3);
      const results = ofKind(recorded, "tool_completed").map(({ toolUseId, turn }) => `${turn}/${toolUseId}`);
      expect(new Set(results).size).toBe(results.length);

      const last = history.at(-1);
      const interruptedWrite = last?.kind === "tool_started" && last.data.name === "write";
      const expected = interruptedWrite ? bodies : reference.bodies.slice(ofKind(history, "turn_completed").length);
      expect(bodies).toEqual(expected);
    }
  }, 30_000);

  it("reads its prompt from the cache that the first run wrote", async () => {
    const clock = fakeClock();
    const server = await openModel(script, clock);
    const system = "Rules of the house. ".repeat(1_000);
    const first = await trial({ server, clock, system, tools: tools().list });
    const cut = first.recorded.findLastIndex(({ kind }) => kind === "turn_requested") + 1;
    const count = server.requests.length;
    await trial({ server, clock, system, tools: tools().list, history: first.recorded.slice(0, cut) });
    const before = server.requests[count - 1]?.usage;
    expect(server.requests[count]?.usage?.cache_read_input_tokens).toBe((before?.cache_read_input_tokens ?? 0) + (before?.cache_creation_input_tokens ?? 0));
  });

  it("answers an interrupted call that changes things with an error that says so, and runs a reading one again", async () => {
    const { recorded } = await trial({ server: await open(), tools: tools().list });
    const interrupted = (name: string) => recorded.slice(0, recorded.findIndex((event) => event.kind === "tool_started" && event.data.name === name) + 1);
    const write = await trial({ server: await open(), tools: tools().list, history: interrupted("write") });
    expect(ofKind(write.events, "tool_completed")[0]).toMatchObject({ name: "write", isError: true, content: expect.stringContaining("interrupted") });
    const read = await trial({ server: await open(), tools: tools().list, history: interrupted("read") });
    expect(ofKind(read.events, "tool_completed")[0]).toMatchObject({ name: "read", isError: false });
  });

  it("keeps the message that the conversation was opened with", async () => {
    const { recorded } = await trial({ server: await open(), tools: tools().list, firstMessage: "Mend it." });
    const server = await open();
    await trial({ server, tools: tools().list, history: recorded.slice(0, 4), firstMessage: "Go on." });
    expect(JSON.stringify(bare(server.requests[0]?.body))).toContain("Mend it.");
  });

  it("does not remind twice across runs", async () => {
    const { recorded } = await trial({ server: await quiet() });
    const upToReminder = recorded.slice(0, recorded.findIndex(({ kind }) => kind === "steered") + 1);
    const { end, events } = await trial({ server: await quiet(), history: upToReminder });
    expect(end.code).toBe("stopped_without_completing");
    expect(ofKind(events, "steered")).toEqual([]);
  });
});

describe("fault 64: a conversation that cannot be replayed starts anew at a boundary", () => {
  it("when a thinking block was altered", async () => {
    const server = await open();
    const { end, events } = await trial({ server, tools: tools().list, history: altered(await midway(), "Let me look.", "Let me cheat."), firstMessage: "Go on." });
    expect(end.code).toBe("completed");
    expect(ofKind(events, "conversation_started")).toMatchObject([{ conversation: 2, cause: "changed", firstMessage: "Go on." }]);
    expect(bare(server.requests[0]?.body)).toEqual([{ role: "user", content: [{ type: "text", text: "Go on." }] }]);
  });

  it("when a tool result was altered", async () => {
    const { events } = await trial({ server: await open(), tools: tools().list, history: altered(await midway(), "written", "erased") });
    expect(ofKind(events, "conversation_started")).toMatchObject([{ cause: "changed" }]);
  });

  it("when redaction changed a turn", async () => {
    const history = (await midway()).map((event) => (event.kind === "turn_completed" && event.data.turn === 1 ? { ...event, data: { ...event.data, redacted: true } } : event));
    const { events } = await trial({ server: await open(), tools: tools().list, history });
    expect(ofKind(events, "conversation_started")).toMatchObject([{ cause: "redacted" }]);
  });

  it.each([
    ["the model", { model: "claude-opus-5-5" }],
    ["the system prompt", { system: "You are somebody else." }],
    ["the tool list", { tools: [reader(), tool("write"), tool("extra"), done()] }],
  ])("when %s changed", async (_, change) => {
    const { end, events } = await trial({ server: await open(), tools: tools().list, history: await midway(), ...change });
    expect(end.code).toBe("completed");
    expect(ofKind(events, "conversation_started")).toMatchObject([{ conversation: 2, cause: "changed" }]);
  });

  it.each([
    ["refused", { kind: "message", content: [say("No.")], stopReason: "refusal" }, "changed"],
    ["context_full", { kind: "message", content: [say("...")], stopReason: "model_context_window_exceeded" }, "compacted"],
    ["stopped_without_completing", { kind: "message", content: [say("Done.")] }, "changed"],
  ] as const)("when it had ended as %s, which going on would repeat", async (code, answer, cause) => {
    const { end, recorded } = await trial({ server: await openModel(() => answer) });
    expect(end.code).toBe(code);
    const { end: second, events } = await trial({ server: await openModel([[call("done")]]), history: recorded });
    expect(second.code).toBe("completed");
    expect(ofKind(events, "conversation_started")).toMatchObject([{ conversation: 2, cause }]);
  });

  it("a refused turn whose end was not journaled ends as refused again, and its calls never run", async () => {
    const { writes, list } = tools();
    const { recorded } = await trial({ server: await openModel(() => ({ kind: "message", content: [call("write")], stopReason: "refusal" })), tools: list });
    const { end } = await trial({ server: await open(), tools: list, history: recorded.slice(0, -1) });
    expect(end.code).toBe("refused");
    expect(writes).toEqual([]);
  });

  it("turn numbers and keys stay unique over the boundary", async () => {
    const { recorded } = await trial({ server: await open(), system: "Other.", tools: tools().list, history: await midway() });
    const requested = ofKind(recorded, "turn_requested").map(({ turnKey }) => turnKey);
    expect(new Set(requested).size).toBe(requested.length);
    const completed = ofKind(recorded, "turn_completed").map(({ turn }) => turn);
    expect(completed).toEqual(completed.map((_, index) => index + 1));
  });

  it("the log of a reminded run holds the reminder where it was said", async () => {
    const { events } = await trial({ server: await open(), tools: tools().list });
    expect(ofKind(events, "steered")).toEqual([{ turn: 3, source: "reminder", text: REMINDER }]);
    expect(kinds(events).filter((kind) => kind === "agent_ended")).toHaveLength(1);
  });
});
