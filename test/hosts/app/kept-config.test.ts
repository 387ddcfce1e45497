import { expect, test } from "vitest";
import { CONFIG_PATH, parseConfig } from "../../../src/config/index.ts";
import { readConfig } from "../../../src/hosts/app/kept-config.ts";

test.each(["", "label: go\n", "labl: go\n", "label: [\n", `# ${"x".repeat(70_000)}`])("what is kept is what would be parsed (%#)", (text) => {
  for (let nth = 0; nth < 2; nth += 1) expect(readConfig(text)).toEqual(parseConfig(text, CONFIG_PATH));
});

test("a text is parsed once, another text is another config, and only so many are kept", () => {
  const first = readConfig("label: first\n");
  expect(readConfig("label: first\n")).toBe(first);
  expect(readConfig("label: second\n")).not.toEqual(first);
  for (let nth = 0; nth < 99; nth += 1) readConfig(`label: l${nth}\n`);
  readConfig("label: first\n");
  const again = readConfig("label: first\n");
  expect(again).toEqual(first);
  // The one that was not asked for since is gone, the one that was is not.
  for (let nth = 0; nth < 99; nth += 1) readConfig(`label: m${nth}\n`);
  expect(readConfig("label: first\n")).toBe(again);
});

test("who has the kept config cannot change it for others", () => {
  const config = readConfig("label: frozen\n");
  expect(config.ok && Object.isFrozen(config.value)).toBe(true);
});
