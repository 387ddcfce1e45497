import { describe, expect, test } from "vitest";
import { artifactsOf, contextOf, decide, evolve, gapsOf, initialState, nodesOf, offer, type SessionCommand, type SessionState } from "../../src/engine/session/index.ts";
import type { Autonomy, EngineEvent, StepOutput } from "../../src/record/index.ts";
import type { JsonObject } from "../../src/shared/json.ts";
import { compileWorkflow, type Plan } from "../../src/workflow/index.ts";

const planOf = (steps: readonly JsonObject[], more: JsonObject = {}): Plan => {
  const file = { schemaVersion: 2, id: "test-flow", name: "n", version: "1.0.0", description: "d", ...more, steps: steps.map((step, index) => ({ id: `step-${index + 1}`, title: `Step ${index + 1}`, prompt: "Do it.", ...step })) };
  const compiled = compileWorkflow({ text: JSON.stringify(file), file: "w.json" });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value.plan;
};

/** A session driven by commands, remembering the last decision's events or refusal. */
function drive(plan: Plan, options: { context?: JsonObject; autonomy?: Autonomy } = {}) {
  let state: SessionState = initialState;
  const run = (command: SessionCommand): readonly EngineEvent[] | string => {
    const decision = decide(plan, state, command);
    if (!decision.ok) return decision.error.kind;
    state = decision.value.reduce(evolve, state);
    return decision.value;
  };
  const { context = {}, autonomy = "full_auto_stop_on_user_deps" } = options;
  run({ kind: "start", start: { sessionId: "s", itemId: null, parentSessionId: null, phase: null, workflow: { id: plan.id, version: plan.version }, plan: "0".repeat(64), goal: "the goal", context: context, autonomy } });
  return {
    run,
    state: () => state,
    prompt: () => offer(plan, state)?.prompt ?? "",
    submit: (output: Partial<StepOutput> = { notes: "Done." }) => run({ kind: "submit", output: { notes: "", artifacts: [], context: {}, ...output } }),
    verified: (exitCode: number | null, outputTail = "") => {
      const requestId = state.kind === "waiting" ? state.request.requestId : "none";
      return run({ kind: "finish-verification", report: { requestId, exitCode, timedOut: false, outputTail, durationMs: 1500, sandbox: "bubblewrap" } });
    },
  };
}
const kinds = (events: readonly EngineEvent[] | string): readonly string[] | string => (typeof events === "string" ? events : events.map((event) => event.kind));
const decision = { contractRef: "wr.contracts.loop_control", value: { decision: "stop" } };

describe("a step is done when its output validates", () => {
  test("one decision records the submission, completes the step and offers the next", () => {
    const session = drive(planOf([{}, {}]));
    expect(kinds(session.submit())).toEqual(["step_submitted", "step_completed", "step_offered"]);
    expect(kinds(session.submit())).toEqual(["step_submitted", "step_completed", "session_ended"]);
    expect(session.state()).toMatchObject({ kind: "ended", outcome: "completed", reason: null });
  });

  test("blank notes block, with a contract or notesOptional they are not asked for", () => {
    expect(kinds(drive(planOf([{}])).submit({ notes: " \n " }))).toEqual(["step_submitted", "attempt_blocked"]);
    expect(kinds(drive(planOf([{ notesOptional: true }])).submit({}))).toContain("step_completed");
    expect(kinds(drive(planOf([{ outputContract: { contractRef: "wr.contracts.loop_control" } }])).submit({ artifacts: [decision] }))).toContain("step_completed");
  });

  test("an artifact that does not fit is blocked with what does not fit and how to mend it", () => {
    const session = drive(planOf([{ outputContract: { contractRef: "wr.contracts.review_verdict" } }]));
    session.submit({ artifacts: [{ contractRef: "wr.contracts.review_verdict", value: { verdict: "clean", confidence: "high", findings: [{ severity: "major", summary: "s" }], summary: "s" } }] });
    expect(session.state()).toMatchObject({ kind: "step", node: { blockers: [{ code: "artifact-invalid", message: expect.stringContaining("milder than the findings"), fix: expect.any(String) }] } });
  });

  test("fields a workflow requires of a contract are required, and the offer's schema says so", () => {
    const plan = planOf([{ outputContract: { contractRef: "wr.contracts.coding_handoff", requireFields: ["prTitle"] } }]);
    const session = drive(plan);
    expect(offer(plan, session.state())?.requires[0]).toMatchObject({ kind: "artifact", schema: { required: ["prTitle"] } });
    expect(kinds(session.submit({ artifacts: [{ contractRef: "wr.contracts.coding_handoff", value: {} }] }))).toEqual(["step_submitted", "attempt_blocked"]);
    expect(kinds(session.submit({ artifacts: [{ contractRef: "wr.contracts.coding_handoff", value: { prTitle: "t", own: 1 } }] }))).toContain("session_ended");
    expect(artifactsOf(session.state())).toEqual([{ contractRef: "wr.contracts.coding_handoff", value: { prTitle: "t", own: 1 } }]);
  });

  test("a contract declared in the file is enforced", () => {
    const plan = planOf([{ outputContract: { contractRef: "sizes" } }], { contracts: { sizes: { type: "array", items: { type: "integer" }, minItems: 1 } } });
    const session = drive(plan);
    expect(kinds(session.submit({ artifacts: [{ contractRef: "sizes", value: ["x"] }] }))).toContain("attempt_blocked");
    expect(kinds(session.submit({ artifacts: [{ contractRef: "sizes", value: [1] }] }))).toContain("session_ended");
  });

  test("requires and produces are a contract over context keys with their types", () => {
    const plan = planOf([{ produces: { files: { type: "array", items: { type: "string" } } } }, { requires: [{ key: "files", schema: { type: "array" } }, "owner"] }]);
    const session = drive(plan);
    expect(kinds(session.submit({ notes: "n", context: { files: [1] } }))).toContain("attempt_blocked");
    expect(kinds(session.submit({ context: { files: ["a"] } }))).toContain("step_offered");
    expect(offer(plan, session.state())?.requires).toEqual([{ kind: "notes", schema: { type: "string", minLength: 1 } }, { kind: "context", key: "owner", schema: {} }]);
    expect(kinds(session.submit({ notes: "n" }))).toContain("attempt_blocked");
    expect(kinds(session.submit({ context: { owner: "me" } }))).toContain("session_ended");
  });

  test("what a blocked attempt sent is kept and shown; the next one sends only what is missing", () => {
    const session = drive(planOf([{ outputContract: { contractRef: "wr.contracts.loop_control" }, produces: { n: { type: "number" } } }]));
    session.submit({ notes: "My notes.", context: { n: 1 } });
    expect(session.prompt()).toContain("Attempt 1 of 3 was not accepted");
    expect(session.prompt()).toContain("My notes.");
    const events = session.submit({ artifacts: [decision] });
    expect(Array.isArray(events) && events[0]).toMatchObject({ kind: "step_submitted", data: { attempt: 2, output: { notes: "My notes.", artifacts: [decision], context: { n: 1 } } } });
    expect(session.state()).toMatchObject({ outcome: "completed" });
  });

  test.each([["full_auto_stop_on_user_deps", 3], ["full_auto_never_stop", 3], ["guided", 10]] as const)("%s: %i blocked attempts end the session as blocked", (autonomy, limit) => {
    const session = drive(planOf([{}]), { autonomy });
    for (let attempt = 1; attempt < limit; attempt += 1) expect(kinds(session.submit({}))).toEqual(["step_submitted", "attempt_blocked"]);
    expect(kinds(session.submit({}))).toEqual(["step_submitted", "attempt_blocked", "session_ended"]);
    expect(session.state()).toMatchObject({ kind: "ended", outcome: "blocked", reason: { code: "notes-missing" } });
    expect(artifactsOf(session.state())).toEqual([]);
  });
});

describe("refused, and nothing is recorded", () => {
  test("sizes over their limit, with both numbers", () => {
    const session = drive(planOf([{}]));
    const refusal = decide(planOf([{}]), session.state(), { kind: "submit", output: { notes: "ä".repeat(20_000), artifacts: [], context: {} } });
    expect(refusal).toMatchObject({ ok: false, error: { kind: "too-large", message: expect.stringMatching(/40000 bytes.*32768/) } });
    expect(drive(planOf([{ outputContract: { contractRef: "wr.contracts.assessment" } }])).submit({ notes: "n", artifacts: [{ contractRef: "wr.contracts.assessment", value: { summary: "x".repeat(300_000) } }] })).toBe("too-large");
  });

  test("a goal too long to start with is named, and an artifact that does not say what it is", () => {
    const plan = planOf([{}]);
    const start = { sessionId: "s", itemId: null, parentSessionId: null, phase: null, workflow: { id: plan.id, version: plan.version }, plan: "0".repeat(64), goal: "g".repeat(300_000), context: {}, autonomy: "guided" as const };
    expect(decide(plan, { kind: "new" }, { kind: "start", start })).toMatchObject({ ok: false, error: { kind: "too-large", message: expect.stringContaining("The goal"), fix: expect.stringContaining("goal") } });
    const unnamed = decide(plan, drive(plan).state(), { kind: "submit", output: { notes: "n", artifacts: [{ contractRef: "", value: 1 }], context: {} } });
    expect(unnamed).toMatchObject({ ok: false, error: { kind: "unknown-contract", message: "An artifact does not say of what contract it is." } });
  });

  test("context counts accumulated over the steps", () => {
    const session = drive(planOf([{}, {}, {}]));
    expect(kinds(session.submit({ notes: "n", context: { a: "x".repeat(200_000) } }))).toContain("step_completed");
    expect(session.submit({ notes: "n", context: { b: "x".repeat(100_000) } })).toBe("too-large");
    expect(kinds(session.submit({ notes: "n", context: { a: null, b: "x".repeat(100_000) } }))).toContain("step_completed");
  });

  test.each([
    ["__proto__ in the context", { context: JSON.parse('{"__proto__":{"x":1}}') }, "reserved-key"],
    ["__proto__ deep in an artifact", { artifacts: [{ contractRef: "wr.contracts.assessment", value: JSON.parse('{"a":[{"__proto__":1}]}') }] }, "reserved-key"],
    ["the session's goal", { context: { goal: "another" } }, "reserved-key"],
    ["a nesting that no walk survives", { context: { a: JSON.parse(`${"[".repeat(5000)}${"]".repeat(5000)}`) } }, "malformed-output"],
    ["a value JSON cannot hold", { context: { a: Number.NaN } }, "malformed-output"],
    ["a contract nobody declared", { artifacts: [{ contractRef: "constructor", value: 1 }] }, "unknown-contract"],
    ["two artifacts of one kind", { artifacts: [decision, decision] }, "unexpected-artifact"],
  ])("%s", (_, output, kind) => {
    expect(drive(planOf([{}])).submit({ notes: "n", ...output })).toBe(kind);
  });

  test("but WorkRail's files may have the agent send `goal`: it is kept, and the session's goal stays what it is", () => {
    const session = drive(planOf([{}, { prompt: "For {{goal}}.", runCondition: { var: "goal", equals: "the goal" } }], { schemaVersion: 1 }));
    expect(kinds(session.submit({ notes: "n", context: { goal: "another" } }))).toContain("step_offered");
    expect(contextOf(session.state())).toEqual({ goal: "another" });
    expect(session.prompt()).toContain("For the goal.");
  });

  test("an artifact of the wrong kind", () => {
    expect(drive(planOf([{ outputContract: { contractRef: "wr.contracts.classification" } }])).submit({ artifacts: [decision] })).toBe("unexpected-artifact");
  });

  test("output for a step that is over, and for a session that is over", () => {
    const session = drive(planOf([{}, {}]));
    session.submit();
    expect(session.run({ kind: "submit", nodeId: "n1", output: { notes: "n", artifacts: [], context: {} } })).toBe("step-over");
    session.submit();
    expect(session.submit()).toBe("session-over");
    expect(session.run({ kind: "stop", outcome: "stopped", reason: { code: "c", message: "m" } })).toBe("session-over");
  });
});

describe("verification is run by the host", () => {
  const plan = planOf([{ verification: { command: "{{commands.test}}" } }, {}]);
  const context = { commands: { test: "npm test" } };

  test("a complete submission waits for it; exit 0 completes the step", () => {
    const session = drive(plan, { context });
    expect(session.prompt()).toContain("npm test");
    expect(kinds(session.submit())).toEqual(["step_submitted", "verification_requested"]);
    expect(session.submit()).toBe("waiting-for-verification");
    expect(kinds(session.verified(0))).toEqual(["verification_finished", "step_completed", "step_offered"]);
  });

  test("an incomplete submission is blocked before anything is run", () => {
    expect(kinds(drive(plan, { context }).submit({}))).toEqual(["step_submitted", "attempt_blocked"]);
  });

  test.each([1, null])("exit %s blocks the attempt and shows the end of the output", (exitCode) => {
    const session = drive(plan, { context });
    session.submit();
    expect(kinds(session.verified(exitCode, "1 failed: total"))).toEqual(["verification_finished", "attempt_blocked"]);
    expect(session.prompt()).toContain("1 failed: total");
    expect(kinds(session.submit({}))).toEqual(["step_submitted", "verification_requested"]);
  });

  test("three red verifications end the session as blocked, for that reason", () => {
    const session = drive(plan, { context });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      session.submit();
      session.verified(1);
    }
    expect(session.state()).toMatchObject({ outcome: "blocked", reason: { code: "verification-failed" } });
  });

  test("an answer nobody waits for is refused", () => {
    const session = drive(plan, { context });
    expect(session.verified(0)).toBe("no-such-request");
  });

  test("a command without a value is a recorded gap", () => {
    const session = drive(plan);
    expect(kinds(session.submit())).toEqual(["step_submitted", "gap_recorded", "step_completed", "step_offered"]);
    expect(gapsOf(session.state()).map((gap) => gap.code)).toEqual(["no-verification-command"]);
  });

  test("attack 7: an agent cannot change what is run by sending the value itself", () => {
    const changed = drive(plan, { context });
    const events = changed.submit({ notes: "n", context: { commands: { test: "true" } } });
    expect(Array.isArray(events) && events.find((event) => event.kind === "verification_requested")?.data).toMatchObject({ command: "npm test" });
    expect(kinds(drive(plan).submit({ notes: "n", context: { commands: { test: "true" } } }))).not.toContain("verification_requested");
  });

  test("attack 7: a value is one word of the command, whatever an agent puts into it", () => {
    const session = drive(planOf([{ produces: { file: { type: "string" } }, verification: { command: "sh -c 'exit 1' {{file}}" } }]));
    const events = session.submit({ notes: "n", context: { file: "|| true" } });
    expect(Array.isArray(events) && events.at(-1)).toMatchObject({ data: { command: "sh -c 'exit 1' '|| true'" } });
  });

  test("a command with a value that is not there blocks the step with the cure, however much the session may pass over", () => {
    for (const autonomy of ["guided", "full_auto_never_stop"] as const) {
      const session = drive(planOf([{ verification: { command: "test -n {{pkg}}" } }, {}]), { autonomy });
      session.submit({ notes: "n", context: { pkg: "x" } });
      expect(session.state()).toMatchObject({ kind: "step", node: { stepId: "step-1", blockers: [{ code: "verification-not-run", message: expect.stringContaining("has no value for pkg"), fix: expect.stringContaining("produces") }] } });
    }
  });

  test("an agent that sends a value no command can take is told so", () => {
    const session = drive(planOf([{ produces: { file: { type: "string" } }, verification: { command: "pytest {{file}}" } }, {}]));
    session.submit({ notes: "n", context: { file: "--version" } });
    expect(session.prompt()).toContain("could read it as an option");
    expect(kinds(session.submit({ notes: "n", context: { file: "test_a.py" } }))).toEqual(["step_submitted", "verification_requested"]);
  });

  test("a key that a step declares to produce can be used in the command", () => {
    const session = drive(planOf([{ produces: { file: { type: "string" } }, verification: { command: "test -f {{file}}" } }]));
    const events = session.submit({ notes: "n", context: { file: "a.txt" } });
    expect(Array.isArray(events) && events.at(-1)).toMatchObject({ data: { command: "test -f a.txt" } });
  });
});

const answer = (verdict: "approved" | "rejected"): SessionCommand => ({ kind: "resolve-gate", verdict, reason: "Name the risk.", by: "ann" });

describe("gates park the session", () => {
  const plan = planOf([{ requireConfirmation: { kind: "human_approval" } }, {}]);

  test("approving goes on", () => {
    const session = drive(plan);
    expect(kinds(session.submit())).toEqual(["step_submitted", "gate_opened"]);
    expect(session.state()).toMatchObject({ kind: "gate", gate: "human_approval" });
    expect(session.submit()).toBe("at-gate");
    expect(kinds(session.run(answer("approved")))).toEqual(["gate_resolved", "step_completed", "step_offered"]);
  });

  test("a rejection sends the step back with the reason, and in the end ends the session", () => {
    const session = drive(plan);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      expect(session.state().kind).toBe("step");
      session.submit();
      expect(kinds(session.run(answer("rejected")))).toContain("attempt_blocked");
      expect(session.prompt()).toContain(attempt < 3 ? "ann rejected it: Name the risk." : "");
    }
    expect(session.state()).toMatchObject({ outcome: "blocked", reason: { code: "gate-rejected" } });
  });

  test.each([
    ["guided", true, "human_approval", []],
    ["full_auto_stop_on_user_deps", true, "coordinator_eval", []],
    ["full_auto_never_stop", true, null, ["confirmation-passed-over"]],
    ["full_auto_never_stop", { kind: "human_approval" }, "human_approval", []],
    ["full_auto_stop_on_user_deps", { var: "risky" }, null, []],
    ["full_auto_stop_on_user_deps", { kind: "coordinator_eval", condition: { var: "goal" } }, "coordinator_eval", []],
  ] as const)("%s with %j opens %s", (autonomy, requireConfirmation, gate, gaps) => {
    const session = drive(planOf([{ requireConfirmation }]), { autonomy });
    session.submit();
    expect(session.state()).toMatchObject(gate === null ? { kind: "ended" } : { kind: "gate", gate });
    expect(gapsOf(session.state()).map((gap) => gap.code)).toEqual(gaps);
  });

  test("nothing to resolve is refused", () => {
    expect(drive(plan).run(answer("approved"))).toBe("no-gate");
  });
});

describe("the way through a workflow", () => {
  test("skipped steps are traced with the condition and the values it saw, after the last step too", () => {
    const condition = { var: "size", equals: "large" };
    const session = drive(planOf([{ runCondition: condition }, {}, { runCondition: condition }]), { context: { size: "small" } });
    expect(nodesOf(session.state()).map((node) => node.stepId)).toEqual(["step-2"]);
    const events = session.submit();
    expect(Array.isArray(events) && events.at(-1)).toEqual({ kind: "session_ended", data: { outcome: "completed", reason: null, trace: [{ stepId: "step-3", decision: "skipped", condition, values: { size: "small" }, holds: false }] } });
  });

  test("a session in which nothing ran has not succeeded", () => {
    expect(drive(planOf([{ runCondition: { var: "never" } }])).state()).toMatchObject({ kind: "ended", outcome: "failed", reason: { code: "no-step-ran" } });
  });

  test("a large value in a trace is told by its size", () => {
    const plan = planOf([{ runCondition: { var: "big" } }]);
    const start = decide(plan, initialState, { kind: "start", start: { sessionId: "s", itemId: null, parentSessionId: null, phase: null, workflow: { id: "x", version: "1.0.0" }, plan: "0".repeat(64), goal: "g", context: { big: "x".repeat(5000) }, autonomy: "guided" } });
    expect(start.ok && start.value[1]).toMatchObject({ data: { trace: [{ values: { big: "(string of 5002 characters)" } }] } });
  });

  test("context accumulates over completed steps and not over blocked ones", () => {
    const session = drive(planOf([{}, { prompt: "a is {{a}}." }]));
    session.submit({ context: { a: 1 } });
    expect(contextOf(session.state())).toEqual({});
    session.submit();
    expect(contextOf(session.state())).toEqual({ a: 1 });
    expect(session.prompt()).toContain("a is 1.");
  });

  test("{{goal}} is always set, and an unset value is shown and recorded", () => {
    const session = drive(planOf([{ prompt: "{{goal}} {{a.b}}" }]));
    expect(session.prompt()).toContain("the goal [unset: a.b -- 'a' is not set]");
    expect(gapsOf(session.state())).toEqual([{ code: "unset-value", message: expect.stringContaining("a.b") }]);
  });

  test("everything an author can write reaches the agent", () => {
    const plan = planOf([{ agentRole: "You are {{who}} here.", guidance: ["guidance-text"], systemPrompt: "step-system", modelTier: "heavy", allowedTools: ["read"], askForFiles: true, verification: { command: "make check", prompt: "verification-text" } }, {}], {
      metaGuidance: ["meta-text"],
      preconditions: ["precondition-text"],
      clarificationPrompts: ["question-text"],
      references: [{ id: "guide", title: "Guide", source: "docs/guide.md", purpose: "reference-text", authoritative: true }],
    });
    const session = drive(plan, { context: { who: "a reader" } });
    const first = offer(plan, session.state());
    for (const text of ["guidance-text", "meta-text", "precondition-text", "question-text", "docs/guide.md", "reference-text", "make check", "verification-text", "Ask for the files"]) expect(first?.prompt).toContain(text);
    expect(first).toMatchObject({ agentRole: "You are a reader here.", systemPrompt: "step-system", modelTier: "heavy", allowedTools: ["read"], attempt: 1 });
    session.submit();
    session.verified(0);
    expect(session.prompt()).not.toContain("meta-text");
    expect(offer(plan, session.state(), { introduce: true })?.prompt).toContain("meta-text");
  });

  test("an autonomy above the recommended one is recorded", () => {
    const session = drive(planOf([{}], { recommendedPreferences: { recommendedAutonomy: "guided" } }));
    expect(gapsOf(session.state()).map((gap) => gap.code)).toEqual(["autonomy-above-recommended"]);
  });
});
