/** Lines of a report's Markdown: what decided each step of a session, and what it did turn by turn. */
import type { Activity, ToolCall } from "./activity.ts";
import { clip } from "./excerpt.ts";
import { code, counted, plain } from "./markdown.ts";
import { formatCount, formatUsd } from "./money.ts";
import type { SessionReport } from "./report.ts";
import { passed } from "./session-view.ts";
import { contextWords } from "./context-words.ts";
import type { PathStep, StepState } from "./step-path.ts";

/** Lines of one session; the page that was made for reading all of it is the HTML one. */
const MOST_LINES = 300;
const MOST_TOOLS = 12;

const STATES: Readonly<Record<StepState, string>> = { done: "✔", skipped: "○ skipped", again: "↩ sent back", left: "⤺ rewound", waits: "● waits for a person", open: "● out", stopped: "✕ not finished" };

export function decisionLines({ name, why, view, path }: SessionReport): readonly string[] {
  const shown = path.slice(0, MOST_LINES);
  const left = path.length - shown.length;
  return [`- **${plain(name)}**: ${view.outcome ?? "not ended"}${view.reason === null ? "" : `: ${plain(clip(view.reason.message, 300))}`}`, ...(why === "" ? [] : [`  - why: ${plain(clip(why, 300))}`]), ...view.contexts.map((context) => `  - told at the start${context.conversation === 1 ? "" : ` of conversation ${context.conversation}`}: ${plain(clip(contextWords(context), 1_500))}`), ...shown.flatMap((step) => stepLines(step, view)), ...(left === 0 ? [] : [`  - (${counted(left, "more step")} in the log)`])];
}

function stepLines({ stepId, title, nodeId, state, loops, why, attempts, blockers, gates }: PathStep, { verifications }: SessionReport["view"]): readonly string[] {
  const figures = [...loops.map(plain), ...(attempts > 1 ? [`${attempts} attempts`] : [])].join(", ");
  return [
    `  - ${STATES[state]} ${title === null ? "" : `${plain(clip(title, 120))} `}${code(stepId)}${figures === "" ? "" : ` (${figures})`}${why === "" ? "" : `: ${plain(clip(why, 300))}`}`,
    ...verifications.filter((each) => each.nodeId === nodeId).map((each) => `    - ran ${inCode(each.command, 200)}: ${passed(each) ? "passed" : "**red**"}`),
    ...blockers.map((text) => `    - did not count: ${plain(clip(text, 300))}`),
    ...gates.map(({ gate, question, answer }) => `    - ${gate === "human_approval" ? "a person was asked" : "judged"}: ${plain(clip(question, 300))} — ${answer === null ? "no answer yet" : plain(clip(answer, 300))}`),
  ];
}

export function timelineLines(activity: readonly Activity[]): readonly string[] {
  const shown = activity.slice(0, MOST_LINES).map((each) => `- ${each.at.slice(11, 19)} ${each.kind === "happening" ? plain(clip(each.text, 300)) : `turn ${each.turn}, ${formatCount(each.tokens)} tokens, ${formatUsd(each.costMicroUsd)}${toolWords(each.tools)}`}`);
  const left = activity.length - shown.length;
  return left === 0 ? shown : [...shown, `- (${counted(left, "more line")} in the log)`];
}

function toolWords(tools: readonly ToolCall[]): string {
  if (tools.length === 0) return "";
  const words = tools.slice(0, MOST_TOOLS).map(({ name, about, result }) => `${inCode(`${name} ${about}`.trim(), 140)}${result === null ? " (no result)" : result.isError ? " (error)" : ""}`);
  return `: ${words.join(", ")}${tools.length > MOST_TOOLS ? ` and ${tools.length - MOST_TOOLS} more` : ""}`;
}

/** A table's cells need their bars escaped, which shows in a code span anywhere else. */
const inCode = (text: string, limit: number): string => code(clip(text, limit)).replaceAll("\\|", "|");
