/** One finding in words: as a comment on its line, in the review itself, and as an annotation of a check run. */
import { cut, plain, quote } from "../../report/index.ts";
import type { Redact } from "../../shared/redact.ts";
import { formatFindingMark } from "../../record/index.ts";
import type { Finding } from "../../workflow/index.ts";
import type { CheckAnnotation, ReviewComment } from "../intents.ts";
import type { MarkedFinding } from "../reconcile.ts";

const MAX_PART_CHARS = 4_000;
/** A longer one is no small replacement any more. */
const MAX_SUGGESTION_CHARS = 10_000;

export const findingWords = ({ severity, summary, evidence, remediation }: Finding): string =>
  [`**${severity}**: ${plain(cut(summary, MAX_PART_CHARS, "(cut)"))}`, ...(evidence === undefined ? [] : [`How it shows:\n${quote(cut(evidence, MAX_PART_CHARS, "(cut)"))}`]), ...(remediation === undefined ? [] : [`What would mend it:\n${quote(cut(remediation, MAX_PART_CHARS, "(cut)"))}`])].join("\n\n");

/** The comment on the finding's lines; it begins with the mark by which a later review knows the finding again. */
export function findingComment({ finding, mark, place }: MarkedFinding, redact: Redact): ReviewComment | null {
  if (place === null) return null;
  const suggestion = suggestionBlock(finding, place, redact);
  const body = [`${formatFindingMark(mark)}\n${redact(findingWords(finding))}`, ...(suggestion === null ? [] : [suggestion])].join("\n\n");
  return { path: place.path, line: place.line, ...(place.start === place.line ? {} : { startLine: place.start }), body };
}

/** Replaces exactly the lines that the comment stands on. A text in which a secret was found is none: what GitHub would commit is not what was meant. */
function suggestionBlock({ suggestion, line, endLine }: Finding, place: NonNullable<MarkedFinding["place"]>, redact: Redact): string | null {
  if (suggestion === undefined || suggestion.length > MAX_SUGGESTION_CHARS || redact(suggestion) !== suggestion) return null;
  if (line !== place.start || (endLine ?? line) !== place.line) return null;
  const fences = suggestion.match(/`{3,}/g) ?? [];
  const fence = "`".repeat(Math.max(3, ...fences.map(({ length }) => length + 1)));
  return `${fence}suggestion\n${suggestion.replace(/\n$/, "")}\n${fence}`;
}

/** REST docs, "Create a check run": 64 KB of message, 255 characters of title. */
const MAX_MESSAGE_BYTES = 64 * 1024;
const MAX_TITLE_CHARS = 255;

const LEVELS = { critical: "failure", major: "failure", minor: "warning", nit: "notice" } as const satisfies Record<Finding["severity"], CheckAnnotation["level"]>;

/** On lines that the diff shows, so that the path exists at the commit and the line is within the file. */
export function findingAnnotation({ finding, place }: MarkedFinding, redact: Redact): CheckAnnotation | null {
  if (place === null) return null;
  const { summary, evidence, remediation, severity } = finding;
  const message = redact([summary, ...(evidence === undefined ? [] : [`How it shows: ${evidence}`]), ...(remediation === undefined ? [] : [`What would mend it: ${remediation}`])].map((text) => cut(text, MAX_PART_CHARS, "(cut)")).join("\n\n"));
  if (Buffer.byteLength(message) > MAX_MESSAGE_BYTES) return null;
  return { path: place.path, startLine: place.start, endLine: place.line, level: LEVELS[severity], title: redact(severity).slice(0, MAX_TITLE_CHARS), message };
}
