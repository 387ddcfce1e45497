/** Any value JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/**
 * Canonical JSON text: keys sorted by UTF-16 code unit, no white space (after RFC 8785; numbers print as JavaScript prints them).
 * The same value gives the same bytes on every machine, so it can be hashed, chained and signed.
 * `undefined` members are left out, as JSON.stringify does; a lone surrogate is replaced by U+FFFD so that the text is valid UTF-8.
 * @throws TypeError on a value JSON cannot hold (NaN, Infinity, functions, bigints, cycles by stack overflow)
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value.isWellFormed() ? value : value.toWellFormed());
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`JSON cannot hold ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => (item === undefined ? "null" : canonicalJson(item))).join(",")}]`;
  if (typeof value === "object") {
    const members: string[] = [];
    for (const key of Object.keys(value).sort()) {
      const member = (value as Record<string, unknown>)[key];
      if (member !== undefined) members.push(`${canonicalJson(key)}:${canonicalJson(member)}`);
    }
    return `{${members.join(",")}}`;
  }
  throw new TypeError(`JSON cannot hold a ${typeof value}`);
}
