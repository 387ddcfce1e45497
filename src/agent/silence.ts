/** Notices a request that says nothing any more: a connection can stay open for ever without an event (fault 63). */
import type { Clock, Fetch } from "../shared/ports.ts";
import { LONGEST_TIMER_MS } from "./deadline.ts";

/**
 * How long an open request may stay without a byte. The API sends pings while a model thinks; the longest wait is for the first byte
 * of a long prompt that no cache holds. Below undici's own 300 s, so that the end is ours to name.
 */
export const STALL_MS = 180_000;
/**
 * With pings alone a request may stay this many times longer. A model whose thinking is not shown writes nothing while it thinks, and
 * thinking through a whole answer (32,000 tokens at 40 a second) takes 13 minutes.
 */
const PINGS_ONLY_FACTOR = 5;

export interface Silence {
  /** The fetch with every arriving byte heard. */
  listen(fetch: Fetch): Fetch;
  /** Runs one request. Its signal aborts with the outer one, or when nothing came for too long. */
  during<T>(outer: AbortSignal, request: (watched: { readonly signal: AbortSignal; onEvent(): void; stalled(): string | null }) => Promise<T>): Promise<T>;
}

const OVER = "The request is over.";

/** @param stallMs Infinity: never */
export function watchSilence(clock: Clock, stallMs: number): Silence {
  let byteAtMs = 0;
  return {
    listen: (fetch) => async (input, init) => {
      const response = await fetch(input, init);
      byteAtMs = clock.monotonicMs();
      if (response.body === null) return response;
      const heard = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          byteAtMs = clock.monotonicMs();
          controller.enqueue(chunk);
        },
      });
      return new Response(response.body.pipeThrough(heard), { status: response.status, statusText: response.statusText, headers: response.headers });
    },
    async during(outer, request) {
      const stall = new AbortController();
      const over = new AbortController();
      let eventAtMs = clock.monotonicMs();
      let stalled: string | null = null;
      byteAtMs = eventAtMs;
      const watch = async (): Promise<void> => {
        for (;;) {
          const nowMs = clock.monotonicMs();
          const leftMs = Math.min(byteAtMs + stallMs, eventAtMs + PINGS_ONLY_FACTOR * stallMs) - nowMs;
          if (leftMs <= 0) break;
          await clock.sleep(Math.min(leftMs, LONGEST_TIMER_MS), over.signal);
        }
        const silentMs = clock.monotonicMs() - (byteAtMs + stallMs <= clock.monotonicMs() ? byteAtMs : eventAtMs);
        stalled = `The model sent ${byteAtMs > eventAtMs ? "nothing but pings" : "nothing"} for ${Math.round(silentMs / 1000)} seconds.`;
        stall.abort();
      };
      // A watch that fails (a broken clock) leaves the request to the run's own deadline.
      if (stallMs !== Infinity) watch().catch(() => undefined);
      const onEvent = (): void => void (eventAtMs = clock.monotonicMs());
      try {
        return await request({ signal: AbortSignal.any([outer, stall.signal]), onEvent, stalled: () => stalled });
      } finally {
        // With a reason of its own: making the default one, an exception with a stack, costs more than the rest of this.
        over.abort(OVER);
      }
    },
  };
}
