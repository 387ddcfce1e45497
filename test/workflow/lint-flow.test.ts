/** What lint decides of ways through a workflow: loops that end, steps that are come to. Through `lintWorkflow` as in lint.test.ts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { catalogue } from "../../src/workflow/index.ts";
import { lintWorkflow, type LintFinding } from "../../src/workflow/lint/index.ts";
import { documentOf } from "../../src/workflow/routines.ts";
import type { Json, JsonObject } from "../../src/shared/json.ts";

const step = (id: string, more: JsonObject = {}, goal = `Do ${id}.`): JsonObject => ({ id, title: "Step", promptBlocks: { goal, verify: [`Seen ${id}.`] }, ...more });
const gives = (key: string, schema: Json = { type: "boolean" }): JsonObject => ({ produces: { [key]: schema } });

const ROUTINES = ["ideation"].map((name) => ({ file: `${name}.yaml`, text: readFileSync(join("workflows/routines", `${name}.yaml`), "utf8") }));

function findings(steps: readonly JsonObject[], version: 1 | 2 = 2): readonly LintFinding[] {
  const file = { ...(version === 1 ? {} : { schemaVersion: version }), id: "team.work", name: "Work", version: "1.0.0", description: "Some work.", about: "For some work.", examples: ["Do some of the work"], category: "coding", tags: ["work"], steps };
  const source = { file: "w.json", text: JSON.stringify(file) };
  const { workflows, faults } = catalogue([source, ...ROUTINES]);
  expect(faults).toEqual([]);
  const document = documentOf(source);
  const plan = workflows.get("team.work")?.plan;
  return document.ok && plan !== undefined ? lintWorkflow(plan, document.value) : expect.fail("not compiled");
}
/** What the two rules of this file say; values nobody reads are another one's concern. */
const told = (steps: readonly JsonObject[], version: 1 | 2 = 2) => findings(steps, version).flatMap(({ code, path, message }) => (code === "unreachable-step" || code === "loop-without-exit" ? [`${code} ${path}: ${message}`] : []));
const loop = (type: "while" | "until", condition: JsonObject, body: JsonObject[], more: JsonObject = {}): JsonObject => ({ id: "again", type: "loop", title: "Again", loop: { type, condition, maxIterations: 4, ...more }, body });

const open = { var: "open", equals: true };
const EITHER: JsonObject = { or: [{ var: "a" }, { not: { var: "a" } }] };

describe("a loop whose condition its body cannot end", () => {
  test.each<[string, readonly JsonObject[], string]>([
    ["its body sets the value that keeps it going, and no other", [step("one", gives("open")), loop("while", open, [step("two", gives("open", { const: true }))])], 'runs to its limit: what its body sets, "open" (true), never makes its condition fail'],
    ["so does every way through the body", [step("one", gives("open")), loop("while", open, [step("two", { ...gives("open", { const: true }), runCondition: { var: "findings" } }), step("three")])], 'what its body sets, "open" (true), never'],
    ["the last word in the body counts", [step("one", gives("open")), loop("while", open, [step("two", gives("open")), step("three", gives("open", { const: true }))])], 'never makes its condition fail'],
    ["values that do not end it", [step("one", gives("mood", { enum: ["bad", "worse", "good"] })), loop("until", { var: "mood", equals: "good" }, [step("two", gives("mood", { enum: ["bad", "worse"] }))])], '"mood" ("bad" or "worse"), never makes its condition hold'],
    ["values that are no number", [step("one", gives("count", { type: "number" })), loop("until", { var: "count", gte: 3 }, [step("two", gives("count", { type: "string" }))])], '"count", never makes its condition hold'],
    ["a tautology", [step("one", gives("a")), loop("while", EITHER, [step("two", gives("a"))])], "always holds, whatever its values are"],
    ["a contradiction to wait for", [step("one", gives("a")), loop("until", { and: [{ var: "a", equals: "x" }, { var: "a", equals: "y" }] }, [step("two", gives("a", { type: "string" }))])], "can never hold, whatever its values are"],
    ["numbers that cannot be", [step("one", gives("a", { type: "number" })), loop("until", { and: [{ var: "a", gt: 3 }, { var: "a", lt: 2 }] }, [step("two", gives("a", { type: "number" }))])], "can never hold"],
    ["numbers that are never large enough", [step("one", gives("a", { type: "integer" })), loop("until", { var: "a", gt: 9 }, [step("two", gives("a", { type: "integer", maximum: 9 }))])], '"a", never makes its condition hold'],
    ["more turns than it may have", [step("one", gives("open")), loop("until", { var: "currentIteration", gte: 5 }, [step("two")])], "nothing in its body makes its condition hold"],
    ["the other half of its condition is out of its hands", [step("one", gives("open")), loop("while", { or: [{ var: "findings" }, open] }, [step("two", gives("open"))])], ""],
    ["an ordinary word of its prompt is no value", [step("one", gives("done")), loop("until", { var: "done" }, [step("two", {}, "Work on it until all is done.")])], 'Nothing in the body of "again" sets "done"'],
  ])("%s", (_, steps, words) => {
    if (words === "") return expect(told(steps)).toEqual([]);
    expect(told(steps)).toEqual([expect.stringMatching(/^loop-without-exit steps\[1\]\.loop: /)]);
    expect(told(steps)[0]).toContain(words);
  });

  test.each<[string, readonly JsonObject[]]>([
    ["its body may set what ends it", [step("one", gives("open")), loop("while", open, [step("two", gives("open"))])]],
    ["a step of the body that may be skipped ends it", [step("one", gives("open")), loop("while", open, [step("two", { ...gives("open", { const: false }), runCondition: { var: "findings" } })])]],
    ["a later turn sets it otherwise than an earlier one", [step("one", { produces: { open: { type: "boolean" }, last: { type: "boolean" } } }), loop("while", open, [step("two", { ...gives("open", { const: true }), runCondition: { not: { var: "last" } } }), step("three", { ...gives("open", { const: false }), runCondition: { var: "last" } }), step("four", gives("last"))])]],
    ["its last allowed turn ends it", [loop("until", { var: "currentIteration", gte: 4 }, [step("two")])]],
    ["a step of the body requires it", [loop("until", { var: "done" }, [step("two", { requires: ["done"] })])]],
    ["a body step gathers it", [loop("until", { var: "spec" }, [{ id: "get", type: "context-gather", title: "Get", contextType: "spec", outputVar: "spec", optional: true }, step("two", {}, "Look at {{spec}}.")])]],
    ["a jump leads out of it", [step("one", gives("open", { const: true })), loop("while", open, [step("two", { ...gives("found"), jumpIf: { condition: { var: "found" }, target: "three" } })]), step("three")]],
    ["a step of the body may say stop", [step("one", gives("open")), { ...loop("while", open, [step("two", { outputContract: { contractRef: "wr.contracts.loop_control" } })]), loop: { type: "while", maxIterations: 4, conditionSource: { kind: "context_variable", condition: open } } }]],
    ["an inner loop sets it", [step("one", gives("open")), loop("while", open, [{ id: "inner", type: "loop", title: "Inner", loop: { type: "for", count: 2 }, body: [step("two", gives("open"))] }])]],
    ["a text may hold anything", [step("one", gives("log", { type: "string" })), loop("until", { and: [{ var: "log", contains: "ok" }, { not: { var: "log", contains: "fail" } }] }, [step("two", gives("log", { type: "string" }))])]],
    ["the host's values may be anything", [loop("while", { var: "findings" }, [step("two", { requires: ["findings"] }, "Mend the `findings` and put what is left of them there.")])]],
  ])("is not told where %s", (_, steps) => {
    expect(told(steps)).toEqual([]);
  });

  describe("words of a prompt", () => {
    const around = (words: string): readonly JsonObject[] => [step("one", gives("done")), loop("until", { var: "done" }, [step("two", gives("left"), words), step("three", {}, "See {{left}}.")])];

    test.each(["Set `done` to true when nothing is left.", "Put done into the context.", "Work on it until 'done' shows.", "Keep done work apart.", "Say what is done: one line each.", "Report done and open points in context.", "Setze done im Kontext auf true."])("end no loop: %s", (words) => {
      expect(told(around(words))).toEqual(['loop-without-exit steps[1].loop: Nothing in the body of "again" sets "done", so the loop runs never or to its limit, unless the words of "two" that name "done" are taken for a wish to hand it over.']);
    });

    test("nor do they change what a step of the body has to hand over", () => {
      expect(told([step("one", gives("open")), loop("while", open, [step("two", gives("open", { const: true }), "Set `open` to false at the end.")])])).toEqual([expect.stringMatching(/^loop-without-exit .*, never makes its condition fail, unless the words of "two" that name "open" are/)]);
    });

    test("nor let a jump back be left out, or one out of the loop be taken", () => {
      const ways = gives("a", { enum: ["x", "y"] });
      expect(told([step("one", ways), step("two", { jumpIf: { condition: { var: "a", in: ["x", "y"] }, target: "one", maxJumps: 2 } }, "Set `a` to z.")])).toEqual([expect.stringMatching(/^loop-without-exit .* always holds there, unless the words of "two" that name "a" are/)]);
      expect(told([step("one", gives("open", { const: true })), loop("while", open, [step("two", { jumpIf: { condition: { var: "found" }, target: "three" } }, "Set `found` to true.")]), step("three")])).toEqual([expect.stringMatching(/^loop-without-exit /)]);
    });

    test("set a value in a file of version 1, which can declare none; an ordinary word does not", () => {
      expect(told(around("Set `done` to true when nothing is left."), 1)).toEqual([]);
      expect(told(around("Try it, and increment done by one."), 1)).toEqual([]);
      expect(told(around("Work on it until all is done."), 1)).toEqual(['loop-without-exit steps[1].loop: Nothing in the body of "again" sets "done", so the loop runs never or to its limit.']);
    });
  });

  test("a jump back that is taken every time", () => {
    expect(told([step("one", gives("a", { enum: ["x", "y"] })), step("two", { jumpIf: { condition: { var: "a", in: ["x", "y"] }, target: "one", maxJumps: 2 } })])).toEqual(['loop-without-exit steps[1].jumpIf: "two" goes back to "one" each time, to its limit of 2: the condition of its `jumpIf` always holds there.']);
    expect(told([step("one", gives("a", { enum: ["x", "y"] })), step("two", { jumpIf: { condition: { var: "a", equals: "x" }, target: "one" } })])).toEqual([]);
  });

  test("a loop that cannot begin is told as that: a counter is not there before the first turn, nor is what only the body sets", () => {
    const [counter = ""] = told([loop("while", { var: "currentIteration", lt: 3 }, [step("two")])]);
    expect(counter).toBe('unreachable-step steps[0].loop: The loop "again" never begins: where it is first come to, its condition cannot hold.');
    expect(told([loop("while", open, [step("two", gives("open"))])])).toEqual([counter]);
    expect(told([step("one", gives("open", { const: false })), loop("until", { not: open }, [step("two", gives("open"))])])).toEqual([counter.replace("steps[0]", "steps[1]").replace("cannot hold", "always holds")]);
    expect(told([loop("until", { var: "done" }, [step("two", gives("done"))])])).toEqual([]);
  });
});

describe("steps that are never come to", () => {
  const jump = (target: string, condition: JsonObject, more: JsonObject = {}): JsonObject => ({ jumpIf: { condition, target, ...more } });
  const left = { var: "way", equals: "left" };
  const right = { var: "way", equals: "right" };
  const ways = gives("way", { enum: ["left", "right"] });

  test.each<[string, readonly JsonObject[], string]>([
    ["a jump over them that always holds", [step("one", jump("four", EITHER)), step("two"), step("three"), step("four")], 'steps[1]: The step "two" is never come to: the `jumpIf` of "one" always leads past it.'],
    ["of a value that is surely so", [step("one", { ...gives("way", { const: "left" }), ...jump("three", left) }), step("two"), step("three")], 'steps[1]: The step "two" is never come to'],
    ["two jumps that are total together", [step("one", ways), step("two", jump("five", left)), step("three", jump("five", right)), step("four"), step("five")], 'steps[3]: The step "four" is never come to: one of the `jumpIf` of "two" and "three" always leads past it.'],
    ["in the body of a loop", [{ id: "again", type: "loop", title: "Again", loop: { type: "for", count: 2 }, body: [step("one", { ...ways, ...jump("three", { or: [left, right] }) }), step("two"), step("three")] }], 'steps[0].body[1]: The step "two" is never come to'],
    ["a condition that contradicts itself", [step("one", { runCondition: { and: [{ var: "findings", equals: 1 }, { var: "findings", equals: 2 }] } }), step("two")], 'steps[0].runCondition: The step "one" never runs'],
    ["a condition that contradicts the jump before it", [step("one", { ...ways, ...jump("three", left) }), step("two", { runCondition: left }), step("three")], 'steps[1].runCondition: The step "two" never runs'],
    ["a condition that contradicts the loop around it", [step("one", ways), loop("while", left, [step("two", { runCondition: right }), step("three", ways)])], 'steps[1].body[0].runCondition: The step "two" never runs'],
    ["a condition on a value that no longer is", [step("one", gives("way", { const: "left" })), step("two", gives("way", { const: "right" })), step("three", { runCondition: left })], 'steps[2].runCondition: The step "three" never runs'],
    ["a condition on what only a later step sets", [step("one", { runCondition: left }), step("two", ways)], 'steps[0].runCondition: The step "one" never runs'],
    ["a number out of the type's range", [step("one", gives("depth", { type: "integer" })), step("two", { runCondition: { and: [{ var: "depth", gt: 3 }, { var: "depth", lt: 4 }] } })], 'steps[1].runCondition: The step "two" never runs'],
    ["a number that its schema has too small", [step("one", gives("depth", { type: "integer", minimum: 1, maximum: 3 })), step("two", { runCondition: { var: "depth", gt: 3 } })], 'steps[1].runCondition: The step "two" never runs'],
    ["or too large", [step("one", gives("depth", { type: "number", exclusiveMinimum: 0 })), step("two", { runCondition: { var: "depth", lte: 0 } })], 'steps[1].runCondition: The step "two" never runs'],
    ["a text where a number is asked for", [step("one", gives("depth", { type: "string" })), step("two", { runCondition: { var: "depth", gt: 3 } })], 'steps[1].runCondition: The step "two" never runs'],
  ])("%s", (_, steps, words) => {
    expect(told(steps)).toEqual([expect.stringContaining(`unreachable-step ${words}`)]);
  });

  test.each<[string, readonly JsonObject[]]>([
    ["the step that sets the value may be skipped", [step("one", { ...ways, runCondition: { var: "findings" } }), step("two", jump("five", left)), step("three", jump("five", right)), step("four"), step("five")]],
    ["a number may be just as large", [step("one", gives("depth", { type: "integer", minimum: 1, maximum: 3 })), step("two", { runCondition: { var: "depth", gte: 3 } }), step("three", { runCondition: { var: "depth", lte: 1 } })]],
    ["a bound is for numbers, and it may be none", [step("one", gives("depth", { type: ["integer", "null"], minimum: 1 })), step("two", { runCondition: { not: { var: "depth" } } })]],
    ["one way is left", [step("one", gives("way", { enum: ["left", "right", "on"] })), step("two", jump("five", left)), step("three", jump("five", right)), step("four"), step("five")]],
    ["the step that jumps may be skipped", [step("one", { runCondition: { var: "findings" }, ...jump("three", EITHER) }), step("two"), step("three")]],
    ["its jumps run out in a loop", [{ id: "again", type: "loop", title: "Again", loop: { type: "for", count: 5 }, body: [step("one", jump("three", EITHER)), step("two"), step("three")] }]],
    ["a later step jumps back to it", [step("one", jump("three", EITHER)), step("two"), step("three", { ...ways, ...jump("two", left) })]],
    ["another jump leads to it", [step("one", { ...ways, ...jump("three", left) }), step("two", jump("four", EITHER)), step("three"), step("four")]],
    ["the value may be another by then", [step("one", { ...ways, ...jump("four", left) }), step("two", ways), step("three", { runCondition: left }), step("four")]],
    ["a prompt asks for the value in words", [step("one", { ...ways, ...jump("four", left) }), step("two", {}, "Put the `way` that is left into the context."), step("three", { runCondition: left }), step("four")]],
    ["the criteria look at what the step hands over", [step("one", { ...ways, validationCriteria: [{ type: "contains", value: "x", message: "Say x.", condition: left }] })]],
    ["text compares without case, and 5 equals \"5\"", [step("one", gives("n", { type: "string" })), step("two", { runCondition: { and: [{ var: "n", equals: 5 }, { var: "n", equals: "5" }] } })]],
    ["yes is true", [step("one", { runCondition: { and: [{ var: "findings", equals: true }, { var: "findings", equals: "yes" }] } }), step("two")]],
  ])("are not told where %s", (_, steps) => {
    expect(told(steps)).toEqual([]);
  });

  test("one finding for all of them that follow each other", () => {
    const hidden: JsonObject = { id: "again", type: "loop", title: "Again", loop: { type: "for", count: 2 }, body: [step("three"), step("four")] };
    expect(told([step("one", jump("five", EITHER)), step("two"), hidden, step("five")])).toHaveLength(1);
  });
});

describe("what is not so in every run is told of none", () => {
  test.each<[string, readonly JsonObject[]]>([
    ["who passed a step by a jump comes back to it with what let the jump be taken", [step("size", { ...gives("small"), jumpIf: { condition: { var: "small", equals: true }, target: "code" } }), step("design", { promptFragments: [{ id: "back", when: { var: "small", equals: true }, text: "Only what is missing." }] }), step("code", { ...gives("more"), jumpIf: { condition: { var: "more", equals: true }, target: "design" } })]],
    ["what a call hands over is not there where it did not begin", [step("size", gives("risky")), { id: "ways", title: "Ways", runCondition: { var: "risky", equals: true }, templateCall: { templateId: "wr.templates.routine.ideation" }, ...gives("favourite", { type: "string" }) }, step("plain", { runCondition: { var: "favourite", equals: null } })]],
    ["whoever starts it may give what a later step names", [step("ask", { runCondition: { var: "ticketUrl" } }), step("tell", {}, "Say what stands at ticketUrl, if there is one.")]],
    ["another language speaks of the context", [step("weigh", {}, "Setze risiko im Kontext auf hoch oder niedrig."), step("guard", { runCondition: { var: "risiko", equals: "hoch" } })]],
    ["the loop inside is the one that its control decides", [step("first", gives("state", { enum: ["open", "done"] })), { ...loop("while", { var: "state", equals: "open" }, [step("work", gives("state", { enum: ["open", "done"] })), { id: "inner", type: "loop", title: "Inner", loop: { type: "while", maxIterations: 3 }, body: [step("judge", { outputContract: { contractRef: "wr.contracts.loop_control" } })] }]) }]],
  ])("%s", (_, steps) => {
    expect(told(steps)).toEqual([]);
  });
});
