/** Most edits between what was typed and what may have been meant. */
const MOST_EDITS = 2;
/** Longer than any name here: nothing so long is a slip of the finger. */
const MAX_CHARS = 32;

/** The known word that differs least from a typed one (insert, delete, change or swap of neighbours), or null when none is near. */
export function nearest(typed: string, known: readonly string[]): string | null {
  if (typed.length > MAX_CHARS) return null;
  const ranked = known.map((word) => ({ word, edits: editsBetween(typed, word) })).filter(({ word, edits }) => edits <= Math.min(MOST_EDITS, word.length - 1));
  return ranked.toSorted((a, b) => a.edits - b.edits)[0]?.word ?? null;
}

/** Optimal string alignment (Damerau's distance without changes inside a swap). */
function editsBetween(a: string, b: string): number {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : changed;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, changed, swapped));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
