import fc from "../fakes/fast-check.ts";
import { describe, expect, test } from "vitest";
import { canonicalCopy, canonicalJson, isJson } from "../../src/shared/json.ts";

/** What JSON can hold, with what it holds badly: lone surrogates, -0, members that are undefined, keys like numbers. */
const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 4 }, fc.constantFrom(null, true, false, -0), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string({ unit: "binary" }), tie("array"), tie("object")),
  array: fc.array(fc.oneof(fc.constant(undefined), tie("any")), { maxLength: 4 }),
  object: fc.dictionary(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("10", "9", "a", "é", "\ud800", "__proto__", 'q"')), fc.oneof(fc.constant(undefined), tie("any")), { maxKeys: 5 }),
})).any;

describe("canonical JSON", () => {
  test("is JSON with sorted keys, whatever the order the members were set in", () => {
    expect(canonicalJson({ b: 1, a: [undefined, { d: undefined, c: "\ud800" }], "10": 0, "9": -0 })).toBe('{"10":0,"9":0,"a":[null,{"c":"\ufffd"}],"b":1}');
    expect(canonicalJson({ 'q"': 1, "line\n": 2, "é": 3 })).toBe('{"line\\n":2,"q\\"":1,"é":3}');
  });

  test("of any value parses, and writing what was parsed gives the same text", () => {
    fc.assert(fc.property(value, (any) => {
      expect(canonicalJson(JSON.parse(canonicalJson(any)))).toBe(canonicalJson(any));
    }));
  });

  test("the copy is what parsing the text gives, own __proto__ included", () => {
    fc.assert(
      fc.property(value, (any) => {
        const copy = canonicalCopy(any);
        expect(JSON.stringify(copy)).toBe(JSON.stringify(JSON.parse(canonicalJson(any))));
        expect(copy).toEqual(JSON.parse(canonicalJson(any)));
      }),
    );
    expect(Object.getPrototypeOf(canonicalCopy(JSON.parse('{"__proto__":{"admin":true}}')))).toBe(Object.prototype);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, undefined, () => 1, 1n])("%s is refused", (odd) => {
    expect(() => canonicalJson(odd)).toThrow(TypeError);
    expect(() => canonicalCopy(odd)).toThrow(TypeError);
  });
});

describe("isJson", () => {
  test("takes what JSON.parse gives, but for __proto__ as a key", () => {
    fc.assert(fc.property(fc.jsonValue(), (any) => {
      expect(isJson(any)).toBe(!JSON.stringify(any).includes('"__proto__":'));
    }));
    expect(isJson(JSON.parse('[{"__proto__":0}]'))).toBe(false);
    expect(isJson("__proto__")).toBe(true);
  });

  test.each([undefined, Number.NaN, 1n, new Date(0), new Map(), [undefined], { a: () => 1 }, JSON.parse('{"__proto__":1}')])("refuses %s", (odd) => {
    expect(isJson(odd)).toBe(false);
  });

  test("attack 14: nesting that would overflow the stack is refused, not followed", () => {
    expect(isJson(JSON.parse(`${"[".repeat(200_000)}${"]".repeat(200_000)}`))).toBe(false);
  });
});
