import { code, cut, findingsTable, plain, proofTable, quote, sessionTable, type ItemView, type Proof } from "../../../report/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import type { DeliverResult } from "./settings.ts";

/** A job summary over 1 MiB is dropped as a whole (P-step-summary); a character has at most 4 bytes. */
const MAX_SUMMARY_CHARS = 250_000;

const page = (text: string): string => cut(text, MAX_SUMMARY_CHARS, "*Cut here. The whole record is in the run's artifacts.*");

/** One line for the log; Actions reads `::` at a line's start as a command and `%0A` as a line end. */
const line = (text: string): string => text.replace(/\s+/g, " ").replaceAll("%0A", " ").trim();

export function deliveredSummary(delivered: { readonly view: ItemView; readonly proof: Proof; readonly pullRequest: string; readonly pullRequestUrl: string | null }): DeliverResult {
  const { view, proof, pullRequest, pullRequestUrl } = delivered;
  const name = pullRequestUrl === null ? `#${pullRequest}` : `[#${pullRequest}](${pullRequestUrl})`;
  const parts = [`### WorkTrain delivered pull request ${name}`, proofTable(proof), sessionTable(view), findingsTable(view)];
  return { exitCode: 0, summary: `Delivered pull request #${pullRequest}${pullRequestUrl === null ? "" : `: ${pullRequestUrl}`}`, stepSummary: page(parts.filter((part) => part !== "").join("\n\n")) };
}

export const saidSummary = (headline: string, reason: Refusal): DeliverResult => ({
  exitCode: 0,
  summary: line(`${headline}: ${reason.message} ${reason.fix}`),
  stepSummary: page(`### ${plain(headline)}\n\n${words(reason)}`),
});

/** Not red: nothing failed, and what was asked for goes to a later run. */
export const fencedSummary = (refusal: Refusal): DeliverResult => ({
  exitCode: 0,
  summary: line(`WorkTrain did not publish: another run was first: ${refusal.message} ${refusal.fix}`),
  stepSummary: page(`### WorkTrain did not publish: another run was first\n\n${words(refusal)}`),
});

/** @param unsaid why the comment on the issue could not be made, if it could not */
export const refusedSummary = (refusal: Refusal, unsaid?: string): DeliverResult => ({
  exitCode: 1,
  summary: line(`${headlineOf(refusal)} (${refusal.kind}): ${refusal.message} ${refusal.fix}`),
  stepSummary: page(`### ${headlineOf(refusal)}\n\n${words(refusal)}${unsaid === undefined ? "" : `\n\nThe comment on the issue could not be made:\n${quote(unsaid)}`}`),
});

/** After an outage a part may be published: no green check stands on it, and a later run goes on from there. */
const headlineOf = ({ kind }: Refusal): string => (kind === "outage" ? "WorkTrain could not finish publishing" : "WorkTrain refused to publish");

const words = (refusal: Refusal): string => `${code(refusal.kind)}\n\n${quote(refusal.message)}\n\nWhat to do:\n${quote(refusal.fix)}`;
