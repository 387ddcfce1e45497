/** The beginning and the end of a text that is too long to be shown whole. */
export interface Excerpt {
  readonly head: string;
  /** Characters between the two that are not shown; 0 when `head` is all. */
  readonly left: number;
  readonly tail: string;
}

/** @param limitChars of head and tail together; a command's end tells more than its middle, so a third is kept for it */
export function excerpt(text: string, limitChars: number): Excerpt {
  if (text.length <= limitChars) return { head: text, left: 0, tail: "" };
  const tailChars = Math.floor(limitChars / 3);
  const head = text.slice(0, limitChars - tailChars).toWellFormed();
  return { head, left: text.length - limitChars, tail: text.slice(text.length - tailChars).toWellFormed() };
}

/** @param limit in UTF-16 code units; what is cut off shows as an ellipsis */
export const clip = (text: string, limit: number): string => (text.length <= limit ? text : `${text.slice(0, limit - 1).toWellFormed().trimEnd()}…`);
