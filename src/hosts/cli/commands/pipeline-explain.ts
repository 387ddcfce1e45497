import { jsonOption, type Command } from "../command.ts";

export const pipelineExplain: Command = {
  name: "pipeline explain",
  operands: "",
  summary: "Shows which sessions would run for a task, in which order, under which conditions and why.",
  about: "Asks the pipeline itself. Without a classification and a mode it shows the rules by which a mode is chosen and what each mode runs.",
  options: {
    classification: { kind: "text", value: "FILE|JSON", help: "a task's classification, as wr.classify-task hands it over" },
    mode: { kind: "text", value: "MODE", help: "as if `pipeline.mode` named it: auto, quick, implement, full, investigate, refactor or review-only" },
    confirm: { kind: "text", value: "WHEN", help: "as if `pipeline.confirm` said it: never, ambiguous, risky (default) or always" },
    slices: { kind: "text", value: "WHETHER", help: "as if `pipeline.slices` said it: auto (default) or never" },
    decompose: { kind: "text", value: "WHEN", help: "as if `pipeline.decompose` said it: never or ask (default)" },
    requires: { kind: "text", value: "WHAT", help: "as if `pipeline.requires` asked for it: shows how an issue waits" },
    "max-rounds": { kind: "text", value: "N", help: "as if `review.maxRounds` said it (default: 3)" },
    json: jsonOption,
  },
  async run(call, world) {
    const [{ conditionalIn, explainItem, explainModes }, { askedItem }, words] = await Promise.all([import("../../../engine/pipeline/index.ts"), import("../pipeline/asked-item.ts"), import("../pipeline/words.ts")]);
    const asked = askedItem(call, world);
    if (asked === null) {
      const modes = explainModes();
      return { exitCode: 0, text: words.modesText(modes), data: modes };
    }
    const explanation = explainItem(asked);
    // Without a classification none of these is on the way that is shown.
    const conditional = call.text("classification") === undefined && explanation.mode !== null ? conditionalIn(explanation.mode) : [];
    return { exitCode: 0, text: words.explanationText(explanation, conditional), data: { ...explanation, conditional } };
  },
};
