import { TerminalError } from "../../../shared/errors.ts";
import { jsonOption, sourceOption, type Command } from "../command.ts";

export const preview: Command = {
  name: "preview",
  operands: "ID|PATH",
  summary: "Draws the compiled graph of a workflow, with what routines and features put in.",
  options: { format: { kind: "text", value: "mermaid|json", help: "how it is drawn (default: mermaid)" }, source: sourceOption, json: { ...jsonOption, help: "the same as --format json" } },
  async run(call, world) {
    const format = call.text("format") ?? "mermaid";
    if (format !== "mermaid" && format !== "json") throw new TerminalError(`--format ${format} is unknown.`, "Use mermaid or json.");
    const [{ previewPlan, toMermaid }, { findNamedWorkflow }] = await Promise.all([import("../../../workflow/index.ts"), import("../named-workflow.ts")]);
    const graph = previewPlan(findNamedWorkflow(call, world, world.workingDirectory).plan);
    return { exitCode: 0, text: format === "json" ? JSON.stringify(graph) : toMermaid(graph).trimEnd(), data: { ...graph } };
  },
};
