import { isMapping } from "../placed-steps.ts";
import type { LintRule } from "../subject.ts";

export const loopWithoutLimit: LintRule = {
  code: "loop-without-limit",
  severity: "warning",
  tells: "A loop says no `maxIterations`, so it may run 100 times.",
  find: ({ steps }) =>
    steps.flatMap(({ step, path, raw, own }) => {
      if (!own || (step.kind !== "loop" && !(step.kind === "parallel" && step.forEach !== null))) return [];
      const loop = raw["loop"];
      if (raw["maxIterations"] !== undefined || (isMapping(loop) && (loop["maxIterations"] !== undefined || typeof loop["count"] === "number"))) return [];
      return [{ path, message: `The loop "${step.id}" says no limit and may run 100 times.`, fix: "Set `maxIterations` to what the work is worth; more left to do then is told, not done." }];
    }),
};
