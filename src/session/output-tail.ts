/** Characters kept of a verification's output (record: `verification_finished.outputTail`). */
const OUTPUT_TAIL_CHARS = 8 * 1024;

/** The end of an output, and how much was left out before it. */
export function tail(text: string): string {
  if (text.length <= OUTPUT_TAIL_CHARS) return text;
  const mark = `[the first ${text.length - OUTPUT_TAIL_CHARS} characters are left out]\n`;
  return `${mark}${text.slice(text.length - OUTPUT_TAIL_CHARS + mark.length)}`;
}
