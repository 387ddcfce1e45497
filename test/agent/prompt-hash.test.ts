import fc from "../fakes/fast-check.ts";
import { describe, expect, it } from "vitest";
import { evolve, type Conversation } from "../../src/agent/conversation.ts";
import { openPromptHasher } from "../../src/agent/prompt-hash.ts";
import { promptSha256, requestBody, type Frame } from "../../src/agent/request.ts";
import { agentEventSchema, type AgentEvent } from "../../src/record/index.ts";
import { call, ofKind, openModel, trial } from "./harness.ts";

const FRAME: Frame = { model: "claude-sonnet-5-5", system: "Be good.", tools: [{ name: "read", description: "Reads.", input_schema: { type: "object" } }] };

const event = (kind: string, data: object): AgentEvent => agentEventSchema.parse({ kind, data });
const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 };

type Step = { kind: "text" | "pause" | "steer" | "reopen" } | { kind: "tools"; calls: number; text: string };
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("tools" as const), calls: fc.integer({ min: 1, max: 3 }), text: fc.string({ unit: "binary" }) }),
    fc.record({ kind: fc.constantFrom("text" as const, "pause" as const, "steer" as const, "reopen" as const) }),
  ),
  { maxLength: 25 },
);

function eventsOf(step: Step, number: number): readonly AgentEvent[] {
  const turn = (content: readonly object[], stopReason: string) => event("turn_completed", { turn: number, turnKey: `${number}-1`, content, stopReason, usage, requestId: null, costMicroUsd: 1 });
  switch (step.kind) {
    case "text":
      return [turn([{ type: "text", text: "Done?" }], "end_turn"), event("steered", { turn: number, source: "reminder", text: "Not done." })];
    case "pause":
      return [turn([{ type: "text", text: "Wait." }], "pause_turn")];
    case "steer":
      return [event("steered", { turn: number, source: "person", text: `Words ${number}.` })];
    case "reopen":
      return [event("conversation_started", { conversation: number + 1, model: FRAME.model, system: "0".repeat(64), tools: "0".repeat(64), firstMessage: `Again ${number}`, cause: "compacted" })];
    case "tools": {
      const ids = Array.from({ length: step.calls }, (_, index) => `toolu_${number}_${index}`);
      return [
        turn(ids.map((id) => ({ type: "tool_use", id, name: "read", input: { path: step.text.toWellFormed() } })), "tool_use"),
        ...ids.map((id) => event("tool_completed", { turn: number, toolUseId: id, name: "read", isError: false, content: step.text.toWellFormed(), durationMs: 1 })),
      ];
    }
  }
}

describe("the prompt's hash", () => {
  it("added to turn by turn is the hash of the whole request, whatever the conversation did", () => {
    fc.assert(
      fc.property(steps, fc.array(fc.constantFrom(32_000, 5_000), { minLength: 1 }), (course, limits) => {
        const hasher = openPromptHasher();
        let conversation: Conversation | null = evolve(null, event("conversation_started", { conversation: 1, model: FRAME.model, system: "0".repeat(64), tools: "0".repeat(64), firstMessage: "Begin", cause: "start" }));
        course.forEach((step, index) => {
          for (const one of eventsOf(step, index + 1)) conversation = evolve(conversation, one);
          if (conversation === null) throw new Error("no conversation");
          const body = requestBody(FRAME, conversation, limits[index % limits.length] ?? 1);
          expect(hasher.sha256(body, conversation)).toBe(promptSha256(body));
        });
      }),
      { numRuns: 300, seed: 3 },
    );
  });

  it("in the log is the one of the bytes that were sent", async () => {
    const server = await openModel((_, count) => ({ kind: "message", content: [count < 8 ? call("read", { path: `${count}` }) : call("done")] }));
    const { events, bodies } = await trial({ server });
    const hashes = bodies.map((body) => promptSha256(JSON.parse(body)));
    expect(ofKind(events, "turn_requested").map((request) => request.promptSha256)).toEqual(hashes);
    expect(new Set(hashes).size).toBe(9);
  });
});
