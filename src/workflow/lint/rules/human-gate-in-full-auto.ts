import type { LintRule } from "../subject.ts";

export const humanGateInFullAuto: LintRule = {
  code: "human-gate-in-full-auto",
  severity: "error",
  tells: "A workflow that recommends a full_auto autonomy has a `human_approval` gate that stops every run; with full_auto_never_stop any such gate.",
  find: ({ plan, steps }) => {
    const autonomy = plan.recommendedAutonomy;
    if (autonomy === null || autonomy === "guided") return [];
    return steps.flatMap(({ step, path }) => {
      const gate = step.kind === "standard" || step.kind === "parallel" || step.kind === "confirm" ? step.confirmation : null;
      // Those that only stop for people may have a gate for the case that a person is needed.
      if (gate?.gate !== "human_approval" || (autonomy === "full_auto_stop_on_user_deps" && gate.condition !== null)) return [];
      return [{ path: [...path, "requireConfirmation"], message: `The workflow recommends ${autonomy}, but "${step.id}" waits for a person.`, fix: "Recommend guided, make it a coordinator_eval, or give the gate the condition under which a person is needed." }];
    });
  },
};
