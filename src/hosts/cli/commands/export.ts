import { join } from "node:path";
import { TerminalError } from "../../../shared/errors.ts";
import { dataOption, jsonOption, type Command } from "../command.ts";

export const exportCommand: Command = {
  name: "export",
  operands: "ITEM|SESSION|JOURNAL",
  summary: "Writes a log and all that it needs into one file, with the secrets of this environment taken out.",
  about: `A session of an item is exported with the whole item. Where nothing had to be taken out, the file is a segment and can be imported; else it is
a copy that says what was changed, which can be verified and read only. Nothing is overwritten.`,
  options: { output: { kind: "text", short: "o", value: "FILE", help: "the file to write; it must not be there" }, "ref-of": { kind: "text", value: "CLONE", help: "puts an item's log on refs/worktrain-journal/<item> of this clone instead, to be pushed" }, data: dataOption, json: jsonOption },
  async run(call, world) {
    const [operand] = call.positionals;
    if (operand === undefined) throw new TerminalError("`worktrain export` needs an item or a session.", "Name one, or a journal directory.");
    const output = call.text("output");
    const clone = call.text("ref-of");
    if (clone !== undefined) {
      if (output !== undefined) throw new TerminalError("--output and --ref-of do not go together.", "Write a file, or put the log on a ref.");
      const [{ savedItem }, { putOnRef }, { dataDirectoryOf }] = await Promise.all([import("../run/local-item.ts"), import("../log/ref-log.ts"), import("../open-sessions.ts")]);
      const { place } = savedItem(operand, dataDirectoryOf(call, world));
      const { ref, lines } = await putOnRef({ itemId: place.id, journal: join(place.directory, "journal"), clone, secrets: world.environment().secrets }, world);
      if (lines.length === 0) throw new TerminalError(`The log of ${place.name} has no line yet; it was not put on a ref.`, `Run it first: worktrain resume ${place.name}`);
      return { exitCode: 0, text: `The log of ${place.name} is on ${ref} of ${clone}. To carry it elsewhere: git -C ${clone} push origin ${ref}`, data: { item: place.id, ref, clone } };
    }
    if (output === undefined) throw new TerminalError("`worktrain export` needs --output.", "Name the file to write: -o FILE.");
    const [{ findLog }, { exportLog }, { dataDirectoryOf }] = await Promise.all([import("../log/places.ts"), import("../log/export-log.ts"), import("../open-sessions.ts")]);
    return exportLog(await findLog(operand, dataDirectoryOf(call, world), world), output, world);
  },
};
