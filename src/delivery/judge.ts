/**
 * What a verified journal allows the deliver job to do. Pure.
 *
 * I7. Only a journal that is this run's, under this ticket, is acted on; changes and verdicts come only from completed
 *     sessions whose streams end where the item's stream says they ended. The chain and the artifacts' digests are
 *     checked before; here the content is read as an adversary's (attack 14).
 */
import { besideBase, CONTRACT, foldItem, isRed, missingWords, next, questionGate, readSubTasks, type SubTask } from "../engine/pipeline/index.ts";
import { boundGate } from "../record/proposal-gate.ts";
import { gateName, sessionStream, type EndingCode, type Reason, type ReviewedBefore, type SnapshotRef } from "../record/index.ts";
import { counted, cut, itemView, lastArtifact, lastVerifications, passed, type ItemJournal, type ItemSessionView, type ItemView } from "../report/index.ts";
import { canonicalJson } from "../shared/json.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { reviewVerdictSchema, verdictOf, type ReviewVerdict } from "../workflow/index.ts";
import { approvals } from "./approvals.ts";
import { belongs, ticketsOf, type JudgedJournal } from "./belongs.ts";
import { foreign, refusal, type JournalRefusal } from "./journal-refusal.ts";

export type Judgement =
  /** The change may be delivered, as far as the journal goes. */
  | { readonly kind: "deliver"; readonly view: ItemView; readonly snapshot: SnapshotRef }
  /** A pull request was reviewed at this commit, and this is what came of it. */
  | { readonly kind: "review"; readonly view: ItemView; readonly headSha: string; readonly tree: string; readonly since: ReviewedBefore | null; readonly verdict: ReviewVerdict }
  /** The work is to be cut into these, in this order. */
  | { readonly kind: "decompose"; readonly view: ItemView; readonly reason: Reason; readonly pieces: readonly SubTask[] }
  /** There is nothing to deliver and here is why. */
  | { readonly kind: "say"; readonly view: ItemView; readonly ending: EndingCode; readonly reason: Reason };

/** Reads what the journal allows, or says what is wrong with it. */
export function judge(judged: JudgedJournal): Result<Judgement, JournalRefusal> {
  const view = itemView(judged.journal);
  const stranger = belongs(judged, view);
  if (stranger !== null) return err(stranger);
  const { ended } = view;
  if (ended === null) return waiting(judged.journal, view);
  if (ended.ending === "reviewed") return reviewed(judged, view);
  const reason = ended.reason ?? unexplained(ended.ending);
  if (ended.ending === "decomposed") {
    const approved = pieces(judged, view);
    return approved.ok ? ok({ kind: "decompose", view, reason, pieces: approved.value }) : approved;
  }
  if (ended.outcome !== "deliver") return ok({ kind: "say", view, ending: ended.ending, reason });
  if (judged.ticket.review !== undefined) return refuse("foreign-journal", "The journal delivers a change, the ticket asks for a review.");
  if (ended.snapshot === null) return refuse("not-completed", "The journal says `deliver` and names no saved files.");
  const wrong = heads(judged) ?? approvals(judged.journal, ticketsOf(judged)) ?? maker(judged, view, ended.snapshot) ?? review(judged, view, ended.snapshot);
  return wrong === null ? ok({ kind: "deliver", view, snapshot: ended.snapshot }) : err(wrong);
}

/** One completed review of the ticket's commit, by a session that its record holds whole. */
function reviewed(judged: JudgedJournal, view: ItemView): Result<Judgement, JournalRefusal> {
  const { review: opened } = view.opening ?? {};
  const headSha = judged.ticket.review?.headSha;
  if (opened === undefined || headSha === undefined || opened.headSha !== headSha) return refuse("foreign-journal", `The journal reviews ${opened?.headSha ?? "no commit"}, the ticket names ${headSha ?? "none"}.`);
  if (opened.snapshot.base !== judged.ticket.base.sha) return refuse("foreign-journal", `The journal compares with ${opened.snapshot.base}, the ticket with ${judged.ticket.base.sha}.`);
  const { since } = opened;
  if (since !== undefined && !ticketsOf(judged).some(({ review: asked }) => asked?.since?.headSha === since.headSha && asked.since.mergeBase === since.mergeBase)) return refuse("foreign-journal", `The journal goes on from a review of ${since.headSha}, which no ticket of this item names.`);
  if (since === undefined && ticketsOf(judged).every(({ review: asked }) => asked?.since !== undefined)) return refuse("foreign-journal", "The journal goes on from no review; every ticket of this item names one.");
  const [session, ...others] = view.sessions;
  if (session?.phase !== "review" || others.length > 0) return refuse("not-completed", "The journal does not hold one review and nothing else.");
  const wrong = heads(judged) ?? approvals(judged.journal, ticketsOf(judged)) ?? counts(judged, session);
  if (wrong !== null) return err(wrong);
  const verdict = reviewVerdictSchema.safeParse(lastArtifact(session, CONTRACT.reviewVerdict));
  return verdict.success ? ok({ kind: "review", view, headSha, tree: opened.snapshot.tree, since: opened.since ?? null, verdict: verdict.data }) : refuse("not-completed", `Review ${session.sessionId} left no readable verdict.`);
}

/** An item without an end has nothing to deliver; what it asks of a person is told. */
function waiting(journal: ItemJournal, view: ItemView): Result<Judgement, JournalRefusal> {
  const action = next(foldItem(journal.item));
  if (action.kind === "look" && action.missing.length > 0) return ok({ kind: "say", view, ending: "waiting-for-artifacts", reason: { code: "waiting_for_artifacts", message: `This repository asks for it before there is work on a task, and it is not there:\n${missingWords(action.missing)}`, fix: BRING_IT } });
  const understood = action.kind === "ask" ? [`${action.question} (${boundGate(questionGate(action.about, journal.item), action.proposal)})`] : [];
  const gates = [...understood, ...[...journal.sessions].flatMap(([sessionId, events]) => questionOf(sessionId, events) ?? [])];
  if (gates.length === 0) return err(NOT_ENDED);
  const reason: Reason = { code: "awaiting_approval", message: gates.join("\n\n"), fix: ANSWER_IT };
  return ok({ kind: "say", view, ending: "awaiting-approval", reason });
}

const BRING_IT = "Bring it to the default branch, or set the label. Then write `/worktrain resume` in a new comment, or remove the start label and add it again.";
const ANSWER_IT = "Write `/worktrain approve` in a new comment to let the work go on, or `/worktrain reject REASON` to send the step back with a reason.";

/** Characters of what was handed over that a question is told with. */
const MAX_NOTES_CHARS = 3_000;

/** The gate for a person that a session is at, with what its step handed over; null when it is at none. */
function questionOf(sessionId: string, events: ItemSessionEvents): string | null {
  const last = events.findLast(({ kind }) => kind === "gate_opened" || kind === "gate_resolved" || kind === "rewound" || kind === "session_ended");
  if (last?.kind !== "gate_opened" || last.data.gate !== "human_approval") return null;
  const { nodeId, question } = last.data;
  const submitted = events.findLast((event) => event.kind === "step_submitted" && event.data.nodeId === nodeId);
  const notes = submitted?.kind === "step_submitted" ? cut(submitted.data.output.notes.trim(), MAX_NOTES_CHARS, "(cut; the rest is in the run's record)") : "";
  return [`${question} (${gateName(sessionId, last.seq)})`, ...(notes === "" ? [] : [`What was handed over:\n${notes}`])].join("\n\n");
}

type ItemSessionEvents = ItemJournal["sessions"] extends ReadonlyMap<string, infer Events> ? Events : never;

/** The agent job names its segments when it has ended the item or waits for a person; without an ending the journal was cut, or its job broke off. */
const NOT_ENDED: JournalRefusal = {
  kind: "not-ended",
  message: "The journal has no ending: the agent job broke off before the work was done, or a part of the journal is missing.",
  fix: "Nothing is published. What was saved is kept: remove the label and add it again.",
};

const unexplained = (ending: EndingCode): Reason => ({ code: ending, message: `The work ended with \`${ending}\`.`, fix: "Read the run's log, then label the issue again." });

const refuse = (kind: JournalRefusal["kind"], message: string): Result<Judgement, JournalRefusal> => err(refusal(kind, message));

/** Each concluded session's stream ends exactly where its conclusion says, and tells the same. */
function heads({ journal, heads: streams }: JudgedJournal): JournalRefusal | null {
  for (const event of journal.item) {
    if (event.kind !== "session_concluded") continue;
    const { sessionId, head } = event.data;
    const actual = streams.get(sessionStream(sessionId));
    if (actual?.seq !== head.seq || actual.hash !== head.hash) {
      return refusal("session-mismatch", `Session ${sessionId} ends at line ${actual?.seq ?? 0} of its stream, its conclusion says ${head.seq}, or another line stands there.`);
    }
  }
  return null;
}

/** The pieces that a person approved, handed over by a session that completed. */
function pieces(judged: JudgedJournal, view: ItemView): Result<readonly SubTask[], JournalRefusal> {
  const session = view.sessions.findLast(({ phase }) => phase === "decompose");
  const wrong = session === undefined ? refusal("not-completed", "No session of the journal cut the work.") : (heads(judged) ?? approvals(judged.journal, ticketsOf(judged)) ?? counts(judged, session));
  if (session === undefined || wrong !== null) return err(wrong ?? NOT_ENDED);
  const approved = judged.journal.item.some((event) => event.kind === "decomposition_answered" && event.data.verdict === "approved");
  const read = readSubTasks(lastArtifact(session, CONTRACT.tickets) ?? null);
  if (!approved || !read.ok) return err(refusal("unvouched-approval", `The journal says that the work is cut, and ${approved ? "its pieces cannot be read" : "nobody approved it"}.`));
  return read;
}

/**
 * The last coding or fixing session completed, its commands passed, and the files to be delivered are exactly those it left: a
 * session that saved none, since it rebutted every finding, left those of the one before it.
 */
function maker(judged: JudgedJournal, view: ItemView, snapshot: SnapshotRef): JournalRefusal | null {
  const makers = view.sessions.filter((each) => each.phase === "code" || each.phase === "fix");
  const session = makers.at(-1);
  if (session === undefined) return refusal("not-completed", "No session of the journal changed anything.");
  const saved = makers.findLast((each) => each.snapshot !== null) ?? session;
  const wrong = counts(judged, session) ?? counts(judged, saved);
  if (wrong !== null) return wrong;
  // What failed before the work with the same tests is told in the proof, which it keeps from being green.
  const red = lastVerifications(session).find((verification) => !passed(verification) && besideBase(view.baseTested, verification)?.same !== true);
  if (red !== undefined) return refusal("not-completed", `Session ${session.sessionId} ended with a command that did not pass: ${red.command}.`);
  if (!sameFiles(saved.snapshot, snapshot) || !sameFiles(view.snapshot, snapshot)) return refusal("session-mismatch", `Session ${saved.sessionId} did not leave the files that are to be delivered.`);
  // Either is a signed ticket's; that it lies behind the branch's head is asked of GitHub.
  const bases = [judged.ticket.base.sha, view.opening?.base.sha];
  return bases.includes(snapshot.base) ? null : foreign(`The files build on ${snapshot.base}, the ticket on ${judged.ticket.base.sha}.`);
}

const sameFiles = (a: SnapshotRef | null, b: SnapshotRef): boolean => a !== null && a.base === b.base && a.tree === b.tree && a.manifest === b.manifest;

/** A review of exactly these files completed after them, and by its findings it is clean. */
function review(judged: JudgedJournal, view: ItemView, snapshot: SnapshotRef): JournalRefusal | null {
  // Who looks back does so after the end.
  const last = view.sessions.findLast(({ phase }) => phase !== "retrospect");
  if (last === undefined || last.phase !== "review") return refusal("review-not-clean", "The last session of the journal is not a review.");
  const wrong = counts(judged, last);
  if (wrong !== null) return wrong;
  const scheduled = seqOf(judged, last.sessionId, "session_scheduled");
  const lastChange = judged.journal.item.findLast((event) => event.kind === "session_concluded" && (event.data.phase === "code" || event.data.phase === "fix"));
  if (lastChange === undefined || scheduled < lastChange.seq) return refusal("review-not-clean", `The review began before the files ${snapshot.tree} were there.`);
  const verdict = reviewVerdictSchema.safeParse(lastArtifact(last, CONTRACT.reviewVerdict));
  if (!verdict.success) return refusal("review-not-clean", `Review ${last.sessionId} left no readable verdict.`);
  const open = verdict.data.findings.filter((finding) => finding.severity !== "nit");
  const unmended = view.checked.find(({ tree, result }) => tree === snapshot.tree && result !== null && isRed(result));
  if (unmended !== undefined) return refusal("review-not-clean", `The command of a finding fails on the files that are to be delivered: ${unmended.command}.`);
  return verdictOf(verdict.data) === "clean" ? null : refusal("review-not-clean", `Review ${last.sessionId} is not clean: it says ${verdict.data.verdict} and has ${counted(open.length, "finding")} above a nit.`);
}

const seqOf = ({ journal }: JudgedJournal, sessionId: string, kind: "session_scheduled" | "session_concluded"): number =>
  journal.item.find((event) => event.kind === kind && event.data.sessionId === sessionId)?.seq ?? 0;

/** A session that may count: completed by its own stream, of this item and phase, and concluded with what its stream holds. */
function counts({ journal, ticket }: JudgedJournal, session: ItemSessionView): JournalRefusal | null {
  const { sessionId } = session;
  if (session.outcome !== "completed") return refusal("not-completed", `Session ${sessionId} (${session.phase}) ended ${session.outcome ?? "without an ending"}.`);
  const started = journal.sessions.get(sessionId)?.[0];
  if (started?.kind !== "session_started" || started.data.sessionId !== sessionId) return refusal("session-mismatch", `The stream of session ${sessionId} does not start it.`);
  if (started.data.itemId !== ticket.item || started.data.phase !== session.phase) return refusal("session-mismatch", `Session ${sessionId} was started for another item or phase.`);
  const conclusions = journal.item.filter((event) => event.kind === "session_concluded" && event.data.sessionId === sessionId);
  const [conclusion] = conclusions;
  if (conclusion?.kind !== "session_concluded" || conclusions.length > 1) return refusal("session-mismatch", `Session ${sessionId} was concluded ${conclusions.length} times.`);
  const { outcome, phase, artifacts } = conclusion.data;
  if (outcome !== "completed" || phase !== session.phase) return refusal("not-completed", `Session ${sessionId} was concluded as ${phase}, ${outcome}.`);
  for (const contractRef of new Set(artifacts.map((artifact) => artifact.contractRef))) {
    const claimed = lastArtifact({ artifacts }, contractRef);
    if (canonicalJson(claimed ?? null) !== canonicalJson(lastArtifact(session, contractRef) ?? null)) return refusal("session-mismatch", `Session ${sessionId} handed over another ${contractRef} than its conclusion holds.`);
  }
  return null;
}
