import { createHash } from "node:crypto";
import type { Random } from "../src/shared/ports.ts";

/** Seeded randomness: the same seed gives the same numbers everywhere. Each user has dice of its own, so that one that rolls more moves no other. */
export interface Dice extends Random {
  /** At least 0, below 1. */
  next(): number;
  /** An integer from 0 to below `limit`. */
  below(limit: number): number;
  chance(probability: number): boolean;
  /** @throws RangeError when there is nothing to pick from */
  pick<T>(items: readonly T[]): T;
}

/** @param seed words and numbers that name what is rolled for, the world's seed first */
export function diceOf(...seed: readonly (string | number)[]): Dice {
  const start = createHash("sha256").update(seed.join("/")).digest();
  let [a, b, c, counter] = [start.readInt32LE(0), start.readInt32LE(4), start.readInt32LE(8), 1];
  /** sfc32 (Chris Doty-Humphrey, PractRand): small, fast, no visible pattern. */
  const word = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let warm = 0; warm < 12; warm += 1) word();
  const next = (): number => word() / 2 ** 32;
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick(items) {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError("There is nothing to pick from.");
      return item;
    },
    bytes: (length) => Uint8Array.from({ length }, () => word() & 0xff),
  };
}
