import type { LintRule } from "../subject.ts";

export const unreadAssessment: LintRule = {
  code: "unread-assessment",
  severity: "warning",
  tells: "A step is assessed, and no level of it has a consequence and no gate looks at it.",
  find: ({ steps }) =>
    steps.flatMap(({ step, path, own }) => {
      if (!own || step.kind !== "standard" || step.assessments.length === 0 || step.consequences.length > 0 || step.confirmation !== null) return [];
      return [{ path: [...path, "assessmentRefs"], message: `Whatever the assessment of "${step.id}" comes to, nothing follows from it.`, fix: "Add `assessmentConsequences` for the levels that must not pass, or a gate." }];
    }),
};
