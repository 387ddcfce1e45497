const GRAMS = new Map([["g", 1], ["kg", 1000], ["t", 1_000_000], ["lb", 453.59237], ["oz", 28.349523125]]);

function gramsOf(unit) {
  const grams = GRAMS.get(unit);
  if (grams === undefined) throw new RangeError(`unknown unit: ${unit}`);
  return grams;
}

/** Converts a weight. Throws a RangeError for a unit that is not known. */
export function convert({ value, unit }, to) {
  return { value: (value * gramsOf(unit)) / gramsOf(to), unit: to };
}
