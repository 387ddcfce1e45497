/**
 * The door for webhooks. Nothing of a request is parsed, logged or acted on before its signature holds; the answer goes
 * out before the work begins (P-webhook-answer; faults 29, 31; attack 3).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AppLog } from "../app-log.ts";
import { readBody } from "./request-body.ts";

/** GitHub sends at most 25 MB (P-webhook-size). */
const MAX_BODY_BYTES = 25 * 1024 * 1024;
const SIGNATURE = /^sha256=[0-9a-f]{64}$/;
const EVENT_NAME = /^[a-z0-9_]{1,64}$/;
const DELIVERY_ID = /^[0-9A-Za-z-]{1,64}$/;

export interface SignedDelivery {
  /** `X-GitHub-Delivery`; the same when GitHub sends it again. */
  readonly id: string;
  readonly name: string;
  /** The body as signed: a JSON object. */
  readonly payload: string;
  readonly signature: string;
}

export interface WebhookEndpoint {
  /** Constant-time check of `X-Hub-Signature-256`. */
  verify(body: string, signature: string): Promise<boolean>;
  /** Called after the answer is on its way. Must not throw; what it rejects with is logged. */
  receive(delivery: SignedDelivery): Promise<void>;
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
  if (typeof name !== "string" || !EVENT_NAME.test(name) || typeof id !== "string" || !DELIVERY_ID.test(id) || !isJsonObject(body)) {
    return answer(response, 400, "The request is signed but is not a webhook of GitHub.");
  }
  answer(response, 202, "Accepted.");
  try {
    await endpoint.receive({ id, name, payload: body, signature });
  } catch (error) {
    endpoint.log.error(error, "a delivery could not be handled", { delivery: id, event: name });
  }
}

function isJsonObject(body: string): boolean {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false; // Not JSON, or nested deeper than the parser goes.
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
