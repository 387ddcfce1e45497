import assert from "node:assert/strict";
import { test } from "node:test";
import { isHeavy, weightLabel } from "../src/parcel.js";

test("a label shows kilograms", () => {
  assert.equal(weightLabel(2, "lb"), "0.91 kg");
  assert.equal(weightLabel(1500, "g"), "1.50 kg");
});

test("a unit that nobody knows", () => {
  assert.equal(weightLabel(5, "stone"), "weight unknown");
});

test("too heavy for one person", () => {
  assert.equal(isHeavy(30, "kg"), true);
  assert.equal(isHeavy(30, "lb"), false);
});
