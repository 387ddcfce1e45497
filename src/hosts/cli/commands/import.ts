import { TerminalError } from "../../../shared/errors.ts";
import { usableDataDirectory } from "../../../shared/data-directory.ts";
import { dataOption, jsonOption, type Command } from "../command.ts";

export const importCommand: Command = {
  name: "import",
  operands: "FILE|DIR|REF",
  summary: "Puts an exported log, a directory of downloaded artifacts, or a record on a git ref into the data directory after verifying it.",
  about: `Nothing is overwritten: the same log again changes nothing, another one of that name is refused. Continue tokens of another data directory do
not hold here; the session's id gives new ones. REF is \`refs/worktrain-journal/<item>\` of the clone in --workspace (or the present directory), as
\`worktrain run --record ref\` and \`worktrain export --ref-of\` leave it, after it was fetched.`,
  options: { workspace: { kind: "text", value: "DIR", help: "where it goes on: the clone of a local task, or the directory of a session's commands (default: for reading only)" }, data: dataOption, json: jsonOption },
  async run(call, world) {
    const [path] = call.positionals;
    if (path === undefined) throw new TerminalError("`worktrain import` needs a file.", "Name what `worktrain export` wrote, or a directory of saved segments.");
    const [{ importLog }, { dataDirectoryOf }] = await Promise.all([import("../log/import-log.ts"), import("../open-sessions.ts")]);
    const data = { directory: dataDirectoryOf(call, world), usual: usableDataDirectory(world.environment().dataDirectory) };
    return importLog({ path, data, workspace: call.text("workspace") ?? null }, world);
  },
};
