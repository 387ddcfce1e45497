/**
 * Splits a line into its fields.
 * @param {string} line fields with commas between them
 * @returns {string[]}
 */
export function splitFields(line) {
  return line.split(",");
}
