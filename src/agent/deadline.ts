import type { Clock } from "../shared/ports.ts";

/** Node's timers take at most 31 bits of milliseconds and fire at once above. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface Deadline {
  readonly signal: AbortSignal;
  stop(): void;
}

/** Aborts its signal once the time is up. */
export function startDeadline(clock: Clock, ms: number): Deadline {
  const time = new AbortController();
  const stopped = new AbortController();
  if (ms <= 0) time.abort();
  else {
    clock.sleep(Math.min(ms, LONGEST_TIMER_MS), stopped.signal).then(
      () => time.abort(),
      (reason: unknown) => {
        // A clock that fails must not leave the run without a limit.
        if (!stopped.signal.aborted) time.abort(reason);
      },
    );
  }
  return { signal: time.signal, stop: () => stopped.abort() };
}
