/**
 * The only way out of the sandbox: an HTTP proxy of the host on a unix socket, for the hosts the operator named.
 * N1. A host is reached only by a name the operator allowed, at its standard port or the one that was named with it.
 * N2. Every address of the name must be public; the connection goes to one of the addresses that were looked at.
 * N3. Inside an encrypted connection the server's name is the one that was asked for: an address shared by many sites opens one.
 * N4. Whoever speaks to it is an adversary: sizes, times and numbers are bounded, and nothing it does ends the host's process.
 */
import { lookup } from "node:dns/promises";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { matchesHost, type HostPattern } from "../../shared/host-pattern.ts";
import { serverName } from "./client-hello.ts";
import { isPublicAddress } from "./public-address.ts";
import { Tally, type Reached } from "./tally.ts";

export interface GatewayOptions {
  readonly allow: readonly HostPattern[];
  /** Where to listen; must not exist. */
  readonly socketPath: string;
  /** All addresses of a name. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Opens a connection to a public address. */
  readonly connect?: (address: string, port: number) => Socket;
}

export interface Gateway {
  /** What was reached or refused since the last call. */
  takeReached(): readonly Reached[];
  close(): Promise<void>;
}

const MOST_CONNECTIONS = 256;
const CONNECT_TIMEOUT_MS = 15_000;
const HELLO_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 5 * 60_000;
const TLS_PORT = 443;
const PLAIN_PORT = 80;
/** Meant for this connection, not for the server (RFC 9110, 7.6.1). */
const HOP_BY_HOP = new Set(["connection", "proxy-connection", "proxy-authorization", "proxy-authenticate", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "host"]);

const systemResolve = async (host: string): Promise<readonly string[]> => (await lookup(host, { all: true })).map(({ address }) => address);

export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const tally = new Tally();
  const way = new WayOut(options, tally);
  const server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: IDLE_TIMEOUT_MS }, (incoming, answer) => {
    way.forward(incoming, answer).catch(() => answer.destroy()); // N4
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.on("connect", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    way.tunnel(incoming, socket, head).catch(() => socket.destroy()); // N4
  });
  server.on("clientError", (_error, socket) => socket.destroy());
  server.on("connection", (socket) => {
    way.keep(socket);
    socket.setTimeout(IDLE_TIMEOUT_MS, () => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.socketPath, resolve);
  });
  return { takeReached: () => tally.take(), close: () => close(server, way) };
}

async function close(server: Server, way: WayOut): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  way.end();
  await closed;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

class WayOut {
  readonly #options: GatewayOptions;
  readonly #tally: Tally;
  readonly #sockets = new Set<Duplex>();

  constructor(options: GatewayOptions, tally: Tally) {
    this.#options = options;
    this.#tally = tally;
  }

  /** Ends a connection with the gateway, and keeps its errors from anybody else (N4). */
  keep(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#sockets.delete(socket));
  }

  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** `CONNECT host:port`: bytes both ways, once the client has said inside TLS which server it wants. */
  async tunnel(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const target = readTarget(`//${incoming.url ?? ""}`, TLS_PORT);
    const opened = target === null ? refusal("what was asked for is no host and port") : await this.#open(target, TLS_PORT);
    if (target === null || "refused" in opened) {
      this.#tally.refused(target);
      socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${"refused" in opened ? opened.refused : ""}\n`);
      return;
    }
    const upstream = opened.socket;
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    const hello = await readHello(socket, head);
    if (hello === null || hello.name.toLowerCase() !== target.host) {
      this.#tally.refused(target); // N3
      socket.destroy();
      upstream.destroy();
      return;
    }
    this.#tally.reached(target, { socket: upstream });
    upstream.write(hello.bytes);
    socket.pipe(upstream).pipe(socket);
    socket.once("close", () => upstream.destroy());
    upstream.once("close", () => socket.destroy());
  }

  /** `GET http://host/...`: one unencrypted request. */
  async forward(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = incoming.url ?? "";
    const target = url.startsWith("http://") ? readTarget(url.slice("http:".length), PLAIN_PORT) : null;
    const opened = target === null ? refusal("only http:// addresses of a host are forwarded") : await this.#open(target, PLAIN_PORT);
    if (target === null || "refused" in opened) {
      this.#tally.refused(target);
      answer.writeHead(403, { "content-type": "text/plain", connection: "close" }).end(`${"refused" in opened ? opened.refused : ""}\n`);
      return;
    }
    this.#tally.reached(target, { socket: opened.socket });
    const { pathname, search } = new URL(url);
    const headers = { ...withoutHops(incoming.headers), host: target.port === PLAIN_PORT ? target.host : `${target.host}:${target.port}`, connection: "close" };
    const upstream = request({ createConnection: () => opened.socket, method: incoming.method, path: `${pathname}${search}`, headers, setHost: false }, (response) => {
      response.on("error", () => answer.destroy());
      const { statusCode = 0 } = response;
      // A final status has three digits; a server of another mind must not make `writeHead` throw (N4).
      if (statusCode < 200) return void answer.destroy();
      answer.writeHead(statusCode, { ...withoutHops(response.headers), connection: "close" });
      response.pipe(answer);
    });
    upstream.on("error", () => (answer.headersSent ? answer.destroy() : answer.writeHead(502, { connection: "close" }).end("The server cannot be reached.\n")));
    answer.once("close", () => upstream.destroy());
    incoming.on("error", () => upstream.destroy());
    incoming.pipe(upstream);
  }

  async #open(target: Target, standardPort: number): Promise<{ readonly socket: Socket } | { readonly refused: string }> {
    const { allow } = this.#options;
    if (!allow.some((pattern) => matchesHost(pattern, target.host, { port: target.port, standardPort }))) {
      return refusal(`${target.host}:${target.port} is not one of the hosts this sandbox may reach (${allow.map(({ text }) => text).join(", ")})`); // N1
    }
    const addresses = await (this.#options.resolve ?? systemResolve)(target.host).catch((): readonly string[] => []);
    if (addresses.length === 0) return refusal(`${target.host} has no address`);
    if (!addresses.every(isPublicAddress)) return refusal(`${target.host} leads to an address that is not public`); // N2
    for (const address of addresses) {
      const socket = await this.#connect(address, target.port);
      if (socket !== null) return { socket };
    }
    return refusal(`${target.host}:${target.port} cannot be connected to`);
  }

  #connect(address: string, port: number): Promise<Socket | null> {
    const socket = (this.#options.connect ?? systemConnect)(address, port);
    this.keep(socket);
    return new Promise((resolve) => {
      const timer = setTimeout(() => socket.destroy(), CONNECT_TIMEOUT_MS);
      socket.once("connect", () => {
        clearTimeout(timer);
        socket.setTimeout(IDLE_TIMEOUT_MS, () => socket.destroy());
        resolve(socket);
      });
      socket.once("close", () => {
        clearTimeout(timer);
        resolve(null);
      });
    });
  }
}

const systemConnect = (address: string, port: number): Socket => connect({ host: address, port });

const refusal = (why: string): { readonly refused: string } => ({ refused: `WorkTrain: ${why}. The repository's config opens hosts with sandbox.network.allow.` });

/** Host and port of `//host:port/...`, the name in lower case and without the root's dot; null when it is an address or holds a user name. */
function readTarget(text: string, standardPort: number): Target | null {
  const [, name = "", digits] = /^\/\/([A-Za-z0-9.-]+)(?::([0-9]{1,5}))?(?:[/?].*)?$/.exec(text) ?? [];
  const host = name.toLowerCase().replace(/\.$/, "");
  return host === "" ? null : { host, port: digits === undefined ? standardPort : Number(digits) };
}

/** Takes bytes until they name the server; what came with them goes on to it. */
function readHello(socket: Duplex, head: Buffer): Promise<{ readonly name: string; readonly bytes: Buffer } | null> {
  return new Promise((resolve) => {
    let bytes = head;
    const settle = (result: { readonly name: string; readonly bytes: Buffer } | null) => {
      clearTimeout(timer);
      socket.off("data", take);
      socket.off("close", gone);
      socket.pause();
      resolve(result);
    };
    const look = () => {
      const hello = serverName(bytes);
      if (hello.kind === "name") settle({ name: hello.name, bytes });
      if (hello.kind === "none") settle(null);
    };
    const take = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      look();
    };
    const gone = () => settle(null);
    const timer = setTimeout(gone, HELLO_TIMEOUT_MS);
    socket.on("data", take);
    socket.once("close", gone);
    look();
  });
}

const withoutHops = (headers: IncomingMessage["headers"]): IncomingMessage["headers"] => Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
