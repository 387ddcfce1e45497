/**
 * Saves what a journal gained as segments, one after the other.
 *
 * V1. Segments of one saver form one chain: a segment is linked to only when the store confirmed it.
 * V2. After an unknown outcome the store is asked before anything is repeated (fault 15), and the same bytes are repeated:
 *     a save that failed is finished first by the next one, so no two segments ever go on from the same one.
 */
import { formatItemId, formatSegmentName, type ItemName, type SegmentName } from "../record/index.ts";
import { RetryableError, TerminalError } from "../shared/errors.ts";
import { sha256Hex } from "../shared/hash.ts";
import type { Clock } from "../shared/ports.ts";
import type { Journal, JournalCursor } from "./journal.ts";
import { encodeSegment, type Segment } from "./segment.ts";
import { NameTakenError, type SegmentRef, type SegmentStore } from "./segment-store.ts";

export interface SegmentSaverOptions {
  readonly journal: Journal;
  readonly store: SegmentStore;
  readonly item: ItemName;
  readonly runId: number;
  readonly runAttempt: number;
  /** Digest of the segment this run goes on from; null for the first run. */
  readonly previous: string | null;
  /** Index of the first segment saved; default 1. A second writer of the same run counts on from the first one's. */
  readonly firstIndex?: number;
  /** Waits between attempts go through it; without a clock there is one attempt. */
  readonly clock?: Clock;
}

export type SaveRequest = Pick<SegmentName, "phase" | "step" | "costMilliUsd" | "ending">;

export interface SegmentSaver {
  /**
   * Persists everything appended so far and returns the newest segment. With nothing new nothing is stored, a probe and an
   * ending aside. Calls are served one after the other.
   * @throws RetryableError or TerminalError of the store when it stays unsaved; a later call tries again
   */
  save(request: SaveRequest): Promise<SegmentRef>;
  /** What this saver stored, in chain order. */
  saved(): readonly SegmentRef[];
}

/** Attempts at one segment and the first wait, doubled each time: about half a minute in all. */
const ATTEMPTS = 5;
const FIRST_WAIT_MS = 2_000;

interface Pending {
  readonly segment: Pick<Segment, "lines" | "blobs">;
  readonly request: SaveRequest;
  readonly cursor: JournalCursor;
  /** Whether an attempt failed, so that it may be stored after all. */
  uncertain: boolean;
}

const bareDigest = (digest: string): string => digest.replace(/^sha256:/, "");

export function createSegmentSaver(options: SegmentSaverOptions): SegmentSaver {
  const { journal, store, item, runId, runAttempt, clock } = options;
  const saved: SegmentRef[] = [];
  let previous = options.previous === null ? null : bareDigest(options.previous);
  let cursor: JournalCursor | null = null;
  let index = options.firstIndex ?? 1;
  let pending: Pending | null = null;
  let queue: Promise<unknown> = Promise.resolve();

  const confirm = (job: Pending, ref: SegmentRef, digest: string): SegmentRef => {
    if (bareDigest(ref.digest) !== digest) throw wrongDigest(ref, digest);
    const confirmed = { ...ref, digest };
    saved.push(confirmed);
    previous = digest; // V1
    cursor = job.cursor;
    index += 1;
    pending = null;
    return confirmed;
  };

  const attempt = async (job: Pending): Promise<SegmentRef> => {
    const name = formatSegmentName({ item, runId, runAttempt, index, ...job.request });
    const bytes = encodeSegment({ item: formatItemId(item), runId, runAttempt, epoch: journal.epoch, index, previous, ...job.segment });
    const digest = sha256Hex(bytes);
    const found = job.uncertain ? ((await store.find?.(name)) ?? null) : null; // V2
    if (found !== null && bareDigest(found.digest) === digest) return confirm(job, found, digest);
    return confirm(job, await store.put(name, bytes), digest);
  };

  const persist = async (job: Pending): Promise<SegmentRef> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt(job);
      } catch (error) {
        if (!(error instanceof RetryableError) || clock === undefined || tries >= ATTEMPTS) throw error;
        if (!(error instanceof NameTakenError)) await clock.sleep(error.retryAfterMs ?? FIRST_WAIT_MS * 2 ** (tries - 1));
        // Looked up and not ours, the name is lost for these bytes.
        else if (job.uncertain) index += 1;
        job.uncertain = true;
      }
    }
  };

  const saveNext = async (request: SaveRequest): Promise<SegmentRef> => {
    if (pending !== null) await persist(pending);
    const { lines, blobs, cursor: reached } = await journal.since(cursor);
    const newest = saved.at(-1);
    const wanted = lines.length > 0 || blobs.length > 0 || request.phase === "probe" || request.ending !== null;
    if (!wanted && newest !== undefined) return newest;
    pending = { segment: { lines, blobs }, request, cursor: reached, uncertain: false };
    return persist(pending);
  };

  return {
    save(request) {
      const result = queue.then(() => saveNext(request));
      // The next save waits for this one and tells by itself what is wrong.
      queue = result.catch(() => undefined);
      return result;
    },
    saved: () => [...saved],
  };
}

const wrongDigest = (ref: SegmentRef, digest: string): TerminalError =>
  new TerminalError(
    `The store holds ${ref.name} with SHA-256 ${ref.digest}; ${digest} was sent.`,
    "What is stored cannot be trusted. Start a new run; if it happens again, report it to the store's operator.",
  );
