import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/shared/json.ts";
import { previewPlan, toMermaid } from "../../src/workflow/index.ts";
import { drive, planOf } from "./drive.ts";

const routine = (steps: readonly JsonObject[]) => [{ file: "r.json", text: JSON.stringify({ schemaVersion: 2, id: "wr.routine-probe", name: "Probe", version: "1.0.0", description: "d", steps: steps.map((step, index) => ({ id: `r-${index + 1}`, title: `R ${index + 1}`, ...("type" in step || "templateCall" in step ? {} : { prompt: "Do it." }), ...step })) }, null, 2) }];
const call = (caller: JsonObject, steps: readonly JsonObject[], more: JsonObject = {}) => planOf([{ templateCall: { templateId: "wr.templates.routine.probe" }, ...caller }, { id: "after" }], more, routine(steps));
const handoff = { outputContract: { contractRef: "wr.contracts.coding_handoff" } };
const loop = (items: string) => ({ type: "loop", loop: { type: "forEach", items }, body: [{ id: "each", title: "Each", prompt: "p" }] });

describe("what a call of a routine asks for is asked for, whatever of the routine is skipped", () => {
  const never = { runCondition: { var: "never" } };
  test.each<[string, JsonObject[], string[]]>([
    ["the last step is skipped", [{}, never], ["step-1.r-1", "step-1.close", "after"]],
    ["all steps are skipped", [never, never], ["step-1.close", "after"]],
    ["the routine ends in a loop", [{}, loop("items")], ["step-1.r-1", "step-1.each", "step-1.close", "after"]],
    ["the routine is a loop over nothing", [loop("none")], ["step-1.close", "after"]],
    ["the last step's audit goes with it", [{}, { ...never, audit: { rubric: ["x"] } }], ["step-1.r-1", "step-1.close", "after"]],
    ["the last step surely runs and carries it", [never, {}], ["step-1.r-2", "after"]],
  ])("%s", (_, steps, expected) => {
    const session = drive(call({ ...handoff, requireConfirmation: { kind: "human_approval" } }, steps), { context: { items: ["a"], none: [] } });
    const carrier = expected.at(-2);
    for (const stepId of expected) {
      expect(session.step()).toBe(stepId);
      session.submit();
      if (stepId !== carrier) continue;
      expect(session.blockers()).toEqual(["artifact-missing"]);
      session.submit({ artifacts: [{ contractRef: "wr.contracts.coding_handoff", value: {} }] });
      expect(session.state()).toMatchObject({ kind: "gate", gate: "human_approval" });
      session.gate("approved");
    }
    expect(session.step()).toBe("ended: completed");
  });

  test("a routine's own step may be called close or confirm: what the call asks for has another id", () => {
    const steps: JsonObject[] = [{ id: "close" }, { id: "confirm" }, never];
    const closing = drive(call(handoff, steps));
    const gate = drive(call({ requireConfirmation: { kind: "human_approval" } }, steps));
    for (const session of [closing, gate]) for (const own of ["step-1.close", "step-1.confirm"]) {
      expect(session.step()).toBe(own);
      session.submit();
    }
    expect(closing.step()).toBe("step-1.close-2");
    closing.submit({ artifacts: [{ contractRef: "wr.contracts.coding_handoff", value: {} }] });
    expect(closing.step()).toBe("after");
    expect(gate.state()).toMatchObject({ kind: "gate", node: { stepId: "step-1.confirm-2" } });
    gate.gate("approved");
    expect(gate.step()).toBe("after");
  });

  test("a gate alone needs no work; its rejection sends the nearest work back", () => {
    const session = drive(call({ requireConfirmation: { kind: "human_approval" } }, [{}, loop("none")]), { context: { none: [] } });
    session.submit();
    expect(session.state()).toMatchObject({ kind: "gate", node: { stepId: "step-1.confirm" } });
    session.gate("rejected");
    expect(session.step()).toBe("step-1.r-1");
    session.submit();
    session.gate("approved");
    expect(session.step()).toBe("after");
  });

  test("an agent cannot make the call's own condition false on the way and go past what it asks for", () => {
    const plan = call({ ...handoff, runCondition: { var: "go" } }, [{}, {}]);
    const session = drive(plan, { context: { go: true } });
    session.submit({ context: { go: false } });
    expect(session.step()).toBe("step-1.close");
    session.submit();
    expect(session.blockers()).toEqual(["artifact-missing"]);
    const other = drive(plan);
    expect(other.step()).toBe("after");
  });

  test("in a loop the turn that skips the call is not asked for what an earlier turn handed over", () => {
    const body: JsonObject[] = [{ id: "call", title: "Call", templateCall: { templateId: "wr.templates.routine.probe" }, ...handoff, runCondition: { var: "item", equals: "a" } }, { id: "rest", title: "Rest", prompt: "p", runCondition: { var: "item", equals: "b" } }];
    const session = drive(planOf([{ type: "loop", loop: { type: "forEach", items: "items", itemVar: "item" }, body }, { id: "after" }], {}, routine([{}, {}])), { context: { items: ["a", "b", "a"] } });
    const artifacts = [{ contractRef: "wr.contracts.coding_handoff", value: {} }];
    const seen: string[] = [];
    for (let turn = 0; turn < 8 && session.step() !== "after"; turn += 1) {
      seen.push(session.step());
      session.submit(session.step() === "call.close" ? { artifacts } : {});
    }
    expect(seen).toEqual(["call.r-1", "call.r-2", "call.close", "rest", "call.r-1", "call.r-2", "call.close"]);
  });

  test.each<[string, JsonObject, JsonObject, string]>([
    ["criteria", { validationCriteria: [{ type: "contains", value: "OUTER", message: "m" }] }, { validationCriteria: [{ type: "contains", value: "inner", message: "m" }] }, "notes-invalid"],
    ["a contract", handoff, { outputContract: { contractRef: "wr.contracts.investigation" } }, "artifact-missing"],
    ["produces", { produces: { key: { type: "string" } } }, { produces: { key: { type: ["string", "number"] } } }, "context-missing"],
  ])("%s of the call stands beside that of the routine's last step", (_, caller, own, code) => {
    const session = drive(call(caller, [own]));
    session.submit({ notes: "inner", artifacts: "outputContract" in own ? [{ contractRef: "wr.contracts.investigation", value: {} }] : [], context: "produces" in own ? { key: 1 } : {} });
    expect(session.step()).toBe("step-1.close");
    session.submit({ notes: "inner" });
    expect(session.blockers()).toEqual([code]);
  });

  test("one artifact does for the call and the routine where both want the same", () => {
    const session = drive(call({ outputContract: { contractRef: "wr.contracts.coordinator_result", requireFields: ["data"] } }, [{ outputContract: { contractRef: "wr.contracts.coordinator_result", requireFields: ["summary"] } }]));
    session.submit({ artifacts: [{ contractRef: "wr.contracts.coordinator_result", value: { outcome: "success", summary: "Seen." } }] });
    expect(session.blockers()).toEqual(["artifact-invalid"]);
    session.submit({ artifacts: [{ contractRef: "wr.contracts.coordinator_result", value: { outcome: "success", summary: "Seen.", data: [] } }] });
    expect(session.step()).toBe("after");
  });

  test.each<[string, JsonObject, JsonObject]>([
    ["a verification", { verification: { command: "make check" } }, { verification: { command: "make" } }],
    ["a gate", { requireConfirmation: { kind: "human_approval" } }, { requireConfirmation: { kind: "coordinator_eval", condition: { var: "never" } } }],
    ["an audit", { audit: { rubric: ["outer"] } }, { audit: { rubric: ["inner"] } }],
    ["a jump", { jumpIf: { condition: { var: "again" }, target: "step-1" } }, { jumpIf: { condition: { var: "never" }, target: "r-1" } }],
  ])("%s of the call is not pushed out by that of the routine's last step", (_, caller, own) => {
    const { steps } = call(caller, [own]);
    const closes = steps.filter((step) => (step.kind === "standard" || step.kind === "confirm") && step.closes === "step-1");
    expect(closes.map((step) => step.kind)).toEqual(["requireConfirmation" in own ? "confirm" : "standard"]);
    expect(steps.filter((step) => step.id.endsWith(".audit"))).toHaveLength("audit" in own ? 2 : 0);
  });

  test("a call that asks for nothing gets no step more", () => {
    expect(call({}, [{}, never]).steps.map((step) => step.id)).toEqual(["step-1.r-1", "step-1.r-2", "after"]);
  });
});

test("a parallel step of a routine, in a loop or not, has no tool that the calling step does not allow", () => {
  const parallel: JsonObject = { type: "parallel", allowedTools: ["read", "bash"], parallelDelegations: [{ workflowId: "wr.one" }, { workflowId: "wr.two", allowedTools: ["bash"] }] };
  const childrenOf = (steps: readonly JsonObject[]) => {
    const session = drive(call({ allowedTools: ["read", "grep"] }, steps), { context: { items: ["a"] } });
    const state = session.state();
    return state.kind === "delegating" ? state.request.children.map(({ allowedTools }) => allowedTools) : [state.kind];
  };
  expect(childrenOf([parallel])).toEqual([["read"], []]);
  expect(childrenOf([{ type: "loop", loop: { type: "forEach", items: "items" }, body: [{ id: "each", title: "Each", ...parallel }] }])).toEqual([["read"], []]);
});

describe("a routine never has a tool that its caller lacks", () => {
  const offered = (steps: readonly JsonObject[], caller: JsonObject, more: { readonly routines?: readonly { file: string; text: string }[] } = {}) => {
    const session = drive(planOf([{ templateCall: { templateId: "wr.templates.routine.probe" }, ...caller }], {}, [...routine(steps), ...(more.routines ?? [])]), { context: { items: ["a"] } });
    const seen: (readonly [string, readonly string[] | null | undefined])[] = [];
    for (let count = 0; count < 9 && session.state().kind === "step"; count += 1) {
      seen.push([session.step(), session.offer()?.allowedTools]);
      session.submit({ artifacts: session.step().endsWith(".audit") ? [{ contractRef: "wr.contracts.gate_verdict", value: { verdict: "approved", confidence: "high", rationale: "Seen." } }] : [] });
    }
    return seen;
  };
  const reads = { allowedTools: ["read", "grep"] };

  test.each<[string, JsonObject[], JsonObject, unknown]>([
    ["its own list is narrowed", [{ allowedTools: ["bash", "read", "write"] }], reads, [["step-1.r-1", ["read"]]]],
    ["nothing in common leaves nothing", [{ allowedTools: ["bash"] }], reads, [["step-1.r-1", []]]],
    ["without one of its own it has the caller's", [{}], reads, [["step-1.r-1", ["read", "grep"]]]],
    ["a caller without one leaves it its own", [{ allowedTools: ["bash"] }], {}, [["step-1.r-1", ["bash"]]]],
    ["in a loop", [{ type: "loop", loop: { type: "forEach", items: "items" }, body: [{ id: "each", title: "Each", prompt: "p", allowedTools: ["edit", "grep"] }] }], reads, [["step-1.each", ["grep"]]]],
    ["and in its audit", [{ allowedTools: ["bash", "read"], audit: { rubric: ["x"] } }], reads, [["step-1.r-1", ["read"]], ["step-1.r-1.audit", ["read"]]]],
    ["and in the step that closes the call", [{ allowedTools: ["bash", "read"] }, { runCondition: { var: "never" } }], { ...reads, produces: {}, validationCriteria: [{ type: "length", min: 1, message: "m" }] }, [["step-1.r-1", ["read"]], ["step-1.close", ["read", "grep"]]]],
  ])("%s", (_, steps, caller, expected) => {
    expect(offered(steps, caller)).toEqual(expected);
  });

  test("through a routine that calls another one with more", () => {
    const inner = { file: "inner.json", text: JSON.stringify({ schemaVersion: 2, id: "wr.routine-inner", name: "Inner", version: "1.0.0", description: "d", steps: [{ id: "deep", title: "Deep", prompt: "p", allowedTools: ["bash", "write", "grep"] }] }) };
    expect(offered([{ id: "mid", templateCall: { templateId: "wr.templates.routine.inner" }, allowedTools: ["bash", "grep"] }], reads, { routines: [inner] })).toEqual([["step-1.mid.deep", ["grep"]]]);
  });

  test("the graph shows what is left", () => {
    const { nodes } = previewPlan(call(reads, [{ allowedTools: ["bash", "read"] }, { allowedTools: ["bash"] }]));
    expect(nodes.map(({ id, tools }) => [id, tools])).toEqual([["start", null], ["step-1.r-1", ["read"]], ["step-1.r-2", []], ["after", null], ["end", null]]);
    expect(toMermaid(previewPlan(call(reads, [{ allowedTools: ["bash", "read"] }, { allowedTools: ["bash"] }])))).toMatch(/only read[\s\S]*no tool/);
  });
});
