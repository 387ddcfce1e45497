import { convert } from "#units";

/**
 * A weight as the label shows it.
 * @param {number} value
 * @param {string} unit as the customer wrote it
 * @returns {string} kilograms, or that it is not known
 */
export function weightLabel(value, unit) {
  const kilograms = convert(value, unit, "kg");
  return Number.isNaN(kilograms) ? "weight unknown" : `${kilograms.toFixed(2)} kg`;
}

/** Whether a parcel is too heavy for one person to carry. */
export function isHeavy(value, unit) {
  return convert(value, unit, "kg") > 25;
}
