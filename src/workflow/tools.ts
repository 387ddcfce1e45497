/** What both allow; null allows everything. */
export const bothAllow = (a: readonly string[] | null, b: readonly string[] | null): readonly string[] | null => (a === null || b === null ? (a ?? b) : a.filter((tool) => b.includes(tool)));
