import { bothAllow } from "../../tools.ts";
import type { Issue } from "../../issue.ts";
import type { LintRule } from "../subject.ts";

export const noToolLeft: LintRule = {
  code: "no-tool-left",
  severity: "error",
  tells: "A step may use no tool at all: what a routine or a delegation allows and what its caller allows have nothing in common.",
  find: ({ steps }) => {
    const told = new Set<string>();
    return steps.flatMap(({ step, path }): readonly Issue[] => {
      const place = JSON.stringify(path);
      if (step.kind !== "standard" && step.kind !== "parallel") return [];
      if (step.allowedTools?.length === 0) {
        if (told.has(place)) return [];
        told.add(place);
        const routine = step.origin.routine;
        return [{ path, message: `"${step.id}" may use no tool: ${routine === null ? "what calls it" : `the call of the routine ${routine}`} allows none of those that it allows itself.`, fix: "Allow in the call (`allowedTools`) what the routine's step needs; a routine can only narrow it." }];
      }
      if (step.kind !== "parallel") return [];
      return step.delegations.flatMap(({ workflowId, allowedTools }, index) =>
        allowedTools === null || bothAllow(step.allowedTools, allowedTools)?.length !== 0 ? [] : [{ path: [...path, "parallelDelegations", index, "allowedTools"], message: `The child ${workflowId} of "${step.id}" may use no tool: the step allows ${step.allowedTools?.join(", ")} only.`, fix: "Allow in the step what the child needs; a delegation can only narrow it." }],
      );
    });
  },
};
