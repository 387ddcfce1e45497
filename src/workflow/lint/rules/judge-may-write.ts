import type { LintRule } from "../subject.ts";

const VERDICTS: ReadonlySet<string> = new Set(["wr.contracts.review_verdict", "wr.contracts.gate_verdict", "wr.contracts.classification"]);
const WRITING: readonly string[] = ["write", "edit"];

export const judgeMayWrite: LintRule = {
  code: "judge-may-write",
  severity: "warning",
  tells: "A step that gives a verdict or a classification may change files.",
  find: ({ steps }) =>
    steps.flatMap(({ step, path, own }) => {
      if (!own || step.kind !== "standard" || !VERDICTS.has(step.contract?.ref ?? "")) return [];
      if (step.allowedTools !== null && !WRITING.some((tool) => step.allowedTools?.includes(tool))) return [];
      return [{ path, message: `"${step.id}" gives a ${step.contract?.ref} and may change what it judges.`, fix: "Give it `allowedTools: [read, glob, grep]`." }];
    }),
};
