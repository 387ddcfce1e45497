import { describe, expect, it } from "vitest";
import { z } from "zod";
import { PROGRESS_LIMITS, watchProgress } from "../../src/agent/progress.ts";
import { TOOL_OUTPUT_LIMIT_BYTES } from "../../src/record/index.ts";
import type { AnswerBlock, ModelAnswer } from "../../src/hosts/demo/model/index.ts";
import { cpuTimer } from "../fakes/cpu-time.ts";
import { fakeClock } from "../fakes/clock.ts";
import { AMPLE, call, done, ofKind, openModel, say, tool, trial, type TrialOptions } from "./harness.ts";
import { calling, openRaw, START } from "./raw-model.ts";

const always = (...content: readonly AnswerBlock[]) => openModel(() => ({ kind: "message", content }));
const nudges = (events: Parameters<typeof ofKind>[0]) => ofKind(events, "steered").filter(({ source }) => source === "nudge");

describe("fault 61: a model that is stuck", () => {
  it("the same call with the same result three times: a nudge; three times more: the end `stuck`", async () => {
    const server = await always(call("read", { path: "a" }));
    const { end, events } = await trial({ server });
    expect(end).toMatchObject({ code: "stuck", turns: 6, message: expect.stringContaining("same call with the same result") });
    expect(nudges(events)).toMatchObject([{ turn: 3, text: expect.stringContaining("same call with the same result 3 times") }]);
    expect(JSON.stringify(server.requests[3]?.body?.messages.at(-1))).toContain("Doing it again changes nothing");
  });

  it("text around the call or another order of calls makes no difference", async () => {
    const server = await openModel((_, count) => {
      const calls = [call("read", { path: "a" }), call("read", { path: "b" })];
      return { kind: "message", content: [say(`Attempt ${count}`), ...(count % 2 === 0 ? calls : calls.toReversed())] };
    });
    expect((await trial({ server })).end).toMatchObject({ code: "stuck", turns: 6 });
  });

  it.each([
    ["node:test", (nth: number) => `not ok 1 - rounds\n  duration_ms ${nth}.4${nth}1\n# fail 1\n# duration_ms: ${nth * 3}.25`],
    ["vitest", (nth: number) => ` Tests  1 failed\n   Start at  14:00:0${nth}\n   Duration  ${nth}.77s (tests 6${nth}%, import 2${nth}%)`],
    ["pytest", (nth: number) => `1 failed in 0.${nth}2s`],
    ["a log", (nth: number) => `2026-11-20T14:00:0${nth}.123Z started in /tmp/run-${nth}x/out`],
  ])("the same tests that fail the same way are the same result, whatever time they took (%s)", async (_, output) => {
    let nth = 0;
    const test = tool("test", () => ({ content: output((nth += 1)), isError: true }));
    expect((await trial({ server: await always(call("test")), tools: [test] })).end).toMatchObject({ code: "stuck", turns: 6 });
  });

  it("attack 20: no output makes the comparison slow", () => {
    const watch = watchProgress(PROGRESS_LIMITS);
    const bombs = ["1", "12:", "1.", "1 ", "/tmp/", "abc 12 ", "duration_ms ", "2026-11-20T"].map((piece) => piece.repeat(TOOL_OUTPUT_LIMIT_BYTES / piece.length));
    const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 };
    const words = Array.from({ length: 150 }, (_, index) => `w${index}`).join(" ");
    const spentMs = cpuTimer();
    bombs.forEach((content, index) => {
      const turn = index + 1;
      watch.fold({ kind: "turn_completed", data: { turn, turnKey: `${turn}-1`, content: [{ type: "tool_use", id: "t", name: "bash", input: { command: words } }], stopReason: "tool_use", usage, requestId: null, costMicroUsd: 1 } });
      watch.fold({ kind: "tool_completed", data: { turn, toolUseId: "t", name: "bash", isError: false, content, durationMs: 1 } });
    });
    expect(spentMs()).toBeLessThan(5_000);
  });

  it("after the nudge it can go another way", async () => {
    const server = await openModel((_, count) => ({ kind: "message", content: [count < 3 ? call("read", { path: "a" }) : call("done")] }));
    const { end, events } = await trial({ server });
    expect(end.code).toBe("completed");
    expect(nudges(events)).toHaveLength(1);
  });

  it("something new makes the nudge forgotten: it is nudged again before it ends", async () => {
    const paths = ["a", "a", "a", "new", "a", "a", "a", "a", "a", "a"];
    const server = await openModel((_, count) => ({ kind: "message", content: [call("read", { path: paths[count] ?? "a" })] }));
    const { end, events } = await trial({ server });
    expect(end.code).toBe("stuck");
    expect(nudges(events).map(({ turn }) => turn)).toEqual([3, 7]);
  });

  it("ping-pong between two calls", async () => {
    const server = await openModel((_, count) => ({ kind: "message", content: [call("read", { path: count % 2 === 0 ? "a" : "b" })] }));
    const { end, events } = await trial({ server });
    expect(end).toMatchObject({ code: "stuck", message: expect.stringContaining("back and forth") });
    expect(nudges(events)).toHaveLength(1);
  });

  it("ping-pong between two states of the files", async () => {
    let tree = "t0";
    const edit = tool("edit", () => ((tree = tree === "t0" ? "t1" : "t0"), { content: "Edited.", isError: false }));
    const server = await always(call("edit"));
    const { end } = await trial({ server, tools: [edit], workspaceTree: () => tree });
    expect(end).toMatchObject({ code: "stuck", message: expect.stringContaining("back and forth") });
  });

  it("the same call while the files change is work", async () => {
    let edits = 0;
    const edit = tool("edit", () => ((edits += 1), { content: "Edited.", isError: false }));
    const server = await openModel((_, count) => ({ kind: "message", content: [count < 20 ? call("edit") : call("done")] }));
    const { end, events } = await trial({ server, tools: [edit, done()], workspaceTree: () => `t${edits}` });
    expect(end.code).toBe("completed");
    expect(nudges(events)).toEqual([]);
  });

  it("the same call with another result each time is work", async () => {
    let size = 0;
    const poll = tool("poll", () => ({ content: `${(size += 1)} files`, isError: false }));
    const server = await openModel((_, count) => ({ kind: "message", content: [count < 20 ? call("poll") : call("done")] }));
    expect((await trial({ server, tools: [poll, done()] })).end.code).toBe("completed");
  });

  it("a resumed run counts on from the log, and a conversation that ended so starts anew", async () => {
    const first = await trial({ server: await always(call("read", { path: "a" })), budget: { ...AMPLE, maxTurns: 5 } });
    expect(first.end.code).toBe("budget_turns");
    const second = await trial({ server: await always(call("read", { path: "a" })), history: first.recorded });
    expect(second.end).toMatchObject({ code: "stuck", turns: 6 });
    expect(nudges(second.events)).toEqual([]);
    const third = await trial({ server: await openModel([[call("done")]]), history: second.recorded });
    expect(third.end.code).toBe("completed");
    expect(ofKind(third.events, "conversation_started")).toHaveLength(1);
  });
});

describe("fault 61: a model that gets nowhere", () => {
  it("twelve turns without anything new: a nudge; twelve more: the end `no_progress`", async () => {
    const search = tool("search", () => ({ content: "Nothing found.", isError: false }));
    const server = await openModel((_, count) => ({ kind: "message", content: [call("search", { for: count })] }));
    const { end, events } = await trial({ server, tools: [search] });
    expect(end).toMatchObject({ code: "no_progress", turns: 1 + 2 * PROGRESS_LIMITS.idleTurns });
    expect(nudges(events)).toMatchObject([{ turn: 13, text: expect.stringContaining("nothing new for 12 turns") }]);
  });

  it.each([
    ["says what was looked for", (input: string) => `No match for /${input}/.`],
    ["quotes it in an error", (input: string) => `sh: 1: ${input}: not found\n[exit code 127]`],
  ])("a result that only %s is not new", async (_, says) => {
    const search = tool("search", (input) => ({ content: says(z.object({ for: z.string() }).parse(input).for), isError: true }), true, z.object({ for: z.string() }));
    const server = await openModel((_request, count) => ({ kind: "message", content: [call("search", { for: `thing-${count} --deep` })] }));
    expect((await trial({ server, tools: [search] })).end.code).toBe("no_progress");
  });

  it("finding something in another place each time is new", async () => {
    let found = 0;
    const search = tool("search", () => ({ content: `src/file.ts:${(found += 7)}: const x = 1;`, isError: false }), true, z.object({ for: z.string() }));
    const server = await openModel((_request, count) => ({ kind: "message", content: [count < 30 ? call("search", { for: `thing-${count}` }) : call("done")] }));
    expect((await trial({ server, tools: [search, done()] })).end.code).toBe("completed");
  });

  it("words of a person are something new", async () => {
    const search = tool("search", () => ({ content: "Nothing found.", isError: false }));
    const server = await openModel((_, count) => ({ kind: "message", content: [call("search", { for: count })] }));
    let asked = 0;
    const steers: TrialOptions["steers"] = async () => ((asked += 1) === 11 ? [{ source: "person", text: "Look elsewhere." }] : []);
    const { events } = await trial({ server, tools: [search], steers });
    expect(nudges(events).map(({ turn }) => turn)).toEqual([22]);
  });

  it("what was read in a conversation that was closed is new in the next", () => {
    const watch = watchProgress(PROGRESS_LIMITS);
    const read = (turn: number, text: string): void => {
      watch.fold({ kind: "turn_completed", data: { turn, turnKey: `${turn}-1`, content: [{ type: "tool_use", id: `t${turn}`, name: "read", input: {} }], stopReason: "tool_use", usage: { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 }, requestId: null, costMicroUsd: 1 } });
      watch.fold({ kind: "tool_completed", data: { turn, toolUseId: `t${turn}`, name: "read", isError: false, content: text, durationMs: 1 } });
    };
    const files = Array.from({ length: PROGRESS_LIMITS.idleTurns + 2 }, (_, index) => `text ${index}`);
    files.forEach((text, index) => read(index + 1, text));
    watch.fold({ kind: "conversation_started", data: { conversation: 2, model: "m", system: "0".repeat(64), tools: "0".repeat(64), firstMessage: "", cause: "compacted" } });
    files.forEach((text, index) => read(files.length + index + 1, text));
    expect(watch.verdict().kind).toBe("fine");
    files.forEach((text, index) => read(2 * files.length + index + 1, text));
    expect(watch.verdict().kind).toBe("nudge");
  });
});

describe("fault 61: a model that falls silent", () => {
  /** Lets time pass only while the answer that came last is one that stalls. */
  function stalling(script: (count: number) => ModelAnswer) {
    const state = { stalled: false };
    const clock = fakeClock();
    const server = openModel((_, count) => {
      const answer = script(count);
      state.stalled = answer.kind === "stall";
      return answer;
    }, clock);
    const onRecord: TrialOptions["onRecord"] = (event) => {
      if (event.kind === "turn_failed") state.stalled = false;
    };
    return server.then((opened) => ({ server: opened, clock, onRecord, passTime: () => state.stalled, stallMs: 60_000 }));
  }

  it("fault 63: the request is cut off, journaled, and counted as if it had been billed; a nudge; then it is asked again", async () => {
    const setting = await stalling((count) => (count === 0 ? { kind: "stall", afterEvents: 4 } : { kind: "message", content: [call("done")] }));
    const waits: unknown[] = [];
    const { end, events } = await trial({ ...setting, onProgress: ({ wait }) => void (wait !== undefined && waits.push(wait.reason)) });
    expect(end.code).toBe("completed");
    expect(waits).toEqual([expect.stringContaining("sent nothing for too long")]);
    expect(ofKind(events, "turn_failed")).toMatchObject([{ turn: 1, code: "stream_stalled", message: expect.stringMatching(/nothing for 6\d seconds/) }]);
    expect(nudges(events)).toMatchObject([{ text: expect.stringContaining("did not arrive") }]);
    const [first] = ofKind(events, "turn_requested");
    expect(end.costMicroUsd).toBeGreaterThan(first?.reservedMicroUsd ?? Infinity);
  });

  it("three requests in a row without an event: the end `stalled`; a later run goes on in the same conversation", async () => {
    const { end, events, recorded } = await trial(await stalling(() => ({ kind: "stall", afterEvents: 2 })));
    expect(end.code).toBe("stalled");
    expect(ofKind(events, "turn_failed").map(({ code }) => code)).toEqual(["stream_stalled", "stream_stalled", "stream_stalled"]);
    expect(nudges(events)).toHaveLength(1);
    const second = await trial({ server: await openModel([[call("done")]]), history: recorded });
    expect(second.end.code).toBe("completed");
    expect(ofKind(second.events, "conversation_started")).toEqual([]);
  });

  it("an answer in between makes the stalls forgotten", async () => {
    const setting = await stalling((count) => (count === 6 ? { kind: "message", content: [call("done")] } : count % 3 === 2 ? { kind: "message", content: [call("read", { path: `${count}` })] } : { kind: "stall", afterEvents: 2 }));
    const { end, events } = await trial(setting);
    expect(end.code).toBe("completed");
    expect(ofKind(events, "turn_failed")).toHaveLength(4);
  });

  it("a server that takes the request and never answers", async () => {
    const setting = await stalling((count) => (count === 0 ? { kind: "stall", afterEvents: 0 } : { kind: "message", content: [call("done")] }));
    expect((await trial(setting)).end.code).toBe("completed");
  });

  it("pings keep a thinking model alive, but not for ever", async () => {
    const clock = fakeClock();
    const state = { pinging: false };
    const server = await openRaw(async (send, count, response) => {
      if (count > 0) return void send(...calling("done", "toolu_1")).then(() => response.end());
      await send(START);
      state.pinging = true;
      while (!response.destroyed) {
        await send({ type: "ping" });
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    const onRecord: TrialOptions["onRecord"] = (event) => {
      if (event.kind === "turn_failed") state.pinging = false;
    };
    const { end, events } = await trial({ server, clock, onRecord, passTime: () => state.pinging, stallMs: 600_000 });
    expect(end.code).toBe("completed");
    expect(ofKind(events, "turn_failed")).toMatchObject([{ code: "stream_stalled", message: expect.stringContaining("nothing but pings") }]);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(5 * 600_000);
  });
});
