import type { PlanStep } from "../../plan.ts";
import type { LintRule } from "../subject.ts";

export const untypedChild: LintRule = {
  code: "untyped-child",
  severity: "warning",
  tells: "A parallel step runs a workflow whose result has no contract: it hands over words only, and one that is missing or wrong stops nothing.",
  find: ({ steps, plans }) =>
    steps.flatMap(({ step, path, own }) => {
      if (!own || step.kind !== "parallel") return [];
      return step.delegations.flatMap(({ workflowId }, index) => {
        const child = plans.get(workflowId);
        if (child === undefined || child.steps.some(handsOver)) return [];
        return [{ path: [...path, "parallelDelegations", index, "workflowId"], message: `The child ${workflowId} of "${step.id}" hands over words only: no step of it always ends with a contract.`, fix: "Give its last step an `outputContract`, wr.contracts.coordinator_result say; or run a role (wr.role-researcher and its like), which has one." }];
      });
    }),
};

/** The workflow does not get past it without its artifact; one behind a condition is the author's own decision. */
const handsOver = (step: PlanStep): boolean =>
  step.kind === "loop" ? step.body.some(handsOver) : step.kind === "standard" ? step.audits === null && step.contract?.required === true : step.kind === "parallel" && step.synthesis?.contract?.required === true;
