import { describe, expect, test } from "vitest";
import { gapsOf } from "../../src/engine/session/index.ts";
import type { JsonObject } from "../../src/shared/json.ts";
import { control, drive, planOf } from "./drive.ts";

const body = (...steps: readonly JsonObject[]) => steps.map((step, index) => ({ id: `body-${index + 1}`, title: "Body", prompt: "Iteration {{currentIteration}}: {{currentItem}}", ...step }));
const gapCodes = (session: ReturnType<typeof drive>) => gapsOf(session.state()).map((gap) => gap.code).filter((code) => code !== "unset-value");
const loop = (config: JsonObject, ...steps: readonly JsonObject[]): JsonObject => ({ id: "the-loop", type: "loop", title: "The loop", loop: { maxIterations: 3, ...config }, body: body(...(steps.length === 0 ? [{}] : steps)) });
const decides = { outputContract: { contractRef: "wr.contracts.loop_control" } };

describe("deliberate difference: a loop that reaches its limit with work left is a recorded gap and a block", () => {
  test("while: continue said at the limit; the block is left by saying stop", () => {
    const session = drive(planOf([loop({ type: "while", maxIterations: 2 }, decides), {}]));
    session.submit({ artifacts: [control("continue")] });
    session.submit({ artifacts: [control("continue")] });
    expect(session.step()).toBe("the-loop");
    expect(session.blockers()).toEqual(["loop-limit"]);
    expect(gapCodes(session)).toEqual(["loop-limit"]);
    session.submit({ artifacts: [control("continue")] });
    expect(session.blockers()).toEqual(["loop-limit"]);
    session.submit({ artifacts: [control("stop")] });
    expect(session.step()).toBe("step-2");
  });

  test("forEach: items over the limit are never dropped in silence; without a word the session ends blocked", () => {
    const session = drive(planOf([loop({ type: "forEach", items: "list", maxIterations: 2 }), {}]), { context: { list: ["a", "b", "c"] } });
    session.submit();
    session.submit();
    expect(session.prompt()).toContain("1 of its items are left");
    for (let attempt = 0; attempt < 3; attempt += 1) session.submit();
    expect(session.state()).toMatchObject({ kind: "ended", outcome: "blocked", reason: { code: "loop-limit" } });
  });

  test("never_stop goes on and keeps the gap", () => {
    const session = drive(planOf([loop({ type: "forEach", items: "list", maxIterations: 1 }), {}]), { context: { list: ["a", "b"] }, autonomy: "full_auto_never_stop" });
    session.submit();
    expect(session.step()).toBe("step-2");
    session.submit();
    expect(gapsOf(session.state()).map((gap) => gap.code)).toEqual(["loop-limit"]);
    expect(session.state()).toMatchObject({ outcome: "completed" });
  });
});

describe("a title may hold values", () => {
  test("of the loop around it, in the offer and in the question of its gate", () => {
    const session = drive(planOf([loop({ type: "for", count: 2 }, { title: "Pass {{currentIteration}} on {{about.name}}", requireConfirmation: { kind: "human_approval" } })]), { context: { about: { name: "a\n## b" } } });
    expect(session.offer()?.title).toBe("Pass 1 on a ## b");
    session.submit();
    expect(session.state()).toMatchObject({ kind: "gate", question: 'May the session go on from "Pass 1 on a ## b"?' });
    session.gate("approved");
    expect(session.offer()?.title).toBe("Pass 2 on a ## b");
  });

  test("a long value is cut, one that is not there is marked and recorded", () => {
    const session = drive(planOf([{ title: "On {{long}}" }, { title: "On {{none}}" }]), { context: { long: "x".repeat(500) } });
    expect(session.offer()?.title).toBe(`On ${"x".repeat(120)}...`);
    session.submit();
    expect(session.offer()?.title).toBe("On [unset: none -- 'none' is not set]");
    expect(gapsOf(session.state()).map((gap) => gap.code)).toEqual(["unset-value"]);
  });
});

describe("a loop that artifacts decide is not begun when the step before it said stop", () => {
  const says = { id: "says", title: "Says", prompt: "Begin?", ...decides };
  const flow = () => drive(planOf([says, loop({ type: "while", conditionSource: { kind: "artifact_contract", contractRef: "wr.contracts.loop_control", loopId: "rounds" } }, decides), {}]));
  test.each([
    [control("stop"), "step-3"],
    [control("stop", "rounds"), "step-3"],
    [control("stop", "another"), "body-1"],
    [control("continue"), "body-1"],
  ])("%j: %s", (said, next) => {
    const session = flow();
    session.submit({ artifacts: [said] });
    expect(session.step()).toBe(next);
  });

  test("the stop that ended one loop is not about the next one", () => {
    const second = { ...loop({ type: "while" }, { id: "body-2", ...decides }), id: "second-loop" };
    const session = drive(planOf([loop({ type: "while" }, decides), second, {}]));
    session.submit({ artifacts: [control("stop")] });
    expect(session.step()).toBe("body-2");
  });
});

describe("deliberate difference: a forEach over the wrong shape is a block naming the type and a preview", () => {
  test.each([
    [{ list: "not a list" }, 'string ("not a list")'],
    [{ list: { a: 1 } }, "object (a)"],
    [{}, "not set"],
  ])("%j", (context, said) => {
    const session = drive(planOf([loop({ type: "forEach", items: "list" }), {}]), { context });
    expect(session.blockers()).toEqual(["loop-wrong-shape"]);
    expect(session.prompt()).toContain(said);
    expect(session.offer()?.requires).toEqual([{ kind: "context", key: "list", schema: { type: "array" } }]);
    session.submit({ context: { list: ["x"] } });
    expect(session.step()).toBe("body-1");
    expect(session.prompt()).toContain("Iteration 1: x");
  });
});

describe("deliberate difference: the first step may be a loop, a template call or conditional", () => {
  test("a loop; its conditions in the body see the loop's variables", () => {
    const session = drive(planOf([loop({ type: "for", count: "times" }, { runCondition: { var: "currentIteration", gt: 1 } }), {}]), { context: { times: "2" } });
    expect(session.prompt()).toContain("Iteration 2:");
    session.submit();
    expect(session.step()).toBe("step-2");
  });
  test("a template call, a conditional step that is passed over", () => {
    const routine = { file: "r.yaml", text: "id: wr.routine-probe\nname: n\nversion: 1.0.0\ndescription: d\nsteps: [{ id: look, title: 'Look at {what}', prompt: 'At {what}.' }]" };
    const session = drive(planOf([{ runCondition: { var: "never" } }, { templateCall: { templateId: "wr.templates.routine.probe", args: { what: "it" } } }], {}, [routine]));
    expect(session.offer()).toMatchObject({ stepId: "step-2.look", title: "Look at it" });
  });
});

test("loop control ends any loop early; a loopId speaks to an outer loop, an unknown one is refused", () => {
  const inner = { id: "inner", type: "loop", title: "Inner", loop: { type: "for", count: 2, maxIterations: 2 }, body: [{ id: "inner-step", title: "I", prompt: "p", outputContract: { contractRef: "wr.contracts.loop_control", required: false } }] };
  const session = drive(planOf([{ ...loop({ type: "forEach", items: "list" }), body: [inner] }, {}]), { context: { list: [1, 2, 3] } });
  session.submit({ artifacts: [control("continue", "nowhere")] });
  expect(session.blockers()).toEqual(["loop-unknown"]);
  session.submit({ artifacts: [control("stop")] });
  expect(session.offer()?.loop).toMatchObject({ id: "inner", iteration: 1 });
  expect(session.state()).toMatchObject({ node: { loops: [{ loopId: "the-loop", iteration: 2 }, { loopId: "inner", iteration: 1 }] } });
  session.submit({ artifacts: [control("stop", "the-loop")] });
  session.submit();
  expect(session.step()).toBe("step-2");
});

test("what is put to the end of a list while its loop runs is taken too", () => {
  const session = drive(planOf([loop({ type: "forEach", items: "list" }), {}]), { context: { list: ["a"] } });
  session.submit({ context: { list: ["a", "b"] } });
  expect(session.prompt()).toContain("Iteration 2: b");
  session.submit({ context: { list: [] } });
  expect(session.step()).toBe("step-2");
});

test("a loop that would go round without offering anything ends, loudly", () => {
  const never = { id: "inner", type: "loop", title: "Inner", loop: { type: "for", count: 1000, maxIterations: 1000 }, body: [{ id: "inner-step", title: "I", prompt: "p", runCondition: { var: "never" } }] };
  const session = drive(planOf([{ ...loop({ type: "for", count: 1000, maxIterations: 1000 }), body: [never] }]));
  expect(session.state()).toMatchObject({ kind: "ended", outcome: "blocked", reason: { code: "nothing-offered" } });
});

test("a jump goes back as often as allowed and leaves the loops it stood in", () => {
  const plan = planOf([{}, loop({ type: "for", count: 3 }, { jumpIf: { condition: { var: "redo" }, target: "step-1", maxJumps: 2 } }), {}]);
  const session = drive(plan, { context: { redo: true }, autonomy: "full_auto_never_stop" });
  const seen = [];
  for (; session.state().kind === "step"; session.submit()) seen.push(session.step());
  expect(seen).toEqual(["step-1", "body-1", "step-1", "body-1", "step-1", "body-1", "body-1", "body-1", "step-3"]);
  expect(gapsOf(session.state()).map((gap) => gap.code)).toContain("jump-limit");
});

describe.each(["guided", "full_auto_stop_on_user_deps"] as const)("a jump at its limit whose condition still holds (%s)", (autonomy) => {
  const plan = planOf([{}, { jumpIf: { condition: { var: "redo" }, target: "step-1", maxJumps: 1 } }, {}]);
  const atLimit = () => {
    const session = drive(plan, { context: { redo: true }, autonomy });
    for (let step = 0; step < 4; step += 1) session.submit();
    return session;
  };

  test("stops for a person's word; approved, it goes on with the gap", () => {
    const session = atLimit();
    expect(session.state()).toMatchObject({ kind: "gate", gate: "human_approval", question: expect.stringContaining("has jumped 1 times, which is its limit") });
    session.gate("approved");
    expect(session.step()).toBe("step-3");
    expect(gapsOf(session.state()).map((gap) => gap.code)).toEqual(["jump-limit"]);
  });

  test("behind an audit, a rejection sends the audited work back", () => {
    const audited = planOf([{}, { audit: { rubric: ["It is right."] }, jumpIf: { condition: { var: "redo" }, target: "step-1", maxJumps: 1 } }]);
    const session = drive(audited, { context: { redo: true }, autonomy });
    const approve = { artifacts: [{ contractRef: "wr.contracts.gate_verdict", value: { verdict: "approved", confidence: "high", rationale: "Good." } }] };
    for (let round = 0; round < 2; round += 1) {
      session.submit();
      session.submit();
      session.submit(approve);
    }
    expect(session.state()).toMatchObject({ kind: "gate", gate: "human_approval" });
    session.gate("rejected");
    expect([session.step(), session.blockers()]).toEqual(["step-2", ["gate-rejected"]]);
  });

  test("rejected, the step is done again, and passes once its condition no longer holds", () => {
    const session = atLimit();
    session.gate("rejected");
    expect([session.step(), session.blockers()]).toEqual(["step-2", ["gate-rejected"]]);
    session.submit({ context: { redo: false } });
    expect(session.step()).toBe("step-3");
    expect(gapsOf(session.state())).toEqual([]);
  });
});

test("the trace says for every step offered or passed over which condition with which values, and why a loop went on", () => {
  const session = drive(planOf([{ runCondition: { var: "a", equals: 2 } }, loop({ type: "while", condition: { var: "a", lt: 3 } }), {}]), { context: { a: 1 } });
  session.submit({ context: { a: 5 } });
  const traces = session.log.flatMap((event) => (event.kind === "step_offered" ? [event.data.trace] : []));
  expect(traces).toEqual([
    [
      { stepId: "step-1", decision: "skipped", condition: { var: "a", equals: 2 }, values: { a: 1 }, holds: false },
      { stepId: "the-loop", decision: "offered", condition: { var: "a", lt: 3 }, values: { a: 1 }, holds: true, reason: "it runs while that holds" },
      { stepId: "body-1", decision: "offered" },
    ],
    [
      { stepId: "the-loop", decision: "skipped", condition: { var: "a", lt: 3 }, values: { a: 5 }, holds: false, reason: "it runs while that holds" },
      { stepId: "step-3", decision: "offered" },
    ],
  ]);
});

test("where a condition and the decision differ, the trace says what the condition came to", () => {
  const session = drive(planOf([loop({ type: "until", condition: { var: "done" } }), { jumpIf: { condition: { var: "again" }, target: "step-2", maxJumps: 1 } }, {}]), { context: { done: false, again: true } });
  session.submit({ context: { done: true } });
  session.submit();
  session.submit();
  const looked = session.log.flatMap((event) => (event.kind === "step_offered" ? event.data.trace.filter(({ condition }) => condition !== undefined) : []));
  expect(looked.map(({ stepId, decision, holds }) => [stepId, decision, holds])).toEqual([["the-loop", "offered", false], ["the-loop", "skipped", true], ["step-2", "offered", true]]);
});

describe("a long way without an offer", () => {
  const skipped = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `b-${index + 1}`, title: "B", prompt: "p", runCondition: { var: "currentItem", equals: "hit" } }));
  const items = (count: number) => [...Array.from({ length: count - 1 }, (_, index) => index), "hit"];

  test("1,000 items of which only the last has work are all looked at", () => {
    const session = drive(planOf([{ type: "loop", loop: { type: "forEach", items: "items", maxIterations: 1000 }, body: skipped(5) }]), { context: { items: items(1000) } });
    expect(session.offer()).toMatchObject({ stepId: "b-1", loop: { iteration: 1000, total: 1000 } });
    const trace = session.log.flatMap((event) => (event.kind === "step_offered" ? event.data.trace : []));
    expect(trace.length).toBeLessThan(620);
    const told = trace.reduce((sum, { reason }) => sum + Number(/^(\d+) more looks/.exec(reason ?? "")?.[1] ?? 1), 0);
    // The loop once for each item, and five steps in each turn but the last, which ends at its first.
    expect(told).toBe(1000 + 999 * 5 + 1);
    expect(trace.at(-1)).toMatchObject({ stepId: "b-1", decision: "offered", values: { currentItem: "hit" } });
  });
});

test("how often a loop that counts will run is told, where it is known", () => {
  const counting = drive(planOf([loop({ type: "for", count: "n" })]), { context: { n: 3 } });
  expect(counting.offer()?.loop).toMatchObject({ iteration: 1, total: 3 });
  const open = drive(planOf([loop({ type: "while", condition: { var: "go" } })]), { context: { go: true } });
  expect(open.offer()?.loop).toMatchObject({ iteration: 1, total: null });
});

test("a jump out of a loop leaves the inner loop's turn behind", () => {
  const inner = { id: "inner", title: "Inner", type: "loop", loop: { type: "for", count: 2, iterationVar: "j" }, body: [{ id: "work", title: "Work", prompt: "{{i}} {{j}}", jumpIf: { condition: { var: "leave" }, target: "first", maxJumps: 1 } }] };
  const session = drive(planOf([{ id: "outer", type: "loop", loop: { type: "for", count: 2, iterationVar: "i" }, body: [{ id: "first", title: "First", prompt: "first {{i}}" }, inner] }]));
  session.submit();
  session.submit({ context: { leave: true } });
  expect(session.offer()).toMatchObject({ stepId: "first", loop: { id: "outer", iteration: 1 } });
  expect(session.state()).toMatchObject({ node: { loops: [{ loopId: "outer", iteration: 1 }], scope: { i: 1 } } });
  session.submit({ context: { leave: false } });
  expect(session.offer()).toMatchObject({ stepId: "work", loop: { id: "inner", iteration: 1 } });
});
