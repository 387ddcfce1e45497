/** The sum of an invoice's lines, in cents. */
export function totalOf(lines) {
  return lines.reduce((sum, { cents, count }) => sum + cents * count, 0);
}
