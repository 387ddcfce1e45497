/**
 * When two findings are one and the same, told apart from lines and wording: code moves and reviewers rephrase.
 *
 * F1. The identity is of category, file and place in the code (or the words, where no code is at hand); line numbers are never in it.
 * F2. It says nothing of severity: a finding that got worse is still that finding.
 */

export interface IdentifiedFinding {
  readonly summary: string;
  readonly file?: string | undefined;
  readonly findingCategory?: string | undefined;
  /** A command that shows it. */
  readonly reproduce?: string | undefined;
}

/**
 * Text that is the same for one finding in two reviews; its hash is the finding's fingerprint (`report/fingerprint.ts`). A change of the
 * rules below is a new version, since fingerprints are kept on GitHub.
 * @param code the line that the finding is about with those beside it, as the reviewed files have them; null where they are not at hand
 */
export function findingIdentity({ summary, file, findingCategory }: IdentifiedFinding, code: string | null): string {
  const place = code === null ? "" : code.split("\n").map((line) => line.trim().replace(/\s+/g, " ")).filter((line) => line !== "").join("\n");
  return JSON.stringify(["finding", 1, pathOf(file), findingCategory ?? "", place === "" ? ["words", wordsOf(summary)] : ["code", place]]);
}

/** Share of the words of two summaries that they have in common, from which on they tell of one thing. */
const SAME_WORDS = 0.6;
const LEAST_SHARED = 2;

/** Whether two reviews tell of one finding, without the code at hand: one command shows both, or one file and nearly the same words. */
export function isSameFinding(a: IdentifiedFinding, b: IdentifiedFinding): boolean {
  if (a.reproduce !== undefined && a.reproduce.trim() !== "" && a.reproduce.trim() === b.reproduce?.trim()) return true;
  if (pathOf(a.file) !== pathOf(b.file)) return false;
  const [one, other] = [wordsOf(a.summary), wordsOf(b.summary)];
  if (one.join(" ") === other.join(" ")) return true;
  const isOtherKind = a.findingCategory !== undefined && b.findingCategory !== undefined && a.findingCategory !== b.findingCategory;
  const shared = one.filter((word) => other.includes(word)).length;
  return !isOtherKind && shared >= LEAST_SHARED && shared / (one.length + other.length - shared) >= SAME_WORDS;
}

const pathOf = (file: string | undefined): string => (file ?? "").trim().replace(/^(?:\.\/)+/, "");

const MOST_CHARS = 1_000;

/** What a summary tells: each word once without its ending, in order of the alphabet, without places and words that join others. */
function wordsOf(summary: string): readonly string[] {
  const text = summary.slice(0, MOST_CHARS).toLowerCase().replaceAll(/\blines?\s+\d+(?:\s*[-–]\s*\d+)?|:\d+(?:[-–:]\d+)?\b/g, " ");
  const words = (text.match(/[\p{L}\p{N}_]+/gu) ?? []).filter((word) => !JOINING.has(word)).map((word) => word.replace(/(?<=.{3})(?:ings?|ed|es|s)$/, ""));
  return words.length === 0 ? [text.trim()] : [...new Set(words)].toSorted();
}

const JOINING = new Set("a an and are as at be been but by can do does for from had has have if in into is it its may of on or so such than that the then there these this those to was were when where which while will with would".split(" "));
