/** A review of a pull request in words: what stands on lines of the diff, what stands in the review itself, and the check run. */
import type { Ticket } from "../../github/trust/index.ts";
import { MAX_COMMENT_CHARS } from "../../github/write/index.ts";
import { code, counted, cut, formatUsd, plain, quote, sessionTable, type ItemView } from "../../report/index.ts";
import type { Redact } from "../../shared/redact.ts";
import { verdictOf, type Finding, type ReviewVerdict } from "../../workflow/index.ts";
import type { CheckRunIntent, Intent, RecordWish, ReviewIntent } from "../intents.ts";
import { marker } from "../names.ts";
import { linesOfPatch } from "../review-lines.ts";

export interface PullRequestReview {
  readonly ticket: Ticket;
  readonly view: ItemView;
  readonly verdict: ReviewVerdict;
  /** The commit that was reviewed, and the one the pull request's head is now. */
  readonly headSha: string;
  readonly headNow: string;
  /** What the reviewed commit changes, as GitHub shows it; no patch where GitHub shows none. */
  readonly files: readonly { readonly path: string; readonly patch: string | null }[];
  readonly runUrl: string;
  readonly redact: Redact;
}

/** Findings on lines; those beyond stand in the review's body, so that none is lost. */
const MOST_COMMENTS = 50;
const MAX_PART_CHARS = 4_000;
/** Of `output.summary` (P-check-size). */
const MAX_CHECK_CHARS = 65_535;

/** In the order in which they are made so; the record first, since whoever comes second is fenced there. */
export function reviewIntents(review: PullRequestReview, record: RecordWish): readonly Intent[] {
  const { ticket } = review;
  return [{ kind: "record", record, oidLength: ticket.base.sha.length }, reviewIntent(review), reviewCheck(review)];
}

function reviewIntent(review: PullRequestReview): ReviewIntent {
  const { ticket, verdict, headSha, redact, runUrl, files } = review;
  const lines = new Map(files.flatMap(({ path, patch }) => (patch === null ? [] : [[path, linesOfPatch(patch)] as const])));
  const placed = verdict.findings.flatMap((finding) => {
    const { file, line, side } = finding;
    return file !== undefined && line !== undefined && side !== "LEFT" && lines.get(file)?.has(line) === true ? [{ finding, path: file, line }] : [];
  });
  const inline = placed.slice(0, MOST_COMMENTS);
  const elsewhere = verdict.findings.filter((finding) => !inline.some((each) => each.finding === finding));
  const parts = [
    ...opening(review),
    ...elsewhere.map((finding) => `${placeOf(finding)}${words(finding)}`),
    `Nothing of the change was run. [The run](${runUrl})`,
  ];
  return {
    kind: "review",
    pullNumber: ticket.issueNumber,
    headSha,
    body: `${marker("review", ticket)}\n${cut(redact(parts.join("\n\n")), MAX_COMMENT_CHARS - 300, `*Cut here. The whole record is in [the run](${runUrl}).*`)}`,
    comments: inline.map(({ finding, path, line }) => ({ path, line, body: redact(words(finding)) })),
  };
}

function opening({ verdict, headSha, headNow, files }: PullRequestReview): readonly string[] {
  const unseen = files.filter(({ patch }) => patch === null);
  return [
    `**${headline(verdict)}** This is about ${code(headSha)}.`,
    ...(headNow === headSha ? [] : [`The head of the pull request has moved to ${code(headNow)} since: that was not reviewed.`]),
    quote(cut(verdict.summary, MAX_PART_CHARS, "(cut)")),
    ...(unseen.length === 0 ? [] : [`GitHub shows no lines of these files, binary or very large, so nothing can stand on them: ${unseen.slice(0, 50).map(({ path }) => code(path)).join(", ")}.`]),
  ];
}

function headline(verdict: ReviewVerdict): string {
  const count = counted(verdict.findings.length, "finding");
  switch (verdictOf(verdict)) {
    case "clean":
      return verdict.findings.length === 0 ? "No finding." : `${count}, none above a nit.`;
    case "minor":
      return `${count}, none of which blocks.`;
    case "blocking":
      return `${count}, of which some should not be merged.`;
  }
}

const placeOf = ({ file, line }: Finding): string => (file === undefined ? "" : `${code(`${file}${line === undefined ? "" : `:${line}`}`)}\n\n`);

const words = ({ severity, summary, evidence, remediation }: Finding): string =>
  [`**${severity}**: ${plain(cut(summary, MAX_PART_CHARS, "(cut)"))}`, ...(evidence === undefined ? [] : [`How it shows:\n${quote(cut(evidence, MAX_PART_CHARS, "(cut)"))}`]), ...(remediation === undefined ? [] : [`What would mend it:\n${quote(cut(remediation, MAX_PART_CHARS, "(cut)"))}`])].join("\n\n");

/** I4. Green only for a clean verdict of a review that took turns, of files whose lines could all be seen. */
function reviewCheck(review: PullRequestReview): CheckRunIntent {
  const { verdict, view, headSha, redact, runUrl, files } = review;
  const worked = view.turns > 0 && files.length > 0 && files.every(({ patch }) => patch !== null);
  const conclusion = { clean: worked ? "success" : "neutral", minor: "neutral", blocking: "failure" } as const;
  return {
    kind: "check-run",
    headSha,
    conclusion: conclusion[verdictOf(verdict)],
    title: `${headline(verdict).replace(/\.$/, "")} (${formatUsd(view.costMicroUsd)})`,
    summary: cut(redact(opening(review).join("\n\n")), MAX_CHECK_CHARS, "*Cut.*"),
    text: cut(redact(sessionTable(view)), MAX_CHECK_CHARS, "*Cut.*"),
    detailsUrl: runUrl,
  };
}
