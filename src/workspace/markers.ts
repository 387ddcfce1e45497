/** The lines that a merge leaves around what it could not decide. */

/** Seven signs at the beginning of a line and then nothing or a name; git's default size, which attributes cannot change here (M1). */
const MARKER = /^(?:<{7}|\|{7}|={7}|>{7})(?: .*)?$/;

const markersIn = (text: string): readonly string[] => text.split(/\r?\n/).filter((line) => MARKER.test(line));

/** Whether both sides of a conflict stand in the text. */
export const hasMarkers = (text: string): boolean => markersIn(text).some((line) => line.startsWith("<<<<<<<"));

/** Whether the text has a marker line more often than the texts it came from: a document may rightly hold one, a row of `=` under a heading say. */
export function leavesMarkers(text: string, sides: readonly string[]): boolean {
  const count = (of: string): ReadonlyMap<string, number> => markersIn(of).reduce((counts, line) => counts.set(line, (counts.get(line) ?? 0) + 1), new Map<string, number>());
  const before = sides.map(count);
  return [...count(text)].some(([line, times]) => times > before.reduce((sum, each) => sum + (each.get(line) ?? 0), 0));
}
