/** No false alarm: what lint says can never happen does not happen, in workflows put together by chance and driven by agents that choose by chance. */
import fc from "../fakes/fast-check.ts";
import { expect, test } from "vitest";
import type { Json, JsonObject } from "../../src/shared/json.ts";
import { catalogue, type Plan } from "../../src/workflow/index.ts";
import { lintWorkflow } from "../../src/workflow/lint/index.ts";
import { documentOf } from "../../src/workflow/routines.ts";
import { drive } from "../engine/drive.ts";

const KEYS = ["keyA", "keyB", "findings"] as const;
const TEXTS = ["x", "y"];
const key = fc.constantFrom(...KEYS);
/** What a step may have to hand over, and what its agent chooses from. */
const SCHEMAS: readonly { readonly schema: JsonObject; readonly values: readonly Json[] }[] = [
  { schema: { type: "boolean" }, values: [true, false] },
  { schema: { const: true }, values: [true] },
  { schema: { const: "x" }, values: ["x"] },
  { schema: { enum: ["x", "y"] }, values: TEXTS },
  { schema: { enum: ["x", null] }, values: ["x", null] },
  { schema: { type: "string" }, values: ["x", "", "true", " X ", "1"] },
  { schema: { type: "integer" }, values: [0, 1, 2, 5] },
  { schema: { type: ["number", "null"] }, values: [null, 0.5, 1] },
  { schema: { type: "integer", minimum: 1, exclusiveMaximum: 3 }, values: [1, 2] },
  { schema: { type: "number", exclusiveMinimum: 0, maximum: 1 }, values: [0.5, 1] },
];
const single: fc.Arbitrary<JsonObject> = fc.oneof(
  key.map((name) => ({ var: name })),
  fc.tuple(key, fc.constantFrom<Json>(true, "x", "y", "yes", 1, null)).map(([name, value]) => ({ var: name, equals: value })),
  fc.tuple(key, fc.constantFrom<Json>(true, "x", null)).map(([name, value]) => ({ var: name, not_equals: value })),
  fc.tuple(key, fc.constantFrom("gt", "lte"), fc.constantFrom(0, 1)).map(([name, operator, value]) => ({ var: name, [operator]: value })),
  fc.tuple(key, fc.constantFrom("x", "ru")).map(([name, value]) => ({ var: name, contains: value })),
  fc.constant({ var: "currentIteration", lt: 2 }),
);
const condition: fc.Arbitrary<JsonObject> = fc.oneof(
  { weight: 3, arbitrary: single },
  single.map((inner) => ({ not: inner })),
  fc.tuple(single, single).map((parts) => ({ and: parts })),
  fc.tuple(single, single.map((inner): JsonObject => ({ not: inner }))).map((parts) => ({ or: parts })),
);
const maybe = <T>(arbitrary: fc.Arbitrary<T>, weight = 2): fc.Arbitrary<T | null> => fc.oneof({ weight, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

interface Part {
  readonly runs: JsonObject | null;
  readonly gives: readonly [string, number] | null;
  readonly jump: { readonly condition: JsonObject; readonly to: number; readonly maxJumps: number } | null;
  readonly gated: "gate" | "audit" | "confirmed" | null;
  readonly requires: (typeof KEYS)[number] | null;
  /** It begins a loop over so many of the parts behind it. */
  readonly loop: { readonly type: string; readonly condition: JsonObject; readonly size: number; readonly max: number } | null;
}
const part: fc.Arbitrary<Part> = fc.record({
  runs: maybe(condition),
  gives: maybe(fc.tuple(key, fc.nat(SCHEMAS.length - 1)), 1),
  jump: maybe(fc.record({ condition, to: fc.nat(5), maxJumps: fc.integer({ min: 1, max: 2 }) })),
  gated: maybe(fc.constantFrom("gate", "audit", "confirmed"), 1),
  requires: maybe(key, 4),
  loop: maybe(fc.record({ type: fc.constantFrom("while", "until", "for"), condition, size: fc.integer({ min: 1, max: 3 }), max: fc.integer({ min: 1, max: 4 }) }), 3),
});

const idOf = (index: number): string => `step-${index}`;

function stepsOf(parts: readonly Part[]): JsonObject[] {
  const plain = (each: Part, index: number): JsonObject => ({
    id: idOf(index),
    title: "Step",
    prompt: "Go on.",
    ...(each.runs === null ? {} : { runCondition: each.runs }),
    ...(each.gives === null ? {} : { produces: { [each.gives[0]]: SCHEMAS[each.gives[1]]?.schema ?? {} } }),
    ...(each.jump === null ? {} : { jumpIf: { condition: each.jump.condition, target: idOf(each.jump.to), maxJumps: each.jump.maxJumps } }),
    ...(each.gated === "gate" ? { requireConfirmation: { kind: "human_approval" } } : each.gated === "audit" ? { audit: { rubric: ["It holds."] } } : {}),
    ...(each.requires === null ? {} : { requires: [each.requires] }),
  });
  const steps: JsonObject[] = [];
  for (let index = 0; index < parts.length; index += 1) {
    const each = parts[index];
    if (each === undefined) continue;
    const { loop } = each;
    if (loop === null || index + 1 >= parts.length) {
      steps.push(plain(each, index));
      continue;
    }
    const body = parts.slice(index + 1, index + 1 + loop.size);
    steps.push({ id: idOf(index), title: "Loop", type: "loop", ...(each.gated === "confirmed" ? { requireConfirmation: { kind: "human_approval" } } : {}), ...(each.runs === null ? {} : { runCondition: each.runs }), loop: { type: loop.type, maxIterations: loop.max, ...(loop.type === "for" ? { count: loop.max } : { condition: loop.condition }) }, body: body.map((inner, at) => plain(inner, index + 1 + at)) });
    index += body.length;
  }
  return steps;
}

/** A plan with what lint says of it; null where the file is none. */
function judged(parts: readonly Part[]): { readonly plan: Plan; readonly never: ReadonlySet<string>; readonly endless: ReadonlySet<string> } | null {
  const steps = stepsOf(parts);
  const source = { file: "w.json", text: JSON.stringify({ schemaVersion: 2, id: "team.work", name: "Work", version: "1.0.0", description: "Some work.", steps }) };
  const plan = catalogue([source]).workflows.get("team.work")?.plan;
  const document = documentOf(source);
  if (plan === undefined || !document.ok) return null;
  const found = lintWorkflow(plan, document.value);
  const named = (words: RegExp): ReadonlySet<string> => new Set(found.flatMap(({ message }) => words.exec(message)?.[1] ?? []));
  return { plan, never: named(/^The (?:step|loop) "([\w-]+)" (?:is never come to|never runs|never begins)/), endless: new Set([...named(/^The loop "([\w-]+)" runs to its limit/), ...named(/^The condition of "([\w-]+)" (?:always|can never)/), ...named(/^Nothing in the body of "([\w-]+)"/)]) };
}

const bodyIds = (plan: Plan, loopId: string): readonly string[] => plan.steps.flatMap((step) => (step.kind === "loop" && step.id === loopId ? step.body.map(({ id }) => id) : []));

test("no step that is never come to is come to, and no loop without an end ends by its condition", () => {
  const claims = { never: 0, endless: 0, offered: 0 };
  fc.assert(
    fc.property(fc.array(part, { minLength: 2, maxLength: 6 }), fc.infiniteStream(fc.nat(1_000)), fc.constantFrom<JsonObject>({}, { findings: "x" }, { findings: 1 }, { findings: true }), (parts, chance, context) => {
      const subject = judged(parts);
      if (subject === null) return;
      const { plan, never, endless } = subject;
      claims.never += never.size;
      claims.endless += endless.size;
      const choose = <T>(from: readonly T[]): T | undefined => from[chance.next().value % from.length];
      const forbidden = new Set([...never, ...[...never].flatMap((id) => bodyIds(plan, id))]);
      for (const autonomy of ["full_auto_stop_on_user_deps", "full_auto_never_stop"] as const) {
        const session = drive(plan, { context, autonomy });
        for (let turn = 0; turn < 40 && session.state().kind !== "ended"; turn += 1) {
          const { kind } = session.state();
          if (kind === "gate") session.gate(chance.next().value % 3 === 0 ? "rejected" : "approved");
          else if (session.blockers().includes("loop-limit")) session.submit({ artifacts: [{ contractRef: "wr.contracts.loop_control", value: { decision: "stop" } }] });
          else {
            const id = session.step();
            const at = parts[Number(id.replace(/^step-|\.audit$/g, ""))];
            const gives = at?.gives ?? null;
            // What it requires and has not got is asked for.
            const asked = session.offer()?.requires.flatMap((each) => (each.kind === "context" && each.key !== gives?.[0] ? [[each.key, choose<Json>(["x", true, 0, null]) ?? null] as const] : [])) ?? [];
            const verdict = { contractRef: "wr.contracts.gate_verdict", value: { verdict: chance.next().value % 3 === 0 ? "rejected" : "approved", confidence: "high", rationale: "Seen." } };
            session.submit(id.endsWith(".audit") ? { artifacts: [verdict] } : { context: { ...Object.fromEntries(asked), ...(gives === null ? {} : { [gives[0]]: choose(SCHEMAS[gives[1]]?.values ?? []) ?? null }) } });
          }
        }
        const offers = session.log.flatMap((event) => (event.kind === "step_offered" ? [event.data] : []));
        claims.offered += offers.length;
        expect(offers.map(({ stepId }) => stepId).filter((id) => forbidden.has(id))).toEqual([]);
        const traces = session.log.flatMap((event) => (event.kind === "step_offered" || event.kind === "session_ended" ? [event.data.trace ?? []] : []));
        // A loop that was begun and is left because of its condition.
        for (const loopId of endless) {
          const begun = new Set<string>();
          for (const entry of traces.flat().filter(({ stepId, reason = "" }) => stepId === loopId && !reason.startsWith("jumpIf"))) {
            if (entry.decision === "offered") begun.add(loopId);
            else if (begun.has(loopId) && entry.reason?.startsWith("it runs ") === true) expect.fail(`${loopId} ended by its condition: ${JSON.stringify(entry)}`);
            else begun.delete(loopId);
          }
        }
      }
    }),
    { numRuns: 500 },
  );
  expect(claims.never).toBeGreaterThan(50);
  expect(claims.endless).toBeGreaterThan(5);
  expect(claims.offered).toBeGreaterThan(1_000);
});
