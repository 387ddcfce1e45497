import { CONTRACT } from "../engine/pipeline/index.ts";
import { reviewVerdictSchema, type Finding } from "../workflow/index.ts";
import { lastArtifact, type ItemSessionView } from "./session-view.ts";

/**
 * What became of a finding. `gone`: a later review of the mended change did not report it again. `repeated`: it did.
 * `open`: no later review looked. `accepted`: a nit in the last review, which stops nothing.
 */
export type FindingFate = "gone" | "repeated" | "open" | "accepted";

export interface FindingView extends Finding {
  /** The round of review that reported it. */
  readonly round: number;
  readonly fate: FindingFate;
}

/** All findings of completed reviews in order, each with what became of it. */
export function findingsOf(sessions: readonly ItemSessionView[]): readonly FindingView[] {
  const reviews = sessions
    .filter((session) => session.phase === "review" && session.outcome === "completed")
    .map((session) => ({ round: session.round, findings: reviewVerdictSchema.safeParse(lastArtifact(session, CONTRACT.reviewVerdict)).data?.findings ?? [] }));
  return reviews.flatMap(({ round, findings }, index) => {
    const later = reviews[index + 1];
    return findings.map((finding) => ({ ...finding, round, fate: fate(finding, later?.findings ?? null) }));
  });
}

function fate(finding: Finding, later: readonly Finding[] | null): FindingFate {
  if (later === null) return finding.severity === "nit" ? "accepted" : "open";
  return later.some((other) => same(other, finding)) ? "repeated" : "gone";
}

/** The same finding in the reviewer's words: same file and same summary, letter case and spacing aside; lines move. */
const same = (a: Finding, b: Finding): boolean => (a.file ?? "") === (b.file ?? "") && words(a.summary) === words(b.summary);

const words = (text: string): string => text.toLowerCase().replace(/\s+/g, " ").trim();
