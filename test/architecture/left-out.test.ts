/** What the bundle takes of the packages it cuts (scripts/left-out.ts) does what the packages do. re2js has a test of its own. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type * as yamlPackage from "yaml";
import { inBundle } from "../../scripts/left-out.ts";

const ROOT = join(import.meta.dirname, "../..");
const place = mkdtempSync(join(tmpdir(), "worktrain-left-out-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** A package as the bundle has it, and how many of its files are not as they were. */
function cut(directory: string): { readonly at: string; readonly changed: number } {
  const at = join(place, "node_modules", directory);
  cpSync(join(ROOT, "node_modules", directory), at, { recursive: true });
  const files = readdirSync(at, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name.endsWith(".js"));
  const changed = files.filter(({ parentPath, name }) => {
    const path = join(parentPath, name);
    const made = inBundle(path);
    if (made !== null) writeFileSync(path, made.code);
    return made !== null;
  });
  return { at, changed: changed.length };
}

describe("YAML", async () => {
  const { at, changed } = cut("yaml/browser");
  type Yaml = typeof yamlPackage;
  const lean: Yaml = await import(join(at, "dist/index.js"));
  const whole: Yaml = await import(join(ROOT, "node_modules/yaml/browser/dist/index.js"));

  /** Tokens, values, places and faults of a text. */
  function told(yaml: Yaml, text: string): unknown {
    const document = yaml.parseDocument(text, { stringKeys: true, prettyErrors: false, lineCounter: new yaml.LineCounter() });
    const faults = [...document.errors, ...document.warnings].map(({ code, message, pos }) => ({ code, message, pos }));
    const lexed = [...new yaml.Lexer().lex(text)];
    const composed = [...new yaml.Composer({ keepSourceTokens: false, uniqueKeys: false, merge: false }).compose(new yaml.Parser().parse(text), true, text.length)];
    const keys = composed.flatMap(({ contents }) => (yaml.isMap(contents) ? contents.items.map(({ key }) => String(key)) : []));
    return { faults, lexed, keys, ranges: composed.map(({ range }) => range), tokens: [...new yaml.Parser().parse(text)], value: document.errors.length > 0 ? null : (document.toJS() as unknown) };
  }

  const workflows = readdirSync(join(ROOT, "workflows"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".yaml"));

  test("is cut in eight places", () => expect(changed).toBe(8));

  test.each(workflows)("%s reads the same", (name) => {
    const text = readFileSync(join(ROOT, "workflows", name), "utf8");
    expect(told(lean, text)).toEqual(told(whole, text));
  });

  test.each([
    "", "a: 1\nb: [1, 2.5, 0x1F, true, null, ~, .inf, 1e3]\nc: {d: 'e', \"f\\n\": g}\n", "|\n  kept\n   deeper\n", ">-\n folded\n text\n\n more\n", "a: &x [1]\nb: *x\n", "? {a: b}\n: c\n", "? [a, [b]]\n: {c: d}\n", "? *x\n: 1\n",
    "%YAML 1.1\n---\nyes: 2001-12-14\n", "a: !!set {b, c}\n", "a: !!binary aGk=\n", "- a\n -b\n", "a: b: c", "[1, 2", "{a", "\"open", "a:\n\t- b", "--- a\n--- b\n...\n", "# only a comment\n", "1: x\nnull: y\n", "a: !tag b\n", "a\n: b", "- - - a\n    - b\n", "k: |2+\n   x\n\n",
  ])("%j reads the same", (text) => {
    expect(told(lean, text)).toEqual(told(whole, text));
  });
});

describe("JSON of GitHub's answers", async () => {
  const { at, changed } = cut("json-with-bigint");
  const entry = "json-with-bigint.js";
  interface Json {
    JSONParse(text: string): unknown;
    JSONStringify(value: unknown): string;
  }
  const lean: Json = await import(join(at, entry));
  const uncut: Json = await import(join(ROOT, "node_modules/json-with-bigint", entry));

  test("is cut", () => expect(changed).toBe(1));

  test.each(["1", "-0", "9007199254740991", "9007199254740993", "-9007199254740993", "1e400", "1.5e20", "100000000000000000000.5", '{"id":12345678901234567890,"text":"12345678901234567890n","list":[9007199254740992,"1n"]}', "null", '""'])("%s reads and writes the same", (text) => {
    const value = lean.JSONParse(text);
    expect(value).toEqual(uncut.JSONParse(text));
    expect(lean.JSONStringify(value)).toBe(uncut.JSONStringify(value));
  });

  test("what is no JSON is refused", () => expect(() => lean.JSONParse("{")).toThrow(SyntaxError));
});
