import { Octokit } from "@octokit/core";
import type { Clock, Fetch } from "../shared/ports.ts";
import { GITHUB_API_VERSION, type GitHub } from "./client.ts";
import { GRAPHQL_ROUTE, graphqlUrlOf, throwGraphQlFailure } from "./graphql.ts";
import { BrokenAnswerError } from "./request-error.ts";
import { withReadFailures } from "./read-failures.ts";
import { withRetries } from "./retries.ts";

/** GitHub itself ends a request after 10 s (P-request-time); a body on the way may take longer. */
const REQUEST_TIMEOUT_MS = 30_000;

/** A job has the time to wait an outage of some minutes out: what it stands for cost money. */
const JOB_READ_PAUSES_MS: readonly number[] = [1_000, 3_000, 9_000, 30_000, 60_000, 120_000];

export interface GitHubOptions {
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
  const quiet = () => undefined;
  const octokit = new Octokit({
    auth: options.token,
    baseUrl: options.baseUrl,
    userAgent: options.userAgent,
    request: { fetch: withTimeout(options.fetch ?? globalThis.fetch, options.signal) },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  const plain = fromOctokit(octokit, options.graphqlUrl ?? graphqlUrlOf(options.baseUrl));
  const { clock, readPausesMs = JOB_READ_PAUSES_MS, patienceMs, signal } = options;
  return withReadFailures(withRetries(plain, { clock, readPausesMs, ...(patienceMs === undefined ? {} : { patienceMs }), ...(signal === undefined ? {} : { signal }) }));
}

/**
 * Octokit reads JSON with a function called for every value in it, to make a BigInt of a whole number beyond 2^53: more work than all
 * the rest of a request. Here such a number fails its schema, which takes safe integers only, and so the body is left to us.
 */
const UNREAD = { parseSuccessResponseBody: false } as const;

/** What a caller says of the request itself, such as that a redirect is left to it. */
const requestOptionsOf = ({ request }: Readonly<Record<string, unknown>>): object => (typeof request === "object" && request !== null ? request : {});

/** The body as Octokit would give it, but with plain numbers. @throws BrokenAnswerError where it does not come to its end */
async function contentOf({ data, headers }: { readonly data: unknown; readonly headers: { readonly "content-type"?: string | undefined } }): Promise<unknown> {
  if (!(data instanceof ReadableStream)) return data ?? "";
  const type = headers["content-type"] ?? "text/plain";
  if (!/^(?:text\/|application\/(?:scim\+)?json\b)/i.test(type) && !/charset="?utf-8/i.test(type)) return whole(new Response(data).arrayBuffer());
  const text = await whole(new Response(data).text());
  try {
    return /^application\/(?:scim\+)?json\b/i.test(type) ? JSON.parse(text) : text;
  } catch {
    return text;
  }
}

async function whole<T>(body: Promise<T>): Promise<T> {
  try {
    return await body;
  } catch (error) {
    throw new BrokenAnswerError(error);
  }
}

/** The narrow face of any Octokit, with the API version pinned. */
export function fromOctokit(octokit: Pick<Octokit, "request">, graphqlUrl: string): GitHub {
  return {
    async request(route, parameters = {}) {
      const isGraphQl = route === GRAPHQL_ROUTE;
      const response = await octokit.request(isGraphQl ? `POST ${graphqlUrl}` : route, { ...parameters, headers: { "x-github-api-version": GITHUB_API_VERSION }, request: { ...requestOptionsOf(parameters), ...UNREAD } });
      const data = await contentOf(response);
      if (isGraphQl) throwGraphQlFailure(data, response.headers);
      return { status: response.status, data, headers: response.headers };
    },
  };
}

/** A fetch that gives up after 30 s; Octokit then reports an unknown outcome (status 500). */
export function withTimeout(fetch: Fetch, stop?: AbortSignal): Fetch {
  return (input, init) => {
    const signals = [init?.signal, stop, AbortSignal.timeout(REQUEST_TIMEOUT_MS)].filter((each) => each !== undefined && each !== null);
    return fetch(input, { ...init, signal: AbortSignal.any(signals) });
  };
}
