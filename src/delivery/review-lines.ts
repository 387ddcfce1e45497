/** Which lines of a new file a patch shows: on these GitHub takes a comment, on any other it answers 422. */
export function linesOfPatch(patch: string): ReadonlySet<number> {
  const lines = new Set<number>();
  let line = 0;
  /** Lines of the new file that the hunk still has. */
  let left = 0;
  for (const text of patch.split("\n")) {
    const hunk = left > 0 ? null : /^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@/.exec(text);
    if (hunk !== null) {
      line = Number(hunk[1]);
      left = Number(hunk[2] ?? 1);
    } else if (left > 0 && (text.startsWith("+") || text.startsWith(" "))) {
      lines.add(line);
      line += 1;
      left -= 1;
    }
  }
  return lines;
}
