const GRAMS = { g: 1, kg: 1000, lb: 453.59237, oz: 28.349523125 };

/** Converts a weight; NaN for a unit that is not known. */
export function convert(value, from, to) {
  return (value * (GRAMS[from] ?? Number.NaN)) / (GRAMS[to] ?? Number.NaN);
}
