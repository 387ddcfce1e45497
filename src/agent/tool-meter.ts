/** Counts the time that tools run against a limit; calls that run side by side each count. One meter may serve several sessions. */
import type { Clock } from "../shared/ports.ts";
import { LONGEST_TIMER_MS } from "./deadline.ts";

export interface ToolMeter {
  /** Aborts when the time is used up. */
  readonly signal: AbortSignal;
  /** Counts from now until the returned function is called. */
  start(): () => void;
  /** Counted so far. */
  usedMs(): number;
}

/** A reason costs less than the default one, an exception with a stack. */
const STOPPED = "No longer needed.";

/** @param limitMs Infinity: only counts */
export function openToolMeter(clock: Clock, limitMs: number): ToolMeter {
  const used = new AbortController();
  let usedMs = 0;
  let running = 0;
  let countedAtMs = clock.monotonicMs();
  let timer = new AbortController();

  const count = (change: 1 | -1): void => {
    const nowMs = clock.monotonicMs();
    usedMs += running * (nowMs - countedAtMs);
    countedAtMs = nowMs;
    running += change;
    timer.abort(STOPPED);
    timer = new AbortController();
    arm(timer.signal);
  };
  const arm = (stopped: AbortSignal): void => {
    const leftMs = limitMs - usedMs;
    if (leftMs <= 0) used.abort();
    if (used.signal.aborted || running === 0 || leftMs === Infinity) return;
    clock.sleep(Math.min(leftMs / running, LONGEST_TIMER_MS), stopped).then(
      () => used.abort(),
      (reason: unknown) => {
        // A clock that fails must not leave the tools without a limit.
        if (!stopped.aborted) used.abort(reason);
      },
    );
  };
  if (limitMs <= 0) used.abort();
  return {
    signal: used.signal,
    start() {
      count(1);
      let stopped = false;
      return () => {
        if (!stopped) count(-1);
        stopped = true;
      };
    },
    usedMs: () => usedMs + running * (clock.monotonicMs() - countedAtMs),
  };
}
