/** The App as one HTTP server: webhooks, the page for who installs it, the health check. */
import { readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { join } from "node:path";
import { Octokit } from "@octokit/core";
import { createProbot, ProbotOctokit } from "probot";
import { z } from "zod";
import { CONFIG_PATH } from "../../config/index.ts";
import type { GitHub } from "../../github/client.ts";
import { withTimeout } from "../../github/create-github.ts";
import { hasStatus } from "../../github/request-error.ts";
import { withRetries } from "../../github/retries.ts";
import { publicTicketKey } from "../../github/trust/index.ts";
import { createEffectRunner } from "../../github/write/index.ts";
import { WORKFLOW_PATH } from "../../intake/index.ts";
import { packageRoot } from "../../shared/package-root.ts";
import type { Clock, Fetch } from "../../shared/ports.ts";
import { createAppAccess, type AppAccess } from "./app-access.ts";
import { createAppLog, type AppLog } from "./app-log.ts";
import { createExchange, type Exchange } from "./exchange/exchange.ts";
import { handleExchange } from "./exchange/exchange-endpoint.ts";
import { signingKeys } from "./exchange/signing-keys.ts";
import { registerHandlers, type HandlerTools } from "./handlers.ts";
import { installationClient } from "./installation-client.ts";
import { installedPlaces } from "./installations.ts";
import { listen, send } from "./http/http-server.ts";
import { homePage, type AppIdentity } from "./http/pages.ts";
import { ownSlug } from "./own-slug.ts";
import { startReconciler, type ReconcilerWorld } from "./reconciling/reconciler.ts";
import { redeliverFailed } from "./reconciling/redelivery.ts";
import { createEditBudget } from "./runs/edit-budget.ts";
import { createRunFollower } from "./runs/run-follower.ts";
import type { AppSettings } from "./settings.ts";
import { createSubjectQueue } from "./subject-queue.ts";
import { createWebhookRouter } from "./webhook-router.ts";
import { handleWebhook, type WebhookEndpoint } from "./http/webhook-endpoint.ts";

export interface AppPorts {
  readonly clock: Clock;
  readonly fetch: Fetch;
  /** What is said to the operator; default: Probot's log on standard output. */
  readonly log?: AppLog;
}

export interface RunningApp {
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  readonly url: string;
  /** Resolves when every delivery so far is dealt with, and what was found by looking, and no look at a run is under way (more will follow). */
  idle(): Promise<void>;
  /** Takes no more deliveries, finishes what is queued and stops following runs. */
  close(): Promise<void>;
}

const isAuthObject = (auth: unknown): auth is object => typeof auth === "object" && auth !== null;

type OctokitOptions = NonNullable<ConstructorParameters<typeof ProbotOctokit>[0]>;

/** GitHub may take its time to send, but not this long (headers and body, milliseconds). */
const REQUEST_TIMEOUT_MS = 30_000;

/** Serves the App until it is closed. @throws TerminalError when it cannot listen */
export async function startApp(settings: AppSettings, ports: AppPorts): Promise<RunningApp> {
  // Probot's own for making tokens knows nothing of another server than github.com.
  const tokens = new Octokit({ baseUrl: settings.apiUrl, request: { fetch: withTimeout(ports.fetch) } });
  const probot = createProbot({
    env: settings.probotEnvironment,
    overrides: {
      baseUrl: settings.apiUrl,
      request: { fetch: withTimeout(ports.fetch) },
      // Repeating and waiting are ours: Probot's plugins would send a write again without looking whether it was done, and
      // hold each write back for seconds. As a function, since options of Probot's own would replace an object's.
      Octokit: ProbotOctokit.defaults((options: OctokitOptions) => ({ ...options, ...(isAuthObject(options.auth) ? { auth: { ...options.auth, request: tokens.request } } : {}), retry: { enabled: false }, throttle: { enabled: false } })),
    },
  });
  await probot.ready();
  const log = ports.log ?? createAppLog(probot.log);
  const ends = new AbortController();
  const access = createAppAccess({ clock: ports.clock, paced: settings.paced, ends: ends.signal, authenticate: () => probot.auth(), baseUrl: settings.apiUrl, graphqlUrl: settings.graphqlUrl, fetch: withTimeout(ports.fetch) });
  const queue = createSubjectQueue(log);
  const follower = createRunFollower({ clock: ports.clock, log, pollMs: settings.pollMs });
  const tools: HandlerTools = {
    clock: ports.clock,
    log,
    queue,
    follower,
    dashboards: new Set(),
    edits: createEditBudget(ports.clock),
    effects: createEffectRunner({ clock: ports.clock }),
    author: { appId: settings.appId, botLogin: null },
    ticketKeyPem: settings.ticketKeyPem,
    dailyCostUsd: settings.dailyCostUsd,
    exchange: settings.exchange,
    slug: ownSlug(access.app, log),
    workflow: { template: settings.workflowTemplate ?? readFileSync(join(packageRoot(import.meta.url), "templates", "worktrain.yml"), "utf8"), action: settings.action, publicKey: publicTicketKey(settings.ticketKeyPem) },
  };
  const router = createWebhookRouter({ log, access });
  registerHandlers(router, tools);

  const endpoint: WebhookEndpoint = {
    log,
    verify: (body, signature) => probot.webhooks.verify(body, signature),
    hears: router.hears,
    receive: router.receive,
  };
  const readIdentity = createIdentityReader(access.app, log);
  const exchange = exchangeDoor(access, { settings, tools, fetch: ports.fetch });
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").split("?")[0];
    const serve = (): Promise<void> => {
      if (path === settings.webhookPath) return handleWebhook(endpoint, request, response);
      if (exchange !== null && path === exchange.path) return handleExchange({ exchange: exchange.exchange, log }, request, response);
      return servePage({ path, method: request.method ?? "GET", response, readIdentity, publicKey: publicTicketKey(settings.ticketKeyPem) });
    };
    serve().catch((error: unknown) => {
      log.error(error, "a request could not be answered", { path: path ?? "" });
      if (!response.headersSent) response.writeHead(500).end();
    });
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  const url = await listen(server, settings);
  log.info("serving", { url });
  const reconciler = startReconciler({ clock: ports.clock, log, tools, world: reconcilerWorld(access, tools) });

  const idle = async (): Promise<void> => {
    await reconciler.idle();
    await follower.idle();
    await queue.idle();
  };
  return {
    url,
    idle,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      ends.abort();
      await idle();
      await Promise.all([reconciler.stop(), follower.stop()]);
      await queue.idle();
    },
  };
}

/** A client that speaks as the App (by JWT). */
const appClient = ({ app }: AppAccess, { clock }: HandlerTools): GitHub => withRetries(app, { clock });

/** Where deliver jobs get tokens, and how; null where none are exchanged. */
function exchangeDoor(access: AppAccess, { settings, tools, fetch }: { readonly settings: AppSettings; readonly tools: HandlerTools; readonly fetch: Fetch }): { readonly path: string; readonly exchange: Exchange } | null {
  if (settings.exchange === null) return null;
  const { url, issuer, selfHosted, actions } = settings.exchange;
  const { clock, log, ticketKeyPem } = tools;
  const key = signingKeys({ issuer, clock, fetch: withTimeout(fetch) });
  const installation = (id: number): GitHub => installationClient(access.installation(id), tools);
  return { path: new URL(url).pathname, exchange: createExchange({ clock, log, issuer, audience: url, selfHosted, actions, key, ticketKeyPem, app: appClient(access, tools), installation }) };
}

function reconcilerWorld(access: AppAccess, tools: HandlerTools): ReconcilerWorld {
  const app = appClient(access, tools);
  return {
    async *places() {
      yield* installedPlaces({ ...tools, app, installation: access.installation });
    },
    redeliver: (sinceMs) => redeliverFailed(app, { sinceMs, log: tools.log }),
  };
}

interface PageRequest {
  readonly path: string | undefined;
  readonly method: string;
  readonly response: ServerResponse;
  readonly readIdentity: () => Promise<AppIdentity>;
  readonly publicKey: string;
}

async function servePage({ path, method, response, readIdentity, publicKey }: PageRequest): Promise<void> {
  if (method !== "GET" && method !== "HEAD") return send(response, 405, "text/plain", "Only GET is served here.\n");
  switch (path) {
    case "/healthz":
      return send(response, 200, "application/json", `${JSON.stringify({ status: "ok" })}\n`);
    case "/":
      return send(response, 200, "text/html", homePage({ app: await readIdentity(), publicKey, workflowPath: WORKFLOW_PATH, configPath: CONFIG_PATH }));
    default:
      return send(response, 404, "text/plain", "There is nothing here.\n");
  }
}

const identitySchema = z.object({ name: z.string(), html_url: z.string() });

/** Asks GitHub once who the App is; a failure is logged and asked again next time. */
function createIdentityReader(app: GitHub, log: AppLog): () => Promise<AppIdentity> {
  let known: AppIdentity | null = null;
  return async () => {
    if (known !== null) return known;
    try {
      const { data } = await app.request("GET /app");
      const { name, html_url: htmlUrl } = identitySchema.parse(data);
      known = { kind: "known", name, htmlUrl };
    } catch (error) {
      // 401: the key is not the App's; 404: there is no such App.
      const refused = hasStatus(error, 401, 404);
      log.error(error, refused ? "GitHub does not take the App's credentials" : "GitHub could not be asked who the App is", {});
      return { kind: refused ? "refused" : "unknown" };
    }
    return known;
  };
}
