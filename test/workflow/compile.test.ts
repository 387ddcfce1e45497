import { describe, expect, test } from "vitest";
import { catalogue, compileWorkflow, type Fault, parsePlan } from "../../src/workflow/index.ts";
import { canonicalJson } from "../../src/shared/json.ts";

const faultsOf = (text: string): readonly Fault[] => {
  const compiled = compileWorkflow({ text, file: "w.yaml" });
  return compiled.ok ? [] : compiled.error;
};
const compiled = (text: string) => {
  const result = compileWorkflow({ text, file: "w.yaml" });
  if (!result.ok) throw new Error(JSON.stringify(result.error, null, 1));
  return result.value;
};
const at = (fault: Fault): string => `${fault.line}:${fault.column} ${fault.path}`;

const head = "schemaVersion: 2\nid: my.flow\nname: Flow\nversion: 1.0.0\ndescription: Does it.\n";
const withStep = (step: string): string => `${head}steps:\n  - id: one\n    title: One\n${step.replaceAll(/^/gm, "    ")}\n`;

describe("what is wrong in a file is told all at once, each with its place and a fix", () => {
  test("ten faults in one file give ten errors", () => {
    const faults = faultsOf(`schemaVersion: 2
id: Bad Id
name: ""
version: one
colour: red
modelTier: huge
steps:
  - id: one
    title: One
    prompts: typo
  - id: one
    title: Two
    prompt: Do it.
    outputContract: { contractRef: wr.contracts.reveiw_verdict }
    runCondition: { var: a, equals: 1, and: [{ var: b }] }
    produces:
      n: { type: nummer }
    allowedTools: []
`);
    expect(faults.map(at)).toEqual([
      "1:1 description",
      "2:5 id",
      "3:7 name",
      "4:10 version",
      "5:1 colour",
      "6:12 modelTier",
      "8:5 steps[0]",
      "10:5 steps[0].prompts",
      "11:9 steps[1].id",
      "14:36 steps[1].outputContract.contractRef",
      "15:19 steps[1].runCondition",
      "17:18 steps[1].produces.n.type",
      "18:19 steps[1].allowedTools",
    ]);
    expect(faults.every((fault) => fault.message !== "" && fault.fix !== "")).toBe(true);
    expect(faults.find((fault) => fault.path === "steps[0].prompts")?.fix).toContain('Did you mean "prompt"?');
    expect(faults.find((fault) => fault.path.endsWith("contractRef"))?.fix).toContain('Did you mean "wr.contracts.review_verdict"?');
  });

  test.each([
    ["a type there is not", "type: lop", ["steps[0].type"]],
    ["a loop without a body", "type: loop\nloop: { type: for, count: 2, maxIterations: 2 }\nbody: []", ["steps[0].body"]],
    ["a template there is not", "templateCall: { templateId: wr.templates.routine.nope }", ["steps[0].templateCall.templateId"]],
    ["an assessment there is not", "prompt: x\nassessmentRefs: [a]", ["steps[0].assessmentRefs[0]"]],
    ["a fragment without text", "prompt: x\npromptFragments: [{ id: a }]", ["steps[0].promptFragments[0].text"]],
    ["criteria of an unknown type", "prompt: x\nvalidationCriteria: [{ type: contain, message: m }]", ["steps[0].validationCriteria[0].type"]],
    ["a jump to nowhere", "prompt: x\njumpIf: { condition: { var: a }, target: two, maxJumps: 1 }", ["steps[0].jumpIf.target"]],
    ["a function there is not", "prompt: x\nfunctionReferences: ['f()']", ["steps[0].functionReferences[0]"]],
    ["a binding nobody declared", "prompt: 'Use {{wr.bindings.slot}}'", ["steps[0].prompt"]],
    ["a text there is not", "promptBlocks: { goal: [{ kind: ref, refId: wr.refs.memory }] }", ["steps[0].promptBlocks.goal[0].refId"]],
  ])("%s is a fault with its place", (_, step, paths) => {
    expect(faultsOf(withStep(step)).map((fault) => fault.path)).toEqual(paths);
  });

  test("of a field with several forms, the nearest form's fault is told", () => {
    const faults = faultsOf(withStep("prompt: x\nrequireConfirmation: { kind: human_approval, conditions: { var: a } }\nrequires: [{ key: a b, schema: {} }]"));
    expect(faults.map((fault) => fault.path)).toEqual(["steps[0].requireConfirmation.conditions", "steps[0].requires[0].key"]);
  });

  test("a value in text that holds for the whole session is a fault", () => {
    expect(faultsOf(`${head}systemPrompt: Be {{x}}.\nmetaGuidance: [a, "b {{goal}}"]\nsteps:\n  - { id: one, title: One, prompt: x }\n`).map((fault) => fault.path)).toEqual(["systemPrompt", "metaGuidance[1]"]);
  });

  test("unknown fields warn in schemaVersion 1 and fail from 2 on", () => {
    const body = "id: old-flow\nname: Old\nversion: 0.1.0\ndescription: d\ncolour: red\nsteps:\n  - { id: one, title: One, prompt: x }\n";
    expect(compiled(body).warnings.map(at)).toEqual(["5:1 colour"]);
    expect(faultsOf(`schemaVersion: 2\n${body}`).map(at)).toEqual(["6:1 colour"]);
  });

  test("a newer schemaVersion is refused with the version needed", () => {
    expect(faultsOf((withStep("prompt: x").replace("schemaVersion: 2", "schemaVersion: 3")))[0]?.message).toContain("schemaVersion 3");
  });

  test("a JSON Schema keyword that would have no force is a fault", () => {
    const faults = faultsOf(withStep("prompt: x\nproduces:\n  a: { type: string, pattern: '(a+)+$' }\n  b: { minLength: 2 }\n  c: { type: object, required: [x] }"));
    expect(faults.map((fault) => fault.path)).toEqual(["steps[0].produces.a.pattern", "steps[0].produces.b.minLength", "steps[0].produces.c.required"]);
  });

  test("a regular expression the linear engine cannot run is a fault", () => {
    expect(faultsOf(withStep("prompt: x\nrunCondition: { var: a, matches: '(?=b)' }")).map((fault) => fault.path)).toEqual(["steps[0].runCondition.matches"]);
  });

  test("a required field that the contract does not have is a fault", () => {
    expect(faultsOf(withStep("prompt: x\noutputContract: { contractRef: wr.contracts.review_verdict, requireFields: [findings.file, findings.lien] }"))).toMatchObject([{ path: "steps[0].outputContract.requireFields[1]", message: expect.stringContaining('no field "findings.lien"'), fix: expect.stringContaining('"findings.line"') }]);
    expect(faultsOf(withStep("prompt: x\noutputContract: { contractRef: wr.contracts.coding_handoff, requireFields: [prTitel] }"))[0]).toMatchObject({
      path: "steps[0].outputContract.requireFields[0]",
      fix: expect.stringContaining('Did you mean "prTitle"?'),
    });
  });
});

describe("files made to hurt give a clear error", () => {
  test.each([
    ["an alias", `${head}tags: &t [a]\nexamples: *t\nsteps: []`, "alias"],
    ["a duplicate key", `${head}name: Again\nsteps: []`, "unique"],
    ["a tag", `${head}about: !foo x\nsteps: []`, "tag"],
    ["two documents", `${head}---\na: 1`, "more than one"],
    ["a file of 5 MB", "x".repeat(5_000_000), "limit"],
    ["a nesting of 10,000", "[".repeat(10_000), "nests deeper"],
    ["a block nesting of 10,000", `${"- ".repeat(10_000)}a`, "nests deeper"],
    ["a NUL byte", "id: a\u0000b", "UTF-8"],
    ["a replacement character", "id: a\uFFFDb", "UTF-8"],
    ["a lone surrogate", "id: a\ud800b", "UTF-8"],
    ["nothing", "", "empty"],
    ["only a comment", "# nothing\n", "empty"],
    ["a list", "- a", "mapping"],
    ["a key of the prototype", `${head}"__proto__": { a: 1 }\nsteps: []`, "__proto__"],
    ["a number JSON cannot hold", `${head}schemaVersions: .inf\nsteps: []`, "JSON"],
    ["broken syntax", "id: [a", "YAML"],
  ])("%s", (_, text, word) => {
    const faults = faultsOf(text);
    expect(faults.map((fault) => fault.message).join(" ")).toContain(word);
    expect(faults.every((fault) => fault.line >= 1 && fault.column >= 1)).toBe(true);
  });
});

describe("the plan", () => {
  test("is the same read back from its canonical JSON", () => {
    const { plan } = compiled(withStep("prompt: x\nrunCondition: { not: { var: a, in: [1, two, null] } }\nproduces: { n: { type: array, items: { type: string } } }\nverification: { command: make test }\nrequireConfirmation: { kind: human_approval }"));
    const read = parsePlan(canonicalJson(plan));
    expect(read.ok && read.value).toEqual(plan);
  });

  test("cannot be changed", () => {
    const { plan } = compiled(withStep("prompt: x"));
    expect(() => Object.assign(plan.steps[0] ?? {}, { id: "two" })).toThrow(TypeError);
  });

  test("of a newer version, or a damaged one, is refused by kind", () => {
    expect(parsePlan('{"v":2}')).toMatchObject({ ok: false, error: { kind: "plan-newer" } });
    expect(parsePlan('{"v":1}')).toMatchObject({ ok: false, error: { kind: "plan-damaged" } });
    expect(parsePlan("x")).toMatchObject({ ok: false, error: { kind: "plan-damaged" } });
  });

  test("sets prompt blocks as Markdown in their order", () => {
    const { plan } = compiled(withStep("promptBlocks:\n  verify: [v]\n  goal: [{ kind: text, text: 'G' }, { kind: text, text: '!' }]\n  procedure: [p1, p2]\n  constraints: [c]\n  outputRequired: { o: what }"));
    expect(plan.steps[0]).toHaveProperty("prompt", "G!\n\nConstraints:\n- c\n\nProcedure:\n1. p1\n2. p2\n\nOutput required:\n- o: what\n\nBefore you hand over, verify:\n- v");
  });

  test("JSON files load too", () => {
    expect(compiled(JSON.stringify({ id: "wr-x", name: "n", version: "1.0.0", description: "d", steps: [{ id: "one", title: "t", prompt: "p" }] })).plan.schemaVersion).toBe(1);
  });

  test("of two workflows with one id the second is a fault", () => {
    const text = withStep("prompt: x");
    const { workflows, faults } = catalogue([{ text, file: "a.yaml" }, { text, file: "b.yaml" }, { text: "x", file: "c.yaml" }]);
    expect([...workflows.values()].map((entry) => entry.file)).toEqual(["a.yaml"]);
    expect(faults.map((fault) => fault.file)).toEqual(["b.yaml", "c.yaml"]);
  });
});

describe("WorkRail's newest files", () => {
  const legacy = (step: object) => compiled(JSON.stringify({ id: "legacy-flow", name: "L", version: "1.0.0", description: "d".repeat(900), steps: [{ id: "one", title: "One", prompt: "Do it.", ...step }] }));

  test("an audit that names a routine tells its judge to run it, on the tier it asks for", () => {
    const { plan, warnings } = legacy({ audit: { delegate: { workflowId: "wr.routine-plan-analysis", modelTier: "mid", args: { deliverableName: "findings.md" } } } });
    expect(warnings).toEqual([]);
    expect(plan.steps.at(-1)).toMatchObject({ id: "one.audit", modelTier: "mid", prompt: expect.stringMatching(/`wr\.routine-plan-analysis` with deliverableName = "findings\.md"/) });
  });

  test("a verification that names no command is left to whoever does the step; a prompt of its own goes before ours", () => {
    for (const verification of [{ cognitive: true }, {}]) expect(legacy({ verification }).plan.steps[0]).toMatchObject({ verification: { command: null, prompt: expect.stringContaining("Run them") } });
    expect(legacy({ verification: { command: "npm test" } }).plan.steps[0]).toMatchObject({ verification: { command: "npm test", prompt: null } });
    expect(legacy({ verification: { cognitive: true, prompt: "Look twice." } }).plan.steps[0]).toMatchObject({ verification: { prompt: "Look twice." } });
    expect(legacy({ verification: { cognitive: false } }).plan.steps[0]).toMatchObject({ verification: { prompt: null } });
  });
});
