import { randomUUID } from "node:crypto";
import type { Git } from "../git/git.ts";
import { authenticate, type Principal } from "../principal.ts";
import { isPull, type RepositoryRecord } from "../records.ts";
import { failure, notFound, type Reply } from "../reply.ts";
import { queryOf, sender, type LoggedRequest } from "../request-log.ts";
import { matcherOf, type Route } from "../route.ts";
import { actionsRoutes } from "../routes/actions.ts";
import { appRoutes } from "../routes/apps.ts";
import { checkRoutes } from "../routes/checks.ts";
import { commentRoutes } from "../routes/comments.ts";
import { contentRoutes } from "../routes/contents.ts";
import { diagnosticRoutes } from "../routes/diagnostics.ts";
import { gitDataRoutes } from "../routes/git-data.ts";
import { gitRefRoutes } from "../routes/git-refs.ts";
import { assigneeRoutes } from "../routes/assignees.ts";
import { issueRoutes } from "../routes/issues.ts";
import { subIssueRoutes } from "../routes/sub-issues.ts";
import { pullRoutes } from "../routes/pulls.ts";
import { reviewRoutes } from "../routes/reviews.ts";
import { statusRoutes } from "../routes/statuses.ts";
import { repositoryRoutes } from "../routes/repositories.ts";
import type { Faults } from "../faults.ts";
import type { Machine } from "../machine.ts";
import { mintAppToken, type ArtifactUrls } from "../tokens.ts";
import type { Delivery } from "../webhooks/deliverer.ts";
import type { Answer, Incoming } from "./incoming.ts";

// Those that name a segment come before those that take any: `issues/comments/{comment_id}` before `issues/{issue_number}`.
const ROUTES: readonly Route[] = [
  ...appRoutes,
  ...commentRoutes,
  ...issueRoutes,
  ...assigneeRoutes,
  ...subIssueRoutes,
  ...checkRoutes,
  ...actionsRoutes,
  ...contentRoutes,
  ...diagnosticRoutes,
  ...gitDataRoutes,
  ...gitRefRoutes,
  ...pullRoutes,
  ...reviewRoutes,
  ...statusRoutes,
  ...repositoryRoutes,
];

const MATCHERS: ReadonlyMap<string, readonly { readonly route: Route; readonly match: ReturnType<typeof matcherOf> }[]> = Map.groupBy(
  ROUTES.map((route) => ({ route, match: matcherOf(route.template) })),
  ({ route }) => route.method,
);

/** Versions of the REST API that exist (docs: API versions). */
const API_VERSIONS = ["2022-11-28", "2026-03-10"];
const HOUR_MS = 60 * 60 * 1000;

export interface RestOptions {
  readonly machine: Machine;
  readonly base: string;
  readonly artifactUrls: ArtifactUrls;
  readonly faults: Faults;
  readonly nowMs: () => number;
  readonly gitOf: (repository: RepositoryRecord) => Git;
  readonly copyForFork: (repository: RepositoryRecord, only: "default branch" | "all") => Promise<string>;
  readonly deliveries: () => readonly Delivery[];
  /** Begins to send a noted delivery again; false when there is none with the id. */
  readonly redeliver: (deliveryId: number) => boolean;
  readonly log: LoggedRequest[];
}

/** Answers one REST request: authenticate, find the route, let it ask git, apply its transition, tell the log. */
export async function answerRest(options: RestOptions, incoming: Incoming): Promise<Answer> {
  const { machine, log } = options;
  const nowMs = options.nowMs();
  const authenticated = authenticate(machine.state, incoming.headers.authorization, nowMs);
  const principal: Principal = "refused" in authenticated ? { kind: "anonymous" } : authenticated;
  const found = findRoute(incoming);
  const body = parseBody(incoming);
  const fault = found === null ? null : options.faults.take(incoming.method, found.route.template);
  const note = (status: number): void => {
    log.push({
      at: new Date(nowMs).toISOString(),
      kind: found === null ? "unknown" : "rest",
      method: incoming.method,
      route: found?.route.template ?? null,
      path: incoming.url.pathname,
      query: queryOf(incoming.url),
      body: body.ok ? body.value : null,
      ...("refused" in authenticated ? { token: "rejected" as const, who: "rejected", jobId: null } : sender(machine.state, principal)),
      status,
      faulted: fault !== null,
      changes: incoming.method !== "GET",
    });
  };
  if (fault !== null && fault.dropResponseAfterApplying !== true) {
    const status = fault.status ?? 500;
    note(status);
    return withCommonHeaders(options, incoming, {
      ...failure(status, fault.message ?? "An error that a test ordered"),
      headers: fault.headers ?? {},
    });
  }
  const early = refuseEarly(incoming, body.ok) ?? ("refused" in authenticated ? authenticated.refused : null);
  const reply = early ?? (await machine.exclusive(() => apply(options, { incoming, principal, found, body: body.ok ? body.value : null, nowMs })));
  note(reply.status);
  return fault === null ? withCommonHeaders(options, incoming, reply) : { cut: true };
}

interface Found {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

function findRoute({ method, url }: Incoming): Found | null {
  if (!decodes(url.pathname)) return null;
  const segments = url.pathname.slice(1).replace(/\/$/, "").split("/");
  for (const { route, match } of MATCHERS.get(method) ?? []) {
    const params = match(segments);
    if (params !== null) return { route, params };
  }
  return null;
}

export function parseBody({ body }: Incoming): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  if (body.byteLength === 0) return { ok: true, value: null };
  try {
    return { ok: true, value: JSON.parse(Buffer.from(body).toString("utf8")) };
  } catch {
    return { ok: false }; // answered with 400
  }
}

/** Whether every part of a path can be percent-decoded. */
function decodes(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

export function refuseEarly({ headers }: Incoming, bodyParses: boolean): Reply | null {
  if ((headers["user-agent"] ?? "") === "")
    return failure(403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.");
  const version = headers["x-github-api-version"];
  if (typeof version === "string" && !API_VERSIONS.includes(version)) return failure(400, `The API version "${version}" is not supported.`);
  return bodyParses ? null : failure(400, "Problems parsing JSON");
}

interface Request {
  readonly incoming: Incoming;
  readonly principal: Principal;
  readonly found: Found | null;
  readonly body: unknown;
  readonly nowMs: number;
}

async function apply(options: RestOptions, { incoming, principal, found, body, nowMs }: Request): Promise<Reply> {
  if (found === null) return notFound();
  const { machine, base, gitOf } = options;
  const transition = await found.route.serve({
    state: machine.state,
    principal,
    params: found.params,
    url: incoming.url.origin === base ? incoming.url : new URL(incoming.url.pathname + incoming.url.search, base),
    body,
    accept: (incoming.headers.accept ?? "").toLowerCase(),
    base,
    nowMs,
    at: wholeSeconds(nowMs),
    gitOf,
    copyForFork: options.copyForFork,
    deliveries: options.deliveries,
    redeliver: options.redeliver,
    mintToken: () => mintAppToken(machine.state.app.id, nowMs),
    signArtifactUrl: (artifactId) => options.artifactUrls.sign(artifactId, nowMs),
    signLogUrl: (jobId) => options.artifactUrls.sign(jobId, nowMs, "logs"),
  });
  const before = machine.state;
  const outcome = transition(before);
  machine.commit(outcome.state);
  await followPulls(options, before.history.length);
  return outcome.reply;
}

/** GitHub writes times in whole seconds. */
export const wholeSeconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, -".000Z".length)}Z`;

/** Keeps `refs/pull/<number>/head` where the pull requests' heads are. */
export async function followPulls({ machine, gitOf }: Pick<RestOptions, "machine" | "gitOf">, since: number): Promise<void> {
  for (const happening of machine.state.history.slice(since)) {
    if (happening.kind !== "pull_request" || (happening.action !== "opened" && happening.action !== "synchronize")) continue;
    const issue = machine.state.issues.get(happening.issueId);
    const repository = machine.state.repositories.get(happening.repositoryId);
    if (issue === undefined || !isPull(issue) || repository === undefined) continue;
    const git = gitOf(repository);
    const name = `refs/pull/${issue.number}/head`;
    await git.moveRef(name, (await git.refs(name)).find((ref) => ref.name === name)?.id ?? null, issue.pull.head.sha);
  }
}

export function withCommonHeaders({ log }: RestOptions, { headers }: Incoming, reply: Reply): Reply {
  const last = log.at(-1);
  const limit = last?.token === "job" ? 1000 : last?.token === "none" ? 60 : 5000; // per hour; GitHub docs: rate limits for the REST API
  const since = last === undefined ? 0 : Date.parse(last.at) - HOUR_MS;
  const sinceAt = new Date(since).toISOString();
  let used = 0;
  // In the order of time: what came before the hour is not looked at.
  for (let nth = log.length - 1; nth >= 0; nth -= 1) {
    const entry = log[nth];
    if (entry === undefined || entry.at <= sinceAt) break;
    if (entry.token === last?.token && entry.who === last.who) used += 1;
  }
  return {
    ...reply,
    headers: {
      "x-github-request-id": randomUUID().toUpperCase(),
      "x-github-media-type": "github.v3; format=json",
      "x-github-api-version-selected": String(headers["x-github-api-version"] ?? API_VERSIONS[0]),
      "x-ratelimit-limit": String(limit),
      "x-ratelimit-remaining": String(Math.max(0, limit - used)),
      "x-ratelimit-used": String(used),
      "x-ratelimit-reset": String(Math.floor((since + 2 * HOUR_MS) / 1000)),
      "x-ratelimit-resource": "core",
      ...reply.headers,
    },
  };
}
