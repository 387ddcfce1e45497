/** Strict base64url without padding: the one spelling of its bytes, else null. (Buffer skips what it does not know.) */
export function decodeBase64Url(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : null;
}
