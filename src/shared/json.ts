/** Any value JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Levels of nesting that `isJson` follows: far beyond what any door lets in, and safe on every stack. */
const NESTING_LIMIT = 1_000;

/** Whether a value is plain JSON; `__proto__` as a key is not. */
export function isJson(value: unknown, depth = 0): value is Json {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || depth >= NESTING_LIMIT) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (!isJson(item, depth + 1)) return false;
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const key of Object.keys(value)) {
    if (key === "__proto__" || !isJson((value as Record<string, unknown>)[key], depth + 1)) return false;
  }
  return true;
}

/**
 * Canonical JSON text: keys sorted by UTF-16 code unit, no white space (after RFC 8785; numbers print as JavaScript prints them).
 * The same value gives the same bytes on every machine, so it can be hashed, chained and signed.
 * `undefined` members are left out, as JSON.stringify does; a lone surrogate is replaced by U+FFFD so that the text is valid UTF-8.
 * @throws TypeError on a value JSON cannot hold (NaN, Infinity, functions, bigints, cycles by stack overflow)
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case "string":
      return quoted(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`JSON cannot hold ${value}`);
      return String(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      return value === null ? "null" : Array.isArray(value) ? canonicalArray(value) : canonicalObject(value);
    default:
      throw new TypeError(`JSON cannot hold a ${typeof value}`);
  }
}

const quoted = (text: string): string => JSON.stringify(text.isWellFormed() ? text : text.toWellFormed());

function canonicalArray(items: readonly unknown[]): string {
  let text = "[";
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index];
    text += `${index === 0 ? "" : ","}${item === undefined ? "null" : canonicalJson(item)}`;
  }
  return `${text}]`;
}

/** Keys that stand in JSON as they are. */
const PLAIN_KEY = /^[\w.$-]*$/;

function canonicalObject(value: object): string {
  const keys = Object.keys(value);
  if (!keys.every(isWellFormed)) return canonicalObject(withWellFormedKeys(value));
  if (!isSorted(keys)) keys.sort();
  let text = "";
  for (const key of keys) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined) text += `${text === "" ? "" : ","}${PLAIN_KEY.test(key) ? `"${key}"` : quoted(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

const isWellFormed = (key: string): boolean => key.isWellFormed();

/** Before they are sorted: replaced, a surrogate sorts elsewhere. Of two keys that become one the later counts. */
const withWellFormedKeys = (value: object): object => Object.fromEntries(Object.entries(value).map(([key, member]) => [key.toWellFormed(), member]));

function isSorted(keys: readonly string[]): boolean {
  let last = "";
  for (const key of keys) {
    if (key < last) return false;
    last = key;
  }
  return true;
}

/**
 * What parsing a value's canonical JSON gives, without the text in between.
 * @throws TypeError on a value JSON cannot hold, as `canonicalJson`
 */
export function canonicalCopy(value: unknown): Json {
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? value : value.toWellFormed();
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`JSON cannot hold ${value}`);
      return value + 0; // JSON has no -0
    case "boolean":
      return value;
    case "object":
      return value === null ? null : Array.isArray(value) ? Array.from(value, (item: unknown) => (item === undefined ? null : canonicalCopy(item))) : copiedObject(value);
    default:
      throw new TypeError(`JSON cannot hold a ${typeof value}`);
  }
}

function copiedObject(value: object): JsonObject {
  const keys = Object.keys(value);
  if (!keys.every(isWellFormed)) return copiedObject(withWellFormedKeys(value));
  if (!isSorted(keys)) keys.sort();
  const copy: JsonObject = {};
  for (const key of keys) {
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    const own = canonicalCopy(member);
    // Assigned, it would be the prototype.
    if (key === "__proto__") Object.defineProperty(copy, key, { value: own, writable: true, enumerable: true, configurable: true });
    else copy[key] = own;
  }
  return copy;
}
