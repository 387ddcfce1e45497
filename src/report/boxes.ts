/**
 * Boxes to tick as controls in texts of ours. Pure. What a box asks for is found by the hidden words beside it, never by what is seen; that
 * the text is ours is for the reader to check.
 */

/** A list item with a box. @param control small letters, digits, blanks and `-` */
export const box = (control: string, text: string): string => `- [ ] <!-- worktrain:do ${control} --> ${text}`;

const BOX = /^\s*[-*] \[([ xX])\] <!-- worktrain:do ([a-z0-9][a-z0-9 -]{0,99}) -->/gm;

const boxesIn = (text: string, ticked: boolean): readonly string[] => [...new Set([...text.matchAll(BOX)].flatMap(([, sign = " ", control = ""]) => ((sign === " ") === ticked ? [] : [control])))];

/** The controls that are ticked, each once, in the order of the text. */
export const tickedBoxes = (text: string): readonly string[] => boxesIn(text, true);

/** Those that somebody ticked between two texts: there before, and not ticked. */
export function newlyTicked(before: string, after: string): readonly string[] {
  const open = new Set(boxesIn(before, false));
  return tickedBoxes(after).filter((control) => open.has(control));
}

/** The text with no box ticked. */
export const untick = (text: string): string => text.replaceAll(/^(\s*[-*] \[)[xX](\] <!-- worktrain:do )/gm, "$1 $2");
