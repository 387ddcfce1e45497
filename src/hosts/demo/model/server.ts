/**
 * An Anthropic-compatible Messages server on 127.0.0.1: real HTTP, streaming, request checks and prompt-cache accounting.
 * What the model says comes from `answer`; everything else behaves as the API documents it.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { z } from "zod";
import { sha256Hex } from "../../../shared/hash.ts";
import { canonicalJson } from "../../../shared/json.ts";
import { modelPrice } from "../../../shared/models.ts";
import { nodeClock } from "../../../shared/node-ports.ts";
import type { Clock } from "../../../shared/ports.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { unreachable } from "../../../shared/unreachable.ts";
import { formatEvent, renderMessage, type MessageAnswer, type ModelAnswer, type RenderedMessage } from "./answer.ts";
import { alwaysThinks, checkRequest, invalidRequest, type ApiError } from "./check-request.ts";
import { openPromptCache, type InputUsage } from "./prompt-cache.ts";
import { blocksOf, messagesRequestSchema, type MessagesRequest } from "./request-schema.ts";
import { thinkingOf } from "./thinking.ts";

export interface ModelServerOptions {
  answer(request: MessagesRequest): ModelAnswer | Promise<ModelAnswer>;
  readonly apiKey: string;
  /** For the cache's time to live and for delays. Default: the machine's. */
  readonly clock?: Clock;
  /** Default 127.0.0.1. */
  readonly host?: string;
}

/** One request as the server saw it. */
export interface SeenRequest {
  readonly requestId: string;
  /** Null when it was refused before its body was understood. */
  readonly body: MessagesRequest | null;
  readonly status: number;
  /** Null when nothing was counted. */
  readonly usage: (InputUsage & { readonly output_tokens: number }) | null;
}

export interface ModelServer {
  readonly url: string;
  /** All requests so far, in order of their arrival. */
  readonly requests: readonly SeenRequest[];
  close(): Promise<void>;
}

/** Messages requests may have 32 MB (Errors page of the API). */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** Starts the server on a free port. */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const desk = openDesk(options);
  const server = createServer((request, response) => {
    handle(desk, request, response).catch((error: unknown) => {
      // A broken script is this server's own failure, as the API's failures are: a 500 with words, or a dropped stream.
      if (response.headersSent) response.destroy();
      else sendError(response, "req_internal", { status: 500, type: "api_error", message: String(error) });
    });
  });
  server.listen(0, options.host ?? "127.0.0.1");
  await once(server, "listening");
  return { url: urlOf(server), requests: desk.requests, close: () => close(server) };
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The model server has no port.");
  return `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

interface Desk {
  readonly options: ModelServerOptions;
  readonly clock: Clock;
  readonly requests: SeenRequest[];
  readonly cache: ReturnType<typeof openPromptCache>;
  /** What was asked where an answer ended with `pause_turn`, hashed. */
  readonly paused: Set<string>;
  /** Counts everything that needs an id. */
  nextNumber(): string;
}

function openDesk(options: ModelServerOptions): Desk {
  let count = 0;
  const nextNumber = (): string => String((count += 1)).padStart(8, "0");
  return { options, clock: options.clock ?? nodeClock, requests: [], cache: openPromptCache(), paused: new Set(), nextNumber };
}

async function handle(desk: Desk, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const requestId = `req_${desk.nextNumber()}`;
  const refuse = (error: ApiError, body: MessagesRequest | null): void => {
    desk.requests.push({ requestId, body, status: error.status, usage: null });
    sendError(response, requestId, error);
  };
  const bytes = await readBody(incoming);
  const early = checkHead(desk, incoming) ?? (bytes === null ? tooLarge : null);
  if (early !== null) return refuse(early, null);
  const parsed = parseBody(bytes ?? Buffer.alloc(0));
  if (!parsed.ok) return refuse(parsed.error, null);
  const request = parsed.value;
  const checked = check(desk, request);
  if (!checked.ok) return refuse(checked.error, request);
  await deliver({ desk, requestId, request, response }, await desk.options.answer(request));
}

const tooLarge: ApiError = { status: 413, type: "request_too_large", message: "Request exceeds the maximum size of 32 MB." };

/** The whole body, or null when it is too large. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size > MAX_BODY_BYTES ? null : Buffer.concat(chunks);
}

function checkHead({ options }: Desk, { method, url, headers }: IncomingMessage): ApiError | null {
  const path = new URL(url ?? "/", "http://localhost").pathname;
  if (path !== "/v1/messages") return { status: 404, type: "not_found_error", message: `Not found: ${path}` };
  if (method !== "POST") return { status: 405, type: "invalid_request_error", message: "Method Not Allowed" };
  const key = headers["x-api-key"] ?? headers.authorization?.replace(/^Bearer /, "");
  if (key !== options.apiKey) return { status: 401, type: "authentication_error", message: "invalid x-api-key" };
  if (typeof headers["anthropic-version"] !== "string") return invalidRequest("anthropic-version: header is required");
  return null;
}

function parseBody(bytes: Buffer): Result<MessagesRequest, ApiError> {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString());
  } catch (error) {
    return err(invalidRequest(`The request body is not valid JSON: ${String(error)}`));
  }
  const parsed = messagesRequestSchema.safeParse(json);
  return parsed.success ? ok(parsed.data) : err(invalidRequest(z.prettifyError(parsed.error)));
}

function check(desk: Desk, request: MessagesRequest): Result<void, ApiError> {
  const price = modelPrice(request.model);
  if (!price.ok) return err({ status: 404, type: "not_found_error", message: `model: ${request.model}` });
  const thinking = thinkingOf(desk.options.apiKey, request);
  return checkRequest(request, { model: price.value, thinking, isPaused: desk.paused.has(askedBy(request)) });
}

/** The messages up to the last user message, which a paused answer and each of its continuations have in common. */
function askedBy({ messages }: MessagesRequest): string {
  const asked = messages.at(-1)?.role === "assistant" ? messages.slice(0, -1) : messages;
  return sha256Hex(canonicalJson(asked.map((message) => blocksOf(message).map((block) => (block.type === "thinking" ? block : { ...block, cache_control: undefined })))));
}

interface Exchange {
  readonly desk: Desk;
  readonly requestId: string;
  readonly request: MessagesRequest;
  readonly response: ServerResponse;
}

async function deliver(exchange: Exchange, answer: ModelAnswer): Promise<void> {
  const { desk, requestId, request, response } = exchange;
  switch (answer.kind) {
    case "delay":
      await desk.clock.sleep(answer.ms);
      return deliver(exchange, answer.answer);
    case "error":
      desk.requests.push({ requestId, body: request, status: answer.status, usage: null });
      if (answer.retryAfter !== undefined) response.setHeader("retry-after", String(answer.retryAfter));
      return sendError(response, requestId, { message: answer.type, ...answer }, answer.details);
    case "message":
      return stream(exchange, answer, null);
    case "cut":
    case "stall":
    case "stream-error":
      return stream(exchange, { kind: "message", content: answer.content ?? SOME_TEXT }, answer);
    default:
      return unreachable(answer);
  }
}

/** What a message that will not end says until then. */
const SOME_TEXT = [{ type: "text", text: "Let me look at the repository first, and then at the failing test." }] as const;

type Breakage = Extract<ModelAnswer, { afterEvents: number }>;

async function stream(exchange: Exchange, answer: MessageAnswer, breakage: Breakage | null): Promise<void> {
  const { desk, requestId, request, response } = exchange;
  const usage = desk.cache.account(request, desk.clock.monotonicMs());
  const message = render(exchange, answer, usage);
  desk.requests.push({ requestId, body: request, status: 200, usage: { ...usage, output_tokens: message.outputTokens } });
  if (breakage === null && message.stopReason === "pause_turn") desk.paused.add(askedBy(request));
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache", "request-id": requestId });
  for (const event of breakage === null ? message.events : message.events.slice(0, breakage.afterEvents)) {
    await written(response, formatEvent(event));
    if (response.destroyed) return;
  }
  if (breakage === null) return void response.end();
  await breakOff(response, requestId, breakage);
}

/** Resolves when the text is on the wire, or cannot get there any more. */
const written = (response: ServerResponse, text: string): Promise<void> => new Promise((resolve) => response.write(text, () => resolve()));

function render({ desk, request }: Exchange, answer: MessageAnswer, usage: InputUsage): RenderedMessage {
  // Made of the conversation, so that a server started later does not give an id again that the conversation holds.
  const conversation = sha256Hex(canonicalJson(request.messages)).slice(0, 20);
  let calls = 0;
  return renderMessage(answer, {
    messageId: `msg_${desk.nextNumber()}`,
    model: request.model,
    maxTokens: request.max_tokens,
    usage,
    thinking: thinkingOf(desk.options.apiKey, request),
    alwaysThinks: alwaysThinks(request.model),
    nextToolUseId: () => `toolu_${conversation}_${(calls += 1)}`,
  });
}

async function breakOff(response: ServerResponse, requestId: string, breakage: Breakage): Promise<void> {
  switch (breakage.kind) {
    case "cut":
      if (breakage.cleanly === true) return void response.end();
      // What was written must be on the wire before the socket goes, or the client sees a refused request instead of a cut stream.
      await written(response, "\n");
      return void response.destroy();
    case "stall":
      return;
    case "stream-error": {
      const error = { type: "error", error: { type: breakage.type, message: breakage.type }, request_id: requestId };
      return void response.end(formatEvent(error));
    }
    default:
      return unreachable(breakage);
  }
}

function sendError(response: ServerResponse, requestId: string, { status, type, message }: ApiError, details?: object): void {
  const body = JSON.stringify({ type: "error", error: { type, message, ...(details === undefined ? {} : { details }) }, request_id: requestId });
  response.writeHead(status, { "content-type": "application/json", "request-id": requestId });
  response.end(body);
}
