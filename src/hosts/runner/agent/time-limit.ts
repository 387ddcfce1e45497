import { TimeUpError } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/ports.ts";

/** A hosted job ends after 6 hours (P-job-time), the workflow file's after 350 minutes; this leaves ten to save and end in. */
const JOB_LIMIT_MINUTES = 340;

export interface TimeLimit {
  readonly signal: AbortSignal;
  stop(): void;
}

/** Aborts when the job's time is up, by the monotonic clock, or when `outer` does (fault 39). */
export function startTimeLimit(clock: Clock, outer: AbortSignal): TimeLimit {
  const up = new AbortController();
  const over = new AbortController();
  const timeIsUp = (): void => up.abort(new TimeUpError(`The job's time is up: it stops itself after ${JOB_LIMIT_MINUTES} minutes.`));
  // A clock that fails must not leave the job without a limit.
  clock.sleep(JOB_LIMIT_MINUTES * 60_000, over.signal).then(timeIsUp, () => {
    if (!over.signal.aborted) timeIsUp();
  });
  return { signal: AbortSignal.any([outer, up.signal]), stop: () => over.abort() };
}
