/** Every turn of the model and every tool call, folded away by session, over a chart of when each was at work. */
import type { Activity, ToolCall, Turn } from "../activity.ts";
import { clip } from "../excerpt.ts";
import type { ContextView } from "../context-words.ts";
import { counted } from "../markdown.ts";
import { formatCount, formatUsd } from "../money.ts";
import type { Report, SessionReport } from "../report.ts";
import { block, html, NOTHING, said, type Markup } from "./markup.ts";
import { span } from "../span.ts";
import { clock, tag } from "./words.ts";

/** What the tools' inputs and outputs may take in all; divided among the calls, so that a long session is shown as evenly as a short one. */
const ALL_TOOL_CHARS = 3_000_000;
const TOOL_CHARS = { least: 200, most: 6_000 } as const;
/** Lines of one session that are shown. */
const MOST_LINES = 2_000;
/** A bar that is seen, in per cent. */
const LEAST_WIDTH = 0.6;

export function timelineSection({ sessions, began, last }: Report): Markup | null {
  if (sessions.length === 0 || began === null || last === null) return null;
  const calls = sessions.reduce((sum, { view }) => sum + view.toolCalls, 0);
  const limit = Math.min(TOOL_CHARS.most, Math.max(TOOL_CHARS.least, Math.floor(ALL_TOOL_CHARS / Math.max(1, calls * 2))));
  return html`${chart(sessions, Date.parse(began), Date.parse(last))}${sessions.map((session) => told(session, limit))}`;
}

function chart(sessions: readonly SessionReport[], from: number, to: number): Markup {
  const whole = Math.max(1, to - from);
  const share = (at: string): number => Math.min(100, Math.max(0, ((Date.parse(at) - from) / whole) * 100));
  const rows = sessions.flatMap(({ view, name, activity }) => {
    if (view.startedAt === null) return [];
    const start = Math.min(share(view.startedAt), 100 - LEAST_WIDTH);
    const width = Math.max(LEAST_WIDTH, share(view.endedAt ?? activity.at(-1)?.at ?? view.startedAt) - start);
    return [html`<div class="row"><span>${said(name)}</span><svg width="100%" height="14" aria-hidden="true"><rect x="${start.toFixed(2)}%" width="${width.toFixed(2)}%" y="2" height="10" rx="5"/></svg></div>`];
  });
  return html`<div class="chart">${rows}<p class="quiet">${span(whole)} from the first line of the log to the last</p></div>`;
}

function told({ view, name, why, depth, activity, workedMs }: SessionReport, limit: number): Markup {
  const shown = activity.slice(0, MOST_LINES);
  const left = activity.length - shown.length;
  return html`<details class="session"><summary><strong>${said(name)}</strong>${depth === 0 || why === "" ? NOTHING : html` <span class="brief">${said(clip(why, 80))}</span>`} <span class="quiet">${counted(view.turns, "turn")} · ${counted(view.toolCalls, "tool call")} · ${span(workedMs)} · ${formatUsd(view.costMicroUsd)}</span></summary>${view.contexts.map(toldAtStart)}<ol class="activity">${shown.map((each) => line(each, limit))}</ol>${left === 0 ? NOTHING : html`<p class="quiet">${formatCount(left)} more lines are in the log.</p>`}</details>`;
}

/** The package that a conversation was opened with. What a section held is in the log, in the conversation's first message. */
function toldAtStart({ conversation, policy, budgetTokens, tokens, sections, leftOut }: ContextView): Markup {
  const rows = [...sections.map((each) => html`<li><strong>${each.name}</strong> <span class="quiet">about ${formatCount(each.tokens)} tokens, from ${said(each.source)}</span></li>`), ...leftOut.map(({ name, what, tokens: size, why, how }) => html`<li>${tag("left out", "waiting")} <strong>${name}</strong>, ${said(what)} <span class="quiet">about ${formatCount(size)} tokens; ${why}; ${how}</span></li>`)];
  return html`<details class="told"><summary>Told at the start${conversation === 1 ? "" : ` of conversation ${conversation}`}: <strong>${policy}</strong> <span class="quiet">about ${formatCount(tokens)} of ${formatCount(budgetTokens)} tokens beside the step</span></summary>${rows.length === 0 ? html`<p class="quiet">Nothing beside the step.</p>` : html`<ul>${rows}</ul>`}</details>`;
}

function line(activity: Activity, limit: number): Markup {
  if (activity.kind === "turn") return turn(activity, limit);
  return html`<li class="happening"><time>${clock(activity.at)}</time><div>${block(activity.text, 1_000)}</div></li>`;
}

const turn = ({ at, turn: number, tokens, costMicroUsd, thinking, says, tools }: Turn, limit: number): Markup =>
  html`<li class="turn"><time>${clock(at)}</time><div><p class="quiet">Turn ${number} · ${formatCount(tokens)} tokens · ${formatUsd(costMicroUsd)}</p>${thinking.trim() === "" ? NOTHING : html`<div class="thinking">${block(thinking, limit)}</div>`}${says.trim() === "" ? NOTHING : block(says, limit)}${tools.map((call) => tool(call, limit))}</div></li>`;

function tool({ name, about, input, result }: ToolCall, limit: number): Markup {
  const [first = ""] = about.slice(0, 300).split("\n", 1);
  const end = result === null ? tag("no result in the log", "waiting") : result.isError ? tag("error", "bad") : NOTHING;
  const whole = Object.entries(input).map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value, null, 2)}`).join("\n");
  return html`<details class="tool"><summary><code>${name}</code> <span class="about">${said(first)}</span> ${end} <span class="quiet">${result === null ? "" : span(result.durationMs)}</span></summary>${whole === "" ? NOTHING : html`<h4>Asked</h4>${block(whole, limit, "output")}`}${result === null ? NOTHING : html`<h4>Answered</h4>${block(result.content, limit, "output")}`}</details>`;
}
