import { jsonOption, sourceOption, type Command } from "../command.ts";

export const inspect: Command = {
  name: "inspect",
  operands: "ID|PATH",
  summary: "Shows what a workflow does: its steps, branches, loops, gates and contracts.",
  options: { source: sourceOption, json: jsonOption },
  async run(call, world) {
    const [{ inspectionText, inspectWorkflow }, { findNamedWorkflow }] = await Promise.all([import("../../../library/index.ts"), import("../named-workflow.ts")]);
    const found = findNamedWorkflow(call, world, world.workingDirectory);
    const inspection = inspectWorkflow(found, found.source);
    return { exitCode: 0, text: inspectionText(inspection), data: { workflow: inspection } };
  },
};
