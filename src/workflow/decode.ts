import type { Fault } from "../shared/fault.ts";
import { err, ok, type Result } from "../shared/result.ts";

/** UTF-16 code units of one file. The largest known workflow file is about a fifth of it. */
export const FILE_LIMIT_CHARS = 256 * 1024;
/** Any file with more bytes is over the limit: a code unit takes at most three in UTF-8, and a byte order mark three more. */
const FILE_LIMIT_BYTES = 3 * FILE_LIMIT_CHARS + 3;
export const TOO_LARGE_FIX = "Split the workflow, or move long text into documents it refers to.";

/** What is wrong with a file of this size before anybody has read it; null when nothing is. */
export const sizeProblem = (bytes: number): string | null => (bytes <= FILE_LIMIT_BYTES ? null : `The file has ${bytes} bytes; the limit is ${FILE_LIMIT_CHARS} characters.`);

/** Decodes the bytes of a workflow file: UTF-8, with or without the byte order mark that editors on Windows write; nothing else. */
export function decodeWorkflow(bytes: Uint8Array, file: string): Result<string, readonly Fault[]> {
  const fault = (message: string, fix: string) => err([{ file, line: 1, column: 1, path: "", message, fix }]);
  const tooLarge = sizeProblem(bytes.length);
  if (tooLarge !== null) return fault(tooLarge, TOO_LARGE_FIX);
  if (startsWith(bytes, [0xff, 0xfe]) || startsWith(bytes, [0xfe, 0xff])) return fault("The file is UTF-16 text.", "Save it as UTF-8.");
  const text = decodeUtf8(startsWith(bytes, [0xef, 0xbb, 0xbf]) ? bytes.subarray(3) : bytes);
  return text === null ? fault("The file is not UTF-8 text.", "Save it as UTF-8.") : ok(text);
}

/** Strict UTF-8 (RFC 3629), in chunks; null for anything else. Written out because this folder knows no platform. */
function decodeUtf8(bytes: Uint8Array): string | null {
  const chunks: string[] = [];
  let units: number[] = [];
  for (let index = 0; index < bytes.length; ) {
    const lead = bytes[index] ?? 0;
    const length = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
    if (length === 0 || index + length > bytes.length) return null;
    let code = length === 1 ? lead : lead & (0xff >> (length + 1));
    for (let next = 1; next < length; next += 1) {
      const byte = bytes[index + next] ?? 0;
      if ((byte & 0xc0) !== 0x80) return null;
      code = (code << 6) | (byte & 0x3f);
    }
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000) || (length === 3 && code < 0x800) || (length === 4 && code < 0x10000)) return null;
    units.push(code);
    index += length;
    if (units.length === 4096 || index === bytes.length) {
      chunks.push(String.fromCodePoint(...units));
      units = [];
    }
  }
  return chunks.join("");
}

const startsWith = (bytes: Uint8Array, start: readonly number[]): boolean => start.every((byte, index) => bytes[index] === byte);
