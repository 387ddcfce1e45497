import fc from "../fakes/fast-check.ts";
import { expect, test } from "vitest";
import { attemptLimit, decide, evolve, initialState, offer, type SessionCommand, type SessionState } from "../../src/engine/session/index.ts";
import { type EngineEvent, engineEventSchema, type StepOutput } from "../../src/record/index.ts";
import { replaySession } from "../../src/report/index.ts";
import { canonicalJson } from "../../src/shared/json.ts";
import { compileWorkflow, type Plan } from "../../src/workflow/index.ts";

const key = fc.constantFrom("a", "b", "c");
const scalar = fc.oneof(fc.constantFrom<string | number | boolean | null>("x", "", 1, 0, true, false, null), fc.constant({ a: 1 }), fc.constant(["x"]));
const leaf = fc.oneof(
  fc.record({ var: key }),
  fc.record({ var: key, equals: scalar }),
  fc.record({ var: key, gt: fc.constant(0) }),
  fc.record({ var: key, contains: fc.constant("x") }),
);
const condition = fc.oneof(leaf, fc.record({ not: leaf }), fc.record({ and: fc.array(leaf, { minLength: 1, maxLength: 2 }) }), fc.record({ or: fc.array(leaf, { minLength: 1, maxLength: 2 }) }));

const step = fc.record(
  {
    prompt: fc.constantFrom("Do {{goal}}.", "Use {{a.b}} and {{c}}.", "Plain."),
    runCondition: fc.option(condition, { nil: undefined }),
    outputContract: fc.constantFrom({ contractRef: "wr.contracts.loop_control" }, { contractRef: "own", required: false }, { contractRef: "wr.contracts.review_verdict", requireFields: ["findings"] }),
    notesOptional: fc.boolean(),
    requireConfirmation: fc.oneof(fc.boolean(), condition, fc.record({ kind: fc.constantFrom("human_approval", "coordinator_eval") })),
    verification: fc.constantFrom({ command: "make" }, { command: "make {{a}}" }, { prompt: "Look." }),
    produces: fc.constantFrom({ a: { type: "string" } }, { b: { type: "array", items: { type: "string" } } }),
    requires: fc.constantFrom(["a"], [{ key: "b", schema: { type: "number" } }]),
  },
  { requiredKeys: ["prompt"] },
);

const anyPlan: fc.Arbitrary<Plan> = fc.array(step, { minLength: 1, maxLength: 4 }).map((steps) => {
  const file = { schemaVersion: 2, id: "any-flow", name: "n", version: "1.0.0", description: "d", contracts: { own: { type: "object", properties: { n: { type: "number" } }, required: ["n"] } }, steps: steps.map((each, index) => ({ id: `step-${index}`, title: `Step ${index}`, ...each })) };
  const compiled = compileWorkflow({ text: JSON.stringify(file), file: "w.json" });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value.plan;
});

const artifact = fc.oneof(
  fc.constant({ contractRef: "wr.contracts.loop_control", value: { decision: "stop" } }),
  fc.constant({ contractRef: "own", value: { n: 1 } }),
  fc.constant({ contractRef: "wr.contracts.review_verdict", value: { verdict: "clean", confidence: "high", findings: [], summary: "s" } }),
  fc.record({ contractRef: fc.constantFrom("own", "nope", "toString"), value: scalar }),
);
const anyOutput = fc.record({
  notes: fc.constantFrom("", " ", "Done.", "x".repeat(40_000)),
  artifacts: fc.array(artifact, { maxLength: 2 }),
  context: fc.oneof(fc.dictionary(key, scalar), fc.constant({ a: "x", b: ["y"] }), fc.constant({ goal: "mine" }), fc.constant(JSON.parse('{"__proto__":{"polluted":1}}'))),
}) as fc.Arbitrary<StepOutput>;

const anyCommand: fc.Arbitrary<SessionCommand> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("submit" as const), output: anyOutput }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("submit" as const), output: anyOutput, nodeId: fc.constantFrom("n1", "n2", "zz") }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("finish-verification" as const),
      report: fc.record({ requestId: fc.constantFrom("n1.1", "n1.2", "n2.1", "n3.1", "zz"), exitCode: fc.constantFrom(0, 1, null), timedOut: fc.boolean(), outputTail: fc.constantFrom("", "boom"), durationMs: fc.constant(5), sandbox: fc.constant("weak" as const) }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("resolve-gate" as const), verdict: fc.constantFrom("approved" as const, "rejected" as const), reason: fc.constant("r"), by: fc.constant("someone") }) },
  { weight: 1, arbitrary: fc.constant<SessionCommand>({ kind: "resume" }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("stop" as const), outcome: fc.constantFrom("failed" as const, "stopped" as const), reason: fc.constant({ code: "c", message: "m" }) }) },
);

/** A command that fits where the session is, or any command at all. */
type Move = { readonly kind: "fitting"; readonly good: boolean } | { readonly kind: "any"; readonly command: SessionCommand };
const anyMove: fc.Arbitrary<Move> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("fitting" as const), good: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("any" as const), command: anyCommand }) },
);

const SAMPLES: Readonly<Record<string, StepOutput["artifacts"][number]["value"]>> = {
  "wr.contracts.loop_control": { decision: "continue" },
  "wr.contracts.review_verdict": { verdict: "minor", confidence: "low", findings: [{ severity: "minor", summary: "s" }], summary: "s" },
  own: { n: 2 },
};

function commandOf(move: Move, plan: Plan, state: SessionState): SessionCommand {
  if (move.kind === "any") return move.command;
  if (state.kind === "waiting") return { kind: "finish-verification", report: { requestId: state.request.requestId, exitCode: move.good ? 0 : 1, timedOut: false, outputTail: "tail", durationMs: 1, sandbox: "none" } };
  if (state.kind === "gate") return { kind: "resolve-gate", verdict: move.good ? "approved" : "rejected", reason: "r", by: "b" };
  const output: StepOutput = { notes: move.good ? "Done." : "", artifacts: [], context: move.good ? { a: "x", b: ["y"] } : {} };
  for (const requirement of offer(plan, state)?.requires ?? []) {
    if (requirement.kind === "artifact" && move.good) output.artifacts.push({ contractRef: requirement.ref, value: SAMPLES[requirement.ref] ?? null });
    if (requirement.kind === "context" && requirement.schema["type"] === "number") output.context[requirement.key] = 7;
  }
  return { kind: "submit", output };
}

const anyStart = fc.record({ autonomy: fc.constantFrom("guided" as const, "full_auto_stop_on_user_deps" as const, "full_auto_never_stop" as const), context: fc.dictionary(key, scalar) }).map(
  ({ autonomy, context }): SessionCommand => ({
    kind: "start",
    start: { sessionId: "s", itemId: null, parentSessionId: null, phase: null, workflow: { id: "any-flow", version: "1.0.0" }, plan: "0".repeat(64), goal: "the goal", context: context as StepOutput["context"], autonomy },
  }),
);

const text = expect.stringMatching(/./);
const REFUSED = { kind: text, message: text, fix: text };
const AT_REST = new Set<SessionState["kind"]>(["step", "waiting", "gate", "ended"]);
const fold = (events: readonly EngineEvent[]): SessionState => events.reduce(evolve, initialState);

test("any command in any state gives events or a typed refusal; state is the fold; decide is deterministic, also from the log alone", () => {
  fc.assert(
    fc.property(anyPlan, anyStart, fc.array(anyMove, { maxLength: 12 }), (plan, start, moves) => {
      const log: EngineEvent[] = [];
      const marks: { length: number; state: SessionState }[] = [];
      let state: SessionState = initialState;
      const [first] = moves;
      const begin: Move = { kind: "any", command: start };
      for (const move of [first ?? begin, begin, ...moves, begin]) {
        const command = commandOf(move, plan, state);
        const decision = decide(plan, state, command);
        expect(decide(plan, structuredClone(state), command)).toEqual(decision);
        expect(decision).toEqual(decision.ok ? decision : { ok: false, error: REFUSED });
        if (!decision.ok) continue;
        log.push(...decision.value);
        state = decision.value.reduce(evolve, state);
        marks.push({ length: log.length, state });
        expect(AT_REST).toContain(state.kind);
        expect(offer(plan, state) === null).toBe(state.kind !== "step");
        expect(state.kind !== "step" || state.node.attempts < attemptLimit(state.facts.start.autonomy)).toBe(true);
      }
      const readBack = log.map((event) => engineEventSchema.parse(JSON.parse(canonicalJson(event))));
      for (const mark of marks) expect(fold(readBack.slice(0, mark.length))).toEqual(mark.state);
      const recorded = readBack.map((event, index) => ({ ...event, stream: "session/s", seq: index + 1, epoch: 1, at: "2026-01-01T00:00:00.000Z" }));
      expect(replaySession(plan, recorded).differences).toEqual([]);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});

test("a log torn at any event goes on to a state of rest", () => {
  fc.assert(
    fc.property(anyPlan, anyStart, fc.array(anyMove, { maxLength: 8 }), (plan, start, moves) => {
      const log: EngineEvent[] = [];
      const begin: Move = { kind: "any", command: start };
      for (const move of [begin, ...moves]) {
        const decision = decide(plan, fold(log), commandOf(move, plan, fold(log)));
        if (decision.ok) log.push(...decision.value);
      }
      for (let cut = 1; cut <= log.length; cut += 1) {
        const torn = fold(log.slice(0, cut));
        const resumed = decide(plan, torn, { kind: "resume" });
        expect(AT_REST).toContain(resumed.ok ? resumed.value.reduce(evolve, torn).kind : resumed.error.kind);
      }
    }),
    { numRuns: 60 },
  );
});
