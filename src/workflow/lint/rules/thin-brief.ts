import type { LintRule } from "../subject.ts";

/** Below this no goal says what to find out, where, and what to bring back. */
const LEAST_CHARS = 80;

export const thinBrief: LintRule = {
  code: "thin-brief",
  severity: "warning",
  tells: `A child is given no goal of its own, or one of fewer than ${LEAST_CHARS} characters: it sees nothing else of the work.`,
  find: ({ steps }) =>
    steps.flatMap(({ step, path, raw, own }) => {
      if (!own || step.kind !== "parallel") return [];
      const inBody = !Array.isArray(raw["parallelDelegations"]);
      return step.delegations.flatMap(({ goal, workflowId }, index) =>
        goal !== null && goal.length >= LEAST_CHARS
          ? []
          : [{ path: [...path, ...(inBody ? ["body", 0] : []), "parallelDelegations", index], message: `The child ${workflowId} is told ${goal === null ? "only the parent's own goal" : `no more than ${JSON.stringify(goal)}`}.`, fix: "Write its `goal`: the question, where to look, what is known already, and what to bring back." }],
      );
    }),
};
