import type { LintRule } from "../subject.ts";

export const unverifiedChange: LintRule = {
  code: "unverified-change",
  severity: "warning",
  tells: "A workflow with `metricsProfile: coding` has no step whose verification the host runs.",
  find: ({ plan, steps }) =>
    plan.metricsProfile !== "coding" || steps.some(({ step }) => step.kind === "standard" && step.verification.command !== null)
      ? []
      : [{ path: ["metricsProfile"], message: "The workflow changes code, and the host verifies none of it: only an agent's word says that it works.", fix: "Give a step behind the change `verification: { command: \"{{commands.test}}\" }`." }],
};
