/**
 * Saves what a journal gained as segments, one after the other.
 *
 * V1. Segments of one saver form one chain: a segment is linked to only when the store confirmed it.
 * V2. After an unknown outcome the store is asked before anything is repeated (fault 15), and the same bytes are repeated:
 *     a save that failed is finished first by the next one, so no two segments ever go on from the same one.
 * V3. Where the chain has grown long it is begun anew with a compaction, so that a restore loads few segments.
 */
import { formatItemId, formatSegmentName, type ItemName, type SegmentName } from "../record/index.ts";
import { RetryableError, TerminalError } from "../shared/errors.ts";
import { sha256Hex } from "../shared/hash.ts";
import type { Clock } from "../shared/ports.ts";
import type { Journal, JournalCursor } from "./journal.ts";
import { neededBlobs } from "./needed-blobs.ts";
import { packSegment, type Segment } from "./segment.ts";
import { NameTakenError, type SegmentRef, type SegmentStore } from "./segment-store.ts";

export interface SegmentSaverOptions {
  readonly journal: Pick<Journal, "epoch" | "since" | "getBlob">;
  readonly store: SegmentStore;
  readonly item: ItemName;
  readonly runId: number;
  readonly runAttempt: number;
  /** Digest of the segment this run goes on from; null for the first run. */
  readonly previous: string | null;
  /** What the journal held before this writer; without it nothing is compacted. */
  readonly earlier?: EarlierPart;
  /** Index of the first segment saved; default 1. A second writer of the same run counts on from the first one's. */
  readonly firstIndex?: number;
  /** Waits between attempts go through it; without a clock there is one attempt. */
  readonly clock?: Clock;
  /** Told of each segment the store confirmed. Must not throw. */
  readonly onSaved?: (saved: SavedUpTo) => void;
}

export interface EarlierPart {
  /** In the order they were appended, without newlines. */
  readonly lines: readonly string[];
  /** The segments they were restored from, in chain order. */
  readonly refs: readonly SegmentRef[];
}

/** How far a journal is saved. */
export interface SavedUpTo {
  readonly ref: SegmentRef;
  readonly index: number;
  /** Lines of the journal that are stored, from its first one on. */
  readonly lines: number;
}

export type SaveRequest = Pick<SegmentName, "phase" | "step" | "costMilliUsd" | "ending">;

export interface SaveOptions {
  /** Stores one segment that needs none before it, where that fits into one. */
  readonly compact?: boolean;
}

export interface SegmentSaver {
  /**
   * Persists everything appended so far and returns the newest segment. With nothing new nothing is stored, a probe, an ending
   * and a compaction aside. Calls are served one after the other; one with an ending cuts a wait between attempts short.
   * @throws RetryableError or TerminalError of the store when it stays unsaved; a later call tries again
   */
  save(request: SaveRequest, options?: SaveOptions): Promise<SegmentRef>;
  /** What this saver stored, in the order it was stored. */
  saved(): readonly SegmentRef[];
  /** All that is needed to restore what is stored, in chain order. */
  chain(): readonly SegmentRef[];
}

/** Attempts at one segment and the first wait, doubled each time: about half a minute in all. */
const ATTEMPTS = 5;
const FIRST_WAIT_MS = 2_000;
/** Segments of a chain after which it is compacted (V3): each is a request or two of the run that restores. */
const LONGEST_CHAIN = 40;

interface Pending {
  readonly segment: Pick<Segment, "lines" | "blobs" | "previous" | "compacts">;
  readonly request: SaveRequest;
  readonly cursor: JournalCursor;
  /** Lines of the journal that are stored with it. */
  readonly upTo: number;
  /** Whether an attempt failed, so that it may be stored after all. */
  uncertain: boolean;
}

const bareDigest = (digest: string): string => digest.replace(/^sha256:/, "");

export function createSegmentSaver(options: SegmentSaverOptions): SegmentSaver {
  const { journal, store, item, runId, runAttempt, clock, earlier, onSaved } = options;
  const saved: SegmentRef[] = [];
  let chain: readonly SegmentRef[] = earlier?.refs ?? [];
  let previous = options.previous === null ? null : bareDigest(options.previous);
  let cursor: JournalCursor | null = null;
  let lineCount = earlier?.lines.length ?? 0;
  let index = options.firstIndex ?? 1;
  let pending: Pending | null = null;
  let queue: Promise<unknown> = Promise.resolve();
  let nap = new AbortController();
  let compactFrom = LONGEST_CHAIN;

  const confirm = (job: Pending, ref: SegmentRef, digest: string): SegmentRef => {
    if (bareDigest(ref.digest) !== digest) throw wrongDigest(ref, digest);
    const confirmed = { ...ref, digest };
    saved.push(confirmed);
    chain = job.segment.compacts === undefined ? [...chain, confirmed] : [confirmed];
    previous = digest; // V1
    cursor = job.cursor;
    lineCount = job.upTo;
    pending = null;
    onSaved?.({ ref: confirmed, index, lines: lineCount });
    index += 1;
    return confirmed;
  };

  const attempt = async (job: Pending): Promise<SegmentRef> => {
    const name = formatSegmentName({ item, runId, runAttempt, index, ...job.request });
    const bytes = await packSegment({ item: formatItemId(item), runId, runAttempt, epoch: journal.epoch, index, ...job.segment });
    const digest = sha256Hex(bytes);
    const found = job.uncertain ? ((await store.find?.(name)) ?? null) : null; // V2
    if (found !== null && bareDigest(found.digest) === digest) return confirm(job, found, digest);
    return confirm(job, await store.put(name, bytes), digest);
  };

  const rest = async (ms: number): Promise<void> => {
    nap = new AbortController();
    await clock?.sleep(ms, nap.signal).catch((error: unknown) => {
      if (!nap.signal.aborted) throw error;
    });
  };

  const persist = async (job: Pending): Promise<SegmentRef> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt(job);
      } catch (error) {
        if (!(error instanceof RetryableError) || clock === undefined || tries >= ATTEMPTS) throw error;
        if (!(error instanceof NameTakenError)) await rest(error.retryAfterMs ?? FIRST_WAIT_MS * 2 ** (tries - 1));
        // Looked up and not ours, the name is lost for these bytes.
        else if (job.uncertain) index += 1;
        job.uncertain = true;
      }
    }
  };

  /** The whole log as one segment (V3); null when it does not fit into one. */
  const compaction = async (request: SaveRequest, compacts: string): Promise<Pending | null> => {
    const own = await journal.since({ appends: 0, blobs: cursor?.blobs ?? 0 });
    const lines = [...(earlier?.lines ?? []), ...own.lines];
    const segment = { lines, blobs: await neededBlobs(lines, (sha256) => journal.getBlob(sha256)), previous: null, compacts };
    if (fitsComfortably(segment)) return { segment, request, cursor: own.cursor, upTo: lines.length, uncertain: false };
    compactFrom = chain.length * 2;
    return null;
  };

  const grown = async (request: SaveRequest): Promise<Pending | null> => {
    const { lines, blobs, cursor: reached } = await journal.since(cursor);
    const wanted = lines.length > 0 || blobs.length > 0 || request.phase === "probe" || request.ending !== null || saved.length === 0;
    return wanted ? { segment: { lines, blobs, previous }, request, cursor: reached, upTo: lineCount + lines.length, uncertain: false } : null;
  };

  const saveNext = async (request: SaveRequest, compact: boolean): Promise<SegmentRef> => {
    if (pending !== null) await persist(pending);
    const tail = await grown(request);
    const whole = compact ? tail !== null || chain.length > 1 : tail !== null && request.ending === null && request.phase !== "probe" && chain.length >= compactFrom;
    pending = whole && earlier !== undefined && previous !== null ? ((await compaction(request, previous)) ?? tail) : tail;
    const newest = saved.at(-1);
    if (pending === null && newest !== undefined) return newest;
    if (pending === null) throw new TerminalError("There is no segment to save.", "This is a bug in WorkTrain; please report it.");
    return persist(pending);
  };

  return {
    save(request, { compact = false } = {}) {
      if (request.ending !== null) nap.abort();
      const result = queue.then(() => saveNext(request, compact));
      // The next save waits for this one and tells by itself what is wrong.
      queue = result.catch(() => undefined);
      return result;
    },
    saved: () => [...saved],
    chain: () => chain,
  };
}

/** Bytes of a compaction, expanded: far within a segment's limits, which hold for the packed form as well. */
const COMPACTION_BYTES = 192 * 1024 * 1024;
const COMPACTION_BLOBS = 40_000;
const COMPACTION_LINES = 150_000;

function fitsComfortably({ lines, blobs }: Pick<Segment, "lines" | "blobs">): boolean {
  const bytes = lines.reduce((sum, line) => sum + line.length, 0) + blobs.reduce((sum, blob) => sum + blob.bytes.length, 0);
  return bytes <= COMPACTION_BYTES && blobs.length <= COMPACTION_BLOBS && lines.length <= COMPACTION_LINES;
}

const wrongDigest = (ref: SegmentRef, digest: string): TerminalError =>
  new TerminalError(
    `The store holds ${ref.name} with SHA-256 ${ref.digest}; ${digest} was sent.`,
    "What is stored cannot be trusted. Start a new run; if it happens again, report it to the store's operator.",
  );
