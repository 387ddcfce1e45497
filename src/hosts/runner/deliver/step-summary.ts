import { code, cut, plain, quote, reportMarkdown, type Report } from "../../../report/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import type { DeliverResult } from "./settings.ts";

/** A job summary over 1 MiB is dropped as a whole (P-step-summary); a character has at most 4 bytes. */
const MAX_SUMMARY_CHARS = 250_000;

const page = (text: string): string => cut(text, MAX_SUMMARY_CHARS, "*Cut here. The whole record is in the run's artifacts.*");

/** What there is to say, and below it all that the record tells; without a record that is trusted it stands alone. */
const above = (text: string, report: Report | null): string => page(report === null ? text : reportMarkdown(report, text));

/** One line for the log; Actions reads `::` at a line's start as a command and `%0A` as a line end. */
const line = (text: string): string => text.replace(/\s+/g, " ").replaceAll("%0A", " ").trim();

export function deliveredSummary(delivered: { readonly report: Report; readonly pullRequest: string; readonly pullRequestUrl: string | null; readonly notMerging: string | null }): DeliverResult {
  const { report, pullRequest, pullRequestUrl, notMerging } = delivered;
  const name = pullRequestUrl === null ? `#${pullRequest}` : `[#${pullRequest}](${pullRequestUrl})`;
  return { exitCode: 0, summary: `Delivered pull request #${pullRequest}${pullRequestUrl === null ? "" : `: ${pullRequestUrl}`}`, stepSummary: above(`### ✅ WorkTrain delivered pull request ${name}\n\n**${plain(report.title)}**${notMerging === null ? "" : `\n\n${quote(notMerging)}`}`, report), report };
}

export const reviewedSummary = ({ report, url, pullNumber }: { readonly report: Report; readonly url: string; readonly pullNumber: number }): DeliverResult => ({
  exitCode: 0,
  summary: `Reviewed pull request #${pullNumber}: ${url}`,
  stepSummary: above(`### WorkTrain reviewed pull request [#${pullNumber}](${url})\n\n**${plain(report.title)}**`, report),
  report,
});

export const answeredSummary = (question: string, text: string): DeliverResult => ({ exitCode: 0, summary: `Answered \`${question}\` in a comment.`, stepSummary: page(text), report: null });

export const saidSummary = (headline: string, reason: Refusal, report: Report | null): DeliverResult => ({
  exitCode: 0,
  summary: line(`${headline}: ${reason.message} ${reason.fix}`),
  stepSummary: above(`### ${plain(headline)}\n\n${words(reason)}`, report),
  report,
});

/** Not red: nothing failed, and what was asked for goes to a later run. */
export const fencedSummary = (refusal: Refusal): DeliverResult => ({
  exitCode: 0,
  summary: line(`WorkTrain did not publish: another run was first: ${refusal.message} ${refusal.fix}`),
  stepSummary: page(`### WorkTrain did not publish: another run was first\n\n${words(refusal)}`),
  report: null,
});

/** @param about `unsaid`: why the comment on the issue could not be made, if it could not; `report`: where the record is trusted; `kept`: where the change is, ours */
export const refusedSummary = (refusal: Refusal, { unsaid, report = null, kept = null }: { readonly unsaid?: string | undefined; readonly report?: Report | null; readonly kept?: string | null } = {}): DeliverResult => ({
  exitCode: 1,
  summary: line(`${headlineOf(refusal)} (${refusal.kind}): ${refusal.message} ${refusal.fix}`),
  stepSummary: above(`### ${headlineOf(refusal)}\n\n${words(refusal)}${kept === null ? "" : `\n\n${kept}`}${unsaid === undefined ? "" : `\n\nThe comment on the issue could not be made:\n${quote(unsaid)}`}`, report),
  report,
});

/** After an outage a part may be published: no green check stands on it, and a later run goes on from there. */
const headlineOf = ({ kind }: Refusal): string => (kind === "outage" ? "WorkTrain could not finish publishing" : "WorkTrain refused to publish");

const words = (refusal: Refusal): string => `${code(refusal.kind)}\n\n${quote(refusal.message)}\n\nWhat to do:\n${quote(refusal.fix)}`;

/** @param staged `page`: where the preview is whole; `refusal`: why only words would be published */
export const stagedSummary = ({ preview, report, refusal, page: at }: { readonly preview: string; readonly report: Report | null; readonly refusal: string | undefined; readonly page: string | null }): DeliverResult => ({
  exitCode: refusal === undefined ? 0 : 1,
  summary: line(`Staged, nothing was published${refusal === undefined ? "" : `, and the change would be refused: ${refusal}`}${at === null ? "." : `: ${at}`}`),
  stepSummary: above(`### WorkTrain would publish this\n\n${refusal === undefined ? "" : `The change would be refused:\n${quote(refusal)}\n\n`}${at === null ? "" : `[The preview](${at}) as a file.\n\n`}${cut(preview, MAX_SUMMARY_CHARS / 2, "*Cut here. The whole preview is in the artifact.*")}`, report),
  report,
});
