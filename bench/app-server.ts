/**
 * The App in a process of its own, so that its CPU time and memory are nobody else's; or, as the floor, Probot that only verifies and
 * then sends as many requests as it is told, with nothing around them. Says its webhook address, then its use whenever it is asked.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createNodeMiddleware, createProbot } from "probot";
import { z } from "zod";
import { startApp } from "../src/hosts/app/server.ts";
import { readSettings } from "../src/hosts/app/settings.ts";
import { nodeClock } from "../src/shared/node-ports.ts";

/** What the process has used so far. */
export interface AppUse {
  readonly cpuMs: number;
  readonly rssMb: number;
}

export const WEBHOOK_PATH = "/api/github/webhooks";

const [kind] = process.argv.slice(2);
const served = kind === "app" ? await serveApp() : await serveBare();
process.on("message", async (message) => {
  if (message !== "use") return process.disconnect();
  await served.idle();
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1000, rssMb: process.memoryUsage.rss() / 1_000_000 } satisfies AppUse);
});
process.on("disconnect", () => process.exit());
process.send?.(served.url + WEBHOOK_PATH);

interface Served {
  readonly url: string;
  idle(): Promise<void>;
}

function serveApp(): Promise<Served> {
  return startApp(readSettings(process.env), { clock: nodeClock, fetch });
}

/** `BENCH_REQUESTS`: what it sends for each `issues` event to `BENCH_URL`, as JSON: the bodies, null for none. */
async function serveBare(): Promise<Served> {
  const bodies = z.array(z.string().nullable()).parse(JSON.parse(process.env["BENCH_REQUESTS"] ?? "[]"));
  const underWay = new Set<Promise<void>>();
  const sendAll = async (): Promise<void> => {
    for (const body of bodies) await (await fetch(process.env["BENCH_URL"] ?? "", body === null ? {} : { method: "POST", body })).json();
  };
  const probot = createProbot({ env: process.env });
  const middleware = await createNodeMiddleware(
    (bare) =>
      bare.onAny(({ name }) => {
        if (name !== "issues") return;
        const sending = sendAll().finally(() => underWay.delete(sending));
        underWay.add(sending);
      }),
    { probot, webhooksPath: WEBHOOK_PATH },
  );
  const server = createServer((request, response) => void middleware(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, idle: async () => void (await Promise.all(underWay)) };
}
