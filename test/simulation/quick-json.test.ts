/** The simulation's shorter way to read JSON: whatever Octokit is answered, it reads as without it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { quickenJson } from "../../simulation/quick-json.ts";

interface JsonModule {
  readonly JSONParse: (text: string, reviver?: (key: string, value: unknown) => unknown) => unknown;
}

const MODULE = join(import.meta.dirname, "..", "..", "node_modules", "json-with-bigint", "json-with-bigint.js");
const directory = mkdtempSync(join(tmpdir(), "worktrain-quick-json-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const plain = (await import(pathToFileURL(MODULE).href)) as JsonModule;
quickenJson();
// Under a path of its own, as a module is loaded once only; in such a folder it is Node that loads it.
const copy = join(directory, "node_modules", "json-with-bigint");
mkdirSync(copy, { recursive: true });
writeFileSync(join(copy, "json-with-bigint.js"), readFileSync(MODULE));
writeFileSync(join(copy, "package.json"), '{"type":"module"}');
const quick = (await import(pathToFileURL(join(copy, "json-with-bigint.js")).href)) as JsonModule;

const outcome = (read: () => unknown): unknown => {
  try {
    return { read: read() };
  } catch (error) {
    return { refused: error instanceof Error ? error.name : String(error) };
  }
};

function agree(text: string): void {
  expect(outcome(() => quick.JSONParse(text))).toEqual(outcome(() => plain.JSONParse(text)));
}

/** Numbers as texts of any length and notation: what JSON.stringify never writes, a server may. */
const numberText = fc
  .tuple(fc.constantFrom("", "-"), fc.oneof(fc.bigInt({ min: 0n, max: 10n ** 20n }).map(String), fc.constantFrom("9007199254740991", "9007199254740992", "999999999999999", "0")), fc.constantFrom("", ".5", ".0", "e3", "E+25", "e-7"))
  .map((parts) => parts.join(""));
const key = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("__proto__", "constructor", "toJSON", "id"));
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small" },
    numberText,
    fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("12n", "12345678901234567890", "1n n")).map((text) => JSON.stringify(text)),
    fc.constantFrom("true", "false", "null"),
    fc.array(tie("json"), { maxLength: 4 }).map((items) => `[${items.join(" ,")}]`),
    fc.array(fc.tuple(key, tie("json")), { maxLength: 4 }).map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(",")}}`),
  ),
}));

test("it is at work: the module begins as expected, and is another one then", () => {
  expect(quick.JSONParse.toString()).toContain("[0-9]{16}");
  expect(plain.JSONParse.toString()).not.toContain("[0-9]{16}");
});

test("any JSON text reads the same, whole numbers beyond 2^53 as BigInts", () => {
  fc.assert(fc.property(json, agree), { numRuns: 2_000 });
  expect(quick.JSONParse('{"id":9007199254740993}')).toEqual({ id: 9_007_199_254_740_993n });
});

test("a text that is torn, flipped or put together anew reads the same, or is refused the same", () => {
  fc.assert(
    fc.property(json, fc.nat(), fc.nat(), fc.nat(127), (text, from, to, code) => {
      const a = from % (text.length + 1);
      const b = a + (to % (text.length + 1 - a));
      agree(text.slice(0, b));
      agree(text.slice(0, a) + String.fromCharCode(code) + text.slice(a + 1));
      agree(text.slice(b) + text.slice(a, b) + text.slice(0, a));
    }),
    { numRuns: 1_000 },
  );
});

test("with a reader's own function for values it is asked for each of them", () => {
  const seen: string[] = [];
  quick.JSONParse('{"a":[1,2]}', (name, value) => (seen.push(name), value));
  expect(seen).toEqual(["0", "1", "a", ""]);
});
