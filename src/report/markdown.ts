/** Pieces of GitHub Markdown. Everything that takes text from outside neutralises it here, so callers cannot forget. */
import { neutralise, neutraliseLine } from "./neutralise.ts";

/** Outside text on one line, shown letter by letter: no formatting, no link, no table cell ends in it. */
export const plain = (text: string): string =>
  neutraliseLine(text, "")
    .replace(/[\\`*_[\]~]/g, "\\$&")
    .replaceAll("|", "\\|");

/** A command, path or id as code; backticks become apostrophes, since no escape works inside a code span. */
export const code = (text: string): string => {
  const line = neutraliseLine(text, " ").replaceAll("`", "'").replaceAll("|", "\\|");
  return `\`${line}\``;
};

/** Outside text on one line in which backticks mark code, as our own advice has them; all else letter by letter. */
export function plainWithCode(text: string): string {
  const parts = text.split("`");
  return parts.length % 2 === 0 ? plain(text) : parts.map((part, index) => (part === "" ? "" : index % 2 === 1 ? code(part) : spaced(part))).join("");
}

/** White space at the ends is what separates it from the code beside it. */
const spaced = (text: string): string => `${/^\s/.test(text) ? " " : ""}${plain(text)}${/\S\s+$/.test(text) ? " " : ""}`;

/** `1 finding`, `2 findings`. */
export const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`;

/**
 * Outside text as a block of its own. Each line is quoted, so that an unclosed fence, list or tag ends where the quote
 * ends and can never swallow what we say after it (I8).
 */
export const quote = (text: string): string =>
  neutralise(text)
    .replace(/^\n+|\s+$/g, "")
    .split("\n")
    .map((line) => (line.trim() === "" ? ">" : `> ${line}`))
    .join("\n");

/** A table; cells are already Markdown and hold no line end. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return [tableLine(columns), tableLine(columns.map(() => "---")), ...rows.map(tableLine)].join("\n");
}

const tableLine = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/**
 * Cuts text to a length at the end of a line where there is one, and says so (fault 47).
 * @param limit in UTF-16 code units, at least the length of `note`; GitHub counts characters, which are never more
 * @param note what stands where the rest was: where to read the whole
 */
export function cut(text: string, limit: number, note: string): string {
  if (text.length <= limit) return text;
  const room = Math.max(0, limit - note.length - 2);
  const head = text.slice(0, room).toWellFormed();
  const lineEnd = head.lastIndexOf("\n");
  return `${lineEnd > room / 2 ? head.slice(0, lineEnd) : head}\n\n${note}`.slice(0, limit);
}
