import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readArguments } from "../../../src/hosts/demo/arguments.ts";
import { scenarios } from "../../../src/hosts/demo/scenario/index.ts";
import { listOf } from "../../../src/hosts/demo/show.ts";
import { TerminalError } from "../../../src/shared/errors.ts";

const refusal = (...args: readonly string[]): string => {
  try {
    return JSON.stringify(readArguments(args));
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    return `${error.message} ${error.fix}`;
  }
};

test("without a name the small bug is played; with one, that scenario, and all flags go with it", () => {
  expect(readArguments([])).toMatchObject({ kind: "play", json: false, scenario: { name: "small-bug" }, keep: null, killAtEvent: null });
  for (const { name } of scenarios) expect(readArguments(["--scenario", name, "--json", "--keep", "here", "--kill-at", "60"])).toMatchObject({ kind: "play", json: true, scenario: { name }, keep: "here", killAtEvent: 60 });
});

test("a name that none has is told in one line, with the nearest one", () => {
  expect(refusal("--scenario", "smal-bug")).toBe('There is no scenario "smal-bug". Did you mean small-bug? `npm run demo -- --list` shows them all.');
  expect(refusal("--scenario", "nothing like it")).toBe('There is no scenario "nothing like it". `npm run demo -- --list` shows them all.');
  expect(refusal("--scenario", "two\nlines")).not.toContain("\n");
});

test("what is wrong with the others is said", () => {
  expect(refusal("--list", "--scenario", "small-bug")).toContain("--list plays nothing");
  expect(refusal("--kill-at", "0")).toContain("--kill-at 0 is no number of an event.");
  expect(refusal("small-bug")).toContain("Usage: npm run demo -- [--scenario NAME]");
});

test("the list names each scenario once, says what it shows and how it must end, and each has its folder", () => {
  const list = listOf(scenarios);
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
  for (const { name, shows, ends, repository } of scenarios) {
    expect(list).toContain(`\n  ${shows}\n`);
    expect(ends.map(({ subject }) => subject.replace(/^(?:issue|pr)-/, ""))).toEqual(ends.map((_, at) => `${at + 1}`));
    // Of its own, or another one's.
    expect(scenarios.map((each) => `src/hosts/demo/scenario/${each.name}/repository`)).toContain(repository.directory);
    expect(existsSync(join(import.meta.dirname, "..", "..", "..", "src/hosts/demo/scenario", name, "scenario.ts"))).toBe(true);
    expect(existsSync(join(import.meta.dirname, "..", "..", "..", repository.directory, "package.json"))).toBe(true);
  }
});
