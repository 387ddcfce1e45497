import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDuration } from "../src/index.js";

test("whole parts", () => {
  assert.equal(formatDuration(5400), "1h 30m");
  assert.equal(formatDuration(61), "1m 1s");
  assert.equal(formatDuration(0), "0s");
});

test("fractions are rounded to whole seconds", () => {
  assert.equal(formatDuration(1.4), "1s");
  assert.equal(formatDuration(59.7), "1m");
});

test("what is no duration is refused", () => {
  assert.throws(() => formatDuration(-1), RangeError);
  assert.throws(() => formatDuration(Number.NaN), RangeError);
});
