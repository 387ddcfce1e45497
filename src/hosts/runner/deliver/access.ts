/**
 * What the deliver job publishes with: tokens of the App, each for one group of intents and asked for when it is first needed; or the job's own
 * `GITHUB_TOKEN`, where the workflow file names no exchange.
 */
import { z } from "zod";
import { GITHUB_ACTIONS, groupOf, type Access, type Intent } from "../../../delivery/index.ts";
import type { GitHub } from "../../../github/client.ts";
import { createGitHub, withTimeout } from "../../../github/create-github.ts";
import { exchangeAnswerSchema, type ExchangeAnswer, type ExchangeGroup } from "../../../github/trust/index.ts";
import { RetryableError, TerminalError } from "../../../shared/errors.ts";
import type { DeliverPorts, DeliverSettings } from "./settings.ts";

/** Before each further try at the App or at GitHub's issuer: a restart of the App takes seconds. */
const PAUSES_MS: readonly number[] = [1_000, 3_000, 9_000, 20_000];

const CI_DOES_NOT_START =
  "This pull request was made with `GITHUB_TOKEN`, and GitHub starts no workflows for what that token does: CI begins when a person closes and reopens the pull request, approves its runs, or pushes to its branch.";

/** What a reader of the pull request must mind of the token it was made with. */
export const tokenNotes = ({ exchange }: Pick<DeliverSettings, "exchange">): readonly string[] => (exchange === null ? [CI_DOES_NOT_START] : []);

/** A token lives for an hour. One request waits ten minutes for a rate limit at most, and some for an outage: it is not begun with less left. */
const LEAST_LEFT_MS = 15 * 60_000;

type AccessSettings = Pick<DeliverSettings, "exchange" | "ticket" | "apiUrl" | "graphqlUrl">;
type AccessPorts = Pick<DeliverPorts, "clock" | "fetch" | "mask">;

export function openAccess(settings: AccessSettings, ports: AccessPorts, own: GitHub): (kind: Intent["kind"]) => Promise<Access> {
  if (settings.exchange === null) return async () => ({ github: own, publisher: GITHUB_ACTIONS });
  const { url, idToken } = settings.exchange;
  const open = new Map<ExchangeGroup, Access & { readonly expiresAtMs: number }>();
  const opened = async (group: ExchangeGroup): Promise<Access> => {
    const known = open.get(group);
    if (known !== undefined && known.expiresAtMs - ports.clock.nowMs() >= LEAST_LEFT_MS) return known;
    // A new one each time: it lives for minutes, and the job may have waited for GitHub.
    const answer = await askApp(ports, { url, group, ticket: settings.ticket, idToken: await readIdToken(ports, { ...idToken, audience: url }) });
    ports.mask(answer.token);
    const access = {
      github: createGitHub({ token: answer.token, baseUrl: settings.apiUrl, graphqlUrl: settings.graphqlUrl, userAgent: "worktrain-deliver", clock: ports.clock, fetch: ports.fetch }),
      publisher: { appId: answer.app.id, appSlug: answer.app.slug, botLogin: `${answer.app.slug}[bot]` },
      expiresAtMs: Date.parse(answer.expiresAt),
    };
    open.set(group, access);
    return access;
  };
  return async (kind) => {
    const group = groupOf(kind);
    const { publisher } = await opened(group);
    return { github: { request: async (route, parameters) => (await opened(group)).github.request(route, parameters) }, publisher };
  };
}

async function readIdToken(ports: AccessPorts, { url, token, audience }: { readonly url: string; readonly token: string; readonly audience: string }): Promise<string> {
  const address = new URL(url);
  address.searchParams.set("audience", audience);
  const answer = await send(ports, { url: address.href, what: "GitHub's issuer of identity tokens", init: { headers: { authorization: `Bearer ${token}` } } });
  const parsed = z.object({ value: z.string().min(1) }).safeParse(answer.body);
  if (!parsed.success) throw new TerminalError(`GitHub gave the job no identity token (status ${answer.status}).`, "Give the job deliver the permission `id-token: write` in the workflow file.");
  ports.mask(parsed.data.value);
  return parsed.data.value;
}

interface ExchangeCall {
  readonly url: string;
  readonly group: ExchangeGroup;
  readonly ticket: string;
  readonly idToken: string;
}

async function askApp(ports: AccessPorts, { url, group, ticket, idToken }: ExchangeCall): Promise<ExchangeAnswer> {
  const init = { method: "POST", headers: { authorization: `Bearer ${idToken}`, "content-type": "application/json" }, body: JSON.stringify({ group, ticket }) };
  const { status, body } = await send(ports, { url, what: "The App's exchange", init });
  const answer = exchangeAnswerSchema.safeParse(body);
  if (status === 200 && answer.success) return answer.data;
  if (status === 403) throw new TerminalError("The App gave this job no token: something of the run is not as it has to be.", "The App's log names the claim that did not hold (`exchange refused`); docs/security.md says what each has to be.");
  throw new TerminalError(`${url} answered ${status} and is no exchange of the App.`, "Compare exchange-url in the workflow file with WORKTRAIN_EXCHANGE_URL of the App.");
}

/** @throws RetryableError when it is not answered, or only with outages */
async function send({ fetch, clock }: AccessPorts, { url, what, init }: { readonly url: string; readonly what: string; readonly init: RequestInit }): Promise<{ readonly status: number; readonly body: unknown }> {
  let last = "";
  for (const pauseMs of [0, ...PAUSES_MS]) {
    if (pauseMs > 0) await clock.sleep(pauseMs);
    try {
      // A redirect would take the identity token elsewhere.
      const response = await withTimeout(fetch)(url, { ...init, redirect: "error" });
      const text = await response.text();
      if (response.status < 500 && response.status !== 429) return { status: response.status, body: parseJson(text) };
      last = `status ${response.status}`;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
  }
  throw new RetryableError(`${what} did not answer (${last}).`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // The schema refuses it.
  }
}
