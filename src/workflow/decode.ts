import type { Fault } from "../shared/fault.ts";
import { err, ok, type Result } from "../shared/result.ts";

/** Bytes of one file that are looked at at all; the text has a smaller limit of its own. */
const FILE_LIMIT_BYTES = 2 * 1024 * 1024;

/** Decodes the bytes of a workflow file: UTF-8 without a byte order mark, nothing else. */
export function decodeWorkflow(bytes: Uint8Array, file: string): Result<string, readonly Fault[]> {
  const fault = (message: string, fix: string) => err([{ file, line: 1, column: 1, path: "", message, fix }]);
  if (bytes.length > FILE_LIMIT_BYTES) return fault(`The file has ${bytes.length} bytes; the limit is ${FILE_LIMIT_BYTES}.`, "Split the workflow, or move long text into documents it refers to.");
  if (startsWith(bytes, [0xef, 0xbb, 0xbf]) || startsWith(bytes, [0xff, 0xfe]) || startsWith(bytes, [0xfe, 0xff])) {
    return fault("The file begins with a byte order mark.", "Save it as UTF-8 without a byte order mark.");
  }
  const text = decodeUtf8(bytes);
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
