const UNITS = { h: 3600, m: 60, s: 1 };

/**
 * Reads what `formatDuration` writes.
 * @param {string} text e.g. `1h 30m`; each unit at most once, largest first
 * @returns {number} seconds
 */
export function parseDuration(text) {
  const match = /^(?:(\d+)h)?\s*(?:(\d+)m)?\s*(?:(\d+)s)?$/.exec(text.trim());
  if (match === null || text.trim() === "") throw new SyntaxError(`not a duration: ${text}`);
  const [, hours = "0", minutes = "0", seconds = "0"] = match;
  return Number(hours) * UNITS.h + Number(minutes) * UNITS.m + Number(seconds) * UNITS.s;
}
