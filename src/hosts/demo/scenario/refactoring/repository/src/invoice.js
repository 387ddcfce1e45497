/** @param {{ text: string, cents: number }[]} items */
export function invoice(items) {
  const lines = items.map(({ text, cents }) => `${text}  ${money(cents)}`);
  const total = items.reduce((sum, { cents }) => sum + cents, 0);
  return [...lines, `To pay  ${money(total)}`].join("\n");
}

function money(cents) {
  const sign = cents < 0 ? "-" : "";
  return `${sign}${(Math.abs(cents) / 100).toFixed(2)} €`;
}
