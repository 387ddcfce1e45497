/** A public repository, whose record everybody can read: what is for few eyes is not run there, the team's own workflows included. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openIssue } from "../../src/hosts/demo/play.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { scenarioByIssue } from "../fakes/scripts.ts";
import { until } from "../fakes/until.ts";

const TITLE = "Customers see each other's times";
const PATIENCE_MS = 110_000;
const LEAK = "schemaVersion: 2\nid: team.leak\nname: Leak\nversion: 1.0.0\ndescription: Of the team.\ntags: [incident]\nsteps:\n  - { id: look, title: Look, prompt: Look. }\n";

let world: DemoWorld;
let issue: number;
beforeAll(async () => {
  world = await startDemoWorld(scenarioByIssue({ [TITLE]: {} }), { visibility: "public" });
  await world.commit({ ".worktrain/workflows/leak.yaml": LEAK });
  issue = await openIssue(world, { title: TITLE, body: "" });
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

async function type(command: string, condition: () => boolean): Promise<void> {
  await world.call(world.maintainerToken, "POST", `/issues/${issue}/comments`, { body: command });
  await until(condition, `${command} is answered`, PATIENCE_MS);
  await world.actions.idle();
  await world.github.settled();
}
const said = (): string => world.comments(issue).map(({ body }) => body).join("\n\n");

test("a security workflow of the library is refused in words, and nothing is dispatched", async () => {
  await type("/worktrain run wr.security-audit", () => said().includes("is not run in a public repository"));
  expect(said()).toContain("`worktrain run --workflow wr.security-audit`");
  expect(world.runs(issue)).toEqual([]);
});

test("one of the team's own is refused by the agent job before a model is called", async () => {
  await type("/worktrain run team.leak", () => said().includes(" state=ended "));
  expect(said()).toContain("### WorkTrain did not start: this workflow is not run in a public repository");
  expect(said()).toContain("team.leak is not run in a public repository: everybody can read its record");
  expect(world.model.requests).toEqual([]);
});
