import type { Socket } from "node:net";

/** What came of the requests for one host; for the record. */
export interface Reached {
  /** `host:port`. */
  readonly host: string;
  readonly requests: number;
  readonly refused: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** More names than that are counted together: whoever is inside could make up any number. */
const MOST_HOSTS = 100;
const OTHERS = "(others)";

interface Count {
  requests: number;
  refused: number;
  sentBytes: number;
  receivedBytes: number;
}

/** Counts what goes through the gateway. */
export class Tally {
  #counts = new Map<string, Count>();
  /** Bytes of an open connection that were counted already. */
  readonly #open = new Map<Socket, { readonly host: string; sent: number; received: number }>();

  reached(target: { readonly host: string; readonly port: number }, { socket }: { readonly socket: Socket }): void {
    const host = `${target.host}:${target.port}`;
    this.#of(host).requests += 1;
    this.#open.set(socket, { host, sent: 0, received: 0 });
    socket.once("close", () => {
      this.#countBytes(socket);
      this.#open.delete(socket);
    });
  }

  refused(target: { readonly host: string; readonly port: number } | null): void {
    this.#of(target === null ? "(not a host)" : `${target.host}:${target.port}`).refused += 1;
  }

  /** The counts since the last call, by name. */
  take(): readonly Reached[] {
    for (const socket of this.#open.keys()) this.#countBytes(socket);
    const counts = [...this.#counts].map(([host, count]) => ({ host, ...count })).sort((a, b) => (a.host < b.host ? -1 : 1));
    this.#counts = new Map();
    return counts;
  }

  #countBytes(socket: Socket): void {
    const seen = this.#open.get(socket);
    if (seen === undefined || (seen.sent === socket.bytesWritten && seen.received === socket.bytesRead)) return;
    const count = this.#of(seen.host);
    count.sentBytes += socket.bytesWritten - seen.sent;
    count.receivedBytes += socket.bytesRead - seen.received;
    seen.sent = socket.bytesWritten;
    seen.received = socket.bytesRead;
  }

  #of(host: string): Count {
    const name = this.#counts.has(host) || this.#counts.size < MOST_HOSTS ? host : OTHERS;
    const count = this.#counts.get(name) ?? { requests: 0, refused: 0, sentBytes: 0, receivedBytes: 0 };
    this.#counts.set(name, count);
    return count;
  }
}
