/**
 * The text of our pull request, brought up to date by a later delivery without taking from people what they wrote into it.
 *
 * What we wrote ends with a line that tells its digest: so it is known where it ends, and whether somebody changed it.
 */
import { MAX_COMMENT_CHARS } from "../../github/write/index.ts";
import { cut, quote } from "../../report/index.ts";
import { sha256Hex } from "../../shared/hash.ts";

/** Of a body's room, what is left to people's words. */
const KEPT_CHARS = 6_000;
const END_CHARS = 44;
/** Room for what is to be ended. */
export const MAX_OWN_CHARS = MAX_COMMENT_CHARS - KEPT_CHARS - END_CHARS;

const END = /^<!-- worktrain:end ([0-9a-f]{16}) -->$/m;
const CUT = "*Cut here. The earlier text is in the history of this description.*";

/** Our text with the line that ends it. */
export const ended = (text: string): string => `${text}\n<!-- worktrain:end ${digestOf(text)} -->`;

const digestOf = (text: string): string => sha256Hex(text).slice(0, 16);

/** GitHub keeps line ends as they come. */
const plainLines = (text: string): string => text.replaceAll("\r\n", "\n");

/** Where a body of ours begins, whatever somebody wrote above it; -1 where it is none. @param marker as far as it is known */
const beginOf = (body: string, marker: string): number => (body.startsWith(marker) ? 0 : `\n${body}`.indexOf(`\n${marker}`));

export const isMarked = (body: string, marker: string): boolean => beginOf(plainLines(body), marker) >= 0;

/** Whether `present` holds our text `own` as it is, with what people may have written around it. */
export function holdsOwn(present: string, own: string): boolean {
  const text = plainLines(present).trimEnd();
  return text === own || text.startsWith(`${own}\n`);
}

/**
 * `own` in place of what an earlier delivery wrote into `present`: what people wrote above or below that stands below it now, as they wrote it; where
 * they changed it itself, or it has no end of ours, that is quoted whole.
 */
export function renewedBody(present: string, own: string, marker: string): string {
  const text = plainLines(present);
  const begin = Math.max(0, beginOf(text, marker));
  const [above, rest] = [text.slice(0, begin), text.slice(begin)];
  const end = END.exec(rest);
  const before = end === null ? rest : rest.slice(0, end.index - 1);
  const below = end === null ? "" : rest.slice(end.index + end[0].length);
  const changed = end !== null && digestOf(before) === end[1] ? "" : `### The description before\nSomebody may have written into it:\n\n${quote(before)}`;
  const kept = [above, below, changed].map((part) => part.trim()).filter((part) => part !== "").join("\n\n");
  return kept === "" ? own : `${own}\n\n${cut(kept, MAX_COMMENT_CHARS - own.length - 2, CUT)}`;
}
