import { createHmac, generateKeyPairSync } from "node:crypto";
import { startApp, type RunningApp } from "../../../src/hosts/app/server.ts";
import { readSettings } from "../../../src/hosts/app/settings.ts";
import type { Clock, Fetch } from "../../../src/shared/ports.ts";

export const WEBHOOK_SECRET = "the secret of the tests";
export const PEM = { type: "pkcs8", format: "pem" } as const;
export const rsaKeys = generateKeyPairSync("rsa", { modulusLength: 2048, publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: PEM });
export const ticketKeyPem = generateKeyPairSync("ed25519").privateKey.export(PEM).toString();

export const environment = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  APP_ID: "4242",
  PRIVATE_KEY: rsaKeys.privateKey,
  WEBHOOK_SECRET,
  WORKTRAIN_TICKET_KEY: ticketKeyPem,
  HOST: "127.0.0.1",
  PORT: "0",
  LOG_LEVEL: "silent",
  ...more,
});

export interface AppUnderTest extends RunningApp {
  /** Every request the App sent to GitHub: method and path. */
  readonly sent: string[];
  post(body: string | Buffer, headers: Readonly<Record<string, string>>): Promise<number>;
  /** Signs and posts a delivery as GitHub does. */
  deliver(name: string, payload: unknown, id?: string): Promise<number>;
}

export const signature = (body: string | Buffer, secret = WEBHOOK_SECRET): string => `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

/** The App on 127.0.0.1; without `fetch` everything it asks of GitHub is answered 404. */
export async function runApp(clock: Clock, options: { readonly fetch?: Fetch; readonly environment?: Readonly<Record<string, string>> } = {}): Promise<AppUnderTest> {
  const sent: string[] = [];
  const refuse: Fetch = () => Promise.resolve(Response.json({ message: "Not Found" }, { status: 404 }));
  const fetch: Fetch = (input, init) => {
    sent.push(`${init?.method ?? "GET"} ${new URL(input instanceof Request ? input.url : input).pathname}`);
    return (options.fetch ?? refuse)(input, init);
  };
  const app = await startApp(readSettings(environment(options.environment)), { clock, fetch });
  const post: AppUnderTest["post"] = async (body, headers) => {
    const response = await globalThis.fetch(`${app.url}/api/github/webhooks`, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
    await response.text();
    return response.status;
  };
  return {
    ...app,
    sent,
    post,
    deliver(name, payload, id = "11111111-2222-3333-4444-555555555555") {
      const body = JSON.stringify(payload);
      return post(body, { "x-hub-signature-256": signature(body), "x-github-event": name, "x-github-delivery": id });
    },
  };
}
