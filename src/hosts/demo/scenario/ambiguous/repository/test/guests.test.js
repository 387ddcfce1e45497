import assert from "node:assert/strict";
import { test } from "node:test";
import { printGuests } from "../src/guests.js";

test("one guest a line", () => {
  assert.equal(printGuests([{ given: "Ada", family: "Lovelace" }, { given: "Grace", family: "Hopper" }]).split("\n").length, 2);
});

test("nobody is an empty list", () => {
  assert.equal(printGuests([]), "");
});
