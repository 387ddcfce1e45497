/** The path as the line of a train: sessions are its stretches, steps its stations, and what was passed over lies beside the rails. */
import { clip } from "../excerpt.ts";
import { counted } from "../markdown.ts";
import { formatUsd } from "../money.ts";
import type { Report, SessionReport, Tone } from "../report.ts";
import type { PathStep, StepState } from "../step-path.ts";
import type { VerificationView } from "../session-view.ts";
import { passed } from "../session-view.ts";
import { block, html, NOTHING, said, type Markup } from "./markup.ts";
import { span } from "../span.ts";
import { anchor, tag } from "./words.ts";

const STATES = {
  done: ["done", "good"],
  skipped: ["skipped", "neutral"],
  again: ["sent back", "waiting"],
  left: ["left behind by a rewind", "neutral"],
  waits: ["waits for an answer", "waiting"],
  open: ["out", "waiting"],
  stopped: ["not finished", "bad"],
} as const satisfies Record<StepState, readonly [string, Tone]>;

const OUTCOMES: Readonly<Record<string, Tone>> = { completed: "good", blocked: "bad", failed: "bad", stopped: "bad" };

/** Steps of one session that are shown; a loop can turn without end. */
const MOST_STEPS = 400;

export const pathSection = ({ sessions, route: { mode } }: Report): Markup =>
  sessions.length === 0 ? html`<p class="quiet">No session was begun.</p>` : html`${mode === null ? NOTHING : html`<p class="mode">Pipeline <strong>${mode.mode}</strong>, since ${said(mode.why.join("; "))}.</p>`}<div class="line">${sessions.map((session) => stretch(session, new Map(sessions.map(({ view, name }) => [view.sessionId, name]))))}</div>`;

function stretch({ view, name, why, depth, path, workedMs }: SessionReport, names: ReadonlyMap<string, string>): Markup {
  const { workflow, outcome, reason, turns, costMicroUsd, sessionId } = view;
  const head = html`<h3>${said(name)} ${tag(outcome ?? "not ended", OUTCOMES[outcome ?? ""] ?? "waiting")}</h3><p class="quiet">${workflow === null ? "" : `${workflow.id} ${workflow.version} · `}${counted(turns, "turn")} · ${span(workedMs)} · ${formatUsd(costMicroUsd)} · <code>${sessionId}</code></p>${why === "" ? NOTHING : html`<p class="why">${said(clip(why, 300))}</p>`}`;
  const shown = path.length <= MOST_STEPS ? path : path.slice(0, MOST_STEPS);
  const left = path.length - shown.length;
  return html`<article id="${anchor(sessionId)}" class="stretch depth-${Math.min(depth, 3)} ${OUTCOMES[outcome ?? ""] ?? "waiting"}">${head}${reason === null ? NOTHING : block(reason.message, 2_000)}<ol class="stations">${shown.map((step) => station(step, view.verifications.filter(({ nodeId }) => nodeId === step.nodeId), names))}</ol>${left === 0 ? NOTHING : html`<p class="quiet">${left} more steps are in the log.</p>`}</article>`;
}

function station({ stepId, title, state, loops, why, attempts, blockers, gates, children, turns, costMicroUsd }: PathStep, verifications: readonly VerificationView[], names: ReadonlyMap<string, string>): Markup {
  const [words, tone] = STATES[state];
  const figures = [...loops, ...(attempts > 1 ? [`${attempts} attempts`] : []), ...(turns === 0 ? [] : [counted(turns, "turn"), formatUsd(costMicroUsd)])].join(" · ");
  return html`<li class="${state}"><p class="name"><strong>${said(title ?? stepId)}</strong>${title === null ? NOTHING : html` <code class="id">${stepId}</code>`} ${state === "done" ? html`<span class="unseen">done</span>` : tag(words, tone)} <span class="quiet">${figures}</span></p>${why === "" ? NOTHING : html`<p class="why">${said(why)}</p>`}${verifications.map(ran)}${blockers.map((text) => html`<div class="blocker"><p>Did not count:</p>${block(text, 1_000)}</div>`)}${gates.map(({ gate, question, answer }) => html`<div class="gate"><p>${gate === "human_approval" ? "A person was asked:" : "Its work was judged:"}</p>${block(question, 1_000)}<p>${answer === null ? "There is no answer yet." : said(answer)}</p></div>`)}${children.length === 0 ? NOTHING : html`<p class="quiet">Worked for it: ${children.map((id, index) => html`${index === 0 ? "" : ", "}${names.has(id) ? html`<a href="#${anchor(id)}">${said(names.get(id) ?? id)}</a>` : html`<code>${id}</code>`}`)}</p>`}</li>`;
}

const ran = (verification: VerificationView): Markup => {
  const { command, exitCode, timedOut, durationMs, outdated } = verification;
  const end = timedOut ? "timed out" : exitCode === null ? "ended by a signal" : `exit code ${exitCode}`;
  return html`<p class="ran"><code>${command}</code> ${tag(end, passed(verification) ? "good" : "bad")} <span class="quiet">${span(durationMs)}${outdated ? "; files were changed after it" : ""}</span></p>`;
};
