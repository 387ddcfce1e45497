import fc from "../../../fakes/fast-check.ts";
import { describe, expect, test } from "vitest";
import { evaluateCondition, evaluateTemplate, isTruthy, looselyEqual, type Scope } from "../../../../src/hosts/demo/actions/expressions.ts";
import { TerminalError } from "../../../../src/shared/errors.ts";

const scope: Scope = {
  contexts: {
    inputs: { word: "Hello", empty: "", list: '["a","B"]' },
    github: { event: { inputs: { deep: "down" } }, run_id: "7" },
    needs: { first: { result: "success", outputs: { said: "it's" } } },
    secrets: (name) => (name === "KEY" ? "value" : undefined),
    vars: {},
  },
};
const evaluate = (expression: string): string => evaluateTemplate(`\${{ ${expression} }}`, scope);
const GREEN = { success: true, failure: false, cancelled: false };

describe("values as GitHub prints them", () => {
  test.each([
    ["inputs.word", "Hello"],
    ["inputs.WORD", "Hello"],
    ["github.event.inputs.deep", "down"],
    ["github.no.such.thing", ""],
    ["vars.ANY", ""],
    ["secrets.KEY", "value"],
    ["secrets.NONE", ""],
    ["needs.first.outputs.said", "it's"],
    ["'it''s'", "it's"],
    ["null", ""],
    ["true", "true"],
    ["1.50", "1.5"],
    ["0xff", "255"],
    ["-2e3", "-2000"],
    ["0.1", "0.1"],
    ["github.event", "Object"],
    ["fromJSON(inputs.list)", "Array"],
    ["toJSON(needs.first.outputs)", '{\n  "said": "it\'s"\n}'],
    ["format('{0}-{1} {{x}} {0}', 'a', 2)", "a-2 {x} a"],
    ["contains('Hello', 'ELL')", "true"],
    ["contains(fromJSON(inputs.list), 'b')", "true"],
    ["contains(fromJSON(inputs.list), 'c')", "false"],
    ["fromJSON('{\"a\":{\"b\":3}}').a.b", "3"],
  ])("%s is %j", (expression, printed) => {
    expect(evaluate(expression)).toBe(printed);
  });

  test("several in one text, a quoted }} and none at all", () => {
    expect(evaluateTemplate("a ${{ 'x}}y' }} b ${{inputs.word}}", scope)).toBe("a x}}y b Hello");
    expect(evaluateTemplate("plain }} {{ $", scope)).toBe("plain }} {{ $");
  });
});

describe("operators", () => {
  test.each([
    ["'A' == 'a'", "true"],
    ["1 == '1'", "true"],
    ["true == 1", "true"],
    ["null == ''", "true"],
    ["null == 0", "true"],
    ["'x' == 0", "false"],
    ["'' == 0", "true"],
    ["fromJSON('[]') == fromJSON('[]')", "false"],
    ["'a' != 'b'", "true"],
    ["'' || 'default'", "default"],
    ["'a' && 'b'", "b"],
    ["0 && 'b'", "0"],
    ["!''", "true"],
    ["!!fromJSON('{}')", "true"],
    ["false || false && true", "false"],
    ["true || false && false", "true"],
    ["(true || false) && false", "false"],
    ["1 == 1 && 2 == 2", "true"],
    ["!true == false", "true"],
  ])("%s is %s", (expression, printed) => {
    expect(evaluate(expression)).toBe(printed);
  });

  test("equality is symmetric, and every string equals itself in capitals", () => {
    const json = fc.oneof(fc.string(), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null));
    const symmetric = fc.check(fc.property(json, json, (a, b) => looselyEqual(a, b) === looselyEqual(b, a)));
    const caseless = fc.check(fc.property(fc.string({ unit: "grapheme-ascii" }), (text) => looselyEqual(text, text.toUpperCase())));
    expect([symmetric.counterexample, caseless.counterexample]).toEqual([null, null]);
  });

  test("any text survives as a literal, and what is evaluated is never evaluated again", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(evaluateTemplate(`\${{ '${text.replaceAll("'", "''")}' }}`, scope)).toBe(text);
        expect(evaluateTemplate("${{ inputs.text }}", { contexts: { inputs: { text: `\${{ ${text} }}` } } })).toBe(`\${{ ${text} }}`);
      }),
    );
  });

  test.each([[false, false], [0, false], [Number.NaN, false], ["", false], [null, false], ["false", true], ["0", true], [[], true], [{}, true]])("%j is %s", (value, truthy) => {
    expect(isTruthy(value)).toBe(truthy);
  });
});

describe("conditions", () => {
  const red = { success: false, failure: true, cancelled: false };
  test.each([
    [undefined, GREEN, true],
    [undefined, red, false],
    ["inputs.word == 'hello'", GREEN, true],
    ["inputs.word == 'hello'", red, false],
    ["failure()", red, true],
    ["failure() && inputs.empty", red, false],
    ["always()", red, true],
    ["${{ always() && inputs.word != '' }}", red, true],
    ["cancelled()", { success: false, failure: false, cancelled: true }, true],
    ["!cancelled()", red, true],
    ["success() || failure()", red, true],
  ])("%s after %j: %s", (condition, status, holds) => {
    expect(evaluateCondition(condition, { ...scope, status })).toBe(holds);
  });

  test.each(["always() ${{ true }}", "${{ true }} ${{ true }}", ""])("%j is refused: it would always be true", (condition) => {
    expect(() => evaluateCondition(condition, { ...scope, status: GREEN })).toThrow(TerminalError);
  });
});

describe("outside the subset", () => {
  test.each(["hashFiles('a')", "matrix.os", "inputs['word']", "inputs.*", "1 < 2", "\"x\"", "a b", "(true", "inputs.", "format('{1}', 1)", "format('{', 1)", "fromJSON('{')", "contains('a')", "secrets", "toJSON(secrets)", "env.X", "always()", "'open"])(
    "%s is refused by name",
    (expression) => {
      expect(() => evaluate(expression)).toThrow(expression);
    },
  );

  test("an expression that is not closed", () => {
    expect(() => evaluateTemplate("${{ inputs.word }", scope)).toThrow(/not closed/);
  });
});
