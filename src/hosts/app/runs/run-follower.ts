import { isOutage } from "../../../github/request-error.ts";
import { RetryableError } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/ports.ts";
import type { AppLog } from "../app-log.ts";
import type { RunOutlook } from "./run-report.ts";

/** Two jobs of at most six hours each (P-job-time); the run's own end is still heard of by webhook after that. */
const MAX_FOLLOW_MS = 12 * 60 * 60_000;

/** Runs that are remembered to be over: a saving of requests, nothing hangs on it. */
const MAX_REMEMBERED = 1_000;

/** A run by its id, or what else is looked at until it is known. */
export type Followed = number | string;

export interface RunFollower {
  /** Looks at a run now and then every poll interval until it is over; a run that is followed already is left alone. */
  follow(runId: Followed, look: (signal: AbortSignal) => Promise<RunOutlook>): void;
  /** Somebody else saw that the run is over: no further look, and one that waits its turn hears it by its signal. */
  leave(runId: Followed): void;
  /** Whether a run that was seen going was seen to be over since, so that a late event about it needs no look. */
  isOver(runId: Followed): boolean;
  /** What was seen to be over is not, as far as its status comment tells: that one was away, or another has it restored. */
  forget(runId: Followed): void;
  /** Ends all following; resolves when the last look is done. */
  stop(): Promise<void>;
}

export interface FollowerOptions {
  readonly clock: Clock;
  readonly log: AppLog;
  readonly pollMs: number;
}

/** At most one poll a run. The App can lose it at any time: it holds nothing that a webhook would not bring again. */
export function createRunFollower({ clock, log, pollMs }: FollowerOptions): RunFollower {
  const following = new Map<Followed, { readonly polling: Promise<void>; readonly leaving: AbortController }>();
  const stopping = new AbortController();
  const over = new Set<Followed>();

  function remember(runId: Followed): void {
    over.add(runId);
    const [oldest] = over;
    if (over.size > MAX_REMEMBERED && oldest !== undefined) over.delete(oldest);
  }

  async function poll(runId: Followed, look: (signal: AbortSignal) => Promise<RunOutlook>, signal: AbortSignal): Promise<void> {
    let hasGone = false;
    const untilMs = clock.monotonicMs() + MAX_FOLLOW_MS;
    while (!signal.aborted && clock.monotonicMs() < untilMs) {
      try {
        const outlook = await look(signal);
        if (outlook !== "going" && hasGone) remember(runId);
        if (outlook !== "going") return;
        hasGone = true;
      } catch (error) {
        log.error(error, "a run's progress could not be shown", { run: runId });
        if (!isOutage(error) && !(error instanceof RetryableError)) return;
      }
      await clock.sleep(pollMs, signal).catch(() => undefined); // Rejects only when it is to end, which ends the loop.
    }
  }

  return {
    follow(runId, look) {
      if (following.has(runId) || stopping.signal.aborted) return;
      const leaving = new AbortController();
      const polling = poll(runId, look, AbortSignal.any([stopping.signal, leaving.signal])).finally(() => following.delete(runId));
      following.set(runId, { polling, leaving });
    },
    leave(runId) {
      const followed = following.get(runId);
      if (followed === undefined) return;
      remember(runId);
      followed.leaving.abort();
    },
    isOver: (runId) => over.has(runId),
    forget: (runId) => void over.delete(runId),
    async stop() {
      stopping.abort();
      await Promise.all([...following.values()].map(({ polling }) => polling));
    },
  };
}
