import { betweenCommonEnds } from "../common-ends.ts";

/** Cells of the table of common lines that are counted exactly; beyond it all lines in between count as changed. */
const MOST_CELLS = 4_000_000;

const linesOf = (text: string): readonly string[] => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));

/** Lines added and removed from one text to another, as a line diff counts them; of very long texts rather too many. */
export function changedLines(before: string, after: string): number {
  const { before: left, after: right } = betweenCommonEnds(linesOf(before), linesOf(after));
  return left.length + right.length - 2 * (left.length * right.length > MOST_CELLS ? 0 : common(left, right));
}

/** Length of the longest common subsequence of lines. */
function common(a: readonly string[], b: readonly string[]): number {
  let above = Array.from({ length: b.length + 1 }, () => 0);
  for (const line of a) {
    const row = [0];
    for (const [index, other] of b.entries()) row.push(line === other ? (above[index] ?? 0) + 1 : Math.max(above[index + 1] ?? 0, row[index] ?? 0));
    above = row;
  }
  return above[b.length] ?? 0;
}
