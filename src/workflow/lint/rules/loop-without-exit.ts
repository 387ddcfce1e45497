import type { Issue } from "../../issue.ts";
import type { LoopStep, PlanStep } from "../../plan.ts";
import { keyOf, type Flow, variablesOf } from "../flow.ts";
import type { PlacedStep } from "../placed-steps.ts";
import type { LintRule } from "../subject.ts";

const LOOP_CONTROL = "wr.contracts.loop_control";

export const loopWithoutExit: LintRule = {
  code: "loop-without-exit",
  severity: "error",
  tells: "A `while` or `until` loop whose body can change nothing its condition looks at, or whose loop control may be left out.",
  find: ({ steps, flow }) => steps.flatMap((placed) => (placed.step.kind === "loop" && placed.own ? loopIssues(placed, placed.step, flow) : [])),
};

function loopIssues({ path }: PlacedStep, step: LoopStep, flow: Flow): readonly Issue[] {
  const { loop } = step;
  if (loop.type !== "while" && loop.type !== "until") return [];
  const at = [...path, "loop"];
  if (loop.decidedBy === "artifact") {
    if (step.body.some((inner) => inner.runCondition === null && surelyControls(inner))) return [];
    return [{ path: at, message: `No step of the body of "${step.id}" always hands over ${LOOP_CONTROL}, so an iteration may end without a decision.`, fix: "Ask for it, as required, in a step of the body that has no `runCondition`." }];
  }
  const body = bodyOf(step);
  const keys = [...new Set((loop.condition === null ? [] : variablesOf(loop.condition)).map(keyOf))];
  const moving = keys.some((key) => key === loop.iterationVar || flow.mentioned(key, body) || body.some((inner) => (inner.kind === "gather" ? inner.outputVar === key : inner.kind === "standard" && Object.hasOwn(inner.produces, key))));
  if (moving) return [];
  return [{ path: at, message: `Nothing in the body of "${step.id}" sets ${keys.map((key) => `"${key}"`).join(" or ")}, so the loop runs never or to its limit.`, fix: `Declare the key under \`produces\` of a step of the body, or let a step decide with ${LOOP_CONTROL}.` }];
}

const surelyControls = (step: PlanStep): boolean =>
  step.kind === "standard" ? step.contract?.ref === LOOP_CONTROL && step.contract.required : step.kind === "parallel" && step.synthesis?.contract?.ref === LOOP_CONTROL && step.synthesis.contract.required;

const bodyOf = (step: LoopStep): readonly PlanStep[] => step.body.flatMap((inner) => [inner, ...(inner.kind === "loop" ? bodyOf(inner) : [])]);
