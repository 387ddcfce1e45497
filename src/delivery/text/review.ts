/** A review of a pull request in words: what stands on lines of the diff, what stands in the review itself, and the check run. */
import type { WhyWhole } from "../../github/read/index.ts";
import type { Ticket } from "../../github/trust/index.ts";
import { MAX_COMMENT_CHARS } from "../../github/write/index.ts";
import { bySeverity, formatFindingMark } from "../../record/index.ts";
import { code, counted, cut, formatUsd, quote, sessionTable, type ItemView } from "../../report/index.ts";
import type { Redact } from "../../shared/redact.ts";
import { unreachable } from "../../shared/unreachable.ts";
import type { Finding, ReviewVerdict, Verdict } from "../../workflow/index.ts";
import type { CheckRunIntent, Intent, RecordWish, ReviewIntent, ThreadIntent } from "../intents.ts";
import { marker } from "../names.ts";
import { FIXED_MARK, reconcile, type EarlierThread, type Reconciled } from "../reconcile.ts";
import type { ReviewedSince } from "../reviewed-since.ts";
import { findingAnnotation, findingComment, findingWords } from "./review-comment.ts";

export interface PullRequestReview {
  readonly ticket: Ticket;
  readonly view: ItemView;
  readonly verdict: ReviewVerdict;
  /** The commit that was reviewed, and the one the pull request's head is now. */
  readonly headSha: string;
  readonly headNow: string;
  /** What the reviewed commit changes, as GitHub shows it; no patch where GitHub shows none. */
  readonly files: readonly { readonly path: string; readonly patch: string | null; readonly removed?: boolean }[];
  readonly earlier: EarlierReviews;
  readonly runUrl: string;
  readonly redact: Redact;
}

/** What was said on the pull request before. */
export interface EarlierReviews {
  readonly threads: readonly EarlierThread[];
  /** The review that this one goes on from; null for one of the whole. */
  readonly since: ReviewedSince | null;
  readonly last: { readonly url: string; readonly marks: Reconciled["kept"] } | null;
  /** The head is of a fork: its conversations are answered, not resolved. */
  readonly fork: boolean;
}

/** Findings on lines; those beyond stand in the review's body, so that none is lost. */
const MOST_COMMENTS = 50;
/** Conversations that one review closes; each is two requests. The rest is closed by the next one. */
const MOST_CLOSED = 30;
/** Findings told in the review itself that the next one knows again: the worst, so that no check gets greener by what is left out. Half of a body. */
const MOST_MARKS = 300;
const MAX_PART_CHARS = 4_000;
/** Of `output.summary` (P-check-size). */
const MAX_CHECK_CHARS = 65_535;
const MOST_NAMED = 50;

type Told = PullRequestReview & { readonly found: Reconciled };

/** In the order in which they are made so; the record first, since whoever comes second is fenced there. */
export function reviewIntents(review: PullRequestReview, record: RecordWish): readonly Intent[] {
  const { ticket, earlier, verdict, files } = review;
  const isPartial = earlier.since !== null && earlier.since.whole === null;
  const found = reconcile({ verdict, files, threads: earlier.threads, earlierMarks: isPartial ? (earlier.last?.marks ?? []) : [] });
  const told = { ...review, found };
  return [{ kind: "record", record, oidLength: ticket.base.sha.length }, reviewIntent(told), ...found.fixed.slice(0, MOST_CLOSED).map((thread, index) => closing(told, thread, index + 1)), reviewCheck(told), ...staleCheck(review)];
}

function reviewIntent(review: Told): ReviewIntent {
  const { ticket, headSha, redact, runUrl, found } = review;
  const inline = found.fresh.filter(({ place }) => place !== null).slice(0, MOST_COMMENTS);
  const elsewhere = [...found.fresh, ...found.repeated.filter(({ place }) => place === null)].filter((each) => !inline.includes(each)).toSorted((a, b) => bySeverity(a.mark, b.mark));
  const parts = [
    ...opening(review),
    ...elsewhere.map(({ finding }) => `${placeOf(finding)}${findingWords(finding)}`),
    `Nothing of the change was run. [The run](${runUrl})`,
  ];
  // Before the words and apart from them: what is cut off is never what the next review's check hangs on (I4).
  const marks = [...elsewhere.map(({ mark }) => mark), ...found.kept].toSorted(bySeverity).slice(0, MOST_MARKS).map(formatFindingMark);
  const head = [marker("review", ticket), ...marks].join("\n");
  return {
    kind: "review",
    pullNumber: ticket.issueNumber,
    headSha,
    body: `${head}\n\n${cut(redact(parts.join("\n\n")), MAX_COMMENT_CHARS - head.length - 2, `*Cut here. The whole record is in [the run](${runUrl}).*`)}`,
    comments: inline.flatMap((each) => findingComment(each, redact) ?? []),
  };
}

function closing({ ticket, headSha, earlier }: Told, thread: EarlierThread, place: number): ThreadIntent {
  return { kind: "thread", place, pullNumber: ticket.issueNumber, threadId: thread.id, commentId: thread.first.id, resolve: !earlier.fork, body: `${FIXED_MARK}at=${headSha} -->\nNot found any more in ${code(headSha)}, and these lines have changed since.` };
}

function opening({ found, verdict, headSha, headNow, files, earlier }: Told): readonly string[] {
  const unseen = files.filter(({ patch, removed }) => patch === null && removed !== true);
  return [
    `**${headline(found)}** This is about ${code(headSha)}.`,
    ...(headNow === headSha ? [] : [`The head of the pull request has moved to ${code(headNow)} since: that was not reviewed.`]),
    ...rangeWords(earlier),
    ...earlierWords(found, earlier),
    quote(cut(verdict.summary, MAX_PART_CHARS, "(cut)")),
    ...(unseen.length === 0 ? [] : [`Not reviewed line by line, since GitHub shows no lines of them (binary or very large): ${named(unseen)}.`]),
  ];
}

const named = (files: readonly { readonly path: string }[]): string => `${files.slice(0, MOST_NAMED).map(({ path }) => code(path)).join(", ")}${files.length > MOST_NAMED ? ` and ${files.length - MOST_NAMED} more` : ""}`;

const WHOLE = {
  "change-not-shown": "GitHub does not show the change",
  "commit-gone": "the commit that was reviewed before is not in the repository any more",
  "other-base": "it begins at a commit that the base of what was reviewed does not lead to",
  "taken-back": "a file that was changed when it was reviewed before is not changed any more",
  "too-many-files": "it has more files than GitHub shows of a comparison",
  "too-many-parts": "too many parts of it are the same",
} as const satisfies Record<WhyWhole, string>;

function rangeWords({ since }: EarlierReviews): readonly string[] {
  if (since === null) return [];
  if (since.whole !== null) return [`The whole was reviewed again, since ${WHOLE[since.whole]}.`];
  return [`Reviewed is what is new since ${code(since.headSha)}; ${since.same === 1 ? "1 part of the change is" : `${since.same} parts of the change are`} the same as there and was not looked at again.`];
}

function earlierWords({ repeated, dismissed, fixed, open, kept }: Reconciled, { last }: EarlierReviews): readonly string[] {
  const said = [
    ...(fixed.length === 0 ? [] : [`${counted(fixed.length, "earlier finding")} not found any more`]),
    ...(repeated.length === 0 ? [] : [`${repeated.length} found again, which stand where they were told`]),
    ...(open.length === 0 ? [] : [`${open.length} not found again on lines that are the same, which stay open`]),
    ...(kept.length === 0 ? [] : [`${kept.length} told in [the last review](${last?.url ?? ""}) and not looked at again`]),
    ...(dismissed.length === 0 ? [] : [`${dismissed.length} that a person dismissed`]),
  ];
  return said.length === 0 ? [] : [`Of earlier reviews: ${said.join("; ")}.`];
}

function headline({ fresh, repeated, open, kept, verdict }: Reconciled): string {
  const stands = fresh.length + repeated.length + open.length + kept.length;
  const old = stands - fresh.length;
  const count = old === 0 ? counted(stands, "finding") : `${counted(stands, "finding")}, ${old} of them known`;
  switch (verdict) {
    case "clean":
      return stands === 0 ? "No finding." : `${count}, none above a nit.`;
    case "minor":
      return `${count}, none of which blocks.`;
    case "blocking":
      return stands === 0 ? "It should not be merged as it is." : `${count}, ${stands === 1 ? "which has" : "some of which have"} to be mended before it is merged.`;
    default:
      return unreachable(verdict);
  }
}

const placeOf = ({ file, line }: Finding): string => (file === undefined ? "" : `${code(`${file}${line === undefined ? "" : `:${line}`}`)}\n\n`);

/** I4. Green only for a clean verdict of a review that took turns, of files whose lines could all be seen, at what is still the head. */
function reviewCheck(review: Told): CheckRunIntent {
  const { found, view, headSha, headNow, redact, runUrl, files } = review;
  const worked = view.turns > 0 && files.length > 0 && files.every(({ patch, removed }) => patch !== null || removed === true);
  const isStale = headNow !== headSha;
  const conclusion = { clean: worked && !isStale ? "success" : "neutral", minor: "neutral", blocking: "failure" } as const satisfies Record<Verdict, CheckRunIntent["conclusion"]>;
  const title = `${headline(found).replace(/\.$/, "")} (${formatUsd(view.costMicroUsd)})`;
  return {
    kind: "check-run",
    headSha,
    conclusion: conclusion[found.verdict],
    title: isStale ? `Superseded by ${headNow.slice(0, 12)}: ${title}` : title,
    summary: cut(redact(opening(review).join("\n\n")), MAX_CHECK_CHARS, "*Cut.*"),
    text: cut(redact(sessionTable(view)), MAX_CHECK_CHARS, "*Cut.*"),
    detailsUrl: runUrl,
    actions: ["explain"],
    annotations: [...found.fresh, ...found.repeated].flatMap((each) => findingAnnotation(each, redact) ?? []),
  };
}

/** The check run of the head that was reviewed before says that it is history. */
function staleCheck({ earlier: { since }, headSha }: PullRequestReview): readonly Intent[] {
  return since === null ? [] : [{ kind: "stale-check", headSha: since.headSha, supersededBy: headSha }];
}
