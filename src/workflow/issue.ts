/** Keys and indexes from the root of the document to a value. */
export type Path = readonly (string | number)[];

/** A fault before its position is known. `at: "key"` points at the key of the last path part, not at its value. */
export interface Issue {
  readonly path: Path;
  readonly message: string;
  readonly fix: string;
  readonly at?: "key";
  /** Where it stands in the text, when the path alone does not say. */
  readonly offset?: number;
}

export function formatPath(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(part)) text += text === "" ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** ` Did you mean "x"?` for the nearest of the known words, or nothing when none is near. */
export function suggestion(word: string, known: readonly string[]): string {
  let best: { word: string; distance: number } | null = null;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (best === null || distance < best.distance) best = { word: candidate, distance };
  }
  const near = best !== null && best.distance <= Math.max(1, Math.floor(word.length / 3));
  return near && best !== null ? ` Did you mean "${best.word}"?` : "";
}

/** Levenshtein distance; words over 64 characters count as far from everything. */
function editDistance(a: string, b: string): number {
  if (a.length > 64 || b.length > 64) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
