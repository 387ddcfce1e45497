/** What somebody asks who looks for what is wrong: deliveries, rate limit, environments, policies. */
import { failure, json, notFound, pageOf } from "../reply.ts";
import { answer, numberParam, repositoryRoute, type Route } from "../route.ts";
import { select, type State } from "../state.ts";
import { nodeId } from "../views/view.ts";
import { apiUrl, pageUrl } from "../views/repository.ts";
import type { Delivery } from "../webhooks/deliverer.ts";

/** Of one App installation (docs: rate limits for the REST API); the local GitHub counts nothing. */
const REQUESTS_AN_HOUR = 5_000;
/** Days (docs: artifact and log retention; 90 is the default and the most of a public repository). */
const RETENTION_DAYS = 90;

const listDeliveries: Route = {
  method: "GET",
  template: "/app/hook/deliveries",
  serve: async ({ principal, deliveries, url }) => {
    if (principal.kind !== "app") return answer(failure(401, "A JSON web token could not be decoded"));
    const size = Math.min(100, Number(url.searchParams.get("per_page") ?? 30) || 30);
    const { searchParams: query } = url;
    const before = Number(/^v1_(\d+)$/.exec(query.get("cursor") ?? "")?.[1] ?? Number.POSITIVE_INFINITY);
    const wanted = deliveries()
      .toReversed()
      .filter((delivery) => delivery.id < before && (query.get("status") === null || (query.get("status") === "success") === isDelivered(delivery)));
    const page = wanted.slice(0, size);
    const last = page.at(-1);
    if (last === undefined || page.length === wanted.length) return answer(json(page.map(deliveryJson)));
    const next = new URL(url);
    next.searchParams.set("cursor", `v1_${last.id}`);
    return answer(json(page.map(deliveryJson), 200, { link: `<${next.href}>; rel="next"` }));
  },
};

/** The delivery itself goes its own way: GitHub answers before it is made. */
const attemptDelivery: Route = {
  method: "POST",
  template: "/app/hook/deliveries/{delivery_id}/attempts",
  serve: async ({ principal, params, redeliver }) => {
    if (principal.kind !== "app") return answer(failure(401, "A JSON web token could not be decoded"));
    return answer(redeliver(numberParam(params, "delivery_id") ?? -1) ? json({}, 202) : failure(422, "There is no such delivery"));
  },
};

const statusOf = ({ outcome }: Delivery): number => (outcome.kind === "answered" ? outcome.status : 0);
const isDelivered = (delivery: Delivery): boolean => statusOf(delivery) >= 200 && statusOf(delivery) < 300;

function deliveryJson(delivery: Delivery) {
  const { id, guid, event, action, deliveredAt, redelivery, outcome, durationMs } = delivery;
  const code = statusOf(delivery);
  const status = isDelivered(delivery) ? "OK" : outcome.kind === "answered" ? "Invalid HTTP Response" : "failed to connect to host";
  return { id, guid, delivered_at: deliveredAt, redelivery, duration: durationMs / 1_000, status, status_code: code, event, action, installation_id: null, repository_id: null, throttled_at: null };
}

const rateLimit: Route = {
  method: "GET",
  template: "/rate_limit",
  serve: async ({ nowMs }) => {
    const rate = { limit: REQUESTS_AN_HOUR, remaining: REQUESTS_AN_HOUR, reset: Math.ceil(nowMs / 3_600_000) * 3_600, used: 0 };
    return answer(json({ resources: { core: rate, search: rate }, rate }));
  },
};

/** Environments are there once they have a secret, or a job of theirs has run. */
function environmentNames(state: State, repositoryId: number): readonly string[] {
  const named = [...state.secrets.keys()].map((key) => key.split("\0")[0] ?? "");
  const used = select(state.jobs, (job) => job.repositoryId === repositoryId).map(({ environment }) => environment ?? "");
  return [...new Set([...named, ...used])].filter((name) => name !== "").toSorted();
}

const listEnvironments = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/environments",
  access: { permission: "actions", level: "read", role: "read" },
  handle: ({ repository, base, url }) =>
    answer((state) => {
      const view = { state, base };
      const all = environmentNames(state, repository.id).map((name, index) => ({
        id: index + 1,
        node_id: nodeId("EN", index + 1),
        name,
        url: `${apiUrl(view, repository)}/environments/${name}`,
        html_url: `${pageUrl(view, repository)}/deployments/activity_log?environments_filter=${name}`,
        created_at: repository.createdAt,
        updated_at: repository.createdAt,
        protection_rules: [],
        deployment_branch_policy: null,
      }));
      const page = pageOf(url, all);
      return json({ total_count: all.length, environments: page.items }, 200, page.headers);
    }),
});

const listEnvironmentSecrets = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/environments/{environment_name}/secrets",
  access: { permission: "environments", level: "read", role: "write" },
  handle: ({ repository, params, url }) =>
    answer((state) => {
      const environment = params["environment_name"] ?? "";
      if (!environmentNames(state, repository.id).includes(environment)) return notFound();
      const names = [...state.secrets.keys()].flatMap((key) => (key.startsWith(`${environment}\0`) ? [key.slice(environment.length + 1)] : []));
      const page = pageOf(url, names.map((name) => ({ name, created_at: repository.createdAt, updated_at: repository.createdAt })));
      return json({ total_count: names.length, secrets: page.items }, 200, page.headers);
    }),
});

const getActionsPermissions = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/actions/permissions",
  access: { permission: "administration", level: "read", role: "admin" },
  handle: () => answer(json({ enabled: true, allowed_actions: "all" })),
});

const getRetention = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/actions/permissions/artifact-and-log-retention",
  access: { permission: "administration", level: "read", role: "admin" },
  handle: () => answer(json({ days: RETENTION_DAYS, maximum_allowed_days: RETENTION_DAYS })),
});

const getWorkflow = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/actions/workflows/{workflow_id}",
  access: { permission: "actions", level: "read", role: "read" },
  async handle({ repository, params, base, git }) {
    const file = params["workflow_id"] ?? "";
    const path = `.github/workflows/${file.replace(/^\.github\/workflows\//, "")}`;
    const commit = await git.commitOf(repository.defaultBranch);
    if (commit === null || (await git.entryAt(commit, path))?.type !== "blob") return answer(notFound());
    return answer((state) => {
      const known = select(state.workflows, (workflow) => workflow.repositoryId === repository.id && workflow.path === path)[0];
      const view = { state, base };
      const id = known?.id ?? 1;
      const times = { created_at: known?.createdAt ?? repository.createdAt, updated_at: repository.pushedAt };
      return json({ id, node_id: nodeId("W", id), name: known?.name ?? path, path, state: "active", ...times, url: `${apiUrl(view, repository)}/actions/workflows/${id}`, html_url: `${pageUrl(view, repository)}/blob/${repository.defaultBranch}/${path}`, badge_url: `${pageUrl(view, repository)}/workflows/${encodeURIComponent(path)}/badge.svg` });
    });
  },
});

export const diagnosticRoutes: readonly Route[] = [listDeliveries, attemptDelivery, rateLimit, listEnvironments, listEnvironmentSecrets, getActionsPermissions, getRetention, getWorkflow];
