import fc from "../fakes/fast-check.ts";
import { describe, expect, test } from "vitest";
import { createRedactor, redactJson } from "../../src/shared/redact.ts";

const GHS = `ghs_${"aB3.-_".repeat(20)}`;
const PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq+/=\nabcDEF123\n-----END RSA PRIVATE KEY-----";

describe("secrets known by value", () => {
  const secret = 'p@ss/"word" wïth %20\\odd';
  const redact = createRedactor([secret, "short"]);
  const bytes = Buffer.from(secret);

  test.each([
    ["plain", secret],
    ["base64", bytes.toString("base64").replace(/=+$/, "").slice(0, -1)],
    ["base64url", bytes.toString("base64url").slice(0, -1)],
    ["hex", bytes.toString("hex")],
    ["upper-case hex", bytes.toString("hex").toUpperCase()],
    ["reversed", Array.from(secret).reverse().join("")],
    ["URL-encoded", encodeURIComponent(secret)],
    ["JSON-escaped", JSON.stringify(secret).slice(1, -1)],
  ])("fault 59: %s", (_, form) => {
    const text = redact(`before ${form} after`);
    expect(text).toContain("[redacted]");
    expect(text).not.toContain(form);
    expect(text).toMatch(/^before .* after$/);
  });

  test("fault 59: base64 of longer text that holds the secret at any offset", () => {
    for (let offset = 0; offset < 6; offset += 1) {
      const encoded = Buffer.from(`${"x".repeat(offset)}${secret}yz`).toString("base64");
      expect(redact(encoded)).toContain("[redacted]");
    }
  });

  test("fault 59: each line of a secret of several lines", () => {
    expect(createRedactor(["first-line-1\nsecond-line-2"])("only second-line-2 here")).toBe("only [redacted] here");
  });

  test("values shorter than eight characters are not looked for, and text without a secret is the same string", () => {
    const text = "a short story";
    expect(redact(text)).toBe(text);
    expect(createRedactor([])(text)).toBe(text);
  });

  test("a secret found in a string is found in its JSON text too, so one look at a document is enough", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, unit: "binary" }), fc.string(), fc.nat(3), (value, around, form) => {
        const known = createRedactor([value]);
        const shown = [value, Array.from(value).reverse().join(""), Buffer.from(value).toString("base64"), around][form] ?? "";
        const document = { text: `${around}${shown}${around}`.toWellFormed() };
        if (redactJson(known, document) !== document) expect(known(JSON.stringify(document))).not.toBe(JSON.stringify(document));
      }),
    );
  });
});

describe("credentials known by form", () => {
  const redact = createRedactor([]);

  test.each([
    ["GitHub installation token", GHS],
    ["GitHub classic token", `ghp_${"a1B2".repeat(9)}`],
    ["GitHub fine-grained token", `github_pat_${"11ABCDE_".repeat(10)}`],
    ["Anthropic key", `sk-ant-api03-${"x-Y_9".repeat(10)}`],
    ["AWS key id", "AKIAIOSFODNN7EXAMPLE"],
    ["npm token", `npm_${"a1B2".repeat(9)}`],
    ["private key", PEM],
    ["private key with escaped line ends", JSON.stringify(PEM).slice(1, -1)],
    ["private key without its end", PEM.slice(0, 60)],
  ])("fault 59: %s", (_, secret) => {
    expect(redact(`x="${secret}";`)).toBe('x="[redacted]";');
  });

  test("ordinary text stays", () => {
    for (const text of ["ghs_short", "the AKIA prefix", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "sk-ant-", "npm_run"]) {
      expect(redact(text)).toBe(text);
    }
  });

  test("attack: a key block that never ends, or a thousand of them, take no more than linear time", () => {
    const endless = `-----BEGIN PRIVATE KEY-----${"A".repeat(2_000_000)}`;
    expect(redact(endless)).toMatch(/^\[redacted\]A+$/);
    expect(redact("-----BEGIN PRIVATE KEY-----\n".repeat(20_000))).not.toContain("BEGIN PRIVATE");
  });
});

describe("redacting JSON", () => {
  const redact = createRedactor(["hunter2-hunter2"]);

  test("values without a secret come back as they are", () => {
    const value = { a: [1, null, true, "text"], b: { c: "d" } };
    expect(redactJson(redact, value)).toBe(value);
  });

  test("strings and keys are redacted wherever they stand, and keys that become equal stay apart", () => {
    const value = { "hunter2-hunter2": 1, list: ["hunter2-hunter2"], "[redacted]": 2 };
    expect(redactJson(redact, value)).toEqual({ "[redacted]": 1, list: ["[redacted]"], "[redacted] (2)": 2 });
  });
});
