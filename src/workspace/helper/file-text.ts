import { ToolFailure } from "./tool.ts";

/** Bytes looked at for a NUL, as git does to tell binary from text. */
const BINARY_PROBE_BYTES = 8_000;

export const isBinary = (bytes: Uint8Array): boolean => bytes.subarray(0, BINARY_PROBE_BYTES).includes(0);

/** The text of a file that is valid UTF-8, byte order mark kept; null if it is not. */
export function strictUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

export const lenientUtf8 = (bytes: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

/** Text to bytes; a lone surrogate, which UTF-8 cannot hold, is refused. */
export function encodeText(text: string, field: string): Uint8Array {
  if (!text.isWellFormed()) throw new ToolFailure(`\`${field}\` holds half of a surrogate pair, which no UTF-8 file can.`);
  return new TextEncoder().encode(text);
}
