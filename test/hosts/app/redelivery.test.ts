/** Failed deliveries that are sent again, by ids as GitHub gives them. */
import { expect, test } from "vitest";
import { createSender } from "../../../src/github/send.ts";
import { redeliverFailed } from "../../../src/hosts/app/reconciling/redelivery.ts";

test("fault 28: a delivery whose id is beyond 2^53 is sent again under all of its digits", async () => {
  const asked: string[] = [];
  const list = '[{"id":3804004623172239366,"guid":"g","delivered_at":"2026-02-01T00:00:00Z","redelivery":false,"duration":0.1,"status":"failed to connect","status_code":0,"event":"issue_comment","action":"created","installation_id":1,"repository_id":2,"throttled_at":null}]';
  const fetch = async (input: unknown, init?: RequestInit): Promise<Response> => {
    asked.push(`${init?.method ?? ""} ${String(input)}`);
    return init?.method === "POST" ? new Response("{}", { status: 202, headers: { "content-type": "application/json" } }) : new Response(list, { headers: { "content-type": "application/json; charset=utf-8" } });
  };
  const github = createSender({ baseUrl: "https://api.github.test", graphqlUrl: "https://api.github.test/graphql", userAgent: "tests", token: () => Promise.resolve("t"), fetch });
  const quiet = () => undefined;
  await redeliverFailed(github, { sinceMs: Date.parse("2026-01-31T00:00:00Z"), log: { info: quiet, warn: quiet, error: quiet } });
  expect(asked).toEqual(["GET https://api.github.test/app/hook/deliveries?per_page=100", "POST https://api.github.test/app/hook/deliveries/3804004623172239366/attempts"]);
});
