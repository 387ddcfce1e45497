/**
 * The door for deliver jobs. Whoever is refused hears that and nothing else: which claim it was would tell a forger what to mend, so only the
 * log says it.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { exchangeRequestSchema, type ExchangeAnswer } from "../../../github/trust/index.ts";
import type { AppLog } from "../app-log.ts";
import { readBody } from "../http/request-body.ts";
import type { Exchange, Wish } from "./exchange.ts";

/** A ticket has at most 8,192 characters. */
const MAX_BODY_BYTES = 16 * 1024;

export async function handleExchange({ exchange, log }: { readonly exchange: Exchange; readonly log: AppLog }, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== "POST") return answer(response, 405, { message: "Tokens are exchanged by POST." });
  const wish = await readWish(request);
  if (wish === null) return answer(response, 400, { message: "This is not a request for an exchange." });
  let granted: ExchangeAnswer | null;
  try {
    granted = await exchange(wish);
  } catch (error) {
    log.error(error, "a token could not be exchanged", { group: wish.group });
    return answer(response, 503, { message: "The exchange is not possible now." });
  }
  if (granted === null) return answer(response, 403, { message: "The exchange was refused. The App's log says why." });
  answer(response, 200, granted);
}

async function readWish(request: IncomingMessage): Promise<Wish | null> {
  const idToken = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(request.headers.authorization ?? "")?.[1];
  const body = await readBody(request, MAX_BODY_BYTES);
  const parsed = exchangeRequestSchema.safeParse(body === null ? null : parseJson(body));
  return idToken === undefined || !parsed.success ? null : { idToken, ...parsed.data };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // The schema refuses it.
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  // A connection with an unread body is of no more use.
  const close = status === 400 ? { connection: "close" } : {};
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", "cache-control": "no-store", ...close }).end(`${JSON.stringify(body)}\n`);
}
