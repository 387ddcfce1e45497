import { splitFields } from "./fields.js";

/**
 * Reads one line of the export.
 * @param {string} line date, text and amount
 * @returns {{ date: string, text: string, cents: number }}
 */
export function parseLine(line) {
  const fields = splitFields(line);
  if (fields.length !== 3) throw new SyntaxError(`not a line of three fields: ${line}`);
  const [date, text, amount] = fields;
  return { date, text, cents: Math.round(Number(amount) * 100) };
}
