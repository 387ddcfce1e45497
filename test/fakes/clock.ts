import type { Clock } from "../../src/shared/ports.ts";

export interface FakeClock extends Clock {
  /** Lets time pass: wakes sleepers in order of their time, and lets each one's followers run before the next wakes. */
  advance(ms: number): Promise<void>;
  /** The wall clock jumps, the monotonic one does not (fault 12). */
  jump(ms: number): void;
  /** How many are asleep now. */
  sleepers(): number;
}

interface Sleeper {
  readonly wakeAtMs: number;
  wake(): void;
}

/** Everything that is ready to run has run when this resolves; no real time is waited for. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Time that stands still until a test lets it pass.
 * @param startMs what `nowMs` says first; default 2026-01-01T00:00:00Z
 */
export function fakeClock(startMs: number = Date.UTC(2026, 0, 1)): FakeClock {
  let elapsedMs = 0;
  let jumpedMs = 0;
  const asleep = new Set<Sleeper>();

  const earliest = (): Sleeper | undefined => {
    let first: Sleeper | undefined;
    for (const sleeper of asleep) if (first === undefined || sleeper.wakeAtMs < first.wakeAtMs) first = sleeper;
    return first;
  };

  return {
    nowMs: () => startMs + elapsedMs + jumpedMs,
    monotonicMs: () => elapsedMs,
    sleep(ms, signal) {
      if (signal?.aborted) return Promise.reject(signal.reason);
      return new Promise((resolve, reject) => {
        const sleeper: Sleeper = {
          wakeAtMs: elapsedMs + Math.max(0, ms),
          wake() {
            asleep.delete(sleeper);
            signal?.removeEventListener("abort", aborted);
            resolve();
          },
        };
        const aborted = (): void => {
          asleep.delete(sleeper);
          reject(signal?.reason);
        };
        signal?.addEventListener("abort", aborted, { once: true });
        asleep.add(sleeper);
      });
    },
    async advance(ms) {
      const untilMs = elapsedMs + ms;
      await settled();
      for (let next = earliest(); next !== undefined && next.wakeAtMs <= untilMs; next = earliest()) {
        elapsedMs = Math.max(elapsedMs, next.wakeAtMs);
        next.wake();
        await settled();
      }
      elapsedMs = untilMs;
    },
    jump(ms) {
      jumpedMs += ms;
    },
    sleepers: () => asleep.size,
  };
}
