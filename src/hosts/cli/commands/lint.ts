import { inWords } from "../../../shared/errors.ts";
import { jsonOption, sourceOption, type Command } from "../command.ts";

export const lint: Command = {
  name: "lint",
  operands: "[PATH...]",
  summary: "Checks workflow files by the rules of good authoring, without a model; exit code 1 when one breaks a rule that is an error.",
  about: "Without a path: every workflow at hand, those that come with WorkTrain, those of `.worktrain/workflows` and those of `--source`. The rules are listed in `docs/authoring-workflows.md`.",
  options: { source: { ...sourceOption, help: "a folder whose routines and workflows the files may use; may be given several times" }, json: jsonOption },
  async run(call, { packageRoot, workingDirectory }) {
    const { lintPaths } = await import("../../../library/lint.ts");
    const files = lintPaths(call.positionals, { packageRoot, workspace: workingDirectory, extra: call.texts("source") });
    const findings = files.flatMap(({ path: file, errors, warnings }) => [...errors, ...warnings].map((each) => ({ ...each, file })));
    const errors = findings.filter(({ severity }) => severity === "error").length;
    const lines = findings.map((each) => `${each.file}:${each.line}:${each.column}: ${each.severity}: ${inWords(each)} [${each.code}]`);
    const text = [...lines, `${files.length} files, ${errors} errors, ${findings.length - errors} warnings.`].join("\n");
    return { exitCode: errors === 0 ? 0 : 1, text, data: { files } };
  },
};
