/**
 * Characters people do not see but models read: all that Unicode lets a renderer ignore (zero-width and bidirectional controls,
 * tags, fillers, variation selectors, which can spell whole texts; the emoji selector U+FE0F stays), controls, line ends that
 * few show, the blank Braille pattern, interlinear annotation.
 */
const HIDDEN = /(?![\n\t\r]|\ufe0f)[\p{Default_Ignorable_Code_Point}\p{Cc}\u2028\u2029\u2800\ufff9-\ufffb]/gv;

/** The same and halves of surrogate pairs. */
const HIDDEN_OR_BROKEN = new RegExp(`${HIDDEN.source}|\\p{Cs}`, "gv");

/** Shown by name in one text; the rest as `?`, so that a text of nothing else does not outgrow what a session holds. */
const MAX_NAMED = 1_000;

/** Shows each hidden character as what it is, e.g. `[U+202E]`, so that nothing is smuggled past the reader. */
export function revealHidden(text: string): string {
  let named = 0;
  return text.replace(HIDDEN, (character) => {
    named += 1;
    return named > MAX_NAMED ? "?" : `[${codeOf(character)}]`;
  });
}

/** The first hidden character, or half of a pair, of a text: where it is (in UTF-16 units) and its code; null when every character shows. */
export function firstHidden(text: string): { readonly index: number; readonly code: string } | null {
  for (const { 0: character, index } of text.matchAll(HIDDEN_OR_BROKEN)) return { index, code: codeOf(character) };
  return null;
}

/** `U+202E` */
export const codeOf = (character: string): string => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
