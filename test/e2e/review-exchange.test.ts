/** A review with the exchange on: the App makes the check run when it dispatches, and the deliver job's verdict comes in that very one. */
import { expect, test } from "vitest";
import { playThrough } from "../../src/hosts/demo/play-through.ts";
import { review } from "../../src/hosts/demo/scenario/review/scenario.ts";
import { nodeClock } from "../../src/shared/node-ports.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { startDemoWorld } from "../fakes/demo-world.ts";

test("one check run on the head: the App's, with the deliver job's verdict, its annotation and its button", async () => {
  const world = await startDemoWorld(review.model, { ...review, exchange: true });
  try {
    await playThrough({ world, directory: world.directory, scenario: review, nodePath: process.execPath, started: nodeClock.monotonicMs(), say: () => undefined, signal: new AbortController().signal });
    assertRequestsConform(world.github.requests);
    const { checkRuns, reviews } = world.github.state();
    expect([...checkRuns.values()]).toMatchObject([{ name: "WorkTrain", appSlug: "worktrain", headSha: [...reviews.values()][0]?.commitId, status: "completed", conclusion: "failure", annotations: [{ path: "src/words.js" }], actions: [{ identifier: "explain" }] }]);
    const checks = world.github.requests.filter(({ path, method }) => path.includes("/check-runs") && method !== "GET").map(({ method }) => method);
    expect(checks[0]).toBe("POST");
    expect(checks.slice(1).every((method) => method === "PATCH")).toBe(true);
  } finally {
    await world.close();
  }
}, 300_000);
