/** Each authoring rule: what it finds and where, and the nearest thing that it lets pass. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { catalogue } from "../../src/workflow/index.ts";
import { LINT_RULES, lintWorkflow, type LintFinding } from "../../src/workflow/lint/index.ts";
import { documentOf } from "../../src/workflow/routines.ts";

const HEAD = `schemaVersion: 2
id: team.work
name: Work
version: 1.0.0
description: Some work.
`;
const ABOUT = `about: For some work; the result and the plan are for whoever asked.
examples: [Do some of the work]
category: coding
tags: [work]
`;

const ROUTINE = { file: "routine.yaml", text: `${HEAD.replace("team.work", "wr.routine-look")}category: coding\ntags: [routine]\nsteps:\n  - { id: look, title: Look, promptBlocks: { goal: "Look at {part}.", verify: [It was seen.] }, produces: { seen: { type: boolean } } }\n` };

const BOUND = { file: "bound.yaml", text: `${HEAD.replace("team.work", "wr.routine-bound")}category: coding\ntags: [routine]\nsteps:\n  - { id: run, title: Run, allowedTools: [bash], promptBlocks: { goal: Run it., verify: [It ran.] } }\n` };

const TELL = { file: "tell.yaml", text: `${HEAD.replace("team.work", "wr.role-tell")}category: role\ntags: [role]\nsteps:\n  - { id: tell, title: Tell, promptBlocks: { goal: "Tell of {{part}}.", verify: [It was told.] }, outputContract: { contractRef: wr.contracts.coordinator_result } }\n` };

/** The findings of a workflow that consists of `more`, beside a routine and any other texts. */
function lint(more: string, others: readonly string[] = [], head = HEAD + ABOUT): readonly LintFinding[] {
  const source = { file: "w.yaml", text: head + more };
  const { workflows, faults } = catalogue([source, ROUTINE, BOUND, TELL, ...others.map((text, index) => ({ file: `other-${index}.yaml`, text }))]);
  expect(faults).toEqual([]);
  const entry = [...workflows.values()].find(({ file }) => file === "w.yaml") ?? expect.fail("not compiled");
  const document = documentOf(source);
  if (!document.ok) return expect.fail("not read");
  return lintWorkflow(entry.plan, document.value, [...workflows.values()].map(({ plan }) => plan));
}

/** A step that no rule objects to. */
const step = (id: string, more = "", goal = `Do ${id}.`): string => `  - { id: ${id}, title: Step, promptBlocks: { goal: ${JSON.stringify(goal)}, verify: [Done ${id}.] }${more === "" ? "" : `, ${more}`} }\n`;
const LONG_GOAL = "Find out which callers of the parser rely on the order of its errors; bring back path and line of each.";
const child = (more: string, workflowId = "wr.role-tell"): string => `  - { id: ask, type: parallel, title: Ask, notesOptional: true, parallelDelegations: [{ workflowId: ${workflowId}${more} }] }\n`;

interface Case {
  readonly code: string;
  readonly bad: readonly string[];
  readonly good: readonly string[];
}

const cases: readonly Case[] = [
  {
    code: "unreachable-step",
    bad: [
      `steps:\n${step("one")}${step("two", "runCondition: { var: nobody, equals: 1 }")}`,
      `steps:\n${step("one", "produces: { way: { enum: [left, right] } }")}${step("two", "runCondition: { var: way, equals: straight }")}`,
      `steps:\n${step("one", "produces: { sure: { type: boolean } }")}${step("two", "runCondition: { and: [{ var: sure, equals: true }, { not: { var: sure } }] }")}`,
      `steps:\n${step("one", "produces: { at: { type: object, properties: { depth: { const: 3 } }, required: [depth] } }")}${step("two", "runCondition: { var: at.depth, gt: 3 }")}`,
      `steps:\n${step("one", "produces: { sure: { type: boolean } }, requireConfirmation: { kind: human_approval, condition: { var: sure, equals: 7 } }")}`,
    ],
    good: [
      `steps:\n${step("one", "produces: { way: { enum: [left, right] } }")}${step("two", "runCondition: { var: way, equals: RIGHT }")}`,
      `steps:\n${step("one", "produces: { sure: { type: boolean } }")}${step("two", "runCondition: { not: { var: sure } }")}`,
      `steps:\n${step("one", "requires: [depth]")}${step("two", "runCondition: { var: depth, gt: 3 }")}`,
      `steps:\n${step("one")}${step("two", "runCondition: { var: findings }")}`,
      // A later step sets it, and a jump leads back.
      `steps:\n${step("one")}${step("two", "runCondition: { var: late }")}${step("three", "produces: { late: { type: string } }, jumpIf: { condition: { var: late }, target: two }")}`,
      `steps:\n${step("one", "requireConfirmation: { kind: human_approval, condition: { var: sure, equals: false } }, produces: { sure: { type: boolean } }")}`,
      `steps:\n  - { id: call, title: Call, templateCall: { templateId: wr.templates.routine.look, args: { part: src } } }\n${step("two", "runCondition: { var: seen }")}`,
    ],
  },
  {
    code: "undeclared-value",
    bad: [
      `steps:\n${step("one", "", "Use {{nobody.knows}}.")}`,
      `steps:\n${step("one", "", "Use {{late}}.")}${step("two", "produces: { late: { type: string } }")}`,
      `steps:\n  - id: all\n    type: loop\n    title: All\n    loop: { type: forEach, items: things, maxIterations: 3 }\n    body:\n    ${step("one", "", "Look at {{currentItem}}.").trim()}\n`,
      // Asked for in words, so it may be there, but nothing makes sure of it.
      `steps:\n${step("one", "", "Put nobody into the context.")}${step("two", "runCondition: { var: nobody }")}`,
      `steps:\n${child(`, goal: ${JSON.stringify(LONG_GOAL)}, contextMapping: { nobody: part }`)}`,
    ],
    good: [
      `steps:\n${step("one", "produces: { found: { type: object } }")}${step("two", "", "Use {{found.it}}.")}`,
      `steps:\n${step("one", "requires: [given]", "Use {{given}}, {{goal}} and {{commands.test}}.")}`,
      `steps:\n  - { id: take, type: context-gather, title: Take, contextType: pitch, outputVar: pitch }\n${step("one", "", "Use {{pitch}}.")}`,
    ],
  },
  {
    code: "unused-value",
    bad: [
      `steps:\n${step("one", "produces: { found: { type: string } }")}`,
      // Prose that names it, and a placeholder that nobody fills in.
      `steps:\n${step("one", "produces: { found: { type: string } }")}${step("two", "", "Put found into the notes, and what `found` says.")}`,
      `assessments: [{ id: care, purpose: How good it is., dimensions: [{ id: depth, purpose: Depth., levels: [low, high] }] }]\nsteps:\n${step("one", "produces: { found: { type: string } }")}${step("two", 'assessmentRefs: [care], assessmentConsequences: [{ when: { anyEqualsLevel: low }, effect: { kind: require_followup, guidance: "Look at {{found}}." } }]')}`,
      // Handed over again when nobody looks at it any more; a loop's variable of that name.
      `steps:\n${step("one", "produces: { found: { type: string } }")}${step("two", "", "Use {{found}}.")}${step("three", "produces: { found: { type: string } }")}`,
      `steps:\n${step("one", "produces: { found: { type: string } }")}  - { id: all, type: loop, title: All, loop: { type: for, count: 2, iterationVar: found }, body: [{ id: two, title: Two, promptBlocks: { goal: "Look at part {{found}}.", verify: [Done.] } }] }\n`,
      `steps:\n  - { id: take, type: context-gather, title: Take, contextType: pitch, outputVar: pitch }\n${step("one")}`,
    ],
    good: [
      `steps:\n${step("one", "produces: { found: { type: string } }")}${step("two", "", "Use {{found}}.")}`,
      `steps:\n${step("one", "produces: { found: { type: string } }")}${step("two", "requires: [found]")}`,
      `steps:\n${step("one", "produces: { found: { type: boolean } }")}${step("two", "validationCriteria: [{ type: contains, value: 'Seen:', message: Say what., condition: { var: found } }]")}`,
      `steps:\n${step("one", "produces: { pitch: { type: string } }")}  - { id: take, type: context-gather, title: Take, contextType: pitch, outputVar: pitch }\n${step("two", "", "Use {{pitch}}.")}`,
      // The next turn of the loop looks at it.
      `steps:\n  - { id: all, type: loop, title: All, loop: { type: for, count: 2 }, body: [{ id: one, title: One, promptBlocks: { goal: Go., verify: [Gone.] }, runCondition: { not: { var: found } } }, { id: two, title: Two, promptBlocks: { goal: Look., verify: [Done.] }, produces: { found: { type: boolean } } }] }\n`,
      `steps:\n${step("one", "produces: { parts: { type: array } }")}  - { id: ask, type: loop, title: Ask, parallel: true, loop: { type: forEach, items: parts, maxIterations: 2 }, body: [{ id: in, type: parallel, title: In, notesOptional: true, parallelDelegations: [{ workflowId: wr.role-tell, goal: ${JSON.stringify(LONG_GOAL)} }] }] }\n`.replaceAll("id: in,", "id: inner,"),
      `steps:\n${step("one", "produces: { found: { type: string } }")}${child(`, goal: ${JSON.stringify(LONG_GOAL)}, contextMapping: { found: part }`)}`,
    ],
  },
  {
    code: "unused-declaration",
    bad: [
      `contracts: { plan: { type: object } }\nsteps:\n${step("one")}`,
      `assessments: [{ id: care, purpose: How good it is., dimensions: [{ id: depth, purpose: Depth., levels: [low, high] }] }]\nsteps:\n${step("one")}`,
      `extensionPoints: [{ slotId: how_to, purpose: How., default: wr.routine-look }]\nsteps:\n${step("one")}`,
    ],
    good: [`contracts: { plan: { type: object } }\nextensionPoints: [{ slotId: how_to, purpose: How., default: this way }]\nsteps:\n${step("one", "outputContract: { contractRef: plan }", "Plan it {{wr.bindings.how_to}}.")}`],
  },
  {
    code: "contract-without-consumer",
    bad: [
      // An ordinary word that is also the artifact's name.
      ...["Make a plan for when it fails.", "Plan the roll-out."].map((words) => `contracts: { plan: { type: object }, result: { type: object } }\nsteps:\n${step("one", "outputContract: { contractRef: plan }")}${step("two", "outputContract: { contractRef: result }", words)}`),
      `contracts: { plan: { type: object }, result: { type: object } }\nsteps:\n${step("one", "outputContract: { contractRef: plan }")}${step("two", "outputContract: { contractRef: result }")}`, `contracts: { findings_of_ours: { type: object } }\nsteps:\n${step("one", "outputContract: { contractRef: findings_of_ours }")}`, `steps:\n${step("one", "outputContract: { contractRef: wr.contracts.coding_handoff }")}${step("two", "outputContract: { contractRef: wr.contracts.coding_handoff }")}`, `steps:\n${step("one", "outputContract: { contractRef: wr.contracts.loop_control }")}`, `contracts: { result: { type: object } }\nsteps:\n${step("one", "outputContract: { contractRef: wr.contracts.coordinator_result }")}${step("two", "outputContract: { contractRef: result }")}`],
    good: [
      `steps:\n${step("one", "produces: { quick: { type: boolean } }, outputContract: { contractRef: wr.contracts.coding_handoff }")}${step("two", "runCondition: { var: quick }, outputContract: { contractRef: wr.contracts.coding_handoff }")}`,
      `contracts: { plan: { type: object }, result: { type: object } }\nsteps:\n${step("one", "outputContract: { contractRef: plan }")}${step("two", "outputContract: { contractRef: result }", "Do what the plan says.")}`,
      ...["Follow `plan`.", "Take your last plan apart.", "Read what was handed over as plan first."].map((words) => `contracts: { plan: { type: object }, result: { type: object } }\nsteps:\n${step("one", "outputContract: { contractRef: plan }")}${step("two", "outputContract: { contractRef: result }", words)}`),
      `contracts: { plan: { type: object }, result: { type: object } }\nsteps:\n${step("one", "outputContract: { contractRef: plan }, requireConfirmation: { kind: coordinator_eval }")}${step("two", "outputContract: { contractRef: result }")}`,
      `contracts: { result: { type: object } }\nsteps:\n${step("one", "produces: { large: { type: boolean } }")}${step("two", "runCondition: { var: large }, outputContract: { contractRef: wr.contracts.coordinator_result }")}${step("three", "outputContract: { contractRef: result }")}`,
    ],
  },
  {
    code: "untyped-child",
    bad: [`steps:\n${child(`, goal: ${JSON.stringify(LONG_GOAL)}`, "wr.routine-look")}`],
    // One that is not at hand nobody can tell of.
    good: [`steps:\n${child(`, goal: ${JSON.stringify(LONG_GOAL)}`)}`, `steps:\n${child(`, goal: ${JSON.stringify(LONG_GOAL)}`, "team.elsewhere")}`],
  },
  {
    code: "unread-assessment",
    bad: [`assessments: [{ id: care, purpose: How good it is., dimensions: [{ id: depth, purpose: Depth., levels: [low, high] }] }]\nsteps:\n${step("one", "assessmentRefs: [care]")}`],
    good: [
      `assessments: [{ id: care, purpose: How good it is., dimensions: [{ id: depth, purpose: Depth., levels: [low, high] }] }]\nsteps:\n${step("one", "assessmentRefs: [care], assessmentConsequences: [{ when: { anyEqualsLevel: low }, effect: { kind: require_followup, guidance: Dig. } }]")}`,
      `assessments: [{ id: care, purpose: How good it is., dimensions: [{ id: depth, purpose: Depth., levels: [low, high] }] }]\nsteps:\n${step("one", "assessmentRefs: [care], requireConfirmation: { kind: coordinator_eval }")}`,
    ],
  },
  {
    code: "step-without-end",
    bad: [`steps:\n  - { id: one, title: One, prompt: Look around. }\n`, `steps:\n  - { id: one, title: One, promptBlocks: { goal: Look around., verify: [] } }\n`],
    good: [
      `steps:\n  - { id: one, title: One, prompt: Look around., validationCriteria: [{ type: contains, value: "Seen:", message: Say what you saw. }] }\n`,
      `steps:\n  - { id: one, title: One, promptBlocks: { goal: Look around., outputRequired: { notes: What you saw. } } }\n`,
      `steps:\n  - { id: one, title: One, prompt: Look around., audit: { rubric: [Everything was seen.] } }\n`,
      `steps:\n  - { id: one, title: One, prompt: Look around., verification: { command: "{{commands.test}}" } }\n`,
    ],
  },
  {
    code: "loop-without-exit",
    bad: [
      // Another step speaks of the key; in the loop nothing can set it.
      `steps:\n${step("zero", "produces: { done: { type: boolean } }", "Say whether it is done.")}  - id: again\n    type: loop\n    title: Again\n    loop: { type: until, maxIterations: 3, condition: { var: done } }\n    body:\n    ${step("one").trim()}\n`,
      `steps:\n${step("zero", "produces: { open: { type: boolean } }")}  - id: again\n    type: loop\n    title: Again\n    loop: { type: while, maxIterations: 3, condition: { var: open } }\n    body:\n    ${step("one").trim()}\n`,
      `steps:\n  - id: again\n    type: loop\n    title: Again\n    loop: { type: while, maxIterations: 3 }\n    body:\n    ${step("one", "runCondition: { var: findings }, outputContract: { contractRef: wr.contracts.loop_control }").trim()}\n`,
      `steps:\n  - id: again\n    type: loop\n    title: Again\n    loop: { type: while, maxIterations: 3 }\n    body:\n    ${step("one", "outputContract: { contractRef: wr.contracts.loop_control, required: false }").trim()}\n`,
    ],
    good: [
      `steps:\n${step("zero", "produces: { open: { type: boolean } }")}  - id: again\n    type: loop\n    title: Again\n    loop: { type: while, maxIterations: 3, condition: { var: open } }\n    body:\n    ${step("one", "produces: { open: { type: boolean } }").trim()}\n`,
      `steps:\n  - id: again\n    type: loop\n    title: Again\n    loop: { type: until, maxIterations: 3 }\n    body:\n    ${step("one", "outputContract: { contractRef: wr.contracts.loop_control }").trim()}\n`,
    ],
  },
  {
    code: "gate-without-way",
    bad: [
      `steps:\n${step("one", 'validationCriteria: [{ type: contains, value: finished, message: Say it. }, { type: length, max: 3, message: Be short. }]')}`,
      `steps:\n${step("one", 'validationCriteria: { and: [{ type: contains, value: all done, message: Say it. }, { not: { type: contains, value: done, message: Not that. } }] }')}`,
      `assessments: [{ id: care, purpose: How good it is., dimensions: [{ id: depth, purpose: Depth., levels: [low, high] }] }]\nsteps:\n${step("one", "assessmentRefs: [care], assessmentConsequences: [{ when: { anyEqualsLevel: low }, effect: { kind: require_followup, guidance: Dig. } }, { when: { anyEqualsLevel: high }, effect: { kind: require_followup, guidance: Rest. } }]")}`,
      `steps:\n${step("one", "produces: { found: { type: array, minItems: 3, maxItems: 2 } }")}${step("two", "", "Use {{found}}.")}`,
      `contracts: { plan: { type: object, properties: { name: { type: string, minLength: 5, maxLength: 2 } }, required: [name] } }\nsteps:\n${step("one", "outputContract: { contractRef: plan }")}`,
      `steps:\n${step("one", 'verification: { command: "exit 1" }')}`,
    ],
    good: [
      `steps:\n${step("one", 'validationCriteria: { or: [{ type: contains, value: finished, message: Say it. }, { type: length, max: 3, message: Be short. }] }')}`,
      `steps:\n${step("one", 'validationCriteria: [{ type: contains, value: finished, message: Say it., condition: { var: findings } }, { type: length, max: 3, message: Be short. }]')}`,
      `assessments: [{ id: care, purpose: How good it is., dimensions: [{ id: depth, purpose: Depth., levels: [low, high], required: false }] }]\nsteps:\n${step("one", "assessmentRefs: [care], assessmentConsequences: [{ when: { anyEqualsLevel: low }, effect: { kind: require_followup, guidance: Dig. } }, { when: { anyEqualsLevel: high }, effect: { kind: require_followup, guidance: Rest. } }]")}`,
      `steps:\n${step("one", 'verification: { command: "exit 0" }')}`,
    ],
  },
  {
    code: "no-tool-left",
    bad: [
      `steps:\n  - { id: call, title: Call, allowedTools: [grep], templateCall: { templateId: wr.templates.routine.bound } }\n`,
      `steps:\n${child(`, goal: ${JSON.stringify(LONG_GOAL)}, allowedTools: [bash]`).replace("title: Ask,", "title: Ask, allowedTools: [read],")}`,
    ],
    good: [
      `steps:\n  - { id: call, title: Call, allowedTools: [bash, grep], templateCall: { templateId: wr.templates.routine.bound } }\n`,
      `steps:\n${child(`, goal: ${JSON.stringify(LONG_GOAL)}, allowedTools: [bash, read]`).replace("title: Ask,", "title: Ask, allowedTools: [read],")}`,
    ],
  },
  {
    code: "loop-without-limit",
    bad: [`steps:\n  - id: again\n    type: loop\n    title: Again\n    loop: { type: until }\n    body:\n    ${step("one", "outputContract: { contractRef: wr.contracts.loop_control }").trim()}\n`],
    good: [`steps:\n  - id: again\n    type: loop\n    title: Again\n    loop: { type: for, count: 2 }\n    body:\n    ${step("one").trim()}\n`],
  },
  {
    code: "human-gate-in-full-auto",
    bad: [
      `recommendedPreferences: { recommendedAutonomy: full_auto_stop_on_user_deps }\nsteps:\n${step("one", "requireConfirmation: { kind: human_approval }")}`,
      `recommendedPreferences: { recommendedAutonomy: full_auto_never_stop }\nsteps:\n${step("one", "requireConfirmation: { kind: human_approval, condition: { var: findings } }")}`,
    ],
    good: [
      `recommendedPreferences: { recommendedAutonomy: guided }\nsteps:\n${step("one", "requireConfirmation: { kind: human_approval }")}`,
      `recommendedPreferences: { recommendedAutonomy: full_auto_stop_on_user_deps }\nsteps:\n${step("one", "requireConfirmation: { kind: human_approval, condition: { var: findings } }")}`,
      `recommendedPreferences: { recommendedAutonomy: full_auto_never_stop }\nsteps:\n${step("one", "requireConfirmation: { kind: coordinator_eval }")}`,
    ],
  },
  {
    code: "unverified-change",
    bad: [`metricsProfile: coding\nsteps:\n${step("one")}`],
    good: [`metricsProfile: coding\nsteps:\n${step("one", 'verification: { command: "{{commands.test}}" }')}`, `metricsProfile: review\nsteps:\n${step("one")}`],
  },
  {
    code: "judge-may-write",
    bad: [`steps:\n${step("one", "outputContract: { contractRef: wr.contracts.review_verdict }")}`, `steps:\n${step("one", "allowedTools: [read, edit], outputContract: { contractRef: wr.contracts.gate_verdict }")}`],
    good: [`steps:\n${step("one", "allowedTools: [read, bash], outputContract: { contractRef: wr.contracts.review_verdict }")}`],
  },
  {
    code: "thin-brief",
    bad: [`steps:\n${child("")}`, `steps:\n${child(", goal: Look at it.")}`],
    good: [`steps:\n${child(`, goal: ${JSON.stringify(LONG_GOAL)}`)}`],
  },
  {
    code: "repeated-prompt",
    bad: [
      `steps:\n${step("one", "", "First.\nEvery statement has the path and the line it was seen at.")}${step("two", "", "Second.\nEvery statement has the path and the line it was seen at.")}`,
      `metaGuidance: [Every statement has the path and the line it was seen at.]\nsteps:\n${step("one", "", "First.\nEvery statement has the path and the line it was seen at.")}`,
      `steps:\n${step("one", "", "Read all of the code that the parser calls for lists and write down what each of the functions does with an empty list.")}${step("two", "", "Now read all of the code that the parser calls for maps and write down what each of the functions does with an empty map.")}`,
    ],
    good: [`steps:\n${step("one", "", "Read the code that the parser calls for lists and write down what each function does with an empty one.")}${step("two", "", "Decide which of these results a caller relies on, with the call and the test that would notice the difference.")}`],
  },
  { code: "vague-words", bad: [`steps:\n${step("one", "", "Test it thoroughly.")}`, `steps:\n${step("one", "", "Follow best practices.")}`], good: [`steps:\n${step("one", "", "Test it with an empty list and with ten thousand entries.")}`] },
  {
    code: "long-prompt",
    bad: [`steps:\n${step("one", "", "word ".repeat(500))}`, `steps:\n  - { id: one, title: One, promptBlocks: { goal: Go., verify: [${Array.from({ length: 10 }, (_, index) => `Point ${index}`).join(", ")}] } }\n`],
    good: [`steps:\n  - { id: one, title: One, promptBlocks: { goal: Go., verify: [${Array.from({ length: 9 }, (_, index) => `Point ${index}`).join(", ")}] } }\n`],
  },
];

describe.each(cases)("$code", ({ code, bad, good }) => {
  const numbered = (texts: readonly string[]) => texts.map((text, index) => ({ number: index + 1, text }));
  test.each(numbered(bad))("is found, case $number", ({ text }) => {
    const findings = lint(text);
    expect(findings.map((each) => each.code)).toEqual([code]);
    expect(findings[0]).toEqual({ file: "w.yaml", line: expect.any(Number), column: expect.any(Number), path: expect.any(String), message: expect.stringMatching(/\S/), fix: expect.stringMatching(/\S/), code, severity: LINT_RULES.find((rule) => rule.code === code)?.severity });
  });
  test.each(numbered(good))("is not found, case $number", ({ text }) => {
    expect(lint(text)).toEqual([]);
  });
});

describe("missing-description", () => {
  test("is found once, with every field that a reader misses", () => {
    expect(lint(`steps:\n${step("one")}`, [], HEAD).map(({ code, message }) => [code, message])).toEqual([["missing-description", "The workflow has no `about`, `examples`, `category`, `tags`."]]);
    expect(lint(`tags: []\nsteps:\n${step("one")}`, [], HEAD + ABOUT.replace(/tags.*\n/, "")).map(({ message }) => message)).toEqual(["The workflow has no `tags`."]);
  });
  test("of a routine or role only what lists show", () => {
    for (const id of ["wr.routine-other", "wr.role-cook"]) expect(lint(`category: x\ntags: [y]\nsteps:\n${step("one")}`, [], HEAD.replace("team.work", id))).toEqual([]);
  });
});

test("every rule has a case here", () => {
  expect([...cases.map(({ code }) => code), "missing-description"].toSorted()).toEqual(LINT_RULES.map(({ code }) => code).toSorted());
});

describe("where a finding stands", () => {
  test("at the text that uses a value, at the key that is not used, at the condition", () => {
    const text = `steps:
  - id: one
    title: One
    promptBlocks:
      goal: Go.
      procedure:
        - Look at {{nobody}}.
      verify: [Done.]
    produces:
      idle: { type: string }
  - { id: two, title: Two, promptBlocks: { goal: Go on., verify: [Seen.] }, runCondition: { var: nothing } }
  - { id: three, title: Three, promptBlocks: { goal: Go home., verify: [Left.] }, promptFragments: [{ id: first, text: Always. }, { id: second, when: { var: nothing }, text: Never. }] }
`;
    const at = (HEAD + ABOUT).split("\n").length - 1;
    expect(lint(text).map(({ code, line, path }) => [code, line - at, path])).toEqual([
      ["undeclared-value", 7, "steps[0].promptBlocks.procedure[0]"],
      ["unused-value", 10, "steps[0].produces.idle"],
      ["unreachable-step", 11, "steps[1].runCondition"],
      ["unreachable-step", 12, "steps[2].promptFragments[1].when"],
    ]);
  });
});

describe("what others give", () => {
  const parent = `${HEAD.replace("team.work", "team.parent")}${ABOUT}steps:\n  - { id: ask, type: parallel, title: Ask, notesOptional: true, parallelDelegations: [{ workflowId: team.work, goal: ${JSON.stringify(LONG_GOAL)}, args: { side: left }, contextMapping: { goal: whole } }] }\n`;

  test("a child may use what a workflow at hand passes to it", () => {
    const text = `steps:\n${step("one", "", "Look at {{side}} of {{whole}}.")}`;
    expect(lint(text).map(({ code }) => code)).toEqual(["undeclared-value", "undeclared-value"]);
    expect(lint(text, [parent])).toEqual([]);
  });

  test("a routine may use its arguments, and hand over what only callers use", () => {
    const head = HEAD.replace("team.work", "wr.routine-own");
    expect(lint(`category: x\ntags: [y]\nsteps:\n${step("one", "produces: { idle: { type: string } }", "Look at {part}.")}`, [], head)).toEqual([]);
  });

  test("what a routine hands over is used by a caller at hand, or is told", () => {
    const head = HEAD.replace("team.work", "wr.routine-own");
    const own = `category: x\ntags: [y]\nsteps:\n${step("one", "produces: { idle: { type: string } }")}`;
    const caller = (more: string) => `${HEAD.replace("team.work", "team.calls")}steps:\n  - { id: call, title: Call, templateCall: { templateId: wr.templates.routine.own } }\n${more}`;
    expect(lint(own, [caller(step("two"))], head).map(({ code, path }) => [code, path])).toEqual([["unused-value", "steps[0].produces.idle"]]);
    expect(lint(own, [caller(step("two")), caller(step("two", "", "Use {{idle}}.")).replace("team.calls", "team.uses")], head)).toEqual([]);
  });

  test("the artifact of a routine is read by a caller at hand, or is told", () => {
    const head = HEAD.replace("team.work", "wr.routine-own");
    const own = `category: x\ntags: [y]\ncontracts: { map: { type: object } }\nsteps:\n${step("one", "outputContract: { contractRef: map }")}`;
    const calls = (more: string, id = "team.calls") => `${HEAD.replace("team.work", id)}steps:\n  - { id: call, title: Call, templateCall: { templateId: wr.templates.routine.own } }\n${more}`;
    const result = step("two", "outputContract: { contractRef: wr.contracts.coordinator_result }");
    expect(lint(own, [], head)).toEqual([]);
    expect(lint(own, [calls(result)], head).map(({ code, path, message }) => [code, path, message])).toEqual([["contract-without-consumer", "steps[0].outputContract", 'Nothing reads the map of "one": no step behind the call of it in team.calls.']]);
    expect(lint(own, [calls(result), calls(result.replace("Do two.", "Follow the map."), "team.reads")], head)).toEqual([]);
    // The last word of the workflow is its result.
    expect(lint(own, [calls(step("two"))], head)).toEqual([]);
    const runs = (more: string) => `${HEAD.replace("team.work", "team.runs")}steps:\n${child(`, goal: ${JSON.stringify(LONG_GOAL)}`, "wr.routine-own").replace("notesOptional: true", more)}`;
    expect(lint(own, [runs("synthesis: { prompt: Bring it together. }")], head)).toEqual([]);
    expect(lint(own, [runs("notesOptional: true")], head).map(({ code }) => code)).toEqual(["contract-without-consumer"]);
  });

  test("what a typo may have meant is said, and a part of a value that it cannot have is told", () => {
    const file = (goal: string, more = "") => `steps:\n${step("one", "requires: [lastRelease], produces: { commits: { type: array } }", "Since {{lastRelease}}.")}${step("two", more, goal)}${step("three", "", "Use {{commits}}.")}`;
    expect(lint(file("Since {{lastRelaese}}.")).map(({ fix }) => fix)).toEqual([expect.stringContaining('Did you mean "lastRelease"?')]);
    expect(lint(file("Look.", "runCondition: { var: comits }")).map(({ message }) => message)).toEqual(['The step "two" never runs: its condition cannot hold. Nothing before it sets "comits". Did you mean "commits"?']);
    expect(lint(file("All {{commits.lenght}}.")).map(({ code, message }) => [code, message])).toEqual([["undeclared-value", '"commits.lenght" is used here, but what is declared for "commits" holds no such value.']]);
    expect(lint(file("Look.", "runCondition: { var: commits.lenght, gt: 0 }")).map(({ code }) => code)).toEqual(["unreachable-step"]);
    for (const goal of ["All {{commits.length}}.", "First {{commits.0.title}}."]) expect(lint(file(goal, "runCondition: { var: commits.length, gt: 0 }"))).toEqual([]);
  });

  test("a word that names a value is told for what it is", () => {
    expect(lint(`steps:\n${step("one", "produces: { found: { type: string } }")}${step("two", "", "Put `found` into the notes.")}`).map(({ message }) => message)).toEqual(['Nothing uses "found": no prompt, condition, loop or child. The words of "two" name it, but a word is not filled in.']);
    expect(lint(`steps:\n${step("one", "produces: { found: { type: string } }", "Find it. So far: {{found}}.")}`).map(({ code, message }) => [code, message])).toEqual([["undeclared-value", '"found" is used here, but the step itself hands it over only when it is done.']]);
  });

  test("a call that never happens is told once, however many steps the routine has", () => {
    expect(lint(`steps:\n  - { id: call, title: Call, runCondition: { var: nobody }, templateCall: { templateId: wr.templates.routine.ideation } }\n`, [readFileSync("workflows/routines/ideation.yaml", "utf8")]).map(({ code, path }) => [code, path])).toEqual([["unreachable-step", "steps[0].runCondition"]]);
  });

  test("what a routine says is judged in the routine's own file", () => {
    expect(lint(`steps:\n  - { id: call, title: Call, templateCall: { templateId: wr.templates.routine.look, args: { part: src } } }\n`)).toEqual([]);
  });
});
