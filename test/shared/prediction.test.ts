import { expect, test } from "vitest";
import { expectedDuration, percentile, timeoutFor } from "../../src/shared/prediction.ts";

test.each<readonly [readonly number[], number, number | null]>([
  [[], 0.5, null],
  [[7], 0.5, 7],
  [[7], 0.95, 7],
  [[4, 1, 3, 2], 0.5, 2],
  [[4, 1, 3, 2], 0.95, 4],
  [Array.from({ length: 100 }, (_, index) => index + 1), 0.95, 95],
  [Array.from({ length: 100 }, (_, index) => 100 - index), 1, 100],
])("the nearest rank of %j at %d is %d", (values, share, expected) => {
  expect(percentile(values, share)).toBe(expected);
});

test("a few samples say nothing; a time-out is never shorter than without them, and has an end", () => {
  const bounds = { leastMs: 900, mostMs: 3_600 };
  expect(expectedDuration([1, 2, 3, 4])).toBeNull();
  expect(expectedDuration([5, 1, 2, 3, 4])).toEqual({ p50Ms: 3, p95Ms: 5, samples: 5 });
  const after = (ms: number): number => timeoutFor(expectedDuration([ms, ms, ms, ms, ms]), bounds);
  expect([timeoutFor(null, bounds), after(1), after(300), after(500), after(5_000)]).toEqual([900, 900, 900, 1_500, 3_600]);
});
