/** A refusal takes nothing away from a review that was interrupted, over the wire against the local GitHub. */
import { afterEach, expect, it } from "vitest";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { startReviewScene, type ReviewScene } from "./review-scene.ts";

const MINUTE = 60_000;
let scene: ReviewScene;
afterEach(async () => {
  assertRequestsConform(scene.world.github.requests);
  await scene.world.close();
});

/** A labelled review whose model could not be reached: it is tried again in a quarter of an hour. */
async function interrupted(): Promise<{ readonly number: number; readonly head: string }> {
  scene = await startReviewScene({ exchange: true });
  const pull = await scene.open();
  await scene.world.label(pull.number);
  await scene.world.quiet();
  await scene.end(pull.number, "model-unavailable");
  expect(await scene.marker(pull.number)).toMatchObject({ state: "interrupted", due: expect.any(String) });
  expect(scene.checks()).toMatchObject([{ state: "queued" }]);
  scene.world.later(MINUTE);
  await scene.pass(1);
  return pull;
}

async function labelAgain(number: number): Promise<string> {
  await scene.world.unlabel(number);
  await scene.world.label(number);
  await scene.world.quiet();
  return (await scene.world.comments(number))[0]?.body ?? "";
}

it.each([
  ["`review.pullRequests: never`", "review: { pullRequests: never }\n", "pull requests are never reviewed"],
  ["a config that cannot be read", "review: [\n", "is not valid"],
])("refused by %s, it is tried again at its time once that is mended, in the same check run", async (_, config, words) => {
  const { number, head } = await interrupted();
  const before = await scene.marker(number);
  await scene.world.commit({ ".github/worktrain.yml": config });
  const body = await labelAgain(number);
  expect(body).toContain(words);
  expect(body).toContain("it is tried again by itself from");
  expect(await scene.marker(number)).toMatchObject({ state: "interrupted", attempt: 1, due: before?.due, check: before?.check, head });
  await scene.world.commit({ ".github/worktrain.yml": "commands: { test: npm test }\n" });
  await scene.pass(30);
  expect(scene.runs()).toHaveLength(2);
  expect(await scene.marker(number)).toMatchObject({ attempt: 1, continuation: 1, tries: 1, head });
  expect(scene.checks()).toMatchObject([{ head, state: "queued" }]);
});

it("its time comes while the config says never: it waits for a person and says why", async () => {
  const { number } = await interrupted();
  await scene.world.commit({ ".github/worktrain.yml": "review: { pullRequests: never }\n" });
  await scene.pass(30);
  expect(scene.runs()).toHaveLength(1);
  expect((await scene.world.comments(number))[0]?.body).toContain("It is not gone on with by itself: the configuration says by now that pull requests are never reviewed");
  expect(scene.checks()).toMatchObject([{ state: "action_required" }]);
});

it("a refusal for another base of another head ends what is shown of the old one", async () => {
  const { number } = await interrupted();
  scene.world.github.setWebhookUrl(null);
  const next = await scene.push("two\n");
  scene.world.github.setWebhookUrl(scene.world.hookUrl);
  await scene.world.call(scene.world.maintainer, "POST", "/repos/acme/calc/git/refs", { ref: "refs/heads/release", sha: (await scene.world.call(scene.world.maintainer, "GET", "/repos/acme/calc/git/ref/heads/main")).body.object.sha });
  await scene.world.call(scene.world.maintainer, "PATCH", `/repos/acme/calc/pulls/${number}`, { base: "release" });
  expect(await labelAgain(number)).toContain("Only those into the default branch");
  expect(scene.checks()).toMatchObject([{ state: "cancelled", title: expect.stringContaining("Superseded"), summary: expect.stringContaining(next) }]);
  expect(await scene.marker(number)).toMatchObject({ state: "refused" });
});
