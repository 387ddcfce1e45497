/** Patches as git and GitHub print them: hunks of lines that begin with a space, a plus or a minus. */
import { sha256Hex } from "./hash.ts";

export interface Hunk {
  /** First line in the new file. */
  readonly start: number;
  /** As printed, without the line of numbers before them. */
  readonly lines: readonly string[];
}

const HEAD = /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** The hunks of one file's patch; whatever stands before the first is left out. A line of the file that looks like a hunk's head is one of the file. */
export function hunksOf(patch: string): readonly Hunk[] {
  const hunks: { readonly start: number; readonly lines: string[] }[] = [];
  let [before, after] = [0, 0];
  for (const text of patch.split("\n")) {
    const head = before > 0 || after > 0 ? null : HEAD.exec(text);
    const hunk = hunks.at(-1);
    if (head !== null) {
      [before, after] = [Number(head[1] ?? 1), Number(head[3] ?? 1)];
      hunks.push({ start: Number(head[2]), lines: [] });
    } else if (hunk !== undefined && (before > 0 || after > 0 || text.startsWith("\\"))) {
      hunk.lines.push(text);
      if (!text.startsWith("+") && !text.startsWith("\\")) before -= 1;
      if (!text.startsWith("-") && !text.startsWith("\\")) after -= 1;
    }
  }
  return hunks;
}

/** Lines of the new file that a patch shows, with their text: on these GitHub takes a comment, on any other it answers 422. */
export function linesOfPatch(patch: string): ReadonlyMap<number, string> {
  const shown = new Map<number, string>();
  for (const { start, lines } of hunksOf(patch)) {
    let at = start;
    for (const text of lines) {
      if (text.startsWith("-") || text.startsWith("\\")) continue;
      shown.set(at, text.slice(1));
      at += 1;
    }
  }
  return shown;
}

/** Hex digits: 64 bits. */
const DIGITS = 16;

/** Names what a hunk does to a file, wherever in the file: a rebase keeps it (as `git patch-id` does; white space counts). */
export const hunkId = (path: string, { lines }: Hunk): string => sha256Hex(`${path}\0${lines.join("\n").trimEnd()}`).slice(0, DIGITS);
