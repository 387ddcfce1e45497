/** What lies between the lines that two texts begin and end with in common. */
export interface BetweenEnds {
  /** How many lines they begin with in common. */
  readonly start: number;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Lines of a text, each with its line end; the last may have none. */
export const linesOf = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

export function betweenCommonEnds(a: readonly string[], b: readonly string[]): BetweenEnds {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  return { start, before: a.slice(start, a.length - end), after: b.slice(start, b.length - end) };
}
