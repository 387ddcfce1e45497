import { createReadStream } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { failure, type Reply } from "../reply.ts";

/** A request as received, whole. */
export interface Incoming {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: Uint8Array;
}

/** An answer, or none at all: the connection is cut. */
export type Answer = Reply | { readonly cut: true };

/** Larger bodies are refused; git packs are the largest (GitHub refuses blobs over 100 MB). */
const MAX_REQUEST_BYTES = 256 * 1024 * 1024;

/** Starts an HTTP server on a free port of 127.0.0.1. */
export async function listen(handle: (request: Incoming) => Promise<Answer>): Promise<{ readonly server: Server; readonly base: string }> {
  const server = createServer((message, response) => {
    serve(message, response, handle).catch(() => response.destroy()); // it answers failures itself; what is left is a broken connection
  });
  // Whoever asks ends the connection: a request sent the moment the server does would be lost.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  return { server, base: `http://127.0.0.1:${address.port}` };
}

/** Stops a server and its open connections. */
export async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeAllConnections();
  await closed;
}

async function serve(message: IncomingMessage, response: ServerResponse, handle: (request: Incoming) => Promise<Answer>): Promise<void> {
  let answer: Answer;
  try {
    const body = await readBody(message);
    const url = new URL(message.url ?? "/", `http://${message.headers.host ?? "127.0.0.1"}`);
    const { method = "GET", headers } = message;
    answer = body === null ? failure(413, "Payload too large") : await handle({ method, url, headers, body });
  } catch (error) {
    if (message.destroyed && !message.complete) return; // the sender went away
    answer = failure(500, `The local GitHub failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  if ("cut" in answer) response.destroy();
  else await write(response, answer);
}

async function readBody(message: IncomingMessage): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of message) {
    if (!(chunk instanceof Uint8Array)) continue;
    size += chunk.byteLength;
    if (size > MAX_REQUEST_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function write(response: ServerResponse, { status, headers, body }: Reply): Promise<void> {
  switch (body.kind) {
    case "none":
      response.writeHead(status, { ...headers, ...(status === 204 ? {} : { "content-length": 0 }) }).end();
      return;
    case "json": {
      const bytes = Buffer.from(JSON.stringify(body.value));
      response.writeHead(status, { ...headers, "content-type": "application/json; charset=utf-8", "content-length": bytes.byteLength }).end(bytes);
      return;
    }
    case "bytes":
      response.writeHead(status, { ...headers, "content-type": body.contentType, "content-length": body.bytes.byteLength }).end(body.bytes);
      return;
    case "file":
      response.writeHead(status, { ...headers, "content-type": body.contentType });
      await pipeline(createReadStream(body.path), response).catch(() => response.destroy()); // a file that went away cuts the download
  }
}
