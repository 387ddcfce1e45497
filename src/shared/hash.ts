import { createHash, hash } from "node:crypto";

/** SHA-256 of text (as UTF-8) or bytes, 64 lower-case hex digits. */
export const sha256Hex = (data: string | Uint8Array): string => hash("sha256", data, "hex");

/** The same of bytes that come piece by piece. */
export function sha256Stream(): { add(bytes: Uint8Array): void; hex(): string } {
  const sum = createHash("sha256");
  return { add: (bytes) => void sum.update(bytes), hex: () => sum.copy().digest("hex") };
}
