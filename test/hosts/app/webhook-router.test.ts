import { expect, test } from "vitest";
import type { Delivery } from "../../../src/hosts/app/delivery.ts";
import { createWebhookRouter } from "../../../src/hosts/app/webhook-router.ts";

function scene() {
  const failures: unknown[] = [];
  const asked: number[] = [];
  const quiet = () => undefined;
  const installation: Delivery["installation"] = { request: () => Promise.reject(new Error("Nothing is to be asked.")), renew: () => Promise.reject(new Error("Nothing is to be asked.")) };
  const router = createWebhookRouter({ log: { info: quiet, warn: quiet, error: (error) => void failures.push(error) }, access: { installation: (id) => (asked.push(id), installation) } });
  return { router, failures, asked };
}

const PAYLOAD = { action: "labeled", installation: { id: 7 } };

test("every handler of the event and action hears a delivery, whatever one of them throws", () => {
  const { router, failures, asked } = scene();
  const heard: string[] = [];
  const broken = new Error("broken");
  router.on("issues.labeled", () => {
    throw broken;
  });
  router.on(["issues.labeled", "push"], ({ id }) => heard.push(id));
  router.receive({ id: "a", name: "issues", payload: PAYLOAD });
  router.receive({ id: "b", name: "push", payload: { installation: { id: 7 } } });
  expect(heard).toEqual(["a", "b"]);
  expect(failures).toEqual([broken]);
  expect(asked).toEqual([7, 7]);
});

test.each<[string, string, object]>([
  ["another action", "issues", { ...PAYLOAD, action: "closed" }],
  ["an action that is none", "issues", { ...PAYLOAD, action: { labeled: true } }],
  ["another event of the same action", "pull_request", PAYLOAD],
  ["a name of every object", "constructor", {}],
  ["no installation", "issues", { action: "labeled" }],
  ["an installation without an id", "issues", { ...PAYLOAD, installation: { id: "7" } }],
  ["an id that is no whole number", "issues", { ...PAYLOAD, installation: { id: 7.5 } }],
])("%s is not heard, and no client is made for it", (_, name, payload) => {
  const { router, asked } = scene();
  const heard: string[] = [];
  router.on("issues.labeled", ({ id }) => heard.push(id));
  router.receive({ id: "a", name, payload });
  expect([heard, asked]).toEqual([[], []]);
});

test("of an event it is known whether anybody hears any action of it", () => {
  const { router } = scene();
  router.on(["issues.labeled", "push"], () => undefined);
  expect(["issues", "push", "star", "constructor", ""].map(router.hears)).toEqual([true, true, false, false, false]);
});
