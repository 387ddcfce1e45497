import { isOutage } from "../../../github/request-error.ts";
import { RetryableError } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/ports.ts";
import type { AppLog } from "../app-log.ts";
import type { RunOutlook } from "./run-report.ts";

/** While nothing changes each look waits half as long again as the one before, up to this: four times the usual interval. */
const LONGEST_PAUSE_MS = 2 * 60_000;
const SLOWER = 1.5;

/** Two jobs of at most six hours each (P-job-time); the run's own end is still heard of by webhook after that. */
const MAX_FOLLOW_MS = 12 * 60 * 60_000;

/** Runs that are remembered to be over: a saving of requests, nothing hangs on it. */
const MAX_REMEMBERED = 1_000;

/** A run by its id, or by a name what else is looked at until it is known. */
export type Followed = number | string;

export interface RunFollower {
  /** Between two looks at what changes, milliseconds. */
  readonly pollMs: number;
  /**
   * Looks at it until it is over: first after a poll interval, since who asks for it has just seen it; less and less often while it stays as it
   * is. What is followed already is looked at by the interval again.
   */
  follow(what: Followed, look: (signal: AbortSignal) => Promise<RunOutlook>): void;
  /** Somebody else saw that the run is over: no further look, and one that waits its turn hears it by its signal. */
  leave(runId: number): void;
  /** Whether a run that was seen going was seen to be over since, so that a late event about it needs no look. */
  isOver(runId: number): boolean;
  /** What was seen to be over is not, as far as its status comment tells: that one was away, or another has it restored. */
  forget(runId: number): void;
  /** Resolves when no look is under way. */
  idle(): Promise<void>;
  /** Ends all following; resolves when the last look is done. */
  stop(): Promise<void>;
}

export interface FollowerOptions {
  readonly clock: Clock;
  readonly log: AppLog;
  readonly pollMs: number;
}

interface Pace {
  waitMs: number;
  /** Ends the pause that is on. */
  waking: AbortController;
}

/** What was looked at less and less often has changed. One that is looked at soon anyway is left alone, so that no look is put off for ever. */
function hasten(pace: Pace, pollMs: number): void {
  if (pace.waitMs <= pollMs) return;
  pace.waitMs = pollMs;
  pace.waking.abort();
}

/** At most one poll a run. The App can lose it at any time: it holds nothing that a webhook would not bring again. */
export function createRunFollower({ clock, log, pollMs }: FollowerOptions): RunFollower {
  const following = new Map<Followed, Pace & { readonly polling: Promise<void>; readonly leaving: AbortController }>();
  const stopping = new AbortController();
  const over = new Set<number>();
  const underWay = new Set<Promise<RunOutlook>>();

  function remember(runId: Followed): void {
    if (typeof runId !== "number") return;
    over.add(runId);
    const [oldest] = over;
    if (over.size > MAX_REMEMBERED && oldest !== undefined) over.delete(oldest);
  }

  /** Says of a look that it is under way. */
  async function seen(looking: Promise<RunOutlook>): Promise<RunOutlook> {
    underWay.add(looking);
    return looking.finally(() => underWay.delete(looking));
  }

  async function poll(what: Followed, { look, pace, signal }: { readonly look: (signal: AbortSignal) => Promise<RunOutlook>; readonly pace: Pace; readonly signal: AbortSignal }): Promise<void> {
    let hasGone = false;
    const untilMs = clock.monotonicMs() + MAX_FOLLOW_MS;
    while (!signal.aborted && clock.monotonicMs() < untilMs) {
      pace.waking = new AbortController();
      await clock.sleep(pace.waitMs, AbortSignal.any([signal, pace.waking.signal])).catch(() => undefined); // Rejects only when it is to end, or to begin anew.
      if (signal.aborted) return;
      if (pace.waking.signal.aborted) continue;
      try {
        const outlook = await seen(look(signal));
        const goesOn = outlook === "going" || outlook === "still";
        if (!goesOn && hasGone) remember(what);
        if (!goesOn) return;
        hasGone = true;
        pace.waitMs = outlook === "going" ? pollMs : Math.max(pollMs, Math.min(pace.waitMs * SLOWER, LONGEST_PAUSE_MS));
      } catch (error) {
        if (typeof what === "number") log.error(error, "a run's progress could not be shown", { run: what });
        else log.error(error, "what a delivery waits for could not be looked at", { what });
        if (!isOutage(error) && !(error instanceof RetryableError)) return;
      }
    }
  }

  return {
    pollMs,
    follow(what, look) {
      if (stopping.signal.aborted) return;
      const followed = following.get(what);
      if (followed !== undefined) return hasten(followed, pollMs);
      const leaving = new AbortController();
      const pace: Pace = { waitMs: pollMs, waking: new AbortController() };
      const polling = poll(what, { look, pace, signal: AbortSignal.any([stopping.signal, leaving.signal]) }).finally(() => following.delete(what));
      following.set(what, Object.assign(pace, { polling, leaving }));
    },
    leave(runId) {
      const followed = following.get(runId);
      if (followed === undefined) return;
      remember(runId);
      followed.leaving.abort();
    },
    isOver: (runId) => over.has(runId),
    forget: (runId) => void over.delete(runId),
    async idle() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
    async stop() {
      stopping.abort();
      await Promise.all([...following.values()].map(({ polling }) => polling));
    },
  };
}
