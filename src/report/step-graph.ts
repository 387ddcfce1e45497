/** The path as a Mermaid flow chart, which GitHub draws: a box a session, in it its steps and who worked for them, dashed what was passed over. */
import { mermaidLabel } from "../workflow/index.ts";
import { clip } from "./excerpt.ts";
import { showHidden } from "./neutralise.ts";
import type { Report, SessionReport, Tone } from "./report.ts";
import { nameOf, type StepState } from "./step-path.ts";

/** More steps are drawn as their number: a chart that nobody can read says less, and Mermaid refuses 500 edges or 50,000 characters. */
const MOST_STEPS = 60;
const MOST_SESSIONS = 40;
/** Of one session; more are drawn as their number. */
const MOST_HELPERS = 8;
const LABEL_CHARS = 60;
/** Steps that stand beside each other on a page; more go below each other. */
const MOST_IN_A_ROW = 5;

const CLASSES: Readonly<Record<StepState, string>> = { done: "done", skipped: "skipped", again: "waiting", left: "skipped", waits: "waiting", open: "waiting", stopped: "bad" };
const STYLES = ["classDef done stroke:#1f883d,stroke-width:2px", "classDef good stroke:#1f883d,stroke-width:3px", "classDef skipped stroke-dasharray:4 3,opacity:0.6", "classDef waiting stroke:#9a6700,stroke-width:2px", "classDef bad stroke:#cf222e,stroke-width:2px", "classDef neutral stroke-width:2px"];
const ENDS: Readonly<Record<Tone, string>> = { good: "good", bad: "bad", waiting: "waiting", neutral: "neutral" };

/** Without a fence around it; empty when no session was begun. */
export function stepGraph({ title, standing, sessions }: Report): string {
  if (sessions.length === 0) return "";
  const parties = partiesOf(sessions);
  const shown = parties.length <= MOST_SESSIONS ? parties : [...parties.slice(0, MOST_SESSIONS / 2), ...parties.slice(-MOST_SESSIONS / 2)];
  const drawn = shown.reduce((sum, { session, helpers }) => sum + session.path.length + Math.min(helpers.length, MOST_HELPERS + 1), 0) <= MOST_STEPS ? boxed : summed;
  const lines = ["flowchart TD", `  task([${label(title)}])`];
  let before: readonly string[] = ["task"];
  let wave: { readonly number: number; readonly from: readonly string[] } | null = null;
  for (const [index, party] of shown.entries()) {
    const { session } = party;
    const id = `s${index}`;
    lines.push(...drawn(party, id));
    const left = parties.length - shown.length;
    const words = left > 0 && index === MOST_SESSIONS / 2 ? `|${label(`${left} more sessions`)}|` : "";
    // Slices of one wave stand beside each other: all come from what was there before it, and what follows comes from all.
    const joins = session.wave !== null && session.wave === wave?.number;
    const from: readonly string[] = joins ? (wave?.from ?? before) : before;
    lines.push(...from.map((each) => `  ${each} -->${words} ${id}`));
    wave = session.wave === null ? null : { number: session.wave, from };
    before = joins ? [...before, id] : [id];
  }
  lines.push(`  over([${label(standing.headline)}]):::${ENDS[standing.tone]}`, ...before.map((each) => `  ${each} --> over`), ...STYLES.map((style) => `  ${style}`));
  return lines.join("\n");
}

const label = (text: string): string => `"${mermaidLabel(clip(showHidden(text).replaceAll(/\s+/g, " ").trim(), LABEL_CHARS)) || "-"}"`;

const titleOf = ({ name, view }: SessionReport): string => `${name}: ${view.outcome ?? "not ended"}`;

/** A session of the pipeline, and those that worked for it. */
interface Party {
  readonly session: SessionReport;
  readonly helpers: readonly SessionReport[];
}

/** @param sessions each followed by those that worked for it */
function partiesOf(sessions: readonly SessionReport[]): readonly Party[] {
  const roots = sessions.flatMap(({ depth }, index) => (depth === 0 || index === 0 ? [index] : []));
  return roots.flatMap((at, place) => sessions.slice(at, at + 1).map((session) => ({ session, helpers: sessions.slice(at + 1, roots[place + 1]) })));
}

function boxed({ session, helpers }: Party, id: string): readonly string[] {
  const { path } = session;
  if (path.length === 0) return summed({ session, helpers }, id);
  const lines = [`  subgraph ${id}[${label(titleOf(session))}]`, `    direction ${path.length <= MOST_IN_A_ROW ? "LR" : "TB"}`];
  for (const [index, step] of path.entries()) {
    const { state, loops, attempts } = step;
    const words = [nameOf(step), ...loops, ...(attempts > 1 ? [`${attempts} attempts`] : []), ...(state === "done" ? [] : [WORDS[state]])].join(", ");
    lines.push(`    ${id}n${index}[${label(words)}]:::${CLASSES[state]}`);
    if (index > 0) lines.push(`    ${id}n${index - 1} ${state === "skipped" || path[index - 1]?.state === "skipped" ? "-.->" : "-->"} ${id}n${index}`);
  }
  return [...lines, ...helpersOf({ session, helpers }, id), "  end"];
}

/** Beside the step that they worked for; whose helper a helper is the lists below the chart tell. */
function helpersOf({ session: { path }, helpers }: Party, id: string): readonly string[] {
  const lines = helpers.slice(0, MOST_HELPERS).flatMap((helper, index) => {
    const step = Math.max(0, path.findIndex(({ children }) => children.includes(helper.view.sessionId)));
    return [`    ${id}h${index}([${label(titleOf(helper))}]):::${classOf(helper)}`, `    ${id}n${step} -.- ${id}h${index}`];
  });
  return helpers.length <= MOST_HELPERS ? lines : [...lines, `    ${id}more([${label(`${helpers.length - MOST_HELPERS} more`)}]):::neutral`, `    ${id}n0 -.- ${id}more`];
}

const classOf = ({ view }: SessionReport): string => (view.outcome === null ? "waiting" : view.outcome === "completed" ? "done" : "bad");

const WORDS: Readonly<Record<Exclude<StepState, "done">, string>> = { skipped: "skipped", again: "sent back", left: "rewound", waits: "waits for a person", open: "out", stopped: "not finished" };

function summed({ session, helpers }: Party, id: string): readonly string[] {
  const skipped = session.path.filter(({ state }) => state === "skipped").length;
  const words = [titleOf(session), `${session.path.length - skipped} steps`, ...(skipped === 0 ? [] : [`${skipped} skipped`]), ...(helpers.length === 0 ? [] : [`${helpers.length} worked for it`])].join(", ");
  return [`  ${id}[${label(words)}]:::${classOf(session)}`];
}
