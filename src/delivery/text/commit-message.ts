import { neutralise, neutraliseLine } from "../../report/index.ts";
import { formatTrailers } from "../../record/index.ts";
import type { Delivery } from "./delivery.ts";

const MAX_SUBJECT_CHARS = 120;
/** A commit message is read in terminals; the pull request holds the whole text. */
const MAX_BODY_CHARS = 8_000;

/** Subject and body in the words of the coding session, harmless, then our trailers as the last paragraph. */
export function commitMessage({ view, ticket, redact }: Delivery): string {
  const subject = redact(neutraliseLine(subjectOf(view), `Work on issue ${ticket.issueNumber}`));
  const body = redact(neutralise(view.handoff?.prBody ?? "")).trim();
  const parts = [clip(subject, MAX_SUBJECT_CHARS), ...(body === "" ? [] : [clip(body, MAX_BODY_CHARS)]), formatTrailers(ticket)];
  return `${parts.join("\n\n")}\n`;
}

/** `fix(parser): keep empty lines`, from whatever parts the session named. */
function subjectOf(view: Delivery["view"]): string {
  const { commitType, commitScope, commitSubject, prTitle } = view.handoff ?? {};
  const subject = commitSubject ?? prTitle ?? view.opening?.task.title ?? "";
  if (commitType === undefined || !/^[a-z]{1,20}$/.test(commitType) || /^[a-z]+(\([^)]*\))?!?: /.test(subject)) return subject;
  return `${commitType}${commitScope === undefined || commitScope === "" ? "" : `(${commitScope})`}: ${subject}`;
}

export const clip = (text: string, limit: number): string => (text.length <= limit ? text : `${text.slice(0, limit - 1).toWellFormed().trimEnd()}…`);
