import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLine } from "../src/lines.js";

test("date, text and amount", () => {
  assert.deepEqual(parseLine("2026-01-03,Rent,-900.00"), { date: "2026-01-03", text: "Rent", cents: -90000 });
});

test("a line of another length is refused", () => {
  assert.throws(() => parseLine("2026-01-03,-900.00"), SyntaxError);
});
