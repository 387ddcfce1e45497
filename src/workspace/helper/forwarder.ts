import { connect, createServer, type Socket } from "node:net";

/**
 * Lets programs inside, which know only host and port, use the host's gateway: the sandbox's own loopback has no other end.
 * Knows nothing of what it carries.
 */
export function startForwarder(places: { readonly port: number; readonly socketPath: string }): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (inner) => {
    const outer = connect({ path: places.socketPath, allowHalfOpen: true });
    endTogether(inner, outer);
    endTogether(outer, inner);
    inner.pipe(outer).pipe(inner);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(places.port, "127.0.0.1", () => resolve());
  });
}

function endTogether(one: Socket, other: Socket): void {
  one.on("error", () => other.destroy());
  one.once("close", () => other.destroy());
}
