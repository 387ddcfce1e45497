import type { Json } from "../../../shared/json.ts";
import type { StandardStep } from "../../plan.ts";
import { isMapping, type PlacedStep } from "../placed-steps.ts";
import type { LintRule } from "../subject.ts";

export const stepWithoutEnd: LintRule = {
  code: "step-without-end",
  severity: "warning",
  tells: "Nothing tells when a step is done: no contract, value, criterion, assessment, verification or audit, and no `verify` in its prompt blocks.",
  find: ({ steps }) =>
    steps.flatMap((placed) => {
      const { step, path, own } = placed;
      if (!own || step.kind !== "standard" || isChecked(step, placed, steps)) return [];
      return [{ path, message: `Nothing tells when "${step.id}" is done.`, fix: "Say under `verify` what has to be true, or ask for something typed: `outputContract`, `produces`, `validationCriteria`, a verification command." }];
    }),
};

const isChecked = (step: StandardStep, { raw }: PlacedStep, steps: readonly PlacedStep[]): boolean =>
  step.contract !== null ||
  step.criteria !== null ||
  step.assessments.length > 0 ||
  step.verification.command !== null ||
  step.verification.prompt !== null ||
  Object.keys(step.produces).length > 0 ||
  saysHow(raw["promptBlocks"]) ||
  steps.some((each) => each.step.kind === "standard" && each.step.audits === step.id);

const saysHow = (blocks: Json | undefined): boolean => isMapping(blocks) && ["verify", "outputRequired"].some((key) => Object.keys(blocks[key] ?? {}).length > 0);
