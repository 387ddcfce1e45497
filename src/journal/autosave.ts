/**
 * Saves while work goes on: at its boundaries, and in between as time passes, however long one tool or one request takes.
 *
 * U1. Work waits for an upload only where it asks to (`now`).
 * U2. The more is stored, the rarer it becomes: a job never comes near the artifacts it may have (fault 17, P-artifacts).
 * U3. What cannot be stored is tried again ever more rarely, and said: work goes on while the journal itself holds (fault 14).
 */
import type { Clock } from "../shared/ports.ts";
import type { SegmentRef } from "./segment-store.ts";
import type { SaveOptions, SaveRequest, SegmentSaver } from "./segment-saver.ts";

export interface Autosave {
  /** Where the work stands: names what is saved next. */
  at(place: SaveRequest): void;
  /** A boundary is reached: what there is gets saved while work goes on (U1). */
  soon(place: SaveRequest): void;
  /**
   * Resolves when everything appended so far is stored. After one with an ending nothing is saved unasked.
   * @throws RetryableError or TerminalError of the store
   */
  now(place: SaveRequest, options?: SaveOptions): Promise<SegmentRef>;
  /** Ends saving unasked; resolves when nothing is on its way. */
  stop(): Promise<void>;
}

export interface AutosaveOptions {
  readonly saver: SegmentSaver;
  readonly clock: Clock;
  /** Where the work stands at first. */
  readonly place: SaveRequest;
  /** Told in a sentence what stays unsaved, and when it no longer does. Must not throw. */
  readonly tell: (line: string) => void;
}

/** Between two saves, where no boundary asks for one. */
const EVERY_MS = 60_000;
/**
 * The least time between two saves, by how many segments the job has stored (U2). Boundaries as fast as these let them need more
 * than the 350 minutes of a job for the first 450, and 20 hours for the rest; beyond 490 only an end is saved.
 */
const GAPS: readonly { readonly below: number; readonly gapMs: number }[] = [
  { below: 200, gapMs: 0 },
  { below: 300, gapMs: 15_000 },
  { below: 400, gapMs: 60_000 },
  { below: 450, gapMs: 300_000 },
  { below: 490, gapMs: 1_800_000 },
];
/** From here on each segment is the whole log, so that a restore needs one of them. */
const WHOLE_FROM = 450;
/** What an upload may take, the saver's own half minute of attempts included. */
const UPLOAD_MS = 4 * 60_000;
const FIRST_RETRY_MS = 30_000;
const LONGEST_RETRY_MS = 15 * 60_000;

/**
 * How long a run that saves as it should may have nothing newer than its last segment, in milliseconds: the interval, and what an upload
 * with its attempts takes. Infinite where only its end is still saved.
 * @param stored segments of the run so far
 */
export function longestUnsavedMs(stored: number): number {
  const gapMs = GAPS.find(({ below }) => stored < below)?.gapMs ?? Number.POSITIVE_INFINITY;
  return Math.max(EVERY_MS, gapMs) + UPLOAD_MS;
}

export function startAutosave({ saver, clock, place: start, tell }: AutosaveOptions): Autosave {
  let place = start;
  /** The boundary that was reached since the last save. */
  let asked: SaveRequest | null = null;
  const stopped = new AbortController();
  let failures = 0;
  let lastMs = clock.monotonicMs();
  let savedUpToMs = clock.nowMs();
  let wake = new AbortController();

  const gapMs = (): number => GAPS.find(({ below }) => saver.saved().length < below)?.gapMs ?? Number.POSITIVE_INFINITY;
  const dueInMs = (): number => {
    const retryMs = failures === 0 ? 0 : Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1)); // U3
    return Math.max(gapMs(), retryMs, asked === null ? EVERY_MS : 0) - (clock.monotonicMs() - lastMs);
  };

  const untilDue = async (): Promise<void> => {
    for (let waitMs = dueInMs(); waitMs > 0 && !stopped.signal.aborted; waitMs = dueInMs()) {
      wake = new AbortController();
      const { signal } = wake;
      await clock.sleep(waitMs, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  };

  const stored = (startedMs: number): void => {
    if (failures > 0) tell("What was unsaved is saved.");
    failures = 0;
    savedUpToMs = startedMs;
  };

  const saveOnce = async (): Promise<void> => {
    lastMs = clock.monotonicMs();
    const request = asked ?? place;
    asked = null;
    const startedMs = clock.nowMs();
    try {
      await saver.save(request, { compact: saver.saved().length >= WHOLE_FROM });
      stored(startedMs);
    } catch (error) {
      failures += 1;
      const why = error instanceof Error ? error.message : String(error);
      tell(`Unsaved since ${new Date(savedUpToMs).toISOString()}: ${why} The work goes on and saving is tried again.`);
    }
  };

  const loop = (async () => {
    for (;;) {
      await untilDue();
      if (stopped.signal.aborted) return;
      await saveOnce();
    }
  })();
  const stop = (): Promise<void> => {
    stopped.abort();
    wake.abort();
    return loop;
  };

  return {
    at(where) {
      place = where;
    },
    soon(where) {
      place = where;
      asked = where;
      wake.abort();
    },
    async now(where, options) {
      if (where.ending !== null) void stop();
      const startedMs = clock.nowMs();
      const ref = await saver.save(where, options);
      stored(startedMs);
      return ref;
    },
    stop,
  };
}
