import assert from "node:assert/strict";
import { test } from "node:test";
import { shorten, title } from "../src/headings.js";

test("a short heading stays", () => {
  assert.equal(shorten("Hello", 5), "Hello");
});

test("a long heading gets an ellipsis", () => {
  assert.equal(shorten("Hello World", 5), "Hello…");
});

test("a title has capitals", () => {
  assert.equal(title("hello world"), "Hello World");
});
