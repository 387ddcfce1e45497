import { CONTRACT, exitWords, isGreen, isRed, type FindingChecked, type ItemState } from "../engine/pipeline/index.ts";
import { isSameFinding } from "../record/index.ts";
import { reviewVerdictSchema, type Finding } from "../workflow/index.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { lastArtifact, type ItemSessionView } from "./session-view.ts";

/**
 * What became of a finding. `gone`: a later review of the mended change did not report it again. `repeated`: it did.
 * `open`: no later review looked. `accepted`: a nit in the last review, which stops nothing.
 */
export type FindingFate = "gone" | "repeated" | "open" | "accepted";

/** What the finding's command came to when the host ran it on the reviewed files, and on the last ones that it was run on. */
export interface FindingCheck {
  /** `not-reproduced`: it passed while the fault should have been there. `said-nothing`, `unknown-after`: it could not be run to its end, before the fix or after it. */
  readonly kind: "red-then-green" | "still-red" | "not-reproduced" | "said-nothing" | "unknown-after";
  /** How it ended, in words. */
  readonly before: string;
  /** Null where it was not run on other files. */
  readonly after: string | null;
  readonly sandbox: "bubblewrap" | "weak" | "none";
}

export interface FindingView extends Finding {
  /** The round of review that reported it. */
  readonly round: number;
  readonly fate: FindingFate;
  /** The same for the same finding of another round. */
  readonly fingerprint: string;
  readonly check?: FindingCheck | undefined;
}

/** All findings of completed reviews in order, each with what became of it. */
export function findingsOf(sessions: readonly ItemSessionView[], { checked, opening }: Pick<ItemState, "checked" | "opening">): readonly FindingView[] {
  const same = opening?.sameFindings === "identity" ? isSameFinding : sameInWords;
  const reviews = sessions
    .filter((session) => session.phase === "review" && session.outcome === "completed")
    .map((session) => ({ round: session.round, findings: reviewVerdictSchema.safeParse(lastArtifact(session, CONTRACT.reviewVerdict)).data?.findings ?? [] }));
  return reviews.flatMap(({ round, findings }, index) => {
    const later = reviews[index + 1]?.findings ?? null;
    return findings.map((finding) => ({ ...finding, round, fate: fate(finding, later, same), fingerprint: fingerprintOf(finding, null), ...checkOf(finding, round, checked) }));
  });
}

function checkOf({ reproduce }: Finding, round: number, checked: readonly FindingChecked[]): Pick<FindingView, "check"> {
  const own = checked.filter((each) => each.command === reproduce && each.round >= round);
  const [first] = own;
  const last = own.at(-1);
  if (first === undefined || last === undefined) return {};
  const after = last === first ? null : last;
  return { check: { kind: kindOf(first.result, last.result), before: wordsOf(first), after: after === null ? null : wordsOf(after), sandbox: first.result?.sandbox ?? "none" } };
}

function kindOf(before: FindingChecked["result"], last: FindingChecked["result"]): FindingCheck["kind"] {
  if (before === null || !isRed(before)) return before !== null && isGreen(before) ? "not-reproduced" : "said-nothing";
  if (last !== null && isGreen(last)) return "red-then-green";
  return last !== null && isRed(last) ? "still-red" : "unknown-after";
}

const wordsOf = ({ result, skipped }: FindingChecked): string => (result === null ? `not run: ${skipped ?? "no reason was recorded"}` : exitWords(result));

type Same = (a: Finding, b: Finding) => boolean;

function fate(finding: Finding, later: readonly Finding[] | null, same: Same): FindingFate {
  if (later === null) return finding.severity === "nit" ? "accepted" : "open";
  return later.some((other) => same(other, finding)) ? "repeated" : "gone";
}

/** In items that were opened before findings had an identity: what is proved of them must stay as it was. */
const sameInWords: Same = (a, b) => (a.file ?? "") === (b.file ?? "") && words(a.summary) === words(b.summary);

const words = (text: string): string => text.toLowerCase().replace(/\s+/g, " ").trim();
