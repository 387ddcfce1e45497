/** One measured number. `ratio` is value to floor (or floor to value for rates), so that smaller is better; `ok` says whether the goal is met. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The same unit, measured in the same run; null where there is none. */
  readonly floor: number | null;
  readonly ratio: number | null;
  readonly goal: number;
  readonly ok: boolean;
}

export const median = (numbers: readonly number[]): number => {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

export interface Pair {
  readonly value: number;
  readonly floor: number;
  /** Median of the ratios of the pairs: load that comes and goes hits both sides of a pair alike. */
  readonly ratio: number;
}

/**
 * Measures work against its floor in turns.
 * @param work and `floor` give what one run took, in one unit
 * @param runs pairs after one that warms up
 */
export async function measure(work: () => number | Promise<number>, floor: () => number | Promise<number>, runs: number): Promise<Pair> {
  const values: number[] = [];
  const floors: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const floorTook = await floor();
    const workTook = await work();
    if (run === 0) continue;
    values.push(workTook);
    floors.push(floorTook);
  }
  const ratios = values.map((value, index) => value / (floors[index] ?? Number.NaN));
  return { value: median(values), floor: median(floors), ratio: median(ratios) };
}
