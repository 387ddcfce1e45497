import { textsOf } from "../flow.ts";
import type { PlacedStep } from "../placed-steps.ts";
import type { LintRule } from "../subject.ts";

/** Code acts on these whenever they come. */
const READ_BY_CODE: ReadonlySet<string> = new Set(["wr.contracts.loop_control", "wr.contracts.gate_verdict", "wr.contracts.coordinator_signal", "wr.contracts.coordinator_result", "wr.contracts.assessment"]);

const contractOf = ({ step }: PlacedStep): string | null => (step.kind === "standard" ? (step.contract?.ref ?? null) : step.kind === "parallel" ? (step.synthesis?.contract?.ref ?? null) : null);

export const contractWithoutConsumer: LintRule = {
  code: "contract-without-consumer",
  severity: "warning",
  tells: "A step before the last result hands over an artifact that no gate judges and no later step speaks of.",
  find: ({ steps, kind }) => {
    // What a routine hands over its callers read.
    if (kind === "routine") return [];
    const results = steps.filter((placed) => contractOf(placed) !== null && !READ_BY_CODE.has(contractOf(placed) ?? ""));
    const end = results.at(-1);
    const last = end === undefined ? null : contractOf(end);
    return results.flatMap((placed) => {
      const { step, path, own, index } = placed;
      const ref = contractOf(placed) ?? "";
      if (!own || ref === last || isJudged(placed, steps) || steps.some((later) => later.index > index && speaksOf(ref, later))) return [];
      return [{ path: [...path, ...(step.kind === "parallel" ? ["synthesis"] : []), "outputContract"], message: `Nothing reads the ${ref} of "${step.id}": no gate judges it, no later step speaks of it, and the workflow ends with ${last}.`, fix: "Name it in the step that builds on it, gate on it, or leave it at notes." }];
    });
  },
};

const isJudged = ({ step }: PlacedStep, steps: readonly PlacedStep[]): boolean =>
  ((step.kind === "standard" || step.kind === "parallel") && step.confirmation !== null) || steps.some((each) => each.step.kind === "standard" && each.step.audits === step.id);

/** The contract's name, whole or without what stands before the last dot. */
function speaksOf(ref: string, { step }: PlacedStep): boolean {
  const short = ref.split(".").at(-1) ?? ref;
  return textsOf(step).some(({ text }) => text.includes(ref) || new RegExp(`(?<![\\w.-])${short.replaceAll(/[^\w]/g, "\\$&")}(?![\\w-])`).test(text));
}
