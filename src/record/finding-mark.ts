/** The hidden first line of a comment that tells a finding: by it a later review knows the finding again. It counts only in what our own account wrote. */
export interface FindingMark {
  /** By the code it is about; null where that was not at hand. */
  readonly code: string | null;
  /** By its words. */
  readonly words: string;
  readonly severity: "critical" | "major" | "minor" | "nit";
}

export const formatFindingMark = ({ code, words, severity }: FindingMark): string => `<!-- worktrain:finding code=${code ?? "-"} words=${words} severity=${severity} -->`;

const MARK = /<!-- worktrain:finding code=(-|[0-9a-f]{16}) words=([0-9a-f]{16}) severity=(critical|major|minor|nit) -->/g;

/** The marks in a text, in order. */
export const readFindingMarks = (body: string): readonly FindingMark[] => [...body.matchAll(MARK)].map(([, code = "-", words = "", severity]) => ({ code: code === "-" ? null : code, words, severity: severity as FindingMark["severity"] }));

/** The mark that a comment begins with; null for any other comment. */
export const readFindingMark = (body: string): FindingMark | null => (body.startsWith("<!-- worktrain:finding ") ? (readFindingMarks(body.split("\n", 1)[0] ?? "")[0] ?? null) : null);

/** One finding told twice: about the same code, or in the same words. */
export const isSameMark = (a: FindingMark, b: FindingMark): boolean => (a.code !== null && a.code === b.code) || a.words === b.words;

const SEVERITIES: readonly FindingMark["severity"][] = ["nit", "minor", "major", "critical"];

/** For sorting: the worst first. */
export const bySeverity = (a: Pick<FindingMark, "severity">, b: Pick<FindingMark, "severity">): number => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity);
export const isWorse = (a: FindingMark, b: FindingMark): boolean => bySeverity(a, b) < 0;
