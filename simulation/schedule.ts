/**
 * Time and order of a simulated world. Everything that happens is an entry here; between two entries all code that is ready runs
 * until it waits for another one. No real time passes, and nothing but entries moves the clock.
 */

export interface Schedule {
  /** Milliseconds since the world began. */
  nowMs(): number;
  /** Entries that ran so far. */
  ran(): number;
  /** Runs `act` after `delayMs`; of entries at one time the one that was made first. @returns takes the entry back */
  after(delayMs: number, act: () => void): () => void;
  /**
   * Lets the world go on until nothing is left to happen, `over` says so, or the time is up.
   * @returns `idle`, `over`, `late`
   */
  run(options: { readonly untilMs: number; over(): boolean }): Promise<"idle" | "over" | "late">;
}

interface Entry {
  readonly atMs: number;
  readonly order: number;
  act: (() => void) | null;
}

/** Every callback and promise that is ready has run when this resolves. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function createSchedule(): Schedule {
  const heap: Entry[] = [];
  let nowMs = 0;
  let made = 0;
  let ran = 0;

  const isBefore = (a: Entry, b: Entry): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  const push = (entry: Entry): void => {
    let at = heap.length;
    for (; at > 0; at = (at - 1) >> 1) {
      const parent = heap[(at - 1) >> 1];
      if (parent === undefined || isBefore(parent, entry)) break;
      heap[at] = parent;
    }
    heap[at] = entry;
  };
  const pop = (): Entry | undefined => {
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let next = 2 * at + 1;
      const [left, right] = [heap[next], heap[next + 1]];
      let child = left;
      if (left !== undefined && right !== undefined && isBefore(right, left)) [child, next] = [right, next + 1];
      if (child === undefined || isBefore(last, child)) break;
      heap[at] = child;
      at = next;
    }
    heap[at] = last;
    return first;
  };

  return {
    nowMs: () => nowMs,
    ran: () => ran,
    after(delayMs, act) {
      const entry: Entry = { atMs: nowMs + Math.max(0, delayMs), order: (made += 1), act };
      push(entry);
      return () => {
        entry.act = null;
      };
    },
    async run({ untilMs, over }) {
      for (;;) {
        await settled();
        if (over()) return "over";
        let entry = pop();
        while (entry !== undefined && entry.act === null) entry = pop();
        if (entry === undefined) return "idle";
        if (entry.atMs > untilMs) return "late";
        nowMs = entry.atMs;
        ran += 1;
        entry.act?.();
      }
    },
  };
}
