/** Is a finding known again when lines move and words change, and is another one not taken for it? */
import { describe, expect, test } from "vitest";
import { findingIdentity, isSameFinding, type IdentifiedFinding } from "../../src/record/index.ts";
import { fingerprintOf } from "../../src/report/fingerprint.ts";
import fc from "../fakes/fast-check.ts";
import { cpuTimer } from "../fakes/cpu-time.ts";

const finding: IdentifiedFinding = { summary: "A quote in a quoted field is lost", file: "src/fields.js", findingCategory: "correctness" };

describe("two rounds", () => {
  test.each<[string, Partial<IdentifiedFinding>]>([
    ["the same words", {}],
    ["other case, spacing and path", { summary: "a  QUOTE in a quoted field is lost.", file: "./src/fields.js" }],
    ["another line named", { summary: "A quote in a quoted field is lost (line 12, src/fields.js:14-20)".replace("src/fields.js", "") }],
    ["nearly the same words", { summary: "Quotes in quoted fields are lost" }],
    ["a few words more", { summary: "A quote in a quoted field is still lost" }],
    ["no category", { findingCategory: undefined }],
    ["a worse category, with the same words", { findingCategory: "security" }],
    ["the same command, in other words elsewhere", { summary: "Doubled quotes vanish", file: "src/lines.js", reproduce: "node --test" }],
  ])("tell of one finding: %s", (_, change) => {
    const other = { ...finding, ...change };
    expect(isSameFinding(other, { ...finding, ...(change.reproduce === undefined ? {} : { reproduce: change.reproduce }) })).toBe(true);
    expect(isSameFinding(finding, other)).toBe(change.reproduce === undefined);
  });

  test.each<[string, Partial<IdentifiedFinding>]>([
    ["another file", { file: "src/lines.js" }],
    ["no file", { file: undefined }],
    ["other words", { summary: "A comma in a field splits it" }],
    ["one word in common", { summary: "Quote" }],
    ["nearly the same words of another kind", { summary: "Quotes in quoted fields are still lost", findingCategory: "testing" }],
    ["empty commands", { summary: "Other", reproduce: " " }],
  ])("tell of two findings: %s", (_, change) => {
    expect(isSameFinding(finding, { ...finding, ...change })).toBe(false);
    expect(isSameFinding({ ...finding, ...change }, finding)).toBe(false);
  });
});

describe("a fingerprint", () => {
  test("is of the code where it is at hand: it moves with it, whatever the words are", () => {
    const code = "  for (const c of line) {\n    if (c === '\"') quoted = !quoted;\n  }";
    const moved = "\tfor (const c of line) {\n\n\tif (c  === '\"') quoted = !quoted;\n}\n";
    expect(fingerprintOf(finding, code)).toBe(fingerprintOf({ ...finding, summary: "Something else" }, moved));
    expect(fingerprintOf(finding, code)).not.toBe(fingerprintOf(finding, code.replace("!quoted", "true")));
    expect(fingerprintOf(finding, code)).not.toBe(fingerprintOf({ ...finding, file: "b.js" }, code));
    expect(fingerprintOf(finding, code)).not.toBe(fingerprintOf({ ...finding, findingCategory: "style" }, code));
  });

  test("is of the words otherwise, and stays what it is: it is kept on GitHub", () => {
    expect(fingerprintOf(finding, null)).toBe(fingerprintOf({ ...finding, summary: "a quote in a quoted field IS LOST" }, "  \n"));
    expect(findingIdentity(finding, null)).toBe('["finding",1,"src/fields.js","correctness",["words",["field","lost","quot","quote"]]]');
    expect(findingIdentity(finding, " a(  b )\n")).toBe('["finding",1,"src/fields.js","correctness",["code","a( b )"]]');
  });

  test("no text makes it throw, take long, or be another for itself", () => {
    const text = fc.string({ unit: "binary", maxLength: 200 });
    fc.assert(fc.property(text, text, fc.option(text), (summary, file, code) => {
      const one = { summary, file };
      expect(isSameFinding(one, { ...one })).toBe(true);
      expect(fingerprintOf(one, code)).toMatch(/^[0-9a-f]{16}$/);
    }));
    const spentMs = cpuTimer();
    for (const long of ["line ".repeat(100_000), ":1".repeat(100_000), "ings".repeat(100_000)]) isSameFinding({ summary: long }, { summary: `${long}x` });
    expect(spentMs()).toBeLessThan(1_000);
  });
});
