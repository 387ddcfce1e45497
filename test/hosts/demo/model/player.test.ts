import { describe, expect, it } from "vitest";
import { playScenario, type MessagesRequest, type ModelAnswer, type Scenario } from "../../../../src/hosts/demo/model/index.ts";

const request = (messages: MessagesRequest["messages"], system = "Be good.\n\nWorkflow: coding-task 1.0.0 - Coding\nMore."): MessagesRequest => ({
  model: "claude-sonnet-5-5",
  max_tokens: 1_000,
  stream: true,
  system: [{ type: "text", text: system }],
  messages,
});
const opening: MessagesRequest["messages"][number] = { role: "user", content: [{ type: "text", text: "Mend the bug." }] };
const turn = (isError: boolean): MessagesRequest["messages"] => [
  opening,
  { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "bash", input: {} }] },
  { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "1 failed", is_error: isError }] },
];

const textOf = (answer: ModelAnswer): string => (answer.kind === "message" ? answer.content.map((block) => (block.type === "text" ? block.text : block.type)).join(" ") : answer.kind);
const play = (turns: Scenario["turns"], messages: MessagesRequest["messages"], system?: string): string => textOf(playScenario({ turns })(request(messages, system)));

describe("a scenario", () => {
  it("plays the turn that the conversation has come to", () => {
    const turns = { "coding-task": [[{ type: "text", text: "first" }], [{ type: "text", text: "second" }]] } as const;
    expect(play(turns, [opening])).toBe("first");
    expect(play(turns, turn(false))).toBe("second");
  });

  it("shows a function what the conversation holds", () => {
    const turns: Scenario["turns"] = { "coding-task": (view) => [{ type: "text", text: JSON.stringify([view.turnIndex, view.firstMessage, view.lastToolResults]) }] };
    expect(play(turns, turn(true))).toBe('[1,"Mend the bug.",[{"name":"bash","text":"1 failed","isError":true}]]');
  });

  it("shows a function all results of the conversation, not only the last", () => {
    const turns: Scenario["turns"] = { "coding-task": (view) => [{ type: "text", text: view.toolResults.map(({ name, text: said }) => `${name}: ${said}`).join("; ") }] };
    const later: MessagesRequest["messages"] = [
      { role: "assistant", content: [{ type: "tool_use", id: "toolu_2", name: "read", input: {} }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_2", content: "a file" }] },
    ];
    expect(play(turns, [...turn(false), ...later])).toBe("bash: 1 failed; read: a file");
  });

  it("lets a function turn of a list answer an error", () => {
    const turns: Scenario["turns"] = { "coding-task": [[], (view) => [{ type: "text", text: `seen ${view.lastToolResults[0]?.text}` }]] };
    expect(play(turns, turn(true))).toBe("seen 1 failed");
  });

  describe("that repeats what was interrupted", () => {
    const calls: MessagesRequest["messages"][number] = {
      role: "assistant",
      content: [
        { type: "tool_use", id: "a", name: "read", input: { path: "f" } },
        { type: "tool_use", id: "b", name: "edit", input: { path: "f" } },
      ],
    };
    const results = (second: string): MessagesRequest["messages"][number] => ({
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "a", content: "text" },
        { type: "tool_result", tool_use_id: "b", content: second, is_error: true },
      ],
    });
    const playAll = (messages: MessagesRequest["messages"]): ModelAnswer =>
      playScenario({ repeatsInterrupted: true, turns: { "coding-task": (view) => [{ type: "text", text: JSON.stringify([view.turnIndex, view.lastToolResults.map(({ text: said }) => said)]) }] } })(request(messages));
    const interrupted = results("This call was interrupted: it may have happened.");

    it("calls again what has no result, and before an edit the read of its file, which another process made; nothing else", () => {
      const other: MessagesRequest["messages"][number] = { role: "assistant", content: [{ type: "tool_use", id: "a", name: "read", input: { path: "g" } }, { type: "tool_use", id: "b", name: "edit", input: { path: "f" } }] };
      const edit = { type: "tool_use", name: "edit", input: { path: "f" } };
      expect(playAll([opening, other, interrupted])).toEqual({ kind: "message", content: [edit] });
      expect(playAll([opening, calls, interrupted])).toEqual({ kind: "message", content: [{ ...edit, name: "read" }, edit] });
      expect(playAll([opening, calls, results("Read f before you edit it.")])).toEqual({ kind: "message", content: [{ ...edit, name: "read" }, edit] });
      expect(textOf(playAll([opening, other, results("Read f before you edit it.")]))).toContain("[1,");
    });

    it("goes on as if it had not been interrupted", () => {
      const again: MessagesRequest["messages"] = [
        { role: "assistant", content: [{ type: "tool_use", id: "c", name: "read", input: { path: "f" } }, { type: "tool_use", id: "d", name: "edit", input: { path: "f" } }] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "c", content: "text again" }, { type: "tool_result", tool_use_id: "d", content: "edited" }] },
      ];
      expect(textOf(playAll([opening, calls, interrupted, ...again]))).toBe('[1,["text again","edited"]]');
    });

    it("hands a step over again only if it is still out", () => {
      const first: MessagesRequest["messages"][number] = { role: "user", content: "# Step: One (one)" };
      const handOver: MessagesRequest["messages"][number] = { role: "assistant", content: [{ type: "tool_use", id: "d", name: "complete_step", input: {} }] };
      const stands = (step: string): MessagesRequest["messages"][number] => ({
        role: "user",
        content: [{ type: "tool_result", tool_use_id: "d", content: `The call was interrupted. This is where the work stands now; what was handed over before counts.\n\n# Step: A step (${step})` }],
      });
      expect(playAll([first, handOver, stands("one")])).toMatchObject({ content: [{ type: "tool_use", name: "complete_step" }] });
      expect(textOf(playAll([first, handOver, stands("two")]))).toContain("[1,");
    });
  });

  const cases: readonly [string, Scenario["turns"], MessagesRequest["messages"], string | undefined, string][] = [
    ["the script has run out", { "coding-task": [[]] }, turn(false), undefined, "nothing left"],
    ["a tool failed that the script did not expect to", { "coding-task": [[], [{ type: "text", text: "fine" }]] }, turn(true), undefined, "bash fails: 1 failed"],
    ["the workflow is another one", { "mr-review": [[]] }, [opening], undefined, "coding-task"],
    ["no workflow is named", { "coding-task": [[]] }, [opening], "Be good.", "none named"],
  ];
  it.each(cases)("ends its turn with words when %s", (_, turns, messages, system, words) => {
    expect(play(turns, messages, system)).toContain(words);
  });
});
