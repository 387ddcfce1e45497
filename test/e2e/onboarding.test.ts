/** A repository that knows nothing of WorkTrain: installed, proposed, merged, labelled; nobody copies a file by hand. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { assertRequestsConform } from "../contract/openapi.ts";
import { smallBug } from "../../src/hosts/demo/scenario/small-bug/scenario.ts";
import { isPull } from "../../src/hosts/demo/github/records.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { until } from "../fakes/until.ts";

let world: DemoWorld;
beforeAll(async () => {
  world = await startDemoWorld(smallBug.model, { bare: true, morePermissions: { workflows: "write" } });
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

const pulls = () => [...world.github.state().issues.values()].filter(isPull);

test("G7: from the installation to a pull request with the fix, by merging one and labelling", async () => {
  world.github.installApp(world.repository.id);
  await until(() => pulls().length === 1, "the App proposes itself");
  const [proposal] = pulls();
  expect(proposal?.body).toContain("`npm test`");
  expect((await world.call(world.maintainerToken, "PUT", `/pulls/${proposal?.number}/merge`, {})).status).toBe(200);
  await until(() => world.comments(proposal?.number ?? 0).some(({ body }) => body.includes("WorkTrain is on")), "the App says that it is on");

  const issueNumber = await world.play({ title: "59.7 seconds are printed as 60s", body: "There is a failing test for it." });
  expect(world.statusComments(issueNumber)[0]).toContain("made pull request #");
  expect(pulls().find(({ number }) => number !== proposal?.number)).toMatchObject({ state: "open" });
});
