import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "../fakes/fast-check.ts";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { allowedHosts, budgetOf, configJsonSchema, configTable, modelsOf, parseConfig } from "../../src/config/index.ts";

const FILE = ".github/worktrain.yml";
const faults = (text: string) => {
  const result = parseConfig(text, FILE);
  return result.ok ? [] : result.error;
};

describe("what does a configuration file mean?", () => {
  it("has a default for every key, with no file, an empty one and one of comments", () => {
    for (const text of [null, "", "# nothing yet\n", "{}"]) {
      const result = parseConfig(text, FILE);
      expect(result.ok && result.value).toMatchObject({ label: "worktrain:ready", review: { maxRounds: 3 }, commands: { test: null }, paths: { allow: [] } });
    }
  });

  it("takes what is written and keeps the other defaults", () => {
    const result = parseConfig("commands: {test: npm test}\nbudget:\n  costUsd: 0.5\n", FILE);
    expect(result.ok && result.value).toMatchObject({ commands: { test: "npm test" }, budget: { costUsd: 0.5, turns: 300 } });
  });

  it("gives each tier its model, and the default where it names none", () => {
    const result = parseConfig("model: claude-sonnet-5-5\nmodels: {heavy: claude-opus-5-5}\n", FILE);
    if (!result.ok) throw new Error("refused");
    expect(modelsOf(result.value)).toEqual({ name: "claude-sonnet-5-5", tiers: { lightweight: "claude-haiku-5-5", mid: "claude-sonnet-5-5", heavy: "claude-opus-5-5" } });
  });

  it("counts a budget in turns, tokens, micro-dollars and milliseconds; a limit that is not written does not limit", () => {
    const result = parseConfig("budget: {costUsd: 0.5, minutes: 2, outputTokens: 5000, session: {turns: 3, toolMinutes: 1}, phases: {review: {costUsd: 1, minutes: 5}}}\n", FILE);
    if (!result.ok) throw new Error("refused");
    expect(budgetOf(result.value)).toEqual({ turns: 300, tokens: 20_000_000, outputTokens: 5_000, costMicroUsd: 500_000, ms: 120_000, session: { turns: 3, toolMs: 60_000 }, phases: { review: { costMicroUsd: 1_000_000, ms: 300_000 } } });
  });

  it("names the phase that was meant, and the limits that a phase may have", () => {
    const fixOf = (text: string): string => {
      const result = parseConfig(text, FILE);
      return result.ok ? "" : (result.error[0]?.fix ?? "");
    };
    expect(fixOf("budget: {phases: {reviev: {turns: 3}}}")).toBe("Did you mean `review`?");
    expect(fixOf("budget: {phases: {review: {turnz: 3}}}")).toBe("Did you mean `turns`?");
  });

  it("is frozen all the way down", () => {
    const result = parseConfig("", FILE);
    if (!result.ok) throw new Error("refused");
    expect(Object.isFrozen(result.value) && Object.isFrozen(result.value.budget) && Object.isFrozen(result.value.paths.allow)).toBe(true);
  });
});

describe("what is said about a wrong one?", () => {
  it("names an unknown key's place and the key that was meant", () => {
    expect(faults("label: go\nreview:\n  maxRound: 2\n")).toEqual([
      { file: FILE, line: 3, column: 3, path: "review.maxRound", message: "Unknown key `maxRound`.", fix: "Did you mean `maxRounds`?" },
    ]);
  });

  it("refuses a key that is more than a text, where it stands", () => {
    const refused = { file: FILE, path: "", message: "A key is not a text.", fix: "Write the key as a plain word." };
    expect(faults("label: go\n? {a: b}\n: c\n")).toEqual([{ ...refused, line: 2, column: 3 }]);
    expect(faults("review:\n  [a, b]: 1\n")).toEqual([{ ...refused, line: 2, column: 3 }]);
    expect(faults("7: seven\n")[0]?.message).toBe("Unknown key `7`.");
  });

  it("lists the known keys when none is near", () => {
    expect(faults("webhook: https://evil.example\n")[0]?.fix).toBe("Known here: `enabled`, `label`, `start`, `model`, `models`, `rules`, `dashboard`, `commands`, `pipeline`, `review`, `verify`, `followUp`, `merge`, `checks`, `budget`, `context`, `paths`, `permissions`, `sandbox`.");
  });

  it("points at the value that is out of range or of the wrong type, every one of them", () => {
    expect(faults("review:\n  maxRounds: 0\nbudget:\n  minutes: soon\n").map(({ line, column, path }) => ({ line, column, path }))).toEqual([
      { line: 2, column: 14, path: "review.maxRounds" },
      { line: 4, column: 12, path: "budget.minutes" },
    ]);
  });

  it("tells them in the order of their lines, in words, each with what is there and what may be", () => {
    const text = "budget:\n  minutes: soon\n  turns: 1.5\nrules: [ok, 3]\nlabl: x\nreview:\n  maxRounds: 99\n";
    expect(faults(text).map(({ line, message }) => [line, message])).toEqual([
      [2, '`budget.minutes` is the text "soon", but must be a number.'],
      [3, "`budget.turns` is 1.5, but must be a whole number."],
      [4, "`rules.1` is 3, but must be text."],
      [5, "Unknown key `labl`."],
      [7, "`review.maxRounds` is 99, but must be at most 10."],
    ]);
  });

  it("refuses a model without a known price where the file is read, with its place and the one that was meant", () => {
    expect(faults("models:\n  heavy: claude-opus-55\nmodel: gpt-9\n")).toMatchObject([
      { line: 2, column: 10, path: "models.heavy", fix: expect.stringContaining("Did you mean claude-opus-5-5?") },
      { line: 3, column: 8, path: "model", message: expect.stringContaining("no known price"), fix: expect.stringContaining("Use one of: claude-") },
    ]);
  });

  it("gives line and column of broken YAML and of a key written twice", () => {
    expect(faults("label: [1, 2\nmodel: x\n")[0]).toMatchObject({ path: "", message: expect.stringContaining("Not valid YAML") });
    expect(faults("label: a\nlabel: b\n")[0]).toMatchObject({ line: 2, column: 1 });
  });

  it("refuses a list, a scalar and a file beyond any size", () => {
    expect(faults("- label\n")[0]?.fix).toBe("Write it as a YAML map of keys and values.");
    expect(faults("just text")).toHaveLength(1);
    expect(faults("# " + "x".repeat(70_000))[0]?.message).toContain("65536");
  });

  it("refuses an alias bomb", () => {
    const bomb = ["a: &a [x,x,x,x,x,x,x,x,x]", ..."bcdefg".split("").map((name, index) => `${name}: &${name} [${`*${"abcdef"[index]},`.repeat(9)}]`)].join("\n");
    expect(faults(bomb)).toHaveLength(1);
  });

  it("never throws, whatever the text", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseConfig(text, FILE)), { numRuns: 300 });
  });
});

describe("do the published documents say what the code does?", () => {
  it("docs/worktrain.schema.json is the schema (else run scripts/generate-docs.mjs)", () => {
    expect(JSON.parse(readFileSync("docs/worktrain.schema.json", "utf8"))).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });

  it("docs/configuration.md holds the table", () => {
    expect(readFileSync("docs/configuration.md", "utf8")).toContain(configTable());
  });

  it.each(["label: a", "budget: {turns: 5}", "labels: a", "budget: {turns: 0}", "review: 3", "paths: {allow: [1]}"])("the JSON Schema agrees with the parser on %s", (text) => {
    const validate = new Ajv2020({ strict: false }).compile(configJsonSchema());
    expect(validate(parse(text))).toBe(parseConfig(text, FILE).ok);
  });
});

describe("what may the sandbox reach?", () => {
  it("nothing, or the hosts that are named; an address, a URL and every host are faults", () => {
    const none = parseConfig("{}", FILE);
    expect(none.ok && allowedHosts(none.value)).toEqual([]);
    const some = parseConfig("sandbox: {network: {allow: [registry.npmjs.org, '*.PyPI.org', 'files.example.org:8443']}}", FILE);
    expect(some.ok && allowedHosts(some.value)).toMatchObject([
      { name: "registry.npmjs.org", below: false, port: null },
      { name: "pypi.org", below: true },
      { name: "files.example.org", port: 8443 },
    ]);
    for (const host of ["*", "*.com", "127.0.0.1", "localhost", "https://registry.npmjs.org", "registry.npmjs.org/x"]) {
      expect(faults(`sandbox: {network: {allow: ["${host}"]}}`)[0]).toMatchObject({ path: "sandbox.network.allow.0", message: expect.stringContaining("must be a host name") });
    }
  });
});
