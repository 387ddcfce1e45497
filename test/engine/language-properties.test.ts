/** Random workflows of every kind of step under random commands. */
import fc from "../fakes/fast-check.ts";
import { expect, test } from "vitest";
import { attemptLimit, decide, evolve, initialState, offer, type SessionCommand, type SessionState, snapshotOf, stateOf } from "../../src/engine/session/index.ts";
import { type EngineEvent, engineEventSchema, type StepOutput } from "../../src/record/index.ts";
import { canonicalJson, type JsonObject } from "../../src/shared/json.ts";
import { compileWorkflow, type Plan } from "../../src/workflow/index.ts";
import { outputFor } from "../fakes/drive-session.ts";

const key = fc.constantFrom("a", "b", "list");
const condition: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.record({ var: key }),
  fc.record({ var: fc.constantFrom("currentIteration", "a"), gt: fc.constant(1) }),
  fc.record({ not: fc.record({ var: key }) }),
);
const someCondition = fc.option(condition, { nil: undefined });

const standard = fc.record(
  {
    prompt: fc.constantFrom("Do {{goal}} with {{currentItem.x}} and {{a}}.", "Plain."),
    runCondition: someCondition,
    requireConfirmation: fc.oneof(fc.boolean(), condition, fc.record({ kind: fc.constantFrom("human_approval", "coordinator_eval") })),
    outputContract: fc.record({ contractRef: fc.constantFrom("wr.contracts.loop_control", "wr.contracts.coding_handoff"), required: fc.boolean() }),
    audit: fc.record({ prompt: fc.constant("Judge.") }),
    verification: fc.record({ command: fc.constantFrom("make", "make {{a}}") }),
    assessmentRefs: fc.constant(["quality"]),
    assessmentConsequences: fc.constant([{ when: { anyEqualsLevel: "low" }, effect: { kind: "require_followup", guidance: "g" } }]),
    validationCriteria: fc.constantFrom<object>([{ type: "contains", value: "Done", message: "m" }], { not: { type: "length", min: 200, message: "m" } }),
    produces: fc.constantFrom({ a: { type: "string" } }, { list: { type: "array" } }),
    jumpIf: fc.record({ condition, target: fc.constant("step-0"), maxJumps: fc.integer({ min: 1, max: 2 }) }),
  },
  { requiredKeys: ["prompt"] },
).map((step) => ("assessmentConsequences" in step && !("assessmentRefs" in step) ? { ...step, assessmentConsequences: undefined } : step));
const parallel = fc.record({ type: fc.constant("parallel"), parallelDelegations: fc.array(fc.record({ workflowId: fc.constant("wr.x"), runCondition: condition }, { requiredKeys: ["workflowId"] }), { minLength: 1, maxLength: 2 }), notesOptional: fc.boolean(), synthesis: fc.constantFrom({ prompt: "Together." }, { outputContract: { contractRef: "wr.contracts.coordinator_result" } }), requireConfirmation: fc.boolean() }, { requiredKeys: ["type", "parallelDelegations"] });
const gather = fc.record({ type: fc.constant("context-gather"), contextType: fc.constant("spec"), outputVar: fc.constantFrom("a", "spec"), optional: fc.boolean() }, { requiredKeys: ["type", "contextType", "outputVar"] });
const loopConfig = fc.oneof(
  fc.record({ type: fc.constant("for"), count: fc.oneof(fc.constant(2), key), maxIterations: fc.integer({ min: 2, max: 3 }) }),
  fc.record({ type: fc.constant("forEach"), items: fc.constantFrom("list", "a"), maxIterations: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ type: fc.constantFrom("while", "until"), condition, maxIterations: fc.integer({ min: 1, max: 3 }) }),
);
const { step } = fc.letrec<{ step: object }>((tie) => ({
  step: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    standard,
    parallel,
    gather,
    fc.record({ type: fc.constant("loop"), loop: loopConfig, body: fc.array(tie("step"), { minLength: 1, maxLength: 2 }), runCondition: someCondition, requireConfirmation: fc.boolean() }),
    fc.record({ type: fc.constant("todoList"), produces: fc.constant({ id: "tbd", title: "t", prompt: "p" }), body: fc.array(tie("step"), { minLength: 1, maxLength: 1 }) }),
  ),
}));

function numbered(steps: readonly object[], prefix: string): object[] {
  return steps.map((each, index) => {
    const id = `${prefix}-${index}`;
    const inner = "body" in each && Array.isArray(each.body) ? { body: numbered(each.body, id) } : {};
    const producer = "produces" in each && "type" in each && each.type === "todoList" ? { produces: { id: `${id}-make`, title: "t", prompt: "p" } } : {};
    return { id, title: id, ...each, ...inner, ...producer };
  });
}
const anyPlan: fc.Arbitrary<Plan> = fc.tuple(standard, fc.array(step, { maxLength: 3 })).map(([first, rest]) => {
  const assessments = [{ id: "quality", purpose: "p", dimensions: [{ id: "d", purpose: "p", levels: ["low", "high"] }] }];
  const file = { id: "any-flow", name: "n", version: "1.0.0", description: "d", assessments, steps: numbered([first, ...rest], "step") };
  const compiled = compileWorkflow({ text: JSON.stringify(file), file: "w.json" });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value.plan;
});

type Move = { readonly good: boolean; readonly pick: number; readonly odd: number };
const anyMove: fc.Arbitrary<Move> = fc.record({ good: fc.boolean(), pick: fc.integer({ min: 0, max: 1 }), odd: fc.integer({ min: 0, max: 11 }) });
const EMPTY: StepOutput = { notes: "", artifacts: [], context: {} };

/** Mostly a command that fits where the session is; now and then one that does not. */
function commandOf({ good, pick, odd }: Move, plan: Plan, state: SessionState): SessionCommand {
  switch (odd) {
    case 0:
      return { kind: "rewind", nodeId: `n${1 + pick}` };
    case 1:
      return { kind: "checkpoint", note: "n" };
    case 2:
      return { kind: "finish-child", result: { childId: `n1.${pick + 1}`, sessionId: null, outcome: "stopped", summary: "s", artifacts: [] } };
    case 3:
      return { kind: "submit", output: { ...EMPTY, context: { a: pick === 0 ? "x" : [1], list: ["p", "q"] } } };
    default:
  }
  switch (state.kind) {
    case "waiting":
      return { kind: "finish-verification", report: { requestId: state.request.requestId, exitCode: good ? 0 : 1, timedOut: false, outputTail: "t", durationMs: 1, sandbox: "none" } };
    case "delegating":
      return { kind: "finish-child", result: { childId: state.request.children[state.results.length]?.childId ?? "", sessionId: "x", outcome: good ? "completed" : "blocked", summary: "s", artifacts: [] } };
    case "gathering":
      return { kind: "finish-gather", requestId: state.request.requestId, found: good ? { source: "f", value: "v" } : null };
    case "gate":
      return { kind: "resolve-gate", verdict: good ? "approved" : "rejected", reason: "r", by: "b" };
    default: {
      const current = offer(plan, state);
      return { kind: "submit", output: current === null || !good ? EMPTY : outputFor(current, pick) };
    }
  }
}

const start = fc.record({ autonomy: fc.constantFrom("guided" as const, "full_auto_stop_on_user_deps" as const, "full_auto_never_stop" as const), context: fc.constantFrom<JsonObject>({}, { a: 3, list: [{ x: 1 }, "two"] }, { list: "wrong" }) });
const AT_REST = new Set<string>(["step", "waiting", "delegating", "gathering", "gate", "ended"]);
const fold = (events: readonly EngineEvent[]): SessionState => events.reduce(evolve, initialState);

test("any command in any state gives events or a typed refusal; every prefix replays; a snapshot and the tail equal the log", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(anyPlan, start, fc.array(anyMove, { maxLength: 14 }), (plan, { autonomy, context }, moves) => {
      const log: EngineEvent[] = [];
      const marks: { length: number; state: SessionState; snapshot: string }[] = [];
      let state: SessionState = initialState;
      const begin: SessionCommand = { kind: "start", start: { sessionId: "s", itemId: null, parentSessionId: null, phase: null, workflow: { id: "any-flow", version: "1.0.0" }, plan: "0".repeat(64), goal: "see https://x.example/1", context, autonomy } };
      for (const move of [null, ...moves]) {
        const command = move === null ? begin : commandOf(move, plan, state);
        const decision = decide(plan, state, command);
        if (!decision.ok) {
          expect(decision.error.message && decision.error.fix).not.toBe("");
          continue;
        }
        log.push(...decision.value);
        state = decision.value.reduce(evolve, state);
        seen.add(state.kind);
        for (const event of decision.value) seen.add(event.kind);
        marks.push({ length: log.length, state, snapshot: JSON.stringify(snapshotOf(state)) });
        expect(AT_REST).toContain(state.kind);
        expect(offer(plan, state) === null).toBe(state.kind !== "step");
        expect(state.kind !== "step" || state.node.attempts < attemptLimit(autonomy)).toBe(true);
      }
      const readBack = log.map((event) => engineEventSchema.parse(JSON.parse(canonicalJson(event))));
      for (const { length, state: then, snapshot } of marks) {
        expect(fold(readBack.slice(0, length))).toEqual(then);
        expect(readBack.slice(length).reduce(evolve, stateOf(JSON.parse(snapshot)))).toEqual(state);
      }
      for (let cut = 1; cut <= log.length; cut += 7) {
        const torn = fold(log.slice(0, cut));
        const resumed = decide(plan, torn, { kind: "resume" });
        expect(AT_REST).toContain(resumed.ok ? resumed.value.reduce(evolve, torn).kind : resumed.error.kind);
      }
    }),
    { numRuns: 250 },
  );
  for (const kind of ["delegating", "gathering", "gate", "waiting", "ended", "step_reopened", "rewound", "child_finished", "context_gathered"]) expect(seen).toContain(kind);
});
