import { describe, expect, it } from "vitest";
import { z } from "zod";
import { TOOL_OUTPUT_LIMIT_BYTES } from "../../src/record/index.ts";
import { RetryableError, TerminalError } from "../../src/shared/errors.ts";
import { fakeClock } from "../fakes/clock.ts";
import { call, done, drive, kinds, MODEL, ofKind, openModel, reader, REMINDER, say, tool, trial } from "./harness.ts";

describe("a conversation", () => {
  it("journals each request before it is sent and each turn after it came, and ends when a tool ends it", async () => {
    const server = await openModel([[say("Let me see."), call("read", { path: "a" })], [call("done")]]);
    const { end, events, blobs } = await trial({ server });
    expect(kinds(events)).toEqual([
      "conversation_started",
      "turn_requested",
      "turn_completed",
      "tool_started",
      "tool_completed",
      "turn_requested",
      "turn_completed",
      "tool_started",
      "tool_completed",
      "agent_ended",
    ]);
    expect(end).toMatchObject({ code: "completed", turns: 2 });
    const [started] = ofKind(events, "conversation_started");
    expect(Buffer.from(blobs.get(started?.system ?? "") ?? []).toString()).toBe("You are a careful engineer.");
    const costs = ofKind(events, "turn_completed").map((turn) => turn.costMicroUsd);
    expect(end.costMicroUsd).toBe(costs.reduce((sum, cost) => sum + cost, 0));
    expect(ofKind(events, "turn_completed").map((turn) => turn.requestId)).toEqual(server.requests.map((request) => request.requestId));
  });

  it("sends the tool list and the system prompt as the same bytes every turn", async () => {
    const server = await openModel([[call("read", { path: "a" })], [call("read", { path: "b" })], [call("done")]]);
    await trial({ server });
    const frames = server.requests.map(({ body }) => JSON.stringify([body?.system, body?.tools]));
    expect(new Set(frames).size).toBe(1);
  });

  it("reads its whole earlier prompt from the cache, even when one turn adds more than 20 blocks", async () => {
    const many = Array.from({ length: 30 }, (_, index) => call("read", { path: `file-${index}` }));
    const server = await openModel([[call("read", { path: "a" })], many, [call("read", { path: "b" })], [call("done")]]);
    await trial({ server, system: "Rules. ".repeat(2_000) });
    const usages = server.requests.map((request) => request.usage);
    for (let index = 1; index < usages.length; index += 1) {
      const before = usages[index - 1];
      expect(usages[index]?.cache_read_input_tokens).toBe((before?.cache_read_input_tokens ?? 0) + (before?.cache_creation_input_tokens ?? 0));
    }
  });

  it("runs read-only calls of one turn side by side and the others in order", async () => {
    let reading = 0;
    let most = 0;
    const order: string[] = [];
    const read = reader(async () => {
      reading += 1;
      most = Math.max(most, reading);
      await new Promise((resolve) => setImmediate(resolve));
      reading -= 1;
      order.push("read");
      return { content: "text", isError: false };
    });
    const write = tool("write", () => {
      expect(reading).toBe(0);
      order.push("write");
      return { content: "written", isError: false };
    });
    const server = await openModel([[call("read", { path: "a" }), call("read", { path: "b" }), call("write"), call("read", { path: "c" })], [call("done")]]);
    const { end } = await trial({ server, tools: [read, write, done()] });
    expect(end.code).toBe("completed");
    expect(most).toBe(2);
    expect(order).toEqual(["read", "read", "write", "read"]);
  });

  it("answers a tool that the step does not allow with the reason, without running it", async () => {
    let ran = false;
    const write = tool("write", () => {
      ran = true;
      return { content: "", isError: false };
    });
    const server = await openModel([[call("write")], [call("done")]]);
    const { events } = await trial({ server, tools: [write, done()], mayUse: (name) => (name === "write" ? "This step only reads." : null) });
    expect(ran).toBe(false);
    expect(ofKind(events, "tool_completed")[0]).toMatchObject({ name: "write", isError: true, content: "This step only reads." });
  });

  it("calls afterTools once for each turn whose tools ran", async () => {
    let calls = 0;
    const server = await openModel([[call("read", { path: "a" }), call("write")], [call("nonsense")], [call("done")]]);
    await trial({ server, afterTools: async () => void (calls += 1) });
    expect(calls).toBe(2);
  });

  it("goes on working when the display throws", async () => {
    const server = await openModel([[call("write")], [call("done")]]);
    const shown: unknown[] = [];
    const onProgress = (progress: unknown): void => {
      shown.push(progress);
      throw new Error("display broken");
    };
    expect((await trial({ server, onProgress })).end.code).toBe("completed");
    expect(shown).toHaveLength(1);
  });

  it("shows turns and tools with what was spent so far", async () => {
    const server = await openModel([[call("write")], [call("done")]]);
    const shown: { turn: number; tool?: string; tokens: number }[] = [];
    await trial({ server, onProgress: (progress) => void shown.push(progress) });
    expect(shown.map(({ turn, tool: name }) => [turn, name])).toEqual([[1, undefined], [1, "write"], [2, undefined], [2, "done"]]);
    expect(shown[0]?.tokens).toBeGreaterThan(0);
  });

  it("ends as session_over when a tool says so, and leaves later calls of that turn alone", async () => {
    let ran = false;
    const server = await openModel([[call("over"), call("write")]]);
    const write = tool("write", () => {
      ran = true;
      return { content: "", isError: false };
    });
    const { end } = await trial({ server, tools: [tool("over", () => ({ content: "blocked", isError: true, ends: "session_over" })), write] });
    expect(end.code).toBe("session_over");
    expect(ran).toBe(false);
  });
});

describe("a model that ends its turn", () => {
  it("is reminded once, then the run ends as stopped_without_completing", async () => {
    const server = await openModel([[say("All done!")], [say("Really.")]]);
    const { end, events } = await trial({ server });
    expect(end.code).toBe("stopped_without_completing");
    expect(ofKind(events, "steered")).toEqual([{ turn: 1, source: "reminder", text: REMINDER }]);
    expect(server.requests).toHaveLength(2);
  });

  it("is reminded again when the reminder has become another one, as at a later step", async () => {
    let step = 1;
    const server = await openModel([[say("?")], [call("write")], [say("?")], [call("done")]]);
    const write = tool("write", () => {
      step = 2;
      return { content: "next step", isError: false };
    });
    const { end, events } = await trial({ server, tools: [write, done()], reminder: () => `Step ${step} is not done.` });
    expect(end.code).toBe("completed");
    expect(ofKind(events, "steered").map(({ text }) => text)).toEqual(["Step 1 is not done.", "Step 2 is not done."]);
  });

  it("fault 62: with an empty answer gets the reminder in a request that the API takes", async () => {
    const server = await openModel([[], [say("  ")], [call("done")]]);
    let reminders = 0;
    const { end } = await trial({ server, reminder: () => `Reminder ${(reminders += 1)}` });
    expect(end.code).toBe("completed");
    expect(server.requests.map(({ status }) => status)).toEqual([200, 200, 200]);
  });
});

describe("a tool that fails", () => {
  it("by an exception: the model reads the message", async () => {
    const boom = tool("boom", () => {
      throw new Error("disk on fire");
    });
    const server = await openModel([[call("boom")], [call("done")]]);
    const { end, events } = await trial({ server, tools: [boom, done()] });
    expect(end.code).toBe("completed");
    expect(ofKind(events, "tool_completed")[0]).toMatchObject({ isError: true, content: "boom failed: disk on fire" });
  });

  it.each([new TerminalError("journal broken", "look at the disk"), new RetryableError("save failed")])("by %s: the run ends at once and nothing more is journaled", async (error) => {
    const server = await openModel([[call("boom")]]);
    const seen: string[] = [];
    const boom = tool("boom", () => {
      throw error;
    });
    await expect(trial({ server, tools: [boom], onRecord: (event) => void seen.push(event.kind) })).rejects.toBe(error);
    expect(seen.at(-1)).toBe("tool_started");
  });

  it("by TerminalError beside a call that still runs: the run ends when both are done, so nothing is journaled after it", async () => {
    const broken = new TerminalError("journal broken", "look at the disk");
    const read = reader(async (input) => {
      if (JSON.stringify(input).includes("bad")) throw broken;
      for (let tick = 0; tick < 5; tick += 1) await new Promise((resolve) => setImmediate(resolve));
      return { content: "slow", isError: false };
    });
    const seen: string[] = [];
    const server = await openModel([[call("read", { path: "bad" }), call("read", { path: "slow" })]]);
    await expect(trial({ server, tools: [read], onRecord: (event) => void seen.push(event.kind) })).rejects.toBe(broken);
    expect(seen.at(-1)).toBe("tool_completed");
  });

  it("by a journal that fails: the run ends at once and no tool runs after it", async () => {
    const server = await openModel([[call("write")]]);
    const broken = new TerminalError("journal broken", "look at the disk");
    const onRecord = (event: { kind: string }): void => {
      if (event.kind === "tool_started") throw broken;
    };
    let ran = false;
    const write = tool("write", () => {
      ran = true;
      return { content: "", isError: false };
    });
    await expect(trial({ server, tools: [write], onRecord })).rejects.toBe(broken);
    expect(ran).toBe(false);
  });

  it("attack 20: by endless output: head and tail are kept and the bytes between them counted", async () => {
    const output = `head${"é".repeat(TOOL_OUTPUT_LIMIT_BYTES)}tail`;
    const server = await openModel([[call("loud")], [call("done")]]);
    const { events } = await trial({ server, tools: [tool("loud", () => ({ content: output, isError: false })), done()] });
    const content = ofKind(events, "tool_completed")[0]?.content ?? "";
    expect(Buffer.byteLength(content)).toBeLessThanOrEqual(TOOL_OUTPUT_LIMIT_BYTES);
    expect(content).toMatch(/^headé+\n\[\.\.\. (\d+) bytes left out \.\.\.\]\né+tail$/);
    const leftOut = Number(/\.\.\. (\d+) bytes/.exec(content)?.[1]);
    const gap = Buffer.byteLength(`\n[... ${leftOut} bytes left out ...]\n`);
    expect(leftOut).toBe(Buffer.byteLength(output) - (Buffer.byteLength(content) - gap));
  });

  it("fault 13: by NUL and lone surrogates: the log and the API get well-formed text", async () => {
    const server = await openModel([[call("odd")], [call("done")]]);
    const { end, events } = await trial({ server, tools: [tool("odd", () => ({ content: "a\0b\ud800c", isError: false })), done()] });
    expect(end.code).toBe("completed");
    expect(ofKind(events, "tool_completed")[0]?.content).toBe("a\ufffdb\ufffdc");
  });

  it("by an error without a word: the API still gets content", async () => {
    const server = await openModel([[call("mute")], [call("done")]]);
    const { end } = await trial({ server, tools: [tool("mute", () => ({ content: "", isError: true })), done()] });
    expect(end.code).toBe("completed");
  });
});

describe("cancelling", () => {
  it("fault 36: in a tool aborts the tool, journals the end and leaves the call without a result", async () => {
    const cancel = new AbortController();
    const server = await openModel([[call("slow")]]);
    let aborted = false;
    const slow = tool("slow", (_, { signal }) => {
      const stopped = new Promise<never>((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          aborted = true;
          reject(new Error("stopped"));
        });
      });
      cancel.abort();
      return stopped;
    });
    const { end, events } = await trial({ server, tools: [slow], signal: cancel.signal });
    expect(end.code).toBe("cancelled");
    expect(aborted).toBe(true);
    expect(kinds(events).slice(-2)).toEqual(["tool_started", "agent_ended"]);
  });

  it("leaves a tool behind that does not stop", async () => {
    const cancel = new AbortController();
    const clock = fakeClock();
    const server = await openModel([[call("deaf")]]);
    const deaf = tool("deaf", () => {
      cancel.abort();
      return new Promise<never>(() => undefined);
    });
    const { end } = await trial({ server, clock, tools: [deaf], signal: cancel.signal });
    expect(end.code).toBe("cancelled");
    expect(clock.monotonicMs()).toBeLessThanOrEqual(2_500);
  });

  it("in the middle of a streamed answer ends it; the turn did not happen", async () => {
    const cancel = new AbortController();
    const server = await openModel([{ kind: "stall", afterEvents: 5 }]);
    const clock = fakeClock();
    const running = trial({ server, clock, signal: cancel.signal });
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    cancel.abort();
    const { end, events } = await running;
    expect(end.code).toBe("cancelled");
    expect(kinds(events).slice(-2)).toEqual(["turn_failed", "agent_ended"]);
  });

  it("before the answer begins ends the request", async () => {
    const cancel = new AbortController();
    const server = await openModel(() => {
      cancel.abort();
      return new Promise(() => undefined);
    });
    const { end, events } = await trial({ server, signal: cancel.signal });
    expect(end.code).toBe("cancelled");
    expect(ofKind(events, "turn_failed")).toMatchObject([{ code: "cancelled", retryInMs: null }]);
  });

  it("before the start asks nothing", async () => {
    const server = await openModel([]);
    const { end } = await trial({ server, signal: AbortSignal.abort() });
    expect(end.code).toBe("cancelled");
    expect(server.requests).toHaveLength(0);
  });
});

describe("what cannot start", () => {
  it("an unknown model is rejected with the known ones, and no request is sent", async () => {
    const server = await openModel([]);
    const { end, events } = await trial({ server, model: "gpt-oss" });
    expect(end).toMatchObject({ code: "model_rejected", turns: 0, costMicroUsd: 0 });
    expect(end.message).toContain(MODEL);
    expect(server.requests).toHaveLength(0);
    expect(kinds(events)).toEqual(["agent_ended"]);
  });

  it("two tools of one name are a bug said at once", async () => {
    const server = await openModel([]);
    await expect(trial({ server, tools: [tool("a"), tool("a", undefined, true, z.object({ x: z.string() }))] })).rejects.toBeInstanceOf(TerminalError);
  });
});

describe("the harness", () => {
  it("drives a rejected run to its rejection", async () => {
    await expect(drive(Promise.reject(new Error("no")), fakeClock())).rejects.toThrow("no");
  });
});
