/**
 * The repository's own pull request template with our sections in it: its headings and comments stay, known headings get what we have to say.
 *
 * I8. The template is data: of it only HTML comments and a closed list of tags without attributes keep their effect; no mention, reference,
 *     command or marker in it acts. I4. A box is ticked only for what a job vouches for that ran the very files; one that comes ticked is not left so.
 */
import { neutralise } from "../../report/index.ts";

/** Longer ones would crowd out what has to be said; they are left out with a note. */
export const MAX_TEMPLATE_CHARS = 12_000;

const ORDER = ["why", "what", "testing", "notes"] as const;

/** What is placed under a template's heading of that meaning, each with a heading of ours on its first line. */
export type SectionName = (typeof ORDER)[number];
export type Sections = Readonly<Record<SectionName, string>>;

export interface TemplateFill {
  readonly text: string;
  /** Which sections found no heading of theirs. */
  readonly unplaced: readonly SectionName[];
}

/** In this order: a heading takes the first that knows it. */
const HEADINGS: readonly (readonly [SectionName, RegExp])[] = [
  ["testing", /^(?:how (?:was|has|did|is|to|do|can)\b.*\b(?:test|verif)|(?:tests?|testing|test plan|verification|verified|qa|validation)\b)/],
  ["why", /^(?:why\b|motivation|context|background|reason|rationale|problem\b|(?:related|linked|fixed|associated)? ?(?:issues?|tickets?)\b)/],
  ["what", /^(?:what\b|summary|descri|changes?\b|changelog|overview|proposed|purpose|solution|implementation|(?:about )?this (?:pr|pull request))/],
  ["notes", /^(?:notes?\b|additional|reviewers?\b|risks?\b|known|side effects?|caveats?|anything else|other\b|further)/],
];

/** @param testsPassed GitHub vouches that the project's commands passed on the delivered files */
export function fillTemplate(template: string, sections: Sections, testsPassed: boolean): TemplateFill {
  const left = new Map(ORDER.flatMap((name) => (sections[name] === "" ? [] : [[name, sections[name]] as const])));
  const parts = cutAtHeadings(closed(harmless(template))).map(({ heading, lines }) => {
    const own = lines.map((line) => box(line, testsPassed)).join("\n").trimEnd();
    const name = heading === null ? undefined : meaningOf(heading, left);
    const ours = name === undefined ? "" : withoutHeading(left.get(name) ?? "");
    if (name !== undefined) left.delete(name);
    return ours === "" ? own : `${own}\n\n${ours}`;
  });
  return { text: parts.join("\n\n").trim(), unplaced: [...left.keys()] };
}

const meaningOf = (heading: string, left: ReadonlyMap<SectionName, string>): SectionName | undefined => HEADINGS.find(([name, known]) => left.has(name) && known.test(heading))?.[0];

/** A fence that is never closed ends with the template: else what comes below it would be code. */
function closed(template: string): string {
  let fence: string | null = null;
  for (const line of template.split("\n")) {
    const found = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1] ?? null;
    if (fence === null) fence = found;
    else if (found?.startsWith(fence) === true) fence = null;
  }
  return fence === null ? template : `${template.trimEnd()}\n${fence}`;
}

const withoutHeading = (section: string): string => section.replace(/^### [^\n]*\n/, "");

/** Tags that only shape text. */
const SHAPING = /<\u2060(\/?(?:details|summary|br|hr|p|b|i|em|strong|sub|sup|kbd|ul|ol|li|h[1-6])[ ]?\/?>)/gi;
/** Closed where both Markdown and HTML close it: `<!-->`, `<!--->` and `--!>` end a comment earlier for one of them. */
const COMMENT = /<!--(?!-?>)((?:(?!--!?>)[\s\S])*)-->/g;

function harmless(template: string): string {
  let end = 0;
  let safe = "";
  for (const match of template.matchAll(COMMENT)) {
    const [whole, inside = ""] = match;
    // What looks like a marker of ours could be taken for one.
    safe += neutralise(template.slice(end, match.index)) + (/worktrain:/i.test(inside) ? "" : `<!--${neutralise(inside)}-->`);
    end = match.index + whole.length;
  }
  return shaped(safe + neutralise(template.slice(end)));
}

/** A fold that is not closed would hide what comes below it. */
function shaped(safe: string): string {
  const shown = safe.replace(SHAPING, "<$1");
  const count = (tag: RegExp): number => shown.match(tag)?.length ?? 0;
  return count(/<details/gi) === count(/<\/details/gi) ? shown : shown.replace(/<(?=\/?(?:details|summary))/gi, "<\u2060");
}

interface Part {
  /** Lower case, without what decorates it; null ahead of the first. */
  readonly heading: string | null;
  readonly lines: readonly string[];
}

/** Headings of Markdown (`#`) outside of fences and comments. */
function cutAtHeadings(template: string): readonly Part[] {
  const parts: { heading: string | null; lines: string[] }[] = [{ heading: null, lines: [] }];
  let closedBy: RegExp | null = null;
  for (const line of template.split("\n")) {
    const heading = closedBy === null ? /^ {0,3}#{1,6}[ \t]+(.*)$/.exec(line) : null;
    if (heading !== null) parts.push({ heading: wordsOf(heading[1] ?? ""), lines: [] });
    parts.at(-1)?.lines.push(line);
    closedBy = closedBy === null ? opened(line) : closedBy.test(line) ? null : closedBy;
  }
  return parts.filter(({ lines }) => lines.some((line) => line.trim() !== ""));
}

function opened(line: string): RegExp | null {
  const fence = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
  if (fence !== undefined) return new RegExp(`^ {0,3}${fence}`);
  return line.lastIndexOf("<!--") > line.lastIndexOf("-->") ? /-->/ : null;
}

const wordsOf = (heading: string): string => heading.replace(/<!--.*?-->/g, "").replace(/[^\p{L}\p{N} ]+/gu, " ").replace(/\s+/g, " ").trim().toLowerCase();

const TESTS_PASS = /^(?:(?:all|the|my|new|existing|and|unit|local|automated)\s+)*tests?\s+(?:are\s+|now\s+)?(?:pass(?:es|ing|ed)?|green)(?:\s+locally)?\W*$/i;

function box(line: string, testsPassed: boolean): string {
  const [, start, said] = /^(\s*(?:[-*+]|\d+[.)])\s+)\[[ xX]\](\s.*)$/.exec(line) ?? [];
  return start === undefined || said === undefined ? line : `${start}[${testsPassed && TESTS_PASS.test(said.trim()) ? "x" : " "}]${said}`;
}
