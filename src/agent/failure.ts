/** What a failed request means: try again, stop, or was it us. Codes go into `turn_failed`. */
import { AnthropicError, APIConnectionError, APIError } from "@anthropic-ai/sdk/error";
import { MODEL_PRICES } from "../shared/models.ts";
import { AnswerTooLarge, StreamProtocolError } from "./stream.ts";

export type TurnFailure =
  /** It may work later. `retryAfterMs` is what the server asked for. */
  | { readonly kind: "retry"; readonly code: RetryCode; readonly message: string; readonly retryAfterMs: number | null }
  | { readonly kind: "end"; readonly code: "model_spend_limit" | "model_rejected" | "model_key_rejected" | "context_full" | "answer_too_large"; readonly message: string }
  | { readonly kind: "cancelled"; readonly code: "cancelled"; readonly message: string };

type RetryCode = "rate_limited" | "overloaded" | "server_error" | "unreachable" | "connection_lost" | "stream_error" | "stream_cut" | "stream_stalled";

/**
 * Failures after which nothing can have been billed: the API refused before the model ran, or was never reached.
 * After any other the whole reservation of the turn counts as spent (I5): requests have no idempotency key (P-model-repeat).
 */
export const UNBILLED_FAILURES: ReadonlySet<string> = new Set([
  "rate_limited",
  "overloaded",
  "server_error",
  "unreachable",
  "model_spend_limit",
  "model_rejected",
  "model_key_rejected",
  "context_full",
]);

/** System error codes of a connection that was never made. */
const NEVER_CONNECTED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);
/** `details.error_code` of a 429 that does not pass by waiting minutes (P-model-errors). */
const SPEND_LIMIT_CODES = new Set(["enforced_spend_limit_reached", "contract_spend_limit_reached"]);
/** An own spend limit and an empty balance come as a plain 400 without a code: the text is all there is to tell them by. */
const SPEND_LIMIT_TEXT = /usage limits?|spend(ing)? limit|credit balance/i;

/** @throws the error itself when it is none of the SDK's or the stream's: a bug of ours */
export function classifyFailure(error: unknown, context: { connected: boolean; model: string }): TurnFailure {
  if (error instanceof AnswerTooLarge) return { kind: "end", code: "answer_too_large", message: error.message };
  if (error instanceof APIConnectionError) return lostConnection(error, context.connected);
  if (error instanceof APIError) return error.status === undefined ? streamError(error) : statusError(error, error.status, context.model);
  if (context.connected && !(error instanceof StreamProtocolError) && error instanceof Error) {
    return { kind: "retry", code: "stream_cut", message: `The model's stream broke off: ${sentence(error.message)}`, retryAfterMs: null };
  }
  if (error instanceof StreamProtocolError || error instanceof AnthropicError) {
    return { kind: "retry", code: "stream_error", message: sentence(error.message), retryAfterMs: null };
  }
  throw error;
}

/** What fetch says, without a code, of an address it never asks (fetch standard, "bad port"). */
const NEVER_ASKED = "bad port";

function lostConnection(error: APIConnectionError, connected: boolean): TurnFailure {
  if (!connected && innermostMessage(error) === NEVER_ASKED) {
    return { kind: "end", code: "model_rejected", message: "The model's address names a port that no HTTP client uses: correct ANTHROPIC_BASE_URL." };
  }
  const never = !connected && causeCodes(error).some((code) => NEVER_CONNECTED.has(code));
  const message = `The model's API ${never ? "could not be reached" : "dropped the connection"}: ${sentence(innermostMessage(error))}`;
  return { kind: "retry", code: never ? "unreachable" : "connection_lost", message, retryAfterMs: null };
}

/** An `error` event in a stream that had begun with status 200. */
const streamError = (error: APIError): TurnFailure => ({
  kind: "retry",
  code: "stream_error",
  message: `The model's stream ended with ${error.type ?? "an error"}: ${sentence(error.apiMessage ?? error.message)}`,
  retryAfterMs: null,
});

function statusError(error: APIError, status: number, model: string): TurnFailure {
  const said = sentence(error.apiMessage ?? error.message);
  if (isSpendLimit(error, status, said)) {
    return { kind: "end", code: "model_spend_limit", message: `The spend limit of the model account is reached: ${said} Raise the limit or add credit in the Anthropic console, or wait for its reset.` };
  }
  if (status === 429) return { kind: "retry", code: "rate_limited", message: `The model's rate limit was hit: ${said}`, retryAfterMs: retryAfterMs(error) };
  if (status === 529) return { kind: "retry", code: "overloaded", message: `The model is overloaded: ${said}`, retryAfterMs: retryAfterMs(error) };
  if (status >= 500 || status === 408 || status === 409) {
    return { kind: "retry", code: "server_error", message: `The model's API failed with ${status}: ${said}`, retryAfterMs: retryAfterMs(error) };
  }
  // 32 MB is the limit of a Messages request (P-model-size): only a smaller conversation can pass.
  if (status === 413) return { kind: "end", code: "context_full", message: `The conversation is too large for one request: ${said}` };
  return { kind: "end", code: status === 401 || status === 403 ? "model_key_rejected" : "model_rejected", message: `${rejection(status, model)} The API said (${status}): ${said}` };
}

const isSpendLimit = (error: APIError, status: number, said: string): boolean =>
  status === 402 ||
  (status === 429 && error.errorCode !== null && SPEND_LIMIT_CODES.has(error.errorCode)) ||
  (status === 400 && SPEND_LIMIT_TEXT.test(said));

function rejection(status: number, model: string): string {
  switch (status) {
    case 401:
      return "The model's API did not accept the key: set a valid key as the secret ANTHROPIC_API_KEY.";
    case 403:
      return `The key may not use the model ${model}: give its workspace access, or use another key or model.`;
    case 404:
      return `The model ${model} does not exist at this endpoint: set "model" to one it serves, such as ${MODEL_PRICES.map((price) => price.model).join(", ")}.`;
    default:
      return "The model's API refused the request as invalid; repeating it would not help. If what it says names nothing of your configuration, report it as a bug in WorkTrain.";
  }
}

/** Characters of what somebody else says: a proxy's error page may have a megabyte. */
const MOST_CHARS = 500;

/** What somebody else says, as one sentence on one line, so that another can follow it. */
function sentence(said: string): string {
  const line = said.replaceAll(/\s+/g, " ").trim();
  if (line.length > MOST_CHARS) return `${line.slice(0, MOST_CHARS).toWellFormed()} ... (${line.length} characters).`;
  return /[.!?]$/.test(line) ? line : `${line}.`;
}

/** The `retry-after` header, which the API gives in seconds; null when there is none. */
function retryAfterMs(error: APIError): number | null {
  const header = error.headers?.get("retry-after");
  if (header === null || header === undefined || header.trim() === "") return null;
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.ceil(seconds * 1000) : null;
}

function* causes(error: unknown): Generator<Error> {
  for (let cause = error; cause instanceof Error; cause = cause.cause) yield cause;
}

const causeCodes = (error: unknown): string[] => [...causes(error)].flatMap((cause) => ("code" in cause && typeof cause.code === "string" ? [cause.code] : []));

const innermostMessage = (error: unknown): string => [...causes(error)].at(-1)?.message ?? String(error);
