import { TerminalError } from "../../../shared/errors.ts";
import { dataOption, jsonOption, type Command } from "../command.ts";

export const replay: Command = {
  name: "replay",
  operands: "JOURNAL",
  summary: "Makes every decision of a log again and compares; exit code 1 when one comes out otherwise.",
  about: `JOURNAL is what \`verify\` takes, but for a run. What was handed in stands in the log; the engine and the pipeline decide on it again.
What comes from outside (the model, tools, GitHub, people) is counted with the reason why it cannot be decided again.`,
  options: { data: dataOption, json: jsonOption },
  async run(call, world) {
    const [operand] = call.positionals;
    if (operand === undefined) throw new TerminalError("`worktrain replay` needs a journal.", "Give a session, an item, a journal directory or an exported file.");
    const [{ findLog, openLog }, { replayLog }, { dataDirectoryOf }] = await Promise.all([import("../log/places.ts"), import("../log/replay-log.ts"), import("../open-sessions.ts")]);
    return replayLog(await openLog(await findLog(operand, dataDirectoryOf(call, world), world), world));
  },
};
