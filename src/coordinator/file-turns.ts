/**
 * Who may be at the files when: sessions that only read work side by side, one that may write works alone. First come, first served,
 * so that a writer is not kept waiting by ever new readers.
 */
export interface FileTurns {
  take<T>(how: "beside" | "alone", work: () => Promise<T>): Promise<T>;
}

export function openFileTurns(): FileTurns {
  let lastWriter: Promise<unknown> = Promise.resolve();
  let readers: Promise<unknown>[] = [];
  return {
    take<T>(how: "beside" | "alone", work: () => Promise<T>): Promise<T> {
      const before = how === "alone" ? [lastWriter, ...readers] : [lastWriter];
      const mine = Promise.allSettled(before).then(work);
      if (how === "alone") {
        lastWriter = mine;
        readers = [];
      } else readers.push(mine);
      return mine;
    },
  };
}

/** Runs work on each item, at most `limit` at a time, in order. Waits for all of it, then throws the first error. */
export async function eachAtMost<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  const lanes = Array.from({ length: Math.min(limit, items.length) }, lane);
  await Promise.allSettled(lanes);
  await Promise.all(lanes);
}
