/** Fault 55: what the deliver job publishes with lives for an hour, and the job may wait longer for GitHub. */
import { expect, it } from "vitest";
import type { GitHub } from "../../../../src/github/client.ts";
import { openAccess } from "../../../../src/hosts/runner/deliver/access.ts";
import type { Fetch } from "../../../../src/shared/ports.ts";
import { fakeClock } from "../../../fakes/clock.ts";
import { addressOf, bodyOf } from "./world.ts";

const HOUR_MS = 60 * 60_000;
const own: GitHub = { request: () => Promise.reject(new Error("the job's own token is not asked")) };

it("a token is asked for anew before it ends, also in the midst of what is applied with it", async () => {
  const clock = fakeClock();
  const asked: string[] = [];
  const used: string[] = [];
  const masked: string[] = [];
  const fetch: Fetch = async (input, init) => {
    const url = addressOf(input);
    if (url.startsWith("https://issuer.example")) return Response.json({ value: `id-${asked.length}` });
    if (url === "https://app.example/api/exchange") {
      asked.push(JSON.parse(bodyOf(init)).group);
      return Response.json({ token: `ghs_${asked.length}`, expiresAt: new Date(clock.nowMs() + HOUR_MS).toISOString(), app: { id: 7, slug: "worktrain" } });
    }
    used.push(new Headers(init?.headers).get("authorization") ?? "");
    return Response.json({});
  };
  const settings = { exchange: { url: "https://app.example/api/exchange", idToken: { url: "https://issuer.example/token", token: "t" } }, ticket: "ticket", apiUrl: "https://api.example", graphqlUrl: "https://api.example/graphql" };
  const access = openAccess(settings, { clock, fetch, mask: (secret) => void masked.push(secret) }, own);
  const { github, publisher } = await access("branch");
  expect(publisher).toEqual({ appId: 7, appSlug: "worktrain", botLogin: "worktrain[bot]" });
  await github.request("GET /rate_limit");
  await clock.advance(40 * 60_000);
  await github.request("GET /rate_limit");
  await (await access("pull-request")).github.request("GET /rate_limit");
  expect(asked).toEqual(["publish"]);
  // A request may wait for a quarter of an hour; the rest of this token's time is not enough for one.
  await clock.advance(6 * 60_000);
  await github.request("GET /rate_limit");
  await clock.advance(2 * HOUR_MS);
  await github.request("GET /rate_limit");
  await (await access("check-run")).github.request("GET /rate_limit");
  expect(asked).toEqual(["publish", "publish", "publish", "gate"]);
  expect(used).toEqual([1, 1, 1, 2, 3, 4].map((token) => `Bearer ghs_${token}`));
  expect(masked.filter((secret) => secret.startsWith("ghs_"))).toEqual(["ghs_1", "ghs_2", "ghs_3", "ghs_4"]);
});
