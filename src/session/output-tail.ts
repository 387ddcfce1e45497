/** Characters kept of a verification's output (record: `verification_finished.outputTail`). */
const OUTPUT_TAIL_CHARS = 8 * 1024;
/** Bytes a host asks for: the line that counts what was left out has its place beside them. */
export const OUTPUT_TAIL_BYTES = OUTPUT_TAIL_CHARS - 64;

/** The end of an output, and how much was left out before it. */
export function tail(text: string): string {
  if (text.length <= OUTPUT_TAIL_CHARS) return text;
  const left = text.length - OUTPUT_TAIL_BYTES;
  return `[the first ${left} characters are left out]\n${text.slice(left)}`;
}
