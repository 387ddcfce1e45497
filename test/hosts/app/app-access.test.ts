import { expect, test } from "vitest";
import { createAppAccess } from "../../../src/hosts/app/app-access.ts";
import { fakeClock } from "../../fakes/clock.ts";

const HOUR_MS = 60 * 60_000;

/** Probot's part makes `t1`, `t2`, ...; GitHub takes what `takes` says. */
function scene({ takes = () => true }: { readonly takes?: (token: string) => boolean } = {}) {
  const clock = fakeClock();
  const asked: unknown[] = [];
  const sent: string[] = [];
  let made = 0;
  let token = "";
  const auth = async (options: { readonly type: string; readonly refresh?: boolean }): Promise<unknown> => {
    asked.push(options);
    if (options.type === "app") return { token: "jwt" };
    made += 1;
    token = `t${made}`;
    return { token, expiresAt: new Date(clock.nowMs() + HOUR_MS).toISOString(), permissions: { issues: "write" } };
  };
  const fetch = async (_: unknown, init?: RequestInit): Promise<Response> => {
    const by = new Headers(init?.headers).get("authorization") ?? "";
    sent.push(by);
    return takes(by.replace("Bearer ", "")) ? Response.json({}) : Response.json({ message: "Bad credentials" }, { status: 401 });
  };
  return { clock, asked, sent, access: createAppAccess({ clock, authenticate: () => Promise.resolve({ auth }), baseUrl: "https://api.github.test", graphqlUrl: "https://api.github.test/graphql", fetch }) };
}

test("an installation's token is made at its first request and kept until a minute before its end; each has its own", async () => {
  const { clock, asked, sent, access } = scene();
  const one = access.installation(1);
  expect(asked).toEqual([]);
  await one.request("GET /x");
  await access.installation(1).request("GET /x");
  await access.installation(2).request("GET /x");
  await clock.advance(HOUR_MS - 60_001);
  await one.request("GET /x");
  await clock.advance(1);
  await one.request("GET /x");
  expect(sent).toEqual(["t1", "t1", "t2", "t1", "t3"].map((token) => `Bearer ${token}`));
  expect(asked).toEqual([1, 2, 1].map((installationId) => ({ type: "installation", installationId })));
});

test("fault 55: a token that was asked for anew takes the place of the old one, and what it may do is told", async () => {
  const { asked, sent, access } = scene();
  const installation = access.installation(1);
  await installation.request("GET /x");
  expect(await installation.renew()).toMatchObject({ permissions: { issues: "write" } });
  await installation.request("GET /x");
  expect(asked.at(-1)).toEqual({ type: "installation", installationId: 1, refresh: true });
  expect(sent).toEqual(["Bearer t1", "Bearer t2"]);
});

test("a new token that not all of GitHub's servers know yet is waited for; an older one that is refused is not", async () => {
  let refusals = 2;
  const { clock, sent, access } = scene({ takes: () => (refusals -= 1) < 0 });
  const installation = access.installation(1);
  const done = installation.request("GET /x");
  await clock.advance(3_000);
  expect((await done).status).toBe(200);
  expect(sent).toHaveLength(3);
  refusals = 1;
  await clock.advance(5_000);
  await expect(installation.request("GET /x")).rejects.toMatchObject({ status: 401 });
  expect(sent).toHaveLength(4);
});

test("a refusal that lasts ends, new token or not", async () => {
  const { clock, sent, access } = scene({ takes: () => false });
  const failed = access.installation(1).request("GET /x").catch((error: unknown) => error);
  await clock.advance(60_000);
  expect(await failed).toMatchObject({ status: 401 });
  expect(sent.length).toBeLessThan(6);
});

test("as itself the App speaks by JWT", async () => {
  const { sent, access } = scene();
  await access.app.request("GET /app");
  expect(sent).toEqual(["Bearer jwt"]);
});
