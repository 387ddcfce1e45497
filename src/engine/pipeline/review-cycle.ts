/**
 * From a change to its delivery: review -> (audit ->) fix -> review, until nothing is open or the rounds are used up. Commands that
 * findings carry are run by the host before the fix and after it.
 *
 * I9. A review or an audit that is missing or unreadable never counts as clean.
 */
import { isSameFinding } from "../../record/index.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { reviewVerdictSchema, verdictOf, type Finding, type ReviewVerdict } from "../../workflow/index.ts";
import { noArtifact, runSession, stop, type ItemAction } from "./action.ts";
import { AUDITS, CONTRACT, FIX, REVIEW } from "./course.ts";
import { goesBy } from "./editions.ts";
import { afterMerge, answeredWithoutChange, roundsSinceDelivery } from "./follow-up.ts";
import { checkAfterFix, checkBeforeFix, notMended, testsBefore, withCheck } from "./host-checks.ts";
import { scopeFindings } from "./scope.ts";
import { artifactOf, hasModes, type ItemSession, type ItemState } from "./state.ts";

/** Of the review that gates a delivery: it reads and judges, and executes nothing, whatever its workflow allows. */
export const REVIEW_TOOLS = ["read", "glob", "grep"] as const;

const shows = (words: string): string => `every change is reviewed before it is delivered: ${words}`;

export function afterChange(state: ItemState, last: ItemSession): ItemAction {
  const modes = hasModes(state);
  const nothing = state.snapshot === null || state.snapshot.changedFiles === 0 || (modes && last.phase === "code" && last.result?.snapshot === null);
  if (nothing) return stop("nothing-to-do", "The coding session completed and no file differs from the base.", "Say in the task what should change, then start it again.");
  const handoff = artifactOf(last, CONTRACT.codingHandoff);
  // A workflow that was asked for by name need not know the pipeline's contracts.
  if (modes && handoff === null && !(last.phase === "code" && state.opening?.workflowId !== undefined)) return noArtifact(last, CONTRACT.codingHandoff);
  const answered = last.phase === "fix" ? (answeredWithoutChange(state, last) ?? afterMerge(state)) : null;
  if (answered !== null) return answered;
  const check = last.phase === "fix" ? checkAfterFix(state, last.round) : null;
  if (check !== null) return check;
  const review = runSession({ phase: "review", round: last.round, workflowId: REVIEW.workflowId, context: { handoff, ...testsBefore(state) } });
  return modes ? { ...review, allowedTools: REVIEW_TOOLS, why: shows(last.phase === "fix" ? "the fix has made new code" : "this is the first version") } : review;
}

interface Judged {
  /** Everything that is open, as it is handed on: the review's, the host's, and those of audits of this round. */
  readonly findings: readonly (Finding & JsonObject)[];
  readonly verdict: ReturnType<typeof verdictOf>;
}

/** What the last round's review comes to, with what the host itself found; null when its verdict cannot be read. */
function judged(state: ItemState, round: number): Judged | null {
  const ofRound = (phase: "review" | "audit") => state.sessions.filter((each) => each.phase === phase && each.round === round);
  const reviews = [ofRound("review").at(-1), ...ofRound("audit")].map((each) => (each === undefined ? undefined : reviewVerdictSchema.safeParse(artifactOf(each, CONTRACT.reviewVerdict)).data));
  const [review, ...audits] = reviews;
  if (review === undefined || audits.includes(undefined)) return null;
  const said = [...review.findings, ...audits.flatMap((audit) => audit?.findings ?? [])];
  const all = [...review.findings, ...(goesBy(3, state.opening?.pipeline) ? unnamed(review) : []), ...notMended(state, round, said), ...(hasModes(state) ? scopeFindings(state) : []), ...audits.flatMap((audit) => audit?.findings ?? [])];
  return { findings: all as (Finding & JsonObject)[], verdict: verdictOf({ verdict: review.verdict, findings: all }) };
}

/** A verdict that none of its findings accounts for: its own words are then the finding, so that a fix knows what is wrong and a stop says why. */
function unnamed(review: ReviewVerdict): readonly Finding[] {
  if (review.verdict === "clean" || review.findings.some(({ severity }) => severity !== "nit")) return [];
  return [{ severity: review.verdict === "blocking" ? "major" : "minor", summary: review.summary }];
}

export function afterReview(state: ItemState, last: ItemSession): ItemAction {
  const open = judged(state, last.round);
  if (open === null) return noArtifact(last, CONTRACT.reviewVerdict);
  if (state.snapshot === null) return stop("internal", "A review completed with nothing to review.", "Please report this with the journal.");
  if (open.verdict === "clean") return { kind: "deliver", snapshot: state.snapshot };
  const maxRounds = state.opening?.maxReviewRounds ?? 1;
  const rounds = roundsSinceDelivery(state, last.round);
  if (rounds >= maxRounds) return exhausted(state, rounds, open.findings);
  return open.verdict === "blocking" && hasModes(state) ? nextAudit(state, last.round, open.findings) : fix(state, last.round, open.findings);
}

export function afterAudit(state: ItemState, last: ItemSession): ItemAction {
  const open = judged(state, last.round);
  return open === null ? noArtifact(last, CONTRACT.reviewVerdict) : nextAudit(state, last.round, open.findings);
}

type Audit = keyof typeof AUDITS;

/** Which audit looks at what a blocking finding is a symptom of. */
const auditOf = ({ findingCategory }: Finding): Audit => (findingCategory === "architecture" || findingCategory === "performance" ? "architecture" : "production");

/** The audits that the review of the round asks for, in order; then the fix gets what all of them found. */
function nextAudit(state: ItemState, round: number, findings: Judged["findings"]): ItemAction {
  const review = state.sessions.findLast((each) => each.phase === "review" && each.round === round);
  const found = reviewVerdictSchema.safeParse(review === undefined ? null : artifactOf(review, CONTRACT.reviewVerdict)).data?.findings ?? [];
  const blocking = found.filter(({ severity }) => severity === "critical" || severity === "major");
  const wanted = new Set<Audit>(blocking.length === 0 ? ["production"] : blocking.map(auditOf));
  const done = state.sessions.flatMap((each) => (each.phase === "audit" && each.round === round ? [each.workflowId] : []));
  const audit = (["production", "architecture"] as const).find((each) => wanted.has(each) && !done.includes(AUDITS[each].workflowId));
  if (audit === undefined) return fix(state, round, findings);
  const why = `a blocking finding is a symptom: the ${audit} audit looks for what else is behind it before anything is mended`;
  return { ...runSession({ phase: "audit", round, workflowId: AUDITS[audit].workflowId, context: { findings: [...findings] } }), why };
}

function fix(state: ItemState, round: number, findings: Judged["findings"]): ItemAction {
  const check = checkBeforeFix(state, round, findings);
  if (check !== null) return check;
  const classified = state.sessions.find((each) => each.phase === "classify");
  const classification: Json = classified === undefined ? null : artifactOf(classified, CONTRACT.classification);
  const action = runSession({ phase: "fix", round: round + 1, workflowId: FIX.workflowId, context: { classification, findings: findings.map((finding) => withCheck(state, asRepeated(state, round, finding))), ...testsBefore(state) } });
  return hasModes(state) ? { ...action, why: `${findings.length} ${findings.length === 1 ? "finding is" : "findings are"} open after round ${round} of review` } : action;
}

/** The finding with the rounds it was found in before: their fix did not mend it. */
function asRepeated<T extends Finding & JsonObject>({ opening, sessions }: ItemState, round: number, finding: T): T {
  if (opening?.sameFindings !== "identity") return finding;
  const before = sessions.flatMap((each) => (each.phase === "review" && each.round < round && reviewVerdictSchema.safeParse(artifactOf(each, CONTRACT.reviewVerdict)).data?.findings.some((other) => isSameFinding(other, finding)) === true ? [each.round] : []));
  return before.length === 0 ? finding : { ...finding, foundBefore: `Found in round ${before.join(" and ")} as well: what was done then did not mend it. Look for another cause before you change the same place again.` };
}

function exhausted(state: ItemState, rounds: number, findings: readonly Finding[]): ItemAction {
  const list = findings.map((finding) => `${finding.severity}: ${finding.summary}`).join("; ");
  // Items of 0.1 stop in the words they stopped in then.
  const end = hasModes(state) && !/[.!?]$/.test(list) ? "." : "";
  return stop(
    "review-blocking",
    `After ${rounds} ${rounds === 1 ? "round" : "rounds"} of review there are open findings: ${list}${end}`,
    "Answer the findings in the task or raise review.maxRounds in .github/worktrain.yml, then start it again.",
  );
}
