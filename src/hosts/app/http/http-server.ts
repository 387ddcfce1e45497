/** What the App's two faces share: a server that listens, and how a page goes out. */
import type { Server, ServerResponse } from "node:http";
import { TerminalError } from "../../../shared/errors.ts";
import type { AppSettings } from "../settings.ts";

/**
 * A connection is kept longer than any proxy in front of the App keeps it (nginx and AWS load balancers: 60 s): what is sent the moment
 * the App closes one is lost, and GitHub sends a webhook once. Node's own is 5 s.
 */
const KEEP_ALIVE_MS = 75_000;

/** Resolves with where it listens, e.g. `http://127.0.0.1:3000`. @throws TerminalError when it cannot */
export function listen(server: Server, { port, host }: Pick<AppSettings, "port" | "host">): Promise<string> {
  return new Promise((resolve, reject) => {
    const refused = (error: Error): void => reject(cannotListen(error, `${host}:${port}`));
    server.once("error", refused);
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.listen({ port, host }, () => {
      server.off("error", refused);
      const address = server.address();
      if (address === null || typeof address === "string") return reject(new TypeError("The server listens on no port."));
      resolve(`http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`);
    });
  });
}

function cannotListen(error: Error, where: string): TerminalError {
  const taken = "code" in error && error.code === "EADDRINUSE";
  return taken
    ? new TerminalError(`The App cannot listen on ${where}: the port is taken.`, "Set PORT to a free one, or end the process that has it.")
    : new TerminalError(`The App cannot listen on ${where}: ${error.message}.`, "Set HOST to an address of this machine and PORT to one this user may open.");
}

/** A page of ours: nothing from elsewhere is loaded, nothing is kept by a browser. @param headers more of them */
export function send(response: ServerResponse, status: number, type: string, body: string, headers: Readonly<Record<string, string>> = {}): void {
  response
    .writeHead(status, {
      "content-type": `${type}; charset=utf-8`,
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      ...headers,
    })
    .end(body);
}
