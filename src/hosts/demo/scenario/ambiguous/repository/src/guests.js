/**
 * One guest a line.
 * @param {readonly { given: string, family: string }[]} guests
 * @returns {string}
 */
export function printGuests(guests) {
  return guests.map(({ given, family }) => `${given} ${family}`).join("\n");
}
