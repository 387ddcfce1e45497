/** Workflows of two or three steps that together have every kind of step, gate, loop and check the language knows. */
import { compileWorkflow, type Plan } from "../src/workflow/index.ts";

const HEAD = (id: string): string => `schemaVersion: 2\nid: sim.${id}\nname: ${id}\nversion: 1.0.0\ndescription: As small as it can be.\n`;
const plain = (id: string): string => `  - { id: ${id}, title: ${id}, prompt: "Do {{goal}}." }\n`;

const TEXTS: Readonly<Record<string, string>> = {
  plain: `steps:\n${plain("first")}${plain("second")}`,
  gated: `steps:\n${plain("work")}  - { id: ask, title: Ask, prompt: Ask., requireConfirmation: { kind: human_approval } }\n  - { id: judged, title: J, prompt: J., requireConfirmation: true }\n`,
  verified: `steps:\n  - { id: make, title: Make, prompt: Make., verification: { command: make } }\n${plain("after")}`,
  contract: `steps:\n  - { id: decide, title: D, prompt: D., outputContract: { contractRef: wr.contracts.gate_verdict } }\n  - { id: names, title: N, prompt: N., produces: { who: { type: string } } }\n  - { id: greet, title: G, prompt: "Hello {{who}}", requires: [who] }\n`,
  counted: `steps:\n  - id: rounds\n    type: loop\n    title: Rounds\n    loop: { type: for, count: 2, maxIterations: 3 }\n    body:\n      - { id: turn, title: T, prompt: "Round {{currentIteration}}" }\n${plain("after")}`,
  each: `steps:\n  - id: areas\n    type: loop\n    title: Areas\n    loop: { type: forEach, items: areas, maxIterations: 3 }\n    body:\n      - { id: area, title: A, prompt: "At {{currentItem}}" }\n`,
  refined: `steps:\n  - id: refine\n    type: loop\n    title: R\n    loop: { type: while, maxIterations: 2, conditionSource: { kind: artifact_contract, contractRef: wr.contracts.loop_control, loopId: r } }\n    body:\n      - { id: again, title: A, prompt: Again?, outputContract: { contractRef: wr.contracts.loop_control } }\n`,
  todo: `steps:\n  - id: todo\n    type: todoList\n    title: Todo\n    produces: { id: list, title: L, prompt: List. }\n    body: [{ id: one-thing, title: D, prompt: "Do {{currentItem}}" }]\n`,
  children: `steps:\n  - id: split\n    type: parallel\n    title: Split\n    parallelDelegations: [{ workflowId: sim.plain, goal: Left }, { workflowId: sim.plain, goal: Right }]\n    synthesis: { prompt: Together. }\n`,
  gathered: `steps:\n  - { id: spec, title: S, type: context-gather, contextType: spec, outputVar: spec, optional: true, sources: [{ kind: local_paths, paths: [SPEC.md] }] }\n  - { id: use, title: U, prompt: "By {{spec}}" }\n`,
  jumping: `steps:\n${plain("first")}  - { id: back, title: B, prompt: B., produces: { a: { type: string } }, jumpIf: { condition: { var: a, equals: value }, target: first, maxJumps: 1 } }\n`,
  judged: `assessments: [{ id: quality, purpose: p, dimensions: [{ id: d, purpose: p, levels: [low, high] }] }]\nsteps:\n  - id: rate\n    title: R\n    prompt: R.\n    assessmentRefs: [quality]\n    assessmentConsequences: [{ when: { anyEqualsLevel: low }, effect: { kind: require_followup, guidance: g } }]\n  - { id: audited, title: A, prompt: A., audit: { prompt: Judge., rubric: [Is it so?] } }\n`,
};

/** @throws Error when one of them does not compile, which only a change of the language can bring about */
export const SMALL_WORKFLOWS: readonly Plan[] = Object.entries(TEXTS).map(([id, text]) => {
  const compiled = compileWorkflow({ text: HEAD(id) + text, file: `${id}.yaml` });
  if (!compiled.ok) throw new Error(`${id}: ${JSON.stringify(compiled.error)}`);
  return compiled.value.plan;
});
