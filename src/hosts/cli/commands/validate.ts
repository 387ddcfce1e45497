import { inWords, TerminalError } from "../../../shared/errors.ts";
import { jsonOption, sourceOption, type Command } from "../command.ts";

export const validate: Command = {
  name: "validate",
  operands: "PATH...",
  summary: "Checks workflow files, or all files of a folder; exit code 1 when one has an error.",
  options: { source: { ...sourceOption, help: "a folder whose routines the files may use; may be given several times" }, json: jsonOption },
  async run(call, { packageRoot, workingDirectory }) {
    if (call.positionals.length === 0) throw new TerminalError("`worktrain validate` needs a path.", "Name a workflow file or a folder.");
    const { validatePaths } = await import("../../../library/index.ts");
    const files = validatePaths(call.positionals, { packageRoot, workspace: workingDirectory, extra: call.texts("source") });
    const lines = files.flatMap(({ path, id, errors, warnings }) => [
      ...errors.map((each) => `${path}:${each.line}:${each.column}: error: ${inWords(each)}`),
      ...warnings.map((each) => `${path}:${each.line}:${each.column}: warning: ${inWords(each)}`),
      ...(errors.length === 0 ? [`${path}: ok (${id ?? ""})`] : []),
    ]);
    return { exitCode: files.every((file) => file.ok) ? 0 : 1, text: lines.join("\n"), data: { files } };
  },
};
