import { describe, expect, it } from "vitest";
import type { Installation } from "../../../src/hosts/app/app-access.ts";
import { installationClient } from "../../../src/hosts/app/installation-client.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { requestError } from "../../fakes/github.ts";

describe("fault 55: what if GitHub does not take the token?", () => {
  const scene = (refusals: number) => {
    const asked: string[] = [];
    const installation: Installation = {
      async request(route) {
        asked.push(route);
        if (asked.filter((entry) => entry === route).length <= refusals) throw requestError(401, "Bad credentials");
        return { status: 200, data: "done", headers: {} };
      },
      async renew() {
        asked.push("new token");
      },
    };
    const quiet = () => undefined;
    return { asked, client: installationClient(installation, { clock: fakeClock(), log: { info: quiet, warn: quiet, error: quiet } }) };
  };

  it("a new one is made and the request sent again", async () => {
    const { asked, client } = scene(1);
    expect((await client.request("POST /x")).data).toBe("done");
    expect(asked).toEqual(["POST /x", "new token", "POST /x"]);
  });

  it("once: a second refusal is an error", async () => {
    const { asked, client } = scene(2);
    await expect(client.request("GET /x")).rejects.toMatchObject({ status: 401 });
    expect(asked).toEqual(["GET /x", "new token", "GET /x"]);
  });
});
