/** The results service of the local GitHub Actions: artifact methods and blob storage over HTTP on 127.0.0.1. */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { TerminalError } from "../../../../shared/errors.ts";
import type { Clock } from "../../../../shared/ports.ts";
import { createArtifactFaults, type ArtifactCall, type ArtifactFault } from "./artifact-faults.ts";
import { isArtifactMethod, twirpError, type Reply } from "./artifact-messages.ts";
import { createArtifactMethods, type ArtifactRecords } from "./artifact-methods.ts";
import { answerBlobRequest, blobCall } from "./blob-requests.ts";
import { createBlobStore } from "./blob-store.ts";
import { createRuntimeTokens } from "./runtime-tokens.ts";
import { createSignedUrls } from "./signed-urls.ts";

export interface ArtifactService {
  /** For `ACTIONS_RESULTS_URL`. */
  readonly url: string;
  /** A token for a new job of a run; `revoke` it when the job is over. */
  openJob(runId: number): { readonly token: string; revoke(): void };
  /** Lets the next call of this kind fail. */
  failNext(fault: ArtifactFault): void;
  close(): Promise<void>;
}

export interface ArtifactServiceOptions {
  readonly records: ArtifactRecords;
  /** Bytes are kept under `artifacts/` in here. */
  readonly directory: string;
  readonly clock: Pick<Clock, "nowMs">;
}

const TWIRP_PREFIX = "/twirp/github.actions.results.api.v1.ArtifactService/";
/** Larger than any block the client sends (8 MiB, @actions/artifact 6.2.1 shared/config). */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** Starts the service on a free port. */
export async function startArtifactService({ records, directory, clock }: ArtifactServiceOptions): Promise<ArtifactService> {
  const blobs = createBlobStore(join(directory, "artifacts"));
  const urls = createSignedUrls(clock);
  const tokens = createRuntimeTokens();
  const faults = createArtifactFaults();
  const runs = new BackendRuns();
  const server = createServer();
  const url = await listen(server);
  const methods = createArtifactMethods({
    records,
    blobs,
    runIdOf: (runBackendId) => runs.idOf(runBackendId),
    signedUrl: (container, blobId, permission) => url + urls.sign({ container, blobId }, permission),
  });

  const answer = (request: IncomingMessage, target: URL, body: Uint8Array): Reply => {
    if (!target.pathname.startsWith(TWIRP_PREFIX)) {
      return answerBlobRequest({ method: request.method ?? "", url: target, headers: request.headers, body }, { blobs, urls, describe: methods.describe });
    }
    const method = target.pathname.slice(TWIRP_PREFIX.length);
    if (request.method !== "POST" || !isArtifactMethod(method)) return twirpError("bad_route", `no method for ${request.method} ${target.pathname}`);
    const caller = tokens.verify(/^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "");
    if (caller === null) return twirpError("unauthenticated", "the runtime token is not valid, or its job is over");
    const message = parseJson(body);
    return message === undefined ? twirpError("malformed", "the body is not JSON") : methods.call(method, message, caller);
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = new URL(request.url ?? "/", url);
    const body = await readBody(request);
    if (body === null) return send(response, { status: 413, headers: {}, body: "" });
    const call = callOf(request, target);
    const fault = call === null ? null : faults.take(call);
    if (fault === null) return send(response, answer(request, target, body));
    if (fault.afterApplying === true) answer(request, target, body);
    if ("drop" in fault) request.socket.destroy();
    else send(response, { status: fault.status, headers: { "content-type": "application/json" }, body: JSON.stringify({ code: "unavailable", msg: "a failure was ordered for this call" }) });
  };

  server.on("request", (request, response) => {
    serve(request, response).catch((error: unknown) => {
      // A bug of this service must be seen by whoever called it.
      send(response, { status: 500, headers: { "content-type": "application/json" }, body: JSON.stringify({ code: "internal", msg: String(error) }) });
    });
  });

  return {
    url,
    openJob(runId) {
      const token = tokens.issue({ runBackendId: runs.backendIdOf(runId), jobBackendId: randomUUID() });
      return { token, revoke: () => tokens.revoke(token) };
    },
    failNext: (fault) => faults.add(fault),
    close: () => close(server),
  };
}

/** One backend id per run, made when first needed. */
class BackendRuns {
  readonly #backendIds = new Map<number, string>();
  readonly #runIds = new Map<string, number>();

  backendIdOf(runId: number): string {
    const known = this.#backendIds.get(runId);
    if (known !== undefined) return known;
    const made = randomUUID();
    this.#backendIds.set(runId, made);
    this.#runIds.set(made, runId);
    return made;
  }

  idOf(runBackendId: string): number {
    const runId = this.#runIds.get(runBackendId);
    if (runId === undefined) throw new TerminalError(`No run has the backend id ${runBackendId}.`, "Report this: a token was issued for a run that is not known.");
    return runId;
  }
}

function callOf(request: IncomingMessage, target: URL): ArtifactCall | null {
  if (!target.pathname.startsWith(TWIRP_PREFIX)) return blobCall({ method: request.method ?? "", url: target });
  const method = target.pathname.slice(TWIRP_PREFIX.length);
  return isArtifactMethod(method) ? method : null;
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Null when the body is larger than the limit. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size > MAX_BODY_BYTES ? null : Buffer.concat(chunks);
}

function send(response: ServerResponse, reply: Reply): void {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, { ...reply.headers, "content-length": body.length, "x-ms-request-id": randomUUID() });
  response.end(body);
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve());
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TerminalError("The results service has no port.", "Report this: it was asked to listen on 127.0.0.1.");
  return `http://127.0.0.1:${address.port}`;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
