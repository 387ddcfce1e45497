/** Taking secrets out of text before it is written anywhere (I6). */

/**
 * Gives the text back with every secret replaced; the very same string when there was none. It finds a secret in a string also
 * in the JSON text of that string, so that one look at a document tells whether anything in it must go.
 */
export type Redact = (text: string) => string;

const REDACTED = "[redacted]";

/** Shorter values are too likely to be ordinary words. */
const SHORTEST_SECRET = 8;

/** Longest body of a private key block that is looked for; an RSA key of 16,384 bits has about 12,600 characters. */
const KEY_BLOCK_CHARS = 20_000;

/**
 * Credentials that can be known by their form. Sources: GitHub's token prefixes (P-token-form; `ghs_`
 * tokens of 2026 are long and hold `.`, `-` and `_`), Anthropic, AWS, npm, PEM (RFC 7468; the line ends may be escaped).
 */
const PATTERNS = [
  "ghs_[A-Za-z0-9._-]{36,}",
  "gh[pour]_[A-Za-z0-9]{36,}",
  "github_pat_[A-Za-z0-9_]{22,}",
  "sk-ant-[A-Za-z0-9_-]{20,}",
  "(?:AKIA|ASIA)[A-Z0-9]{16}",
  "npm_[A-Za-z0-9]{36,}",
  `-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?:[A-Za-z0-9+/=\\s\\\\:,]|-(?!----)){0,${KEY_BLOCK_CHARS}}(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----)?`,
];

/**
 * Builds a redactor for secrets known by value, in the forms text commonly carries them (plain, base64 at any alignment,
 * base64url, hex, reversed, URL-encoded, JSON-escaped, single lines of a longer secret), and for credentials known by form.
 * @param secrets values; those shorter than 8 characters are not looked for
 */
export function createRedactor(secrets: readonly string[]): Redact {
  const values = new Set(secrets.flatMap(forms).flatMap((form) => [form, JSON.stringify(form).slice(1, -1)]));
  // The longest first: a form that holds another one goes as a whole.
  const byValue = [...values].sort((a, b) => b.length - a.length).map(escapeForRegExp);
  const secret = new RegExp([...byValue, ...PATTERNS].join("|"), "g");
  return (text) => text.replace(secret, REDACTED);
}

const escapeForRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

/** The ways a secret shows in text, before any JSON escaping. */
function forms(secret: string): readonly string[] {
  if (secret.length < SHORTEST_SECRET) return [];
  const bytes = Buffer.from(secret);
  const hex = bytes.toString("hex");
  const url = encodeURIComponent(secret.toWellFormed());
  // A PEM header is public and would hide every key block's first line.
  const lines = secret.split(/\r?\n/).filter((line) => line !== secret && !line.startsWith("-----"));
  return [
    secret,
    ...lines,
    ...base64Forms(bytes),
    hex,
    hex.toUpperCase(),
    Array.from(secret).reverse().join(""),
    url,
    url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  ].filter((form) => form.length >= SHORTEST_SECRET);
}

/** Base64 puts 3 bytes into 4 characters, so a value inside longer text shows in three ways; the characters it shares with its neighbours are left off. */
function base64Forms(bytes: Buffer): readonly string[] {
  return [0, 1, 2].flatMap((offset) => {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]);
    const first = Math.ceil((offset * 8) / 6);
    const last = Math.floor((shifted.length * 8) / 6);
    return (["base64", "base64url"] as const).map((encoding) => shifted.toString(encoding).slice(first, last));
  });
}

/**
 * Redacts every string of a JSON value, keys included.
 * @returns the same value (by identity) when nothing was changed
 */
export function redactJson(redact: Redact, value: unknown): unknown {
  if (typeof value === "string") return value.length < SHORTEST_SECRET ? value : redact(value);
  if (typeof value !== "object" || value === null) return value;
  // Nearly always nothing changes: then nothing is made.
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return items.every((item) => redactJson(redact, item) === item) ? value : items.map((item) => redactJson(redact, item));
  }
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    if (redactJson(redact, key) !== key || redactJson(redact, member) !== member) return redactMembers(redact, value);
  }
  return value;
}

function redactMembers(redact: Redact, value: object): unknown {
  const clean = new Map<string, unknown>();
  for (const [key, member] of Object.entries(value)) {
    const cleanKey = redact(key);
    let free = cleanKey;
    for (let twin = 2; clean.has(free); twin += 1) free = `${cleanKey} (${twin})`;
    clean.set(free, redactJson(redact, member));
  }
  return Object.fromEntries(clean);
}
