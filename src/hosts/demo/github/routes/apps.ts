import { z } from "zod";
import { sha256Hex } from "../../../../shared/hash.ts";
import type { Installation } from "../records.ts";
import { failure, json, notFound, pageOf, unprocessable } from "../reply.ts";
import { answer, findRepository, numberParam, type Exchange, type Method, type Route, type Transition } from "../route.ts";
import { select, without } from "../state.ts";
import { grantInstallationToken, narrowPermissions } from "../transitions/tokens.ts";
import { accountJson, appJson, installationJson } from "../views/accounts.ts";
import { fullName, repositoryJson } from "../views/repository.ts";
import { nodeId } from "../views/view.ts";

/** A route for the App itself, by its JWT. */
function appRoute(method: Method, template: string, handle: (exchange: Exchange) => Transition): Route {
  return {
    method,
    template,
    serve: async (exchange) => (exchange.principal.kind === "app" ? handle(exchange) : answer(failure(401, "A JSON web token could not be decoded"))),
  };
}

const tokenRequest = z.object({
  repositories: z.array(z.string()).max(500).optional(),
  repository_ids: z.array(z.int()).max(500).optional(),
  permissions: z.record(z.string(), z.enum(["read", "write"])).optional(),
});

const getApp = appRoute("GET", "/app", ({ base }) =>
  answer((state) => json({ ...appJson({ state, base }, state.app.slug), installations_count: state.installations.size })),
);

const listInstallations = appRoute("GET", "/app/installations", ({ base, url }) =>
  answer((state) => {
    const page = pageOf(url, [...state.installations.values()]);
    return json(
      page.items.map((installation) => installationJson({ state, base }, installation)),
      200,
      page.headers,
    );
  }),
);

const getInstallation = appRoute("GET", "/app/installations/{installation_id}", ({ base, params }) =>
  answer((state) => {
    const installation = state.installations.get(numberParam(params, "installation_id") ?? -1);
    return installation === undefined ? notFound() : json(installationJson({ state, base }, installation));
  }),
);

const getRepositoryInstallation = appRoute("GET", "/repos/{owner}/{repo}/installation", ({ base, params }) =>
  answer((state) => {
    const repository = findRepository(state, params);
    const installation = repository === null ? undefined : select(state.installations, (candidate) => candidate.repositoryIds.has(repository.id))[0];
    return installation === undefined ? notFound() : json(installationJson({ state, base }, installation));
  }),
);

const createToken = appRoute("POST", "/app/installations/{installation_id}/access_tokens", (exchange) => (state) => {
  const installation = state.installations.get(numberParam(exchange.params, "installation_id") ?? -1);
  if (installation === undefined) return { state, reply: notFound() };
  const body = tokenRequest.safeParse(exchange.body ?? {});
  if (!body.success) return { state, reply: unprocessable(`Invalid request.\n\n${z.prettifyError(body.error)}`) };
  const repositoryIds = chosenRepositories(exchange, installation, body.data);
  if (repositoryIds === null)
    return { state, reply: unprocessable("There is at least one repository that does not exist or is not accessible to the parent installation.") };
  const permissions = narrowPermissions(state.app.permissions, body.data.permissions);
  if (permissions === null) return { state, reply: unprocessable("The permissions requested are not granted to this installation.") };
  const token = exchange.mintToken();
  const granted = grantInstallationToken(state, exchange.nowMs, installation, { repositoryIds, permissions, tokenSha256: sha256Hex(token) });
  const narrowed = body.data.repositories !== undefined || body.data.repository_ids !== undefined;
  const repositories = select(state.repositories, (repository) => repositoryIds.has(repository.id)).map((repository) =>
    repositoryJson({ state, base: exchange.base }, repository),
  );
  return {
    state: granted.state,
    reply: json({ token, expires_at: granted.expiresAt, permissions, repository_selection: "selected", ...(narrowed ? { repositories } : {}) }, 201),
  };
});

/** The repositories asked for, all of the installation's when none are; null when one is not the installation's. */
function chosenRepositories(exchange: Exchange, installation: Installation, asked: z.infer<typeof tokenRequest>): ReadonlySet<number> | null {
  const own = select(exchange.state.repositories, (repository) => installation.repositoryIds.has(repository.id));
  const byName = asked.repositories?.map(
    (name) => own.find((repository) => [repository.name, fullName(repository)].some((known) => known.toLowerCase() === name.toLowerCase()))?.id,
  );
  const ids = byName ?? asked.repository_ids ?? own.map((repository) => repository.id);
  const found = ids.flatMap((id) => (id !== undefined && installation.repositoryIds.has(id) ? [id] : []));
  return found.length === ids.length ? new Set(found) : null;
}

/** Nobody has to be known for it: the code is the secret, and works once. */
const convertManifest: Route = {
  method: "POST",
  template: "/app-manifests/{code}/conversions",
  serve: async ({ params, base }) => (state) => {
    const code = params["code"] ?? "";
    const made = state.manifests.get(code);
    if (made === undefined) return { state, reply: notFound() };
    const { id, name, permissions, events, createdAt: at, owner, pem, webhookSecret } = made;
    const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
    const page = `${base}/apps/${slug}`;
    const app = { id, slug, node_id: nodeId("A", id), owner: accountJson({ state, base }, owner), name, description: null, external_url: page, html_url: page, created_at: at, updated_at: at, permissions, events };
    const secrets = { client_id: `Iv23.${sha256Hex(code).slice(0, 16)}`, client_secret: sha256Hex(`${code} client`), webhook_secret: webhookSecret, pem };
    return { state: { ...state, manifests: without(state.manifests, code) }, reply: json({ ...app, ...secrets }, 201) };
  },
};

const listRepositories: Route = {
  method: "GET",
  template: "/installation/repositories",
  serve: async ({ principal, base, url }) =>
    answer((state) => {
      if (principal.kind !== "installation" && principal.kind !== "job")
        return failure(403, "You must authenticate with an installation access token in order to list repositories for an installation.");
      const repositories = select(state.repositories, (repository) => principal.repositoryIds.has(repository.id));
      const page = pageOf(url, repositories);
      return json(
        {
          total_count: repositories.length,
          repository_selection: "selected",
          repositories: page.items.map((repository) => repositoryJson({ state, base }, repository)),
        },
        200,
        page.headers,
      );
    }),
};

const getUser: Route = {
  method: "GET",
  template: "/users/{username}",
  serve: async ({ params, base }) =>
    answer((state) => {
      const account = state.accounts.get((params["username"] ?? "").toLowerCase());
      if (account === undefined) return notFound();
      const { createdAt } = state.app;
      const profile = { name: account.login, company: null, blog: null, location: null, email: null, hireable: null, bio: null };
      return json({
        ...accountJson({ state, base }, account),
        ...profile,
        public_repos: 0,
        public_gists: 0,
        followers: 0,
        following: 0,
        created_at: createdAt,
        updated_at: createdAt,
      });
    }),
};

export const appRoutes: readonly Route[] = [
  convertManifest,
  getApp,
  listInstallations,
  getInstallation,
  getRepositoryInstallation,
  createToken,
  listRepositories,
  getUser,
];
