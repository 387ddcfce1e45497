import { expect, test } from "vitest";
import { inWords } from "../../src/shared/errors.ts";

test.each([
  ["The goal is empty.", "Say what to do.", "The goal is empty. Say what to do."],
  ["ann rejected it: the total is wrong", "Do it again.", "ann rejected it: the total is wrong. Do it again."],
  ["The check failed. Its output:\n2 failed\n", "Mend it.", "The check failed. Its output:\n2 failed\n  Mend it."],
  ["It is over.", "", "It is over."],
])("what happened and what to do stay apart: %j", (message, fix, words) => {
  expect(inWords({ message, fix })).toBe(words);
});
