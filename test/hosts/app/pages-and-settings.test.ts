import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { homePage } from "../../../src/hosts/app/http/pages.ts";
import { readSettings } from "../../../src/hosts/app/settings.ts";
import { createSubjectQueue } from "../../../src/hosts/app/subject-queue.ts";
import { publicTicketKey } from "../../../src/github/trust/index.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { environment, rsaKeys, runApp, ticketKeyPem, type AppUnderTest } from "./running-app.ts";

const directory = mkdtempSync(join(tmpdir(), "worktrain-settings-"));
afterAll(() => rmSync(directory, { recursive: true }));

describe("does the environment have what the App needs?", () => {
  it("names everything missing at once, and never a value", () => {
    const { APP_ID: _, ...rest } = environment({ PORT: "99999", WEBHOOK_SECRET: "" });
    expect(() => readSettings(rest)).toThrow(/APP_ID \(is not set\).*WEBHOOK_SECRET \(is not set\).*PORT \(Too big/);
    expect(() => readSettings(environment({ PRIVATE_KEY: "" }))).toThrow("PRIVATE_KEY or PRIVATE_KEY_PATH");
    expect(() => readSettings(environment({ WORKTRAIN_TICKET_KEY: "hunter2" }))).toThrow(/^(?!.*hunter2).*ticket key/);
  });

  it("takes the private key as PEM, on one line, as base64 or from a file, and says which variable holds none", () => {
    const file = join(directory, "app.pem");
    writeFileSync(file, rsaKeys.privateKey);
    const { PRIVATE_KEY: pem = "", ...without } = environment();
    const oneLine = pem.replaceAll("\n", " ");
    for (const key of [{ PRIVATE_KEY: pem }, { PRIVATE_KEY: pem.replaceAll("\n", "\\n") }, { PRIVATE_KEY: oneLine }, { PRIVATE_KEY: Buffer.from(pem).toString("base64") }, { PRIVATE_KEY_PATH: file }]) {
      expect(readSettings({ ...without, ...key }).probotEnvironment["PRIVATE_KEY"]).toBe(pem);
    }
    expect(() => readSettings({ ...without, PRIVATE_KEY: "hunter2" })).toThrow(/^PRIVATE_KEY is not a private key in PEM format\.$/);
    expect(() => readSettings({ ...without, PRIVATE_KEY: ticketKeyPem })).toThrow("PRIVATE_KEY is not an RSA key");
    expect(() => readSettings({ ...without, PRIVATE_KEY_PATH: join(directory, "none") })).toThrow("PRIVATE_KEY_PATH does not name a file that can be read (ENOENT)");
    writeFileSync(file, "hunter2");
    expect(() => readSettings({ ...without, PRIVATE_KEY_PATH: file })).toThrow(/^PRIVATE_KEY_PATH is not a private key in PEM format\.$/);
  });

  it("takes the ticket key as PEM, with written-out line ends, or as base64", () => {
    for (const value of [ticketKeyPem, ticketKeyPem.replaceAll("\n", "\\n"), Buffer.from(ticketKeyPem).toString("base64")]) {
      expect(publicTicketKey(readSettings(environment({ WORKTRAIN_TICKET_KEY: value })).ticketKeyPem)).toBe(publicTicketKey(ticketKeyPem));
    }
  });

  it("exchanges tokens for jobs of the actions that are named, the first of which onboarding proposes", () => {
    const [now, before] = [`acme/worktrain/action@${"a".repeat(40)}`, `acme/worktrain/action@${"b".repeat(40)}`];
    const url = { WORKTRAIN_EXCHANGE_URL: "https://worktrain.example.com/api/exchange" };
    expect(readSettings(environment({ ...url, WORKTRAIN_ACTION: `${now} ${before}\n` }))).toMatchObject({ action: now, exchange: { actions: [now, before] } });
    expect(() => readSettings(environment(url))).toThrow("WORKTRAIN_EXCHANGE_URL is set and WORKTRAIN_ACTION is not");
    expect(() => readSettings(environment({ WORKTRAIN_ACTION: `${now} acme/worktrain/action@main` }))).toThrow("WORKTRAIN_ACTION.1 (must be owner/repository/action@");
  });

  it("has Probot's defaults and takes fractions of a poll second", () => {
    const { PORT: _port, HOST: _host, LOG_LEVEL: _level, ...least } = environment();
    expect(readSettings(least)).toMatchObject({ port: 3000, host: "localhost", pollMs: 30_000, apiUrl: "https://api.github.com", webhookPath: "/api/github/webhooks" });
    expect(readSettings(environment({ WORKTRAIN_POLL_SECONDS: "0.2", GITHUB_API_URL: "http://127.0.0.1:1/" }))).toMatchObject({ pollMs: 200, apiUrl: "http://127.0.0.1:1" });
  });
});

describe("what does the App show in a browser?", () => {
  let app: AppUnderTest | null = null;
  afterEach(() => app?.close());

  it("its name, its ticket key and the steps; health for the platform; nothing else", async () => {
    app = await runApp(fakeClock(), { fetch: () => Promise.resolve(Response.json({ name: "Train <1>", html_url: "https://github.com/apps/train" })) });
    const home = await fetch(app.url);
    const text = await home.text();
    expect(home.status).toBe(200);
    expect(home.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(text).toContain("Train &lt;1&gt;");
    expect(text).toContain(publicTicketKey(ticketKeyPem).replaceAll("+", "+"));
    expect(text).not.toContain("PRIVATE KEY");
    const health = await fetch(`${app.url}/healthz`);
    expect([health.status, await health.json()]).toEqual([200, { status: "ok" }]);
    expect((await fetch(`${app.url}/elsewhere`)).status).toBe(404);
    expect((await fetch(app.url, { method: "POST" })).status).toBe(405);
    // Longer than the 60 seconds that proxies keep a connection which they send webhooks over.
    expect(health.headers.get("keep-alive")).toBe("timeout=75");
  });

  it("says so when GitHub does not take its credentials", async () => {
    app = await runApp(fakeClock());
    expect(await (await fetch(app.url)).text()).toContain("does not take this App's credentials");
    expect(homePage({ app: { kind: "refused" }, publicKey: "k", workflowPath: "w", configPath: "c" })).toContain("APP_ID");
  });

  it("does not blame its credentials when GitHub cannot be reached, and asks again", async () => {
    const answers = [() => Promise.reject(new TypeError("fetch failed")), () => Promise.resolve(Response.json({ name: "Train", html_url: "https://github.com/apps/train" }))];
    app = await runApp(fakeClock(), { fetch: () => answers.shift()?.() ?? Promise.reject(new Error("asked too often")) });
    const text = await (await fetch(app.url)).text();
    expect(text).toContain("could not be asked");
    expect(text).not.toContain("credentials");
    expect(await (await fetch(app.url)).text()).toContain("https://github.com/apps/train");
  });

  it("says that its port is taken and what to do", async () => {
    app = await runApp(fakeClock());
    await expect(runApp(fakeClock(), { environment: { PORT: new URL(app.url).port } })).rejects.toMatchObject({ message: expect.stringContaining("the port is taken"), fix: expect.stringContaining("PORT") });
  });
});

describe("is work done in order?", () => {
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

  it("one after the other for a subject, side by side for two, and on after a failure", async () => {
    const failures: string[] = [];
    const queue = createSubjectQueue({ ...quiet, error: (_, message) => void failures.push(message) });
    const done: string[] = [];
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    queue.add("a", { name: "first", coalesce: "1", run: async () => { await gate; done.push("a1"); throw new Error("x"); } });
    queue.add("a", { name: "second", coalesce: "2", run: async () => void done.push("a2") });
    queue.add("b", { name: "third", coalesce: "1", run: async () => { done.push("b1"); release(); } });
    await queue.idle();
    expect(done).toEqual(["b1", "a1", "a2"]);
    expect(failures).toEqual(["first failed"]);
  });

  it("attack 4: of many alike that wait one is done; one that came after it began is done too", async () => {
    const queue = createSubjectQueue(quiet);
    let runs = 0;
    const task = { name: "t", coalesce: "same", run: async () => void (runs += 1) };
    for (let index = 0; index < 50; index += 1) queue.add("a", task);
    await queue.idle();
    queue.add("a", task);
    await queue.idle();
    expect(runs).toBe(2);
  });
});
