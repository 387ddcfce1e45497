import assert from "node:assert/strict";
import { test } from "node:test";
import { splitFields } from "../src/fields.js";

test("fields are split at commas", () => {
  assert.deepEqual(splitFields("2026-01-03,Rent,-900.00"), ["2026-01-03", "Rent", "-900.00"]);
  assert.deepEqual(splitFields("a,,b"), ["a", "", "b"]);
});
