import { expect, test } from "vitest";
import { OUTPUT_TAIL_BYTES, tail } from "../../src/session/output-tail.ts";

test("the mark counts what is left out, its own room included", () => {
  const whole = Array.from({ length: 20_000 }, (_, index) => String(index % 10)).join("");
  const [, left = "", kept = ""] = /^\[the first (\d+) characters are left out\]\n(\d+)$/.exec(tail(whole)) ?? [];
  expect(Number(left) + kept.length).toBe(whole.length);
  expect(whole.endsWith(kept)).toBe(true);
  expect(tail(whole).length).toBeLessThanOrEqual(8192);
});

test("an output that its host has cut keeps the host's count", () => {
  const cut = `[4991808 bytes left out]\n${"x".repeat(OUTPUT_TAIL_BYTES)}`;
  expect(tail(cut)).toBe(cut);
});
