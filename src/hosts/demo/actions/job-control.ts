/** When a job has to stop: asked by a person, out of time, or the whole local Actions closing. */
import type { Clock } from "../../../shared/ports.ts";

/** After a cancellation GitHub ends what is still running by force (P-cancel). */
const FORCED_END_MS = 5 * 60_000;

export interface JobControl {
  /** The job is being cancelled: steps end in the polite order, those with `always()` still run. */
  readonly cancel: AbortSignal;
  /** Everything of the job ends at once. */
  readonly kill: AbortSignal;
  timedOut(): boolean;
  /** Ends the timers; call when the job is over. */
  stop(): Promise<void>;
}

export interface JobControlOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly cancel: AbortSignal;
  readonly kill: AbortSignal;
}

export function startJobControl({ clock, timeoutMs, cancel, kill }: JobControlOptions): JobControl {
  const over = new AbortController();
  const timeout = new AbortController();
  const forced = new AbortController();
  const cancelled = AbortSignal.any([cancel, timeout.signal, kill]);

  const after = async (ms: number, then: AbortController): Promise<void> => {
    try {
      await clock.sleep(ms, over.signal);
      then.abort();
    } catch (error) {
      if (!over.signal.aborted) throw error;
    }
  };
  const timers = [after(timeoutMs, timeout)];
  const forceLater = (): void => void timers.push(after(FORCED_END_MS, forced));
  if (cancelled.aborted) forceLater();
  else cancelled.addEventListener("abort", forceLater, { once: true, signal: over.signal });

  return {
    cancel: cancelled,
    kill: AbortSignal.any([kill, forced.signal]),
    timedOut: () => timeout.signal.aborted,
    async stop() {
      over.abort();
      await Promise.all(timers);
    },
  };
}
