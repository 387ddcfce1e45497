import assert from "node:assert/strict";
import { test } from "node:test";
import { quote } from "../src/index.js";

test("what it costs and how long that is good", () => {
  assert.equal(quote({ text: "A chair", cents: 4950, days: 14 }), "A chair for 49.50 €, good for 14 days");
});
