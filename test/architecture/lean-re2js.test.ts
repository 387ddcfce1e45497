/** The regular expressions of the bundle find what those of the sources find: its re2js is cut (scripts/lean-re2js.ts). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RE2JS } from "re2js";
import { expect, test } from "vitest";
import { leanRe2js } from "../../scripts/lean-re2js.ts";
import { withReachableOnly } from "../../scripts/reachable-members.ts";
import { shortTables } from "../../scripts/unicode-tables.ts";

const SOURCE = readFileSync(join(import.meta.dirname, "../../node_modules/re2js/build/index.js"), "utf8");
const written = leanRe2js(SOURCE);
const { RE2JS: Lean }: { RE2JS: typeof RE2JS } = await import(`data:text/javascript;base64,${Buffer.from(written).toString("base64")}`);

const I = RE2JS.CASE_INSENSITIVE;
const M = RE2JS.MULTILINE;
const S = RE2JS.DOTALL;

/** What a pattern is and finds; a refusal is its words. */
function told(engine: typeof RE2JS, pattern: string, flags: number, texts: readonly string[]): unknown {
  try {
    const regex = engine.compile(pattern, flags);
    return { size: regex.programSize(), found: texts.map((text) => regex.test(text)) };
  } catch (error) {
    return String(error);
  }
}

test("it is little more than half as long", () => {
  expect(written.length).toBeLessThan(SOURCE.length * 0.66);
});

const PATTERNS = [
  ..."abc|a.c|^a|c$|^$|a*b+c?|(a|b)*c|(?i)straße|(?P<n>x)y|\\bword\\b|\\Bx|[^a-z]|[[:alpha:]]+|\\d{2,4}|x{0,3}y|(?s)a.b|\\Qa.b\\E|[\\w-]+@\\w+".split("|"),
  ...["foo|bar|bazaar|quux", "^(?:\\w+\\s){3}$", "(?:a?){20}a{20}", "a.*b.*c", "(x+x+)+y", "\\x{1F600}|é", "(fo|foo)(bar|b)$", "(?m)^line$", "\\pL+", "\\p{Greek}\\P{Latin}", "[\\p{Lu}\\d]{2}", "[^\\p{L}]"],
  ...["(", "[a", "a**", "(?=a)", "(?<=a)b", "(?<!a)b", "\\1", "\\p{Nowhere}", "a{1001}", "(?P<n>a)(?P<n>b)", "\\8", "x{2,1}", "(?z)a", "[z-a]", "a\\", "(?P<1", "\\p", "((((a))))){9}"],
];
const TEXTS = ["", "abc", "ABC", "a\nc", "aXb\nline\nabc", "STRASSE", "straße", "STRAẞE", "word wordy", "2024-01", "axxxxxxxxxxxxxxxxxxxxxxx", "a".repeat(45), "foo bazaar", "one two six ", "😀é", "Ωμέγα", "Жук", "\ud800x\udc00", "foobar", "x@y", "a.b", "a1 B2", "aaab bbbc ccc".repeat(200)];

test.each(PATTERNS)("%s finds the same or is refused in the same words", (pattern) => {
  for (const flags of [0, I, M, S, I | M | S]) expect(told(Lean, pattern, flags, TEXTS)).toEqual(told(RE2JS, pattern, flags, TEXTS));
});

const tableNames = [...SOURCE.matchAll(/^\t\t(\w+): \(\) => new UnicodeRangeTable/gm)].flatMap(([, name]) => name ?? []);

/** The classes of characters that a program compares with, in order. */
const LOOK_INSIDE = `\nexport const runesOf = (pattern) => { const { prog } = RE2JS.compile(pattern).re2Input; return Array.from({ length: prog.numInst() }, (_, pc) => [...(prog.getInst(pc).runes ?? [])]); };`;
const opened = (code: string): Promise<{ runesOf(pattern: string): readonly (readonly number[])[] }> => import(`data:text/javascript;base64,${Buffer.from(code + LOOK_INSIDE).toString("base64")}`);

test("each Unicode class has the same characters, as it is, negated and with its other cases", async () => {
  expect(new Set(tableNames).size).toBeGreaterThan(200);
  const cut = withReachableOnly(shortTables(SOURCE), { name: "RE2JS", members: ["compile", "programSize", "test"], uncalled: [] });
  const [lean, whole] = [await opened(cut), await opened(SOURCE)];
  for (const name of [...new Set(tableNames), "Any", "Ascii", "Assigned", "Lc"]) {
    for (const pattern of [`\\p{${name}}`, `\\P{${name}}`, `(?i)\\p{${name}}`, `(?i)[^\\p{${name}}]`]) {
      const [made, wanted] = [lean.runesOf(pattern), whole.runesOf(pattern)];
      if (JSON.stringify(made) !== JSON.stringify(wanted)) expect({ pattern, made }).toEqual({ pattern, made: wanted });
    }
  }
  expect(lean.runesOf("\\p{L}").flat().length).toBeGreaterThan(1000);
});

test("every character folds to the same others", async () => {
  const cut = withReachableOnly(shortTables(SOURCE), { name: "Unicode", members: ["simpleFold"], uncalled: [] });
  const folds = "\nexport const folded = Array.from({ length: 0x110000 }, (_, point) => Unicode.simpleFold(point));";
  const open = async (code: string): Promise<{ readonly folded: readonly number[] }> => import(`data:text/javascript;base64,${Buffer.from(code + folds).toString("base64")}`);
  const [lean, whole] = [await open(cut), await open(SOURCE)];
  expect(lean.folded.filter((other, point) => other !== point).length).toBeGreaterThan(2000);
  expect(lean.folded.findIndex((other, point) => other !== whole.folded[point])).toBe(-1);
});

test("another re2js than the one this was made for fails the build", () => {
  expect(() => leanRe2js(SOURCE.replace("static SCRIPTS = new LazyMap", "static SCRIPTS = new EagerMap"))).toThrow("re2js has other Unicode tables now");
  expect(() => leanRe2js(SOURCE.replaceAll("automaton8", "automaton9"))).toThrow("The module has no Prefilter.automaton8 any more");
  expect(() => leanRe2js(SOURCE.replace("var RE2JS = class RE2JS", "var RE3JS = class RE3JS"))).toThrow("declares no RE2JS");
});
