/**
 * Makes a list that fails as short as it gets: entries are left out, in ever smaller pieces, as long as it still fails (after Zeller
 * and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002).
 * @param fails whether a list still fails in the same way
 */
export async function shrink<T>(list: readonly T[], fails: (shorter: readonly T[]) => Promise<boolean>): Promise<readonly T[]> {
  let left = list;
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < left.length; ) {
      const shorter = [...left.slice(0, at), ...left.slice(at + size)];
      if (await fails(shorter)) left = shorter;
      else at += size;
    }
  }
  return left;
}
