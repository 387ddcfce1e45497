/**
 * When a request is sent again, for every GitHub client of ours:
 * - a read, and the making of a git object, after an outage: with growing pauses;
 * - any other write after an outage: never here (the effect runner looks up first);
 * - either after a rate limit, since it was not done: when GitHub says, else after a minute and doubling
 *   (P-rate-limits), as long as the caller's patience lasts.
 */
import { RetryableError } from "../shared/errors.ts";
import type { Clock } from "../shared/ports.ts";
import type { GitHub } from "./client.ts";
import { isGraphQlQuery } from "./graphql.ts";
import { requestFailure, whatGitHubSaid, type RequestFailure } from "./request-error.ts";

const READ_PAUSES_MS: readonly number[] = [1_000, 3_000, 9_000];
const UNTOLD_WAIT_MS = 60_000;
const DEFAULT_PATIENCE_MS = 10 * 60_000;

export interface RetryOptions {
  readonly clock: Clock;
  /** Pauses before a read is repeated after an outage, in order; default three, 13 s in all. */
  readonly readPausesMs?: readonly number[];
  /** Milliseconds of rate-limit waiting one request may take in all; default ten minutes. */
  readonly patienceMs?: number;
  /** Once it is aborted nothing is asked again, and a wait ends with its reason. */
  readonly signal?: AbortSignal;
  /** Told before each wait for a rate limit. Must not throw. */
  readonly onWait?: (waitMs: number, route: string) => void;
}

/** @throws RetryableError with `retryAfterMs` when the rate limit outlasts the patience; other failures pass through */
export function withRetries(github: GitHub, options: RetryOptions): GitHub {
  return {
    async request(route, parameters) {
      let outages = 0;
      let limits = 0;
      let waitedMs = 0;
      for (;;) {
        try {
          return await github.request(route, parameters);
        } catch (error) {
          options.signal?.throwIfAborted();
          const failure = requestFailure(error);
          if (failure === null) throw error;
          const pauseMs = (options.readPausesMs ?? READ_PAUSES_MS)[outages];
          if (failure.status >= 500 && isRepeatable(route, parameters) && pauseMs !== undefined) {
            outages += 1;
            await options.clock.sleep(pauseMs, options.signal);
            continue;
          }
          const limitMs = rateLimitWaitMs(failure, options.clock.nowMs(), limits);
          if (limitMs === null) throw error;
          if (waitedMs + limitMs > (options.patienceMs ?? DEFAULT_PATIENCE_MS)) {
            throw new RetryableError(`GitHub's rate limit holds for another ${Math.ceil(limitMs / 1_000)} s (${route}).`, { cause: error, retryAfterMs: limitMs });
          }
          limits += 1;
          waitedMs += limitMs;
          options.onWait?.(limitMs, route);
          await options.clock.sleep(limitMs, options.signal);
        }
      }
    },
  };
}

/** Whether a request only asks. */
export const isRead = (route: string, parameters?: Readonly<Record<string, unknown>>): boolean => /^(?:GET|HEAD) /.test(route) || isGraphQlQuery(route, parameters);

/** Git objects are named by their content and nobody sees one that no ref leads to, so making one again changes nothing. */
const isRepeatable = (route: string, parameters?: Readonly<Record<string, unknown>>): boolean => isRead(route, parameters) || /^POST .*\/git\/(?:blobs|trees|commits)$/.test(route);

/** Milliseconds to wait when the failure is a rate limit, primary or secondary; null when it is something else. */
function rateLimitWaitMs(failure: RequestFailure, nowMs: number, earlierLimits: number): number | null {
  if (failure.status !== 403 && failure.status !== 429) return null;
  const headers = failure.response?.headers ?? {};
  const retryAfterSeconds = numberIn(headers["retry-after"]);
  if (retryAfterSeconds !== null) return retryAfterSeconds * 1_000;
  const resetSeconds = numberIn(headers["x-ratelimit-reset"]);
  if (numberIn(headers["x-ratelimit-remaining"]) === 0 && resetSeconds !== null) return Math.max(resetSeconds * 1_000 - nowMs, 1_000);
  // A secondary limit may come as a bare 403; only its text tells it from a missing permission.
  if (failure.status === 429 || /secondary rate limit/i.test(whatGitHubSaid(failure))) return UNTOLD_WAIT_MS * 2 ** earlierLimits;
  return null;
}

function numberIn(header: string | number | undefined): number | null {
  const value = header === undefined || header === "" ? Number.NaN : Number(header);
  return Number.isFinite(value) && value >= 0 ? value : null;
}
