import type { GitHub, Repository } from "../../../github/client.ts";
import { readJobAge } from "../../../github/read/index.ts";
import { TimeUpError } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/ports.ts";

/** A hosted job ends after 6 hours (P-job-time), the workflow file's after 350 minutes; this leaves ten to save and end in. */
const JOB_LIMIT_MINUTES = 340;

export interface TimeLimit {
  readonly signal: AbortSignal;
  /** The job began so long ago: what is left counts from there. */
  beganAgo(ms: number): void;
  stop(): void;
}

/** Aborts when the job's time is up, by the monotonic clock, or when `outer` does (fault 39). Counts from now until it is told of an earlier start. */
export function startTimeLimit(clock: Clock, outer: AbortSignal): TimeLimit {
  const up = new AbortController();
  const over = new AbortController();
  let waiting = new AbortController();
  const timeIsUp = (): void => up.abort(new TimeUpError(`The job's time is up: it stops itself after ${JOB_LIMIT_MINUTES} minutes.`));
  const wait = (ms: number): void => {
    waiting.abort();
    const { signal } = (waiting = new AbortController());
    // A clock that fails must not leave the job without a limit.
    clock.sleep(ms, AbortSignal.any([signal, over.signal])).then(timeIsUp, () => {
      if (!signal.aborted && !over.signal.aborted) timeIsUp();
    });
  };
  wait(JOB_LIMIT_MINUTES * 60_000);
  return {
    signal: AbortSignal.any([outer, up.signal]),
    beganAgo: (ms) => wait(Math.max(0, JOB_LIMIT_MINUTES * 60_000 - ms)),
    stop: () => over.abort(),
  };
}

export interface ThisJob {
  readonly github: GitHub;
  readonly repository: Repository;
  readonly runId: number;
  /** As the workflow file calls it. */
  readonly job: string;
  readonly log: (line: string) => void;
}

/** What came before our step (a slow checkout, the user's set-up) is of the job's six hours as well. */
export async function countFromJobStart(limit: TimeLimit, { github, repository, runId, job, log }: ThisJob): Promise<void> {
  try {
    const ageMs = await readJobAge(github, repository, { runId, job });
    if (ageMs !== null) return limit.beganAgo(ageMs);
    log(`GitHub does not say when this job began. Its ${JOB_LIMIT_MINUTES} minutes are counted from this step.`);
  } catch (error) {
    log(`When this job began could not be read (${error instanceof Error ? error.message : String(error)}). Its ${JOB_LIMIT_MINUTES} minutes are counted from this step.`);
  }
}
