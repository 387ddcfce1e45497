import fc from "../../../fakes/fast-check.ts";
import { expect, test } from "vitest";
import { parseCommandFile } from "../../../../src/hosts/demo/actions/command-files.ts";

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_-]{0,20}$/);
// The line end before the delimiter is not part of the value, so neither is a \r that stands there.
const value = fc.oneof(fc.string({ unit: fc.constantFrom("a", "=", "<<", "\n", "\r\n", " ", "ü", "END") }), fc.string()).filter((text) => !text.endsWith("\r"));

test("what @actions/core writes is read back exactly, whatever is in it", () => {
  fc.assert(
    fc.property(fc.dictionary(name, value), (values) => {
      const text = Object.entries(values)
        .map(([key, content]) => `${key}<<ghadelimiter_1\n${content}\nghadelimiter_1\n`)
        .join("");
      expect(parseCommandFile(text, "GITHUB_OUTPUT")).toEqual({ ...values });
    }),
  );
});

test.each([
  ["a=1\nb=2=3\n", { a: "1", b: "2=3" }],
  ["a=\n\na=2", { a: "2" }],
  ["a=x<<y\n", { a: "x<<y" }],
  ["a<<b=c\nline\r\nb=c\r\n", { a: "line" }],
  ["a<<E\nE\n", { a: "" }],
])("%j is %j", (text, values) => {
  expect(parseCommandFile(text, "GITHUB_OUTPUT")).toEqual(values);
});

test.each(["word", "=value", "a<<E\nnever closed", "<<E\nx\nE"])("%j is refused", (text) => {
  expect(() => parseCommandFile(text, "GITHUB_OUTPUT")).toThrow("The step wrote to GITHUB_OUTPUT what cannot be read");
});
