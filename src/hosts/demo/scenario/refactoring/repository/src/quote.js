/** @param {{ text: string, cents: number, days: number }} offer */
export function quote({ text, cents, days }) {
  return `${text} for ${money(cents)}, good for ${days} days`;
}

function money(cents) {
  const sign = cents < 0 ? "-" : "";
  return `${sign}${(Math.abs(cents) / 100).toFixed(2)} €`;
}
