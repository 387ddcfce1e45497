import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDuration, parseDuration } from "../src/index.js";

test("reads what formatDuration writes", () => {
  for (const seconds of [0, 1, 59, 60, 3599, 3600, 5400, 86_399]) assert.equal(parseDuration(formatDuration(seconds)), seconds);
});

test("what is no duration is refused", () => {
  assert.throws(() => parseDuration(""), SyntaxError);
  assert.throws(() => parseDuration("soon"), SyntaxError);
});
