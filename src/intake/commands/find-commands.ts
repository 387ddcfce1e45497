/**
 * Which lines of a comment are commands. A command is a line of its author's own words: what GitHub shows as code, quote, link or
 * HTML, or does not show at all, is none (attack 2).
 *
 * Markdown's blocks are followed as far as they reach over an empty line (fences, HTML); what reaches less far (code spans, links, lists,
 * tables, lazy lines of quotes) needs a paragraph that began before the command, and then only plain words may stand before it.
 * Where this reads a line otherwise than GitHub does, it takes it for no command and says so.
 */

export type FoundLine =
  | { readonly kind: "command"; readonly line: number; readonly text: string }
  /** Meant as a command, as it seems, and none. */
  | { readonly kind: "refused"; readonly line: number; readonly text: string; readonly why: "look-alike" | "not-alone" | "inside-html"; readonly detail: string };

/**
 * Every line that starts with `/worktrain` or a mention of the App, or looks as if it started with the former, in order; lines are counted from 1.
 * @param slug of the App, as it is mentioned; null where that is not known
 */
export function findCommands(body: string, slug: string | null = null): readonly FoundLine[] {
  const found: FoundLine[] = [];
  let block: Block = OPEN;
  for (const [index, text] of body.split(/\r\n|\n|\r/).entries()) {
    const seen = look(block, text);
    block = seen.block;
    if (!seen.own) continue;
    const line = index + 1;
    if (isCommandLine(text) || (slug !== null && isMention(text, slug))) {
      const why = placeProblem(seen.before);
      found.push(why === null ? { kind: "command", line, text } : { kind: "refused", line, text, ...why });
    } else if (looksLikeCommand(text)) {
      found.push({ kind: "refused", line, text, why: "look-alike", detail: "" });
    }
  }
  return found;
}

/** A mention in the middle of a line is talk about the App, not to it. Names of accounts are compared without case. */
const isMention = (text: string, slug: string): boolean =>
  text.slice(0, slug.length + 1).toLowerCase() === `@${slug.toLowerCase()}` && /^(?:\[bot\])?[,:]?(?=[ \t]|$)/.test(text.slice(slug.length + 1));

/** Whether a line starts with a mention of somebody: what a comment without one is not asked for. */
export const mentionsSomebody = (body: string): boolean => /^@[a-z0-9]/im.test(body);

const isCommandLine = (text: string): boolean => /^\/worktrain(?=[ \t]|$)/.test(text);

interface Block {
  readonly fence: { readonly sign: string; readonly length: number; readonly inList: boolean } | null;
  /** What ends the HTML block that is open. */
  readonly until: RegExp | null;
  /** HTML elements that are open, outermost first. */
  readonly tags: readonly string[];
  /** The paragraph so far holds something that may reach into the next line. */
  readonly reaching: boolean;
}

const OPEN: Block = { fence: null, until: null, tags: [], reaching: false };

interface Seen {
  /** As it stands behind the line. */
  readonly block: Block;
  /** As it stood before the line. */
  readonly before: Block;
  /** The line is the author's words: no code, no quote, no comment. */
  readonly own: boolean;
}

function look(before: Block, text: string): Seen {
  const { fence, until } = before;
  if (fence !== null) {
    const listEnds = fence.inList && /^\S/.test(text);
    if (!listEnds) return { before, own: false, block: closesFence(text, fence) ? { ...before, fence: null, reaching: false } : before };
    return look({ ...before, fence: null, reaching: false }, text);
  }
  if (until !== null) return { before, own: false, block: until.test(text) ? { ...before, until: null, reaching: true } : before };
  if (text.trim() === "") return { before, own: false, block: { ...before, reaching: false } };
  const opened = openedFence(text);
  if (opened !== null) return { before, own: false, block: { ...before, fence: opened } };
  const block: Block = { ...before, tags: tagsAfter(before.tags, text), until: openedHtml(text), reaching: before.reaching || REACHING.test(text) };
  return { before, own: !/^ {0,3}>/.test(text), block };
}

/** Quotes and list items take lazy lines; a code span, a link, a tag and a table reach over line ends. */
const REACHING = /^ {0,3}(?:>|[-+*](?:[ \t]|$)|\d{1,9}[.)](?:[ \t]|$))|[`[<|]/;

function openedFence(text: string): NonNullable<Block["fence"]> | null {
  const match = /^( {0,3}(?:(?:[-+*]|\d{1,9}[.)])[ \t]{1,4})*)(?:(`{3,})[^`]*|(~{3,}).*)$/.exec(text);
  const sign = match?.[2] ?? match?.[3];
  return sign === undefined ? null : { sign: sign.charAt(0), length: sign.length, inList: (match?.[1] ?? "").trim() !== "" };
}

function closesFence(text: string, { sign, length, inList }: NonNullable<Block["fence"]>): boolean {
  const match = /^( *)(`{3,}|~{3,})[ \t]*$/.exec(text);
  return match !== null && (inList || (match[1] ?? "").length <= 3) && match[2]?.charAt(0) === sign && (match[2]?.length ?? 0) >= length;
}

/** HTML that goes on over empty lines, with what ends it (CommonMark, HTML blocks 1 to 5); null when it ends on its own line. */
function openedHtml(text: string): RegExp | null {
  const comment = text.lastIndexOf("<!--");
  if (comment !== -1 && !text.includes("-->", comment + 4)) return /-->/;
  const opens: readonly (readonly [RegExp, RegExp])[] = [
    [/^ {0,3}<(?:pre|script|style|textarea)(?=[\s>]|$)/i, /<\/(?:pre|script|style|textarea)>/i],
    [/^ {0,3}<\?/, /\?>/],
    [/^ {0,3}<!\[CDATA\[/, /\]\]>/],
    [/^ {0,3}<![a-z]/i, />/],
  ];
  return opens.find(([start, end]) => start.test(text) && !end.test(text))?.[1] ?? null;
}

/** Elements whose content is not said by the comment's author, or is not simply shown. */
const FRAMES = new Set(
  ["a", "blockquote", "code", "del", "details", "div", "kbd", "math", "ol", "p", "picture", "pre", "q", "s", "samp", "script", "span", "strike", "style", "sub", "summary", "sup", "svg", "table", "td", "template", "textarea", "tr", "tt", "ul", "li"],
);
/** More than anybody nests. */
const MOST_TAGS = 100;

function tagsAfter(open: readonly string[], text: string): readonly string[] {
  const tags = [...open];
  for (const [, closes, word = "", alone] of text.replaceAll(/`[^`]*`/g, "").matchAll(/<(\/?)([a-z][a-z0-9-]*)(?:\s[^<>]*?)?(\/?)>/gi)) {
    const name = word.toLowerCase();
    if (!FRAMES.has(name) || alone === "/") continue;
    if (closes !== "") {
      if (tags.includes(name)) tags.splice(tags.lastIndexOf(name));
    } else if (tags.length < MOST_TAGS) {
      tags.push(name);
    }
  }
  return tags;
}

function placeProblem({ tags, reaching }: Block): { readonly why: "not-alone" | "inside-html"; readonly detail: string } | null {
  if (reaching) return { why: "not-alone", detail: "" };
  const tag = tags.at(-1);
  return tag === undefined ? null : { why: "inside-html", detail: tag };
}

/** Letters of other scripts and signs that look like those of `/worktrain`, beside what NFKC makes plain. */
const LOOKS_LIKE: Readonly<Record<string, string>> = {
  "∕": "/", "⁄": "/", "╱": "/", "⧸": "/",
  "ѡ": "w", "ԝ": "w", "ω": "w", "ш": "w",
  "о": "o", "ο": "o", "օ": "o", "0": "o",
  "г": "r", "ᴦ": "r", "ꭇ": "r",
  "к": "k", "κ": "k", "т": "t", "τ": "t",
  "а": "a", "α": "a", "ɑ": "a",
  "і": "i", "ι": "i", "ı": "i", "1": "i", "l": "i",
  "п": "n", "ո": "n", "η": "n",
};

/** As many characters as the command word has with something that does not show between each two. */
const HEAD_CHARS = 64;
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cs}\s\u2800]/gv;

/** Whether a line that is no command would be read as one by whoever looks at it. */
function looksLikeCommand(text: string): boolean {
  // A path that begins like it, or its words behind blanks, are what they seem to be.
  if (/^[ \t]*\/worktrain/.test(text)) return /^\/worktrain[^\x20-\x7e]/.test(text);
  if (/^(?: {4}|\t)/.test(text)) return false;
  const head = text.slice(0, HEAD_CHARS).normalize("NFKC").replaceAll(UNSEEN, "").toLowerCase();
  return [...head].map((character) => LOOKS_LIKE[character] ?? character).join("").startsWith("/worktrain");
}
