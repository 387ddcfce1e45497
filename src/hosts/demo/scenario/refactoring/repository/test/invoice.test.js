import assert from "node:assert/strict";
import { test } from "node:test";
import { invoice } from "../src/index.js";

test("lines and what is to pay", () => {
  assert.equal(invoice([{ text: "Chair", cents: 4950 }, { text: "Rebate", cents: -500 }]), "Chair  49.50 €\nRebate  -5.00 €\nTo pay  44.50 €");
});
