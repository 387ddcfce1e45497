import { createHmac } from "node:crypto";
import { request as httpRequest } from "node:http";
import { createRequire } from "node:module";
import fc from "../fakes/fast-check.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fakeClock } from "../fakes/clock.ts";
import { runApp, signature, WEBHOOK_SECRET, type AppUnderTest } from "../hosts/app/running-app.ts";

const BODY = JSON.stringify({ action: "labeled", installation: { id: 1 }, repository: { id: 99, name: "shop", owner: { login: "acme" } }, label: { name: "worktrain:ready" }, issue: { number: 12, title: "t", body: "b", updated_at: "2026-01-01T00:00:00Z" }, sender: { login: "octocat", id: 42 } });
const HEADERS = { "x-github-event": "issues", "x-github-delivery": "11111111-2222-3333-4444-555555555555" };

let app: AppUnderTest;
beforeAll(async () => {
  app = await runApp(fakeClock());
});
afterAll(() => app.close());

/** Whatever was sent, nothing was asked of GitHub for it. */
async function expectNothingDone(): Promise<void> {
  await app.idle();
  expect(app.sent).toEqual([]);
}

describe("attack 3, fault 31: is anything done for a delivery GitHub did not sign?", () => {
  it.each<[string, Record<string, string>]>([
    ["no signature", {}],
    ["an empty one", { "x-hub-signature-256": "" }],
    ["one for another secret", { "x-hub-signature-256": signature(BODY, "development") }],
    ["one for another body", { "x-hub-signature-256": signature(`${BODY} `) }],
    ["one that is too short", { "x-hub-signature-256": signature(BODY).slice(0, -1) }],
    ["one that is too long", { "x-hub-signature-256": `${signature(BODY)}0` }],
    ["one in capitals", { "x-hub-signature-256": signature(BODY).toUpperCase() }],
    ["one without its algorithm", { "x-hub-signature-256": signature(BODY).slice(7) }],
    ["a right one by SHA-1 only", { "x-hub-signature": `sha1=${createHmac("sha1", WEBHOOK_SECRET).update(BODY).digest("hex")}` }],
    ["a SHA-1 in the place of SHA-256", { "x-hub-signature-256": `sha1=${createHmac("sha1", WEBHOOK_SECRET).update(BODY).digest("hex")}` }],
    ["two at once", { "x-hub-signature-256": `${signature(BODY)}, ${signature(BODY)}` }],
  ])("%s: 401", async (_, headers) => {
    expect(await app.post(BODY, { ...HEADERS, ...headers })).toBe(401);
    await expectNothingDone();
  });

  it("any header text that is not the signature: 401", async () => {
    const right = signature(BODY);
    const header = fc.oneof(
      fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 200 }),
      fc.tuple(fc.nat(right.length - 1), fc.constantFrom(..."0123456789abcdefx ")).map(([at, character]) => right.slice(0, at) + character + right.slice(at + 1)),
    );
    await fc.assert(
      fc.asyncProperty(header, async (text) => {
        fc.pre(text.trim() !== right);
        return (await app.post(BODY, { ...HEADERS, "x-hub-signature-256": text })) === 401;
      }),
      { numRuns: 60 },
    );
    await expectNothingDone();
  });

  it("an empty body is never signed", async () => {
    expect(await app.post("", { ...HEADERS, "x-hub-signature-256": signature("") })).toBe(401);
  });

  it("a body that is no JSON is not parsed before its signature holds", async () => {
    expect(await app.post("{", { ...HEADERS, "x-hub-signature-256": signature("[") })).toBe(401);
    expect(await app.post("{", { ...HEADERS, "x-hub-signature-256": signature("{") })).toBe(400);
  });

  it("other methods are refused", async () => {
    expect((await fetch(`${app.url}/api/github/webhooks`)).status).toBe(405);
  });
});

describe("attack 3: does a strange but signed delivery do harm?", () => {
  it("a body beyond 25 MB is refused by its length, unread, and by its size when the length is not told", async () => {
    const told = await new Promise<number | undefined>((resolve, reject) => {
      const sending = httpRequest(`${app.url}/api/github/webhooks`, { method: "POST", headers: { ...HEADERS, "content-length": 30_000_000, "x-hub-signature-256": signature(BODY) } }, (response) => {
        resolve(response.statusCode);
        sending.destroy();
      });
      sending.on("error", reject);
      sending.write("{");
    });
    const untold = await new Promise<number | "closed" | undefined>((resolve) => {
      const sending = httpRequest(`${app.url}/api/github/webhooks`, { method: "POST", headers: { ...HEADERS, "transfer-encoding": "chunked", "x-hub-signature-256": signature(BODY) } }, (response) => resolve(response.statusCode));
      sending.on("error", () => resolve("closed")); // The server closes while we still send: its answer may be lost with the rest.
      sending.end(Buffer.alloc(27_000_000, 0x20));
    });
    expect(told).toBe(413);
    expect([413, "closed"]).toContain(untold);
    expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
    await expectNothingDone();
  });

  it("arrays, scalars, deep nesting, a missing event or delivery id: 400, and the App lives", async () => {
    for (const body of ["[]", "1", "null", '"x"', "[".repeat(200_000), `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`]) {
      const status = await app.post(body, { ...HEADERS, "x-hub-signature-256": signature(body) });
      expect([202, 400]).toContain(status);
    }
    const signed = { "x-hub-signature-256": signature(BODY) };
    expect(await app.post(BODY, { ...signed, "x-github-event": "issues" })).toBe(400);
    expect(await app.post(BODY, { ...signed, ...HEADERS, "x-github-event": "../issues" })).toBe(400);
    expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
    await expectNothingDone();
  });

  it("an event without an installation does nothing; one of a foreign installation gets no further than asking for its token", async () => {
    const { installation: _, ...homeless } = JSON.parse(BODY) as Record<string, unknown>;
    expect(await app.deliver("issues", homeless)).toBe(202);
    await expectNothingDone();
    expect(await app.deliver("issues", JSON.parse(BODY))).toBe(202);
    await app.idle();
    expect(app.sent).toEqual(["POST /app/installations/1/access_tokens"]);
    app.sent.length = 0;
  });

  it("no example payload GitHub ever published makes it act or fall over", async () => {
    const examples = createRequire(import.meta.url)("@octokit/webhooks-examples") as { name: string; examples: object[] }[];
    let count = 0;
    for (const { name, examples: payloads } of examples) {
      for (const payload of payloads) {
        count += 1;
        expect([name, await app.deliver(name, payload)]).toEqual([name, 202]);
      }
    }
    await app.idle();
    expect(count).toBeGreaterThan(200);
    expect(app.sent.filter((request) => !request.endsWith("/access_tokens"))).toEqual([]);
    expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
  });
});
