import assert from "node:assert/strict";
import { test } from "node:test";
import { totalOf } from "../src/invoice.js";

test("the lines are added up", () => {
  assert.equal(totalOf([{ cents: 1000, count: 2 }, { cents: 50, count: 1 }]), 2050);
  assert.equal(totalOf([]), 0);
});
