import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { handleWebhook } from "../../../src/hosts/app/http/webhook-endpoint.ts";
import type { VerifiedDelivery } from "../../../src/hosts/app/webhook-router.ts";

test("fault 29: GitHub is answered before the work is done", async () => {
  const received = Promise.withResolvers<VerifiedDelivery>();
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  // Its work never ends.
  const endpoint = { verify: () => Promise.resolve(true), hears: () => true, receive: (delivery: VerifiedDelivery) => (received.resolve(delivery), new Promise<void>(() => undefined)), log: quiet };
  const server = createServer((request, response) => void handleWebhook(endpoint, request, response)).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const headers = { "x-hub-signature-256": `sha256=${"0".repeat(64)}`, "x-github-event": "issues", "x-github-delivery": "11111111-2222" };
  const response = await fetch(`http://127.0.0.1:${port}`, { method: "POST", headers, body: "{}" });
  expect([response.status, (await received.promise).name]).toEqual([202, "issues"]);
});
