import { describe, expect, test } from "vitest";
import { artifactsOf, contextOf, evolve, gapsOf, initialState, nodesOf } from "../../src/engine/session/index.ts";
import type { JsonObject } from "../../src/shared/json.ts";
import { drive, planOf } from "./drive.ts";
import { cpuTimer } from "../fakes/cpu-time.ts";

const verdict = (value: string, rationale = "r") => ({ contractRef: "wr.contracts.gate_verdict", value: { verdict: value, rationale } });
const kinds = (events: unknown) => (Array.isArray(events) ? events.map((event) => event.kind) : events);

describe("deliberate difference: audit, verification and synthesis work", () => {
  const audited = planOf([{ audit: { prompt: "Judge it.", rubric: ["It is small."] }, requireConfirmation: { kind: "human_approval" } }, {}]);

  test("an audit is a step of its own; rejected or uncertain sends the work back, approved opens the gate", () => {
    const session = drive(audited, { autonomy: "guided" });
    session.submit({ notes: "My work.", context: { a: 1 } });
    expect(session.offer()).toMatchObject({ stepId: "step-1.audit", role: "audit" });
    expect(session.prompt()).toMatch(/Judge it\.[^]*It is small\.[^]*My work\./);
    session.submit({ artifacts: [verdict("rejected", "Too large.")] });
    expect(session.step()).toBe("step-1");
    expect(session.prompt()).toContain("Too large.");
    session.submit({ notes: "Smaller." });
    session.submit({ artifacts: [verdict("uncertain")] });
    expect(session.blockers()).toEqual(["audit-uncertain"]);
    session.submit();
    expect(kinds(session.submit({ artifacts: [verdict("approved")] }))).toEqual(["step_submitted", "gate_opened"]);
    session.gate("rejected");
    expect(session.step()).toBe("step-1");
    session.submit();
    session.submit({ artifacts: [verdict("approved")] });
    session.gate("approved");
    expect(session.step()).toBe("step-2");
    expect(nodesOf(session.state()).map((node) => node.stepId)).toEqual(["step-1", "step-1.audit", "step-2"]);
  });

  test("work that no audit finds good ends the session blocked", () => {
    const session = drive(audited);
    for (let round = 0; round < 3; round += 1) {
      session.submit();
      session.submit({ artifacts: [verdict("rejected", "Still wrong.")] });
    }
    expect(session.state()).toMatchObject({ kind: "ended", outcome: "blocked", reason: { code: "audit-rejected" } });
    expect(artifactsOf(session.state())).toEqual([]);
  });
});

describe("assessments", () => {
  const dimensions = [{ id: "depth", purpose: "How deep?", levels: ["low", "high"] }];
  const plan = planOf([{ assessmentRefs: ["one", "two"], assessmentConsequences: [{ when: { anyEqualsLevel: "low", forAssessment: "one" }, effect: { kind: "require_followup", guidance: "Dig deeper." } }] }], {
    assessments: [{ id: "one", purpose: "First.", dimensions }, { id: "two", purpose: "Second.", dimensions }],
  });
  const assessed = (assessmentId: string, depth: unknown) => ({ contractRef: "wr.contracts.assessment", value: { assessmentId, dimensions: { depth } as never } });

  test("each one asked for must come, with known levels; a level with a consequence blocks until it is assessed anew", () => {
    const session = drive(plan, { autonomy: "guided" });
    expect(session.offer()?.requires.map((each) => each.kind)).toEqual(["notes", "assessment", "assessment"]);
    session.submit({ artifacts: [assessed("one", "low"), assessed("two", "deep")] });
    expect(session.blockers()).toEqual(["assessment-followup", "assessment-incomplete"]);
    expect(session.prompt()).toContain("Dig deeper. Then assess these again: depth.");
    session.submit({ artifacts: [assessed("two", { level: "LOW", rationale: "r" })] });
    expect(session.blockers()).toEqual(["assessment-followup"]);
    session.submit({ artifacts: [assessed("one", "high")] });
    expect(session.step()).toBe("ended: completed");
    expect(artifactsOf(session.state())).toHaveLength(2);
  });
});

describe("validation criteria on the notes", () => {
  const rule = (more: object) => ({ message: "The author's words.", ...more });
  test.each([
    ["contains", [rule({ type: "contains", value: "Evidence" })], "nothing", "Evidence: x"],
    ["regex with flags", [rule({ type: "regex", pattern: "^ok$", flags: "im" })], "not ok", "first\nOK"],
    ["length", [rule({ type: "length", min: 5, max: 9 })], "abc", "abcdef"],
    ["schema in a fenced block", [rule({ type: "schema", schema: { type: "object", properties: { n: { type: "number" } }, required: ["n"] } })], '{"n":"x"}', 'See:\n```json\n{"n":1}\n```'],
    ["or", { or: [rule({ type: "contains", value: "a1" }), rule({ type: "contains", value: "b1" })] }, "c", "b1"],
    ["not", { not: rule({ type: "contains", value: "TODO" }) }, "TODO later", "all done"],
    ["and of a condition that does not hold", { and: [rule({ type: "contains", value: "x1" }), rule({ type: "contains", value: "y1", condition: { var: "never" } })] }, "y1", "x1"],
  ])("%s", (_, validationCriteria, bad, good) => {
    const session = drive(planOf([{ validationCriteria }]));
    expect(session.prompt()).toContain("The author's words.");
    session.submit({ notes: bad });
    expect(session.blockers()).toEqual(["notes-invalid"]);
    session.submit({ notes: good });
    expect(session.step()).toBe("ended: completed");
  });

  test("a pattern made to hang is run in linear time", () => {
    const session = drive(planOf([{ validationCriteria: [{ type: "regex", pattern: "(a+)+$", message: "m" }] }]));
    const spentMs = cpuTimer();
    session.submit({ notes: `${"a".repeat(30_000)}!` });
    expect(spentMs()).toBeLessThan(5_000);
  });
});

describe("children of a parallel step", () => {
  const delegations: JsonObject[] = [{ workflowId: "wr.a" }, { workflowId: "wr.b", runCondition: { var: "wanted" } }];
  test("the step is not done while one is missing; a failed one is a gap and needs a person's word; the results stand before the synthesis", () => {
    const session = drive(planOf([{ type: "parallel", parallelDelegations: delegations, synthesis: { prompt: "Together." } }, {}]), { context: { wanted: true } });
    expect(session.submit()).toBe("waiting-for-children");
    session.child("n1.2");
    expect(session.child("n1.2")).toBe("no-such-request");
    expect(session.step()).toBe("delegating");
    session.child("n1.1", "failed");
    expect(session.state()).toMatchObject({ kind: "gate", gate: "human_approval", question: expect.stringContaining("- n1.1 ended as failed: summary of n1.1") });
    expect(session.submit()).toBe("at-gate");
    session.gate("approved");
    expect(session.offer()).toMatchObject({ stepId: "step-1", role: "synthesis" });
    expect(session.prompt()).toMatch(/### n1\.1: failed[^]*### n1\.2: completed/);
    expect(gapsOf(session.state()).map((gap) => gap.code)).toEqual(["child-not-completed"]);
    session.submit();
    expect(session.step()).toBe("step-2");
  });

  test("a delegation that is passed over stands in the trace with its condition and values", () => {
    const session = drive(planOf([{ type: "parallel", parallelDelegations: delegations }]), { context: { wanted: false } });
    const offered = session.log.find((event) => event.kind === "step_offered");
    expect(offered?.data.trace).toContainEqual({ stepId: "step-1", decision: "skipped", condition: { var: "wanted" }, values: { wanted: false }, holds: false, reason: "delegation 2 to wr.b" });
    const each = { type: "loop", parallel: true, loop: { type: "forEach", items: "items" }, body: [{ id: "dig", title: "Dig", type: "parallel", parallelDelegations: [{ workflowId: "wr.a", runCondition: { var: "currentItem", equals: 2 } }] }] };
    const items = drive(planOf([each]), { context: { items: [1, 2] } });
    const trace = items.log.flatMap((event) => (event.kind === "step_offered" ? event.data.trace : []));
    expect(trace.map(({ decision, reason }) => [decision, reason])).toEqual([["skipped", "delegation 1 to wr.a for item 1"], ["offered", "delegation 1 to wr.a for item 2"], ["offered", undefined]]);
  });

  test.each([
    ["beside `loop`", { parallel: true, maxParallel: 2, loop: { type: "forEach", items: "items" } }],
    ["in `loop`", { loop: { type: "forEach", items: "items", parallel: true, maxParallel: 2 } }],
  ])("items side by side are asked for %s", (_, each) => {
    const session = drive(planOf([{ type: "loop", ...each, body: [{ id: "dig", title: "Dig", type: "parallel", parallelDelegations: [{ workflowId: "wr.a" }] }] }]), { context: { items: [1, 2, 3] } });
    expect(session.state()).toMatchObject({ kind: "delegating", request: { maxParallel: 2, children: [{ childId: "n1.1" }, { childId: "n1.2" }, { childId: "n1.3" }] } });
  });

  test.each(["guided", "full_auto_stop_on_user_deps", "full_auto_never_stop"] as const)("a child that cannot be started at all ends the session blocked, never completed (%s); rewinding asks for it again", (autonomy) => {
    const session = drive(planOf([{ type: "parallel", notesOptional: true, parallelDelegations: [{ workflowId: "team.nope" }] }]), { autonomy });
    session.run({ kind: "finish-child", result: { childId: "n1.1", sessionId: null, outcome: "failed", summary: "There is no workflow team.nope.", artifacts: [] } });
    expect(session.state()).toMatchObject({ kind: "ended", outcome: "blocked", reason: { code: "child-not-started", message: expect.stringContaining("There is no workflow team.nope.") } });
    session.run({ kind: "rewind", nodeId: "n1" });
    session.child("n2.1");
    expect(session.step()).toBe("ended: completed");
  });

  test("arguments go before what is mapped; tier and tools are the delegation's", () => {
    const delegation = { workflowId: "wr.a", contextMapping: { theirs: "key", kept: "kept" }, args: { key: "mine" }, modelTier: "lightweight", allowedTools: ["read"] };
    const session = drive(planOf([{ type: "parallel", parallelDelegations: [delegation, { workflowId: "wr.b" }] }], { modelTier: "mid" }), { context: { theirs: "mapped", kept: 1 } });
    expect(session.state()).toMatchObject({ request: { children: [{ context: { key: "mine", kept: 1 }, modelTier: "lightweight", allowedTools: ["read"] }, { modelTier: null, allowedTools: null }] } });
  });

  test("a child that did not complete: rejecting sends the work before it back, or ends the session; never_stop goes on with the gap", () => {
    const split = { type: "parallel", notesOptional: true, parallelDelegations: [{ workflowId: "wr.a" }] };
    const first = drive(planOf([split, {}]), { autonomy: "guided" });
    first.child("n1.1", "failed");
    first.gate("rejected");
    expect(first.state()).toMatchObject({ kind: "ended", outcome: "blocked", reason: { code: "gate-rejected" } });
    first.run({ kind: "rewind", nodeId: "n1" });
    first.child("n2.1");
    expect(first.step()).toBe("step-2");

    const second = drive(planOf([{}, split, {}]), { autonomy: "guided" });
    second.submit();
    second.child("n2.1", "failed");
    second.gate("rejected");
    expect([second.step(), second.blockers()]).toEqual(["step-1", ["gate-rejected"]]);
    second.submit();
    second.child("n3.1", "failed");
    second.gate("approved");
    expect(second.step()).toBe("step-3");

    const never = drive(planOf([split, {}]), { autonomy: "full_auto_never_stop" });
    never.child("n1.1", "failed");
    expect(never.step()).toBe("step-2");
    expect(gapsOf(never.state()).map((gap) => gap.code)).toEqual(["child-not-completed"]);
  });

  test("a child's end and the step's own gate are two questions", () => {
    const session = drive(planOf([{ type: "parallel", notesOptional: true, requireConfirmation: { kind: "human_approval" }, parallelDelegations: [{ workflowId: "wr.a" }] }]));
    session.child("n1.1", "failed");
    session.gate("approved");
    expect(session.state()).toMatchObject({ kind: "gate", question: 'May the session go on from "Step 1"?' });
    session.gate("approved");
    expect(session.step()).toBe("ended: completed");
  });

  test("with nobody to bring anything together it is done by itself; with nobody to ask it is passed over", () => {
    const session = drive(planOf([{ type: "parallel", notesOptional: true, parallelDelegations: [{ workflowId: "wr.a" }] }, { type: "parallel", parallelDelegations: [{ workflowId: "wr.b", runCondition: { var: "never" } }] }, {}]));
    session.child("n1.1");
    expect(session.step()).toBe("step-3");
  });
});

describe("rewinding", () => {
  test("deliberate difference: context belongs to the node; a branch never sees the other's, nor its jumps and gaps", () => {
    const session = drive(planOf([{}, { prompt: "{{a}}" }, {}]));
    session.submit({ context: { a: 1 } });
    session.submit({ context: { b: 1 } });
    session.run({ kind: "rewind", nodeId: "n1" });
    expect(session.offer()).toMatchObject({ nodeId: "n4", stepId: "step-1" });
    expect(contextOf(session.state())).toEqual({});
    session.submit({ context: { c: 1 } });
    expect(session.prompt()).toContain("[unset: a");
    expect(contextOf(session.state())).toEqual({ c: 1 });
    session.run({ kind: "rewind", nodeId: "n3" });
    expect(session.step()).toBe("step-3");
    expect(contextOf(session.state())).toEqual({ a: 1, b: 1 });
  });

  test("a judgement that sent the work back can be gone back to by its node", () => {
    const session = drive(planOf([{ audit: { rubric: ["Right"] } }, {}]));
    session.submit({ context: { a: 1 } });
    expect(session.step()).toBe("step-1.audit");
    session.submit({ artifacts: [verdict("rejected")] });
    expect(session.step()).toBe("step-1");
    session.submit({ context: { a: 2 } });
    session.run({ kind: "rewind", nodeId: "n2" });
    expect(session.step()).toBe("step-1.audit");
    expect(contextOf(session.state())).toEqual({ a: 1 });
    expect(session.log.reduce(evolve, initialState)).toEqual(session.state());
  });

  test("an ended session goes on from an earlier node; an unknown node is refused", () => {
    const session = drive(planOf([{}]));
    session.submit();
    expect(session.run({ kind: "rewind", nodeId: "zz" })).toBe("no-such-node");
    session.run({ kind: "rewind", nodeId: "n1" });
    expect(session.step()).toBe("step-1");
    expect(kinds(session.run({ kind: "checkpoint", note: "here" }))).toEqual(["checkpoint_made"]);
  });
});

test("preferences: never_stop passes over a plain confirmation with a gap, and opens no human approval, verification or contract", () => {
  const session = drive(planOf([{ requireConfirmation: true }, { requireConfirmation: { kind: "human_approval" } }]), { autonomy: "full_auto_never_stop" });
  session.submit();
  expect(gapsOf(session.state()).map((gap) => gap.code)).toEqual(["confirmation-passed-over"]);
  session.submit();
  expect(session.step()).toBe("gate");
});

test("deliberate difference: a loop's gate parks behind the loop, and its rejection sends the last work back", () => {
  const loop = { id: "the-loop", type: "loop", title: "L", loop: { type: "for", count: 1, maxIterations: 1 }, requireConfirmation: { kind: "human_approval" }, body: [{ id: "in-loop", title: "I", prompt: "p" }] };
  const session = drive(planOf([loop, {}]));
  session.submit();
  expect(session.step()).toBe("gate");
  session.gate("rejected");
  expect(session.step()).toBe("in-loop");
  expect(session.blockers()).toEqual(["gate-rejected"]);
  session.submit();
  session.gate("approved");
  expect(session.step()).toBe("step-2");
});

test("the gate of a loop that did nothing is not opened", () => {
  const loop = { id: "the-loop", type: "loop", title: "L", loop: { type: "forEach", items: "list", maxIterations: 1 }, requireConfirmation: { kind: "human_approval" }, body: [{ id: "in-loop", title: "I", prompt: "p" }] };
  expect(drive(planOf([{}, loop, {}]), { context: { list: [] } }).submit()).toMatchObject([{}, {}, { kind: "step_offered", data: { stepId: "step-3" } }]);
});

test("what a template call asks for is carried by the routine's last work, its gate by the audit behind it", () => {
  const text = "id: wr.routine-probe\nname: n\nversion: 1.0.0\ndescription: d\nsteps: [{ id: look, title: t, prompt: p }, { id: dig, title: t, prompt: p, audit: { prompt: Judge. } }]";
  const plan = planOf([{ templateCall: { templateId: "wr.templates.routine.probe" }, outputContract: { contractRef: "wr.contracts.coding_handoff" }, requireConfirmation: { kind: "human_approval" } }], {}, [{ file: "r.yaml", text }]);
  expect(plan.steps).toMatchObject([
    { id: "step-1.look", contract: null, confirmation: null },
    { id: "step-1.dig", contract: { ref: "wr.contracts.coding_handoff" }, confirmation: null },
    { id: "step-1.dig.audit", contract: { ref: "wr.contracts.gate_verdict" }, confirmation: { gate: "human_approval" } },
  ]);
});

describe("everything an author can write reaches the agent", () => {
  test("an assessment: its purpose, its dimensions with their levels, and what a level brings about", () => {
    const dimensions: JsonObject[] = [{ id: "depth", purpose: "How deep it looked.", levels: ["low", "high"] }, { id: "taste", purpose: "How it reads.", levels: ["plain", "fine"], required: false }];
    const session = drive(planOf([{ assessmentRefs: ["care"], assessmentConsequences: [{ when: { anyEqualsLevel: "low" }, effect: { kind: "require_followup", guidance: "Dig deeper." } }] }], { assessments: [{ id: "care", purpose: "How careful it was.", dimensions }] }));
    const [, section = ""] = session.prompt().split("## Assess\n");
    expect(section).toMatch(/care: How careful it was\.\s+depth \(low \| high\): How deep it looked\.\s+taste \(plain \| fine, optional\): How it reads\.\s+Any dimension at "low" keeps the step open: Dig deeper\./);
  });

  test.each([
    ["coding", /Name the files this step changed/, /metrics_outcome[^]*metrics_pr_numbers/],
    ["review", null, /metrics_outcome[^]*metrics_pr_numbers/],
    ["research", null, /metrics_outcome/],
    ["none", null, null],
  ] as const)("metrics profile %s: what is to be reported, and where", (metricsProfile, first, last) => {
    const session = drive(planOf([{}, {}], { metricsProfile }));
    for (const wanted of [first, last]) {
      const [, section = ""] = session.prompt().split("## Report\n");
      expect(section).toMatch(wanted ?? /^$/);
      session.submit();
    }
  });

  const body = [{ id: "body-1", title: "B", prompt: "p" }];
  test.each<[string, JsonObject[], readonly string[]]>([
    ["an audited step, its audit not", [{}, { audit: { rubric: ["r"] } }], ["step-2"]],
    ["the body of a loop at the end that always runs", [{}, { type: "loop", loop: { type: "for", count: 2 }, requireConfirmation: true, body }], ["body-1"]],
    ["a step before one that may be skipped", [{}, {}, { runCondition: { var: "yes" } }], ["step-2", "step-3"]],
    ["a step before a loop over what may be empty", [{}, { type: "loop", loop: { type: "forEach", items: "items" }, body }], ["step-1", "body-1"]],
    ["a step before children that may have nothing to do", [{}, { type: "parallel", parallelDelegations: [{ workflowId: "wr.a", runCondition: { var: "no" } }] }], ["step-1"]],
  ])("the outcome is asked of whatever may be the last work: %s", (_, steps, wanted) => {
    const session = drive(planOf(steps, { metricsProfile: "research" }), { context: { yes: true, items: ["a"] } });
    const asked = new Set<string>();
    for (let turn = 0; turn < 6 && session.state().kind !== "ended"; turn += 1) {
      const { stepId = "", role } = session.offer() ?? {};
      if (session.prompt().includes("metrics_outcome")) asked.add(stepId);
      if (session.state().kind === "gate") session.gate("approved");
      else session.submit(role === "audit" ? { artifacts: [{ contractRef: "wr.contracts.gate_verdict", value: { verdict: "approved", rationale: "Good." } }] } : {});
    }
    expect([...asked]).toEqual(wanted);
  });
});

test("a session bolder than its workflow recommends says so in a gap", () => {
  const start = (riskPolicy: "conservative" | "aggressive") => drive(planOf([{}], { recommendedPreferences: { recommendedRiskPolicy: "balanced" } }), { riskPolicy });
  expect(gapsOf(start("aggressive").state()).map((gap) => [gap.code, gap.message])).toEqual([["risk-above-recommended", "The workflow recommends at most a balanced risk policy; the session runs with aggressive."]]);
  expect(gapsOf(start("conservative").state())).toEqual([]);
});

describe("what is published of criteria is never stricter than what is enforced", () => {
  const notesOf = (rule: JsonObject, context: JsonObject = {}) => drive(planOf([{ validationCriteria: [{ message: "The author's words.", ...rule }] }]), { context }).offer()?.requires[0]?.schema;
  test.each([
    ["flags", { pattern: "^B.r", flags: "im" }, undefined],
    ["RE2's own syntax", { pattern: "(?i)\\Ahello" }, undefined],
    ["a POSIX class", { pattern: "[[:alpha:]]+" }, undefined],
    ["a plain expression", { pattern: "^a.b[.\\d]$" }, [{ pattern: "^a[^\\n]b[.\\d]$" }]],
  ])("%s", (_, rule, allOf) => {
    const schema = notesOf({ type: "regex", ...rule });
    expect(schema?.["allOf"]).toEqual(allOf);
    expect(schema?.["description"]).toContain(rule.pattern);
  });

  test("length counts as JSON Schema does, in code points", () => {
    const session = drive(planOf([{ validationCriteria: [{ type: "length", min: 3, message: "m" }] }]));
    expect(session.offer()?.requires[0]?.schema).toMatchObject({ minLength: 3 });
    session.submit({ notes: "😀😀" });
    expect(session.blockers()).toEqual(["notes-invalid"]);
    session.submit({ notes: "😀😀😀" });
    expect(session.step()).toBe("ended: completed");
  });

  test("a rule whose condition does not hold is not told", () => {
    const rule = { type: "contains", value: "x1", condition: { var: "strict" } };
    expect(notesOf(rule)?.["description"]).toBe("");
    expect(notesOf(rule, { strict: true })?.["description"]).toContain("The author's words.");
    expect(drive(planOf([{ validationCriteria: [{ message: "The author's words.", ...rule }] }])).prompt()).not.toContain("Your notes must satisfy");
  });
});

test("a child's artifact of any size is told in a bounded prompt that says where the rest is", () => {
  const session = drive(planOf([{ type: "parallel", parallelDelegations: [{ workflowId: "wr.a" }] }]));
  session.run({ kind: "finish-child", result: { childId: "n1.1", sessionId: "s-child", outcome: "completed", summary: "", artifacts: [{ contractRef: "wr.contracts.investigation", value: { rootCause: "y".repeat(200_000) } }] } });
  expect(session.prompt().length).toBeLessThan(20_000);
  expect(session.prompt()).toContain("the first 16000 of its 200016 characters; the whole of it is in the record of the session s-child");
});

test("an artifact that the step does not ask for is refused and is no attempt; loop control is heard", () => {
  const session = drive(planOf([{}, {}]));
  expect(session.submit({ artifacts: [{ contractRef: "wr.contracts.classification", value: {} }] })).toBe("unexpected-artifact");
  expect(session.offer()).toMatchObject({ stepId: "step-1", attempt: 1 });
  session.submit({ artifacts: [{ contractRef: "wr.contracts.loop_control", value: { decision: "stop" } }] });
  expect(session.step()).toBe("step-2");
});
