/**
 * The App's server while there is no App: `/` leads through GitHub's manifest flow (docs: "Registering a GitHub App from a manifest").
 *
 * U1. A code from GitHub is taken only with a state that this process gave out to this very browser, once and within ten minutes:
 *     otherwise a link could make an operator serve somebody else's App.
 * U2. What GitHub hands over is shown once, to whoever made the App, and neither kept nor logged.
 */
import { generateKeyPairSync, randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { createGitHub } from "../../../github/create-github.ts";
import { parseAnswer } from "../../../github/parse-answer.ts";
import { hasStatus } from "../../../github/request-error.ts";
import { packageRoot } from "../../../shared/package-root.ts";
import type { AppPorts } from "../server.ts";
import { listen, send } from "../http/http-server.ts";
import { askPage, confirmPage, createdPage, failedPage } from "./pages.ts";
import type { SetUpSettings } from "./settings.ts";

/** GitHub's code lives an hour; nobody needs as long. */
const STATE_LIFE_MS = 10 * 60_000;
/** Whoever asks for more pages than this makes the oldest states void, and the memory no larger. */
const MOST_STATES = 100;
const COOKIE = "worktrain-set-up";

const manifestSchema = z.object({ name: z.string(), description: z.string(), public: z.boolean(), default_permissions: z.record(z.string(), z.string()), default_events: z.array(z.string()) });
const conversionSchema = z.object({ id: z.int(), name: z.string(), html_url: z.string(), pem: z.string(), webhook_secret: z.string().nullable() });

export interface RunningSetUp {
  readonly url: string;
  close(): Promise<void>;
}

/** @throws TerminalError when it cannot listen */
export async function startSetUp(settings: SetUpSettings, ports: AppPorts): Promise<RunningSetUp> {
  /** When each was given out, oldest first. */
  const states = new Map<string, number>();
  const server = createServer((request, response) => {
    answer({ settings, ports, states }, request, response).catch(() => {
      // What failed may hold a secret: nothing of it is told.
      if (!response.headersSent) send(response, 500, "text/html", failedPage("Something went wrong here.", "Begin again."));
    });
  });
  const url = await listen(server, settings);
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Scene {
  readonly settings: SetUpSettings;
  readonly ports: AppPorts;
  readonly states: Map<string, number>;
}

async function answer(scene: Scene, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://server");
  if (request.method !== "GET" && request.method !== "HEAD") return send(response, 405, "text/plain", "Only GET is served here.\n");
  switch (url.pathname) {
    case "/healthz":
      return send(response, 200, "application/json", `${JSON.stringify({ status: "not-set-up" })}\n`);
    case "/":
      return url.searchParams.has("address") ? confirm(scene, url.searchParams, response) : send(response, 200, "text/html", askPage(addressOf(request), null), formTo("'self'"));
    case "/set-up":
      return convert(scene, { query: url.searchParams, cookie: cookieOf(request) }, response);
    default:
      return send(response, 404, "text/plain", "There is nothing here.\n");
  }
}

const formTo = (where: string): Readonly<Record<string, string>> => ({ "content-security-policy": `default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; form-action ${where}` });

/** A proposal only: the operator sees it and can change it. */
function addressOf({ headers }: IncomingMessage): string {
  const proto = headers["x-forwarded-proto"] === "https" ? "https" : "http";
  return `${proto}://${headers.host ?? "localhost"}`;
}

const addressSchema = z.url({ protocol: /^https?$/ });
const organizationSchema = z.string().regex(/^(?:[A-Za-z0-9][A-Za-z0-9-]{0,38})?$/);

function confirm({ settings, ports, states }: Scene, query: URLSearchParams, response: ServerResponse): void {
  const given = query.get("address")?.trim() ?? "";
  const address = addressSchema.safeParse(given);
  const organization = organizationSchema.safeParse(query.get("organization") ?? "");
  if (!address.success) return send(response, 400, "text/html", askPage(given, "That is no address. Write it as https://worktrain.example.org."), formTo("'self'"));
  if (!organization.success) return send(response, 400, "text/html", askPage(given, "That is no organisation's name on GitHub."), formTo("'self'"));
  const base = address.data.replace(/\/+$/, "");
  const shipped = manifestSchema.parse(parse(readFileSync(join(packageRoot(import.meta.url), "app.yml"), "utf8")));
  const permissions = { ...shipped.default_permissions, ...(query.get("workflows") === "write" ? { workflows: "write" } : {}) };
  const webhookUrl = `${base}${settings.webhookPath}`;
  const manifest = { ...shipped, url: base, hook_attributes: { url: webhookUrl, active: true }, redirect_url: `${base}/set-up`, default_permissions: permissions };
  const state = giveState(states, ports.clock.nowMs());
  const owner = organization.data === "" ? "" : `/organizations/${organization.data}`;
  const action = `${settings.webUrl}${owner}/settings/apps/new?state=${state}`;
  const cookie = `${COOKIE}=${state}; HttpOnly; SameSite=Lax; Path=/set-up; Max-Age=${STATE_LIFE_MS / 1_000}${base.startsWith("https:") ? "; Secure" : ""}`;
  send(response, 200, "text/html", confirmPage({ action, manifest: JSON.stringify(manifest), webhookUrl, permissions }), { ...formTo(settings.webUrl), "set-cookie": cookie });
}

function giveState(states: Map<string, number>, nowMs: number): string {
  const state = randomBytes(24).toString("hex");
  for (const [oldest] of states) {
    if (states.size < MOST_STATES) break;
    states.delete(oldest);
  }
  states.set(state, nowMs);
  return state;
}

const cookieOf = ({ headers }: IncomingMessage): string => new RegExp(`(?:^|;\\s*)${COOKIE}=([0-9a-f]{48})(?:;|$)`).exec(headers.cookie ?? "")?.[1] ?? "";

const same = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

async function convert({ settings, ports, states }: Scene, { query, cookie }: { readonly query: URLSearchParams; readonly cookie: string }, response: ServerResponse): Promise<void> {
  const state = query.get("state") ?? "";
  const code = query.get("code") ?? "";
  const givenMs = states.get(state);
  states.delete(state); // U1
  if (givenMs === undefined || ports.clock.nowMs() - givenMs > STATE_LIFE_MS || !same(state, cookie) || !/^[A-Za-z0-9]{1,100}$/.test(code)) {
    return send(response, 403, "text/html", failedPage("This answer of GitHub does not belong to a request of this browser, or came too late.", "If an App was made, delete it on GitHub."));
  }
  try {
    const github = createGitHub({ token: "", baseUrl: settings.apiUrl, userAgent: "worktrain-app", clock: ports.clock, fetch: ports.fetch });
    const route = "POST /app-manifests/{code}/conversions";
    const made = parseAnswer(conversionSchema, (await github.request(route, { code })).data, route);
    send(response, 200, "text/html", createdPage({ name: made.name, htmlUrl: made.html_url, environment: environmentOf(made) })); // U2
  } catch (error) {
    if (!hasStatus(error, 404, 422)) throw error;
    send(response, 502, "text/html", failedPage("GitHub does not know this code any more.", "It works once. If the App was made, delete it on GitHub."));
  }
}

/** One line each, as `.env` files and container platforms take them: PEMs as base64. */
function environmentOf({ id, pem, webhook_secret: secret }: z.infer<typeof conversionSchema>): string {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const ticketKey = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return [`APP_ID=${id}`, `WEBHOOK_SECRET=${secret ?? ""}`, `WORKTRAIN_TICKET_KEY=${base64(ticketKey)}`, `PRIVATE_KEY=${base64(pem)}`].join("\n");
}
