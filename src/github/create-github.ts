import type { Clock, Fetch } from "../shared/ports.ts";
import type { GitHub } from "./client.ts";
import { graphqlUrlOf } from "./graphql.ts";
import { withReadFailures } from "./read-failures.ts";
import { withRetries } from "./retries.ts";
import { createSender } from "./send.ts";

/** GitHub itself ends a request after 10 s (P-request-time); a body on the way may take longer. */
const REQUEST_TIMEOUT_MS = 30_000;

/** A job has the time to wait an outage of some minutes out: what it stands for cost money. */
const JOB_READ_PAUSES_MS: readonly number[] = [1_000, 3_000, 9_000, 30_000, 60_000, 120_000];

export interface GitHubOptions {
  /** Empty: without one. */
  readonly token: string;
  /** `GITHUB_API_URL`, e.g. `https://api.github.com`. */
  readonly baseUrl: string;
  /** `GITHUB_GRAPHQL_URL`; default: beside `baseUrl`. */
  readonly graphqlUrl?: string;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly fetch?: Fetch;
  /** Pauses before a read is repeated after an outage; default: those of a job, almost four minutes in all. */
  readonly readPausesMs?: readonly number[];
  /** Milliseconds of rate-limit waiting one request may take in all; default ten minutes. */
  readonly patienceMs?: number;
  /** Ends requests and waits with its reason. */
  readonly signal?: AbortSignal;
}

/** A client with one token, our retry rules and the pinned API version. */
export function createGitHub(options: GitHubOptions): GitHub {
  const plain = createSender({
    baseUrl: options.baseUrl,
    graphqlUrl: options.graphqlUrl ?? graphqlUrlOf(options.baseUrl),
    userAgent: options.userAgent,
    token: () => Promise.resolve(options.token === "" ? null : options.token),
    fetch: withTimeout(options.fetch ?? globalThis.fetch, options.signal),
  });
  const { clock, readPausesMs = JOB_READ_PAUSES_MS, patienceMs, signal } = options;
  return withReadFailures(withRetries(plain, { clock, readPausesMs, ...(patienceMs === undefined ? {} : { patienceMs }), ...(signal === undefined ? {} : { signal }) }));
}

/** A fetch that gives up after 30 s; the outcome is unknown then (status 500). */
export function withTimeout(fetch: Fetch, stop?: AbortSignal): Fetch {
  return (input, init) => {
    const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const others = [init?.signal, stop].filter((each) => each !== undefined && each !== null);
    return fetch(input, { ...init, signal: others.length === 0 ? timeout : AbortSignal.any([...others, timeout]) });
  };
}
