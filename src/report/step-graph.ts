/** The path as a Mermaid flow chart, which GitHub draws: a box a session, its steps in it, dashed what was passed over. */
import { mermaidLabel } from "../workflow/index.ts";
import { clip } from "./excerpt.ts";
import { showHidden } from "./neutralise.ts";
import type { Report, SessionReport, Tone } from "./report.ts";
import { nameOf, type StepState } from "./step-path.ts";

/** More steps are drawn as their number: a chart that nobody can read says less, and Mermaid refuses 500 edges or 50,000 characters. */
const MOST_STEPS = 60;
const MOST_SESSIONS = 40;
const LABEL_CHARS = 60;
/** Steps that stand beside each other on a page; more go below each other. */
const MOST_IN_A_ROW = 5;

const CLASSES: Readonly<Record<StepState, string>> = { done: "done", skipped: "skipped", again: "waiting", left: "skipped", waits: "waiting", open: "waiting", stopped: "bad" };
const STYLES = ["classDef done stroke:#1f883d,stroke-width:2px", "classDef good stroke:#1f883d,stroke-width:3px", "classDef skipped stroke-dasharray:4 3,opacity:0.6", "classDef waiting stroke:#9a6700,stroke-width:2px", "classDef bad stroke:#cf222e,stroke-width:2px", "classDef neutral stroke-width:2px"];
const ENDS: Readonly<Record<Tone, string>> = { good: "good", bad: "bad", waiting: "waiting", neutral: "neutral" };

/** Without a fence around it; empty when no session was begun. */
export function stepGraph({ title, standing, sessions }: Report): string {
  if (sessions.length === 0) return "";
  const shown = sessions.length <= MOST_SESSIONS ? sessions : [...sessions.slice(0, MOST_SESSIONS / 2), ...sessions.slice(-MOST_SESSIONS / 2)];
  const drawn = shown.reduce((sum, { path }) => sum + path.length, 0) <= MOST_STEPS ? boxed : summed;
  const lines = ["flowchart TD", `  task([${label(title)}])`];
  let before: readonly string[] = ["task"];
  let root = "task";
  let wave: { readonly number: number; readonly from: readonly string[] } | null = null;
  for (const [index, session] of shown.entries()) {
    const id = `s${index}`;
    lines.push(...drawn(session, id));
    if (session.depth > 0) {
      lines.push(`  ${root} -.- ${id}`);
      continue;
    }
    const left = sessions.length - shown.length;
    const words = left > 0 && index === MOST_SESSIONS / 2 ? `|${label(`${left} more sessions`)}|` : "";
    // Slices of one wave stand beside each other: all come from what was there before it, and what follows comes from all.
    const joins = session.wave !== null && session.wave === wave?.number;
    const from: readonly string[] = joins ? (wave?.from ?? before) : before;
    lines.push(...from.map((each) => `  ${each} -->${words} ${id}`));
    wave = session.wave === null ? null : { number: session.wave, from };
    before = joins ? [...before, id] : [id];
    root = id;
  }
  lines.push(`  over([${label(standing.headline)}]):::${ENDS[standing.tone]}`, ...before.map((each) => `  ${each} --> over`), ...STYLES.map((style) => `  ${style}`));
  return lines.join("\n");
}

const label = (text: string): string => `"${mermaidLabel(clip(showHidden(text).replaceAll(/\s+/g, " ").trim(), LABEL_CHARS)) || "-"}"`;

const titleOf = ({ name, view }: SessionReport): string => `${name}: ${view.outcome ?? "not ended"}`;

function boxed(session: SessionReport, id: string): readonly string[] {
  const { path } = session;
  if (path.length === 0) return summed(session, id);
  const lines = [`  subgraph ${id}[${label(titleOf(session))}]`, `    direction ${path.length <= MOST_IN_A_ROW ? "LR" : "TB"}`];
  for (const [index, step] of path.entries()) {
    const { state, loops, attempts } = step;
    const words = [nameOf(step), ...loops, ...(attempts > 1 ? [`${attempts} attempts`] : []), ...(state === "done" ? [] : [WORDS[state]])].join(", ");
    lines.push(`    ${id}n${index}[${label(words)}]:::${CLASSES[state]}`);
    if (index > 0) lines.push(`    ${id}n${index - 1} ${state === "skipped" || path[index - 1]?.state === "skipped" ? "-.->" : "-->"} ${id}n${index}`);
  }
  return [...lines, "  end"];
}

const WORDS: Readonly<Record<Exclude<StepState, "done">, string>> = { skipped: "skipped", again: "sent back", left: "rewound", waits: "waits for a person", open: "out", stopped: "not finished" };

function summed(session: SessionReport, id: string): readonly string[] {
  const skipped = session.path.filter(({ state }) => state === "skipped").length;
  const words = [titleOf(session), `${session.path.length - skipped} steps`, ...(skipped === 0 ? [] : [`${skipped} skipped`])].join(", ");
  return [`  ${id}[${label(words)}]:::${session.view.outcome === null ? "waiting" : session.view.outcome === "completed" ? "done" : "bad"}`];
}
