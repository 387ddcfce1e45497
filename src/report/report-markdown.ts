/**
 * A report as GitHub Markdown: the summary of a job, or a file.
 *
 * I8. Text from outside goes through `markdown.ts` or into a Mermaid label, and nowhere else; each part is bounded by itself, so that no
 *     cut falls into a fence or an element and leaves it open.
 */
import { statementText } from "../workflow/index.ts";
import { clip } from "./excerpt.ts";
import { code, counted, cut, plain, plainWithCode, quote, table } from "./markdown.ts";
import { formatCost, formatCount, formatUsd, totalTokens } from "./money.ts";
import { neutraliseLine } from "./neutralise.ts";
import { broughtTable, findingsTable, proofTable } from "./proof.ts";
import type { Report, SessionReport, Tone } from "./report.ts";
import { slicesMarkdown } from "./slices.ts";
import { span } from "./span.ts";
import { stepGraph } from "./step-graph.ts";
import { decisionLines, timelineLines } from "./report-lines.ts";

/** Characters of each part, before the next one begins; of all parts but the timeline together some 220,000. */
const MAX_CHARS = { asked: 20_000, understood: 10_000, first: 15_000, slices: 15_000, decisions: 40_000, change: 25_000, findings: 30_000, proof: 20_000, published: 10_000, cost: 25_000 } as const;
const CUT = "*Cut here; the log has the rest.*";
const MOST_LISTED = 20;
/** A longer title is quoted whole where what was asked is. */
const TITLE_CHARS = 200;

const SIGNS = { good: "✅", bad: "❌", waiting: "⚠️", neutral: "➖" } as const satisfies Record<Tone, string>;

/** Room for everything with the timelines of some sessions; GitHub drops a summary over 1 MiB as a whole (P-step-summary), and a character has at most 4 bytes. */
const MAX_REPORT_CHARS = 250_000;

/**
 * @returns at most 250,000 characters; where it is full, the timelines of sessions are left out one by one
 * @param heading what stands above the report in place of its own heading; Markdown, harmless, at most 20,000 characters
 */
export function reportMarkdown(report: Report, heading: string | null = null): string {
  const parts = [heading ?? head(report), figures(report), ...bodyParts(report)].filter((part) => part !== "");
  const foot = `<sub>From the log of ${code(report.id)} alone: ${report.lines} lines in ${report.streams} ${report.streams === 1 ? "stream" : "streams"}.</sub>`;
  let room = MAX_REPORT_CHARS - [...parts, foot].reduce((sum, part) => sum + part.length + 2, 0) - TIMELINE.length - 200;
  const timelines: string[] = [];
  let left = 0;
  for (const session of report.sessions) {
    const text = timeline(session);
    if (text === "") continue;
    if (text.length + 2 > room) left += 1;
    else timelines.push(text);
    room -= text.length + 2 > room ? 0 : text.length + 2;
  }
  if (left > 0) timelines.push(`*The turns of ${counted(left, "more session")} do not fit here; the log has them.*`);
  return [...parts, ...(timelines.length === 0 ? [] : [TIMELINE, ...timelines]), foot].join("\n\n");
}

const TIMELINE = "#### Turns and tools";

const section = (title: string, text: string, limit: number): string => (text.trim() === "" ? "" : `#### ${title}\n${cut(text, limit, CUT)}`);

function bodyParts(report: Report): readonly string[] {
  return [
    section("What to look at first", first(report), MAX_CHARS.first),
    section("What was asked", quoted(report.title.length > TITLE_CHARS ? `${report.title}\n\n${report.asked.text}` : report.asked.text, MAX_CHARS.asked), MAX_CHARS.asked * 2),
    section("How it was understood", understood(report), MAX_CHARS.understood * 2),
    report.slices === null ? "" : section("The slices", slicesMarkdown(report.slices), MAX_CHARS.slices),
    path(report),
    section("The change", change(report), MAX_CHARS.change),
    section("Findings and fixes", [findingsTable(report), ...(report.brought.length === 0 ? [] : [`**What each reviewer brought**\n\n${broughtTable(report)}`])].filter((part) => part !== "").join("\n\n"), MAX_CHARS.findings),
    section("Proof", `${proofTable(report.proof)}\n\nWhat the agent job says is a claim: it ran what the model wrote. What GitHub says can be looked up there.`, MAX_CHARS.proof),
    section("What was published", published(report), MAX_CHARS.published),
    section("What it cost", cost(report), MAX_CHARS.cost),
  ];
}

const figures = (report: Report): string =>
  [`**${formatCost(report)}**`, counted(report.turns, "model turn"), `${span(report.workedMs)} at work`, ...(report.kind === "item" ? [counted(report.reviewRounds, "completed review")] : [])].join(" · ");

function head({ standing, title }: Report): string {
  const parts = [`### ${SIGNS[standing.tone]} ${plain(standing.headline)}`, `**${plain(clip(title, TITLE_CHARS))}**`, `${standing.meaning}${standing.next === null ? "" : ` **What to do:** ${plainWithCode(clip(standing.next, 2_000))}`}`, standing.reason === null ? "" : quoted(standing.reason.message, 4_000)];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** Outside text as a quotation, no longer than the limit. */
const quoted = (text: string, limit: number): string => (text.trim() === "" ? "" : quote(text.length <= limit ? text : `${text.slice(0, limit).toWellFormed()}\n(cut here; the log has the rest)`));

const first = ({ lookFirst }: Report): string => lookFirst.map(({ tone, what, said }) => `- ${SIGNS[tone]} ${what}${said === null ? "" : `: ${plain(clip(said, 400))}`}`).join("\n");

function understood({ understood: classified, route: { answer } }: Report): string {
  if (classified === null) return "";
  const { interpretation = "", taskComplexity, riskLevel, taskMaturity } = classified;
  const facts = Object.entries({ complexity: taskComplexity, risk: riskLevel, maturity: taskMaturity }).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
  return [quoted(interpretation, MAX_CHARS.understood), facts.join(", "), list("Ambiguities", classified.ambiguities), answer === null ? "" : `**${answer.verdict === "approved" ? "Approved" : "Rejected"}** by ${plain(answer.by)}${answer.reason === undefined ? "" : `: ${plain(clip(answer.reason, 500))}`}`].filter((part) => part !== "").join("\n\n");
}

function path(report: Report): string {
  const graph = stepGraph(report);
  if (graph === "") return "";
  const decisions = cut(report.sessions.flatMap(decisionLines).join("\n"), MAX_CHARS.decisions, CUT);
  const { mode } = report.route;
  const way = mode === null ? "" : `Pipeline **${mode.mode}**, since ${plain(clip(mode.why.join("; "), 1_000))}.\n\n`;
  return `#### The path\n${way}\`\`\`mermaid\n${graph}\n\`\`\`\n\n<details><summary>Each step and what decided it</summary>\n\n${decisions}\n\n</details>`;
}

function change({ handoff, files }: Report): string {
  const words = handoff?.prBody ?? handoff?.commitSubject ?? "";
  return [
    quoted(words, 10_000),
    list("Decisions", handoff?.keyDecisions),
    list("Assumptions corrected", handoff?.correctedAssumptions?.map(statementText)),
    list("Tests added", handoff?.testsAdded),
    list("Known limits", handoff?.knownLimitations),
    list("Side effects", handoff?.sideEffects),
    listed("Files", files.changed.map(({ path: file, bytes }) => `${code(file)}${bytes === null ? " (deleted)" : ""}`)),
    listed("Differs and is not in the change", files.leftOut.map(({ path: file, reason }) => `${code(file)}: ${plain(clip(reason, 300))}`)),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

const list = (title: string, texts: readonly string[] | undefined): string => listed(title, (texts ?? []).map((text) => plain(clip(text, 500))));

function listed(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  const more = lines.length > MOST_LISTED ? [`- (${lines.length - MOST_LISTED} more in the log)`] : [];
  return [`**${title}**`, ...lines.slice(0, MOST_LISTED).map((line) => `- ${line}`), ...more].join("\n");
}

function published({ effects, delivery }: Report): string {
  const done = effects.map(({ intent, id, url, adopted }) => `- ${plain(intent)} ${code(id)}${adopted ? " (was there already)" : ""}${url === null ? "" : `: ${address(url)}`}`);
  const reason = delivery?.reason ?? null;
  const end = reason === null ? [] : [quoted(`${reason.message}\n${reason.fix}`, 4_000)];
  return [...(done.length === 0 ? [] : [done.join("\n")]), ...end].join("\n\n");
}

/** An address shown in full; a link only where its letters can end neither the link nor the code span. */
const address = (url: string): string => (/^https?:\/\/[\w.:/#?=&%~+-]+$/.test(url) ? `[\`${url}\`](${url})` : code(url));

function cost({ sessions, turns, usage, costMicroUsd, workedMs }: Report): string {
  const rows = sessions.map(({ view, name, why, depth, workedMs: ms }) => [
    `${"↳ ".repeat(Math.min(depth, 5))}${plain(name)}${depth === 0 || why === "" ? "" : `: ${plain(clip(why, 80))}`}`,
    view.outcome ?? "not ended",
    String(view.turns),
    span(ms),
    formatCount(totalTokens(view.usage)),
    formatUsd(view.costMicroUsd),
    view.workflow === null ? "" : `${code(view.workflow.id)} ${plain(view.workflow.version)}`,
    view.models.map(code).join(", "),
  ]);
  return table(["Session", "Outcome", "Turns", "Time", "Tokens", "Cost", "Workflow", "Model"], [...rows, ["**all**", "", String(turns), span(workedMs), formatCount(totalTokens(usage)), formatUsd(costMicroUsd), "", ""]]);
}

/** Within an element Markdown's escapes would show, so that signs of HTML are written as entities. */
const inElement = (text: string): string => neutraliseLine(text, "session").replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function timeline({ name, view, activity }: SessionReport): string {
  const lines = timelineLines(activity);
  return lines.length === 0 ? "" : `<details><summary>${inElement(name)}: ${counted(view.turns, "turn")}, ${counted(view.toolCalls, "tool call")}</summary>\n\n${lines.join("\n")}\n\n</details>`;
}
