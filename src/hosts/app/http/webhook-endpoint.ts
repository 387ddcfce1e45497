/**
 * The door for webhooks. Nothing of a request is parsed, logged or acted on before its signature holds; the answer goes
 * out before the work begins (P-webhook-answer; faults 29, 31; attack 3).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AppLog } from "../app-log.ts";
import type { VerifiedDelivery } from "../webhook-router.ts";
import { readBody } from "./request-body.ts";

/** GitHub sends at most 25 MB (P-webhook-size). */
const MAX_BODY_BYTES = 25 * 1024 * 1024;
const SIGNATURE = /^sha256=[0-9a-f]{64}$/;
const EVENT_NAME = /^[a-z0-9_]{1,64}$/;
const DELIVERY_ID = /^[0-9A-Za-z-]{1,64}$/;

export interface WebhookEndpoint {
  /** Constant-time check of `X-Hub-Signature-256`. */
  verify(body: string, signature: string): Promise<boolean>;
  /** Whether anything is done at any event of the name. What is not heard is not read. */
  hears(name: string): boolean;
  /** Called after the answer is on its way, with `X-GitHub-Delivery`, which is the same when GitHub sends it again. What it throws is logged. */
  receive(delivery: VerifiedDelivery): void;
  readonly log: AppLog;
}

export async function handleWebhook(endpoint: WebhookEndpoint, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== "POST") return answer(response, 405, "Webhooks come by POST.", { allow: "POST" });
  const signature = request.headers["x-hub-signature-256"];
  if (typeof signature !== "string" || !SIGNATURE.test(signature)) return reject(request, response, 401, "The request is not signed.");
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === null) return reject(request, response, 413, "The body is larger than 25 MB.");
  if (body.length === 0 || !(await endpoint.verify(body, signature))) return answer(response, 401, "The signature does not fit the body.");

  const name = request.headers["x-github-event"];
  const id = request.headers["x-github-delivery"];
  if (typeof name !== "string" || !EVENT_NAME.test(name) || typeof id !== "string" || !DELIVERY_ID.test(id)) return answer(response, 400, NO_WEBHOOK);
  if (!endpoint.hears(name)) return answer(response, 202, "Accepted.");
  const payload = objectOf(body);
  if (payload === null) return answer(response, 400, NO_WEBHOOK);
  answer(response, 202, "Accepted.");
  try {
    endpoint.receive({ id, name, payload });
  } catch (error) {
    endpoint.log.error(error, "a delivery could not be handled", { delivery: id, event: name });
  }
}

const NO_WEBHOOK = "The request is signed but is not a webhook of GitHub.";

function objectOf(body: string): object | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null; // Not JSON, or nested deeper than the parser goes.
  }
}

/** Answers without reading on: the connection is of no more use. */
function reject(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  response.once("finish", () => request.destroy());
  answer(response, status, text, { connection: "close" });
}

function answer(response: ServerResponse, status: number, text: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers }).end(`${text}\n`);
}
