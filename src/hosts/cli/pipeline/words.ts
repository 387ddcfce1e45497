/** What `worktrain pipeline explain` prints for people. */
import type { ExplainedStep, Explanation, explainModes } from "../../../engine/pipeline/index.ts";
import { printable } from "../printable.ts";

type Session = ReturnType<typeof explainModes>["modes"][number]["sessions"][number];

/** @param conditional sessions of the mode that are left out below, since no classification was given */
export function explanationText({ mode, why, steps }: Explanation, conditional: readonly Session[] = []): string {
  const head = mode === null ? "No mode is chosen." : `Mode ${mode}: ${why.join("; ")}.`;
  const left = conditional.length === 0 ? [] : ["", "These depend on how the task is classified and are left out below; --classification FILE|JSON shows them in their place:", ...conditional.map(sessionLine)];
  return printable([head, ...left, "", ...steps.flatMap(stepLines)].join("\n").trimEnd());
}

function stepLines({ phase, round, workflowId, why, allowedTools, leadsTo }: ExplainedStep): readonly string[] {
  const name = `${phase}${round > 1 ? `, round ${round}` : ""}${workflowId === null ? "" : `: ${workflowId}`}`;
  return [name, `  why: ${why}`, ...(allowedTools === null ? [] : [`  tools: ${allowedTools.join(", ")} and nothing else`]), ...leadsTo.map((each) => `  ${each.when} -> ${each.next}`), ""];
}

const sessionLine = ({ phase, workflowId, when, why }: Session): string => `  ${phase}: ${workflowId}, ${when === "always" ? "always" : `if ${when}`}. ${why}.`;

export function modesText({ rules, modes }: ReturnType<typeof explainModes>): string {
  return [
    "The mode is the first whose rule fits the task's classification, unless pipeline.mode in .github/worktrain.yml names one:",
    ...rules.map(({ mode, when }) => `  ${mode}: ${when}`),
    "",
    ...modes.flatMap(({ mode, sessions }) => [
      mode,
      ...sessions.map(sessionLine),
      "",
    ]),
    "Then, but for review-only, the review cycle. `--mode MODE` shows it session by session, `--classification FILE|JSON` for one task.",
  ].join("\n");
}
