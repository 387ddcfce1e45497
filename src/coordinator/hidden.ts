/** Characters people do not see but models read: bidirectional controls, zero-width characters, tag characters, controls. */
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

/** Shows each hidden character as what it is, e.g. `[U+202E]`, so that nothing is smuggled past the reader. */
export const revealHidden = (text: string): string =>
  text.replace(HIDDEN, (character) => `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`);
