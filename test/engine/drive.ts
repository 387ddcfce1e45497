/** A session driven by engine commands, for tests of the engine alone. */
import { decide, evolve, initialState, offer, type SessionCommand, type SessionState } from "../../src/engine/session/index.ts";
import type { Autonomy, EngineEvent, RiskPolicy, StepOutput } from "../../src/record/index.ts";
import type { JsonObject } from "../../src/shared/json.ts";
import { compileWorkflow, type Plan, routinesOf, type WorkflowSource } from "../../src/workflow/index.ts";

export const planOf = (steps: readonly JsonObject[], more: JsonObject = {}, routines: readonly WorkflowSource[] = []): Plan => {
  const file = { schemaVersion: 2, id: "test-flow", name: "n", version: "1.0.0", description: "d", ...more, steps: steps.map((step, index) => ({ id: `step-${index + 1}`, title: `Step ${index + 1}`, ...("type" in step || "promptBlocks" in step || "templateCall" in step ? {} : { prompt: "Do it." }), ...step })) };
  const compiled = compileWorkflow({ text: JSON.stringify(file), file: "w.json" }, { routines: routinesOf(routines) });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value.plan;
};

export const control = (decision: "continue" | "stop", loopId?: string) => ({ contractRef: "wr.contracts.loop_control", value: { decision, ...(loopId === undefined ? {} : { loopId }) } });

export function drive(plan: Plan, options: { context?: JsonObject; autonomy?: Autonomy; riskPolicy?: RiskPolicy } = {}) {
  let state: SessionState = initialState;
  const log: EngineEvent[] = [];
  const run = (command: SessionCommand): readonly EngineEvent[] | string => {
    const decision = decide(plan, state, command);
    if (!decision.ok) return decision.error.kind;
    log.push(...decision.value);
    state = decision.value.reduce(evolve, state);
    return decision.value;
  };
  const { context = {}, autonomy = "full_auto_stop_on_user_deps" } = options;
  run({ kind: "start", start: { sessionId: "s", itemId: null, parentSessionId: null, phase: null, workflow: { id: plan.id, version: plan.version }, plan: "0".repeat(64), goal: "the goal", context, autonomy, ...(options.riskPolicy === undefined ? {} : { riskPolicy: options.riskPolicy }) } });
  return {
    run,
    log,
    state: () => state,
    offer: () => offer(plan, state),
    step: () => (state.kind === "step" ? state.node.stepId : state.kind === "ended" ? `ended: ${state.outcome}` : state.kind),
    blockers: () => (state.kind === "step" ? state.node.blockers.map((blocker) => blocker.code) : []),
    prompt: () => offer(plan, state)?.prompt ?? "",
    submit: (output: Partial<StepOutput> = { notes: "Done." }) => run({ kind: "submit", output: { notes: "Done.", artifacts: [], context: {}, ...output } }),
    gate: (verdict: "approved" | "rejected") => run({ kind: "resolve-gate", verdict, reason: "Because.", by: "ann" }),
    child: (childId: string, outcome: "completed" | "failed" = "completed") => run({ kind: "finish-child", result: { childId, sessionId: `s-${childId.replace(".", "-")}`, outcome, summary: `summary of ${childId}`, artifacts: [] } }),
  };
}
