import { TerminalError } from "../../../shared/errors.ts";
import { dataOption, jsonOption, type Command } from "../command.ts";

export const report: Command = {
  name: "report",
  operands: "SESSION|ITEM|JOURNAL",
  summary: "Tells all of a work item or a session on one page: what was asked, the path, findings, proof, cost, and what to look at first.",
  about: `It is made from the log alone, which is what \`verify\` takes, but for a run. The HTML page needs nothing else: no script, no request; it opens
from a disk, on a phone and on paper. The Markdown is made for GitHub, with a Mermaid chart of the steps. Without --html the Markdown is
printed. Of a session that worked for an item, that session and those that worked for it are told.`,
  options: {
    html: { kind: "text", value: "FILE", help: "writes the page to this file" },
    markdown: { kind: "optional", value: "FILE", help: "writes the Markdown to this file, or prints it when none is named" },
    force: { kind: "flag", help: "replaces files that are there" },
    data: dataOption,
    json: jsonOption,
  },
  async run(call, world) {
    const [operand] = call.positionals;
    if (operand === undefined) throw new TerminalError("`worktrain report` needs a session or an item.", "Name it before the options: worktrain report ITEM --markdown.");
    const [{ findLog, openLog }, { reportLog }, { dataDirectoryOf }] = await Promise.all([import("../log/places.ts"), import("../log/report-log.ts"), import("../open-sessions.ts")]);
    const log = await openLog(await findLog(operand, dataDirectoryOf(call, world), world), world);
    return reportLog(log, { operand, html: call.text("html"), markdown: call.text("markdown"), force: call.flag("force") }, world);
  },
};
