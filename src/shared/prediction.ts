/** How long something will take, from how long it took before. Pure. */

/** The value that a share of all values does not pass (nearest rank). @param share above 0, at most 1; null when there are no values */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? null;
}

export interface Expected {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly samples: number;
}

/** Fewer say nothing of the next. */
const LEAST_SAMPLES = 5;

/** How long something is expected to take, from how long it took before; null when that was not often enough. */
export function expectedDuration(pastMs: readonly number[]): Expected | null {
  const [p50Ms, p95Ms] = [percentile(pastMs, 0.5), percentile(pastMs, 0.95)];
  return pastMs.length < LEAST_SAMPLES || p50Ms === null || p95Ms === null ? null : { p50Ms, p95Ms, samples: pastMs.length };
}

/** A command that is slow for once has three times what it usually needs at most. */
const TIMEOUT_FACTOR = 3;

/**
 * Time-out of a command that is known: never less than without knowing it, since a short past is no promise, and never without end.
 * @param bounds `leastMs` is what an unknown command gets
 */
export function timeoutFor(expected: Expected | null, { leastMs, mostMs }: { readonly leastMs: number; readonly mostMs: number }): number {
  return expected === null ? leastMs : Math.round(Math.min(mostMs, Math.max(leastMs, expected.p95Ms * TIMEOUT_FACTOR)));
}
