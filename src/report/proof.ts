/**
 * The proof of a work item: what was checked, with what result, and whose word it is.
 *
 * I7. Verdicts are computed from the findings of completed sessions, never read from what a model called its verdict.
 */
import { reviewVerdictSchema, verdictOf } from "../workflow/index.ts";
import { besideBase, CONTRACT, exitWords, goesBy } from "../engine/pipeline/index.ts";
import { answerRows, judgeRows } from "./gate-rows.ts";
import { baseRows, besideWords, findingRows, inSandbox } from "./host-check-rows.ts";
import { clip } from "./excerpt.ts";
import { FATES, SHOWN_DIGITS } from "./findings-shown.ts";
import { code, counted, plain, table } from "./markdown.ts";
import { formatCount, formatUsd, totalTokens } from "./money.ts";
import type { ItemView } from "./item-view.ts";
import type { ProofRow, ProofSession } from "./proof-row.ts";
import { lastArtifact, lastVerifications, passed, type ItemSessionView, type SessionView } from "./session-view.ts";

export interface Proof {
  readonly rows: readonly ProofRow[];
  /** `holds` only if every row does; one that fails makes it fail. */
  readonly result: ProofRow["result"];
}

export function proofOf(rows: readonly ProofRow[]): Proof {
  const result = rows.some((row) => row.result === "fails") ? "fails" : rows.every((row) => row.result === "holds") && rows.length > 0 ? "holds" : "unknown";
  return { rows, result };
}

/** What the record alone shows: the sessions that made the change, the commands run on it, the last review of it. */
export function journalProof(view: ItemView): readonly ProofRow[] {
  const maker = view.sessions.findLast((session) => session.phase === "code" || session.phase === "fix");
  return [...baseRows(view), ...judgeRows(view), makerRow(maker), ...verificationRows(maker, view.baseTested, goesBy(2, view.opening?.pipeline)), ...findingRows(view), reviewRow(view, maker)];
}

/** The same of an item at its end, with what people answered as the record has it. Where nothing was to be made, a change that is missing is no gap, and that nothing was changed is what there is to prove. */
export function itemProof(view: ItemView): readonly ProofRow[] {
  const { ended, sessions } = view;
  if (ended === null || ended.outcome === "deliver" || sessions.some(({ phase }) => phase === "code" || phase === "fix")) return [...answerRows(view, "agent job"), ...journalProof(view)];
  const nothing: ProofRow = { gate: "made", check: "Nothing was changed", result: "holds", detail: "no session that makes a change was begun", attestedBy: "agent job" };
  const review = sessions.findLast(({ phase }) => phase === "review");
  return [...answerRows(view, "agent job"), ...baseRows(view), ...judgeRows(view), nothing, ...(review === undefined ? [] : [reviewedRow(review)])];
}

function reviewedRow(session: ItemSessionView): ProofRow {
  const row = { gate: "review", check: "The change was reviewed", attestedBy: "agent job", ...at(session) } as const;
  const review = reviewVerdictSchema.safeParse(lastArtifact(session, CONTRACT.reviewVerdict));
  if (session.outcome !== "completed" || !review.success) return { ...row, result: "fails", detail: `${sessionName(session)} left no readable verdict` };
  return { ...row, result: "holds", detail: `${sessionName(session)}: ${verdictOf(review.data)}, ${counted(review.data.findings.length, "finding")}` };
}

/** The same of a session that works for no item. */
export function sessionProof(session: SessionView): readonly ProofRow[] {
  const completed: ProofRow = { gate: "made", check: `${code(session.workflow?.id ?? session.sessionId)} was completed`, result: session.outcome === null ? "unknown" : session.outcome === "completed" ? "holds" : "fails", detail: `session ${code(session.sessionId)}: ${session.outcome ?? "not ended"}`, attestedBy: "agent job", ...at(session) };
  return [completed, ...(session.verifications.length === 0 ? [] : verificationRows(session))];
}

function makerRow(maker: ItemSessionView | undefined): ProofRow {
  const row = { gate: "made", check: "The change was completed", attestedBy: "agent job" } as const;
  if (maker === undefined) return { ...row, result: "fails", detail: "no session changed anything" };
  return { ...row, result: maker.outcome === "completed" ? "holds" : "fails", detail: `${sessionName(maker)}: ${maker.outcome ?? "not ended"}`, ...at(maker) };
}

function verificationRows(maker: SessionView | undefined, base: ItemView["baseTested"] = null, leavesOutOlder = false): readonly ProofRow[] {
  const all = maker === undefined ? [] : lastVerifications(maker);
  // A run on files that were changed since says nothing beside the same command's run on the final ones. Proofs of the first edition list it (I3).
  const verifications = all.filter(({ outdated, command }) => !leavesOutOlder || !outdated || !all.some((each) => each.command === command && !each.outdated));
  if (maker === undefined || verifications.length === 0) return [{ gate: "command", check: "Its commands passed", result: "unknown", detail: "no command was run; set `commands.test` in .github/worktrain.yml", attestedBy: "agent job" }];
  return verifications.map((verification) => ({
    gate: "command",
    check: `${code(verification.command)} passed`,
    result: passed(verification) ? (verification.outdated ? "unknown" : "holds") : besideBase(base, verification)?.same === true ? "unknown" : "fails",
    detail: `${exitWords(verification)} in ${(verification.durationMs / 1000).toFixed(1)} s${inSandbox(verification.sandbox)}${besideWords(besideBase(base, verification), verification)}${verification.outdated ? "; **files were changed after it**" : ""}`,
    attestedBy: "agent job",
    ...at(maker),
  }));
}

const at = ({ sessionId, workflow, plan }: ProofSession): { readonly session: ProofSession } => ({ session: { sessionId, workflow, plan } });

function reviewRow(view: ItemView, maker: ItemSessionView | undefined): ProofRow {
  const row = { gate: "review", check: "The last review found nothing that stops it", attestedBy: "agent job" } as const;
  const last = view.sessions.findLast(({ phase }) => phase !== "retrospect");
  if (last === undefined || last === maker || last.phase !== "review" || last.outcome !== "completed") {
    return { ...row, result: "fails", detail: "no completed review of the last change" };
  }
  const review = reviewVerdictSchema.safeParse(lastArtifact(last, CONTRACT.reviewVerdict));
  if (!review.success) return { ...row, result: "fails", detail: `${sessionName(last)} left no readable verdict`, ...at(last) };
  const found = review.data.findings.length === 0 ? "no findings" : counted(review.data.findings.length, "nit");
  const clean = verdictOf(review.data) === "clean";
  const escalated = view.escalated ? "; **escalated: an earlier review found something blocking, so a person has to merge this**" : "";
  return { ...row, result: clean ? "holds" : "fails", detail: `${sessionName(last)}: ${clean ? found : "findings above a nit"}${escalated}`, ...at(last) };
}

const sessionName = (session: ItemSessionView): string => `${session.phase} session, round ${session.round}`;

const SIGNS = { holds: "✅", fails: "❌", unknown: "⚠️" } as const satisfies Record<ProofRow["result"], string>;

export const proofTable = (proof: Pick<Proof, "rows">): string =>
  table(
    ["", "What was checked", "Result", "Session, workflow, plan", "Whose word"],
    proof.rows.map((row) => [SIGNS[row.result], row.check, row.detail, row.session === undefined ? "" : pinned(row.session), row.attestedBy]),
  );

/** The plan by the first digits of its hash, as git shows commits. */
const pinned = ({ sessionId, workflow, plan }: ProofSession): string =>
  [code(sessionId), ...(workflow === null ? [] : [`${code(workflow.id)} ${plain(workflow.version)}`]), ...(plan === null ? [] : [code(plan.slice(0, 12))])].join(", ");

/** Of what a helper was asked, in a table. */
const BRIEF_CHARS = 80;

/** One row a session, and one for each that worked for it: what it was, how it ended, what it took, its id and its workflow's version. */
export function sessionTable(view: ItemView): string {
  const named = [...view.sessions.map((session) => ({ session, name: `${session.phase} ${session.round}` })), ...view.helpers.map((session) => ({ session, name: `${session.phase ?? ""}: ${plain(session.name)}${session.brief === "" ? "" : ` (${plain(clip(session.brief, BRIEF_CHARS))})`}` }))];
  const rows = named.map(({ session, name }) => [
    name,
    session.outcome === null ? "not ended" : session.outcome,
    String(session.turns),
    formatCount(totalTokens(session.usage)),
    formatUsd(session.costMicroUsd),
    session.workflow === null ? "" : `${code(session.workflow.id)} ${plain(session.workflow.version)}`,
    session.models.map(code).join(", "),
    code(session.sessionId),
  ]);
  const total = ["**all**", "", String(view.turns), formatCount(totalTokens(view.usage)), formatUsd(view.costMicroUsd), "", "", ""];
  return table(["Phase", "Outcome", "Turns", "Tokens", "Cost", "Workflow", "Model", "Session"], [...rows, total]);
}

const CHECKS = { "red-then-green": "; its command failed before and passes now", "still-red": "; **its command still fails**", "not-reproduced": "; its command had passed before the fix as well: **not reproduced**", "said-nothing": "; its command could not be run to its end", "unknown-after": "; its command failed before and could not be run to its end after" } as const;

const ANSWERS = { taken: "taken", merged: "merged with others", dropped: "dropped" } as const;

/** One row for each finding that a reviewer brought: what the verdict made of it, and why. Empty text where none did. */
export function broughtTable({ brought }: Pick<ItemView, "brought">): string {
  const rows = brought.map(({ round, reviewer, severity, summary, answer }) => [String(round), plain(reviewer), severity, plain(summary), answer === null ? "not answered" : `${ANSWERS[answer.fate]}: ${plain(clip(answer.reason, REASON_CHARS))}`]);
  return rows.length === 0 ? "" : table(["Round", "Reviewer", "Severity", "What was brought", "What the verdict made of it"], rows);
}
const REASON_CHARS = 300;

/** One row a finding: what the reviews found and what became of it. Empty text when they found nothing. */
export function findingsTable(view: Pick<ItemView, "findings">): string {
  if (view.findings.length === 0) return "";
  const rows = view.findings.map((finding) => [
    String(finding.round),
    finding.severity,
    plain(finding.summary),
    finding.file === undefined ? "" : code(`${finding.file}${finding.line === undefined ? "" : `:${finding.line}`}`),
    code(finding.fingerprint.slice(0, SHOWN_DIGITS)),
    `${FATES[finding.fate]}${finding.check === undefined ? "" : CHECKS[finding.check.kind]}`,
  ]);
  return table(["Round", "Severity", "Finding", "Where", "Id", "What became of it"], rows);
}
