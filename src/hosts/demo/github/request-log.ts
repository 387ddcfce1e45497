import type { Principal } from "./principal.ts";
import type { State } from "./state.ts";

/** One request that reached the server. Never holds a token: headers are not kept, and answers' bodies neither. */
export interface LoggedRequest {
  /** ISO 8601. */
  readonly at: string;
  readonly kind: "rest" | "graphql" | "git" | "artifact-download" | "unknown";
  readonly method: string;
  /** The route's template, for GraphQL `/graphql#` and the operation's name; null when no route matched. */
  readonly route: string | null;
  readonly path: string;
  /** Values in order; a name may come several times. */
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  /** Parsed JSON, or null. */
  readonly body: unknown;
  readonly token: "none" | "app-jwt" | "installation" | "job" | "user" | "rejected";
  /** `app`, a job's name, a person's login, or `anonymous`. */
  readonly who: string;
  /** The job that sent it, when it was one. */
  readonly jobId: number | null;
  readonly status: number;
  /** A fault that a test ordered was applied to it. */
  readonly faulted: boolean;
  /** It asks for a change: not a GET, and no GraphQL query. */
  readonly changes: boolean;
}

/** Who a principal is in the log. */
export function sender(state: State, principal: Principal): Pick<LoggedRequest, "token" | "who" | "jobId"> {
  switch (principal.kind) {
    case "anonymous":
      return { token: "none", who: "anonymous", jobId: null };
    case "app":
      return { token: "app-jwt", who: "app", jobId: null };
    case "installation":
      return { token: "installation", who: "app", jobId: null };
    case "job":
      return { token: "job", who: state.jobs.get(principal.jobId)?.name ?? "job", jobId: principal.jobId };
    case "user":
      return { token: "user", who: principal.login, jobId: null };
  }
}

/** Query parameters as plain data. */
export function queryOf(url: URL): LoggedRequest["query"] {
  const query: Record<string, string | readonly string[]> = {};
  for (const name of new Set(url.searchParams.keys())) {
    const values = url.searchParams.getAll(name);
    query[name] = values.length === 1 ? (values[0] ?? "") : values;
  }
  return query;
}
