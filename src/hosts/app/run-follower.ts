import { isOutage } from "../../github/request-error.ts";
import { RetryableError } from "../../shared/errors.ts";
import type { Clock } from "../../shared/ports.ts";
import type { AppLog } from "./app-log.ts";
import type { RunOutlook } from "./run-report.ts";

/** Two jobs of at most six hours each (P-job-time); the run's own end is still heard of by webhook after that. */
const MAX_FOLLOW_MS = 12 * 60 * 60_000;

export interface RunFollower {
  /** Looks at a run now and then every poll interval until it is over; a run that is followed already is left alone. */
  follow(runId: number, look: () => Promise<RunOutlook>): void;
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
  const following = new Map<number, Promise<void>>();
  const stopping = new AbortController();

  async function poll(runId: number, look: () => Promise<RunOutlook>): Promise<void> {
    const untilMs = clock.monotonicMs() + MAX_FOLLOW_MS;
    while (!stopping.signal.aborted && clock.monotonicMs() < untilMs) {
      try {
        if ((await look()) !== "going") return;
      } catch (error) {
        log.error(error, "a run's progress could not be shown", { run: runId });
        if (!isOutage(error) && !(error instanceof RetryableError)) return;
      }
      await clock.sleep(pollMs, stopping.signal).catch(() => undefined); // Rejects only when stopping, which ends the loop.
    }
  }

  return {
    follow(runId, look) {
      if (following.has(runId) || stopping.signal.aborted) return;
      following.set(runId, poll(runId, look).finally(() => following.delete(runId)));
    },
    async stop() {
      stopping.abort();
      await Promise.all(following.values());
    },
  };
}
