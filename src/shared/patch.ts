/** Patches as git and GitHub print them: hunks of lines that begin with a space, a plus or a minus. */
import { sha256Hex } from "./hash.ts";

export interface Hunk {
  /** First line in the old file, and how many of it the hunk shows; of a file that is new, 0 and 0. */
  readonly oldStart: number;
  readonly oldCount: number;
  /** First line in the new file. */
  readonly start: number;
  readonly count: number;
  /** As printed, without the line of numbers before them. */
  readonly lines: readonly string[];
}

const HEAD = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** The hunks of one file's patch; whatever stands before the first is left out. A line of the file that looks like a hunk's head is one of the file. */
export function hunksOf(patch: string): readonly Hunk[] {
  const hunks: (Hunk & { readonly lines: string[] })[] = [];
  let [before, after] = [0, 0];
  for (const text of patch.split("\n")) {
    const head = before > 0 || after > 0 ? null : HEAD.exec(text);
    const hunk = hunks.at(-1);
    if (head !== null) {
      [before, after] = [Number(head[2] ?? 1), Number(head[4] ?? 1)];
      hunks.push({ oldStart: Number(head[1]), oldCount: before, start: Number(head[3]), count: after, lines: [] });
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

/** A file as a patch names it. */
export interface PatchedFile {
  readonly path: string;
  /** Where it stood before, if it was moved. */
  readonly from?: string | undefined;
  readonly removed?: boolean | undefined;
}

/** Names what a hunk does to a file, and at which line of the old file: the same lines at another place, or once more, are another change. White space counts. */
export const hunkId = ({ path, from = path, removed = false }: PatchedFile, { oldStart, lines }: Pick<Hunk, "oldStart" | "lines">): string => sha256Hex([from, path, removed, oldStart, lines.join("\n").trimEnd()].join("\0")).slice(0, DIGITS);
