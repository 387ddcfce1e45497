/**
 * Characters people do not see but models read: all that Unicode lets a renderer ignore (zero-width and bidirectional controls,
 * tags, fillers, variation selectors, which can spell whole texts; the emoji selector U+FE0F stays), controls, line ends that
 * few show, the blank Braille pattern, interlinear annotation.
 */
const HIDDEN = /(?![\n\t\r]|\ufe0f)[\p{Default_Ignorable_Code_Point}\p{Cc}\u2028\u2029\u2800\ufff9-\ufffb]/gv;

/** Shown by name in one text; the rest as `?`, so that a text of nothing else does not outgrow what a session holds. */
const MAX_NAMED = 1_000;

/** Shows each hidden character as what it is, e.g. `[U+202E]`, so that nothing is smuggled past the reader. */
export function revealHidden(text: string): string {
  let named = 0;
  return text.replace(HIDDEN, (character) => {
    named += 1;
    return named > MAX_NAMED ? "?" : `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`;
  });
}
