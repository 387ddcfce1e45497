/** git's binary hunk: the whole content, deflated, in git's base 85 (git, Documentation of `git diff --binary`; base85.c). */
import { deflateSync } from "node:zlib";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
/** Of a line. */
const MAX_LINE_BYTES = 52;

/** `literal` with its empty line behind it, which ends it. */
export function literalHunk(bytes: Uint8Array): string {
  const deflated = deflateSync(bytes);
  const lines = [`literal ${bytes.byteLength}`];
  for (let from = 0; from < deflated.byteLength; from += MAX_LINE_BYTES) {
    const part = deflated.subarray(from, from + MAX_LINE_BYTES);
    lines.push(`${lengthDigit(part.byteLength)}${base85(part)}`);
  }
  return `${lines.join("\n")}\n\n`;
}

/** `A` to `Z` for 1 to 26, `a` to `z` for 27 to 52. */
const lengthDigit = (length: number): string => String.fromCharCode(length <= 26 ? 64 + length : 70 + length);

/** Five digits for four bytes, the most significant first; the last four are filled up with zeros. */
function base85(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.byteLength; at += 4) {
    let value = 0;
    for (let index = 0; index < 4; index += 1) value = value * 256 + (bytes[at + index] ?? 0);
    let digits = "";
    for (let index = 0; index < 5; index += 1) {
      digits = `${DIGITS[value % 85] ?? ""}${digits}`;
      value = Math.floor(value / 85);
    }
    text += digits;
  }
  return text;
}
