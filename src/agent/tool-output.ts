/**
 * Makes a tool's output fit for the log and the API: well-formed Unicode without NUL, and at most `limitBytes` of UTF-8.
 * Of a longer one head and tail are kept, and the number of bytes between them stands in their place.
 */
export function boundOutput(output: string, limitBytes: number): string {
  const text = output.toWellFormed().replaceAll("\0", "\uFFFD");
  const bytes = Buffer.from(text);
  if (bytes.length <= limitBytes) return text;
  const keptBytes = Math.max(0, limitBytes - GAP_BYTES);
  const headBytes = Math.floor(keptBytes / 2);
  const head = bytes.subarray(0, startOfCharacter(bytes, headBytes));
  const tail = bytes.subarray(endOfCharacter(bytes, bytes.length - (keptBytes - headBytes)));
  const leftOut = bytes.length - head.length - tail.length;
  return `${head.toString()}\n[... ${leftOut} bytes left out ...]\n${tail.toString()}`;
}

/** Room for the line that stands for what was left out. */
const GAP_BYTES = 64;

/** Continuation bytes of UTF-8 are 10xxxxxx. */
const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0b1100_0000) === 0b1000_0000;

function startOfCharacter(bytes: Uint8Array, offset: number): number {
  let start = offset;
  while (start > 0 && isContinuation(bytes[start])) start -= 1;
  return start;
}

function endOfCharacter(bytes: Uint8Array, offset: number): number {
  let end = offset;
  while (end < bytes.length && isContinuation(bytes[end])) end += 1;
  return end;
}
