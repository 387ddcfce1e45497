/**
 * Whether two changes of one text can be merged line by line, as git's merge does it: changes that overlap or touch conflict, the same
 * change on both sides does not (git, xdiff/xmerge.c). Pure.
 */
import { betweenCommonEnds, linesOf } from "../common-ends.ts";

/** Cells of the table of common lines; beyond it all lines in between count as one change, so that rather a conflict too many is told. */
const MOST_CELLS = 4_000_000;

export interface Sides {
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
}

interface Hunk {
  /** Lines of the base that are replaced, the end not included. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** The first line of the base that both sides changed, from 1; null where they merge. */
export function conflictingLine({ base, ours, theirs }: Sides): number | null {
  if (ours === theirs) return null;
  const theirHunks = hunksOf(base, theirs);
  for (const mine of hunksOf(base, ours)) {
    const clash = theirHunks.find((their) => mine.from <= their.to && their.from <= mine.to && !(mine.from === their.from && mine.to === their.to && mine.text === their.text));
    if (clash !== undefined) return Math.max(mine.from, clash.from) + 1;
  }
  return null;
}

function hunksOf(before: string, after: string): readonly Hunk[] {
  const { start, before: left, after: right } = betweenCommonEnds(linesOf(before), linesOf(after));
  if (left.length + right.length === 0) return [];
  if ((left.length + 1) * (right.length + 1) > MOST_CELLS) return [{ from: start, to: start + left.length, text: right.join("") }];
  return between(left, right).map(({ from, to, text }) => ({ from: from + start, to: to + start, text }));
}

/** Along one longest common subsequence of lines. */
function between(a: readonly string[], b: readonly string[]): readonly Hunk[] {
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const hunks: Hunk[] = [];
  let [i, j, from, put] = [0, 0, 0, 0];
  const close = (): void => void (i > from || j > put ? hunks.push({ from, to: i, text: b.slice(put, j).join("") }) : null);
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      close();
      [i, j] = [i + 1, j + 1];
      [from, put] = [i, j];
    } else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  [i, j] = [a.length, b.length];
  close();
  return hunks;
}
