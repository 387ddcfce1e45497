/** The table of findings as people are shown it, read back: what a pull request's body says is left. */

/** What became of a finding, in the table's last column. */
export const FATES = { gone: "not found again", repeated: "found again", open: "open", accepted: "left as it is" } as const;

/** Digits of a finding's fingerprint that people are shown and may name it by. */
export const SHOWN_DIGITS = 8;

const ROW_WITH_ID = new RegExp(`^\\|.*\\| \`([0-9a-f]{${SHOWN_DIGITS}})\` \\| ([^|\\n]*) \\|$`, "gm");

/** The findings in a text that holds their table: their ids, and whether something is left of them. */
export const findingsShown = (body: string): readonly { readonly id: string; readonly left: boolean }[] =>
  [...body.replaceAll("\r", "").matchAll(ROW_WITH_ID)].map(([, id = "", fate = ""]) => ({ id, left: !fate.startsWith(FATES.gone) }));
