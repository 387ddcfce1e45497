/** From no App to its environment lines: the manifest flow as a browser goes through it, GitHub's part by the local GitHub. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { startSetUp, type RunningSetUp } from "../../../src/hosts/app/set-up/server.ts";
import { readSetUpSettings } from "../../../src/hosts/app/set-up/settings.ts";
import { readSettings } from "../../../src/hosts/app/settings.ts";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { fakeClock, type FakeClock } from "../../fakes/clock.ts";
import { startWorld, type World } from "../demo/github/world.ts";

let world: World;
let clock: FakeClock;
let setUp: RunningSetUp;
beforeAll(async () => {
  world = await startWorld();
  clock = fakeClock();
  const settings = readSetUpSettings({ HOST: "127.0.0.1", PORT: "0", GITHUB_API_URL: world.github.url });
  if (settings === null) throw new Error("no set-up");
  setUp = await startSetUp(settings, { clock, fetch });
});
afterAll(async () => {
  await setUp.close();
  assertRequestsConform(world.github.requests);
  await world.close();
});

const unescape = (text: string): string => text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** The page that asks GitHub, as the browser gets it. */
async function asked(query: Readonly<Record<string, string>>) {
  const response = await fetch(`${setUp.url}/?${new URLSearchParams(query).toString()}`);
  const html = await response.text();
  const action = unescape(/action="([^"]+)"/.exec(html)?.[1] ?? "");
  const manifest = /name="manifest" value="([^"]+)"/.exec(html)?.[1];
  return { status: response.status, html, headers: response.headers, action, state: new URL(action, world.github.url).searchParams.get("state") ?? "", manifest: manifest === undefined ? null : JSON.parse(unescape(manifest)), cookie: (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "" };
}

const back = (code: string, state: string, cookie: string) => fetch(`${setUp.url}/set-up?code=${code}&state=${state}`, { headers: { cookie } });

it("leads from the first page to the lines that the App starts with; they are shown once", async () => {
  const first = await fetch(setUp.url);
  expect([first.status, await first.text()]).toEqual([200, expect.stringContaining('name="address"')]);
  const page = await asked({ address: "https://train.example.org/", organization: "acme", workflows: "write" });
  expect(page.action).toBe(`${world.github.url}/organizations/acme/settings/apps/new?state=${page.state}`);
  expect(page.manifest).toMatchObject({
    public: false,
    hook_attributes: { url: "https://train.example.org/api/github/webhooks" },
    redirect_url: "https://train.example.org/set-up",
    default_permissions: { contents: "write", workflows: "write" },
    default_events: expect.arrayContaining(["issues", "workflow_run"]),
  });
  expect(page.headers.get("content-security-policy")).toContain(`form-action ${world.github.url}`);

  const code = world.github.acceptManifest({ owner: "acme", ...page.manifest });
  const shown = await back(code, page.state, page.cookie);
  expect([shown.status, shown.headers.get("cache-control")]).toEqual([200, "no-store"]);
  const lines = unescape(/<pre>([^<]+)<\/pre>/.exec(await shown.text())?.[1] ?? "");
  const environment = Object.fromEntries(lines.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
  expect(Object.keys(environment)).toEqual(["APP_ID", "WEBHOOK_SECRET", "WORKTRAIN_TICKET_KEY", "PRIVATE_KEY"]);
  expect(readSettings(environment).appId).toBeGreaterThan(0);
  expect((await back(code, page.state, page.cookie)).status).toBe(403);
});

it("without the choice the App gets only what app.yml names", async () => {
  const { manifest, action } = await asked({ address: "http://127.0.0.1:3000" });
  expect(manifest.default_permissions).not.toHaveProperty("workflows");
  expect(action.startsWith(`${world.github.url}/settings/apps/new?state=`)).toBe(true);
});

it("attack: a code with another browser's state, none, an old one or twice is not taken", async () => {
  const code = world.github.acceptManifest({ owner: "mallory", name: "Trap", default_permissions: {}, default_events: [] });
  const mine = await asked({ address: "https://a.example.org" });
  const theirs = await asked({ address: "https://a.example.org" });
  expect((await back(code, theirs.state, mine.cookie)).status).toBe(403);
  expect((await back(code, mine.state, "")).status).toBe(403);
  expect((await back(code, "", mine.cookie)).status).toBe(403);
  const old = await asked({ address: "https://a.example.org" });
  await clock.advance(11 * 60_000);
  expect((await back(code, old.state, old.cookie)).status).toBe(403);
  expect(world.github.requests.filter(({ route }) => route?.startsWith("/app-manifests/") === true)).toHaveLength(1);
});

it("a code that GitHub does not know, an address and a name that are none are told", async () => {
  const page = await asked({ address: "https://a.example.org" });
  const unknown = await back("abc", page.state, page.cookie);
  expect([unknown.status, await unknown.text()]).toEqual([502, expect.stringContaining("does not know this code")]);
  const wrong: readonly Readonly<Record<string, string>>[] = [{ address: "javascript:alert(1)" }, { address: '"><script>' }, { address: "https://a.example.org", organization: "../x" }];
  for (const query of wrong) {
    const { status, html } = await asked(query);
    expect([status, html.includes("<script>"), html.includes('name="manifest"')]).toEqual([400, false, false]);
  }
  expect((await fetch(setUp.url, { method: "POST" })).status).toBe(405);
});

it("is there only while nothing of an App is set", () => {
  expect(readSetUpSettings({ APP_ID: "" })).not.toBeNull();
  for (const name of ["APP_ID", "PRIVATE_KEY", "PRIVATE_KEY_PATH", "WEBHOOK_SECRET"]) expect(readSetUpSettings({ [name]: "x" })).toBeNull();
});
