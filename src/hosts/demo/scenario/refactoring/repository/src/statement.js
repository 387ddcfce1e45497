/** @param {{ day: string, cents: number }[]} payments */
export function statement(payments) {
  const balance = payments.reduce((sum, { cents }) => sum + cents, 0);
  return [...payments.map(({ day, cents }) => `${day}  ${money(cents)}`), `Balance  ${money(balance)}`].join("\n");
}

function money(cents) {
  const sign = cents < 0 ? "-" : "";
  return `${sign}${(Math.abs(cents) / 100).toFixed(2)} €`;
}
