/** A change that was cut into slices: the plan, what became of each part, and how they hang together. */
import { plannedSlices, type ItemState, type SliceStanding } from "../engine/pipeline/index.ts";
import { unreachable } from "../shared/unreachable.ts";
import { mermaidLabel } from "../workflow/index.ts";
import { clip } from "./excerpt.ts";
import { code, plain, table } from "./markdown.ts";
import { showHidden } from "./neutralise.ts";

type Tone = "good" | "bad" | "waiting" | "neutral";

export interface SliceView {
  readonly id: string;
  readonly title: string;
  readonly files: readonly string[];
  readonly dependsOn: readonly string[];
  /** Of those that were at work at the same time; null when it was not begun. */
  readonly wave: number | null;
  /** Its own, and the one that resolved its conflict. */
  readonly sessions: readonly string[];
  readonly tone: Tone;
  /** What became of it, in words; what a session said of itself is in it. */
  readonly standing: string;
}

/** Null for a change that was made in one piece. */
export function slicesOf(state: ItemState): readonly SliceView[] | null {
  return (
    plannedSlices(state)?.map(({ id, title, files, dependsOn, standing }) => {
      const sessions = state.sessions.filter(({ slice }) => slice?.id === id);
      return { id, title, files, dependsOn, wave: sessions[0]?.slice?.wave ?? null, sessions: sessions.map(({ sessionId }) => sessionId), ...told(state, id, standing) };
    }) ?? null
  );
}

const HOW = { nothing: "changed no file", "fast-forward": "integrated; nothing else had changed since it began", merged: "integrated by a three-way merge", resolved: "integrated; a session resolved its conflict" } as const;

function told(state: ItemState, id: string, standing: SliceStanding): Pick<SliceView, "tone" | "standing"> {
  switch (standing.kind) {
    case "integrated": {
      const how = state.integrated.find(({ sliceId }) => sliceId === id)?.how ?? "merged";
      return { tone: "good", standing: HOW[how] };
    }
    case "waiting":
      return { tone: "neutral", standing: "not begun" };
    case "working":
      return { tone: "waiting", standing: "at work" };
    case "done":
      return { tone: "waiting", standing: "done, not merged yet" };
    case "conflicted":
    case "resolving":
      return { tone: "waiting", standing: "its conflict is not resolved yet" };
    case "failed":
      return { tone: "bad", standing: `failed: ${standing.why}` };
    default:
      return unreachable(standing);
  }
}

const CLASSES: Readonly<Record<Tone, string>> = { good: "good", bad: "bad", waiting: "waiting", neutral: "skipped" };
const STYLES = ["classDef good stroke:#1f883d,stroke-width:3px", "classDef skipped stroke-dasharray:4 3,opacity:0.6", "classDef waiting stroke:#9a6700,stroke-width:2px", "classDef bad stroke:#cf222e,stroke-width:3px"];

/** Which slice waits for which, as a Mermaid flow chart; without a fence around it. */
export function sliceGraph(slices: readonly SliceView[]): string {
  const nodeOf = new Map(slices.map(({ id }, index) => [id, `p${index}`]));
  const lines = slices.flatMap(({ id, title, dependsOn, tone }) => [
    `  ${nodeOf.get(id) ?? "p"}["${mermaidLabel(clip(showHidden(`${id}: ${title}`).replaceAll(/\s+/g, " ").trim(), 60)) || "-"}"]:::${CLASSES[tone]}`,
    ...dependsOn.map((before) => `  ${nodeOf.get(before) ?? "p"} --> ${nodeOf.get(id) ?? "p"}`),
  ]);
  return ["flowchart LR", ...lines, ...STYLES.map((style) => `  ${style}`)].join("\n");
}

/** The graph and a table, as GitHub Markdown. */
export function slicesMarkdown(slices: readonly SliceView[]): string {
  const rows = slices.map(({ id, title, files, wave, standing }) => [code(id), plain(clip(title, 120)), wave === null ? "" : String(wave), plain(clip(standing, 300)), files.slice(0, 5).map(code).join(", ") + (files.length > 5 ? ` and ${files.length - 5} more` : "")]);
  return `\`\`\`mermaid\n${sliceGraph(slices)}\n\`\`\`\n\n${table(["Slice", "What", "Wave", "Came to", "Files"], rows)}`;
}
