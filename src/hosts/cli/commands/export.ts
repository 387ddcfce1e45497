import { TerminalError } from "../../../shared/errors.ts";
import { dataOption, jsonOption, type Command } from "../command.ts";

export const exportCommand: Command = {
  name: "export",
  operands: "ITEM|SESSION|JOURNAL",
  summary: "Writes a log and all that it needs into one file, with the secrets of this environment taken out.",
  about: `A session of an item is exported with the whole item. Where nothing had to be taken out, the file is a segment and can be imported; else it is
a copy that says what was changed, which can be verified and read only. Nothing is overwritten.`,
  options: { output: { kind: "text", short: "o", value: "FILE", help: "the file to write; it must not be there" }, data: dataOption, json: jsonOption },
  async run(call, world) {
    const [operand] = call.positionals;
    if (operand === undefined) throw new TerminalError("`worktrain export` needs an item or a session.", "Name one, or a journal directory.");
    const output = call.text("output");
    if (output === undefined) throw new TerminalError("`worktrain export` needs --output.", "Name the file to write: -o FILE.");
    const [{ findLog }, { exportLog }, { dataDirectoryOf }] = await Promise.all([import("../log/places.ts"), import("../log/export-log.ts"), import("../open-sessions.ts")]);
    return exportLog(await findLog(operand, dataDirectoryOf(call, world), world), output, world);
  },
};
