import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { catalogue, categoriesOf, compileWorkflow, loadWorkflow, parseBindings, type Plan, previewPlan, routinesOf, searchCatalogue, tagsOf, toMermaid } from "../../src/workflow/index.ts";
import { cpuTimer } from "../fakes/cpu-time.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const minimal = "id: abc\nname: n\nversion: 1.0.0\ndescription: d\nsteps: [{ id: one, title: t, prompt: ä€😀 }]\n";

describe("bytes that are no workflow give one clear fault, at once", () => {
  test.each([
    ["UTF-16", [0xff, 0xfe, 0x61, 0x00], "UTF-16"],
    ["UTF-16, the other way round", [0xfe, 0xff, 0x00, 0x61], "UTF-16"],
    ["Latin-1", [0x69, 0x64, 0x3a, 0xe4], "not UTF-8"],
    ["an overlong form", [0x61, 0xc0, 0xaf], "not UTF-8"],
    ["a surrogate", [0xed, 0xa0, 0x80], "not UTF-8"],
    ["beyond Unicode", [0xf4, 0x90, 0x80, 0x80], "not UTF-8"],
    ["cut in the middle of a character", [0x61, 0xe2, 0x82], "not UTF-8"],
  ])("%s", (_, raw, said) => {
    const loaded = loadWorkflow(Uint8Array.from(raw), "w.yaml");
    expect(loaded).toMatchObject({ ok: false, error: [{ file: "w.yaml", line: 1, column: 1, message: expect.stringContaining(said), fix: expect.any(String) }] });
  });

  test("5 MB and a nesting of 10,000, each within a second", () => {
    for (const text of ["x: ".padEnd(5_000_000, "y"), `${"{a: ".repeat(10_000)}1`, "[".repeat(400_000), "dup: 1\n".repeat(30_000), "&a ".repeat(80_000), `[${",".repeat(200_000)}`]) {
      // Time of the processor, which others on the machine do not lengthen.
      const spentMs = cpuTimer();
      expect(loadWorkflow(bytes(text), "w.yaml").ok).toBe(false);
      expect(spentMs()).toBeLessThan(1_000);
    }
  });

  test.each([
    ["letters", 262_145, "a", "The file has 262145 characters; the limit is 262144."],
    ["letters of three bytes", 300_000, "€", "The file has 900000 bytes; the limit is 262144 characters."],
  ])("a file over the limit is told its size and the limit (%s)", (_, count, letter, message) => {
    expect(loadWorkflow(bytes(letter.repeat(count)), "w.yaml")).toMatchObject({ ok: false, error: [{ message, fix: expect.any(String) }] });
  });

  test("a file at the limit is read, whatever its letters take", () => {
    expect(loadWorkflow(bytes(`\uFEFF${minimal}#${"€".repeat(262_144 - minimal.length - 1)}`), "w.yaml").ok).toBe(true);
  });

  test("text of every length of character is read as it is", () => {
    const loaded = loadWorkflow(bytes(minimal), "w.yaml");
    expect(loaded.ok && loaded.value.plan.steps[0]).toMatchObject({ prompt: "ä€😀" });
  });
});

describe("files as editors on Windows write them", () => {
  const LF = 'id: abc\nname: n\nversion: 1.0.0\ndescription: d\nsteps:\n  - id: one\n    title: t\n    prompt: |\n      first line\n\n      third line\n    verification: { command: "npm\n      test" }\n';
  const CRLF = LF.replaceAll("\n", "\r\n");
  const load = (text: string) => {
    const loaded = loadWorkflow(bytes(text), "w.yaml");
    return loaded.ok ? loaded.value : loaded.error;
  };

  test("a byte order mark changes nothing, and moves no fault", () => {
    expect(load(`\uFEFF${minimal}`)).toEqual(load(minimal));
    expect(load(`\uFEFF${minimal.replace("1.0.0", "one")}`)).toEqual(load(minimal.replace("1.0.0", "one")));
  });

  test("line ends of two characters give the same plan, and faults the same place", () => {
    expect(load(LF)).toMatchObject({ plan: { steps: [{ prompt: "first line\n\nthird line\n", verification: { command: "npm test" } }] } });
    expect(load(CRLF)).toEqual(load(LF));
    const wrong = (text: string) => load(text.replace("title: t", "title: 7").replace("1.0.0", "one"));
    expect(wrong(LF)).toMatchObject([{ line: 3 }, { line: 7 }]);
    expect(wrong(CRLF)).toEqual(wrong(LF));
  });
});

describe("schemaVersion 1 takes what WorkRail takes; unknown fields are warnings wherever they stand", () => {
  test("nested ones too, and the known fields beside them count", () => {
    const text = minimal.replace("prompt: ä€😀", "prompt: p, promptBlock: 1, audit: { prompt: a, colour: red }, outputContract: { contractRef: wr.contracts.loop_control, x: 1 }");
    const loaded = loadWorkflow(bytes(text), "w.yaml");
    expect(loaded.ok && loaded.value.warnings.map((warning) => warning.path)).toEqual(["steps[0].promptBlock", "steps[0].audit.colour", "steps[0].outputContract.x"]);
    expect(loaded.ok && loaded.value.plan.steps.map((step) => step.id)).toEqual(["one", "one.audit"]);
    expect(loadWorkflow(bytes(`schemaVersion: 2\n${text}`), "w.yaml")).toMatchObject({ ok: false, error: [{}, {}, {}] });
  });

  test.each(["(?:.{1,30}){1,30}$", "\\pL{1000}"])("an expression that would take long even in linear time is refused with both numbers: %s", (pattern) => {
    const text = minimal.replace("prompt: ä€😀", () => `prompt: p, validationCriteria: [{ type: regex, pattern: '${pattern}', message: m }], runCondition: { var: a, matches: '${pattern}' }`);
    const loaded = loadWorkflow(bytes(`schemaVersion: 2\n${text}`), "w.yaml");
    expect(loaded).toMatchObject({ ok: false, error: [{ message: expect.stringMatching(/has 1\d{3} instructions, the limit is 1000/) }, { message: expect.stringMatching(/has 1\d{3} instructions, the limit is 1000/) }] });
  });

  test("an expression that the linear engine cannot run is a warning, and refused when it would be run", () => {
    const text = minimal.replace("prompt: ä€😀", "prompt: p, validationCriteria: [{ type: regex, pattern: '(?=x)', message: m }]");
    expect(loadWorkflow(bytes(text), "w.yaml")).toMatchObject({ ok: true, value: { warnings: [{ path: "steps[0].validationCriteria[0].pattern" }] } });
    expect(loadWorkflow(bytes(`schemaVersion: 2\n${text}`), "w.yaml").ok).toBe(false);
  });
});

describe("routines", () => {
  const routine = (name: string, steps: string) => ({ file: `${name}.yaml`, text: `id: wr.routine-${name}\nname: n\nversion: 1.0.0\ndescription: d\nsteps: ${steps}\n` });
  const calling = (args: string) => ({ file: "w.yaml", text: minimal.replace("prompt: ä€😀", `templateCall: { templateId: wr.templates.routine.a, args: ${args} }`) });
  const faultsOf = (args: string, ...routines: { file: string; text: string }[]) => {
    const compiled = compileWorkflow(calling(args), { routines: routinesOf(routines) });
    return compiled.ok ? [] : compiled.error.map((fault) => `${fault.path}: ${fault.message}`);
  };

  test.each([
    ["a missing argument", "{}", [routine("a", "[{ id: look, title: t, prompt: 'At {what}.' }]")], 'steps[0].templateCall: In the routine a (a.yaml): its text wants the argument "what".'],
    ["an argument that is no plain value", "{ what: [1] }", [routine("a", "[{ id: look, title: t, prompt: 'At {what}.' }]")], 'steps[0].templateCall.args: The argument "what" is not text'],
    ["a routine that calls itself through another", "{}", [routine("a", "[{ id: look, title: t, templateCall: { templateId: wr.templates.routine.b } }]"), routine("b", "[{ id: back, title: t, templateCall: { templateId: wr.templates.routine.a } }]")], "calls itself: a -> b -> a"],
    ["a fault inside a routine", "{}", [routine("a", "[{ id: look, title: t, prompt: p, notesOptional: 7 }]")], "In the routine a (a.yaml, steps[0].notesOptional)"],
  ])("%s is a fault of the call", (_, args, routines, said) => {
    expect(faultsOf(args, ...routines).join("\n")).toContain(said);
  });

  test("a call may name the routine's own id too, which is what a binding holds", () => {
    const slots = "extensionPoints: [{ slotId: slot, purpose: p, default: wr.routine-a }]";
    for (const templateId of ["wr.routine-a", "'{{wr.bindings.slot}}'"]) {
      const text = `${minimal.replace("prompt: ä€😀", `templateCall: { templateId: ${templateId} }`)}${slots}\n`;
      const compiled = compileWorkflow({ file: "w.yaml", text }, { routines: routinesOf([routine("a", "[{ id: look, title: t, prompt: p }]")]) });
      expect(compiled).toMatchObject({ ok: true, value: { plan: { steps: [{ id: expect.stringMatching(/\.look$/), origin: { routine: "a" } }] } } });
    }
  });

  test("a routine run by itself takes its arguments from the context", () => {
    const compiled = compileWorkflow(routine("a", "[{ id: look, title: t, prompt: 'At {what}.' }]"));
    expect(compiled.ok && compiled.value.plan.steps[0]).toMatchObject({ prompt: "At {{what}}." });
  });
});

describe("bindings", () => {
  const text = `${minimal.replace("ä€😀", "'Ask {{wr.bindings.slot}}.'")}extensionPoints: [{ slotId: slot, purpose: p, default: fallback }]\n`;
  const prompt = (bindings?: string) => {
    const parsed = bindings === undefined ? undefined : parseBindings(bindings, "bindings.json");
    if (parsed !== undefined && !parsed.ok) throw new Error(JSON.stringify(parsed.error));
    const compiled = compileWorkflow({ text, file: "w.yaml" }, parsed === undefined ? {} : { bindings: parsed.value });
    return compiled.ok && compiled.value.plan.steps[0];
  };
  test("the workflow's own goes before the repository's, and the default comes last", () => {
    expect(prompt()).toMatchObject({ prompt: "Ask fallback." });
    expect(prompt('{"slot": "ours"}')).toMatchObject({ prompt: "Ask ours." });
    expect(prompt('{"slot": "ours", "abc": {"slot": "special"}}')).toMatchObject({ prompt: "Ask special." });
  });
  test("a file that is none is a fault with its place", () => {
    expect(parseBindings('{"slot": 7}', "bindings.json")).toMatchObject({ ok: false, error: [{ file: "bindings.json", line: 1, path: "slot" }] });
  });
});

const shipped = ["workflows", "workflows/routines", "workflows/roles"].flatMap((folder) => readdirSync(folder).filter((file) => file.endsWith(".yaml")).map((file) => ({ file: `${folder}/${file}`, text: readFileSync(`${folder}/${file}`, "utf8") })));

describe("the shipped library", () => {
  const library = catalogue(shipped);
  const NAMES = ["context-gathering", "design-review", "execution-simulation", "feature-implementation", "feedback-resolution", "final-verification", "hypothesis-challenge", "ideation", "parallel-work-partitioning", "philosophy-alignment", "plan-analysis", "plan-generation", "reviewer-family", "tension-driven-design"];

  test("has every routine that WorkRail names, without fault or warning", () => {
    expect(library.faults).toEqual([]);
    expect([...library.workflows.values()].flatMap((entry) => entry.warnings)).toEqual([]);
    expect([...library.workflows].filter(([, entry]) => entry.isRoutine).map(([id]) => id).toSorted()).toEqual(NAMES.map((name) => `wr.routine-${name}`));
  });

  test("is searched by words, category and tag", () => {
    expect(searchCatalogue(library, { query: "review DESIGN" })[0]?.plan.id).toBe("wr.routine-design-review");
    expect(searchCatalogue(library, { tag: "triage" }).map((entry) => entry.plan.id)).toEqual(["wr.classify-task", "wr.grooming", "wr.incident-triage"]);
    expect(searchCatalogue(library, { category: "coding", query: "nothing of the kind" })).toEqual([]);
    expect(categoriesOf(library)).toContain("planning");
    expect(tagsOf(library)).toContain("routine");
  });
});

describe("preview", () => {
  const folder = "test/fixtures/workflows";
  const { workflows } = catalogue(readdirSync(folder).map((file) => ({ file, text: readFileSync(`${folder}/${file}`, "utf8") })));
  const plan = (id: string): Plan => workflows.get(id)?.plan ?? expect.fail(`no ${id}`);

  test("shows branches, loops, gates, contracts, children and what was put in", () => {
    const acceptance = previewPlan(plan("fixture.acceptance"));
    expect(acceptance.nodes.find((node) => node.id === "audited.audit")).toMatchObject({ kind: "audit", inLoop: "twice", contract: "wr.contracts.gate_verdict" });
    expect(acceptance.nodes.filter((node) => node.kind === "gate").map((node) => node.id)).toEqual(["gated.gate", "gated-loop.confirm"]);
    expect(acceptance.edges).toContainEqual({ from: "jumper", to: "gated", label: "jump if again = true, at most 1 times" });
    expect(acceptance.edges).toContainEqual({ from: "audited.audit", to: "twice", label: "approved" });
    expect(acceptance.edges).toContainEqual({ from: "audited.audit", to: "audited", label: "rejected" });
    const templates = previewPlan(plan("fixture.templates"));
    expect(templates.injected).toContainEqual({ stepId: "probe-first.look", by: "routine probe" });
    expect(templates.injected).toContainEqual({ stepId: "blocks", by: "wr.features.capabilities" });
    expect(previewPlan(plan("fixture.parallel")).nodes.find((node) => node.id === "split")?.children).toEqual(["fixture.child", "fixture.child", "fixture.child"]);
  });

  test("a rejection leads where the session goes: to the work, past audits and what may have been passed over", () => {
    const text = `schemaVersion: 2
id: judged
name: Judged
version: 1.0.0
description: For tests.
steps:
  - {id: first, title: First, prompt: Do it}
  - {id: maybe, title: Maybe, prompt: Do it, runCondition: {var: big}}
  - {id: lap, title: Lap, type: loop, loop: {type: for, count: 2}, body: [{id: inner, title: Inner, prompt: Do it}], requireConfirmation: true}
  - {id: audited, title: Audited, prompt: Do it, audit: {rubric: [Right]}, requireConfirmation: true}
  - {id: last, title: Last, prompt: Do it, requireConfirmation: true}
`;
    const compiled = compileWorkflow({ text, file: "judged.yaml" });
    const { edges } = compiled.ok ? previewPlan(compiled.value.plan) : expect.fail(JSON.stringify(compiled.error));
    const rejected = edges.filter(({ label }) => label === "rejected").map(({ from, to }) => `${from} -> ${to}`);
    expect(rejected).toEqual(["lap.confirm -> inner", "lap.confirm -> maybe", "lap.confirm -> first", "audited.audit -> audited", "audited.audit.gate -> audited", "last.gate -> last"]);
    expect(edges).toContainEqual({ from: "audited.audit", to: "audited.audit.gate", label: "approved" });
    expect(edges).toContainEqual({ from: "first", to: "lap", label: "unless big" });
  });

  test("steps called start and end are not the chart's own", () => {
    const text = "schemaVersion: 2\nid: test-ends\nname: T\nversion: 1.0.0\ndescription: d\nsteps:\n  - {id: start, title: S, prompt: p}\n  - {id: end, title: E, prompt: p, requireConfirmation: true, audit: {rubric: [Right]}}\n";
    const compiled = compileWorkflow({ text, file: "ends.yaml" });
    const { nodes, edges } = compiled.ok ? previewPlan(compiled.value.plan) : expect.fail(JSON.stringify(compiled.error));
    expect(new Set(nodes.map((node) => node.id)).size).toBe(nodes.length);
    const [first, last] = [nodes[0]?.id, nodes.at(-1)?.id];
    expect(edges.filter(({ from, to }) => from === first || to === last)).toEqual([{ from: first, to: "start", label: null }, { from: "end.audit.gate", to: last, label: "approved" }]);
  });

  test("every edge joins nodes that are there, and every node can be reached", () => {
    for (const { plan: each } of workflows.values()) {
      const { nodes, edges } = previewPlan(each);
      const ids = nodes.map((node) => node.id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(edges.filter((edge) => !ids.includes(edge.from) || !ids.includes(edge.to))).toEqual([]);
      expect(ids.filter((id) => id !== "start" && !edges.some((edge) => edge.to === id))).toEqual([]);
    }
  });

  test("as Mermaid no author's text closes a label or starts a directive", () => {
    const hostile = { ...plan("fixture.child"), name: 'x"]\n%%{init: {}}%%\nclick n0 "javascript:alert(1)"' };
    const text = toMermaid(previewPlan(hostile));
    expect(text.split("\n")).toHaveLength(7);
    expect(text).not.toMatch(/%%|\{init|x"/);
  });
});
