/** What a person is told, and how soon, when GitHub cannot be asked. */
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { TerminalError } from "../../../src/shared/errors.ts";
import type { Clock, Fetch } from "../../../src/shared/ports.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { shell } from "./in-process.ts";

function asking(fetch: Fetch, signal: AbortSignal = new AbortController().signal) {
  // Time passes at once, so that what was waited in all can be told.
  let waitedMs = 0;
  const clock: Clock = { ...fakeClock(), sleep: (ms, stop) => (stop?.aborted === true ? Promise.reject(stop.reason) : ((waitedMs += ms), Promise.resolve())) };
  const cli = shell({ data: tmpdir(), world: { fetch, clock, signal }, environment: { github: { apiUrl: "http://github.test", token: "t" } } });
  return { cli, waitedMs: () => waitedMs };
}

const answers = (status: number, headers: Record<string, string> = {}): Fetch => () => Promise.resolve(new Response(JSON.stringify({ message: "No." }), { status, headers: { "content-type": "application/json", ...headers } }));
const noNetwork: Fetch = () => Promise.reject(new TypeError("fetch failed", { cause: new Error("getaddrinfo ENOTFOUND github.test") }));

test.each([
  ["there is no network", noNetwork, /^http:\/\/github\.test cannot be reached: .*ENOTFOUND.* Check the network, a proxy, and GITHUB_API_URL; then run the command again\.$/, 4_000],
  ["GitHub is down", answers(503), /answered 503: No\. It is GitHub's own trouble/, 4_000],
  ["the token is none", answers(401), /^GitHub does not take the token|Set GITHUB_TOKEN/, 0],
  ["the rate limit holds for long", answers(403, { "retry-after": "600" }), /rate limit holds for another 600 s .* in 10 min, or with a token of another account/, 0],
])("when %s it is said within seconds, with what to do", async (_, fetch, says, waits) => {
  for (const operands of [["o/r#1"], ["7", "--repository", "o/r"]]) {
    const { cli, waitedMs } = asking(fetch);
    const said = await cli.refusal("verify", ...operands);
    expect(said).toMatch(says);
    expect(waitedMs()).toBe(waits);
  }
});

test("an interruption ends a request that hangs, and a wait, with its own words", async () => {
  const interrupted = new TerminalError("Interrupted.", "Run it again.");
  const stop = new AbortController();
  const hangs: Fetch = (_, init) =>
    new Promise((_resolve, reject) => {
      init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
      stop.abort(interrupted);
    });
  expect(await asking(hangs, stop.signal).cli.refusal("verify", "o/r#1")).toBe("Interrupted. Run it again.");
  const later = new AbortController();
  const fails: Fetch = () => (later.abort(interrupted), noNetwork(""));
  const { cli, waitedMs } = asking(fails, later.signal);
  expect(await cli.refusal("verify", "o/r#1")).toBe("Interrupted. Run it again.");
  expect(waitedMs()).toBe(0);
});
