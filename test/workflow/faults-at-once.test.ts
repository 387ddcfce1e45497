/** Nothing that is wrong in one place of a file hides what is wrong in another, and nothing that is right is told beside it. */
import { describe, expect, test } from "vitest";
import { compileWorkflow, type Fault } from "../../src/workflow/index.ts";

const faultsOf = (text: string): readonly Fault[] => {
  const compiled = compileWorkflow({ text, file: "w.yaml" });
  return compiled.ok ? [] : compiled.error;
};
const pathsOf = (text: string): readonly string[] => faultsOf(text).map((fault) => fault.path);

const head = "schemaVersion: 2\nid: my.flow\nname: Flow\nversion: 1.0.0\ndescription: Does it.\n";
const file = (steps: readonly object[], more: object = {}): string => JSON.stringify({ schemaVersion: 2, id: "my.flow", name: "Flow", version: "1.0.0", description: "Does it.", steps, ...more });
const step = (more: object = {}): object => ({ id: "one", title: "One", prompt: "Do it.", ...more });
const jumpTo = (target: string): object => ({ condition: { var: "a" }, target });

describe("what a step refers to is looked up though a field of it is wrong", () => {
  test.each<[string, object, readonly string[]]>([
    ["a jump, beside a role that is too short", { agentRole: "short", jumpIf: jumpTo("nope") }, ["steps[0].agentRole", "steps[0].jumpIf.target"]],
    ["a jump whose condition is wrong", { jumpIf: { condition: { var: 7 }, target: "nope" } }, ["steps[0].jumpIf.condition.var", "steps[0].jumpIf.target"]],
    ["a function, in a step without a title", { title: undefined, functionReferences: ["zip()"] }, ["steps[0].title", "steps[0].functionReferences[0]"]],
    ["the second function, beside a first that is misspelt", { functionReferences: ["zip", "zap()"] }, ["steps[0].functionReferences[0]", "steps[0].functionReferences[1]"]],
    ["a contract, beside a wrong field of it", { outputContract: { contractRef: "nope", required: "yes" } }, ["steps[0].outputContract.contractRef", "steps[0].outputContract.required"]],
    ["an assessment, beside a wrong tier", { modelTier: "huge", assessmentRefs: ["nope"] }, ["steps[0].modelTier", "steps[0].assessmentRefs[0]"]],
    ["a template, beside arguments that are none", { prompt: undefined, templateCall: { templateId: "wr.templates.routine.nope", args: 5 } }, ["steps[0].templateCall.templateId", "steps[0].templateCall.args"]],
    ["a condition's expression, beside a wrong gate", { runCondition: { var: "a", matches: "(?=x)" }, requireConfirmation: "maybe" }, ["steps[0].runCondition.matches", "steps[0].requireConfirmation"]],
  ])("%s", (_, more, paths) => {
    expect(pathsOf(file([step(more)])).toSorted()).toEqual(paths.toSorted());
  });

  test("a loop's body is checked though the loop has faults, and its type does not say what it lacks", () => {
    const loop = { id: "lap", title: "Lap", type: "loop", loop: { type: "forever", maxIterations: 5_000 }, body: [step({ modelTier: "huge", jumpIf: jumpTo("nope") })] };
    expect(pathsOf(file([loop]))).toEqual(["steps[0].loop.type", "steps[0].loop.maxIterations", "steps[0].body[0].modelTier", "steps[0].body[0].jumpIf.target"]);
    expect(pathsOf(file([{ ...loop, loop: { type: "for", maxIterations: 5_000 }, body: "nowhere" }]))).toEqual(["steps[0].loop.count", "steps[0].loop.maxIterations", "steps[0].body"]);
  });

  test("a step with faults can still be jumped to, whatever is wrong with it", () => {
    const wrong = [{ id: "aim", title: 7, prompt: "x" }, { id: "aim", title: "A", type: "lop" }, { id: "aim", title: "A", templateCall: { templateId: "wr.templates.routine.nope" } }, { id: "aim", title: "A", type: "loop", body: [step({ id: "two" })] }, { id: "aim", title: "A", type: "parallel" }];
    for (const aim of wrong) {
      const paths = pathsOf(file([aim, step({ jumpIf: jumpTo("aim") })]));
      expect(paths.length).toBeGreaterThan(0);
      expect(paths.filter((path) => path.startsWith("steps[1]"))).toEqual([]);
    }
  });

  test("each jump to nowhere has its own place, of steps without an id too", () => {
    expect(pathsOf(file([step({ id: undefined, jumpIf: jumpTo("nope") }), step({ jumpIf: jumpTo("nope") }), step({ jumpIf: jumpTo("nope") })]))).toEqual(["steps[0].id", "steps[0].jumpIf.target", "steps[1].jumpIf.target", "steps[2].id", "steps[2].jumpIf.target"].toSorted());
  });
});

describe("what may not stand in the text does not hide what is wrong with the workflow", () => {
  test.each<[string, string, readonly string[]]>([
    ["a key that stands twice", "name: a\nname: b\ncolour: red\nsteps: [{ id: one, title: One, prompt: x, jumpIf: { condition: { var: a }, target: nope } }]", ["name", "colour", "steps[0].jumpIf.target"]],
    ["an alias, which stands for what it names", "name: a\nabout: &about Text.\nexamples: [*about]\nsteps: [{ id: one, title: One, prompt: *about, modelTier: huge }]", ["examples[0]", "steps[0].prompt", "steps[0].modelTier"]],
    ["a tag", "name: !upper a\nsteps: [{ id: one, title: One, prompt: x, modelTier: huge }]", ["", "steps[0].modelTier"]],
    ["a value JSON cannot hold, of which nothing more is said", "name: .inf\nsteps: [{ id: one, title: One, prompt: x, modelTier: huge }]", ["name", "steps[0].modelTier"]],
  ])("%s", (_, more, paths) => {
    const text = `schemaVersion: 2\nid: my.flow\nversion: 1.0.0\ndescription: Does it.\n${more}\n`;
    expect(pathsOf(text).toSorted()).toEqual(paths.toSorted());
  });

  test("a file of nothing but aliases is counted, not unfolded", () => {
    const text = `${head}about: &a [${"x, ".repeat(20_000)}x]\nsteps: [${"*a, ".repeat(20_000)}*a]\n`;
    expect(faultsOf(text)).toHaveLength(201);
  });
});

describe("more faults than are shown are counted", () => {
  test.each([
    ["of the file", (count: number) => `${head}steps: [{ id: one, title: One, prompt: x }]\n${Array.from({ length: count }, (_, index) => `k${index}: 1\n`).join("")}`],
    ["of one field", (count: number) => `${head}steps: [{ id: one, title: One, prompt: x }]\nrecommendedPreferences:\n${Array.from({ length: count }, (_, index) => `  k${index}: 1\n`).join("")}`],
  ])("unknown ones %s", (_, text) => {
    const faults = faultsOf(text(5_000));
    expect(faults).toHaveLength(201);
    expect(faults.at(-1)?.message).toContain("4800 more are not shown");
    expect(faultsOf(text(200))).toHaveLength(200);
    expect(faultsOf(text(201)).at(-1)?.message).toContain("1 more is not shown");
  });
});

describe("what has no force, or is declared twice, is a fault", () => {
  const assessments = [{ id: "risk", purpose: "Risk.", dimensions: [{ id: "size", purpose: "Size.", levels: ["low", "high"] }] }];
  const consequence = (when: object): object => ({ assessmentRefs: ["risk"], assessmentConsequences: [{ when, effect: { kind: "require_followup", guidance: "Look again." } }] });

  test("a level nobody has, also beside an assessment that is not the step's", () => {
    expect(pathsOf(file([step(consequence({ anyEqualsLevel: "nope" }))], { assessments }))).toEqual(["steps[0].assessmentConsequences[0].when.anyEqualsLevel"]);
    expect(pathsOf(file([step(consequence({ anyEqualsLevel: "nope", forAssessment: "other" }))], { assessments }))).toHaveLength(2);
  });

  test("assessments, dimensions, levels, references, functions and slots under one name", () => {
    const [risk] = assessments;
    const twice = { ...risk, dimensions: [{ id: "size", purpose: "Size.", levels: ["low", "low"] }, { id: "size", purpose: "Size.", levels: ["low", "high"] }] };
    const reference = { id: "ref-one", title: "T", source: "README.md", purpose: "P", authoritative: true };
    const slot = { slotId: "slot", purpose: "P", default: "wr.routine-ideation" };
    const define = { name: "zip", definition: "Zip it." };
    expect(pathsOf(file([step()], { assessments: [risk, twice], references: [reference, reference], extensionPoints: [slot, slot], functionDefinitions: [define, define] })).toSorted()).toEqual(
      ["assessments[1].id", "assessments[1].dimensions[1].id", "assessments[1].dimensions[0].levels[1]", "references[1].id", "extensionPoints[1].slotId", "functionDefinitions[1].name"].toSorted(),
    );
  });

  test.each<[string, object, readonly string[]]>([
    ["with what fits", { kind: "fast", count: 2 }, []],
    ["with a placeholder, whose value is not known yet", { kind: "{{kind}}" }, []],
    ["without one that is needed", {}, ["steps[0].functionCalls[0].args"]],
    ["with one there is not", { kind: "fast", knid: 1 }, ["steps[0].functionCalls[0].args.knid"]],
    ["with another value than there are", { kind: "quick" }, ["steps[0].functionCalls[0].args.kind"]],
    ["with another type", { kind: "slow", count: "two" }, ["steps[0].functionCalls[0].args.count"]],
  ])("a call of a function %s", (_, args, paths) => {
    const functionDefinitions = [{ name: "zip", definition: "Zip {kind}.", parameters: [{ name: "kind", type: "string", enum: ["fast", "slow"] }, { name: "count", type: "number", required: false }] }];
    expect(pathsOf(file([step({ functionCalls: [{ name: "zip", args }] })], { functionDefinitions }))).toEqual(paths);
  });

  test.each<[string, object, readonly string[]]>([
    ["counts in halves", { type: "for", count: 2.5 }, ["count"]],
    ["has a limit in halves", { type: "for", count: 1, maxIterations: 1.5 }, ["maxIterations"]],
    ["of a condition counts", { type: "while", condition: { var: "a" }, count: 3, items: "q" }, ["count", "items"]],
    ["of items has a condition", { type: "forEach", items: "q", condition: { var: "a" } }, ["condition"]],
  ])("a loop that %s", (_, loop, fields) => {
    const text = file([{ id: "lap", title: "Lap", type: "loop", loop, body: [step()] }]);
    expect(pathsOf(text)).toEqual(fields.map((field) => `steps[0].loop.${field}`));
    const old = compileWorkflow({ text: text.replace('"schemaVersion":2', '"schemaVersion":1'), file: "w.json" });
    expect(old.ok && old.value.warnings).toHaveLength(fields.length);
  });
});

describe("a fix says what to write", () => {
  test.each<[string, string, string]>([
    ["an id", file([step()], { id: "Bad Id" }), "Write it like team.fix-bug."],
    ["a role", file([step({ agentRole: "short" })]), "Write at least 10 characters."],
    ["a list", file([step({ allowedTools: [] })]), "Write at least 1 entry."],
    ["a member that is missing", file([step({ outputContract: {} })]), "Add `contractRef`. Write a value of type string."],
    ["a bracket that stays open", `${head}tags: [a, b\nsteps: []\n`, "Close each bracket"],
    ["a keyword beside no type", file([step()], { contracts: { mine: { minLength: 1 } } }), "Add the type, or remove the keyword."],
  ])("%s", (_, text, fix) => {
    expect(faultsOf(text).map((fault) => fault.fix).join("\n")).toContain(fix);
  });

  test("a name behind a dot may be as short as the id allows", () => {
    expect(faultsOf(file([step()], { id: "team.x" }))).toEqual([]);
  });
});
